"""What an AMD host decides about SEV, SEV-ES and SEV-SNP apart from KVM's own parameters (amd-host 2 to 7)."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from sevlint.facts.base import Fact, Reading
from sevlint.facts.kernel import Option, Options
from sevlint.model import Level, Place


class IommuGroup(Reading, frozen=True):
    """/sys/kernel/iommu_groups/N/type: "identity" (passthrough), "DMA" or "DMA-FQ" (translated) (amd-host 4.5)."""

    LEVEL: ClassVar[Level] = Level.HOST
    type: str
    place: Place


class IommuOptions(Struct, frozen=True):
    """What a command line asks of the AMD IOMMU (amd-host 3). Each tuple holds every option that asks for it.

    `off` switches accumulate; of `iommu=pt`, `iommu=nopt` and `iommu.passthrough` the last decides, as of `pgtbl_v1`
    and `pgtbl_v2`: `passthrough` and `v2` are empty where the last one asks for the opposite.
    """

    off: tuple[Option, ...]
    passthrough: tuple[Option, ...]
    v2: tuple[Option, ...]
    translated: Option | None
    """The option that decides against passthrough."""

    @classmethod
    def of(cls, options: Options) -> IommuOptions:
        """Read them as the kernel does: from left to right, comma by comma."""
        off: list[Option] = []
        identity: list[Option] = []
        translated: Option | None = None
        v2: list[Option] = []
        is_v2 = False
        for option in options.items:
            tokens = (option.value or "").split(",") if option.name in ("iommu", "amd_iommu") else []
            if "off" in tokens:
                off.append(option)
            for token in tokens:
                if option.name == "iommu" and token in ("pt", "nopt"):
                    translated = option if token == "nopt" else None
                    identity += [option] if token == "pt" else []
                elif option.name == "amd_iommu" and token in ("pgtbl_v1", "pgtbl_v2"):
                    is_v2 = token == "pgtbl_v2"
                    v2 += [option] if is_v2 else []
            if option.name == "iommu.passthrough" and (option.is_true or option.is_false):
                translated = option if option.is_false else None
                identity += [option] if option.is_true else []
        return cls(tuple(off), () if translated else tuple(identity), tuple(v2) if is_v2 else (), translated)


class Iommu(Fact, frozen=True):
    """The AMD IOMMU as far as evidence tells; every field is None or empty where nothing says.

    `enabled`: the driver is active. `passthrough`: the default domain is identity; `passthrough_by`: "option",
    "kernel default" or "". Places stand beside each; `asked` is what the command line asks for.
    """

    LEVEL: ClassVar[Level] = Level.HOST
    enabled: bool | None
    """None also where an option says off and the driver runs: evidence of two boots."""
    enabled_place: Place | None
    passthrough: bool | None
    passthrough_by: str
    passthrough_place: Place | None
    asked: IommuOptions
    v2_place: Place | None
    refused_place: Place | None
    """The kernel's line "IOMMU disabled or configured in passthrough mode"."""
    efr_place: Place | None
    """The kernel's line "IOMMU SNP feature not enabled": BIOS SEV-SNP Support is off."""
    supported_place: Place | None
    """The kernel's line "IOMMU SNP support enabled"."""
    ivrs: bool | None = None
    """The BIOS announces an IOMMU, by the ACPI table IVRS; False needs a look at the other tables."""
    ivrs_place: Place | None = None
    unbuilt_place: Place | None = None
    """The line of the kernel's configuration that leaves its driver out."""


class RmpTable(Fact, frozen=True):
    """The RMP as the kernel printed it. `covers` is the first byte that it does not cover (None if segmented)."""

    LEVEL: ClassVar[Level] = Level.HOST
    reserved: bool
    """False for "has not been reserved by BIOS", and for a range that the kernel calls not valid."""
    invalid: bool
    """The BIOS announced a range that makes no sense ("RMP configuration not valid")."""
    covers: int | None
    ram_end: int | None
    """End of the last RAM range of the e820 map, or None."""
    too_small: bool | None
    """The kernel said that the RMP does not cover full system RAM; None where the log may lack that line."""
    place: Place


class RmpSearch(Fact, frozen=True):
    """Whether this kernel looked for an RMP at boot, whatever it found.

    A kernel that finds the CPU's `sev_snp` and knows how to read its RMP prints a line either way; one that does not
    know prints none (amd-host 1.2).
    """

    LEVEL: ClassVar[Level] = Level.HOST
    looked: bool
    place: Place


class Pool(Struct, frozen=True):
    """A number of ASIDs with the place that says it."""

    size: int
    place: Place


class AsidPools(Fact, frozen=True):
    """The pools that never lend to each other (amd-host 7.1, 7.4). `sev_es` serves SEV-ES, and SEV-SNP too.

    `sev_snp` is set only where ciphertext hiding splits the second pool; `may_split` says that nothing tells whether it
    does. A pool is None where no source tells. `disagree` holds the places of sources that contradict each other.
    """

    LEVEL: ClassVar[Level] = Level.HOST
    sev: Pool | None
    sev_es: Pool | None
    sev_snp: Pool | None = None
    disagree: tuple[Place, ...] = ()
    may_split: bool = False


class CiphertextHiding(Fact, frozen=True):
    """How many ASIDs of the joint pool KVM keeps for SEV-SNP; 0 where it splits nothing (amd-host 7.4)."""

    LEVEL: ClassVar[Level] = Level.HOST
    granted: int
    place: Place


class MiscCapacity(Fact, frozen=True):
    """/sys/fs/cgroup/misc.capacity: a key with capacity 0 is not printed (amd-host 4.2)."""

    LEVEL: ClassVar[Level] = Level.HOST
    entries: tuple[tuple[str, int, Place], ...]
    place: Place

    def get(self, key: str) -> tuple[int, Place] | None:
        """Capacity of a key and its line."""
        for name, value, place in self.entries:
            if name == key:
                return value, place
        return None


class DevSev(Fact, frozen=True):
    """/dev/sev. `exists` False needs proof: a listing of /dev or proc/misc without it. `mode` None if not listed."""

    LEVEL: ClassVar[Level] = Level.HOST
    exists: bool
    mode: int | None
    owner: str
    group: str
    place: Place
    acl: bool = False
    """It has an access list beside its mode."""
    label: str = ""
    """The type of its SELinux label; "" where no listing shows it."""


class Psp(Struct, frozen=True):
    """A PCI device that holds a PSP, and the driver that is bound to it ("" for none)."""

    address: str
    id: str
    driver: str
    place: Place


class PspDevices(Fact, frozen=True):
    """The PSPs among the PCI devices that `lspci` lists with their drivers (amd-host 4.4)."""

    LEVEL: ClassVar[Level] = Level.HOST
    items: tuple[Psp, ...]
    place: Place


class UdevRule(Struct, frozen=True):
    """A udev rule that matches the kernel name `sev`, or runs a command on /dev/sev; "" where a key is not set."""

    mode: str
    owner: str
    group: str
    place: Place
    file: str
    final: bool = False
    """`MODE:=`: no later rule changes it."""
    chmod: str = ""
    """The mode that its RUN gives the device, as `chmod` takes it."""
    runs: bool = False
    """It runs a command that changes mode, owner or access list."""
    may_run: bool = False
    """It runs a program of which nothing tells what it does to the device."""
    mode_place: Place | None = None
    """The line that holds its MODE: a rule may go on for several."""
    is_shared: bool = False
    """It matches other devices too, as `KERNEL=="sev|kvm"` does."""
    uaccess: bool = False
    """It gives the device to whoever sits at the machine; the access list shows as rights of the group."""

    @property
    def gives_access(self) -> bool:
        """Whether it changes at all who may use the device."""
        return bool(self.mode or self.owner or self.group or self.runs)


class UdevFile(Reading, frozen=True):
    """The rules of one udev file that are about /dev/sev."""

    LEVEL: ClassVar[Level] = Level.HOST
    path: str
    rules: tuple[UdevRule, ...]
    place: Place


class TmpfilesLine(Struct, frozen=True):
    """A line of tmpfiles.d that gives /dev/sev a mode, an owner or an access list; "" where it leaves them."""

    kind: str
    """Its first letter: "z", "Z", "m", "c", "a" or "A"."""
    path: str
    """As written, `*` and all."""
    mode: str
    place: Place
    file: str


class TmpfilesFile(Reading, frozen=True):
    """The lines of one tmpfiles.d file that are about /dev/sev."""

    LEVEL: ClassVar[Level] = Level.HOST
    path: str
    lines: tuple[TmpfilesLine, ...]
    place: Place


class StartScript(Reading, frozen=True):
    """/etc/rc.local: its commands that change who may use /dev/sev, each with the mode that `chmod` gives, or ""."""

    LEVEL: ClassVar[Level] = Level.HOST
    path: str
    commands: tuple[tuple[str, Place], ...]
    place: Place


class BootMode(Struct, frozen=True):
    """A mode that /dev/sev gets at every boot; `text` is how `file` writes it."""

    mode: int
    text: str
    place: Place
    file: str
    is_key: bool = False
    """It is the MODE of a udev rule, not that of a command or of a line of tmpfiles.d."""
    is_shared: bool = False
    """What gives it is for other devices too."""


class DevSevAtBoot(Fact, frozen=True):
    """What tmpfiles.d, udev and rc.local make of /dev/sev at every boot, in this order.

    Of udev the commands of RUN come last; `mode` is the one that stays. `whole`: the distribution's own udev
    rules were collected too, so that a missing rule proves something; `has_tmpfiles`: so was any of tmpfiles.d.
    """

    LEVEL: ClassVar[Level] = Level.HOST
    mode: BootMode | None
    gives_access: Place | None
    """The last rule or line that changes at all who may use it."""
    may_run: Place | None
    """A rule that runs a program of which nothing tells what it does."""
    place: Place
    whole: bool
    has_tmpfiles: bool
    uaccess: Place | None = None
    """A rule that gives it to whoever sits at the machine."""


class SevDomainCapabilities(Fact, frozen=True):
    """`<sev>` and `<launchSecurity>` of virsh domcapabilities (libvirt-qemu 4.2)."""

    LEVEL: ClassVar[Level] = Level.HOST
    supported: bool
    cbitpos: int | None
    max_guests: int | None
    max_es_guests: int | None
    sectypes: tuple[str, ...]
    place: Place
    max_guests_place: Place | None = None
    max_es_guests_place: Place | None = None
    cbitpos_place: Place | None = None


class CBit(Fact, frozen=True):
    """The bit of a page table entry that marks encrypted memory: 47 or 51 by the CPU (amd-host 1.3)."""

    LEVEL: ClassVar[Level] = Level.HOST
    bit: int
    place: Place
