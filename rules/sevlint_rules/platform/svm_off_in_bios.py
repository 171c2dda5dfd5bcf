"""Virtualization (SVM) is off in the BIOS.

Why    Without SVM KVM runs no guest at all, protected or not. Every EPYC has it, so a missing `svm` flag is a setting.
Fix    Set SVM Mode to Enabled in the BIOS setup and cold boot.
Refs   AMDESE/AMDSEV README (amd-host 2 SVM Mode); virtee/snphost src/ok.rs (peer-checks 1 #19); libvirt:
       tools/virt-host-validate-common.c (peer-checks 4 #1); kata-containers/kata-containers (peer-checks 9 #1)

A kernel may keep the flag when the BIOS has SVM off. KVM's own line is then all there is; its exact text is not
sourced, so it gives a warning of low confidence only.
"""

from sevlint.api import (
    AMD_SEV,
    AmdRung,
    Confidence,
    Fail,
    NotApplicable,
    Open,
    Pass,
    Severity,
    Subject,
    Verdict,
    bios,
    rule,
)
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import ModuleParameters
from sevlint.facts.log import KernelLog


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.CPU)
def judge(cpu: Cpuinfo, log: KernelLog | None, parameters: ModuleParameters | None) -> Verdict:
    if not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    line = log.last("svm-disabled-by-bios") if log is not None else None
    remedy = bios("SVM Mode", "Enabled")
    if "svm" in cpu.flags:
        if line is not None:
            because = "KVM says that SVM is disabled by the BIOS"
            return Fail(because, (line.place,), remedy, severity=Severity.WARNING, confidence=Confidence.LOW)
        if (parameters is not None and parameters.has("kvm_amd")) or (log is not None and log.whole):
            return Pass("cpuinfo shows `svm`, and KVM does not complain", (cpu.flags_place,))
        return Open("cpuinfo shows `svm`, which a BIOS that has it off may leave there", ("cmd/dmesg",))
    if not cpu.is_epyc:
        return Open("cpuinfo shows no `svm`, and the CPU is no EPYC")
    because = "SVM is off in the BIOS: cpuinfo lacks `svm`, which every EPYC has"
    seen = (cpu.flags_place, line.place) if line is not None else (cpu.flags_place,)
    return Fail(because, seen, remedy=remedy, confidence=None if line is not None else Confidence.MEDIUM)
