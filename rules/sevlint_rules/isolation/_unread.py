"""What a rule says where a configuration of libvirt was not collected."""

from sevlint.api import Gap, NotApplicable, Open, Verdict


def unread(gap: Gap, file: str) -> Verdict:
    """A host without the file has libvirt's defaults, and most collections lack it: only damage is worth a word."""
    if gap.is_damage:
        return Open(f"{file} could not be read", gap.wanted)
    return NotApplicable(f"no {file} was found")
