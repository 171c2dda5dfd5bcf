"""The stack on a host: QEMU, libvirt, firmware state, and whether a domain can run."""
