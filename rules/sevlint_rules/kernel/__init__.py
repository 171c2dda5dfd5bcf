"""Does this boot allow it, and will the next? Options, parameters, versions of kernel, QEMU and libvirt."""
