"""The first upstream version of each component that can do each technology (amd-host 1.4; libvirt-qemu 7)."""

from __future__ import annotations

from sevlint.model import Goal

KERNEL: dict[Goal, tuple[int, int]] = {
    Goal.SEV: (4, 16),
    Goal.SEV_ES: (5, 11),
    Goal.SEV_SNP: (6, 11),
    Goal.TDX: (6, 16),
}
GUEST_KERNEL: dict[Goal, tuple[int, int]] = {Goal.SEV: (4, 16), Goal.SEV_ES: (5, 11), Goal.SEV_SNP: (5, 19)}
QEMU: dict[Goal, tuple[int, ...]] = {
    Goal.SEV: (2, 12),
    Goal.SEV_ES: (6, 0),
    Goal.SEV_SNP: (9, 1),
    Goal.TDX: (10, 1),
    Goal.S390_PV: (6, 0),
}
LIBVIRT: dict[Goal, tuple[int, ...]] = {
    Goal.SEV: (4, 5),
    Goal.SEV_ES: (4, 5),
    Goal.SEV_SNP: (10, 5),
    Goal.TDX: (11, 6),
    Goal.S390_PV: (7, 6),
}
OVMF: dict[Goal, tuple[int, int]] = {Goal.SEV_ES: (2021, 2), Goal.SEV_SNP: (2024, 5)}
"""Year and month of the edk2 release: edk2-stable202102, edk2-stable202405."""
QEMU_CONFIDENTIAL_DEFAULTS = (6, 0)
"""From here on QEMU gives a confidential guest's virtio devices the IOMMU feature by itself (libvirt-qemu 3.1)."""
LIBVIRT_DEMANDS_NEW_QEMU = (11, 2)
"""From here on libvirt runs QEMU 6.2 and newer only (libvirt-qemu 7)."""
QEMU_VFIO_PRIVATE_MEMORY = (10, 1)
"""From here on QEMU can assign devices to guests with private memory (libvirt-qemu 7)."""

LIBVIRT_KNOWS: dict[str, tuple[int, ...]] = {
    "firmware='efi'": (5, 2),
    "virtio-non-transitional": (5, 2),
    "stateless firmware": (8, 6),
    "qcow2 firmware": (9, 2),
    "shim": (11, 2),
    "an amd IOMMU": (11, 5),
}
"""Settings of a domain that older ones do not know (libvirt-qemu 7)."""
QEMU_KNOWS: dict[str, tuple[int, ...]] = {
    "EPYC-Milan": (6, 0),
    "EPYC-Genoa": (8, 1),
    "EPYC-Turin": (10, 1),
}
LIBVIRT_STATELESS_MUST_BE_ASKED = ((10, 5), (11, 8))
"""From the first of SEV-SNP until the second libvirt chose no stateless flash by itself (libvirt-qemu 2.3)."""
LIBVIRT_FILLS_C_BIT = (6, 9)
"""From here on cbitpos and reducedPhysBits are filled in at start, and may be left out (libvirt-qemu 1.2)."""
KERNEL_HASHES_LIBVIRT, KERNEL_HASHES_QEMU = (8, 0), (6, 2)
"""Before, libvirt ignores kernelHashes, and QEMU has nothing to ask for (libvirt-qemu 1.2 kernelHashes)."""
SNP_POLICY_FREE = (6, 17)
"""Kernels before refuse a SEV-SNP policy without SMT, or for a single socket (libvirt-qemu 1.3)."""
SNP_POLICY_FEATURES_REFUSED = (6, 18)
"""Kernels before surely refuse SEV-SNP policy bits 21 to 25 (libvirt-qemu 1.3) ..."""
SNP_POLICY_FEATURES = (6, 19)
"""... which are expected to be accepted from here on."""

SNP_KEXEC_FIRMWARE = (1, 53)
"""The API of the SEV firmware from which on kexec, and so kdump, works with SEV-SNP on (amd-host 3, 8.1)."""


def text(version: tuple[int, ...]) -> str:
    """ "9.1" """
    return ".".join(map(str, version))
