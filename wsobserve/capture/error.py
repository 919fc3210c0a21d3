"""What the world may do to a capture, told to people."""

from __future__ import annotations


class CaptureError(Exception):
    """A capture file or an interface cannot be read.

    `str(error)` is one line for people: which file or interface, why, and what helps: `notes.txt: not a capture file (text)`.
    """


def name_for_people(path: str) -> str:
    """`path` as it may stand in a one-line message: `-` is standard input, odd characters are escaped."""
    if path == "-":
        return "standard input"
    return path if path.isprintable() else ascii(path)
