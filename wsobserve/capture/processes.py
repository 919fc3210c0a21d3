"""Processes of this machine, as /proc tells of them: which there are, whose child each is, what it is called.

`proc` is where /proc is: another place when the host's is mounted into a container. Processes come and go while we look;
one that is gone is left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from wsobserve.capture.error import CaptureError

PROC = Path("/proc")


class Process(NamedTuple):
    """One process."""

    number: int
    parent: int
    started: int  # clock ticks after the machine


def processes(proc: Path = PROC) -> list[Process]:
    """All that can be seen, the oldest first. CaptureError where there is no /proc."""
    try:
        numbers = [int(entry.name) for entry in proc.iterdir() if entry.name.isdecimal()]
    except OSError as error:
        raise CaptureError(f"{proc}: processes cannot be seen ({error.strerror})") from None
    found = [process for number in numbers if (process := process_of(number, proc)) is not None]
    return sorted(found, key=lambda process: (process.started, process.number))


def process_of(number: int, proc: Path = PROC) -> Process | None:
    """The process of this number; None when there is none."""
    try:
        text = (proc / str(number) / "stat").read_text(encoding="utf-8", errors="replace")
        # The name stands in brackets and may hold any, and spaces: fields are counted behind the last one.
        fields = text.rpartition(")")[2].split()
        return Process(number, int(fields[1]), int(fields[19]))
    except (OSError, IndexError, ValueError):
        return None


def name_of(number: int, proc: Path = PROC) -> str | None:
    """What a process is called: its name alone, never its arguments. None when it is gone or has none."""
    try:
        text = (proc / str(number) / "comm").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return "".join(character for character in text.strip() if character.isprintable()) or None


def with_descendants(number: int, proc: Path = PROC) -> list[int]:
    """`number`, then its children and theirs. CaptureError when there is no such process."""
    if process_of(number, proc) is None:
        raise CaptureError(
            f"process {number}: no such process here (a container sees those of its host with --pid=host, hostPID: true only)"
        )
    children: dict[int, list[int]] = {}
    for process in processes(proc):
        children.setdefault(process.parent, []).append(process.number)
    family = [number]
    for member in family:  # grows while we go through it
        family += [child for child in children.get(member, ()) if child not in family]
    return family
