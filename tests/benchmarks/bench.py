"""What decoding costs, beside tshark, dpkt and C: `make bench`. docs/performance.md says how to read and repeat it.

In: directories that each hold one build of wsobserve; a second one, the pure build, is measured only with --with-pure.
Out: a table, and whether the bars are cleared. The captures are made here and kept in build/bench; what is in them is known,
and every program that counts is held to it. The programs take turns, so that whatever else the machine does meets them all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks import bars, capture_rates, hostile, programs, report, schemas
from tests.benchmarks.bars import COUNT, TWO_WORKERS
from tests.benchmarks.checks import broken_equations, given_up, wrong_counts
from tests.benchmarks.programs import Program, Run
from tests.benchmarks.report import Measured
from tests.benchmarks.scenarios import read_truth

FOLDER = Path("build") / "bench"
MEASURED = ["small", "big", "short", "lossy"]
SCHEMAS = "schemas"  # not a capture: what inferring schemas costs
CAPTURE = "capture"  # nor this: what capturing itself costs; only on request, as it needs root and a namespace
COUNTED_ONLY = ["long", *hostile.MADE]  # what they cost others is not of interest
EXACT = ["small", "big", "short", "long"]  # here everything that was sent is in the capture, and nothing else
LONG_BYTES = 2_500_000_000


def main() -> None:
    """Measures, and prints the table and the bars. Exit status 1: a count was wrong."""
    options = _options()
    folder = _folder(options.scale)
    results: list[Measured] = []
    for name in options.only:
        if name in (SCHEMAS, CAPTURE):
            continue
        capture = _capture(name, folder, options.scale)
        if capture is not None:
            results.append(_measure(name, capture, options))
    wrong = [sentence for measured in results for sentence in _wrong(measured)]
    costs = {(measured.name, program): measured.cost(program) for measured in results for program in measured.runs}
    lines = bars.bars({key: cost for key, cost in costs.items() if cost is not None})
    figures: schemas.Figures = {}
    if SCHEMAS in options.only:
        figures = schemas.measure(options.build, folder, options.scale, schemas.quicktype_modules(folder), _say)
        lines += schemas.bars(figures)
    rates: list[str] = []
    if CAPTURE in options.only:
        rates, missing = capture_rates.measure(options.build, options.pure if options.with_pure else None, options.rounds)
        wrong += missing

    print(report.heading(options), report.table(results), sep="\n\n")
    for measured in results:
        accounting = measured.runs[COUNT][-1].found.accounting
        if measured.name == "lossy":
            print(report.frame_counts(measured))
        if measured.name in hostile.MADE and accounting is not None:
            print(f"{measured.name}, given up or left aside: {given_up(accounting) or 'nothing'}")
    if rates:
        print(*rates, sep="\n")
    if figures:
        print(report.markdown(schemas.rows(figures)), *schemas.other_lines(figures), sep="\n")
    print("\nBars" + ("" if options.scale == 1 else f" (they are meant for scale 1, and this is {options.scale:g})"))
    print(*lines, sep="\n")
    print("\nCounts: " + ("as sent, and the same with two workers." if not wrong else "WRONG"))
    print(*wrong, sep="\n")
    if options.json:
        report.write_json(options, results, lines, wrong, figures)
    sys.exit(1 if wrong else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path, help="directory with the build that is measured")
    parser.add_argument("pure", type=Path, nargs="?", help="directory with the pure build")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the captures; the bars are about 1 (default)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each program runs (default: 3)")
    parser.add_argument("--tshark-rounds", type=int, help="the same for tshark, which takes longest (default: --rounds)")
    parser.add_argument(
        "--only", nargs="+", metavar="CAPTURE", help=f"of {' '.join([*MEASURED, *COUNTED_ONLY, SCHEMAS, CAPTURE])}"
    )
    parser.add_argument("--with-pure", action="store_true", help="one round of the pure build, too")
    parser.add_argument("--full", action="store_true", help="all captures, `long` included, 5 rounds of all programs, and pure")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write every run to this file")
    options = parser.parse_args()
    if options.full:
        options.rounds, options.with_pure = max(5, options.rounds), True
        options.only = options.only or [*MEASURED, *COUNTED_ONLY, SCHEMAS]
    options.only = options.only or [*MEASURED, *hostile.MADE, SCHEMAS]
    if unknown := set(options.only) - {*MEASURED, *COUNTED_ONLY, SCHEMAS, CAPTURE}:
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
    source = b"".join((here / name).read_bytes() for name in ("traffic.py", "scenarios.py", "hostile.py", "schemas.py"))
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


def _measure(name: str, capture: Path, options: argparse.Namespace) -> Measured:
    """Each program once in each round."""
    truth = read_truth(capture)
    runs: dict[str, list[Run]] = {}
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
    return Measured(name, truth, capture.stat().st_size, runs)


def _wrong(measured: Measured) -> list[str]:
    """What was counted wrong, by whom."""
    found = []
    name = measured.name
    for program, all_runs in measured.runs.items():
        for run in {json.dumps(asdict(run.found)): run for run in all_runs}.values():  # the same mistake once
            sentences = [run.failure] if run.failure else []
            if name in EXACT and not run.failure:
                sentences += wrong_counts(run.found, measured.truth)
            if run.found.accounting is not None:
                sentences += broken_equations(run.found.accounting)
                if name in hostile.MADE and not given_up(run.found.accounting):
                    sentences.append("nothing is said about what was given up")
            found += [f"{name}, {program}: {sentence}" for sentence in sentences]
    one, two = (measured.runs[program][-1].found.accounting for program in (COUNT, TWO_WORKERS))
    if one != two:
        different = [field for field in one or {} if two is None or one is None or one[field] != two[field]]
        found.append(f"{name}: two workers and one differ in {', '.join(different) or 'everything'}")
    return found


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
