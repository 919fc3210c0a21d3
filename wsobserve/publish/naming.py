"""Names for people and programs, made from the names of fields and kinds: `bid_prices` of a list gives `BidPrice`.

The same structure used in the same places has the same name, whatever came first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from wsobserve.publish.structure import Step
from wsobserve.records import MessageKind

UNCHANGED = frozenset(
    ("news", "series", "species", "means", "always", "os", "dns", "tls", "https", "sms", "gps", "aws", "js", "css", "data")
)
IRREGULAR = {
    "children": "child",
    "people": "person",
    "men": "man",
    "women": "woman",
    "indices": "index",
    "vertices": "vertex",
    "matrices": "matrix",
    "criteria": "criterion",
    "statuses": "status",
    "aliases": "alias",
    "buses": "bus",
    "movies": "movie",
    "cookies": "cookie",
    "ties": "tie",
    "caches": "cache",
}
WORD = re.compile(r"[^\W_]+")
LONGEST = 48


def singular(word: str) -> str:
    """The name of one of them: `entries` gives `entry`. A word that is no plural stays."""
    head = re.search(r"[A-Za-z][a-z]*$", word)
    if head is None:
        return word
    start, last = word[: head.start()], head[0]
    lower = last.lower()
    if lower in IRREGULAR:
        one = IRREGULAR[lower]
        return start + (one.capitalize() if last[0].isupper() else one)
    if lower in UNCHANGED or len(lower) < 3 or not lower.endswith("s") or lower.endswith(("ss", "us", "is")):
        return word
    if lower.endswith("ies") and len(lower) > 4:
        return word[:-3] + "y"
    if lower.endswith(("sses", "xes", "zzes", "ches", "shes")):
        return word[:-2]
    return word[:-1]


def pascal_case(text: str) -> str:
    """`price_levels`, `priceLevels` and `price levels` give `PriceLevels`; empty when there is no letter or digit."""
    joined = "".join(word[:1].upper() + word[1:].lower() for run in WORD.findall(text) for word in _words(run))
    kept = "".join(character for character in joined if ("_" + character).isidentifier())[:LONGEST]
    return f"N{kept}" if kept[:1].isdigit() else kept


def _words(run: str) -> list[str]:
    """The words of `priceLevels`, `HTTPServer`, `top10`: a capital begins one, unless it is in a run of capitals."""
    words: list[str] = []
    for index, character in enumerate(run):
        before, after = run[index - 1 : index], run[index + 1 : index + 2]
        begins = character.isupper() and (not before.isupper() or after.islower())
        if begins or not words or character.isdigit() != before.isdigit():
            words.append(character)
        else:
            words[-1] += character
    return words


def place_names(kind: str, path: Sequence[Step]) -> list[str]:
    """Names for what stands at a place, the shortest first: by its field, then with the fields around it, then with the kind.

    What is in a list or map is named by one of the list.
    """
    words: list[str] = []
    inside = False
    for keyword, name in reversed(path):
        if keyword in ("properties", "patternProperties"):
            word = pascal_case(singular(name) if inside else name)
            if word:
                words.insert(0, word)
            inside = False
        elif keyword in ("items", "additionalProperties", "prefixItems"):
            inside = True
    if inside and not words:
        kind = f"{kind}-item"
    words.insert(0, pascal_case(kind) or "Structure")
    return ["".join(words[start:]) for start in range(len(words) - 1, -1, -1)]


def free_name(wanted: Sequence[str], taken: Collection[str]) -> str:
    """The first of them that nobody has, even in other capitals; else the first one with a number."""
    lower = {name.lower() for name in taken}
    for name in wanted:
        if name.lower() not in lower:
            return name
    number = 2
    while f"{wanted[0]}{number}".lower() in lower:
        number += 1
    return f"{wanted[0]}{number}"


def kind_names(kinds: Sequence[MessageKind], reserved: Collection[str] = ()) -> dict[str, str]:
    """By id: a name for programs. Kinds of the same name are told apart by who sends, then by channel, then by number."""
    wishes = {kind.id: _kind_wishes(kind) for kind in kinds}
    levels = [Counter(wished[level].lower() for wished in wishes.values()) for level in range(4)]
    taken = set(reserved)
    names: dict[str, str] = {}
    for kind in sorted(kinds, key=lambda kind: kind.id):
        alone = [name for level, name in zip(levels, wishes[kind.id], strict=True) if level[name.lower()] == 1]
        names[kind.id] = free_name([*alone, wishes[kind.id][-1]], taken)
        taken.add(names[kind.id])
    return names


def _kind_wishes(kind: MessageKind) -> list[str]:
    sender = kind.direction.partition("_")[0].capitalize() if kind.direction else ""
    channel = pascal_case(kind.channel)
    name = pascal_case(kind.name or "") or f"{channel}Message"
    return [name, f"{sender}{name}", f"{channel}{name}", f"{channel}{sender}{name}"]
