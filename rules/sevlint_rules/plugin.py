"""The shipped packs, through the door that every plugin uses."""

from sevlint.api import Pack, Subject, hookimpl

_HOST = frozenset({Subject.HOST})


@hookimpl
def register_rules() -> list[Pack]:
    """Each pack with the subjects that its rules judge."""
    return [
        Pack("sevlint_rules.platform", _HOST),
        Pack("sevlint_rules.kernel", _HOST),
        Pack("sevlint_rules.device", _HOST),
        Pack("sevlint_rules.placement", _HOST),
        Pack("sevlint_rules.isolation", _HOST),
        Pack("sevlint_rules.domain", frozenset({Subject.DOMAIN})),
        Pack("sevlint_rules.guest", frozenset({Subject.GUEST})),
        Pack("sevlint_rules.logs", frozenset(Subject), cards=True),
    ]
