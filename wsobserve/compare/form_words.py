"""Forms and branches in, words for people out: `integer, at least 0`, `string (uuid) or null`."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from wsobserve.compare.branches import TYPES, Bound, Branch
from wsobserve.compare.forms import Form
from wsobserve.compare.words import members_words, printable

MOST_SAID = 4


def form_words(form: Form) -> str:
    """What a form allows, in a few words."""
    if all(any(branch.free for branch in form.get(name, ())) for name in TYPES):
        return "anything"
    said = dict.fromkeys(branch_words(branch) for name in TYPES for branch in form.get(name, ()))
    if not said:
        return "nothing"
    words = list(said)
    return " or ".join(words[:MOST_SAID]) + (" or ..." if len(words) > MOST_SAID else "")


def types_in_words(form: Form, names: Iterable[str]) -> str:
    """The types alone."""
    chosen = [name for name in TYPES if name in set(names)]
    if len(chosen) == len(TYPES):
        return "anything"
    return " or ".join(_type_word(form.get(name, ()), name) for name in chosen) or "nothing"


def _type_word(branches: tuple[Branch, ...], name: str) -> str:
    return "integer" if name == "number" and branches and all(branch.integer for branch in branches) else name


def branch_words(branch: Branch) -> str:
    """What one branch allows."""
    if branch.type == "null":
        return "null"
    if branch.values is not None:
        return members_words(branch.values)
    word = _type_word((branch,), branch.type)
    details = [printable(text) for text in sorted(branch.formats)]
    if branch.minimum is not None:
        details.append(bound_words(branch.minimum, "least"))
    if branch.maximum is not None:
        details.append(bound_words(branch.maximum, "most"))
    if branch.patterns:
        details.append("with a pattern")
    return f"{word} ({', '.join(details)})" if details else word


def bound_words(bound: Bound, which: str) -> str:
    """An end of a range: `at least 5`, `more than 5`."""
    strict = "more than" if which == "least" else "less than"
    return f"{strict if bound.exclusive else f'at {which}'} {number_words(bound.value)}"


def number_words(number: Fraction) -> str:
    """A number as JSON writes it."""
    return str(number.numerator) if number.denominator == 1 and abs(number) < 10**21 else f"{float_of(number):g}"


def float_of(number: Fraction) -> float:
    """The nearest float; beyond all of them, infinity."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
