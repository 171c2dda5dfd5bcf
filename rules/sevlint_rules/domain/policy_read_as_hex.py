"""A launch policy in decimal digits, which libvirt reads as hexadecimal.

Why    libvirt reads a policy in base 16 always: 196608, which is 0x30000 in decimal, is 0x196608 to it. That is
       another policy: one that does not start, or lets the host read the guest's memory.
Fix    Write the policy in hexadecimal with `0x` before it.
Refs   libvirt: src/conf/domain_conf.c (libvirt-qemu 1.2 base 16, 8 policy-decimal-suspect)

An error where only the decimal number makes sense; a note where nobody can tell which was meant. What the bits of the
misread number do is said here and by no other rule. In QEMU's log the same policy stands in decimal.
"""

from sevlint.api import X86, AmdRung, Fail, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=X86, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    launch = domain.launch_security
    if launch is None or launch.goal not in X86 or launch.policy is None or launch.policy_place is None:
        return NotApplicable("it has no policy to read")
    place, text = launch.policy_place, launch.policy_text
    if not text.isdecimal() or int(text) == launch.policy:
        return Pass("its policy can be read in one way only", (place,))
    meant = launch.decimal_policy
    if meant is not None:
        because = f"its policy {text} is 0x{launch.policy:x} to libvirt, which does not start, or shows its memory"
        put = change.put(place, f"0x{meant:04x}")
        remedy = edit("write it in hexadecimal", f"<policy>0x{meant:04x}</policy>", put)
        return Fail(because, (place,), remedy, value=text)
    if not launch.is_policy_sane:
        return NotApplicable("neither way to read its policy makes sense: the rules of its bits say why")
    # not safe: nobody could see afterwards that a decimal number may have been meant
    remedy = edit("put 0x before it", f"<policy>0x{text}</policy>", change.put(place, f"0x{text}"))
    because = f"its policy {text} is 0x{launch.policy:x} to libvirt, which reads it in base 16"
    return Fail(because, (place,), remedy, severity=Severity.NOTE, value=text)
