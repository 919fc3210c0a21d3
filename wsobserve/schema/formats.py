"""Texts in; the formats that all of them have out, as a set of bits that can only lose members.

A format is a form that chance does not give: so it may be claimed after a few values. Each test here is stricter than what
validators test under the same name, so that no value that was seen is refused by a schema that says it. Those without a
name in JSON Schema are written as a pattern, or, where the form proves little, as an annotation alone.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from ipaddress import IPv6Address

import msgspec


class Format(msgspec.Struct, frozen=True):
    """One format. `needs`: how many different values must have it; `keywords`: what a JSON Schema says, if anything."""

    name: str
    bit: int
    form: re.Pattern[bytes]
    needs: int
    keywords: dict[str, str]


_DATE = rb"(?P<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12][0-9]|3[01])"
_TIME = rb"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_LABEL = rb"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_OCTET = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_URI_PART = rb"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*"

# In the order in which they are claimed: the narrower first.
_TABLE: tuple[tuple[str, bytes, int, dict[str, str]], ...] = (
    ("uuid", rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", 1, {"format": "uuid"}),
    ("date-time", _DATE + rb"T" + _TIME, 1, {"format": "date-time"}),
    ("date", _DATE, 3, {"format": "date"}),
    ("time", _TIME, 3, {"format": "time"}),
    ("ipv4", _OCTET + rb"(?:\." + _OCTET + rb"){3}", 3, {"format": "ipv4"}),
    ("ipv6", rb"[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}", 3, {"format": "ipv6"}),
    (
        "email",
        rb"(?=[^@]{1,64}@[^@]{1,253}\Z)[A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+){0,15}@"
        + _LABEL
        + rb"(?:\."
        + _LABEL
        + rb"){0,8}\.[A-Za-z]{2,24}",
        2,
        {"format": "email"},
    ),
    (
        "uri",
        rb"[A-Za-z][A-Za-z0-9+.-]{1,30}://(?:[A-Za-z0-9._-]+(?::[0-9]{1,5})?)?(?:/" + _URI_PART + rb")?(?:\?"
        rb"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?(?:#(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?",
        4,
        {"format": "uri"},
    ),
    (
        "duration",
        rb"P(?=[0-9T])(?:[0-9]+D)?(?:T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))?",
        4,
        {"format": "duration"},
    ),
    ("jwt", rb"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*", 2, {"pattern": r"^eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]+$"}),
    ("hex-prefixed", rb"0x[0-9a-fA-F]+", 3, {"pattern": "^0x[0-9a-fA-F]+$"}),
    ("ulid", rb"[0-7][0-9A-HJKMNP-TV-Z]{25}", 3, {"pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"}),
    ("snowflake", rb"[1-9][0-9]{14,19}", 3, {"pattern": "^[0-9]{15,20}$"}),
    ("integer-string", rb"-?(?:0|[1-9][0-9]*)", 12, {"pattern": "^-?[0-9]+$"}),
    ("decimal-string", rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", 8, {"pattern": r"^-?[0-9]+(\.[0-9]+)?$"}),
    ("hex", rb"(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{8,}|[0-9]{8,}", 8, {"pattern": "^[0-9a-f]+$"}),
    ("hex-upper", rb"(?=[0-9A-F]*[0-9])(?=[0-9A-F]*[A-F])[0-9A-F]{8,}|[0-9]{8,}", 8, {"pattern": "^[0-9A-F]+$"}),
    (
        "base64",
        rb"(?=.*[A-Z])(?=.*[a-z])(?=.*[0-9+/=])(?:[A-Za-z0-9+/]{4}){4,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
        8,
        {},
    ),
    ("json", rb"[ \n]*(?:\{\s*(?:\"[^\n]*:[^\n]*)?\}|\[[^\n]*[\]}\"0-9]\s*\])[ \n]*", 8, {}),
)
FORMATS = tuple(
    Format(name, 1 << number, re.compile(form), needs, keywords) for number, (name, form, needs, keywords) in enumerate(_TABLE)
)
ALL_FORMATS = (1 << len(FORMATS)) - 1
LONGEST = 2_048  # bytes of a text that is looked at: a longer one has no format

_MONTHS = {each.bit for each in FORMATS if each.name in ("date", "date-time")}
_IPV6 = next(each.bit for each in FORMATS if each.name == "ipv6")
_TELLING_BY_LENGTH = sum(each.bit for each in FORMATS if each.name in ("hex", "hex-upper", "hex-prefixed"))
TELLING = 24  # digits that are certainly hexadecimal


# By the bits that are asked for: each of them, its test, and whether the form alone does not tell.
_TESTS: dict[int, tuple[tuple[int, Callable[[bytes], re.Match[bytes] | None], bool], ...]] = {}


def _tests(among: int) -> tuple[tuple[int, Callable[[bytes], re.Match[bytes] | None], bool], ...]:
    if len(_TESTS) > 1_024:  # sets of formats that were asked for
        _TESTS.clear()
    found = []
    for each in FORMATS:
        if among & each.bit:
            found.append((each.bit, each.form.fullmatch, each.bit in _MONTHS or each.bit == _IPV6))
    _TESTS[among] = tuple(found)
    return _TESTS[among]


def formats_of(text: bytes, among: int = ALL_FORMATS) -> int:
    """Which of the formats whose bits are in `among` this text (UTF-8) has."""
    if not among or not text or len(text) > LONGEST:
        return 0
    tests = _TESTS.get(among)
    if tests is None:
        tests = _tests(among)
    found = 0
    for bit, test, in_doubt in tests:
        match = test(text)
        if match is not None and (not in_doubt or _holds(bit, match, text)):
            found |= bit
    return found


def _holds(bit: int, match: re.Match[bytes], text: bytes) -> bool:
    """What the form alone does not tell: whether the day exists, whether the address is one."""
    if bit in _MONTHS:
        year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
        return year > 0 and (day <= 28 or day <= monthrange(year, month)[1])
    if bit == _IPV6:
        try:
            IPv6Address(text.decode())
        except ValueError:
            return False
    return True


def claimed_format(bits: int, different: int, shortest: int) -> Format | None:
    """The narrowest of these formats that so many different values are enough for; None when there is none.

    `shortest`: length of the shortest of them: nobody writes long digits by chance.
    """
    for each in FORMATS:
        if bits & each.bit and different >= (1 if each.bit & _TELLING_BY_LENGTH and shortest >= TELLING else each.needs):
            return each
    return None
