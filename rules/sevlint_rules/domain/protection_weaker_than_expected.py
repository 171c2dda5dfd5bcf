"""The domain asks for less protection than the configuration expects.

Why    It starts and runs, and is not protected as the site demands: another technology, or a policy that allows what is
       to be forbidden.
Fix    Ask for the technology and the policy that `expect` in `.sevlint.yaml` names.
Refs   AMD SEV API 55766, SEV-SNP ABI 56860 section 4.3; libvirt: docs/formatdomain.rst (libvirt-qemu 1.1 sev, 1.3 SEV
       bit 1, 1.3 SEV bit 3, 1.3 SEV bits 16 to 31, 1.3 SNP bits 0 to 15, 1.3 SNP bit 16, 1.3 SNP bit 18, 1.3 SNP bit
       20)

SEV-ES counts as more than SEV, and SEV-SNP as more than both.
"""

from sevlint.api import (
    AMD_SEV,
    CONFIDENTIAL,
    Fail,
    Goal,
    NotApplicable,
    Open,
    Pass,
    Severity,
    Subject,
    Verdict,
    change,
    edit,
    rule,
)
from sevlint.facts.domain import Domain, LaunchSecurity
from sevlint.facts.goals import Expected
from sevlint.facts.policy import FORBIDS, asked_abi, demanded

_DEBUG = "no-debug"


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=CONFIDENTIAL)
def judge(domain: Domain, expected: Expected | None) -> Verdict:
    launch = domain.launch_security
    if expected is None or launch is None or launch.goal is None:
        return NotApplicable("no configuration says what this domain must be, or it asks for nothing known")
    wanted = expected.expectation
    if not _is_enough(launch.goal, wanted.goal):
        because = f"{wanted.by} expects {wanted.goal.value} of it, and it asks for {launch.goal.value}"
        return Fail(because, (launch.type_place,), remedy=edit(f"ask for {wanted.goal.value}"), value=launch.goal.value)
    if launch.policy is None and launch.goal not in (Goal.TDX, Goal.S390_PV):
        return Open("its policy is missing or no hexadecimal number")
    missing = _missing(launch, expected)
    if not missing:
        return Pass("it asks for all that is expected", (launch.policy_place or launch.place,))
    because = f"{wanted.by} expects {', '.join(missing)} of its policy, which is {launch.policy_text or 'not set'}"
    text = demanded(wanted, launch.goal, launch.policy)
    place = launch.policy_place
    put = (change.put(place, text),) if place is not None else ()
    remedy = edit("demand it", f"<policy>{text}</policy>", *put)
    return Fail(because, (place or launch.place,), remedy=remedy, value=",".join(missing))


def _is_enough(goal: Goal, wanted: Goal) -> bool:
    """The three of AMD are one ladder."""
    return goal is wanted or (goal in AMD_SEV and wanted in AMD_SEV and wanted < goal)


def _missing(launch: LaunchSecurity, expected: Expected) -> tuple[str, ...]:
    """What is demanded and not asked for; what a technology's policy has no bit for is not demanded of it.

    That debugging is allowed says policy-allows-debug, whether or not anybody expects otherwise.
    """
    assert launch.goal is not None
    known, wanted = FORBIDS[launch.goal], expected.expectation
    policy = launch.policy or 0
    missing = tuple(
        word for word in wanted.require if word in known and word != _DEBUG and not known[word].holds(policy)
    )
    asked = asked_abi(launch.goal, policy)
    if wanted.min_abi is not None and asked is not None and asked < wanted.min_abi:
        missing += (f"firmware ABI {wanted.min_abi[0]}.{wanted.min_abi[1]} or newer",)
    return missing
