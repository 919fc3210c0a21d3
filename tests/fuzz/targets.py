"""The targets: for each parser a function of bytes, the modules whose coverage guides its inputs, and how long those are."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus"  # seeds: made by seeds.py
FOUND = HERE / "found"  # inputs that once broke something
DICTIONARIES = HERE / "dictionaries"

Tell = Callable[[bytes], object]


class Target(NamedTuple):
    """`tell` of tests.fuzz.`module` takes any bytes, raises when something is wrong, and returns what was told of them."""

    module: str
    instrumented: tuple[str, ...]
    longest: int  # bytes of an input
    left_out: tuple[str, ...] = ()  # of the instrumented: another target looks at them

    def load(self) -> Tell:
        """The function; what it imports is imported now."""
        tell: Tell = importlib.import_module(f"tests.fuzz.{self.module}").tell
        return tell


HTTP = tuple(f"wsobserve.websocket.{module}" for module in ("http", "handshake", "opening", "preamble"))
SEARCH = tuple(f"wsobserve.websocket.{module}" for module in ("boundary", "resynchronisation", "recognition"))

# The slowest first: so none of them is left over when the others are done.
TARGETS = {
    "whole": Target("whole", ("wsobserve",), 1_024),
    "middle": Target("middle", ("wsobserve.websocket",), 768, HTTP),
    "frames": Target("frames", ("wsobserve.websocket",), 1_024, HTTP + SEARCH),
    "segments": Target("segments", ("wsobserve.transport",), 151),
    "handshake": Target("handshake", ("wsobserve.websocket", "wsobserve.redaction"), 1_280),
    "packets": Target("packets", ("wsobserve.transport",), 1_024),
    "deflate": Target("deflate", ("wsobserve.websocket.deflate", "tests.fuzz.deflate"), 512),
    "payload": Target("payload", ("wsobserve.payload", "wsobserve.schema", "wsobserve.redaction"), 512),
    "files": Target("files", ("wsobserve.capture",), 2_048),
    "names": Target("names", ("wsobserve.redaction",), 512),
}


def inputs(name: str, *more: Path) -> list[Path]:
    """The committed inputs of a target, and those of the files and directories `more`."""
    found: list[Path] = []
    for place in (CORPUS / name, FOUND / name, *more):
        found += sorted(path for path in place.iterdir() if path.is_file()) if place.is_dir() else [place] * place.exists()
    return found
