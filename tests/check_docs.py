"""The documentation check: the README shows what sevlint really prints, and names every flag, format and exit code.

`python tests/check_docs.py` compares; with `--write` it rewrites the shown output and the schemas of the JSON reports.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from sevlint.reporters.json import ready_schema, schema

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
SCHEMAS = {"report": schema, "ready": ready_schema}
SHOWN = "fixtures/hosts/iommu-passthrough.yaml"
BLOCK = re.compile(r"(\$ sevlint check [^\n]*\n```\n<!-- output -->\n)(?:```text\n.*?```\n)?", re.DOTALL)


def sevlint(*arguments: str) -> str:
    """The output of a command in the repository's root."""
    command = [sys.executable, "-m", "sevlint", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False).stdout


def main() -> int:
    text = README.read_text(encoding="utf-8")
    output = sevlint("check", SHOWN)
    wanted = BLOCK.sub(lambda found: f"{found.group(1)}```text\n{output}```\n", text)
    if "--write" in sys.argv:
        README.write_text(wanted, encoding="utf-8")
        for name, made in SCHEMAS.items():
            (ROOT / "docs" / f"{name}.schema.json").write_text(made(), encoding="utf-8")
        return 0
    wrong = []
    if text != wanted:
        wrong.append("README.md: the shown output is not what sevlint prints (python tests/check_docs.py --write)")
    for name, made in SCHEMAS.items():
        page = ROOT / "docs" / f"{name}.schema.json"
        if not page.exists() or page.read_text(encoding="utf-8") != made():
            wrong.append(f"docs/{page.name}: is not the reporter's schema (python tests/check_docs.py --write)")
    ids = set(re.findall(r"^(\S+) ", sevlint("rules"), re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md"):
        content = (ROOT / page).read_text(encoding="utf-8")
        wrong += [
            f"{page}: no rule is called {name}"
            for name in re.findall(r"explain ([a-z-]+)`", content)
            if name not in ids
        ]
        for target in re.findall(r"\]\(([^)#:]+)\)", content):
            if not (ROOT / target).exists():
                wrong.append(f"{page}: links to {target}, which is not there")
    wrong += _facts()
    for rule in sorted((ROOT / "fixtures").glob("*/*/")):
        if rule.parent.name != "hosts" and rule.name not in ids:
            wrong.append(f"fixtures: {rule.name} is no rule")
    print("\n".join(wrong) or "documentation: the README says what is true")
    return 1 if wrong else 0


def _facts() -> list[str]:
    """Every row of docs/facts.md has a rule, a card or a table that cites its very key, or a reason why there is none.

    And every cited key of a chapter that has rows there is one of them: a key says nothing of the rows below it.
    """
    rows, reasons = (_keys(ROOT / "docs" / name) for name in ("facts.md", "not-decidable-offline.md"))
    chapters = {_chapter(key) for key in rows}
    keys = json.loads(sevlint("rules", "--by-source", "--format", "json"))
    cited = [key for key in keys if _chapter(key) in chapters]
    wrong = [f"docs/facts.md: has no row for {key}, which a page or card cites" for key in cited if key not in rows]
    wrong += [f"docs/facts.md: nothing stands on {row}" for row in rows if row not in cited and row not in reasons]
    wrong += [f"docs/facts.md: has two rows for {row}" for row in sorted({row for row in rows if rows.count(row) > 1})]
    reasons_page = "docs/not-decidable-offline.md"
    wrong += [f"{reasons_page}: {key} is no row of facts.md" for key in reasons if key not in rows]
    wrong += [f"{reasons_page}: {key} is cited by a page or card" for key in reasons if key in cited]
    return wrong


def _chapter(key: str) -> tuple[str, str]:
    """Sheet and first number of a key: `libvirt-qemu 3.2 arch` stands in chapter 3."""
    sheet, _, rest = key.partition(" ")
    return sheet, re.split(r"[ .]", rest)[0]


def _keys(page: Path) -> list[str]:
    return re.findall(r"^\| (\S+ \d[^|]*?) \|", page.read_text(encoding="utf-8"), re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main())
