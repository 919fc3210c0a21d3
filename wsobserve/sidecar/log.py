"""What a sidecar says while it runs: an event a line, as a sentence for people or as a JSON object for programs.

Never a payload: callers give counts, names of the protocol and addresses. An event that repeats is told so often and no
more; how many were left out is told, too.
"""

from __future__ import annotations

import os
import re
import select
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

Form = Literal["text", "json"]
Field = str | int | float | bool | None | list[str] | dict[str, int]

AT_ONCE = 20  # lines of one event...
WINDOW_S = 60.0  # ... in this time
EVENTS = 200  # of which are told apart
KIND_LENGTH = 80  # characters by which sentences without a name are told apart
TEXT_LENGTH = 2_000  # characters of one text that are kept

# By which Docker, Podman and Kubernetes tell a process that it runs in a container.
CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")
CONTAINER_VARIABLES = ("KUBERNETES_SERVICE_HOST", "container")


def log_form(wanted: Literal["auto", "text", "json"], environment: Mapping[str, str], terminal: bool, root: str = "/") -> Form:
    """`auto`: JSON in a container, where a program collects the lines; else, and for people at a `terminal`, text."""
    if wanted != "auto":
        return wanted
    if terminal:
        return "text"
    contained = any(environment.get(name) for name in CONTAINER_VARIABLES)
    return "json" if contained or any(Path(root, name.lstrip("/")).exists() for name in CONTAINER_FILES) else "text"


class Log:
    """`write` is given each line, with its end; False: it could not be written, which is told later. For several threads."""

    def __init__(
        self,
        form: Form,
        write: Callable[[str], object],
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._form = form
        self._write = write
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._told: dict[str, _Told] = {}
        self._unwritten = 0

    def info(self, event: str, text: str | None = None, /, **fields: Field) -> None:
        """Something happened as it should. `text`: a sentence for people; without it, the event and its fields."""
        self._tell("info", event, text, fields)

    def warn(self, event: str, text: str | None = None, /, **fields: Field) -> None:
        """Something was lost, refused or given up."""
        self._tell("warn", event, text, fields)

    def error(self, event: str, text: str | None = None, /, **fields: Field) -> None:
        """It ends because of this."""
        self._tell("error", event, text, fields)

    def say(self, line: str) -> None:
        """A sentence that has no name: those that differ in their numbers alone are one event."""
        self._tell("info", "note", line, {}, kind=re.sub("[0-9]+", "0", line[:KIND_LENGTH]))

    def close(self) -> None:
        """Tell what was left out and not told of yet."""
        with self._lock:
            self._tell_left_out(self._told)

    def _tell(self, level: str, event: str, text: str | None, fields: Mapping[str, Field], kind: str = "") -> None:
        kind = kind or event
        with self._lock:
            now = self._clock()
            over = {name: told for name, told in self._told.items() if now - told.since_s >= WINDOW_S}
            self._tell_left_out(over)
            for name in over:
                del self._told[name]
            if kind not in self._told and len(self._told) >= EVENTS:
                kind = "other"
            told = self._told.setdefault(kind, _Told(now))
            if told.lines < AT_ONCE:
                told.lines += 1
                self._put(level, event, text, fields)
            else:
                told.left_out += 1

    def _tell_left_out(self, told: Mapping[str, _Told]) -> None:
        for kind, one in told.items():
            if one.left_out:
                left_out, one.left_out = one.left_out, 0
                text = f"{left_out} more lines of this kind were left out: {kind}"
                self._put("warn", "lines_left_out", text, {"of": kind, "lines": left_out})

    def _put(self, level: str, event: str, text: str | None, fields: Mapping[str, Field]) -> None:
        line = self._line(level, event, text, fields)
        if self._unwritten:
            unwritten = self._unwritten
            about = f"{unwritten} lines could not be written"
            if self._write(self._line("warn", "lines_unwritten", about, {"lines": unwritten})) is not False:
                self._unwritten = 0
        if self._unwritten or self._write(line) is False:
            self._unwritten += 1

    def _line(self, level: str, event: str, text: str | None, fields: Mapping[str, Field]) -> str:
        if self._form == "text":
            return f"wsobserve: {one_line(text if text is not None else _sentence(event, fields))}\n"
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": level,
            "event": event,
        }
        if text is not None:
            entry["message"] = _kept(text)
        for name, value in fields.items():
            entry[name] = _kept(value) if isinstance(value, str) else value
        return msgspec.json.encode(entry).decode() + "\n"


class _Told:
    """How often an event was told since `since_s`, and how often not."""

    def __init__(self, since_s: float) -> None:
        self.since_s = since_s
        self.lines = 0
        self.left_out = 0


def one_line(text: str) -> str:
    """`text` on one line, whatever somebody put into it; what would move a terminal's cursor is escaped."""
    text = _kept(text)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "replace").decode() for char in text)


def _kept(text: str) -> str:
    """As UTF-8 can carry it, and not without end."""
    text = text if len(text) <= TEXT_LENGTH else text[: TEXT_LENGTH - 1] + "…"
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _sentence(event: str, fields: Mapping[str, Field]) -> str:
    said = ", ".join(f"{name} {value}" for name, value in fields.items())
    return f"{event.replace('_', ' ')}{f': {said}' if said else ''}"


def to_standard_error(line: str) -> bool:
    """In one piece, so that lines of several processes do not mix. False: it would have had to wait, or nobody reads."""
    try:
        if not select.select([], [2], [], 0)[1]:  # a pipe that is full: whoever reads it must not stop the observer
            return False
        os.write(2, line.encode("utf-8", "replace"))
    except OSError:
        return False
    return True
