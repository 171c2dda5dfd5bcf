"""Codes in log lines -> what they mean and what an operator does about them (amd-host 6, 5.1 #18a).

The firmware's numbers never changed. Names printed by tools that were built against the kernel header of about v5.19 to
2024 are wrong from 0x19 on (it put INVALID_KEY, 0x27, in front of INVALID_PAGE_SIZE), so only numbers are decoded. The
kernel prints them in hex, QEMU in decimal: `fw_error=19` is 0x13. A status has 16 bits, and those above 0x3f (0x8003,
0x9000) are of the PSP's mailbox, not of the SEV firmware.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from sevlint.facts.log import Code
from sevlint.numbers import number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


_READ_FIRST = "read the kernel log for the first SEV error; update the BIOS (AGESA) and cold boot if there is none"
_BIOS_HARDWARE = "set SMEE to Enabled (not Auto) in the BIOS, update the BIOS and cold boot"
_KERNEL = "update the kernel and QEMU; cold boot if the host came up by kexec"
_BLOB = "install a newer SEV firmware file (linux-firmware) for this CPU model"

_FIRMWARE: tuple[tuple[int, str, str, str, str], ...] = (
    # code, kernel name, QEMU text, meaning, usual action
    (0x00, "SEV_RET_SUCCESS", "", "no firmware error, the return code tells", ""),
    (
        0x01,
        "SEV_RET_INVALID_PLATFORM_STATE",
        "Platform state is invalid",
        "the command does not fit the state of the platform",
        _READ_FIRST,
    ),
    (
        0x02,
        "SEV_RET_INVALID_GUEST_STATE",
        "Guest state is invalid",
        "the command does not fit the state of the guest",
        "update QEMU: it sent launch or migration commands in the wrong order",
    ),
    (
        0x03,
        "SEV_RET_INVALID_CONFIG",
        "Platform configuration is invalid",
        "the platform configuration is invalid",
        "set SMEE to Enabled (not Auto) and SNP memory coverage to Enabled in the BIOS, on all sockets alike; bring "
        "BIOS and SEV firmware up to date and cold boot",
    ),
    (0x04, "SEV_RET_INVALID_LEN", "Buffer too small", "the buffer is too small, as in every query for a length", ""),
    (
        0x05,
        "SEV_RET_ALREADY_OWNED",
        "Platform is already owned",
        "the platform has an owner already",
        "run `sevctl reset` before importing the owner's certificate",
    ),
    (
        0x06,
        "SEV_RET_INVALID_CERTIFICATE",
        "Certificate is invalid",
        "a certificate is invalid",
        "make the session files or the PEK certificate anew, with the PDH of this host",
    ),
    (
        0x07,
        "SEV_RET_POLICY_FAILURE",
        "Policy is not allowed",
        "the policy does not allow it",
        "make the guest's policy fit the host (firmware version, SMT, debugging), or update the SEV firmware",
    ),
    (0x08, "SEV_RET_INACTIVE", "Guest is not active", "the guest is not active", ""),
    (
        0x09,
        "SEV_RET_INVALID_ADDRESS",
        "Invalid address",
        "an address is misaligned, not owned or outside the RMP",
        "compare the RMP's coverage with the memory; else update the kernel and QEMU",
    ),
    (
        0x0A,
        "SEV_RET_BAD_SIGNATURE",
        "Bad signature",
        "a signature is bad",
        "use the firmware file of this CPU model, or sign the ID block anew",
    ),
    (
        0x0B,
        "SEV_RET_BAD_MEASUREMENT",
        "Bad measurement",
        "a measurement does not match",
        "make the session files or the ID block anew, for this host and this image",
    ),
    (
        0x0C,
        "SEV_RET_ASID_OWNED",
        "ASID is already owned",
        "the ASID is in use already",
        "reboot: the ASID leaked",
    ),
    (
        0x0D,
        "SEV_RET_INVALID_ASID",
        "Invalid ASID",
        "the ASID is out of range for this kind of guest",
        "compare the BIOS's SEV-ES ASID limit with the ranges that the kernel printed; reboot after a change",
    ),
    (
        0x0E,
        "SEV_RET_WBINVD_REQUIRED",
        "WBINVD is required",
        "caches must be flushed first",
        "update the kernel and the SEV firmware",
    ),
    (
        0x0F,
        "SEV_RET_DFFLUSH_REQUIRED",
        "DF_FLUSH is required",
        "the data fabric must be flushed first, which the kernel does by itself",
        "",
    ),
    (0x10, "SEV_RET_INVALID_GUEST", "Guest handle is invalid", "the guest handle is invalid", ""),
    (
        0x11,
        "SEV_RET_INVALID_COMMAND",
        "Invalid command",
        "the firmware does not know the command",
        "update the SEV firmware (BIOS or linux-firmware)",
    ),
    (0x12, "SEV_RET_ACTIVE", "Guest is active", "the guest is active", ""),
    (
        0x13,
        "SEV_RET_HWSEV_RET_PLATFORM",
        "Hardware error",
        "a condition of hardware or BIOS, buffers are safe",
        _BIOS_HARDWARE,
    ),
    (
        0x14,
        "SEV_RET_HWSEV_RET_UNSAFE",
        "Hardware unsafe",
        "a condition of hardware or BIOS, buffers are not safe",
        _BIOS_HARDWARE,
    ),
    (
        0x15,
        "SEV_RET_UNSUPPORTED",
        "Feature not supported",
        "the CPU or its firmware lacks the feature",
        "",
    ),
    (
        0x16,
        "SEV_RET_INVALID_PARAM",
        "Invalid parameter",
        "a parameter is invalid",
        "check the policy's reserved bits and the launch options of QEMU",
    ),
    (
        0x17,
        "SEV_RET_RESOURCE_LIMIT",
        "Required firmware resource depleted",
        "the firmware has no guest context left (this is not the kernel's ASID pool)",
        "stop guests, or update the SEV firmware",
    ),
    (
        0x18,
        "SEV_RET_SECURE_DATA_INVALID",
        "Part-specific integrity check failure",
        "the firmware's persistent data is corrupt",
        "reload the driver, which tries once more; else run `sevctl reset` and provision the owner's certificates anew",
    ),
    (0x19, "SEV_RET_INVALID_PAGE_SIZE", "", "a page size of the RMP is wrong", _KERNEL),
    (0x1A, "SEV_RET_INVALID_PAGE_STATE", "", "a page state of the RMP is wrong", _KERNEL),
    (0x1B, "SEV_RET_INVALID_MDATA_ENTRY", "", "a metadata entry is invalid", ""),
    (0x1C, "SEV_RET_INVALID_PAGE_OWNER", "", "the page belongs to somebody else", ""),
    (
        0x1D,
        "SEV_RET_AEAD_OFLOW",
        "",
        "the guest's message counter is used up",
        "restart the VM: it needs a new key",
    ),
    (0x1F, "SEV_RET_EXIT_RING_BUFFER", "", "the firmware works from its ring buffer", "try again"),
    (
        0x20,
        "SEV_RET_RMP_INIT_REQUIRED",
        "",
        "the RMP must be initialised anew",
        "power the host off and on: a reboot by kexec does not do it",
    ),
    (0x21, "SEV_RET_BAD_SVN", "", "the firmware file is older than what is committed", _BLOB),
    (0x22, "SEV_RET_BAD_VERSION", "", "the firmware file would be a step back", _BLOB),
    (
        0x23,
        "SEV_RET_SHUTDOWN_REQUIRED",
        "",
        "SEV-SNP must be shut down first",
        "reboot, so that the firmware is loaded before SEV-SNP is initialised",
    ),
    (0x24, "SEV_RET_UPDATE_FAILED", "", "the guest context was not updated to the new firmware", ""),
    (0x25, "SEV_RET_RESTORE_REQUIRED", "", "the committed firmware must be installed again", ""),
    (
        0x26,
        "SEV_RET_RMP_INITIALIZATION_FAILED",
        "",
        "the RMP could not be initialised",
        "check the RMP (SNP memory coverage) settings of the BIOS",
    ),
    (0x27, "SEV_RET_INVALID_KEY", "", "a key is invalid, missing or not allowed", ""),
    (0x28, "SEV_RET_SHUTDOWN_INCOMPLETE", "", "the shutdown is not complete", ""),
    (0x30, "SEV_RET_INCORRECT_BUFFER_LENGTH", "", "a buffer length is wrong (SEV-TIO only)", ""),
    (0x31, "SEV_RET_EXPAND_BUFFER_LENGTH_REQUEST", "", "a larger buffer is asked for (SEV-TIO only)", ""),
    (0x32, "SEV_RET_SPDM_REQUEST", "", "an SPDM message is to be sent (SEV-TIO only)", ""),
    (0x33, "SEV_RET_SPDM_ERROR", "", "an SPDM error (SEV-TIO only)", ""),
    (0x35, "ERR_IN_DEV_CONN", "", "the connection to the device has an error (SEV-TIO only)", ""),
    (0x36, "INVALID_DEV_CTX", "", "the device context is invalid (SEV-TIO only)", ""),
    (0x37, "INVALID_TDI_CTX", "", "the context of the device interface is invalid (SEV-TIO only)", ""),
    (0x38, "INVALID_TDI", "", "the device interface is invalid (SEV-TIO only)", ""),
    (0x39, "RECLAIM_REQUIRED", "", "a page must be reclaimed first (SEV-TIO only)", ""),
    (0x3A, "IN_USE", "", "it is in use (SEV-TIO only)", ""),
    (0x3B, "INVALID_DEV_STATE", "", "the state of the device is invalid (SEV-TIO only)", ""),
    (0x3C, "INVALID_TDI_STATE", "", "the state of the device interface is invalid (SEV-TIO only)", ""),
    (0x3D, "DEV_CERT_CHANGED", "", "the certificate of the device changed (SEV-TIO only)", ""),
    (0x3E, "RESYNC_REQ", "", "host and device must be brought in step again (SEV-TIO only)", ""),
    (0x3F, "RESPONSE_TOO_LARGE", "", "the answer is too large (SEV-TIO only)", ""),
)
_LAST = 0x3F
_NO_CALL = 0xFFFFFFFF

_ERRNO: tuple[tuple[int, str, str, str], ...] = (
    (1, "EPERM", "/dev/sev was opened for reading only", "give QEMU read and write access to /dev/sev"),
    (2, "ENOENT", "/dev/sev is not there", "read the kernel log for the first SEV error: the driver is not up"),
    (5, "EIO", "the firmware answered with an error", ""),
    (
        12,
        "ENOMEM",
        "memory could not be pinned",
        "raise the locked-memory limit of the VM (`<memtune><hard_limit>`) or of the QEMU process",
    ),
    (13, "EACCES", "access to /dev/sev is denied", "check owner, mode, SELinux or AppArmor, and the device cgroup"),
    (
        16,
        "EBUSY",
        "all ASIDs of this kind of guest are in use, or the misc cgroup's limit is reached",
        "stop a guest of this kind, or raise the limit of the misc cgroup",
    ),
    (19, "ENODEV", "there is no PSP that answers", "power cycle the host; update the BIOS if it stays so"),
    (
        22,
        "EINVAL",
        "KVM refuses the launch parameters",
        "compare VM type, VMSA features and policy with what kernel and QEMU support",
    ),
    (
        25,
        "ENOTTY",
        "KVM has this technology off, or not a single ASID for it",
        "read the `kvm_amd: SEV` lines of the kernel log: an option or the BIOS's ASID limit keeps it off",
    ),
    (95, "EOPNOTSUPP", "kernel or firmware is too old for this launch", "update the kernel and the SEV firmware"),
    (110, "ETIMEDOUT", "the PSP did not answer in time", "power cycle the host; update BIOS and SEV firmware"),
)

_TERMINATION = {
    (0, 0): "for no special reason",
    (0, 1): "because the host does not speak its range of the GHCB protocol",
    (0, 2): "because the host lacks an SNP feature that it needs",
}
_PAIR = re.compile(r"(?P<set>0x[0-9a-f]{1,16}|\d{1,4}):(?P<code>0x[0-9a-f]{1,16}|\d{1,4})")


@lru_cache(maxsize=1)
def firmware_codes() -> Mapping[int, Code]:
    """Every code of the SEV firmware, and the kernel's marker that the firmware was never called."""
    found = {code: Code(f"{code:#x}", name, meaning, action, qemu) for code, name, qemu, meaning, action in _FIRMWARE}
    why = "the firmware was never called: the kernel failed before"
    return {**found, _NO_CALL: Code("-1", "SEV_RET_NO_FW_CALL", why)}


def sev_firmware(text: str) -> Code | None:
    """A status of the SEV firmware, in the kernel's hex or QEMU's decimal; None for what is no status."""
    value = _NO_CALL if text.strip() == "-1" else number(text)
    if value is None:
        return None
    code = firmware_codes().get(value)
    if code is None and value <= _LAST:
        return Code(f"{value:#x}", "", "a code that no public table has")
    if code is None and value <= 0xFFFF:
        meaning = "a status of the PSP's mailbox, no SEV firmware code: the firmware is absent, not ready or refused"
        action = "update the BIOS (AGESA) and check that SEV is enabled in it; Linux cannot mend this"
        return Code(f"{value:#x}", "", meaning, action)
    return code


@lru_cache(maxsize=1)
def errno_codes() -> Mapping[int, Code]:
    """What errors of Linux mean in a launch."""
    return {value: Code(f"-{value}", name, meaning, action) for value, name, meaning, action in _ERRNO}


def sev_errno(text: str) -> Code | None:
    """QEMU's `ret=`; some versions print a constant 1, which is none."""
    value = number(text[1:]) if text.startswith("-") else None
    return None if value is None else errno_codes().get(value)


def ghcb_termination(text: str) -> Code | None:
    """Why a guest ended itself, from `set:code`."""
    found = _PAIR.fullmatch(text)
    if found is None:
        return None
    reasons, code = number(found["set"]), number(found["code"])
    if reasons == 1:
        return Code(text, "", "for a reason of its Linux kernel")
    meaning = _TERMINATION.get((reasons or 0, code or 0)) if reasons == 0 else None
    return Code(text, "", meaning or "for a reason of its own")


DECODERS: Mapping[str, Callable[[str], Code | None]] = {
    "sev-firmware": sev_firmware,
    "sev-errno": sev_errno,
    "ghcb-termination": ghcb_termination,
}
"""What a card's `decode` may name."""


def facts_of(table: str) -> str:
    """The facts on which a table stands, row by row, as a page would cite them."""
    rows: list[str] = []
    if table == "sev-firmware":
        rows = [*(f"{code:#04x}" for code in firmware_codes()), "0x8003", "header names", "mask of 16 bits"]
    elif table == "sev-errno":
        rows = [code.name for code in errno_codes().values()]
    return f"(amd-host 6 {', '.join(rows)})" if rows else ""
