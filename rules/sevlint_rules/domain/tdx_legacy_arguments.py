"""QEMU arguments for a TDX stack of before its inclusion upstream.

Why    The patched stacks were given private memory, firmware and timers by hand. QEMU of upstream makes the private
       memory itself, has no such objects and options any more, and refuses flash for TDX.
Fix    Drop them: `<launchSecurity type='tdx'>`, `<loader type='rom'>` and `<timer name='hpet' present='no'/>` say what
       is needed.
Refs   qemu: docs/system/i386/tdx.rst; intel/tdx-tools: start-qemu.sh; canonical/tdx: guest-tools
       (intel-tdx 7.4 memory-backend-memfd-private, 7.4 private=on, 7.4 fd0, 7.4 -no-hpet, 7.4 -pflash)

An error for `-pflash`, which ends the start. Of objects for the launch qemu-commandline-launch-object speaks.
"""

from sevlint.api import Fail, Goal, NotApplicable, Pass, Severity, Subject, TdxRung, Verdict, edit, rule
from sevlint.facts.domain import Domain
from sevlint.words import few


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals={Goal.TDX}, rung=TdxRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    if domain.goal is not Goal.TDX:
        return NotApplicable("it is no TDX guest of libvirt's")
    found = domain.overrides.old_tdx_arguments()
    if not found:
        return Pass("no argument is of an older TDX stack", (domain.place,))
    names = few([one.text for one in found])
    is_flash = any(one.text.lstrip("-") == "pflash" for one in found)
    return Fail(
        f"QEMU arguments of a TDX stack of before its inclusion upstream: {names}",
        tuple(one.place for one in found),
        edit("drop them"),
        severity=Severity.ERROR if is_flash else Severity.WARNING,
        value=found[0].text,
    )
