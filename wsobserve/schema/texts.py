"""Texts of one place in; their format, or the members of their enumeration, out.

An enumeration is a vocabulary: few words, each of which comes again, and no new one for a long time. Identifiers come
again too, when few things are talked about; what they look like tells them apart.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

from wsobserve.redaction import looks_like_identifier
from wsobserve.schema.formats import ALL_FORMATS, FORMATS, claimed_format, formats_of
from wsobserve.schema.seen import Seen

LEAST_FOR_ENUMERATION = 10
MOST_MEMBERS = 64
LONGEST_MEMBER = 64
EACH_COMES_AGAIN = 3  # observations a member, on average
NEW_MEMBER = 0.01

_DIGITS = re.compile(r"[0-9]+")
_SEPARATORS = re.compile(r"[_.:/-]")
# A random token: digits and letters of both cases, one beside the other.
_TOKEN = re.compile(r"(?=[^0-9]*[0-9])(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])[0-9A-Za-z]{8,}")
_WORD = re.compile(r"[^\x00-\x1f\x7f]{1,64}")
_IDENTIFYING = sum(
    each.bit
    for each in FORMATS
    if each.name in ("uuid", "date-time", "email", "uri", "ipv4", "ipv6", "jwt", "ulid", "snowflake")
)


def describe_texts(seen: Sequence[Seen]) -> dict[str, Any]:
    """`format`, `pattern` or `enum`, as far as the texts carry one; annotations for the rest."""
    times: dict[str, int] = {}
    first: dict[str, int] = {}
    for order, each in enumerate(sorted(seen, key=lambda each: each.time_ns)):
        text: str = each.value  # type: ignore[assignment]
        times[text] = times.get(text, 0) + each.times
        first.setdefault(text, order)
    if is_enumeration(times, first, len(seen)):
        return {"enum": sorted(times)}
    bits = ALL_FORMATS
    for text in times:
        bits = formats_of(text.encode("utf-8", "surrogatepass"), bits)
        if not bits:
            break
    lengths = [min(map(len, times)), max(map(len, times))]
    claimed = claimed_format(bits, len(times), lengths[0])
    if claimed is None:
        return {"x-wsobserve-lengths": lengths}
    if "format" in claimed.keywords:
        return dict(claimed.keywords)
    return {**claimed.keywords, "x-wsobserve-format": claimed.name, "x-wsobserve-lengths": lengths}


def is_enumeration(times: dict[str, int], first: dict[str, int], observations: int) -> bool:
    """Whether these texts are all there are. `first`: the number of the observation in which each came first."""
    total = sum(times.values())
    members = len(times)
    if not 1 < members <= MOST_MEMBERS or total < LEAST_FOR_ENUMERATION or members * EACH_COMES_AGAIN > total:
        return False
    if any(not _WORD.fullmatch(text) for text in times):
        return False
    once = sum(1 for count in times.values() if count == 1)
    if once > (NEW_MEMBER * total if total >= 100 else 0):
        return False
    if max(first.values()) > 0.8 * observations:
        return False
    return not are_identifiers(list(times)) and _has_one_style(list(times))


def _has_one_style(texts: Sequence[str]) -> bool:
    """Whether these could be the members of one enumeration: who writes one writes all of them alike.

    `snake_case`, `kebab-case` and phrases do not go together, nor with camel case; plain words go with anything.
    """
    styles = set()
    for text in texts:
        marks = {mark for mark in "_- " if mark in text.strip("_- ")}
        if marks:
            styles.add(min(marks) if len(marks) == 1 else "mixed")
        elif any(first.islower() and second.isupper() for first, second in itertools.pairwise(text)):
            styles.add("camel")
    return len(styles) <= 1


def are_identifiers(texts: Sequence[str]) -> bool:
    """Whether these look like names of things rather than a vocabulary."""
    identifying = sum(
        1
        for text in texts
        if looks_like_identifier(text)
        or any(map(_TOKEN.fullmatch, _SEPARATORS.split(text)))
        or (len(text) >= 8 and formats_of(text.encode(), _IDENTIFYING))
    )
    if identifying > 0.3 * len(texts):
        return True
    # Words that differ in their number alone are counted things: `user-1`, `user-2`.
    numbered = [text for text in texts if _DIGITS.search(text)]
    stems = {_DIGITS.sub("#", text) for text in numbered}
    return len(numbered) > 4 and len(numbered) > 0.5 * len(texts) and len(stems) <= len(numbered) / 3
