"""The fuzzing targets in short: every committed input, the same told by both builds, and some thousand fresh inputs.

`make fuzz` does it at length (docs/fuzzing.md). What once broke something lies in tests/fuzz/found/TARGET, and its test here
has its name.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import wsobserve
from tests.fuzz import script
from tests.fuzz.one_target import timed
from tests.fuzz.targets import CORPUS, DICTIONARIES, FOUND, TARGETS, inputs

CHECKOUT = Path(__file__).resolve().parents[1]
ONE_TARGET = [sys.executable, "-P", "-m", "tests.fuzz.one_target"]
BUILDS = [CHECKOUT / "build" / name for name in ("pure", "compiled")]
FRESH = 1_500  # executions of each target, but of the slow ones
SLOW_TARGETS = {"middle": 400, "segments": 1_000, "whole": 250}
BROKE_SOMETHING = sorted(path.relative_to(FOUND).as_posix() for path in FOUND.glob("*/*"))


def environment(package: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": f"{package}:{CHECKOUT}", "PYTHONSAFEPATH": "1", "PYTHONHASHSEED": "0"}


@pytest.mark.parametrize("target", TARGETS)
def test_no_seed_breaks_anything(target: str) -> None:
    tell = TARGETS[target].load()
    seeds = inputs(target)
    assert len(seeds) > 9
    for path in seeds:
        timed(tell, path.read_bytes())


@pytest.mark.parametrize("name", BROKE_SOMETHING)
def test_what_once_broke_something_does_so_no_more(name: str) -> None:
    timed(TARGETS[name.partition("/")[0]].load(), (FOUND / name).read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_fresh_inputs_break_nothing(target: str, tmp_path: Path) -> None:
    """The same ones in every run, as long as the code is the same."""
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not there: it is published for Python 3.11 to 3.14 on Linux with x86-64")
    found = tmp_path / "found"
    found.mkdir()
    seeds = [str(place) for place in (CORPUS / target, FOUND / target) if place.is_dir()]
    runs = SLOW_TARGETS.get(target, FRESH)
    command = [*ONE_TARGET, "fuzz", target, str(found), *seeds, f"-runs={runs}", "-seed=1"]
    package = Path(wsobserve.__path__[0]).parent
    done = subprocess.run(
        [*command, f"-artifact_prefix={tmp_path}/"], capture_output=True, env=environment(package), timeout=300, check=False
    )
    said = done.stderr.decode(errors="replace") + done.stdout.decode(errors="replace")
    assert done.returncode == 0, said[-4_000:]
    assert "stat::number_of_executed_units" in said


@pytest.mark.build_independent
def test_both_builds_tell_the_same_of_every_committed_input() -> None:
    for build in BUILDS:
        if not (build / "wsobserve").is_dir():
            pytest.skip(f"build/{build.name} is not there: `make test` makes both where there is a C compiler")

    def told_by(build: Path) -> str:
        done = subprocess.run(
            [*ONE_TARGET, "replay"], capture_output=True, text=True, env=environment(build), timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    with ThreadPoolExecutor(2) as both:
        pure, compiled = both.map(told_by, BUILDS)
    assert pure.splitlines() == compiled.splitlines()
    assert len(pure.splitlines()) == sum(len(inputs(target)) for target in TARGETS)


def test_every_target_has_its_seeds_and_nothing_else_does() -> None:
    for directory in (CORPUS, FOUND):
        assert {path.name for path in directory.glob("*")} <= TARGETS.keys()
    assert {path.stem for path in DICTIONARIES.glob("*.dict")} <= TARGETS.keys()
    assert all(path.stat().st_size <= TARGETS[name].longest for name in TARGETS for path in inputs(name))


def test_a_script_says_what_was_written() -> None:
    hello = bytes(range(256))
    said = script.written(hello, script.CUT, b"more", script.SERVER, b"\xff", (script.GAP, 9), b"last", (script.AGAIN, 2))
    assert script.events(said) == [
        script.Event(script.CUT, 0, hello),
        script.Event(script.CUT, 0, b"more"),
        script.Event(script.CUT, 1, b"\xff"),
        script.Event(script.GAP, 1, number=9),
        *[script.Event(script.CUT, 1, b"last")] * 3,
    ]
    assert script.joined(script.events(said))[0] == script.Event(script.CUT, 0, hello + b"more")


@pytest.mark.parametrize(
    "end", [b"\xff", b"\xff\xff", b"\xff\x03", b"\xff\x0b", b"\xff\x0b\xff", b"\xff\xff\xff", b"\xff\xfe", b""]
)
def test_a_script_may_end_anywhere(end: bytes) -> None:
    assert script.events(b"said" + end)[0].data.startswith(b"said")
