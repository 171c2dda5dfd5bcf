"""The stack on a host: QEMU, libvirt, firmware state."""
