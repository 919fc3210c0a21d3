"""What was observed in, words for the descriptions of a document out: figures, moments, and other people's names as code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from wsobserve.config import SECOND_NS
from wsobserve.records import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Direction

UNITS = ("KB", "MB", "GB", "TB", "PB")
NOT_IN_CODE = re.compile(r"[\x00-\x1f\x7f-\x9f`\ud800-\udfff\u2028\u2029]+")
LONGEST = 120

ARROWS: dict[Direction | None, str] = {
    CLIENT_TO_SERVER: "client to server",
    SERVER_TO_CLIENT: "server to client",
    None: "unknown direction",
}


def code(text: str) -> str:
    """Somebody else's text as a code span of Markdown: nothing in it is markup, and it fits into the cell of a table."""
    shown = NOT_IN_CODE.sub(" ", text).strip()
    if len(shown) > LONGEST:
        shown = shown[:LONGEST] + "…"
    return f"`{shown or ' '}`".replace("|", "\\|")


def codes(texts: Iterable[str]) -> str:
    """Several of them: `a`, `b` and `c`."""
    return _joined(map(code, texts))


def counted(count: int, word: str) -> str:
    """1 message, 1,234 messages."""
    return f"{count:,} {word if count == 1 else word + 's'}"


def tallied(counts: dict[str, int]) -> str:
    """Somebody else's names with their counts, most first: `chat` (12) and `echo` (3)."""
    return _joined(f"{code(name)} ({count:,})" for name, count in _most_first(counts))


def tallied_words(counts: dict[str, int]) -> str:
    """Our own words with their counts, most first: 12 json and 3 text."""
    return _joined(f"{count:,} {name.replace('_', ' ')}" for name, count in _most_first(counts))


def _most_first(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


def _joined(texts: Iterable[str]) -> str:
    parts = list(texts)
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def bytes_text(count: int) -> str:
    """12 bytes, 3.4 KB."""
    if count < 1000:
        return counted(count, "byte")
    size = count / 1000
    larger = iter(UNITS)
    unit = next(larger)
    while size >= 999.95 and unit != UNITS[-1]:
        size /= 1000
        unit = next(larger)
    return f"{size:,.1f} {unit}"


def rate_text(rate: float | None) -> str:
    """Messages a second."""
    if rate is None:
        return "not known"
    return f"{rate:,.1f}/s" if rate >= 1 else f"{rate * 60:,.1f}/min" if rate * 60 >= 1 else f"{rate * 3600:,.1f}/h"


def moment(time_ns: int) -> str:
    """A time for people, to the second; as a number when no calendar has it."""
    try:
        return datetime.fromtimestamp(time_ns // SECOND_NS, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, OSError, ValueError):
        return f"{time_ns} ns"


def share_text(part: int, whole: int, word: str) -> str:
    """all 12 requests; 3 of 12 requests; the only request."""
    if part != whole:
        return f"{part:,} of {counted(whole, word)}"
    return f"the only {word}" if whole == 1 else f"all {counted(whole, word)}"


def share(part: int, whole: int) -> float:
    """Four digits; 1 means all, so what is not quite all is .9999."""
    return 1.0 if part == whole else min(max(round(part / whole, 4), 0.0001), 0.9999)
