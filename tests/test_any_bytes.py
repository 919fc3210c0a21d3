"""Whatever bytes packets hold, and whatever bytes are given as a capture: nothing raises but CaptureError, and every sum holds.

Packets of real captures are damaged in every layer and go through the whole pipeline, folds included; files are damaged,
cut and glued together before they are read.
"""

from __future__ import annotations

import contextlib
from array import array
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.segments import batch, packets_of
from tests.test_pipeline import check
from wsobserve.capture.error import CaptureError
from wsobserve.capture.files import read_captures
from wsobserve.pipeline import Pipeline
from wsobserve.records import Accounting, Anomaly, AnomalyKind, CaptureLoss, PacketBatch, Record

CAPTURES = Path(__file__).resolve().parents[1] / "captures"
NAMES = ["abnormal_close.pcap", "fragments.pcap", "ipv6.pcapng", "midstream.pcap", "socketio.pcapng", "ws_deflate.pcapng"]
FILES = sorted(path.name for path in CAPTURES.glob("*.pcap*") if path.name != "demo.pcapng")  # the large one adds only time

# Null, Ethernet, PPP, raw IP, HDLC, loopback, Linux cooked, IPv4, IPv6, NFLOG, cooked 2, and numbers that mean nothing here.
LINK_TYPES = [0, 1, 9, 12, 14, 50, 101, 104, 108, 113, 149, 228, 229, 239, 276, 65535]

BOUNDED = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def captured(name: str) -> tuple[bytes, ...]:
    return tuple(packets_of(CAPTURES / name))


def damaged(packet: bytes, chance: Random) -> bytes:
    """A bit flipped, a byte replaced, bytes taken out, put in or overwritten, or the end cut off; mostly among the headers."""
    data = bytearray(packet)
    place = min(int(chance.expovariate(1 / 60)), len(data) - 1) if data else 0
    match chance.randrange(6):
        case 0 if data:
            data[place] ^= 1 << chance.randrange(8)
        case 1 if data:
            data[place] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])
        case 2:
            del data[place:]
        case 3:
            del data[place : place + chance.randrange(1, 9)]
        case 4:
            data[place:place] = chance.randbytes(chance.randrange(1, 9))
        case _:
            data[place : place + 8] = chance.randbytes(8)
    return bytes(data)


def observed(items: list[PacketBatch | CaptureLoss]) -> list[Record]:
    """What the pipeline says of them, after all that must hold has been checked."""
    pipeline = Pipeline()
    records: list[Record] = []
    for item in items:
        records += pipeline.receive(item)
    records += pipeline.finish()
    check(records, pipeline.snapshot(final=True))
    assert not any(isinstance(record, Anomaly) and record.anomaly is AnomalyKind.INTERNAL for record in records)
    return records


@pytest.mark.parametrize("name", NAMES)
@BOUNDED
@given(share=st.sampled_from([0.01, 0.1, 0.5, 1.0]), seed=st.integers(0, 2**32))
def test_damaged_packets_raise_nothing_and_every_sum_holds(name: str, share: float, seed: int) -> None:
    chance = Random(seed)
    packets = [damaged(packet, chance) if chance.random() < share else packet for packet in captured(name)]
    made = batch(packets)
    # The wire had more than the capture kept, as with a snap length; sometimes it says less, which cannot be.
    for i in range(len(made)):
        if chance.random() < share / 2:
            made.original_lengths[i] = max(0, made.original_lengths[i] + chance.randrange(-20, 2000))
    observed([made])


@pytest.mark.parametrize("link_type", LINK_TYPES)
@BOUNDED
@given(share=st.sampled_from([0.0, 0.3]), strip=st.sampled_from([0, 10, 12, 14]), seed=st.integers(0, 2**32))
def test_packets_of_another_link_type_raise_nothing(link_type: int, share: float, strip: int, seed: int) -> None:
    chance = Random(seed)
    start = chance.randrange(200)
    packets = [packet[strip:] for packet in captured(chance.choice(NAMES))[start : start + 100]]
    observed(
        [batch((damaged(packet, chance) if chance.random() < share else packet for packet in packets), link_type=link_type)]
    )


@BOUNDED
@given(packets=st.lists(st.binary(max_size=200), max_size=20), link_type=st.sampled_from(LINK_TYPES), times=st.data())
def test_any_packets_at_any_times_raise_nothing(packets: list[bytes], link_type: int, times: st.DataObject) -> None:
    made = batch(packets, link_type=link_type)
    any_time = st.integers(-(2**62), 2**62)
    made.times_ns = array("q", times.draw(st.lists(any_time, min_size=len(packets), max_size=len(packets))))
    observed([made])


@pytest.mark.parametrize("name", NAMES)
@BOUNDED
@given(seed=st.integers(0, 2**32))
def test_bytes_that_are_damaged_behind_sound_headers_raise_nothing(name: str, seed: int) -> None:
    """Payload alone is changed, and its length is not: HTTP, frames, deflate and JSON meet anything."""
    chance = Random(seed)
    packets = []
    for packet in captured(name):
        data = bytearray(packet)
        if len(data) > 90:
            for _ in range(chance.randrange(3)):
                data[chance.randrange(66, len(data))] ^= 1 << chance.randrange(8)
        packets.append(bytes(data))
    observed([batch(packets)])


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any") / "bytes"


def read(file: Path, contents: bytes) -> Accounting:
    """Reads it and lets the pipeline observe it; it may be no capture, but nothing else."""
    file.write_bytes(contents)
    items: list[PacketBatch | CaptureLoss] = []
    with contextlib.suppress(CaptureError):
        for item in read_captures([str(file)]):
            items.append(item)  # one by one: what comes before the error counts
    pipeline = Pipeline()
    records: list[Record] = []
    for item in items:
        records += pipeline.receive(item)
    records += pipeline.finish()
    check(records, pipeline.snapshot(final=True))
    return pipeline.accounting()


@settings(BOUNDED, max_examples=60)
@given(name=st.sampled_from(FILES), damages=st.integers(1, 30), seed=st.integers(0, 2**32))
def test_a_damaged_file_is_read_as_far_as_it_goes(file: Path, name: str, damages: int, seed: int) -> None:
    chance = Random(seed)
    contents = bytearray((CAPTURES / name).read_bytes()[: chance.choice([None, 200, 5_000, 50_000])])
    for _ in range(damages):
        place = min(int(chance.expovariate(1 / 500)), max(len(contents) - 1, 0))
        contents[place : place + 1] = damaged(bytes(contents[place : place + 1]), chance)
    read(file, bytes(contents))


@settings(BOUNDED, max_examples=60)
@given(
    parts=st.lists(st.tuples(st.sampled_from(FILES), st.integers(0, 3_000), st.integers(0, 3_000)), max_size=4),
    end=st.binary(max_size=64),
)
def test_files_glued_together_anywhere_raise_nothing_else(file: Path, parts: list[tuple[str, int, int]], end: bytes) -> None:
    contents = b"".join((CAPTURES / name).read_bytes()[start : start + length] for name, start, length in parts)
    read(file, contents + end)


MAGIC = [
    b"",
    b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00",
    b"\xa1\xb2\x3c\x4d\x00\x02\x00\x04",
    b"\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a",
    b"\x1f\x8b\x08\x00",
    b"\x28\xb5\x2f\xfd",
    b"BZh9",
    b"\xfd7zXZ\x00",
]


@settings(BOUNDED, max_examples=100)
@given(magic=st.sampled_from(MAGIC), rest=st.binary(max_size=300))
def test_any_file_is_a_capture_or_a_capture_error(file: Path, magic: bytes, rest: bytes) -> None:
    read(file, magic + rest)


@pytest.mark.parametrize("name", FILES)
def test_a_capture_cut_anywhere_gives_what_is_before_the_cut(name: str, file: Path) -> None:
    contents = (CAPTURES / name).read_bytes()
    whole = read(file, contents).packets_seen
    seen = [read(file, contents[: len(contents) * i // 16]).packets_seen for i in range(17)]
    assert seen == sorted(seen)
    assert seen[-1] == whole > 0
