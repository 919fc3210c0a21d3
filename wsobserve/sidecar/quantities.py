"""Sizes, durations and shares as people write them: `256MiB`, `5m`, `1%`. Text in, numbers out, and back for showing."""

from __future__ import annotations

import math
import re

_SIZES = {
    "": 1,
    "b": 1,
    "k": 1024,
    "kib": 1024,
    "kb": 1000,
    "m": 1024**2,
    "mib": 1024**2,
    "mb": 1000**2,
    "g": 1024**3,
    "gib": 1024**3,
    "gb": 1000**3,
}
_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_QUANTITY = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?) ?([a-z]{0,3})", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Bytes of `4096`, `64KiB`, `64MB`, `1.5GiB`; `K`, `M` and `G` alone are powers of 1024. Raises ValueError."""
    return math.floor(_parse(text, _SIZES))


def parse_duration(text: str) -> float:
    """Seconds of `5`, `500ms`, `1s`, `5m`, `12h`, `7d`. Raises ValueError."""
    return _parse(text, _SECONDS)


def parse_share(text: str) -> float:
    """`0.01` and `1%` are the same. Raises ValueError."""
    number, percent, rest = text.strip().partition("%")
    match = _QUANTITY.fullmatch(number.strip())
    if rest or match is None or match[2]:
        raise ValueError(text)
    return float(match[1]) / (100 if percent else 1)


def size_text(size: int) -> str:
    """Exactly, in the largest unit in which it is a whole number: `256MiB`, `1000`."""
    for unit, factor in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)


def duration_text(seconds: float) -> str:
    """Exactly, in the largest unit in which it is a whole number: `1h`, `90s`, `0.5s`."""
    for unit, factor in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % factor == 0:
            return f"{seconds / factor:.10g}{unit}"
    return f"{seconds:.10g}s"


def rounded_size(size: float) -> str:
    """For people: `3.4 GiB`, `512 B`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1023.5:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.95 else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} TiB"


def rounded_duration(seconds: float) -> str:
    """For people, the two largest units: `3d 4h`, `12m 5s`, `7s`."""
    rest = max(int(seconds), 0)
    parts: list[str] = []
    for unit, factor in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, factor)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def _parse(text: str, units: dict[str, float] | dict[str, int]) -> float:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or match[2].lower() not in units:
        raise ValueError(text)
    factor = units[match[2].lower()]
    # Whole numbers stay exact, however large.
    return int(match[1]) * factor if "." not in match[1] else float(match[1]) * factor
