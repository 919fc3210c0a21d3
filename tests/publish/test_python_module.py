"""The frame of a module imports what it uses and nothing else, and its small functions do what they say."""

from __future__ import annotations

import datetime
import itertools
import subprocess
import sys
from typing import Any

import pytest

from wsobserve.publish.python_module import FORMATS, IN_ANNOTATIONS, RESERVED, module_text

pytest.importorskip("pydantic", reason="generated models need pydantic: pip install pydantic")

USES = ("Closed", "Open", "Exact", "NotNull", "Literal", "Annotated", "Field", "TypeAliasType", *FORMATS.values())
LINES = {
    "Literal": 'L = Literal["x"]',
    "Annotated": "A = Annotated[int, 1]",
    "Field": "F = Field(ge=1)",
    "TypeAliasType": 'T = TypeAliasType("T", "list[T]")',
}


def frame(*used: str) -> str:
    aliases = [[LINES[name]] for name in used if name in LINES]
    return module_text([], [*aliases, ["X = int"]], {"/c": "Message"}, {"/c": "X"}, {"/c"}, used)


def test_every_choice_of_parts_is_a_module_that_a_linter_accepts() -> None:
    for used in [(), USES, *itertools.combinations(USES, 1), *itertools.combinations(USES, 2)]:
        text = frame(*used)
        compile(text, "module", "exec")
        assert text.count("from typing import") == 1
    for used in [(), USES, *itertools.combinations(USES, 1)]:
        command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,F,I,UP", "--ignore", "E501", "-"]
        done = subprocess.run(command, input=frame(*used), capture_output=True, text=True, check=False)
        assert done.returncode == 0, (used, done.stdout)


def run(text: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "generated"}
    exec(compile(text, "module", "exec"), namespace)
    return namespace


def test_one_channel_needs_no_name_and_several_do() -> None:
    assert run(frame("Closed"))["parse"]("5") == 5
    two = module_text([], [["X = int"]], {"/a": "A", "/b": "B"}, {"/a": "X", "/b": "X"}, {"/a", "/b"}, ())
    assert run(two)["parse"]("5", "/b") == 5
    with pytest.raises(TypeError):
        run(two)["parse"]("5")
    assert run(module_text([], [], {}, {}, set(), ()))["MESSAGES"] == {}


def test_moments_are_read_to_the_microsecond_and_over_a_leap_second() -> None:
    read = run(frame("DateTime"))["_read_date_time"]
    utc = datetime.UTC
    assert read("2026-11-28t09:00:00.123456789z") == datetime.datetime(2026, 11, 28, 9, 0, 0, 123456, utc)
    assert read("2016-12-31T23:59:60Z") == datetime.datetime(2017, 1, 1, tzinfo=utc)
    assert read("2026-11-28 09:00:00.1").isoformat() == "2026-11-28T09:00:00.100000"
    with pytest.raises(ValueError):
        read("2026-13-28T09:00:00Z")


def test_names_of_the_frame_are_reserved() -> None:
    assert IN_ANNOTATIONS <= RESERVED
    names = {name for name in run(frame(*USES)) if name[0].isupper() and name not in ("L", "A", "F", "T", "X", "Message")}
    assert names <= RESERVED
