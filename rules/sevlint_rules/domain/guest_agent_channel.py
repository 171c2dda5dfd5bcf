"""The QEMU guest agent's channel is there.

Why    Through the agent the host may run commands in the guest, read its files and set its passwords: an agent that
       runs there gives the host what the encryption keeps from it.
Fix    Drop the channel, or forbid the agent's dangerous commands in the guest (`--block-rpcs`).
Refs   qemu: qga/main.c; libvirt: docs/formatdomain.rst, channel (libvirt-qemu 3.2 guest agent, 8 guest-agent-channel)

virt-install adds it by itself, hence a note.
"""

from sevlint.api import X86, Fail, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86)
def judge(domain: Domain) -> Verdict:
    found = [one for one in domain.all("channel") if one.target == "org.qemu.guest_agent.0"]
    if not found:
        return Pass("it has no guest agent's channel", (domain.devices_place or domain.place,))
    because = "through the guest agent the host may run commands in the guest"
    return Fail(because, tuple(one.place for one in found), remedy=edit("drop the channel, or restrict the agent"))
