"""Schemas and their values in, words for people out: short, printable, and without what looks like a secret.

Constants and enumerations make up a protocol and are said; a member that looks like a token, a hash or an address of
somebody is not, wherever it stands. Defaults and examples are never said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from wsobserve.redaction import REDACTED, UNPRINTABLE, looks_like_identifier

LONGEST = 60  # characters of one value or name
MOST_MEMBERS = 8
PLAIN_NAME = re.compile(r"[A-Za-z_$@][\w$@-]*", re.ASCII)
SEPARATOR = " · "


def printable(text: str, longest: int = LONGEST) -> str:
    """The text on one line; what a terminal could take for an order is escaped, what is too long cut."""
    shown = UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape", "replace").decode(), text[: longest + 1])
    return shown if len(text) <= longest else shown[:longest] + "..."


def value_words(text: str) -> str:
    """A value, given as its JSON text."""
    value = json.loads(text)
    if isinstance(value, str):
        return f'"{REDACTED if secret(value) else printable(value)}"'
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    return printable(text)


def secret(value: str) -> bool:
    """Whether the text of a constant is better not repeated. Plain numbers are codes, and versions are versions."""
    return len(value) > 4 and not value.isdigit() and looks_like_identifier(value)


def members_words(texts: Iterable[str]) -> str:
    """Several values, sorted; of many the first ones and how many there are."""
    ordered = sorted(texts)
    shown = ", ".join(value_words(text) for text in ordered[:MOST_MEMBERS])
    return shown if len(ordered) <= MOST_MEMBERS else f"{shown}, ... ({len(ordered)} values)"


def field_name(name: str) -> str:
    """A property's name within a path."""
    shown = printable(name)
    return shown if PLAIN_NAME.fullmatch(shown) else f'"{shown}"'


def field_path(path: Sequence[str]) -> str:
    """The steps to a field as people write them: `data.items[].price`."""
    text = ""
    for step in path:
        text += step if not text or step.startswith(("[", "<")) else f".{step}"
    return text
