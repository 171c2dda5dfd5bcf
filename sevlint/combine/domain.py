"""What a domain is meant to be (architecture 2)."""

from __future__ import annotations

from sevlint.facts.domain import Domain, DomainXml, RunningDomain, RunningGoal, UnclearXml
from sevlint.facts.goals import DomainGoalSigns, GoalSign
from sevlint.facts.log import QemuLog
from sevlint.model import Gap, Goal
from sevlint.rule import combiner

_OBJECTS = {
    "sev-guest": Goal.SEV,
    "sev-snp-guest": Goal.SEV_SNP,
    "tdx-guest": Goal.TDX,
    "s390-pv-guest": Goal.S390_PV,
}
_ES = 1 << 2


@combiner
def running_goal(running: RunningDomain | None) -> RunningGoal:
    """Of the configuration that runs alone: one at rest that cannot be read takes nothing away from it."""
    launch = running.launch_security if running is not None and running.running else None
    return RunningGoal(launch.goal if launch is not None else None)


@combiner
def domain_goal_signs(domain: Domain | Gap, xml: DomainXml | Gap, log: QemuLog | None) -> DomainGoalSigns:
    """launchSecurity or an object passed by hand, what looks like it and is not, the object of the newest start.

    A file that does not parse and speaks of protection is unclear, wherever it was found.
    """
    signs = []
    launch = domain.launch_security if isinstance(domain, Domain) else None
    if launch is not None and launch.type != "cca":  # Arm CCA is recognised, and outside today's rules
        signs.append(GoalSign(launch.goal, launch.place))
    if launch is None and isinstance(domain, Domain):
        by_hand = domain.overrides.launch_arguments()
        signs += [GoalSign(_OBJECTS[one.text], one.place) for one in by_hand if one.text in _OBJECTS]
    if isinstance(xml, DomainXml):
        signs += [GoalSign(None, place) for tag, _, place in xml.launch_elements if tag != "launchSecurity"]
    elif isinstance(xml, UnclearXml) and xml.place is not None:
        signs.append(GoalSign(None, xml.place))
    line = log.last("qemu-launch-object") if log is not None else None
    if line is not None and line.get("type") in _OBJECTS:
        goal = _OBJECTS[line.get("type")]
        if goal is Goal.SEV and line.number("policy") & _ES:
            goal = Goal.SEV_ES
        if launch is None or launch.goal is None:
            signs.append(GoalSign(goal, line.place))
    return DomainGoalSigns(tuple(signs))
