"""/proc, /sys and /etc files that say what a machine is: CPU, memory, DMI, firmware, distribution, versions."""

from __future__ import annotations

import re

from sevlint.errors import ParseError
from sevlint.facts.amd import MiscCapacity
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.platform import Dmidecode, DmiField, Meminfo, MiscDevices, OsRelease, RunningKernel
from sevlint.model import Evidence, Place
from sevlint.numbers import number
from sevlint.parsers.base import Text, parser

_BITS = re.compile(r"(?<![0-9])([0-9]{1,3}) bits physical")


@parser(Evidence("proc/cpuinfo", command="cat /proc/cpuinfo"))
def cpuinfo(text: Text) -> Cpuinfo:
    """The first block; collections may have taken the blank lines between blocks away (snapshots 3.4)."""
    values: dict[str, tuple[str, int]] = {}
    processors = 0
    sockets: set[str] = set()
    for line, content in text.numbered():
        key, colon, value = content.partition(":")
        key = key.strip()
        if not colon:
            continue
        if key == "processor":
            processors += 1
        elif key == "physical id":
            sockets.add(value.strip())
        if processors <= 1:
            values.setdefault(key, (value.strip(), line))
    if "vendor_id" not in values and "flags" not in values:
        raise ParseError("holds no processor", text.start)

    def said(key: str) -> str:
        return values.get(key, ("", 0))[0]

    def place(key: str) -> Place:
        return text.place(values[key][1]) if key in values else text.place()

    bits = _BITS.search(said("address sizes"))
    threads, cores = number(said("siblings")), number(said("cpu cores"))
    return Cpuinfo(
        vendor=said("vendor_id"),
        family=number(said("cpu family")) or 0,
        model=number(said("model")) or 0,
        stepping=number(said("stepping")) or 0,
        model_name=said("model name"),
        flags=frozenset(said("flags").split()),
        bugs=frozenset(said("bugs").split()),
        microcode=number(said("microcode")) if "microcode" in values else None,
        physical_bits=int(bits.group(1)) if bits else None,
        processors=processors,
        place=place("vendor_id"),
        flags_place=place("flags"),
        model_place=place("model name"),
        bits_place=place("address sizes") if bits else None,
        microcode_place=place("microcode") if "microcode" in values else None,
        smt=threads > cores if threads and cores else None,
        sockets=len(sockets) or None,
    )


@parser(Evidence("proc/meminfo", command="cat /proc/meminfo"))
def meminfo(text: Text) -> Meminfo:
    """MemTotal."""
    for line, content in text.numbered():
        found = re.match(r"MemTotal:\s+([0-9]{1,15}) kB", content)
        if found:
            return Meminfo(int(found.group(1)), text.place(line))
    raise ParseError("has no MemTotal", text.place())


@parser(Evidence("proc/misc", command="cat /proc/misc"))
def misc_devices(text: Text) -> MiscDevices:
    """The registered misc character devices: `<minor> <name>` (snapshots 2.1)."""
    names = []
    for line, content in text.numbered():
        found = re.match(r"\s*\d+ (\S+)\s*$", content)
        if found:
            names.append((found.group(1), text.place(line)))
    if not names:
        raise ParseError("lists no device", text.place())
    return MiscDevices(tuple(names), text.place(1))


@parser(
    Evidence("sys/fs/cgroup/misc.capacity", command="cat /sys/fs/cgroup/misc.capacity", root=True),
    Evidence("sys/fs/cgroup/misc/misc.capacity", command="cat /sys/fs/cgroup/misc/misc.capacity", root=True),
)
def misc_capacity(text: Text) -> MiscCapacity:
    """`key value` lines; an empty file says that every capacity is 0 (amd-host 4.2)."""
    entries = []
    for line, content in text.numbered():
        key, _, value = content.strip().partition(" ")
        if not key:
            continue
        capacity = number(value)
        if capacity is None:
            raise ParseError("is no misc.capacity", text.place(line))
        entries.append((key, capacity, text.place(line)))
    return MiscCapacity(tuple(entries), text.start)


@parser(Evidence("etc/os-release", command="cat /etc/os-release"))
def os_release(text: Text) -> OsRelease:
    """KEY=value, quoted as in a shell."""
    values = {}
    for content in text.lines:
        key, equals, value = content.strip().partition("=")
        if equals and not key.startswith("#"):
            values[key] = value.strip().strip("\"'")
    return OsRelease(
        id=values.get("ID", "").lower(),
        id_like=tuple(values.get("ID_LIKE", "").lower().split()),
        version_id=values.get("VERSION_ID", ""),
        pretty_name=values.get("PRETTY_NAME", ""),
        place=text.start,
        variant_id=values.get("VARIANT_ID", "").lower(),
    )


@parser(
    Evidence("cmd/uname", command="uname -a"),
    Evidence("proc/sys/kernel/osrelease", command="cat /proc/sys/kernel/osrelease"),
)
def running_kernel(text: Text) -> RunningKernel:
    """`uname -a`, or the release alone."""
    first = next((content for content in text.lines if content.strip()), "")
    words = first.split()
    release = words[2] if words[:1] == ["Linux"] and len(words) > 2 else words[0] if len(words) == 1 else ""
    if not re.match(r"\d+\.\d+", release):
        raise ParseError("holds no kernel release", text.start)
    return RunningKernel(release, text.place(1), any(re.fullmatch("i[3-6]86", word) for word in words[3:]))


_DMI = "sys/class/dmi/id/"


@parser(
    *(
        Evidence(_DMI + name, command=f"cat /{_DMI}{name}", root=name == "product_uuid", many=True)
        for name in ("sys_vendor", "product_name", "bios_vendor", "bios_version", "bios_date", "product_uuid")
    )
)
def dmi_field(text: Text) -> DmiField:
    """One file below /sys/class/dmi/id."""
    place = text.start
    return DmiField(text.path.rsplit("/", 1)[-1], (text.lines[0] if text.lines else "").strip(), place)


_TABLES = {
    "BIOS Information": {"Vendor": "bios_vendor", "Version": "bios_version", "Release Date": "bios_date"},
    "System Information": {"Manufacturer": "sys_vendor", "Product Name": "product_name", "UUID": "product_uuid"},
}


@parser(Evidence("cmd/dmidecode", command="dmidecode", root=True))
def dmidecode(text: Text) -> Dmidecode:
    """The first BIOS and the first System table."""
    found: dict[str, str] = {}
    names: dict[str, str] = {}
    for content in text.lines:
        if not content.startswith(("\t", " ")):
            names = {}
        key, colon, value = content.strip().partition(":")
        if not colon:
            names = _TABLES.get(content.strip(), names)
        elif key in names and value.strip():
            found.setdefault(names[key], value.strip())
    if not found:
        raise ParseError("holds no DMI table", text.start)
    return Dmidecode(tuple(sorted(found.items())), text.place(1))
