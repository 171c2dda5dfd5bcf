"""What the guest's and the domain's rules propose: it must be possible, start, and be well-formed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from sevlint import plugins
from sevlint.facts.kernel import BootConfig
from sevlint.model import boot_option
from sevlint.remedies import word
from sevlint.testing import run

SHELF = plugins.Shelf(plugins.manager(third_party=False))


def found(rule: str, files: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Severity, headline, text and fragment of each finding of a rule."""
    findings = run({"files": files}, SHELF).report.findings
    fixes = [(one, one.fix) for one in findings if one.rule == rule]
    return [(one.severity.value, one.message, fix.text, fix.fragment) for one, fix in fixes if fix is not None]


def domain(launch: str, os: str = "<loader type='rom'>/usr/share/ovmf/OVMF.amdsev.fd</loader>") -> dict[str, Any]:
    head = "<name>a</name><memoryBacking><locked/></memoryBacking><features><acpi/></features>"
    head += f"<os><type arch='x86_64' machine='q35'>hvm</type>{os}</os><cpu mode='host-passthrough'/>"
    return {"domain.xml": f"<domain type='kvm'>{head}{launch}</domain>"}


@pytest.mark.parametrize(
    ("kind", "policy", "proposed"),
    [
        ("sev-snp", "0xb0000", "0x00030000"),
        ("sev-snp", "0xb0137", "0x00030137"),  # the minimum ABI stays
        ("sev-snp", "0x196608", "0x00030000"),  # no firmware has ABI 102
        ("sev-snp", "0x80000", "0x00030000"),
        ("sev-snp", "0x3ff80000", "0x00030000"),
        ("sev", "0x0", "0x0001"),
        ("sev", "0x4", "0x0005"),  # SEV-ES stays
        ("sev", "10", "0x0011"),
        ("sev", "0xfffffffe", "0x003f"),
        ("tdx", "0x10000001", "0x10000000"),
        ("tdx", "0x1", "0x10000000"),
    ],
)
def test_a_proposed_policy_starts(kind: str, policy: str, proposed: str) -> None:
    launch = f"<launchSecurity type='{kind}'><policy>{policy}</policy></launchSecurity>"
    fragments = [one[3] for one in found("policy-allows-debug", domain(launch))]
    assert fragments == [f"<policy>{proposed}</policy>"]


@pytest.mark.parametrize(
    ("kind", "policy", "proposed"),
    [("sev-snp", "196608", "0x30000"), ("sev", "65537", "0x10001"), ("tdx", "268435456", "0x10000000")],
)
def test_a_policy_that_only_makes_sense_in_decimal_is_one_error(kind: str, policy: str, proposed: str) -> None:
    launch = f"<launchSecurity type='{kind}'><policy>{policy}</policy></launchSecurity>"
    image = "OVMF.inteltdx.fd" if kind == "tdx" else "OVMF.amdsev.fd"
    os = f"<loader type='rom'>/usr/share/ovmf/{image}</loader>"
    findings = run({"files": domain(launch, os)}, SHELF).report.findings
    assert [one.rule for one in findings if one.severity.value == "error"] == ["policy-read-as-hex"]
    assert [one[3] for one in found("policy-read-as-hex", domain(launch))] == [f"<policy>{proposed}</policy>"]


@pytest.mark.parametrize(
    ("loader", "template", "proposed"),
    [
        ("/o/OVMF_CODE_4M.fd", "/o/OVMF_VARS.fd", "/o/OVMF_VARS_4M.fd"),
        ("/o/OVMF_CODE_4M.secboot.fd", "/o/OVMF_VARS.fd", "/o/OVMF_VARS_4M.fd"),
        ("/o/OVMF_CODE_4M.secboot.fd", "/o/OVMF_VARS.ms.fd", "/o/OVMF_VARS_4M.ms.fd"),
        ("/o/OVMF_CODE.fd", "/o/OVMF_VARS_4M.ms.fd", "/o/OVMF_VARS.ms.fd"),
        ("/o/OVMF_CODE_4M.qcow2", "/o/OVMF_VARS.fd", "/o/OVMF_VARS_4M.qcow2"),
        ("/o/OVMF_CODE.secboot.4m.fd", "/o/OVMF_VARS.fd", "/o/OVMF_VARS.4m.fd"),
        ("/o/ovmf-x86_64-4m-code.bin", "/o/ovmf-x86_64-vars.bin", "/o/ovmf-x86_64-4m-vars.bin"),
        ("/o/ovmf-x86_64-code.bin", "/o/ovmf-x86_64-4m-vars.bin", "/o/ovmf-x86_64-vars.bin"),
        ("/o/OVMF_CODE_4M", "/o/OVMF_VARS", "/o/OVMF_VARS_4M"),
        ("OVMF_CODE_4M.fd", "OVMF_VARS.fd", "OVMF_VARS_4M.fd"),
        ("/a&amp;b/OVMF_CODE_4M.fd", "/a&amp;'&lt;/OVMF_VARS.fd", "/a&'</OVMF_VARS_4M.fd"),
    ],
)
def test_a_template_keeps_its_name_but_for_the_size(loader: str, template: str, proposed: str) -> None:
    os = f'<loader type="pflash">{loader}</loader><nvram template="{template}"/>'
    launch = "<launchSecurity type='sev'><policy>0x7</policy></launchSecurity>"
    fragments = [one[3] for one in found("nvram-template-size-mismatch", domain(launch, os))]
    assert [etree.fromstring(one).get("template") for one in fragments] == [proposed]


def test_a_path_in_a_fragment_is_escaped() -> None:
    os = "<loader type='pflash'>/a&amp;b&lt;/OVMF.fd</loader>"
    launch = "<launchSecurity type='sev-snp'><policy>0x30000</policy></launchSecurity>"
    fragments = [one[3] for one in found("loader-type-refused", domain(launch, os))]
    assert [etree.fromstring(one).text for one in fragments] == ["/a&b</OVMF.fd"]


def test_many_elements_are_one_finding() -> None:
    launch = "<launchSecurity type='x'/>" * 3000
    assert [one[0] for one in found("launch-security-unknown-type", domain(launch))] == ["error"]
    assert [one[0] for one in found("launch-security-duplicate", domain(launch))] == ["error"]


def guest(*lines: str, memory_mib: int = 8000, options: str = "ro") -> dict[str, Any]:
    log = ("Linux version 6.12.9 (b@e) (gcc) #1", "Memory Encryption Features active: AMD SEV SEV-ES SEV-SNP", *lines)
    return {
        "proc/cpuinfo": "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu hypervisor\n",
        "proc/cmdline": f"{options}\n",
        "proc/meminfo": f"MemTotal: {memory_mib * 1024} kB\n",
        "cmd/uname": "Linux g 6.12.9 #1 SMP x86_64 GNU/Linux\n",
        "cmd/dmesg": "".join(f"[    {n}.000000] {line}\n" for n, line in enumerate(log)),
    }


@pytest.mark.parametrize(
    ("total", "memory_mib", "said"),
    [
        (32768, 8000, "add `swiotlb=65536`"),
        (262144, 8000, "add `swiotlb=524288`"),
        (524288, 64000, "fewer queues"),  # 2 GiB do not fit below 4 GiB
        (400000, 64000, "add `swiotlb=524288`"),
        (131072, 900, "fewer queues"),  # half a gigabyte of one
    ],
)
def test_a_larger_pool_is_advised_only_where_it_can_be_had(total: int, memory_mib: int, said: str) -> None:
    line = (
        f"virtio-pci 0000:00:02.0: swiotlb buffer is full (sz: 4096 bytes), total {total} (slots), used {total} (slots)"
    )
    texts = [one[2] for one in found("swiotlb-exhausted", guest(line, memory_mib=memory_mib))]
    assert len(texts) == 1
    assert said in texts[0]


def test_no_larger_pool_is_advised_where_the_kernel_had_to_halve_it() -> None:
    halved = "software IO TLB: SWIOTLB bounce buffer size adjusted 524288 -> 262144 slabs"
    full = "nvme 0000:01:00.0: swiotlb buffer is full (sz: 4096 bytes), total 262144 (slots), used 262144 (slots)"
    assert "fewer queues" in found("swiotlb-exhausted", guest(halved, full))[0][2]


@pytest.mark.parametrize(
    ("option", "severities"),
    [
        ("swiotlb=512M", ["error"]),
        ("swiotlb=1G", ["error"]),
        ("swiotlb=262144K", ["warning"]),  # twice what was meant
        ("swiotlb=force,65536", ["warning"]),
        ("swiotlb=09", ["warning"]),
        ("swiotlb=", []),
        ("swiotlb=32768", ["note"]),
        ("swiotlb=32700", ["note"]),  # rounded up to the default
        ("swiotlb=65536", ["note"]),
        ("swiotlb=0x20000,8,force", []),
    ],
)
def test_how_bad_a_mistaken_size_is(option: str, severities: list[str]) -> None:
    assert [one[0] for one in found("swiotlb-size-mistaken", guest(options=f"ro {option}"))] == severities


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('="sev=1 quiet kvm_amd.sev=1"', '=" quiet kvm_amd.sev=1"'),
        ('="quiet sev=1"', '="quiet "'),
        ("='quiet sev=1'", "='quiet '"),
        ('="quiet sev=1,debug sev=10"', '="quiet sev=1,debug sev=10"'),
    ],
)
def test_a_pasted_command_takes_the_whole_option_and_no_other(before: str, after: str, tmp_path: Path) -> None:
    file = tmp_path / "grub"
    file.write_text(f"GRUB_CMDLINE_LINUX{before}\n")
    command = word(boot_option.remove("sev=1"), None, BootConfig("update-grub")).commands[0]
    subprocess.run(["bash", "-c", command.replace("/etc/default/grub", str(file))], check=True)
    assert file.read_text() == f"GRUB_CMDLINE_LINUX{after}\n"


DEBIAN = "ID=debian\nNAME=Debian\n"


def mended(rule: str, tmp_path: Path, files: dict[str, str]) -> tuple[str, list[str], dict[str, str]]:
    """The fix's text, its commands, and the files after those that edit them were pasted."""
    findings = run({"files": files, "goals": ["sev-snp"]}, SHELF).report.findings
    (fix,) = [one.fix for one in findings if one.rule == rule]
    assert fix is not None
    edited = {path: tmp_path / path for path in files if path.startswith("etc/")}
    for path, file in edited.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(files[path])
    for command in fix.commands:
        if command.startswith("sed "):
            here = command.replace(" /etc/", f" {tmp_path}/etc/")
            subprocess.run(["bash", "-c", here], check=True)
    return fix.text, list(fix.commands), {path: file.read_text() for path, file in edited.items()}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('GRUB_CMDLINE_LINUX="quiet kvm_amd.sev=0"', 'GRUB_CMDLINE_LINUX="quiet  kvm_amd.sev=1"'),
        ("GRUB_CMDLINE_LINUX='kvm_amd.sev=0' # ours", "GRUB_CMDLINE_LINUX=' kvm_amd.sev=1' # ours"),
        ("GRUB_CMDLINE_LINUX=kvm_amd.sev=0", 'GRUB_CMDLINE_LINUX=" kvm_amd.sev=1"'),
        ('  export GRUB_CMDLINE_LINUX="kvm_amd.sev=0"', '  export GRUB_CMDLINE_LINUX=" kvm_amd.sev=1"'),
        ('GRUB_CMDLINE_LINUX_DEFAULT="kvm_amd.sev=0"', 'GRUB_CMDLINE_LINUX_DEFAULT=" kvm_amd.sev=1"'),
        (
            'GRUB_CMDLINE_LINUX="kvm_amd.sev=0"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"',
            'GRUB_CMDLINE_LINUX=" kvm_amd.sev=1"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"',
        ),
        (
            'GRUB_CMDLINE_LINUX="kvm_amd.sev=0 kvm_amd.sev=0 kvm_amd.sev=0"',
            'GRUB_CMDLINE_LINUX="   kvm_amd.sev=1"',
        ),
    ],
)
def test_a_pasted_command_fits_the_spelling_of_the_file(before: str, after: str, tmp_path: Path) -> None:
    files = {
        "proc/cmdline": "ro kvm_amd.sev=0\n",
        "cmd/uname": "Linux h 5.4.210 #1 SMP x86_64 GNU/Linux\n",
        "sys/module/kvm_amd/parameters/sev": "0\n",
        "etc/os-release": DEBIAN,
        "etc/default/grub": f"{before}\n",
    }
    _, commands, edited = mended("sev-off-on-cmdline", tmp_path, files)
    assert commands[-1] == "update-grub"
    assert edited["etc/default/grub"] == f"{after}\n"


@pytest.mark.parametrize(
    "line",
    [
        'GRUB_CMDLINE_LINUX="quiet \\\n kvm_amd.sev=0"',
        'GRUB_CMDLINE_LINUX="kvm_amd.sev=0"" quiet"',
        "GRUB_CMDLINE_LINUX=$MINE",
        "GRUB_TIMEOUT=5",
    ],
)
def test_a_spelling_that_no_command_fits_is_told_in_words(line: str, tmp_path: Path) -> None:
    files = {
        "proc/cmdline": "ro kvm_amd.sev=0\n",
        "cmd/uname": "Linux h 5.4.210 #1 SMP x86_64 GNU/Linux\n",
        "sys/module/kvm_amd/parameters/sev": "0\n",
        "etc/os-release": DEBIAN,
        "etc/default/grub": f"{line}\n",
    }
    text, commands, _ = mended("sev-off-on-cmdline", tmp_path, files)
    assert not commands
    assert "no command is given, as the lines of /etc/default/grub" in text


CMDLINE = {"proc/cmdline": "ro iommu=pt iommu=pt\n", "etc/os-release": DEBIAN}
IOMMU = "iommu-passthrough-blocks-snp"


def test_the_file_that_holds_the_option_is_edited(tmp_path: Path) -> None:
    files = {
        **CMDLINE,
        "etc/default/grub": 'GRUB_CMDLINE_LINUX="quiet"\n',
        "etc/default/grub.d/50-mine.cfg": 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX iommu=pt iommu=pt"\n',
    }
    text, commands, edited = mended(IOMMU, tmp_path, files)
    assert text == "remove `iommu=pt` from the kernel command line; it takes a reboot"
    assert len(commands) == 2
    assert commands[0].count("iommu=pt") == 1
    assert edited["etc/default/grub"] == files["etc/default/grub"]
    assert "iommu" not in edited["etc/default/grub.d/50-mine.cfg"]


@pytest.mark.parametrize(
    ("menu", "commands", "said"),
    [
        ("", [], "`iommu=pt` is not in /etc/default/grub: look for what adds it"),
        ("menuentry 'a' {\n\tlinux /vmlinuz ro iommu=pt\n}\n", ["update-grub"], "entries that are made anew lack it"),
    ],
)
def test_no_file_is_edited_for_an_option_that_it_does_not_hold(
    menu: str, commands: list[str], said: str, tmp_path: Path
) -> None:
    files = {**CMDLINE, "etc/default/grub": 'GRUB_CMDLINE_LINUX="quiet"\n'}
    if menu:
        files["boot/grub/grub.cfg"] = menu
    text, found, _ = mended(IOMMU, tmp_path, files)
    assert found == commands
    assert said in text


KERNEL_INSTALL = 'kernel-install add "$(uname -r)" "/boot/vmlinuz-$(uname -r)"'
FEDORA_KERNEL_INSTALL = 'kernel-install add "$(uname -r)" "/usr/lib/modules/$(uname -r)/vmlinuz"'


@pytest.mark.parametrize(
    ("os", "more", "last"),
    [
        (DEBIAN, {"etc/kernel/cmdline": "ro iommu=pt\n"}, KERNEL_INSTALL),
        ("ID=fedora\n", {"etc/kernel/cmdline": "ro iommu=pt\n"}, FEDORA_KERNEL_INSTALL),
        (
            "ID=fedora\n",
            {"etc/kernel/cmdline": "ro iommu=pt\n", "etc/default/grub": 'GRUB_CMDLINE_LINUX="iommu=pt"\n'},
            'grubby --update-kernel=ALL --remove-args="iommu=pt"',
        ),
        (DEBIAN, {}, ""),
    ],
)
def test_the_tool_is_the_one_of_the_boot_loader_that_is_there(
    os: str, more: dict[str, str], last: str, tmp_path: Path
) -> None:
    entry = {"boot/loader/entries/a.conf": "title a\nversion 6.12.9\noptions ro iommu=pt\n"}
    _, commands, edited = mended(IOMMU, tmp_path, {**CMDLINE, "etc/os-release": os, **entry, **more})
    assert (commands or [""])[-1] == last
    if last in (KERNEL_INSTALL, FEDORA_KERNEL_INSTALL):
        assert edited["etc/kernel/cmdline"] == "ro \n"
