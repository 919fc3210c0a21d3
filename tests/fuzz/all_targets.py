"""Fuzzes every target on every build it is given, in parallel over the cores, then replays all inputs on all of them.

    PYTHONPATH=. python -P -m tests.fuzz.all_targets build/pure build/compiled

On the pure build coverage guides the inputs. Compiled modules tell nothing of theirs: the compiled build gets what was
found on the pure one and its mutants, and must tell the same of every input as the pure build does. Environment:

    FUZZ_SECONDS   for each target on each build (default 300)
    FUZZ_RUNS      executions of each target on each build instead
    FUZZ_TARGETS   their names, separated by spaces (default: all)
    FUZZ_JOBS      processes at a time (default: the cores)

Everything found stays in build/fuzz: corpus/TARGET (new inputs), broken/TARGET (what broke something), logs. The exit
status is not zero when anything broke.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.targets import CORPUS, FOUND, TARGETS

CHECKOUT = Path(__file__).resolve().parents[2]
OUTPUT = CHECKOUT / "build" / "fuzz"
ONE_TARGET = [sys.executable, "-P", "-m", "tests.fuzz.one_target"]
SHOWN = 20
COLUMNS = "{:<10} {:<9} {:>12} {:>9} {:>7} {:>11} {:>7} {:>8}"


class Outcome(NamedTuple):
    """What became of one target on one build."""

    target: str
    build: str
    executions: int
    per_second: int
    edges: int
    new_inputs: int
    broken: list[Path]
    peak_mb: int
    status: int


def environment(build: Path) -> dict[str, str]:
    """So that a process meets this build, and every process orders its sets alike."""
    return os.environ | {"PYTHONPATH": f"{build.resolve()}:{CHECKOUT}", "PYTHONSAFEPATH": "1", "PYTHONHASHSEED": "0"}


def fuzzed(target: str, build: Path, amount: str) -> Outcome:
    """Runs one target on one build until `amount`, an option of libFuzzer, is reached or something breaks."""
    corpus, broken, log = OUTPUT / "corpus" / target, OUTPUT / "broken" / target, OUTPUT / f"{target}-{build.name}.log"
    for directory in (corpus, broken):
        directory.mkdir(parents=True, exist_ok=True)
    places = [str(place) for place in (corpus, CORPUS / target, FOUND / target) if place.is_dir()]
    before = set(broken.iterdir())
    command = [*ONE_TARGET, "fuzz", target, *places, amount, f"-artifact_prefix={broken}/"]
    with log.open("w") as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, env=environment(build), check=False)
    said = log.read_text(errors="replace")
    stat = {name: int(value) for name, value in re.findall(r"^stat::(\w+): +(\d+)", said, re.MULTILINE)}
    edges = max([int(value) for value in re.findall(r" cov: (\d+)", said)], default=0)
    return Outcome(
        target,
        build.name,
        stat.get("number_of_executed_units", 0),
        stat.get("average_exec_per_sec", 0),
        edges,
        stat.get("new_units_added", 0),
        sorted(set(broken.iterdir()) - before),
        stat.get("peak_rss_mb", 0),
        done.returncode,
    )


def replayed(builds: list[Path]) -> int:
    """How many inputs break something, or are told of differently by two builds."""
    places = [f"{target}={OUTPUT / 'corpus' / target}" for target in TARGETS]
    command = [*ONE_TARGET, "replay", *places]
    told: list[list[str]] = []
    for build in builds:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment(build), check=False)
        told.append(done.stdout.splitlines())
    broken = {line for lines in told for line in lines if line.endswith(" broken")}
    names = {line.rpartition(" ")[0] for lines in told for line in set(lines) ^ set(told[0])}
    different = names - {line.rpartition(" ")[0] for line in broken}
    for name in sorted(different)[:SHOWN]:
        print(f"builds differ: {name}")
    print(f"{len(told[0])} inputs replayed on {', '.join(build.name for build in builds)}: ", end="")
    print(f"{len(broken)} broke something, {len(different)} were told of differently")
    return len(broken) + len(different)


def amount_of(name: str, default: str) -> str:
    """A setting; empty is as good as none."""
    return os.environ.get(name) or default


def main() -> int:
    """The command line."""
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not there: it is published for Python 3.11 to 3.14 on Linux with x86-64", file=sys.stderr)
        return 1
    builds = [Path(argument) for argument in sys.argv[1:]]
    runs = os.environ.get("FUZZ_RUNS")
    amount = f"-runs={runs}" if runs else f"-max_total_time={amount_of('FUZZ_SECONDS', '300')}"
    names = amount_of("FUZZ_TARGETS", " ".join(TARGETS)).split()
    jobs = int(amount_of("FUZZ_JOBS", str(os.cpu_count() or 1)))
    print(COLUMNS.format("target", "build", "executions", "per sec", "edges", "new inputs", "broken", "peak MB"), flush=True)
    outcomes: list[Outcome] = []
    for build in builds:  # one after the other: what is found on the first is where the second begins
        with ThreadPoolExecutor(jobs) as pool:
            for each in pool.map(lambda target, build=build: fuzzed(target, build, amount), names):
                print(
                    COLUMNS.format(
                        each.target, each.build, f"{each.executions:,}", each.per_second, each.edges, each.new_inputs,
                        len(each.broken) or bool(each.status), each.peak_mb,
                    ),
                    flush=True,
                )  # fmt: skip
                outcomes.append(each)
    print(COLUMNS.format("all", "", f"{sum(each.executions for each in outcomes):,}", "", "", "", "", ""))
    for each in outcomes:
        for path in each.broken:
            print(f"broken: {path.relative_to(CHECKOUT)} (its traceback: build/fuzz/{each.target}-{each.build}.log)")
    return 1 if replayed(builds) or any(each.status for each in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
