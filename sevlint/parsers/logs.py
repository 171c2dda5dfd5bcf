"""Logs are evidence without a parser: the scanner reads them as they pass (architecture 8)."""

from sevlint.model import Evidence

LOGS = (
    Evidence("cmd/dmesg", command="dmesg", root=True, log="kernel"),
    Evidence("var/log/dmesg", command="cat /var/log/dmesg", log="kernel"),
    Evidence("cmd/journal-boot", command="journalctl --no-pager --dmesg --boot", root=True, log="kernel"),
    Evidence("var/log/kern.log", command="cat /var/log/kern.log", root=True, log="kernel"),
    Evidence("var/log/messages", command="cat /var/log/messages", root=True, log="kernel"),
    Evidence("var/log/syslog", command="cat /var/log/syslog", root=True, log="kernel"),
    Evidence("var/log/audit/audit.log", command="cat /var/log/audit/audit.log", root=True, log="audit"),
    Evidence("var/log/audit/audit.log.*", root=True, many=True, log="audit"),
    Evidence(
        "var/log/libvirt/qemu/{domain}.log",
        command="cat /var/log/libvirt/qemu/DOMAIN.log",
        root=True,
        many=True,
        log="qemu",
    ),
)
"""A module of parsers that has such a tuple brings logs of its own."""
