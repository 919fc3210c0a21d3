"""Files made to exhaust who reads them: each is read to its end, or to its damage, in little memory and linear time."""

from __future__ import annotations

import gzip
import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard

MIB = 1024 * 1024
PCAP = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)

# Prints what it read and how much memory that took: the peak of this process alone, not of the one that began it.
READ = """
import json, sys
from pathlib import Path
from wsobserve.capture.error import CaptureError
from wsobserve.capture.files import read_captures
from wsobserve.records import CaptureLoss

def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024

before = peak()
told = {"packets": 0, "batches": 0, "losses": 0, "reason": None, "error": None}
secrets = []
try:
    for item in read_captures(sys.argv[1:], secrets=secrets):
        if isinstance(item, CaptureLoss):
            told["losses"] += 1
            told["reason"] = item.reason
        else:
            told["packets"] += len(item)
            told["batches"] += 1
except CaptureError as error:
    told["error"] = str(error)
told["mebibytes"] = peak() - before
told["secrets"] = sum(len(secret) for _, secret in secrets)
print(json.dumps(told))
"""
pytestmark = [
    pytest.mark.build_independent,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from Linux's /proc"),
]


def record(data: bytes) -> bytes:
    return struct.pack("<IIII", 1_700_000_000, 2, len(data), 60) + data


def block(block_type: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", block_type) + length + body + length


def interface(link_type: int = 1, options: bytes = b"") -> bytes:
    return block(1, struct.pack("<HHI", link_type, 0, 0) + options)


def enhanced(data: bytes, number: int = 0, options: bytes = b"") -> bytes:
    return block(6, struct.pack("<IIIII", number, 395_000, 5, len(data), len(data)) + data + bytes(-len(data) % 4) + options)


def statistics(interface_dropped: int) -> bytes:
    return block(5, struct.pack("<IIIHHQ", 0, 0, 1, 5, 8, interface_dropped))


SECTION = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
EMPTY_OPTION = struct.pack("<HH", 2, 0)


def read(path: Path, content: bytes) -> dict[str, Any]:
    path.write_bytes(content)
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, check=True, timeout=60)
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["error"] is None
    return told


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hostile"


def test_a_million_packets_of_nothing(path: Path) -> None:
    told = read(path, PCAP + record(b"") * 1_000_000)
    assert (told["packets"], told["losses"]) == (1_000_000, 0)
    assert told["mebibytes"] < 5


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_the_longest_packets_are_held_one_at_a_time_and_the_one_read_next(path: Path, form: str) -> None:
    packet = bytes(16 * MIB)
    told = read(path, PCAP + record(packet) * 4 if form == "pcap" else SECTION + interface() + enhanced(packet) * 4)
    assert (told["packets"], told["losses"]) == (4, 0)
    assert told["mebibytes"] < 60


def test_a_packet_that_is_longer_still_is_damage(path: Path) -> None:
    told = read(path, PCAP + record(b"x") + record(bytes(16 * MIB + 1)))
    assert (told["packets"], told["losses"], told["reason"]) == (1, 1, "file_damaged")
    assert told["mebibytes"] < 5


@pytest.mark.parametrize(
    ("length", "reason"), [(17 * MIB, "file_cut"), (17 * MIB + 4, "file_damaged"), (2**32 - 4, "file_damaged")]
)
def test_a_block_that_says_it_is_longer_than_the_file(path: Path, length: int, reason: str) -> None:
    told = read(path, SECTION + interface() + enhanced(b"x") + struct.pack("<II", 6, length) + bytes(10_000))
    assert (told["packets"], told["losses"], told["reason"]) == (1, 1, reason)
    assert told["mebibytes"] < 5


def test_options_without_end(path: Path) -> None:
    many = EMPTY_OPTION * (MIB // 4)
    told = read(path, SECTION + interface(options=many) + enhanced(b"", options=many) * 3)
    assert (told["packets"], told["losses"]) == (3, 0)
    assert told["mebibytes"] < 30


def test_thousands_of_sections(path: Path) -> None:
    told = read(path, (SECTION + interface()) * 30_000 + enhanced(b"x"))
    assert (told["packets"], told["losses"]) == (1, 0)
    assert told["mebibytes"] < 5


def test_as_many_interfaces_as_a_section_may_have_and_one_more(path: Path) -> None:
    told = read(path, SECTION + interface() * 65_536 + enhanced(b"x", 65_535) + interface())
    assert (told["packets"], told["losses"], told["reason"]) == (1, 1, "file_damaged")
    assert told["mebibytes"] < 30


def test_a_link_type_that_changes_with_each_packet(path: Path) -> None:
    told = read(path, SECTION + interface(1) + interface(101) + (enhanced(b"") + enhanced(b"", 1)) * 20_000)
    assert (told["packets"], told["batches"], told["losses"]) == (40_000, 40_000, 0)
    assert told["mebibytes"] < 10


def test_losses_and_nothing_else(path: Path) -> None:
    told = read(path, SECTION + interface() + b"".join(map(statistics, range(1, 100_001))))
    assert (told["packets"], told["losses"], told["reason"]) == (0, 100_000, "interface_dropped")
    assert told["mebibytes"] < 5


def test_more_decryption_secrets_than_are_kept(path: Path) -> None:
    told = read(path, SECTION + block(10, struct.pack("<II", 1, MIB) + bytes(MIB)) * 40)
    assert (told["losses"], told["reason"], told["secrets"]) == (1, "secrets_limit", 15 * MIB)
    assert told["mebibytes"] < 30


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_a_bomb_of_packets_takes_time_and_no_memory(path: Path, codec: str) -> None:
    bomb = PCAP + record(bytes(65_000)) * 1000  # 62 MiB
    told = read(path, gzip.compress(bomb, 1) if codec == "gzip" else zstandard.compress(bomb))
    assert (told["packets"], told["losses"]) == (1000, 0)
    assert told["mebibytes"] < 10


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_a_bomb_of_zeros_ends_at_the_first_record(path: Path, codec: str) -> None:
    bomb = PCAP + bytes(50 * MIB)
    told = read(path, gzip.compress(bomb, 1) if codec == "gzip" else zstandard.compress(bomb))
    assert (told["packets"], told["losses"], told["reason"]) == (0, 1, "file_damaged")
    assert told["mebibytes"] < 5


def test_thousands_of_members_of_nothing(path: Path) -> None:
    told = read(path, gzip.compress(PCAP) + gzip.compress(b"") * 20_000 + gzip.compress(record(b"x")))
    assert (told["packets"], told["losses"]) == (1, 0)
    assert told["mebibytes"] < 5
