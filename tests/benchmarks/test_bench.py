"""The bench at a tiny scale: its captures hold what their truth says, and a wrong count or a missed bar does not go unseen."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import wsobserve
from tests.benchmarks import hostile, scenarios, schemas
from tests.benchmarks.bars import COUNT, TSHARK, Cost, bars
from tests.benchmarks.checks import broken_equations, given_up, wrong_counts
from tests.benchmarks.programs import Found, Program, build_name, count, dpkt_parse, run, tshark_fields, yardstick
from tests.benchmarks.traffic import Truth

pytestmark = pytest.mark.build_independent

SCALE = 0.002
BUILD = Path(wsobserve.__path__[0]).parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("captures")


def found_in(program: Program | None, name: str, folder: Path) -> Found:
    """What the program says about the capture of this name."""
    if program is None:
        pytest.skip("a program of the bench is not installed here: tshark, or gcc and the C yardstick")
    result = run(program, scenarios.make(name, folder, SCALE), folder)
    assert result.failure == ""
    return result.found


@pytest.mark.parametrize("name", ["small", "big", "short", "long"])
def test_what_was_sent_is_counted(name: str, folder: Path) -> None:
    found = found_in(count(BUILD), name, folder)
    assert wrong_counts(found, scenarios.read_truth(folder / f"{name}.pcap")) == []
    assert found.accounting is not None
    assert broken_equations(found.accounting) == []


@pytest.mark.parametrize("name", ["small", "big", "short"])
def test_tshark_counts_the_same_frames(name: str, folder: Path) -> None:
    found = found_in(tshark_fields(), name, folder)
    assert found.frames
    assert wrong_counts(found, scenarios.read_truth(folder / f"{name}.pcap")) == []


@pytest.mark.skipif(
    not Path(__file__).parents[2].parent.joinpath("shared/bench").exists(), reason="the C yardstick is not here"
)
def test_the_yardstick_counts_the_same_frames(folder: Path) -> None:
    found = found_in(yardstick(folder), "small", folder)
    assert found.frames
    assert wrong_counts(found, scenarios.read_truth(folder / "small.pcap")) == []


def test_dpkt_sees_every_packet(folder: Path) -> None:
    assert found_in(dpkt_parse(), "small", folder).packets == scenarios.read_truth(folder / "small.pcap").packets


def test_small_is_like_a_service(folder: Path) -> None:
    """Three in ten packets without payload, and every kind of frame."""
    packets = [packet[16:] for packet in scenarios.packets_of(scenarios.make("small", folder, SCALE))]
    truth = scenarios.read_truth(folder / "small.pcap")
    assert len(packets) == truth.packets
    assert 0.2 < sum(len(packet) == 66 for packet in packets) / len(packets) < 0.4
    assert truth.frames.keys() == {"text", "binary", "continuation", "ping", "pong", "close"}
    assert 150 < truth.payload_length / truth.messages < 250


def test_lossy_lacks_some_packets_of_small(folder: Path) -> None:
    sent = set(scenarios.packets_of(scenarios.make("small", folder, SCALE)))
    captured = list(scenarios.packets_of(scenarios.make("lossy", folder, SCALE)))
    assert set(captured) < sent
    assert 0.99 < len(captured) / len(sent) < 1
    assert scenarios.read_truth(folder / "lossy.pcap").packets == len(captured)


def test_a_capture_is_the_same_whenever_it_is_made(folder: Path, tmp_path: Path) -> None:
    first, second = (scenarios.make("short", place, SCALE).read_bytes() for place in (folder, tmp_path))
    assert first == second


@pytest.mark.parametrize("name", hostile.MADE)
def test_what_is_hostile_is_survived_and_told(name: str, folder: Path) -> None:
    found = found_in(count(BUILD), name, folder)
    assert found.packets == scenarios.read_truth(folder / f"{name}.pcap").packets
    assert found.accounting is not None
    assert broken_equations(found.accounting) == []
    assert given_up(found.accounting) != ""


def test_a_wrong_count_is_said() -> None:
    truth = Truth(packets=9, frames={"text": 3, "ping": 1}, messages=3)
    assert wrong_counts(Found(frames={"text": 3, "ping": 1}, messages=3, packets=9), truth) == []
    assert wrong_counts(Found(), truth) == [], "what a program does not tell is not held against it"
    assert wrong_counts(Found(frames={"text": 3, "reserved": 1}, messages=4), truth) == [
        "messages: 4 of 3",
        "ping frames: 0 of 1",
        "reserved frames: 1 of 0",
    ]


def test_a_bar_is_met_missed_or_not_measured() -> None:
    costs = {("small", COUNT): Cost(2.0, 2.0, 90_000_000), ("small", TSHARK): Cost(62.0, 63.0, 1)}
    lines = [str(bar) for bar in bars(costs)]
    assert lines[0] == "1. small: tshark fields / count, CPU = 31.00 (bar: at least 30, aim 45) OK"
    assert lines[1] == "1. small: tshark io,stat / count, CPU = not measured (bar: at least 8, aim 12) -"
    assert "5. peak MB of count, most on small = 90.00 (bar: at most 80) MISSED" in lines
    costs["small", "C yardstick"] = Cost(1.0, 1.0, 1)
    assert str(bars(costs)[2]) == "1. small: count / C yardstick, CPU = 2.00 (bar: at most 3, aim 2) OK"


def test_schemas_are_measured_beside_others(folder: Path) -> None:
    said: list[str] = []
    figures = schemas.measure(BUILD, folder, SCALE, None, said.append)
    for traffic in schemas.TRAFFIC:
        sent = int(schemas.SENT * SCALE)
        assert figures[traffic, schemas.LEARN]["messages"] == int(schemas.LEARNT * SCALE)
        assert 0 < figures[traffic, schemas.STEADY]["messages"] <= sent
        assert figures[traffic, schemas.LEARN]["kinds"] > 1
    assert {program for _, program in figures} >= {schemas.LEARN, schemas.STEADY, schemas.ONE_CHANNEL, schemas.MANY_CHANNELS}
    assert len(said) == len(figures)
    table = schemas.rows(figures)
    assert [row[1] for row in table[2:7]] == [schemas.LEARN, schemas.STEADY, *schemas.PEERS]
    assert table[2][3] == "1.0"
    assert table[5][2] == "not measured"  # quicktype, whose modules nobody named
    measured = [bar for bar in schemas.bars(figures) if bar.value is not None]
    assert {bar.number for bar in measured} == {6, 7, 8}
    assert len(schemas.other_lines(figures)) == 3 + len(schemas.TRAFFIC)


def test_a_rate_that_was_not_measured_clears_no_bar() -> None:
    figures: schemas.Figures = {("chat", schemas.LEARN): {"messages": 100, "seconds": 0.001}}
    lines = [str(bar) for bar in schemas.bars(figures)]
    assert lines[0] == "6. chat: learning, thousand messages/s = 100.00 (bar: at least 40) OK"
    assert lines[1] == "7. chat: steady state, thousand messages/s = not measured (bar: at least 250) -"
    assert schemas.other_lines({}) == []


def test_another_wsobserve_is_not_measured_in_place_of_a_missing_build(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no build of wsobserve"):
        build_name(tmp_path)


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_the_bench_prints_its_table_and_writes_every_run(tmp_path: Path, checkout: Path) -> None:
    arguments = [str(BUILD), "--scale", "0.001", "--rounds", "1", "--only", "lossy", "--json", "out.json"]
    command = [sys.executable, "-P", "-m", "tests.benchmarks.bench", *arguments]
    result = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(checkout), **_path()}, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "| lossy   | tshark fields" in result.stdout
    assert "Counts: as sent, and the same with two workers." in result.stdout
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["captures"]["lossy"]["runs"][COUNT][0]["cpu"] > 0
    assert [bar["number"] for bar in written["bars"]] == [1, 1, 1, 2, 2, 3, 4, 4, 5, 5]


def _path() -> dict[str, str]:
    """What is needed to find tshark."""
    directory = Path(shutil.which("tshark") or "").parent
    return {"PATH": str(directory)}
