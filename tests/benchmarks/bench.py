"""What decoding costs, beside tshark, dpkt and C: `make bench`. docs/performance.md says how to read and repeat it.

In: directories that each hold one build of wsobserve; the first is measured, another one only with --pure. Out: a table, and
whether the bars are cleared. The captures are made here and kept in build/bench; what is in them is known, and every program
that counts is held to it. The programs take turns, so that whatever else the machine does meets all of them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks import bars, hostile, programs
from tests.benchmarks.bars import COUNT, TSHARK, TWO_WORKERS, Cost
from tests.benchmarks.checks import broken_equations, given_up, wrong_counts
from tests.benchmarks.programs import Program, Run
from tests.benchmarks.scenarios import read_truth
from tests.benchmarks.traffic import OPCODE_NAMES, Truth

FOLDER = Path("build") / "bench"
MEASURED = ["small", "big", "short", "lossy"]
COUNTED_ONLY = ["long", *hostile.MADE]  # what they cost others is not of interest
EXACT = ["small", "big", "short", "long"]  # here everything that was sent is in the capture, and nothing else
LONG_BYTES = 2_500_000_000

Runs = dict[str, list[Run]]  # by program


def main() -> None:
    """Measures, and prints the table and the bars. Exit status 1: a count was wrong."""
    options = _options()
    folder = _folder(options.scale)
    results: dict[str, Runs] = {}
    truths: dict[str, Truth] = {}
    wrong: list[str] = []
    sizes: dict[str, int] = {}
    for name in options.only:
        capture = _capture(name, folder, options.scale)
        if capture is None:
            continue
        truths[name], sizes[name] = read_truth(capture), capture.stat().st_size
        results[name] = _measure(name, capture, truths[name], options)
        wrong += _wrong(name, results[name], truths[name])

    print(_heading(options))
    print(_table(results, truths, sizes))
    if "lossy" in results:
        print(_counts("lossy", results["lossy"], truths["lossy"]))
    for name, runs in results.items():
        accounting = runs[COUNT][-1].found.accounting
        if name in hostile.MADE and accounting is not None:
            print(f"{name}, given up or left aside: {given_up(accounting) or 'nothing'}")
    costs = {(name, program): _cost(runs) for name, all_runs in results.items() for program, runs in all_runs.items()}
    lines = bars.bars({key: cost for key, cost in costs.items() if cost is not None})
    print("\nBars" + ("" if options.scale == 1 else f" (they are meant for scale 1, and this is {options.scale:g})"))
    print(*lines, sep="\n")
    print("\nCounts: " + ("as sent, and the same with two workers." if not wrong else "WRONG"))
    print(*wrong, sep="\n")
    if options.json:
        _write_json(options, results, truths, sizes, lines, wrong)
    sys.exit(1 if wrong else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path, help="directory with the build that is measured")
    parser.add_argument("pure", type=Path, nargs="?", help="directory with the pure build")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the captures; the bars are about 1 (default)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each program runs (default: 3)")
    parser.add_argument("--tshark-rounds", type=int, help="the same for tshark, which takes longest (default: --rounds)")
    parser.add_argument("--only", nargs="+", metavar="CAPTURE", help=f"of {' '.join([*MEASURED, *COUNTED_ONLY])}")
    parser.add_argument("--with-pure", action="store_true", help="one round of the pure build, too")
    parser.add_argument("--full", action="store_true", help="all captures, `long` included, 5 rounds of all programs, and pure")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write every run to this file")
    options = parser.parse_args()
    if options.full:
        options.rounds, options.with_pure = max(5, options.rounds), True
        options.only = options.only or [*MEASURED, *COUNTED_ONLY]
    options.only = options.only or [*MEASURED, *hostile.MADE]
    if unknown := set(options.only) - {*MEASURED, *COUNTED_ONLY}:
        parser.error(f"no capture of this name: {', '.join(sorted(unknown))}")
    if options.with_pure and options.pure is None:
        parser.error("--with-pure and --full need the directory of the pure build")
    if options.rounds < 1 or options.scale <= 0:
        parser.error("--rounds and --scale are more than nothing")
    try:
        options.build_names = [programs.build_name(build) for build in (options.build, options.pure) if build is not None]
    except ValueError as error:
        parser.error(str(error))
    options.tshark_rounds = options.rounds if options.tshark_rounds is None else options.tshark_rounds
    return options


# --- captures -----------------------------------------------------------------------------------------------------------


def _folder(scale: float) -> Path:
    """Where captures of this scale are kept, by the source that makes them; those of another source are deleted."""
    here = Path(__file__).parent
    source = b"".join((here / name).read_bytes() for name in ("traffic.py", "scenarios.py", "hostile.py"))
    current = FOLDER / hashlib.sha256(source).hexdigest()[:12]
    for other in FOLDER.glob("?" * 12):
        if other.is_dir() and other != current:
            shutil.rmtree(other)
    folder = current / f"scale-{scale:g}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _capture(name: str, folder: Path, scale: float) -> Path | None:
    """The capture, made in a process of its own so that this one stays small: a child's peak begins at its parent's size."""
    path = folder / f"{name}.pcap"
    if name == "long" and not path.exists() and shutil.disk_usage(folder).free < 2 * LONG_BYTES * scale:
        _say(f"{name}: left out, the disk has no room for its {LONG_BYTES * scale / 1e9:.1f} GB")
        return None
    if not path.with_suffix(".json").exists():
        _say(f"{name}: made")
        subprocess.run([sys.executable, "-m", "tests.benchmarks.scenarios", name, str(folder), str(scale)], check=True)
    return path


# --- runs ---------------------------------------------------------------------------------------------------------------


def _programs(name: str, options: argparse.Namespace) -> list[tuple[Program, int]]:
    """Who runs on this capture, and in how many rounds."""
    ours = [programs.count(options.build), programs.count(options.build, workers=2)]
    if name in COUNTED_ONLY:
        return [(program, 1) for program in ours]
    others = [programs.everything_on(options.build, FOLDER / "store.db"), programs.dpkt_parse(), programs.yardstick(FOLDER)]
    all_rounds = [(program, options.rounds) for program in [*ours, *others] if program is not None]
    tshark = [programs.tshark_fields(), programs.tshark_statistics()]
    all_rounds += [(program, options.tshark_rounds) for program in tshark if program is not None]
    if options.with_pure:
        all_rounds.append((programs.count(options.pure, suffix=", pure"), 1))
    return all_rounds


def _measure(name: str, capture: Path, truth: Truth, options: argparse.Namespace) -> Runs:
    """Each program once in each round."""
    runs: Runs = {}
    planned = _programs(name, options)
    for number in range(max(rounds for _, rounds in planned)):
        for program, rounds in planned:
            if number >= rounds:
                continue
            if program.largest is not None and truth.connections > program.largest:
                continue
            for left in FOLDER.glob("store.db*"):
                left.unlink()
            run = programs.run(program, capture, FOLDER)
            _say(f"{name}, round {number + 1}: {program.name}: {run.failure or f'{run.cpu:.2f} s'}")
            runs.setdefault(program.name, []).append(run)
    return runs


def _wrong(name: str, runs: Runs, truth: Truth) -> list[str]:
    """What was counted wrong, by whom."""
    found = []
    for program, all_runs in runs.items():
        for run in {json.dumps(asdict(run.found)): run for run in all_runs}.values():  # the same mistake once
            sentences = [run.failure] if run.failure else []
            if name in EXACT and not run.failure:
                sentences += wrong_counts(run.found, truth)
            if run.found.accounting is not None:
                sentences += broken_equations(run.found.accounting)
                if name in hostile.MADE and not given_up(run.found.accounting):
                    sentences.append("nothing is said about what was given up")
            found += [f"{name}, {program}: {sentence}" for sentence in sentences]
    one, two = (runs[program][-1].found.accounting for program in (COUNT, TWO_WORKERS))
    if one != two:
        different = [field for field in one or {} if two is None or one is None or one[field] != two[field]]
        found.append(f"{name}: two workers and one differ in {', '.join(different) or 'everything'}")
    return found


def _cost(runs: list[Run]) -> Cost | None:
    """None where a run failed."""
    if any(run.failure for run in runs):
        return None
    median: Callable[[list[float]], float] = statistics.median
    return Cost(median([run.cpu for run in runs]), median([run.wall for run in runs]), max(run.peak_bytes for run in runs))


# --- what is printed ----------------------------------------------------------------------------------------------------


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _version(command: str) -> str:
    if shutil.which(command) is None:
        return f"no {command}"
    return subprocess.run([command, "--version"], capture_output=True, text=True).stdout.splitlines()[0]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(names) or os.cpu_count()} x {names[0] if names else platform.machine()}"


def _heading(options: argparse.Namespace) -> str:
    rounds = f"{options.rounds} rounds" if options.rounds > 1 else "1 round"
    if options.tshark_rounds != options.rounds:
        rounds += f" (tshark {options.tshark_rounds})"
    built = f"count and analyze are the {options.build_names[0]} build"
    facts = [time.strftime("%Y-%m-%d", time.gmtime()), f"scale {options.scale:g}, {rounds}", built, _processor()]
    return "\n" + "; ".join([*facts, f"Python {platform.python_version()}", _version("tshark")]) + "\n"


def _table(results: dict[str, Runs], truths: dict[str, Truth], sizes: dict[str, int]) -> str:
    """Markdown, that reads well on a terminal, too."""
    rows = [["capture", "program", "CPU s", "wall s", "packets/s", "messages/s", "MB/s", "peak MB", "CPU / count"]]
    rows.append(["---", "---", *["---:"] * 7])
    for name, all_runs in results.items():
        truth, reference = truths[name], _cost(all_runs[COUNT])
        for program, runs in all_runs.items():
            cost = _cost(runs)
            if cost is None:
                rows.append([name, program, *["failed"] * 2, *[""] * 5])
                continue
            per_second = [f"{amount / cost.cpu:,.0f}" for amount in (truth.packets, truth.messages, sizes[name] / 1e6)]
            times = "" if reference is None else f"{cost.cpu / reference.cpu:.2f}"
            rows.append(
                [name, program, f"{cost.cpu:.2f}", f"{cost.wall:.2f}", *per_second, f"{cost.peak_bytes / 1e6:.0f}", times]
            )
    return _markdown(rows)


def _counts(name: str, runs: Runs, truth: Truth) -> str:
    """Frames by opcode as each program counts them, beside what was sent."""
    columns = [*OPCODE_NAMES.values(), "reserved"]
    rows = [[name, *columns], ["---", *["---:"] * len(columns)]]
    rows.append(["sent", *(f"{truth.frames.get(column, 0):,}" for column in columns)])
    for program in (COUNT, TWO_WORKERS, TSHARK, bars.C_YARDSTICK):
        frames = runs[program][-1].found.frames if program in runs else None
        if frames is not None:
            rows.append([program, *(f"{frames.get(column, 0):,}" for column in columns)])
    return "\n" + _markdown(rows)


def _markdown(rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    left = [not cell.endswith(":") for cell in rows[1]]
    lines = []
    for row in rows:
        cells = [
            cell.replace("---", "-" * (width - 1 + cell.endswith("-")), 1) if cell.startswith("---") else cell
            for cell, width in zip(row, widths, strict=True)
        ]
        padded = [
            cell.ljust(width) if to_left else cell.rjust(width)
            for cell, width, to_left in zip(cells, widths, left, strict=True)
        ]
        lines.append("| " + " | ".join(padded) + " |")
    return "\n".join(lines) + "\n"


def _write_json(
    options: argparse.Namespace,
    results: dict[str, Runs],
    truths: dict[str, Truth],
    sizes: dict[str, int],
    lines: list[bars.Bar],
    wrong: list[str],
) -> None:
    captures = {
        name: {
            "bytes": sizes[name],
            "truth": asdict(truths[name]),
            "runs": {program: [asdict(run) for run in all_runs] for program, all_runs in runs.items()},
        }
        for name, runs in results.items()
    }
    document = {
        "heading": _heading(options).strip(),
        "scale": options.scale,
        "captures": captures,
        "bars": [asdict(bar) | {"met": bar.met} for bar in lines],
        "wrong": wrong,
    }
    options.json.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
