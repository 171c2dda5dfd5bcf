"""The kernel command line, module parameters, modprobe.d, and where the next boot's options are kept.

Words are split as the kernel splits them (snapshots 5.5): blanks separate, double quotes hold blanks, `-` and `_` are
one in names, what follows ` -- ` is not the kernel's.
"""

from __future__ import annotations

import re
import shlex

from msgspec.structs import replace

from sevlint.errors import ParseError
from sevlint.facts.kernel import (
    BlsEntry,
    BootFile,
    CmdlineFile,
    GrubConfig,
    GrubDefault,
    GrubEntry,
    GrubVariable,
    ModprobeFile,
    ModprobeLine,
    ModuleParameter,
    Option,
    Options,
)
from sevlint.model import Evidence, Place
from sevlint.parsers.base import Text, parser

_WORD = re.compile(r'(?:"[^"]*"?|[^\s"])+')
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_ASSIGN = re.compile(r"\s*(?:export\s+)?(GRUB_\w+)(\+?=)(.*)")


def options_of(line: str, place: Place, start: int = 0) -> Options:
    """The options of a command line that stands in `line` from character `start` on."""
    items = []
    for word in _WORD.finditer(line, start):
        text = word.group()
        if text == "--":
            break
        plain = text.strip('"') if text.startswith('"') else text
        name, equals, value = plain.partition("=")
        if not name:
            continue
        here = Place(place.path, place.line, word.start() + 1, word.end() + 1, text=place.text, source=place.source)
        items.append(Option(name.replace("-", "_"), value.strip('"') if equals else None, here, plain))
    return Options(tuple(items))


@parser(Evidence("proc/cmdline", command="cat /proc/cmdline"))
def cmdline_file(text: Text) -> CmdlineFile:
    """What this kernel was booted with."""
    for line, content in text.numbered():
        if content.strip():
            return CmdlineFile(options_of(content, text.place(line)), text.place(line))
    raise ParseError("is empty", text.place())


@parser(
    *(
        Evidence(f"sys/module/{module}/parameters/*", command=f"grep . /sys/module/{module}/parameters/*", many=True)
        for module in ("kvm_amd", "kvm_intel", "kvm", "ccp")
    )
)
def module_parameter(text: Text) -> ModuleParameter:
    """One parameter's outcome (amd-host 4.1)."""
    parts = text.path.split("/")
    if not text.lines:
        raise ParseError("is empty", text.place())
    return ModuleParameter(parts[-3], parts[-1], text.lines[0].strip(), text.place(1))


@parser(
    *(
        Evidence(f"{folder}/modprobe.d/*.conf", command=f"grep -r . /{folder}/modprobe.d", many=True)
        for folder in ("etc", "run", "usr/local/lib", "usr/lib", "lib")
    )
)
def modprobe_file(text: Text) -> ModprobeFile:
    """`options`, `blacklist`, `install`, `softdep` lines; a backslash continues a line."""
    lines = []
    for logical in _logical(text):
        content = logical.text
        words = content.split(None, 2)
        if len(words) < 2 or words[0] not in ("options", "blacklist", "install", "softdep"):
            continue
        verb, module, rest = words[0], words[1].replace("-", "_"), words[2] if len(words) > 2 else ""
        place = text.place(logical.first)
        start = content.index(words[1], len(verb)) + len(words[1])
        options = options_of(content, place, start) if verb == "options" else Options(())
        options = Options(tuple(replace(one, place=logical.place(one.place)) for one in options.items))
        lines.append(ModprobeLine(verb, module, options, rest, content.strip(), place))
    return ModprobeFile(text.path, tuple(lines), text.start)


class _Logical:
    """Lines of a file joined at trailing backslashes, which remembers where each of them began."""

    def __init__(self, parts: list[tuple[int, str]]) -> None:
        self.first = parts[0][0]
        self.text = " ".join(content for _, content in parts)
        self._starts = []
        at = 0
        for line, content in parts:
            self._starts.append((at, line, len(content)))
            at += len(content) + 1

    def place(self, place: Place) -> Place:
        """A place in the joined text as one in the file; what crosses a line's end stops there."""
        column, end = (place.column or 1) - 1, (place.end_column or 1) - 1
        start, line, length = next(part for part in reversed(self._starts) if part[0] <= column)
        return replace(place, line=line, column=column - start + 1, end_column=min(end - start, length) + 1)


def _logical(text: Text) -> list[_Logical]:
    """The logical lines; comments dropped."""
    found: list[_Logical] = []
    parts: list[tuple[int, str]] = []
    for line, content in text.numbered():
        goes_on = content.endswith("\\")
        parts.append((line, content[:-1] if goes_on else content))
        if goes_on and line < len(text.lines):
            continue
        logical = _Logical(parts)
        if logical.text.strip() and not logical.text.lstrip().startswith("#"):
            found.append(logical)
        parts = []
    return found


@parser(
    Evidence("etc/default/grub", command="cat /etc/default/grub", many=True),
    Evidence("etc/default/grub.d/*.cfg", command="cat /etc/default/grub.d/*.cfg", many=True),
)
def grub_default(text: Text) -> GrubDefault:
    """GRUB_CMDLINE_LINUX and GRUB_CMDLINE_LINUX_DEFAULT, in the order of assignment."""
    values: list[GrubVariable] = []
    for line, content in text.numbered():
        found = _ASSIGN.match(content)
        if found is None or found.group(1) not in (
            "GRUB_CMDLINE_LINUX",
            "GRUB_CMDLINE_LINUX_DEFAULT",
            "GRUB_ENABLE_BLSCFG",
        ):
            continue
        name, operator, rest = found.groups()
        rest = rest.strip()
        start = found.start(3) + (len(found.group(3)) - len(found.group(3).lstrip()))
        value = _unquoted(rest)
        quote = rest[0] if rest[:1] in ("'", '"') else ""
        start += len(quote)
        options = options_of(content[: start + len(value)], text.place(line), start)
        values.append(
            GrubVariable(
                name,
                operator == "+=",
                value,
                options,
                content[:start],
                quote,
                _is_simple(content[start:], value, quote),
            )
        )
    return GrubDefault(text.path, tuple(values), text.start)


def _is_simple(text: str, value: str, quote: str) -> bool:
    """Whether the text behind the opening mark is the value, its closing mark, and nothing that goes on with it."""
    behind = text.removeprefix(value)
    plain = text.startswith(value) and "\\" not in value and not (quote == "" and set(value) & set("'\"`$"))
    return plain and behind.startswith(quote) and re.match(r"\s|;|\Z", behind[len(quote) :]) is not None


def _unquoted(text: str) -> str:
    if text[:1] in ("'", '"'):
        end = text.find(text[0], 1)
        return text[1:end] if end > 0 else text[1:]
    try:
        return (shlex.split(text, comments=True) or [""])[0]
    except ValueError:
        return text


@parser(Evidence("boot/loader/entries/*.conf", command="cat /boot/loader/entries/*.conf", root=True, many=True))
def bls_entry(text: Text) -> BlsEntry:
    """One boot loader entry: title, version, options."""
    title = version = ""
    found: list[Option] = []
    variables: list[str] = []
    place = text.start
    for line, content in text.numbered():
        key, _, value = content.strip().partition(" ")
        if key == "title":
            title = value.strip()
        elif key == "version":
            version = value.strip()
        elif key == "options":
            place = text.place(line)
            variables.extend(_VARIABLE.findall(value))
            start = content.index("options") + len("options")
            found.extend(one for one in options_of(content, place, start).items if not one.text.startswith("$"))
    return BlsEntry(text.path, title, version, Options(tuple(found)), tuple(variables), place)


@parser(
    Evidence("boot/grub2/grub.cfg", command="cat /boot/grub2/grub.cfg", root=True),
    Evidence("boot/grub/grub.cfg", command="cat /boot/grub/grub.cfg", root=True),
)
def grub_config(text: Text) -> GrubConfig:
    """Every `menuentry` with its `linux` line, `set NAME=value`, and whether BLS entries take over."""
    variables: dict[str, str] = {}
    entries: list[GrubEntry] = []
    blscfg = False
    menu = _Menu()
    for line, content in text.numbered():
        stripped = content.strip()
        if stripped.startswith("set ") and "=" in stripped:
            name, _, value = stripped[4:].partition("=")
            variables[name.strip()] = _unquoted(value.strip())
        elif re.match(r"(linux|linuxefi|linux16)\s", stripped):
            words = stripped.split(None, 2)
            rest = words[2] if len(words) > 2 else ""
            place = text.place(line)
            start = len(content) - len(rest) if rest and content.endswith(rest) else content.find(rest)
            options = options_of(content, place, start) if rest else Options(())
            plain = tuple(option for option in options.items if "$" not in option.text)
            number, title, identity = menu.here()
            entries.append(GrubEntry(number, title, identity, Options(plain), tuple(_VARIABLE.findall(rest))))
        elif stripped == "blscfg":
            blscfg = True
        else:
            menu.read(stripped)
    place = text.start
    return GrubConfig(tuple(entries), tuple(sorted(variables.items())), blscfg, place)


class _Menu:
    """Counts menu entries and submenus as GRUB numbers them: "0", "1>2"."""

    _ITEM = re.compile(r"(menuentry|submenu)\s")
    _QUOTED = re.compile(r"'([^']{0,512})'|\"([^\"]{0,512})\"")

    def __init__(self) -> None:
        self._open: list[str] = []
        """What each open brace belongs to: "menuentry", "submenu" or "" for anything else."""
        self._counts = [-1]
        self._title = self._id = ""

    def read(self, line: str) -> None:
        """One line that is no option line."""
        item = self._ITEM.match(line)
        if item:
            self._counts[-1] += 1
            quoted = [one or other for one, other in self._QUOTED.findall(line)]
            self._title = quoted[0] if quoted else ""
            self._id = quoted[1] if len(quoted) > 1 and ("menuentry_id_option" in line or "--id" in line) else ""
        if line.endswith("{"):
            kind = item.group(1) if item else ""
            self._open.append(kind)
            if kind == "submenu":
                self._counts.append(-1)
        elif line == "}" and self._open and self._open.pop() == "submenu":
            self._counts.pop()

    def here(self) -> tuple[str, str, str]:
        """Number, title and id of the entry that is open."""
        return ">".join(str(max(0, count)) for count in self._counts), self._title, self._id


@parser(
    Evidence("boot/grub2/grubenv", command="cat /boot/grub2/grubenv", root=True, many=True),
    Evidence("boot/grub/grubenv", command="cat /boot/grub/grubenv", root=True, many=True),
    Evidence("etc/kernel/cmdline", command="cat /etc/kernel/cmdline", many=True),
)
def boot_file(text: Text) -> BootFile:
    """grubenv (`kernelopts=`, `saved_entry=`) and /etc/kernel/cmdline."""
    values = []
    options: dict[str, Options] = {}
    for line, content in text.numbered():
        if text.path.endswith("cmdline"):
            if content.strip() and not content.startswith("#"):
                options.setdefault("", options_of(content, text.place(line)))
            continue
        key, equals, value = content.partition("=")
        if equals and not content.startswith("#"):
            values.append((key, value))
            options[key] = options_of(content, text.place(line), len(key) + 1)
    place = text.start
    return BootFile(text.path, tuple(values), tuple(sorted(options.items())), place)
