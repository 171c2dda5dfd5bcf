"""Suppressions: what a comment says, and which findings it or an entry of a configuration is about.

`<!-- sevlint: ignore[rule-id, ...] until 2027-01-31: reason -->`, or `ignore-file[...]` at the top of the file. What is
not understood, names no rule or gives no reason hides nothing, and is told. All of it comes from strangers: every part
has a bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevlint.model import Place, Suppression

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sevlint.model import Comment

WORD = "sevlint:"
_VERBS = ("ignore", "ignore-file")
_FORM = "<!-- sevlint: ignore[rule-id] until YYYY-MM-DD: reason -->"
_COMMENTS = 1000
"""Comments of one file that are read, and below it rules of one comment, and characters of a rule's id and a reason."""
_RULES = 64
_ID = 80
_REASON = 1000
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def of_file(comments: Iterable[Comment], path: str, source: int) -> tuple[Suppression, ...]:
    """What the comments of one file say, in their order."""
    made: list[Suppression] = []
    for comment in comments:
        place = Place(path, element=comment.inside, part=f"#comment{comment.number}", source=source)
        if len(made) == _COMMENTS:
            made.append(Suppression(place, wrong=f"it and all behind it: {_COMMENTS} of them are read"))
            break
        made.append(_read(comment, place))
    return tuple(made)


def _read(comment: Comment, place: Place) -> Suppression:
    words = comment.text.strip().removeprefix(WORD)
    before, _, rest = words.partition("[")
    verb, *between = before.split(None, 1) or [""]
    inside, close, behind = rest.partition("]")
    if verb not in _VERBS:
        what = f"{_short(verb)!r} is not ignore or ignore-file" if verb else "it says not what to do"
        return Suppression(place, wrong=f"{what}; write {_FORM}")
    if between or not close:
        return Suppression(place, wrong=f"the rules stand in brackets: {_FORM}")
    names = [name.strip() for name in inside.split(",", _RULES + 1)]
    wrong = _wrong_names(names)
    until, separator, reason = behind.partition(":")
    until = until.strip()
    date = until.removeprefix("until").strip() if until.startswith("until") else ""
    if not wrong and until and (not until.startswith("until") or not date):
        wrong = f"{_short(until)!r} stands between the rules and the reason; write {_FORM}"
    if not wrong and date and not is_date(date):
        wrong = f"{_short(date)!r} is no date; write it as YYYY-MM-DD"
    if not wrong and verb == "ignore-file" and not comment.at_top:
        wrong = "ignore-file stands before the root element or first inside it"
    if not wrong and comment.first < 0:
        wrong = "it stands behind the root element, and so in none"
    elements = None if verb == "ignore-file" else (comment.first, comment.last)
    reason = _short(" ".join(reason[: _REASON * 2].split()), _REASON) if separator else ""
    return Suppression(place, tuple(dict.fromkeys(names)), reason, date, wrong, elements, comment.text)


def _wrong_names(names: list[str]) -> str:
    if not all(names):
        return "it names no rule: ignore[rule-id]" if names == [""] else "there is a comma too many among its rules"
    if len(names) > _RULES:
        return f"it names more than {_RULES} rules"
    long = next((name for name in names if len(name) > _ID), "")
    return f"{_short(long)!r} is no rule" if long else ""


def _short(text: str, limit: int = _ID) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def is_date(text: str) -> bool:
    """A day of the calendar, as YYYY-MM-DD."""
    parts = text.split("-", 3)
    if [len(part) for part in parts] != [4, 2, 2] or not (text.isascii() and "".join(parts).isdigit()):
        return False
    year, month, day = (int(part) for part in parts)
    leaps = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return year > 0 and 1 <= month <= 12 and 1 <= day <= (_DAYS[month - 1] if month != 2 or leaps else 28)


def holds(one: Suppression, date: str) -> bool:
    """Whether it hides anything on a day; `until` is the last one."""
    return not one.wrong and bool(one.reason) and not has_ended(one, date)


def has_ended(one: Suppression, date: str) -> bool:
    """Whether its last day lies before this one."""
    return bool(one.until) and not one.wrong and date > one.until


def covers(one: Suppression, place: Place, names: Mapping[str, str]) -> bool:
    """Whether a finding at this place is one that it is about; `names` are the finding's host and domain.

    The file and the rule of a comment are those of the caller.
    """
    if one.external:
        globs = ((one.host, names.get("host", "")), (one.domain, names.get("domain", "")), (one.path, place.path))
        return _fit(globs)
    if one.elements is None:
        return True
    first, last = one.elements
    return place.element is not None and first <= place.element <= last


def is_about(one: Suppression, host: str, domain: str) -> bool:
    """Whether an entry of a configuration speaks of a subject at all, wherever in it."""
    return _fit(((one.host, host), (one.domain, domain)))


def _fit(globs: Iterable[tuple[str, str]]) -> bool:
    from fnmatch import fnmatchcase

    return all(not pattern or fnmatchcase(name, pattern) for pattern, name in globs)


def without(one: Suppression, names: Iterable[str]) -> str:
    """The comment's text without these rules."""
    head, _, rest = one.text.partition("[")
    _, _, tail = rest.partition("]")
    dropped = frozenset(names)
    return f"{head}[{', '.join(name for name in one.rules if name not in dropped)}]{tail}"
