"""What is measured: each program, how it is called, and what it says it found in a capture.

In: the directories of the builds, and what is installed here. Out: programs that take a capture file, and `Found` from what
they wrote. Frames are told by opcode; what a program does not tell is None.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.traffic import OPCODE_NAMES

CHECKOUT = Path(__file__).resolve().parents[2]
YARDSTICK = CHECKOUT.parent / "shared" / "bench" / "limit.c"
YARDSTICK_CONNECTIONS = 32_768  # it ends where there are more


@dataclass(frozen=True)
class Found:
    """What a program says is in a capture."""

    frames: dict[str, int] | None = None
    messages: int | None = None
    frame_bytes: int | None = None
    payload_length: int | None = None
    packets: int | None = None
    accounting: dict[str, Any] | None = None  # of wsobserve: all that it counts


@dataclass(frozen=True)
class Program:
    """A program, and how its output is read."""

    name: str
    arguments: Callable[[Path], list[str]]
    read: Callable[[Path], Found]
    environment: dict[str, str] = field(default_factory=dict)
    largest: int | None = None  # connections in a capture that it can take

    def __str__(self) -> str:
        return self.name


def _read_accounting(output: Path) -> Found:
    accounting = json.loads(output.read_text())
    return Found(
        frames=accounting["frames"],
        messages=accounting["messages"],
        frame_bytes=accounting["frame_bytes"],
        payload_length=accounting["payload_length"],
        packets=accounting["packets_seen"],
        accounting=accounting,
    )


def _read_tshark_fields(output: Path) -> Found:
    """A line for each packet with frames: their opcodes, a tab, their lengths, each joined by commas."""
    with output.open() as lines:
        columns = Counter(line.partition("\t")[0].rstrip("\n") for line in lines)
    frames: Counter[str] = Counter()
    for column, packets in columns.items():
        for opcode in column.split(",") if column else ():
            frames[OPCODE_NAMES.get(int(opcode), "reserved")] += packets
    return Found(frames=dict(frames))


def _read_yardstick(output: Path) -> Found:
    """It counts frames, and by opcode whole messages: what is left are the other fragments of a message."""
    counts = json.loads(output.read_text())
    named = {"text": "text", "bin": "binary", "close": "close", "ping": "ping", "pong": "pong"}
    frames = {name: counts[key] for key, name in named.items() if counts[key]}
    if counts["frames"] > sum(frames.values()):
        frames["continuation"] = counts["frames"] - sum(frames.values())
    return Found(frames=frames, messages=counts["text"] + counts["bin"], packets=counts["packets"])


def _read_packets(output: Path) -> Found:
    return Found(packets=int(output.read_text()))


def _read_nothing(output: Path) -> Found:
    return Found()


def build_name(build: Path) -> str:
    """`compiled`, `pure` or `mixed`. ValueError: another wsobserve would run, one that is installed beside it."""
    code = "import wsobserve, wsobserve.build as b; print(wsobserve.__path__[0], b.build_name(), sep='\\n')"
    environment = {**os.environ, "PYTHONPATH": str(build.resolve())}
    answer = subprocess.run([sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True)
    place, _, name = answer.stdout.strip().partition("\n")
    if answer.returncode or Path(place).parent != build.resolve():
        raise ValueError(f"no build of wsobserve in {build}")
    return name


def wsobserve(name: str, build: Path, *arguments: str) -> Program:
    """A command of one build of wsobserve, which gets the file and `--json`."""
    command = [sys.executable, "-P", "-m", "wsobserve", *arguments, "--json"]
    return Program(name, lambda path: [*command, str(path)], _read_accounting, {"PYTHONPATH": str(build.resolve())})


def count(build: Path, workers: int = 1, suffix: str = "") -> Program:
    """Decode and count alone."""
    name = f"count{suffix}" if workers == 1 else f"count, {workers} workers{suffix}"
    return wsobserve(name, build, "count", "--workers", str(workers))


def everything_on(build: Path, store: Path) -> Program:
    """Channels, schemas, statistics, and all of it into a store."""
    return wsobserve("analyze with store", build, "analyze", "--workers", "1", "--store", str(store))


def tshark_fields() -> Program | None:
    """tshark, as it is asked for frames."""
    fields = ["-Y", "websocket", "-T", "fields", "-e", "websocket.opcode", "-e", "websocket.payload_length"]
    return _tshark("tshark fields", fields, _read_tshark_fields)


def tshark_statistics() -> Program | None:
    """tshark in the cheapest form that decodes: it says nothing about single packets."""
    return _tshark("tshark io,stat", ["-q", "-z", "io,stat,0,websocket"], _read_nothing)


def _tshark(name: str, arguments: list[str], read: Callable[[Path], Found]) -> Program | None:
    if shutil.which("tshark") is None:
        return None
    return Program(name, lambda path: ["tshark", "-n", "-r", str(path), *arguments], read)


def dpkt_parse() -> Program:
    """dpkt, Ethernet to TCP and no further."""
    script = Path(__file__).with_name("dpkt_parse.py")
    return Program("dpkt, parse only", lambda path: [sys.executable, "-P", str(script), str(path)], _read_packets)


def yardstick(folder: Path) -> Program | None:
    """The same decode in C, without any of the promises; None where its source or a compiler is not at hand."""
    compiler = shutil.which("gcc")
    if compiler is None or not YARDSTICK.exists():
        return None
    binary = folder / "yardstick"
    built = subprocess.run([compiler, "-O2", "-w", "-o", str(binary), str(YARDSTICK), "-lz"], capture_output=True, text=True)
    if built.returncode:
        print(f"The C yardstick could not be built: {built.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return Program("C yardstick", lambda path: [str(binary), str(path)], _read_yardstick, largest=YARDSTICK_CONNECTIONS)


@dataclass(frozen=True)
class Run:
    """What one run used and found. Times in seconds; `failure` says in a line why there is nothing more."""

    cpu: float  # user and system, of the process and of those that it waited for
    wall: float
    peak_bytes: int  # resident, of the largest of its processes
    found: Found
    failure: str = ""


def run(program: Program, capture: Path, folder: Path) -> Run:
    """Runs it to its end, with its output in a file."""
    output, errors = folder / "output", folder / "errors"
    environment = {**os.environ, **program.environment}
    with output.open("wb") as out, errors.open("wb") as err:
        before = time.perf_counter()
        process = subprocess.Popen(
            program.arguments(capture), stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - before
    process.returncode = os.waitstatus_to_exitcode(status)
    failure, found = "", Found()
    if process.returncode:
        lines = errors.read_text(errors="replace").strip().splitlines()
        failure = f"exit status {process.returncode}{': ' + lines[-1] if lines else ''}"
    else:
        found = program.read(output)
    return Run(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024, found, failure)
