"""`--jobs`: other processes that read sources and judge files of domain XML.

Each process has a pipe of its own and one task at a time, so that of one that dies it is known what it was at; an
executor only says that its pool is broken. What goes there can be pickled: nothing relies on fork. `multiprocessing`
costs as much as to judge ten files, and is imported when the first process is started.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from sevlint import plugins, select
from sevlint.engine import Input, Loaded, Registry, tells_of_suppressions
from sevlint.engine.apart import Judged, Sheet
from sevlint.model import Settings, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from sevlint.rule import Rule

_CHUNKS = 4
_CHUNK_LIMIT = 100
"""Chunks for each process, and files in one: what is under way at a time is bounded."""
_WORTH = 4 * 1024 * 1024
"""From so many bytes of archives or domain XML other processes gain more than they cost."""
_SNAPSHOT = _WORTH // 16
_LOG_SPEED = 8
_LOGS = ("sos_commands/logs", "sos_commands/kernel", "var/log")
_GRACE = 5.0


class Setup(Struct, frozen=True):
    """What every process must know. `wide`: facts of all subjects can be made."""

    settings: Settings
    third_party: bool
    wide: bool


class _Read(Struct, frozen=True):
    """Read one source."""

    path: str
    number: int


class _Given(Struct, frozen=True):
    """A source that was read: its state, and whether the cards of logs were needed."""

    state: dict[str, Any]
    loaded: Loaded
    cards: bool


class _Sheets(Struct, frozen=True):
    """Judge these files."""

    sheets: tuple[Sheet, ...]


class _Lost(Struct, frozen=True):
    """The process died; `code` is its exit code, negative for a signal."""

    code: int

    @property
    def words(self) -> str:
        if self.code >= 0:
            return f"ended with exit code {self.code}"
        try:
            name = signal.Signals(-self.code).name
        except ValueError:
            name = f"signal {-self.code}"
        hint = "; was memory short? --jobs 1 takes less of it" if name == "SIGKILL" else ""
        return f"was ended by {name}{hint}"


_Task = _Read | _Sheets


def available() -> int:
    """The CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _is_safe() -> bool:
    """Whether a new process imports nothing of the working directory.

    Without fork Python starts it with that folder on its import path, unless PYTHONSAFEPATH (3.11) is heard.
    """
    import multiprocessing

    hears = sys.version_info >= (3, 11) and (sys.flags.safe_path or not sys.flags.ignore_environment)
    return hears or multiprocessing.get_start_method() == "fork"


class Helpers:
    """Up to `most` processes, started when there is work for them. `wanted`: even where they cost more than they gain.

    A source that another process cannot read, for whatever reason, is left to this one: it then says why.
    """

    def __init__(self, setup: Setup, most: int, *, wanted: bool, use_cards: Callable[[], object]) -> None:
        self._setup = setup
        self._most = most
        self._wanted = wanted
        self._use_cards = use_cards
        self._workers: list[_Worker] = []

    def __enter__(self) -> Helpers:
        return self

    def __exit__(self, *error: object) -> None:
        for one in self._workers:
            one.end()

    def load(self, inputs: Sequence[Input]) -> Mapping[int, Loaded]:
        """Read those sources that another process can read."""
        snapshots = [one for one in inputs if _can_be_read_apart(one)]
        loaded: dict[int, Loaded] = {}
        if len(snapshots) < 2 or not (self._wanted or sum(map(_weight, snapshots)) >= _WORTH):
            return loaded
        by_number = {one.source.number: one.source for one in snapshots}
        tasks = [_Read(source.label, number) for number, source in by_number.items()]
        for task, given in self._run(tasks):
            source = by_number[task.number]
            if isinstance(given, _Lost):
                loaded[task.number] = Loaded((), f"{source.label}: the process that read it {given.words}")
            elif isinstance(given, _Given):
                vars(source).update(given.state)
                loaded[task.number] = given.loaded
                if given.cards:
                    self._use_cards()
        return loaded

    def judge(self, sheets: Sequence[Sheet]) -> Sequence[Judged]:
        """Judge files in chunks; a plain domain is judged sooner than sent."""
        from sevlint.parsers.domain_xml import may_ask

        sheets = [one for one in sheets if may_ask(one.file.data)]
        size = sum(len(one.file.data) for one in sheets)
        if len(sheets) < 2 or not (self._wanted or size >= _WORTH):
            return ()
        length = min(_CHUNK_LIMIT, -(-len(sheets) // (self._most * _CHUNKS)))
        tasks = [_Sheets(tuple(sheets[at : at + length])) for at in range(0, len(sheets), length)]
        done = {task.sheets[0].key: judged for task, judged in self._run(tasks)}
        found = [(task.sheets, done[task.sheets[0].key]) for task in tasks]
        return [_lost(mine, one) if isinstance(one, _Lost) else one for mine, one in found if one is not None]

    def _run(self, tasks: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        """Each task with what came of it, as they are done; None where the process could not do it."""
        from multiprocessing.connection import wait

        todo = list(reversed(tasks))
        most = self._most if _is_safe() else 0
        while todo or any(one.task is not None for one in self._workers):
            for worker in [one for one in self._workers if one.task is None][: len(todo)]:
                worker.give(todo.pop())
            while todo and len(self._workers) < most:
                try:
                    self._workers.append(_Worker(self._setup))
                except OSError:  # no more processes are to be had
                    most = len(self._workers)
                else:
                    self._workers[-1].give(todo.pop())
            if not self._workers:
                yield from ((task, None) for task in todo)
                return
            answered = wait([one.connection for one in self._workers if one.task is not None])
            for worker in [one for one in self._workers if one.connection in answered]:
                task, found = worker.take()
                if isinstance(found, _Lost):
                    self._workers.remove(worker)
                yield task, found


class _Worker:
    """One process."""

    def __init__(self, setup: Setup) -> None:
        import multiprocessing

        self.task: _Task | None = None
        self.connection, theirs = multiprocessing.Pipe()
        self._process: BaseProcess = multiprocessing.Process(
            target=_serve, args=(theirs, setup), daemon=True, name="sevlint"
        )
        with _undisturbed():
            self._process.start()
        theirs.close()

    def give(self, task: _Task) -> None:
        self.task = task
        with suppress(OSError):  # it died: that is found out when its answer is taken
            self.connection.send(task)

    def take(self) -> tuple[_Task | None, Any]:
        """The task and its answer."""
        task, self.task = self.task, None
        try:
            return task, pickle.loads(self.connection.recv_bytes())
        except (EOFError, OSError):
            self._process.join()
            self.connection.close()
            return task, _Lost(self._process.exitcode or 0)

    def end(self) -> None:
        """Whatever it does: nothing of it is wanted any more."""
        self._process.terminate()
        self._process.join(_GRACE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self.connection.close()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C is this process's to answer, and nothing is imported from the working directory."""
    safe = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    masked = hasattr(signal, "pthread_sigmask")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if masked else None
    try:
        yield
    finally:
        if safe is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = safe
        if before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _can_be_read_apart(one: Input) -> bool:
    """A snapshot or log that another process can open by its name; what a shell hands over it cannot."""
    source = one.source
    path = os.path.abspath(source.label)
    if source.kind == "stdin" or path.startswith(("/dev/", "/proc/")) or not os.path.exists(path):
        return False
    is_file = source.kind == "file"
    has_log = bool(set(source.recognised.values()) - {"domain.xml"})
    return (os.path.isfile(path) and (has_log or not is_file)) or os.path.isdir(path)


def _weight(one: Input) -> int:
    """What it takes to read a snapshot, as bytes of an archive; logs are scanned faster than archives are unpacked."""
    path = one.source.label
    if os.path.isfile(path):
        return _SNAPSHOT + os.path.getsize(path)
    return _SNAPSHOT + sum(_size(os.path.join(path, folder)) for folder in _LOGS) // _LOG_SPEED


def _size(folder: str) -> int:
    """Bytes of the files in a folder."""
    try:
        with os.scandir(folder) as entries:
            return sum(entry.stat().st_size for entry in entries if entry.is_file(follow_symlinks=False))
    except OSError:
        return 0


def _lost(sheets: Sequence[Sheet], lost: _Lost) -> Judged:
    first, last = sheets[0].file.path, sheets[-1].file.path
    files = (
        f"{first}: not judged: its process"
        if first == last
        else (f"{len(sheets)} files from {first} to {last} were not judged: their process")
    )
    return Judged(dict.fromkeys((one.key for one in sheets), ()), lost=f"{files} {lost.words}")


# the other process ----------------------------------------------------------------------------------------------------


def _serve(connection: Connection, setup: Setup) -> None:
    """Do what is asked until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bench: _Bench | None = None
    with suppress(EOFError, OSError):
        while True:
            task = connection.recv()
            try:
                bench = bench or _Bench(setup)
                answer = pickle.dumps(bench.do(task), pickle.HIGHEST_PROTOCOL)
            except Exception:  # the main process does it again, and says what is wrong
                answer = pickle.dumps(None)
            connection.send_bytes(answer)


class _Bench:
    """What a process keeps between its tasks."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._shelf = plugins.Shelf(plugins.manager(third_party=setup.third_party))
        subjects = frozenset(Subject) if setup.wide else frozenset({Subject.DOMAIN})
        self._registry: Registry = self._shelf.registry(subjects)
        self._rules: list[Rule] = []

    def do(self, task: _Task) -> _Given | Judged:
        from sevlint.engine.helping import judge_apart

        if isinstance(task, _Read):
            return self._read(task)
        return judge_apart(task.sheets, self._registry, self._rules_of_domains, self._setup.settings)

    def _read(self, task: _Read) -> _Given:
        from sevlint.engine.helping import load_apart
        from sevlint.sources.opening import open_source

        source = open_source(task.path, task.number)
        loaded = load_apart(source, self._registry)
        state = {name: value for name, value in vars(source).items() if name != "passes_over"}
        return _Given(state, loaded, self._shelf.cards_were_used)

    def _rules_of_domains(self) -> list[Rule]:
        names = self._setup.settings.select
        if not self._rules:
            rules = self._shelf.rules(frozenset({Subject.DOMAIN}))
            rules = [one for one in rules if not names or select.chosen(one.info.id, one.info.pack, names)]
            self._rules = [one for one in rules if not tells_of_suppressions(one)]
        return self._rules
