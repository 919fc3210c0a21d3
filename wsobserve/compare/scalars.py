"""Two branches of one type in; out come the differences in values, numbers and texts: each facet for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from wsobserve.compare.branches import Bound, Branch, allows
from wsobserve.compare.changes import Compatibility, Finding, What, together
from wsobserve.compare.form_words import bound_words, branch_words, number_words
from wsobserve.compare.walker import Path
from wsobserve.compare.words import members_words, printable

# Every text of the first format is one of the second.
CONTAINED_FORMATS = frozenset(
    (
        ("uri", "uri-reference"),
        ("uri", "iri"),
        ("uri", "iri-reference"),
        ("uri-reference", "iri-reference"),
        ("iri", "iri-reference"),
        ("email", "idn-email"),
        ("hostname", "idn-hostname"),
        ("int8", "int16"),
        ("int8", "int32"),
        ("int8", "int64"),
        ("int16", "int32"),
        ("int16", "int64"),
        ("int32", "int64"),
        ("float", "double"),
    )
)


def value_findings(old: Branch, new: Branch, path: Path) -> tuple[list[Finding], bool]:
    """How the listed values differ, and whether that says all: a list against a rule leaves nothing else to compare."""
    if old.values is None and new.values is None:
        return [], False
    said = (branch_words(old), branch_words(new))
    if old.values is None or new.values is None:
        opened = old.values is not None
        few, rule = (old, new) if opened else (new, old)
        fits = _all_fit(few, rule)
        what = What.ENUMERATION_OPENED if opened else What.ENUMERATION_CLOSED
        compatibility: Compatibility = "incompatible" if fits is not True else "widening" if opened else "narrowing"
        reason = ""
        if fits is None:
            reason = "whether every listed value meets the other side's rules cannot be decided"
        elif not fits:
            reason = "not every listed value meets the other side's rules"
        return [Finding(what, compatibility, path, new.pointer, *said, reason)], True
    added, gone = new.values - old.values, old.values - new.values
    if added and gone and len(old.values) == len(new.values) == 1:
        return [Finding(What.CONSTANT_CHANGED, "incompatible", path, new.pointer, *said)], False
    findings = []
    if added:
        findings.append(Finding(What.MEMBER_ADDED, "widening", path, new.pointer, None, members_words(added)))
    if gone:
        findings.append(Finding(What.MEMBER_REMOVED, "narrowing", path, new.pointer, members_words(gone), None))
    return findings, False


def _all_fit(few: Branch, rule: Branch) -> bool | None:
    if rule.free:
        return True
    if few.type in ("object", "array") or not rule.formats <= few.formats:
        return None
    fits = [allows(rule, text) for text in few.values or ()]
    return False if False in fits else None if None in fits else True


def number_findings(old: Branch, new: Branch, path: Path) -> list[Finding]:
    """How two numbers differ."""
    findings = []
    if old.integer != new.integer:
        compatibility: Compatibility = "widening" if old.integer else "narrowing"
        said = ("integer", "number") if old.integer else ("number", "integer")
        findings.append(Finding(What.TYPE_CHANGED, compatibility, path, new.pointer, *said))
    for which, before, after, sign in (
        ("least", old.minimum, new.minimum, 1),
        ("most", old.maximum, new.maximum, -1),
    ):
        tighter = _tighter(before, after, sign)
        if tighter:
            what = What.RANGE_NARROWED if tighter > 0 else What.RANGE_WIDENED
            words = [None if bound is None else bound_words(bound, which) for bound in (before, after)]
            findings.append(Finding(what, "narrowing" if tighter > 0 else "widening", path, new.pointer, words[0], words[1]))
    findings += _set_findings(
        (What.MULTIPLE_CHANGED, What.MULTIPLE_CHANGED, What.MULTIPLE_CHANGED),
        (old.multiples, new.multiples),
        _multiple_within,
        lambda number: f"a multiple of {number_words(number)}",
        path,
        new.pointer,
        "neither is a multiple of the other",
    )
    return findings + format_findings(old, new, path)


def _tighter(before: Bound | None, after: Bound | None, sign: int) -> int:
    """1: the bound allows less than before, -1: more, 0: it is the same."""
    if before == after:
        return 0
    if before is None or after is None:
        return 1 if before is None else -1
    if before.value != after.value:
        return sign if after.value > before.value else -sign
    return 1 if after.exclusive else -1


def _multiple_within(one: Fraction, other: Fraction) -> bool:
    return (one / other).denominator == 1


def string_findings(old: Branch, new: Branch, path: Path) -> list[Finding]:
    """How two texts differ."""
    words = (What.LENGTH_NARROWED, What.LENGTH_WIDENED)
    findings = span_findings(words, "characters", (old.shortest, new.shortest), (old.longest, new.longest), path, new.pointer)
    findings += _set_findings(
        (What.PATTERN_ADDED, What.PATTERN_REMOVED, What.PATTERN_CHANGED),
        (old.patterns, new.patterns),
        lambda one, other: False,
        lambda pattern: f"/{printable(pattern)}/",
        path,
        new.pointer,
        "whether one pattern contains the other cannot be decided",
    )
    return findings + format_findings(old, new, path)


def format_findings(old: Branch, new: Branch, path: Path) -> list[Finding]:
    """How the formats differ, and what the values are known to stand for."""
    findings = _set_findings(
        (What.FORMAT_ADDED, What.FORMAT_REMOVED, What.FORMAT_CHANGED),
        (old.formats, new.formats),
        lambda one, other: (one, other) in CONTAINED_FORMATS,
        printable,
        path,
        new.pointer,
        "neither format contains the other",
    )
    if old.meaning != new.meaning:
        said = [None if text is None else printable(text) for text in (old.meaning, new.meaning)]
        if None in said:  # an annotation came or went: nothing was promised
            findings.append(Finding(What.DESCRIPTION_CHANGED, "documentation", path, new.pointer, said[0], said[1]))
        else:
            reason = "the same values stand for something else"
            findings.append(Finding(What.FORMAT_CHANGED, "incompatible", path, new.pointer, said[0], said[1], reason))
    return findings


def span_findings(
    words: tuple[What, What], unit: str, least: tuple[int, int], most: tuple[int | None, int | None], path: Path, pointer: str
) -> list[Finding]:
    """How the least and the most of something counted differ; `words`: of a narrowing and of a widening."""
    findings = []
    if least[0] != least[1]:
        narrower = least[1] > least[0]
        said = [f"at least {count} {unit}" if count else None for count in least]
        findings.append(_span(words, narrower, path, pointer, said))
    if most[0] != most[1]:
        narrower = most[0] is None or (most[1] is not None and most[1] < most[0])
        said = [None if count is None else f"at most {count} {unit}" for count in most]
        findings.append(_span(words, narrower, path, pointer, said))
    return findings


def _span(words: tuple[What, What], narrower: bool, path: Path, pointer: str, said: list[str | None]) -> Finding:
    if narrower:
        return Finding(words[0], "narrowing", path, pointer, said[0], said[1])
    return Finding(words[1], "widening", path, pointer, said[0], said[1])


def _set_findings(
    words: tuple[What, What, What],
    sides: tuple[frozenset[Any], frozenset[Any]],
    within: Callable[[Any, Any], bool],
    say: Callable[[Any], str],
    path: Path,
    pointer: str,
    reason: str,
) -> list[Finding]:
    """Of rules that must all be met: which came and which went. `within`: whether the first rule implies the second."""
    old, new = sides
    came, went = new - old, old - new
    if not came and not went:
        return []
    classes: list[Compatibility] = ["documentation"]
    if not all(any(within(one, other) for one in old) for other in came):
        classes.append("narrowing")
    if not all(any(within(one, other) for one in new) for other in went):
        classes.append("widening")
    compatibility = together(classes)
    what = words[2] if came and went else words[0] if came else words[1]
    shown = _joined(say, went), _joined(say, came)
    return [Finding(what, compatibility, path, pointer, *shown, reason if compatibility == "incompatible" else "")]


def _joined(say: Callable[[Any], str], rules: Iterable[Any]) -> str | None:
    return ", ".join(sorted(map(say, rules))) or None
