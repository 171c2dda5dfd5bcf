"""The words that everyone in the house speaks.

Plain frozen values; nothing here reads, judges or shows. msgspec Structs are used because their classes cost
0.01 ms at import where dataclasses cost 0.35 ms, and a commit hook pays for every class it imports.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field, structs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


# --- subjects and goals -------------------------------------------------------------------------------------------


class Subject(Enum):
    """What a rule judges. Subjects nest: a host holds domains, a guest runs in a domain."""

    HOST = "host"
    DOMAIN = "domain"
    GUEST = "guest"


class Level(Enum):
    """Where a fact is true. `MACHINE` is what hosts and guests both have: command line, kernel log, cpuinfo."""

    HOST = "host"
    DOMAIN = "domain"
    GUEST = "guest"
    MACHINE = "machine"


class View(Enum):
    """Which configuration of a domain: they may differ, and each is judged."""

    AT_REST = "at rest"
    LIVE = "live"
    RUNNING = "running"


class Goal(Enum):
    """A technology that a subject is meant to use."""

    SEV = "sev"
    SEV_ES = "sev-es"
    SEV_SNP = "sev-snp"
    TDX = "tdx"
    S390_PV = "s390-pv"

    def __lt__(self, other: Goal) -> bool:
        return _GOAL_ORDER[self] < _GOAL_ORDER[other]


_GOAL_ORDER = {goal: position for position, goal in enumerate(Goal)}

AMD_SEV = frozenset({Goal.SEV, Goal.SEV_ES, Goal.SEV_SNP})
ENCRYPTED_STATE = frozenset({Goal.SEV_ES, Goal.SEV_SNP})
PRIVATE_MEMORY = frozenset({Goal.SEV_SNP, Goal.TDX})
X86 = AMD_SEV | {Goal.TDX}
CONFIDENTIAL = frozenset(Goal)


class Structure(Enum):
    """`goals=STRUCTURE`: the Fail is raised when any goal is wanted, or when what is wanted is unclear."""

    STRUCTURE = "structure"


STRUCTURE = Structure.STRUCTURE


class AmdRung(IntEnum):
    """The AMD ladder (amd-host 0, 2): the first broken rung is the cause of the trouble above it."""

    CPU = 10
    SMEE = 20
    ASID_SPLIT = 30
    RMP = 40
    SNP_SUPPORT = 50
    IOMMU = 60
    KERNEL_OPTIONS = 70
    PSP_FIRMWARE = 80
    KVM = 90
    DEVICE = 100
    STACK = 110
    DOMAIN = 120
    LAUNCH = 130
    GUEST = 140


class TdxRung(IntEnum):
    """The TDX ladder (intel-tdx 0). The rungs above the host have the numbers of the AMD ladder."""

    CPU = 10
    TME = 20
    TME_MT = 30
    KEYIDS = 40
    KERNEL_OPTIONS = 50
    KVM_ASKED = 60
    SEAM_LOADED = 70
    SEAM_INITIALISED = 80
    KVM = 90
    STACK = 110
    DOMAIN = 120
    LAUNCH = 130
    GUEST = 140


Rung = AmdRung | TdxRung


def rungs_of(rung: Rung | Mapping[Goal, Rung] | str | None, goals: Iterable[Goal]) -> tuple[tuple[Goal, int], ...]:
    """On which rung of each goal's own ladder something stands; ladders are never compared with each other.

    A rung is found on the other ladder by its name: `AmdRung.STACK` is `TdxRung.STACK` for a rule that serves TDX too,
    and `AmdRung.RMP` is none. A text is a name in kebab case, as cards have it. Raises KeyError for an unknown one.
    """
    if rung is None or rung == "":
        return ()
    if not isinstance(rung, (str, AmdRung, TdxRung)):
        return tuple((goal, int(rung[goal])) for goal in in_order(rung))
    name = rung.upper().replace("-", "_") if isinstance(rung, str) else rung.name
    if name not in AmdRung.__members__ and name not in TdxRung.__members__:
        raise KeyError(name)
    found = []
    for goal in in_order(goals):
        ladder = TdxRung.__members__ if goal is Goal.TDX else AmdRung.__members__
        if name in ladder:
            found.append((goal, int(ladder[name])))
    return tuple(found)


class Severity(Enum):
    """`error`: will not start, or runs unprotected. `warning`: weak, fragile, or breaks at the next boot. `note`."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for error, 1 for warning, 2 for note: sorts the worst first."""
        return _SEVERITY_RANK[self]


_SEVERITY_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


class Confidence(Enum):
    """How sure a Fail is that it is true, apart from how bad it would be."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for high, 1 for medium, 2 for low."""
        return _CONFIDENCE_RANK[self]


_CONFIDENCE_RANK = {Confidence.HIGH: 0, Confidence.MEDIUM: 1, Confidence.LOW: 2}


# --- evidence and what is missing of it ---------------------------------------------------------------------------


class Evidence(Struct, frozen=True):
    """One piece of evidence, declared once by whoever reads it.

    `name` is canonical: the path on a live root without the leading slash, or `cmd/<name>` for a command's output.
    `*` in it stands for one path component's part (then `many` is true and each match is one reading);
    `{domain}` stands for a domain's name. `command` produces it on a live host. `log` evidence is streamed through
    the scanner and never kept. `listing` evidence is about existence, mode and owner; its content is not read.
    """

    name: str
    command: str = ""
    root: bool = False
    secret: bool = False
    many: bool = False
    log: str = ""
    listing: bool = False


class Completeness(Enum):
    """Whether a file is all there."""

    WHOLE = "whole"
    TAIL_ONLY = "only its tail was collected"
    FILTERED = "only lines with certain words were collected"
    STRIPPED = "comments were stripped"
    TIMED_OUT = "the command did not finish"
    DAMAGED = "damaged"
    UNREADABLE = "could not be read"

    @property
    def is_damage(self) -> bool:
        """True where a value that is missing from the file may only have been cut off (not so for logs)."""
        return self in (Completeness.TAIL_ONLY, Completeness.TIMED_OUT, Completeness.DAMAGED, Completeness.UNREADABLE)


class GapReason(Enum):
    """Why a fact could not be had."""

    ABSENT = "was not collected"
    UNREADABLE = "could not be read"
    DAMAGED = "is damaged"
    TIMED_OUT = "did not finish"
    TAIL_ONLY = "is only a tail"
    UNDECIDED = "does not decide it"
    NO_SUBJECT = "is not there"
    NOT_RUNNING = "is not running"
    FAULT = "could not be worked out (a fault of sevlint)"


_DAMAGE = frozenset(
    {GapReason.UNREADABLE, GapReason.DAMAGED, GapReason.TIMED_OUT, GapReason.TAIL_ONLY, GapReason.FAULT}
)


class Gap(Struct, frozen=True):
    """What takes the place of a fact that could not be had. `wanted` holds canonical evidence names."""

    wanted: tuple[str, ...]
    reason: GapReason
    detail: str = ""
    place: Place | None = None

    @property
    def is_damage(self) -> bool:
        """True where something is there and could not be read whole; plain absence is no damage."""
        return self.reason in _DAMAGE


# --- places -------------------------------------------------------------------------------------------------------


class Place(Struct, frozen=True):
    """Where something was read, cheap to make; it becomes a Span only for outcomes that are shown.

    `source` is the number of the input PATH, `path` is the file as the user has it, below the snapshot's top.
    Either `line`/`column`/`end_column` (1-based, code points, end exclusive), or `element` (0-based number of the XML
    element in document order) with `part`: "" for its start tag, "#text" for its text, "#comment3" for the file's third
    comment (`element` is the one it stands in, the root for one that stands in none), else an attribute's name.
    `text` is the whole line where the file is not kept (logs). `note` says what cannot be quoted ("mode 0666").
    """

    path: str
    line: int | None = None
    column: int | None = None
    end_column: int | None = None
    element: int | None = None
    part: str = ""
    text: str | None = None
    note: str = ""
    source: int = 0

    def at(self, part: str) -> Place:
        """The attribute of this name (or "#text") at the same XML element; any other place is as exact as it gets."""
        return structs.replace(self, part=part) if self.element is not None else self


class Span(Struct, frozen=True):
    """A Place worked out for showing: masked and escaped.

    `line` to `end_column` are the file's own: 1-based, code points, `end_column` exclusive. `column16` and
    `end_column16` are the same columns in UTF-16 code units; without a line, they are those of the file's first line.
    """

    path: str
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    snippet: str = ""
    """The line, or what is near the place in a long one (`cut`)."""
    note: str = ""
    xpath: str = ""
    source: int = 0
    column16: int | None = None
    end_column16: int | None = None
    start: int = 0
    """Where the place begins in `snippet`: 0-based, code points."""
    end: int = 0
    """Behind the place in `snippet`; equal to `start` where nothing is to be marked."""
    text: str = ""
    """The place's own text, also of several lines; "" where it is too long to be shown."""
    cut: bool = False
    uri: str = ""
    """`path` as a URI reference, of the bytes it has and not of what is shown."""
    line_hash: str = ""
    """`primaryLocationLineHash` of code scanning, where the file is at hand and a format asked for it."""


# --- suppressions -------------------------------------------------------------------------------------------------


class Comment(Struct, frozen=True):
    """A comment of an XML file. `text` is what stands between `<!--` and `-->`."""

    number: int
    """1-based, of all comments of the file."""
    inside: int
    """The element it stands in; 0, the root, for one that stands in none."""
    first: int
    """The element it is about, and in `last` the last one inside that: the one it stands in, if it stands before all
    that is in there or behind it, else the one that follows it. -1 for one behind the root."""
    last: int
    at_top: bool
    """Before the root element, or the first inside it."""
    text: str


class Suppression(Struct, frozen=True):
    """What somebody does not want to be told, as it is written: by a comment, or by an entry of a configuration."""

    place: Place
    rules: tuple[str, ...] = ()
    reason: str = ""
    until: str = ""
    """The last day that it holds, as YYYY-MM-DD; "" for ever."""
    wrong: str = ""
    """Why it is not understood: it then hides nothing."""
    elements: tuple[int, int] | None = None
    """A comment's: the first and the last element that it is about; None for the whole file."""
    text: str = ""
    """The comment's own text."""
    external: bool = False
    """It is an entry of a configuration: `host`, `domain` and `path` are globs, "" for any."""
    host: str = ""
    domain: str = ""
    path: str = ""


class Suppressed(Struct, frozen=True):
    """How a finding was suppressed, ready to be shown. `kind` as SARIF has it."""

    kind: Literal["inSource", "external"]
    justification: str
    until: str = ""
    span: Span | None = None
    """Where the comment is."""


# --- remedies -----------------------------------------------------------------------------------------------------


class Needs(Enum):
    """What a remedy costs before it holds."""

    NONE = "nothing more"
    RELOAD = "a module or service reload"
    VM_RESTART = "a restart of the VM"
    REBOOT = "a reboot"
    COLD_BOOT = "a cold boot"
    BIOS = "a visit to the BIOS setup"


class BootOption(Struct, frozen=True, tag=True):
    """Kernel command line options to remove from and add to the boot configuration."""

    remove: tuple[str, ...] = ()
    add: tuple[str, ...] = ()


class BiosSetting(Struct, frozen=True, tag=True):
    """A firmware setup switch, by function: vendors label it differently."""

    function: str
    value: str


class Upgrade(Struct, frozen=True, tag=True):
    """A component that must be at least of some version."""

    component: str
    to: str


class Change(Struct, frozen=True):
    """One change of a configuration at a place; its dialect knows how to write it.

    `put` writes `text` there: an attribute's value (added where it is not there), an element's text, a comment's text
    (what stands between its marks), or with a place that is a whole element a fragment instead of it. `drop` takes the
    attribute, comment or element away, at an element's text the element. `add` puts a fragment into the element, behind
    its children. `rename` gives the attribute or element the name `text`.
    """

    op: Literal["put", "drop", "add", "rename"]
    place: Place
    text: str = ""


class Edit(Struct, frozen=True, tag=True):
    """A change to the domain XML, shown as the fragment that should stand there ("" to delete).

    `changes` do it, all of them or none; without any it is for people to do. `safe`: nothing that the domain was meant
    to do is lost, and there is no choice to make.
    """

    fragment: str
    changes: tuple[Change, ...] = ()
    safe: bool = False


class Command(Struct, frozen=True, tag=True):
    """Commands to run on the host, one per line."""

    lines: tuple[str, ...]


Action = BootOption | BiosSetting | Upgrade | Edit | Command


class Remedy(Struct, frozen=True):
    """How to mend it, as data; the engine words it for the distribution at hand."""

    text: str
    action: Action | None = None
    needs: Needs = Needs.NONE
    risk: str = ""


class Replacement(Struct, frozen=True):
    """What takes the place of a region of a file: an empty region inserts, an empty text deletes."""

    span: Span
    text: str


class Fix(Struct, frozen=True):
    """A worded Remedy. `commands` can be pasted; `fragment` is XML to put in place.

    `safe`: `--fix` does it, where the file may be changed; `replacements` is what it does, where a format asked for it.
    """

    text: str
    commands: tuple[str, ...] = ()
    fragment: str = ""
    needs: Needs = Needs.NONE
    risk: str = ""
    safe: bool = False
    replacements: tuple[Replacement, ...] = ()


class boot_option:  # noqa: N801 - reads as a phrase in rules: boot_option.remove(option)
    """Remedies that change the kernel command line of the next boot."""

    @staticmethod
    def remove(*options: str) -> Remedy:
        """Remove these options, spelled as they stand on the command line."""
        once = tuple(dict.fromkeys(options))
        words = ", ".join(f"`{option}`" for option in once)
        return Remedy(f"remove {words} from the kernel command line", BootOption(remove=once), Needs.REBOOT)

    @staticmethod
    def add(*options: str) -> Remedy:
        """Add these options."""
        words = ", ".join(f"`{option}`" for option in options)
        return Remedy(f"add {words} to the kernel command line", BootOption(add=options), Needs.REBOOT)

    @staticmethod
    def replace(old: str, new: str) -> Remedy:
        """Put one option in the place of another."""
        text = f"replace `{old}` by `{new}` on the kernel command line"
        return Remedy(text, BootOption(remove=(old,), add=(new,)), Needs.REBOOT)

    @staticmethod
    def put(old: str, new: str) -> Remedy:
        """Put an option in the place of one that may be there; "" where none is."""
        return boot_option.replace(old, new) if old else boot_option.add(new)


def bios(function: str, value: str) -> Remedy:
    """Set a firmware setup switch, named by its function."""
    return Remedy(f"set {function} to {value} in the BIOS setup", BiosSetting(function, value), Needs.BIOS)


def upgrade(component: str, to: str, needs: Needs = Needs.REBOOT) -> Remedy:
    """Bring a component to at least this version."""
    return Remedy(f"upgrade {component} to {to} or newer", Upgrade(component, to), needs)


def edit(
    text: str, fragment: str = "", *changes: Change, safe: bool = False, needs: Needs = Needs.VM_RESTART
) -> Remedy:
    """Change the domain XML; the change holds from the VM's next start, or at once (a comment)."""
    return Remedy(text, Edit(fragment, changes, safe), needs)


class change:  # noqa: N801 - reads as a phrase in rules: change.put(place, "q35")
    """What an edit does, at the places that a fact names."""

    @staticmethod
    def put(place: Place, text: str) -> Change:
        """Write this text or attribute value there; instead of a whole element, this fragment."""
        return Change("put", place, text)

    @staticmethod
    def drop(place: Place) -> Change:
        """Take the attribute, comment or element away."""
        return Change("drop", place)

    @staticmethod
    def add(place: Place, fragment: str) -> Change:
        """Put a fragment into this element, behind its children."""
        return Change("add", place, fragment)

    @staticmethod
    def rename(place: Place, name: str) -> Change:
        """Give the attribute or element this name."""
        return Change("rename", place, name)


# --- verdicts -----------------------------------------------------------------------------------------------------


class Figure(Struct, frozen=True):
    """A number worth keeping beside a verdict: `used` of `of`, in `unit`."""

    name: str
    used: float
    of: float
    unit: str = ""


class Pass(Struct, frozen=True):
    """The rule holds, and this is what proves it."""

    because: str
    seen: tuple[Place, ...]
    figures: tuple[Figure, ...] = ()

    def __post_init__(self) -> None:
        if not self.seen:
            raise ValueError("a Pass needs the place that proves it")


class Fail(Struct, frozen=True):
    """The rule is broken. `because` is the headline: what is wrong, exact, without a full stop.

    `severity` and `confidence` may lower what the rule says, never raise it. `value` is the offending value in a
    normal form, for baselines and fingerprints.
    """

    because: str
    seen: tuple[Place, ...]
    remedy: Remedy | None = None
    severity: Severity | None = None
    confidence: Confidence | None = None
    figures: tuple[Figure, ...] = ()
    value: str = ""
    card: str = ""
    """For a catalogue rule: the id of the log card that hit, which is then the finding's rule id."""

    def __post_init__(self) -> None:
        if not self.seen:
            raise ValueError("a Fail needs the place that proves it")


class Open(Struct, frozen=True):
    """It cannot be decided; `wanted` (canonical evidence names) would decide it, the engine adds what it knows."""

    because: str
    wanted: tuple[str, ...] = ()


class NotApplicable(Struct, frozen=True):
    """The rule has nothing to say about this subject."""

    because: str


Verdict = Pass | Fail | Open | NotApplicable


# --- rules as the outside sees them -------------------------------------------------------------------------------


class RuleInfo(Struct, frozen=True):
    """What is known of a rule without running it. The texts come from its page (the docstring).

    `severity` is the highest the rule can give; `severities` the mapping by goal where it differs.
    `card` tells a log card of a catalogue from a rule.
    """

    id: str
    pack: str
    title: str
    about: Subject
    severity: Severity
    goals: tuple[Goal, ...]
    why: str = ""
    fix: str = ""
    refs: tuple[str, ...] = ()
    page: str = ""
    severities: tuple[tuple[Goal, Severity], ...] = ()
    structure: bool = False
    rungs: tuple[tuple[Goal, int], ...] = ()
    """On which rung of each goal's ladder it stands."""
    symptom: bool = False
    because_of: tuple[str, ...] = ()
    confidence: Confidence = Confidence.HIGH
    card: bool = False
    distribution: str = "sevlint"
    file: str = ""
    """The file that declares it, below its pack's folder."""


# --- the report ---------------------------------------------------------------------------------------------------


class Finding(Struct, frozen=True):
    """A raised Fail, ready to be shown: masked, escaped, with spans. `key` is unique in the report."""

    key: str
    rule: str
    severity: Severity
    confidence: Confidence
    message: str
    spans: tuple[Span, ...]
    subject: Subject
    host: str = ""
    domain: str = ""
    guest: str = ""
    views: tuple[View, ...] = ()
    goals: tuple[Goal, ...] = ()
    why: str = ""
    fix: Fix | None = None
    figures: tuple[Figure, ...] = ()
    value: str = ""
    cause: str = ""
    """`key` of the finding that explains this one; "" for a cause."""
    explains: tuple[str, ...] = ()
    """Keys of the findings that fold under this one."""
    lent_cause: tuple[str, ...] = ()
    """Where the cause lies on a host that was only lent (`--host`): "rule-id: headline (path:line)"."""
    outside: str = ""
    """For findings outside any host: the file's own name for the subject, such as `vms.xml#2`."""
    suppressed: Suppressed | None = None
    """Set for those in `Report.suppressed`."""


class Undecided(Struct, frozen=True):
    """A rule that could not decide about a subject, or passed or did not apply (for `--show` and SARIF kinds)."""

    rule: str
    kind: str
    """"open", "pass" or "notApplicable"."""
    because: str
    subject: Subject
    host: str = ""
    domain: str = ""
    guest: str = ""
    views: tuple[View, ...] = ()
    spans: tuple[Span, ...] = ()
    wanted: tuple[str, ...] = ()
    severity: Severity = Severity.NOTE
    outside: str = ""
    needs_host: bool = False
    source: int = 0
    """The number of the input that the subject was found in."""
    goals: tuple[Goal, ...] = ()
    """The wanted goals that it speaks for."""
    figures: tuple[Figure, ...] = ()
    """The numbers of a pass."""


class Collect(Struct, frozen=True):
    """One line of "Collect, in this order": how this layout names it, the command that makes it, what it decides."""

    evidence: str
    shown: str
    command: str
    reason: str
    decides: tuple[str, ...]
    machines: tuple[str, ...] = ()
    """The hosts and guests that it is wanted of."""


class SubjectSummary(Struct, frozen=True):
    """One header of the text report: who was judged, as what, and what is wanted of it."""

    subject: Subject
    name: str
    source: int
    headline: str
    goals: tuple[Goal, ...] = ()
    notice: str = ""
    """What was assumed, or why the goal is not known, and the flag to change it."""
    outlook: str = ""
    """For a host whose goal is not known: what it could run, and where the rest is blocked."""


class InputSummary(Struct, frozen=True):
    """One PATH of the command line. `kind`: tree, archive, file, stdin, bundle, xml (a folder of domain XML).

    A configuration of which something is said stands behind them, with `kind` configuration.
    """

    path: str
    kind: str
    damage: str = ""
    not_domains: int = 0
    lent: bool = False
    judged: int = 0
    """How many domains, hosts and guests were found in it."""
    uri: str = ""
    """The input below the git root above it, else below what all inputs share: a relative URI reference, "" for the
    root itself."""


class Fault(Struct, frozen=True):
    """A fault of sevlint itself: which rule, parser or combiner broke, on what, and how."""

    where: str
    subject: str
    what: str


class Report(Struct, frozen=True, kw_only=True):
    """Everything a reporter needs; a pure function of (evidence, rules, configuration)."""

    format_version: Literal[1]
    sevlint_version: str
    inputs: tuple[InputSummary, ...]
    subjects: tuple[SubjectSummary, ...]
    findings: tuple[Finding, ...]
    """Sorted; causes and consequences alike. Shown top-level: those with cause == ""."""
    undecided: tuple[Undecided, ...]
    collect: tuple[Collect, ...]
    rules: tuple[RuleInfo, ...]
    faults: tuple[Fault, ...]
    errors: tuple[str, ...]
    """One clear line for each input that could not be opened or read whole."""
    hidden: tuple[tuple[str, int], ...]
    """What was hidden and how often: ("ignored by .sevlint.yaml", 3)."""
    changes: tuple[str, ...] = ()
    """What else a configuration changed, a line each: "2 findings regraded by .sevlint.yaml"."""
    suppressed: tuple[Finding, ...] = ()
    """Findings that a comment or an entry of a configuration hides: `hidden` counts them, the exit code does not."""
    exit_code: int | None = None
    """Set by the command line: --fail-on decides it."""
    fixed: tuple[tuple[str, int], ...] = ()
    """Which rules' findings --fix mended, and how many: the report is of what was left."""
    fixable: tuple[str, ...] = ()
    """What --fix could do, a line each; of a report without it."""


# --- readiness ----------------------------------------------------------------------------------------------------


class State(Enum):
    """What is known of a host and a goal."""

    READY = "ready"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


class CgroupLimit(Struct, frozen=True):
    """A limit of the cgroup that holds every VM: how many guests `file` allows, and how many it has."""

    file: str
    allows: int
    taken: int


class GoalReadiness(Struct, frozen=True):
    """Whether a host can run guests of a goal now."""

    goal: Goal
    state: State
    rung: str = ""
    """Where it is blocked: the lowest broken rung of the goal's ladder, in kebab case."""
    rules: tuple[str, ...] = ()
    """What blocks it, lowest rung first; where it is unknown, what could not decide."""
    because: str = ""
    """Why it is unknown; where it is ready, why nothing tells how many more can start."""
    findings: tuple[Finding, ...] = ()
    collect: tuple[Collect, ...] = ()
    left: int | None = None
    """How many more guests can start beside those that run or start with the host; None where it is not known."""
    limit: int | None = None
    """How many ASIDs there are for them."""
    shared: tuple[Goal, ...] = ()
    """Whose guests take from the same pool."""
    cgroup: CgroupLimit | None = None
    """Where a cgroup leaves fewer than there are ASIDs."""


class HostReadiness(Struct, frozen=True):
    """One host."""

    host: str
    headline: str
    notice: str
    goals: tuple[GoalReadiness, ...]


class ReadinessReport(Struct, frozen=True, kw_only=True):
    """What `sevlint ready` says."""

    format_version: Literal[1]
    sevlint_version: str
    hosts: tuple[HostReadiness, ...]
    faults: tuple[Fault, ...]
    errors: tuple[str, ...]
    exit_code: int


class Expectation(Struct, frozen=True):
    """What a configuration file (`by`) demands of a domain: a goal, and what its policy must forbid or ask for.

    `require`: of "no-debug", "no-key-sharing", "no-migration", "no-smt", "single-socket". `min_abi`: the least firmware
    ABI that the policy must ask for, (major, minor).
    """

    goal: Goal
    require: tuple[str, ...] = ()
    min_abi: tuple[int, int] | None = None
    by: str = ""


class Target(Struct, frozen=True):
    """The small form of a host: the least versions that it has, as (9, 1), and its CPU's generation."""

    libvirt: tuple[int, ...] = ()
    qemu: tuple[int, ...] = ()
    kernel: tuple[int, ...] = ()
    cpu: str = ""
    by: str = ""
    file: str = ""
    """The configuration file as a user would type it."""


# --- settings -----------------------------------------------------------------------------------------------------


class Settings(Struct, frozen=True):
    """What the command line decides; a plain value."""

    goals: tuple[Goal, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    min_confidence: Confidence = Confidence.LOW
    show: frozenset[str] = field(default_factory=frozenset)
    treat_as: Subject | None = None
    strict: bool = False
    all_passes: bool = True
    """Whether the report holds every pass with its place; else one of each rule, which is enough to count them."""
    places_of_notes: bool = True
    """Whether the report says where notes are: where nobody looks, finding their places costs more than judging."""
    line_hashes: bool = False
    """Whether findings carry the line hash of code scanning."""
    replacements: bool = False
    """Whether fixes carry what they replace in the file."""
    date: str = ""
    """The day of the run, YYYY-MM-DD in UTC: what `until` of suppressions is compared with."""


class Goals(Struct, frozen=True):
    """What is wanted of one subject. `unknown_because` is set where nothing that could show a goal was collected."""

    wanted: frozenset[Goal] = frozenset()
    unclear: bool = False
    unknown_because: str = ""


def in_order(goals: Iterable[Goal]) -> tuple[Goal, ...]:
    """Goals in the fixed order of the enum: sets of enums iterate by hash seed."""
    return tuple(sorted(goals))


def highest(severities: Mapping[Goal, Severity], wanted: frozenset[Goal]) -> Severity:
    """The worst severity among the wanted goals; the worst of all where none of them is listed."""
    chosen = [severity for goal, severity in severities.items() if goal in wanted] or list(severities.values())
    return min(chosen, key=lambda severity: severity.rank)
