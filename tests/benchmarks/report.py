"""What a run of the bench says: a heading with its date and machine, the table, and every run as JSON.

In: runs by capture and program. Out: text; tables are Markdown, which reads well on a terminal, too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.benchmarks import schemas
from tests.benchmarks.bars import C_YARDSTICK, COUNT, TSHARK, TWO_WORKERS, Bar, Cost
from tests.benchmarks.programs import Run
from tests.benchmarks.traffic import OPCODE_NAMES, Truth


@dataclass(frozen=True)
class Measured:
    """A capture, and all runs on it by program."""

    name: str
    truth: Truth
    file_bytes: int
    runs: dict[str, list[Run]]

    def cost(self, program: str) -> Cost | None:
        """Medians; None where a run failed."""
        runs = self.runs[program]
        if any(run.failure for run in runs):
            return None
        cpu, wall = statistics.median(run.cpu for run in runs), statistics.median(run.wall for run in runs)
        return Cost(cpu, wall, max(run.peak_bytes for run in runs))


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


def heading(options: argparse.Namespace) -> str:
    """When, how often, and on what."""
    rounds = f"{options.rounds} rounds" if options.rounds > 1 else "1 round"
    if options.tshark_rounds != options.rounds:
        rounds += f" (tshark {options.tshark_rounds})"
    built = f"count and analyze are the {options.build_names[0]} build"
    facts = [time.strftime("%Y-%m-%d", time.gmtime()), f"scale {options.scale:g}, {rounds}", built, _processor()]
    return "; ".join([*facts, f"Python {platform.python_version()}", _version("tshark")])


def table(results: list[Measured]) -> str:
    """A row for each program on each capture."""
    rows = [["capture", "program", "CPU s", "wall s", "packets/s", "messages/s", "MB/s", "peak MB", "CPU / count"]]
    rows.append(["---", "---", *["---:"] * 7])
    for measured in results:
        reference = measured.cost(COUNT)
        amounts = (measured.truth.packets, measured.truth.messages, measured.file_bytes / 1e6)
        for program in measured.runs:
            cost = measured.cost(program)
            if cost is None:
                rows.append([measured.name, program, "failed", *[""] * 6])
                continue
            numbers = [f"{cost.cpu:.2f}", f"{cost.wall:.2f}", *(f"{amount / cost.cpu:,.0f}" for amount in amounts)]
            times = "" if reference is None else f"{cost.cpu / reference.cpu:.2f}"
            rows.append([measured.name, program, *numbers, f"{cost.peak_bytes / 1e6:.0f}", times])
    return markdown(rows)


def frame_counts(measured: Measured) -> str:
    """Frames by opcode as each program counts them, beside what was sent."""
    columns = [*OPCODE_NAMES.values(), "reserved"]
    told = {"sent": measured.truth.frames}
    for program in (COUNT, TWO_WORKERS, TSHARK, C_YARDSTICK):
        frames = measured.runs[program][-1].found.frames if program in measured.runs else None
        if frames is not None:
            told[program] = frames
    rows = [[measured.name, *columns], ["---", *["---:"] * len(columns)]]
    rows += [[program, *(f"{frames.get(column, 0):,}" for column in columns)] for program, frames in told.items()]
    return markdown(rows)


def markdown(rows: list[list[str]]) -> str:
    """A table of rows, of which the second says how columns are aligned: `---` or `---:`."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    to_right = [cell.endswith(":") for cell in rows[1]]
    rows[1] = ["-" * (width - 1) + (":" if right else "-") for width, right in zip(widths, to_right, strict=True)]
    lines = []
    for row in rows:
        columns = zip(row, widths, to_right, strict=True)
        lines.append(
            "| " + " | ".join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in columns) + " |"
        )
    return "\n".join(lines) + "\n"


def write_json(
    options: argparse.Namespace, results: list[Measured], lines: list[Bar], wrong: list[str], figures: schemas.Figures
) -> None:
    """Every run, and what came of it, into the file of the option `--json`."""
    document = {
        "heading": heading(options),
        "scale": options.scale,
        "captures": {measured.name: asdict(measured) for measured in results},
        "schemas": [{"traffic": traffic, "program": program, **found} for (traffic, program), found in figures.items()],
        "bars": [asdict(bar) | {"met": bar.met} for bar in lines],
        "wrong": wrong,
    }
    options.json.write_text(json.dumps(document, indent=1) + "\n")
