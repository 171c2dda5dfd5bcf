"""The next boot will run with other options than this one.

Why    What was tested is what runs now; the boot loader's configuration has an option that breaks it, or lacks one that
       it needs, and nobody will think of it after the next maintenance.
Fix    Correct the boot loader's configuration and regenerate it, or reboot now, while somebody is watching.
Refs   linux: Documentation/admin-guide/kernel-parameters.txt (amd-host 3; snapshots 5.5)
"""

from sevlint.api import CONFIDENTIAL, Fail, Goal, Open, Pass, Remedy, Severity, Subject, Verdict, boot_option, rule
from sevlint.facts.kernel import BootEntry, KernelCmdline, NextBootCmdline, Option, Options

_SEV = ("kvm_amd.sev", "kvm_amd.npt", "kvm_amd.nrips")
_ES = ("kvm_amd.sev_es", "kvm_amd.lbrv", "kvm.mmio_caching")
_OFF = {
    Goal.SEV: _SEV,
    Goal.SEV_ES: (*_SEV, *_ES),
    Goal.SEV_SNP: (*_SEV, *_ES, "kvm_amd.sev_snp"),
    Goal.TDX: ("kvm_intel.tdx",),
}
_SNP_TOKENS = (("iommu", "pt"), ("iommu", "off"), ("amd_iommu", "off"), ("amd_iommu", "pgtbl_v2"), ("sev", "nosnp"))
_NEEDED = {Goal.TDX: "kvm_intel.tdx", Goal.S390_PV: "prot_virt"}
_TEMPLATES = ("grub-default", "kernel-cmdline")
_WHERE = {
    "grub-default": "from the next regeneration of the boot loader's configuration on",
    "kernel-cmdline": "the next boot",
    "grub-cfg": "the next boot",
    "bls": "the next boot",
}


@rule(about=Subject.HOST, severity=Severity.WARNING, goals=CONFIDENTIAL)
def judge(running: KernelCmdline, following: NextBootCmdline, goal: Goal) -> Verdict:
    now = _harm(running.options, goal)
    entries = [one for one in following.entries if one.default or one.kind == "grub-default"]
    for entry in entries:
        harmful = _harm(entry.options, goal)
        gained = next((option for key, option in harmful.items() if key not in now), None)
        if gained is not None:
            because = (
                f"{_WHERE[entry.kind]} will run with `{gained.text}`, which breaks {goal.value}; this one does not"
            )
            if entry.kind == "grub-default":
                because = f"`{gained.text}`, which breaks {goal.value}, holds {_WHERE[entry.kind]}"
            remedy = boot_option.remove(gained.text)
            return Fail(because, (gained.place, running.place), remedy=remedy, value=gained.text)
    lost = _lost(running, entries, goal)
    if lost is not None:
        return lost
    if not any(one.default for one in entries):
        return Open(
            "which entry the boot loader will choose is not known", ("boot/grub2/grubenv", "boot/grub2/grub.cfg")
        )
    if any(one.unresolved for one in entries if one.default):
        names = ", ".join(f"${name}" for one in entries for name in one.unresolved)
        return Open(f"the boot loader's options hold {names}, which was not resolved", ("boot/grub2/grubenv",))
    if not any(one.kind in _TEMPLATES for one in following.entries):
        return Open("what the boot loader's configuration is made from was not collected", ("etc/default/grub",))
    return Pass("the next boot asks for nothing that breaks it", tuple(one.place for one in entries if one.default))


def _harm(options: Options, goal: Goal) -> dict[str, Option]:
    """What breaks a goal, by what it is."""
    found = {name: option for name in _OFF.get(goal, ()) if (option := options.last(name)) and option.is_false}
    if goal is Goal.SEV_SNP:
        for name, token in _SNP_TOKENS:
            option = options.token(name, token)
            if option is not None and not (token == "pt" and _translated(options)):
                found[f"{name}={token}"] = option
        option = options.last("iommu.passthrough")
        if option is not None and option.is_true:
            found["iommu=pt"] = option
    return found


def _translated(options: Options) -> bool:
    """The last of `iommu=pt`, `iommu=nopt` and `iommu.passthrough` decides."""
    wants = False
    for option in options.items:
        tokens = (option.value or "").split(",")
        if option.name == "iommu" and ("pt" in tokens or "nopt" in tokens):
            wants = "nopt" in tokens
        elif option.name == "iommu.passthrough":
            wants = option.is_false
    return wants


def _lost(running: KernelCmdline, entries: list[BootEntry], goal: Goal) -> Fail | None:
    """An option that this boot needs and the next will not have."""
    now: Option | None = None
    if goal is Goal.SEV_SNP:
        now = running.options.token("iommu", "nopt")
    elif goal in _NEEDED:
        option = running.last(_NEEDED[goal])
        now = option if option is not None and option.is_true else None
    if now is None:
        return None
    for entry in entries:
        has = entry.options.token("iommu", "nopt") if goal is Goal.SEV_SNP else entry.options.last(now.name)
        if has is None and entry.default and not entry.unresolved:
            because = f"the next boot will run without `{now.text}`, which {goal.value} needs on this host"
            remedy: Remedy = boot_option.add(now.text)
            return Fail(because, (entry.place, now.place), remedy=remedy, value=now.text)
    return None
