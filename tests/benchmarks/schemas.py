"""What schema inference costs, beside genson, quicktype and DuckDB in the same run.

In: a build of wsobserve, and a folder in which traffic is made from fixed seeds and kept. Out: figures, a table, and bars.
Rates are by CPU seconds, each program's own start left out; those of the others hold their schema, too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TypeAlias

from tests.benchmarks.bars import Bar
from tests.benchmarks.scenarios import tick
from tests.benchmarks.traffic import SERVER, TEXT, CaptureFile, Connection
from tests.schema.talk import chat

Figures: TypeAlias = "dict[tuple[str, str], dict[str, float]]"  # by traffic and program; traffic without a name: memory

HERE = Path(__file__).parent
QUICKTYPE = "quicktype-core@26.0.0"
LEARN, STEADY = "learn", "steady"
ONE_CHANNEL, MANY_CHANNELS = "one_channel", "many_channels"
PEERS = ("genson", "quicktype", "duckdb")
CONNECTIONS = 20
LEARNT, SENT = 20_000, 300_000  # messages to learn from, and in the capture


def _chat(chance: Random, number: int) -> bytes:
    return json.dumps(chat(chance, number), separators=(",", ":")).encode()


TRAFFIC: dict[str, Callable[[Random, int], bytes]] = {"chat": _chat, "ticks": lambda chance, number: tick(chance)}


def measure(build: Path, folder: Path, scale: float, modules: Path | None, say: Callable[[str], None]) -> Figures:
    """Everything that can be measured here: a program that is not installed is left out. `modules`: those of quicktype."""
    figures: Figures = {}
    for name in TRAFFIC:
        texts, capture = make(name, folder, scale)
        for program, arguments in {LEARN: texts, STEADY: capture, "genson": texts, "duckdb": texts}.items():
            found = _python(build, program, str(arguments), scale)
            if found is not None:
                figures[name, program] = found
                say(f"{name}: {program}: {found['messages'] / found['seconds']:,.0f} messages/s")
        if modules is not None:
            script = ["node", str(HERE / "schema_quicktype.mjs"), str(modules.resolve()), str(texts)]
            if (found := _output(script, dict(os.environ))) is not None:
                figures[name, "quicktype"] = found
                say(f"{name}: quicktype: {found['messages'] / found['seconds']:,.0f} messages/s")
    for task in (ONE_CHANNEL, MANY_CHANNELS):
        found = _python(build, task, "", scale)
        if found is not None:
            figures["", task] = found
            say(f"{task}: {found['megabytes']:.1f} MB")
    return figures


def make(name: str, folder: Path, scale: float) -> tuple[Path, Path]:
    """JSON texts, a line each, and a capture in which many more are sent; made if they are not there yet."""
    texts, capture = folder / f"{name}.ndjson", folder / f"schemas-{name}.pcap"
    chance = Random(name)
    if not texts.exists():
        learnt = (TRAFFIC[name](chance, number) for number in range(int(LEARNT * scale)))
        texts.write_bytes(b"".join(line + b"\n" for line in learnt))
    if not capture.exists():
        unfinished = capture.with_suffix(".part")
        with CaptureFile(unfinished) as file:
            connections = [Connection(file, number) for number in range(CONNECTIONS)]
            for connection in connections:
                connection.open(f"/{name}")
            for number in range(int(SENT * scale)):
                connection = connections[chance.randrange(CONNECTIONS)]
                connection.send(SERVER, connection.message(SERVER, TEXT, TRAFFIC[name](chance, number)))
        unfinished.rename(capture)
    return texts, capture


def quicktype_modules(folder: Path) -> Path | None:
    """Where quicktype is installed; None where it cannot be."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return None
    place = folder.parent / "quicktype"
    modules = place / "node_modules"
    if not (modules / "quicktype-core").exists():
        place.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(place), QUICKTYPE]
        if subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL).returncode:
            return None
    return modules


def _python(build: Path, task: str, argument: str, scale: float) -> dict[str, float] | None:
    sizes = {"MESSAGES": int(1_000_000 * scale), "CHANNELS": int(10_000 * scale), "SECONDS": min(1, scale)}
    environment = {**os.environ, "PYTHONPATH": str(build.resolve())}
    environment |= {f"SCHEMA_RUN_{name}": str(size) for name, size in sizes.items()}
    return _output([sys.executable, "-P", str(HERE / "schema_run.py"), task, argument], environment)


def _output(command: list[str], environment: dict[str, str]) -> dict[str, float] | None:
    """None, and why in a line, where it failed."""
    run = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if run.returncode:
        lines = run.stderr.strip().splitlines()
        print(f"{Path(command[-2]).name}: failed: {lines[-1] if lines else run.returncode}", file=sys.stderr)
        return None
    found: dict[str, float] = json.loads(run.stdout)
    return found


def rate(figures: Figures, traffic: str, program: str) -> float | None:
    """Messages a CPU second."""
    found = figures.get((traffic, program))
    return None if found is None else found["messages"] / found["seconds"]


def rows(figures: Figures) -> list[list[str]]:
    """A row for each program on each traffic, ours as a multiple of it; and the memory."""
    listed = [["traffic", "program", "messages/s", "learn / it", "steady / it"], ["---", "---", "---:", "---:", "---:"]]
    for traffic in TRAFFIC:
        ours = [rate(figures, traffic, program) for program in (LEARN, STEADY)]
        for program in (LEARN, STEADY, *PEERS):
            theirs = rate(figures, traffic, program)
            if theirs is None:
                listed.append([traffic, program, "not measured", "", ""])
                continue
            times = ["" if each is None else f"{each / theirs:.1f}" for each in ours]
            listed.append([traffic, program, f"{theirs:,.0f}", *times])
    return listed


def other_lines(figures: Figures) -> list[str]:
    """How long it takes to work out the kinds, and what hostile traffic leaves in memory, for people."""
    lines = []
    for traffic in TRAFFIC:
        if learnt := figures.get((traffic, LEARN)):
            lines.append(f"{traffic}: {learnt['kinds']:.0f} kinds, worked out in {learnt['kinds_seconds']:.2f} s")
    if one := figures.get(("", ONE_CHANNEL)):
        held, kinds = f"{one['megabytes']:.1f} MB", f"{one['megabytes_with_kinds']:.1f} MB with its {one['kinds']:,.0f} kinds"
        lines.append(f"{one['messages']:,.0f} messages without order on one channel: objects of {held} in the fold, {kinds}")
        grown, most = one["megabytes_resident"], one["megabytes_resident_with_kinds"]
        lines.append(
            f"the process grows by {grown:.1f} MB, and {most:.1f} MB with working them out and what the allocator keeps"
        )
    if many := figures.get(("", MANY_CHANNELS)):
        twice = many["megabytes_twice_the_channels"]
        lines.append(f"on {many['channels']:,.0f} channels: {many['megabytes']:.0f} MB, on twice as many: {twice:.0f} MB")
    return lines


def bars(figures: Figures) -> list[Bar]:
    """All of them, those that were not measured included."""
    found = []
    for traffic in TRAFFIC:
        learning, steady = (rate(figures, traffic, program) for program in (LEARN, STEADY))
        found += [
            Bar(6, f"{traffic}: learning, thousand messages/s", _thousands(learning), 40, True),
            Bar(7, f"{traffic}: steady state, thousand messages/s", _thousands(steady), 250, True),
        ]
    one, many = figures.get(("", ONE_CHANNEL)), figures.get(("", MANY_CHANNELS))
    growth = None if many is None else 100 * (many["megabytes_twice_the_channels"] / many["megabytes"] - 1)
    found.append(
        Bar(8, "MB of objects in the fold, one channel without order", None if one is None else one["megabytes"], 4, False)
    )
    found.append(Bar(8, "growth with twice as many channels, %", growth, 10, False))
    return found


def _thousands(value: float | None) -> float | None:
    return None if value is None else value / 1000
