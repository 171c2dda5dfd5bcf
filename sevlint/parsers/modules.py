"""Which modules are loaded, and how kernels were built (amd-host 4.1; snapshots 2.1, 2.2)."""

from __future__ import annotations

import re

from sevlint.errors import ParseError
from sevlint.facts.boot import KernelConfigFile, LoadedModules
from sevlint.model import Completeness, Evidence, Place
from sevlint.parsers.base import Text, parser

_MODULE = re.compile(r"([\w-]{1,64})\s+\d+\s+-?\d+(?:\s|$)")
_SET = re.compile(r"CONFIG_(\w{1,80})=(\S{1,80})|# CONFIG_(\w{1,80}) is not set")
_WANTED = frozenset(
    {
        "KVM",
        "KVM_AMD",
        "KVM_AMD_SEV",
        "KVM_PRIVATE_MEM",
        "KVM_GENERIC_PRIVATE_MEM",
        "KVM_SW_PROTECTED_VM",
        "KVM_GUEST_MEMFD",
        "CRYPTO_DEV_CCP_DD",
        "CRYPTO_DEV_SP_PSP",
        "AMD_IOMMU",
        "IOMMU_DEFAULT_PASSTHROUGH",
    }
)
_WHOLE = (Completeness.WHOLE, Completeness.STRIPPED)


@parser(Evidence("proc/modules", command="cat /proc/modules"), Evidence("cmd/lsmod", command="lsmod"))
def loaded_modules(text: Text) -> LoadedModules:
    """/proc/modules and `lsmod` begin alike: name, size, count of users."""
    names = []
    for line, content in text.numbered():
        found = _MODULE.match(content)
        if found:
            names.append((found.group(1).replace("-", "_"), text.place(line)))
    if not names:
        raise ParseError("lists no module", text.start)
    return LoadedModules(tuple(names), text.complete is Completeness.WHOLE, text.place())


@parser(
    Evidence("boot/config-*", command="cat /boot/config-$(uname -r)", many=True),
    Evidence("usr/lib/modules/*/config", command="cat /usr/lib/modules/$(uname -r)/config", many=True),
    Evidence("lib/modules/*/config", command="cat /lib/modules/$(uname -r)/config", many=True),
)
def kernel_config_file(text: Text) -> KernelConfigFile:
    """A kernel's .config; of its thousands of lines only those that matter are kept.

    Only a file that says CONFIG_X86_64 is taken for whole: what somebody grepped together lacks lines.
    """
    values: list[tuple[str, str, Place]] = []
    is_x86 = is_config = False
    for line, content in text.numbered():
        found = _SET.match(content)
        if found is None:
            continue
        is_config = True
        name, value = found.group(1) or found.group(3), found.group(2) or "n"
        is_x86 = is_x86 or (name == "X86_64" and value == "y")
        if name in _WANTED:
            values.append((name, value, text.place(line)))
    if not is_config:
        raise ParseError("is no kernel configuration", text.start)
    folder, _, file = text.path.rpartition("/")
    release = file.removeprefix("config-") if file != "config" else folder.rsplit("/", 1)[-1]
    whole = is_x86 and text.complete in _WHOLE
    return KernelConfigFile(release, tuple(values), whole, text.place(1))
