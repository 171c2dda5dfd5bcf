"""A libvirt domain: `Domain` is free of its dialect, `DomainXml` is about spelling and structure of the XML."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterable
from typing import ClassVar

from msgspec import Struct

from sevlint.facts.base import Fact
from sevlint.model import PRIVATE_MEMORY, Change, Gap, Goal, Level, Place, View, change
from sevlint.numbers import decimal

_UEFI_NAME = re.compile(r"ovmf|edk2|tdvf|uefi")
_BIOS_NAME = re.compile(r"^(?:vga)?bios|seabios|qboot")
_TDX_NAME = re.compile(r"inteltdx|tdvf|[._-]tdx")
_SECURE_BOOT_NAME = re.compile(r"secboot|secure-boot|code(?:[._-]4m)?\.ms(?=[._-])|[._-]smm(?=[._-])")
"""Debian's `OVMF_CODE_4M.ms.fd` is one, SUSE's `ovmf-x86_64-smm-ms.bin` too; its `-ms` alone has keys and no SMM."""
_SECURE_BOOT = ("secure-boot", "enrolled-keys")
_CSM_NAME = re.compile(r"(?<![a-z])csm(?![a-z])")
_SPLIT_NAME = re.compile(r"code(?!.*\bcc\b)|[._-]vars(?![a-z])")
_OTHER_MACHINE_NAME = re.compile(r"microvm|aavmf|qemu_efi")


_VIRTIO = ("interface", "controller", "memballoon", "rng", "video", "crypto")
_PCI_OF_HOST = (("interface", "hostdev"), ("interface", "vdpa"), ("disk", "nvme"), ("disk", "vhostvdpa"))
_ALL_ADDRESSES = ("0.0.0.0", "::", "[::]", "*")
_LAUNCH_OBJECT = re.compile(
    r'(?:qom-type=|\{.{0,200}"qom-type"\s{0,9}:\s{0,9}")?((?:sev|sev-snp|tdx|s390-pv)-guest)(?![\w-])'
)
_LAUNCH_BINDING = re.compile(r"(?:^|,)(memory-encryption|confidential-guest-support)=")


def escape(text: str) -> str:
    """Text of a domain as it stands in an XML fragment, also between quotes."""
    return text.translate(_ESCAPES)


_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;", '"': "&quot;"})


class Setting(Struct, frozen=True):
    """One setting as it is written, and where."""

    text: str
    place: Place

    @property
    def number(self) -> int | None:
        """As libvirt reads a decimal number of 32 bits; None for anything else."""
        value = decimal(self.text)
        return value if value is not None and value < 1 << 32 else None


_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\n")
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")


class Blob(Struct, frozen=True):
    """Binary data of a launch, as base64: `idBlock`, `dhCert`, `mrOwner` ...

    `text` may be a secret; it is as written, with the blanks around it. `wanted`: how many bytes it must hold, None
    where nobody checks (libvirt-qemu 1.2).
    """

    name: str
    text: str
    place: Place
    wanted: int | None = None

    @property
    def has_strays(self) -> bool:
        """It holds a character that QEMU's decoder refuses, or padding before its end."""
        return not _BASE64.issuperset(self.text) or "=" in self.text.rstrip("=\n")

    @property
    def size(self) -> int:
        """How many bytes it holds; what is left over behind the last whole byte is dropped, as the decoder does."""
        return self._digits * 6 // 8

    @property
    def is_cut(self) -> bool:
        """Base64 comes in groups of four characters."""
        return bool((self._digits + self.text.count("=")) % 4)

    @property
    def is_hex(self) -> bool:
        """As long as its bytes are in hexadecimal, and of nothing but such digits."""
        text = self.text.strip()
        return self.wanted is not None and len(text) == 2 * self.wanted and _HEX_DIGITS.issuperset(text)

    @property
    def data(self) -> bytes | None:
        """Its bytes; None where they are not as many as are wanted, or are no base64."""
        if self.has_strays or self.is_cut or self.wanted != self.size:
            return None
        return b64decode("".join(self.text.split()))

    @property
    def _digits(self) -> int:
        return len(self.text) - self.text.count("=") - self.text.count("\n")


class LaunchSecurity(Struct, frozen=True):
    """`<launchSecurity>`. `goal` is None for a type that libvirt does not know; sev with policy bit 2 is SEV-ES.

    `policy` is the number libvirt reads (base 16 always), None if absent or unreadable; `policy_text` as written.
    `author_key` and `vcek` are "yes", "no" or "" (not set).
    """

    type: str
    goal: Goal | None
    policy: int | None
    policy_text: str
    kernel_hashes: bool | None
    cbitpos: Setting | None
    reduced_phys_bits: Setting | None
    author_key: str
    vcek: str
    blobs: tuple[Blob, ...]
    quote_service: Setting | None
    """`<quoteGenerationService>`: its path, "" for libvirt's default socket."""
    place: Place
    type_place: Place
    policy_place: Place | None
    """The policy's text; the element itself where it is empty."""

    def blob(self, name: str) -> Blob | None:
        """The binary data of this name."""
        return next((one for one in self.blobs if one.name == name), None)

    @property
    def decimal_policy(self) -> int | None:
        """What was meant by a policy that only makes sense as a decimal number, which libvirt does not read it as."""
        if self.policy is None or not self.policy_text.isdecimal():
            return None
        number = int(self.policy_text)
        return number if self._is_sane(number) and not self.is_policy_sane else None

    @property
    def is_policy_sane(self) -> bool:
        """Its bits start a guest and keep the host out, as libvirt reads it."""
        return self.policy is not None and self._is_sane(self.policy)

    @property
    def policy_bits(self) -> int | None:
        """The policy as its bits are judged: None where there is none to read, or another number was meant."""
        return None if self.decimal_policy is not None else self.policy

    def _is_sane(self, policy: int) -> bool:
        """As far as it is known for every host (libvirt-qemu 1.3; intel-tdx 7.3 KVM)."""
        if self.goal is Goal.SEV_SNP:
            return policy & _SNP_FIXED == _SNP_MUST
        if self.goal is Goal.TDX:
            return policy == _TDX_ONLY
        return policy & _SEV_FIXED == _SEV_MUST

    @property
    def api_minimum(self) -> tuple[int, int]:
        """The firmware API that an AMD policy asks for, (0, 0) for any (libvirt-qemu 1.3)."""
        policy = self.policy or 0
        if self.goal is Goal.SEV_SNP:
            return policy >> 8 & 0xFF, policy & 0xFF
        return policy >> 16 & 0xFF, policy >> 24 & 0xFF


_SEV_FIXED, _SEV_MUST = 0xFFFFFFFF0000FFC1, 0x1
"""Debugging is forbidden; reserved are bits 6 to 15, and there are 32."""
_SNP_FIXED, _SNP_MUST = 0xFFFFFFFFFC0A0000, 0x20000
"""Bit 17 is set, debugging (19) is forbidden; reserved are 26 to 63."""
_TDX_ONLY = 0x10000000


class Feature(Struct, frozen=True):
    """One child of `<features>`, or a feature asked of the firmware.

    A child of `<kvm>` or `<hyperv>` has its parent's name before it: `kvm/hidden`.
    """

    name: str
    state: str
    """`on` or `off` (a firmware's: yes or no); "" where it does not say, which mostly means on."""
    place: Place
    driver: str = ""
    mode: str = ""


class Firmware(Struct, frozen=True):
    """`<os>`'s firmware in libvirt's terms; empty strings where an attribute is not set."""

    autoselect: str
    """`os/@firmware`: "efi", "bios" or ""."""
    loader: str
    loader_type: str
    loader_format: str
    readonly: str
    """`yes`, `no` or ""."""
    secure: bool
    stateless: bool
    nvram: str
    nvram_template: str
    nvram_format: str
    has_nvram: bool
    features: tuple[Feature, ...]
    """What autoselection asks of a firmware: secure-boot, enrolled-keys."""
    place: Place
    """The `<os>` element, or `<domain>`."""
    loader_place: Place | None
    nvram_place: Place | None

    @property
    def has_hashes(self) -> bool:
        """An image that by its name is made for SEV, and has a table for a kernel's hashes."""
        name = self.loader.rsplit("/", 1)[-1].lower()
        return "amdsev" in name or "-sev" in name

    @property
    def secure_boot(self) -> tuple[Place, ...]:
        """Where it asks for Secure Boot: the loader's attribute, and features of autoselection."""
        asked = [one.place for one in self.features if one.name in _SECURE_BOOT and one.state == "yes"]
        if self.secure and self.loader_place is not None:
            asked.insert(0, self.loader_place.at("secure"))
        return tuple(asked)

    def wrong_kind(self, goal: Goal) -> str:
        """What the image is by its name, where that cannot run guests of this goal; "" where it may (libvirt-qemu 2.4).

        What is attached as flash for SEV-SNP and TDX is another fault.
        """
        name = self.loader.rsplit("/", 1)[-1].lower()
        if _OTHER_MACHINE_NAME.search(name):
            return "made for another machine type"
        if goal is Goal.TDX and "amdsev" in name:
            return "an AMD SEV build"
        if goal is not Goal.TDX and _TDX_NAME.search(name):
            return "an Intel TDX build"
        is_encrypted_state = goal in (Goal.SEV_ES, Goal.SEV_SNP)
        if is_encrypted_state and "amdsev" not in name and _SECURE_BOOT_NAME.search(name):
            return "a Secure Boot build, which needs SMM"
        is_rom = self.loader_type == "rom" or (goal in PRIVATE_MEMORY and not self.loader_type and not self.autoselect)
        if is_rom and _SPLIT_NAME.search(name):
            return "half of a split image, which only works as flash"
        return ""

    @property
    def has_csm(self) -> bool:
        """By its path an OVMF with a legacy BIOS inside."""
        return bool(_CSM_NAME.search(self.loader.lower()))

    @property
    def asks_for_autoselection(self) -> bool:
        """It has what only a choice of libvirt's can fill, and does not ask libvirt to choose: that is refused."""
        return not self.autoselect and (bool(self.features) or (self.loader_place is not None and not self.loader))

    @property
    def is_uefi(self) -> bool:
        """UEFI by the image's name whatever its loader type; without one autoselected EFI or flash (libvirt-qemu 2.4).

        SeaBIOS is known by its files; an image with any other name may be a site's own OVMF.
        """
        name = self.loader.rsplit("/", 1)[-1].lower()
        if name:
            return bool(_UEFI_NAME.search(name)) or not _BIOS_NAME.search(name)
        return self.autoselect == "efi" or (self.loader_type == "pflash" and self.autoselect != "bios")


class Device(Struct, frozen=True):
    """One device of the guest; `kind` as libvirt names it: disk, interface, hostdev, controller, memballoon, tpm ...

    An empty string or None is what the configuration does not say: libvirt's or QEMU's default holds.
    """

    kind: str
    place: Place
    type: str = ""
    """What stands behind it: file, block, network, hostdev, vhostuser, vdpa, nvme, pci, usb, mdev, vnc, spice, unix."""
    model: str = ""
    bus: str = ""
    device: str = ""
    """Of a disk: disk, cdrom, floppy or lun."""
    target: str = ""
    """Of a channel: the name that the guest sees."""
    backend: str = ""
    """Of a TPM: emulator or passthrough; of a random number generator: random, builtin or egd."""
    driver: str = ""
    """The driver's name (qemu, vfio, vhost), for a file system its type (virtiofs, path)."""
    format: str = ""
    """Of a disk: raw, qcow2."""
    iommu: str = ""
    """`on` or `off` as the driver says; QEMU's confidential default is on (libvirt-qemu 3.1)."""
    rom: str = ""
    """`on` or `off`: whether it has an option ROM."""
    boot_order: int | None = None
    queues: int | None = None
    queue_size: int | None = None
    listens: tuple[Setting, ...] = ()
    """Addresses that a graphics device or a character device listens on."""
    has_password: bool = False
    tls: str = ""
    """`yes` or `no` where the device's source says so; `yes` for SPICE whose channels are secure."""
    action: str = ""
    """What a watchdog does when it fires."""
    encrypted: bool = False
    """Of a disk: the host encrypts it."""
    model_place: Place | None = None
    driver_place: Place | None = None
    """The `<driver>`: where `iommu` and `queues` stand."""
    rom_place: Place | None = None
    address: str = ""
    """The kind of bus that its `<address>` names: pci, usb, drive, ccw, virtio-mmio."""

    @property
    def is_virtio(self) -> bool:
        """A virtio device, whose driver may say `iommu`."""
        if self.kind in ("disk", "input"):
            return self.bus == "virtio"
        if self.kind == "controller" and self.type == "virtio-serial":
            return True
        return self.kind in ("filesystem", "vsock") or (self.kind in _VIRTIO and self.model.startswith("virtio"))

    @property
    def turn_iommu_on(self) -> Change:
        """What makes its driver say `iommu='on'`."""
        if self.driver_place is not None:
            return change.put(self.driver_place.at("iommu"), "on")
        return change.add(self.place, "<driver iommu='on'/>")

    @property
    def is_pci_of_host(self) -> bool:
        """A PCI function of the host, whoever drives it: VFIO, vDPA, or QEMU's own NVMe driver."""
        if self.kind == "hostdev":
            return self.type == "pci"
        return (self.kind, self.type) in _PCI_OF_HOST

    @property
    def open_addresses(self) -> tuple[Setting, ...]:
        """Where it listens on all addresses of the host."""
        return tuple(one for one in self.listens if one.text in _ALL_ADDRESSES)


class GuestCpu(Struct, frozen=True):
    """`<cpu>`. `required`: the features that must be there (policy require or force).

    `about_model`: what says only which model is meant, and how it is compared: `<model>`, `<vendor>` (which libvirt
    refuses without a model), `match` and `check`.
    """

    mode: str
    model: str
    required: tuple[Setting, ...]
    place: Place
    model_place: Place | None = None
    about_model: tuple[Place, ...] = ()
    has_shared_cells: bool = False
    """A cell of its NUMA topology has memory that is shared with other processes of the host."""

    @property
    def pass_through(self) -> tuple[Change, ...]:
        """What makes it the host's CPU."""
        return change.put(self.place.at("mode"), "host-passthrough"), *map(change.drop, self.about_model)


class Timer(Struct, frozen=True):
    """One timer of `<clock>`; `present` None where it does not say; `frequency` in Hz."""

    name: str
    present: bool | None
    place: Place
    frequency: Setting | None = None


class SecurityLabel(Struct, frozen=True):
    """One `<seclabel>`: type none switches the model's confinement off."""

    type: str
    model: str
    relabel: str
    place: Place
    label: str = ""


class QemuOverrides(Struct, frozen=True):
    """What libvirt hands to QEMU without understanding it."""

    arguments: tuple[Setting, ...] = ()
    capabilities: tuple[Setting, ...] = ()
    """Capabilities that libvirt is told to take for missing."""
    properties: Place | None = None
    """`<qemu:override>`: properties of devices that are set behind libvirt's back."""

    def launch_arguments(self) -> tuple[Setting, ...]:
        """Arguments that make or bind what `<launchSecurity>` is for; the text is the object's type, or the option."""
        found = []
        for option, value in zip(self.arguments, self.arguments[1:], strict=False):
            pattern = _LAUNCH_PATTERN.get(option.text.lstrip("-"))
            match = pattern(value.text) if pattern is not None else None
            if match is not None:
                found.append(Setting(match.group(1), value.place))
        return tuple(found)

    def old_tdx_arguments(self) -> tuple[Setting, ...]:
        """Options for patched TDX stacks of before upstream (intel-tdx 7.4 private=on); the text is what is old."""
        found = [Setting(one.text, one.place) for one in self.arguments if one.text.lstrip("-") in _OLD_TDX_OPTIONS]
        for option, value in zip(self.arguments, self.arguments[1:], strict=False):
            pattern = _OLD_TDX.get(option.text.lstrip("-"))
            match = pattern.match(value.text) if pattern is not None else None
            if match is not None:
                found.append(Setting(match.group(1), value.place))
        return tuple(found)


_OLD_TDX_OPTIONS = ("no-hpet", "pflash")
_OLD_TDX = {
    "object": re.compile(r"(memory-backend-memfd-private|memory-backend-ram(?=,(?:[^,]{1,200},){0,20}private=on))"),
    "device": re.compile(r"(loader)(?=,(?:[^,]{1,200},){0,20}id=fd0)"),
}
_LAUNCH_PATTERN = {"object": _LAUNCH_OBJECT.match, "machine": _LAUNCH_BINDING.search, "M": _LAUNCH_BINDING.search}


class Domain(Fact, frozen=True):
    """One configuration of a domain. Sizes in KiB; `machine` as written ("q35", "pc-i440fx-9.0").

    Where a thing is there or not, its Place says so: None is what the configuration does not have.
    """

    LEVEL: ClassVar[Level] = Level.DOMAIN
    name: str
    uuid: str
    view: View
    type: str
    """The accelerator: kvm, or qemu for emulation."""
    arch: str
    machine: str
    machine_place: Place
    """`<os><type>`, or `<domain>` where it has none."""
    launch_security: LaunchSecurity | None
    firmware: Firmware
    smm: bool | None
    smm_place: Place | None
    acpi: Place | None
    features: tuple[Feature, ...]
    features_place: Place | None
    memory_kib: int | None
    memory_place: Place | None
    current_memory_kib: int | None
    """What the balloon leaves it at start."""
    max_memory: Place | None
    """`<maxMemory>`: memory may be plugged in."""
    dump_core: str
    vcpus: int | None
    current_vcpus: int | None
    vcpus_place: Place | None
    cpu: GuestCpu | None
    timers: tuple[Timer, ...]
    clock_place: Place | None
    kernel: Setting | None
    initrd: Setting | None
    cmdline: Setting | None
    shim: Setting | None
    acpi_tables: tuple[Place, ...]
    boot: tuple[Setting, ...]
    """`<boot dev=>` in order."""
    emulator: str
    locked: Place | None
    hard_limit_kib: int | None
    hard_limit_place: Place | None
    hugepages: Place | None
    no_shared_pages: Place | None
    memory_source: str
    memory_access: str
    backing_place: Place | None
    devices: tuple[Device, ...]
    devices_place: Place | None
    on_reboot: Setting | None
    on_crash: Setting | None
    suspend_to_mem: Setting | None
    suspend_to_disk: Setting | None
    """Whether it is enabled: yes, no, or "" where the element does not say."""
    security_labels: tuple[SecurityLabel, ...]
    overrides: QemuOverrides
    sysinfo: tuple[Place, ...]
    """`<sysinfo>`: smbios and fwcfg entries."""
    genid: Place | None
    """`<genid>`: the VM generation ID."""
    running: bool
    """A live configuration with an id."""
    place: Place

    def all(self, *kinds: str) -> tuple[Device, ...]:
        """The devices of these kinds, in order."""
        return tuple(one for one in self.devices if one.kind in kinds)

    def feature(self, name: str) -> Feature | None:
        """The feature of this name, if the configuration speaks of it."""
        return next((one for one in self.features if one.name == name), None)

    @property
    def is_i440fx(self) -> bool:
        """Its machine has a PCI bus of the old kind."""
        return self.machine == "pc" or self.machine.startswith("pc-i440fx")

    @property
    def goal(self) -> Goal | None:
        """What its launch security asks for; None without one, or for a type that libvirt does not know."""
        return self.launch_security.goal if self.launch_security is not None else None

    def policy_of(self, *goals: Goal) -> tuple[int, Place] | None:
        """The policy of a domain with one of these goals; None where its bits may not be judged."""
        launch = self.launch_security
        if launch is None or launch.goal not in goals or launch.policy_bits is None or launch.policy_place is None:
            return None
        return launch.policy_bits, launch.policy_place


class RunningDomain(Domain, frozen=True):
    """The configuration that the VM runs with: its QEMU's, else its live XML. A rule that compares asks for both."""


class RunningGoal(Fact, frozen=True):
    """The protection that a VM runs with; None where it does not run, or nothing shows that it does."""

    LEVEL: ClassVar[Level] = Level.DOMAIN
    goal: Goal | None


class Element(Struct, frozen=True):
    """One XML element as it is written; `tag` of another namespace in Clark's form."""

    tag: str
    attributes: tuple[tuple[str, str], ...]
    place: Place
    children: tuple[Element, ...] = ()

    def get(self, name: str) -> str:
        """An attribute's value, "" if it is not there."""
        return dict(self.attributes).get(name, "")


class DomainXml(Fact, frozen=True):
    """A domain's XML as text: what rules about spelling and structure ask for.

    `launch_elements` holds every child that looks like launchSecurity, whatever its spelling: (tag, type, place).
    `launch` is the one that libvirt reads, with all of its children. `root` is what the domain's document is: domain,
    domstatus or domainsnapshot.
    """

    LEVEL: ClassVar[Level] = Level.DOMAIN
    path: str
    root: str
    launch_elements: tuple[tuple[str, str, Place], ...]
    place: Place
    launch: Element | None = None
    os: Element | None = None
    passes_arguments: bool = False
    """It has arguments for QEMU, which may ask for protection behind libvirt's back."""
    outside: bool = False
    """A file by itself, in no host's collection: of a repository, say."""

    @property
    def launch_element(self) -> tuple[str, Place] | None:
        """Type and place of the first launchSecurity of this very spelling."""
        return next(((kind, place) for tag, kind, place in self.launch_elements if tag == "launchSecurity"), None)


_AMD = ("policy", "cbitpos", "reducedPhysBits")
LAUNCH_CHILDREN = {
    "sev": (*_AMD, "dhCert", "session"),
    "sev-snp": (*_AMD, "guestVisibleWorkarounds", "idBlock", "idAuth", "hostData"),
    "tdx": ("policy", "mrConfigId", "mrOwner", "mrOwnerConfig", "quoteGenerationService"),
    "s390-pv": (),
}
"""What libvirt reads inside `<launchSecurity>` of each type (libvirt-qemu 1.2)."""
LAUNCH_ATTRIBUTES = {
    "sev": ("type", "kernelHashes"),
    "sev-snp": ("type", "kernelHashes", "authorKey", "vcek"),
    "tdx": ("type",),
    "s390-pv": ("type",),
}
LAUNCH_TYPES = (*LAUNCH_CHILDREN, "cca")
"""The types that libvirt knows (libvirt-qemu 1.1)."""
_TYPES_MEANT = {
    "sev": "sev",
    "seves": "sev",
    "snp": "sev-snp",
    "sevsnp": "sev-snp",
    "amdsevsnp": "sev-snp",
    "tdx": "tdx",
    "inteltdx": "tdx",
    "pv": "s390-pv",
    "s390pv": "s390-pv",
}


def launch_type_meant(written: str) -> str:
    """The type that libvirt knows and this spelling means; "" for none. SEV-ES is type sev with a policy bit."""
    return _TYPES_MEANT.get(written.strip().lower().replace("-", "").replace("_", ""), "")


def respelt(name: str, known: Iterable[str]) -> str:
    """The known name that this one is in another case or with dashes; "" for a known name itself, and for others."""
    plain = name.replace("-", "").replace("_", "").lower()
    return next((one for one in known if one != name and one.lower() == plain), "")


def near(name: str, known: Iterable[str]) -> str:
    """The known name that this one, not a known one itself, is but one letter from; "" for none.

    One letter is missing, too many or another, or two have changed places; short names are like too many others.
    """
    return next((one for one in known if len(one) >= _SHORT and _is_slip(name, one)), "")


_SHORT = 5


def _is_slip(name: str, meant: str) -> bool:
    if name == meant or abs(len(name) - len(meant)) > 1:
        return False
    at = next((at for at, pair in enumerate(zip(name, meant, strict=False)) if pair[0] != pair[1]), len(name))
    left, right = name[at:], meant[at:]
    swapped = left[1:2] + left[:1] + left[2:]
    return right in (left[1:], swapped) or left == right[1:] or left[1:] == right[1:]


class UnclearXml(Gap, frozen=True):
    """In place of XML that cannot be read and speaks of protection: nobody knows what it was meant to ask for."""


class FoundDomain(Struct, frozen=True):
    """What the XML dialect found in one file: one for each configuration; `xml` is a Gap for a broken file.

    `read` gives the Domain; it is called when a rule first asks, which for a plain domain outside a host is never:
    a repository holds a thousand of them, and a commit hook must not pay for each.
    """

    name: str
    uuid: str
    view: View
    ordinal: int
    xml: DomainXml | Gap
    read: Callable[[], Domain | Gap]


class SharedSession(Fact, frozen=True):
    """Other domains of the same run that hold this one's launch session (libvirt-qemu 1.2 session)."""

    LEVEL: ClassVar[Level] = Level.DOMAIN
    others: tuple[Setting, ...]
    """Their names, and where the session stands in them."""


class AutostartedDomains(Fact, frozen=True):
    """The domains that libvirt starts with the host: the links in /etc/libvirt/qemu/autostart."""

    LEVEL: ClassVar[Level] = Level.HOST
    names: frozenset[str]


class GuestsAtShutdown(Fact, frozen=True):
    """What libvirt-guests does with running VMs when the host shuts down: `suspend` saves them (libvirt-qemu 4.4)."""

    LEVEL: ClassVar[Level] = Level.HOST
    action: str
    """ON_SHUTDOWN as it is set; "" where the file leaves the default."""
    place: Place
