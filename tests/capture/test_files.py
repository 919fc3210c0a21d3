"""Several files are one capture in the order of time; files that are none are told in one line, after the others."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wsobserve.capture.error import CaptureError
from wsobserve.capture.files import read_captures
from wsobserve.records import CaptureLoss, PacketBatch

pytestmark = pytest.mark.build_independent

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
CORPUS = sorted((SHARED / "corpus" / "captures").glob("*")) if SHARED.is_dir() else []

Write = Callable[..., str]


def pcap(times_us: list[int], data: bytes = b"x") -> bytes:
    pieces = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)]
    for time_us in times_us:
        pieces.append(struct.pack("<IIII", time_us // 1_000_000, time_us % 1_000_000, len(data), len(data)) + data)
    return b"".join(pieces)


def packets(items: list[PacketBatch | CaptureLoss]) -> list[tuple[str, int, int]]:
    """File name, number and microsecond of each packet."""
    return [
        (Path(batch.source).name, batch.first_packet + i, batch.times_ns[i] // 1000)
        for batch in items
        if isinstance(batch, PacketBatch)
        for i in range(len(batch))
    ]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, content: bytes) -> str:
        (tmp_path / name).write_bytes(content)
        return str(tmp_path / name)

    return write


def test_files_are_read_in_the_order_of_their_first_packet(write: Write) -> None:
    late, early, middle = write("late", pcap([30, 31])), write("early", pcap([10, 11])), write("middle", pcap([20]))
    items = list(read_captures([late, early, middle]))
    assert packets(items) == [("early", 1, 10), ("early", 2, 11), ("middle", 1, 20), ("late", 1, 30), ("late", 2, 31)]
    assert len(items) == 3


def test_files_that_overlap_in_time_are_merged(write: Write) -> None:
    a, b = write("a", pcap([10, 20, 30, 50])), write("b", pcap([15, 30, 40, 60]))
    assert packets(list(read_captures([b, a]))) == [
        ("a", 1, 10),
        ("b", 1, 15),
        ("a", 2, 20),
        ("a", 3, 30),  # at the same time the file that began earlier goes first
        ("b", 2, 30),
        ("b", 3, 40),
        ("a", 4, 50),
        ("b", 4, 60),
    ]


def test_files_that_begin_at_the_same_time_stay_in_the_order_given(write: Write) -> None:
    b, a = write("b", pcap([10, 20])), write("a", pcap([10, 20]))
    assert packets(list(read_captures([b, a]))) == [("b", 1, 10), ("a", 1, 10), ("b", 2, 20), ("a", 2, 20)]


def test_within_a_file_the_order_of_the_file_stands(write: Write) -> None:
    a, b = write("a", pcap([10, 30, 20, 40])), write("b", pcap([35]))
    assert packets(list(read_captures([a, b]))) == [("a", 1, 10), ("a", 2, 30), ("a", 3, 20), ("b", 1, 35), ("a", 4, 40)]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(files=st.lists(st.lists(st.integers(0, 50), max_size=12).map(sorted), min_size=1, max_size=5))
def test_merging_keeps_every_packet_once_and_all_in_the_order_of_time(write: Write, files: list[list[int]]) -> None:
    paths = [write(f"file{i}", pcap(times)) for i, times in enumerate(files)]
    got = packets(list(read_captures(paths)))
    assert [time for _, _, time in got] == sorted(time for times in files for time in times)
    for i, times in enumerate(files):
        own = [(number, time) for name, number, time in got if name == f"file{i}"]
        assert own == list(enumerate(times, 1))


def test_a_large_file_and_a_small_one_inside_it(write: Write) -> None:
    large, small = write("large", pcap(list(range(0, 300_000, 2)), bytes(20))), write("small", pcap([99_999, 200_001]))
    times = [time for _, _, time in packets(list(read_captures([small, large])))]
    assert times == sorted(times)
    assert len(times) == 150_002


def test_a_file_without_packets_gives_nothing(write: Write) -> None:
    assert list(read_captures([write("empty.pcap", pcap([]))])) == []
    assert len(list(read_captures([write("empty.pcap", pcap([])), write("a", pcap([1]))]))) == 1


def test_what_a_file_lost_is_said_where_it_ends_and_the_next_goes_on(write: Write) -> None:
    items = list(read_captures([write("b", pcap([20])), write("a", pcap([10, 11])[:-3])]))
    assert packets(items) == [("a", 1, 10), ("b", 1, 20)]
    assert [item.reason for item in items if isinstance(item, CaptureLoss)] == ["file_cut"]
    assert isinstance(items[1], CaptureLoss)


def test_a_file_that_is_no_capture_is_told_after_all_others_were_read(write: Write, tmp_path: Path) -> None:
    items: list[PacketBatch | CaptureLoss] = []
    with pytest.raises(CaptureError) as caught:
        items.extend(read_captures([write("notes.txt", b"text"), write("a", pcap([10])), write("b", pcap([20]))]))
    assert packets(items) == [("a", 1, 10), ("b", 1, 20)]
    assert str(caught.value) == f"{tmp_path}/notes.txt: not a capture file (text)"


def test_several_bad_files_are_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(CaptureError) as caught:
        list(read_captures([f"{tmp_path}/{i}" for i in range(5)]))
    assert str(caught.value) == "; ".join(f"{tmp_path}/{i}: no such file" for i in range(3)) + "; and 2 more"


def test_a_file_that_goes_while_others_are_read_is_told(write: Write) -> None:
    a, b = write("a", pcap([10])), write("b", pcap([20]))
    items = read_captures([a, b])
    assert packets([next(items)]) == [("a", 1, 10)]
    Path(b).unlink()
    with pytest.raises(CaptureError, match="b: no such file"):
        next(items)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not a capture file (empty)"),
        (b"a text", "not a capture file (text)"),
        (b"\x93\x00\xff" * 100, "not a capture file (unknown format)"),
        (b"snoop\0\0\0" + bytes(8), "Sun snoop, not supported; convert with editcap"),
        (pcap([])[:3], "not a capture file (pcap cut inside its header)"),
        (pcap([])[:20], "pcap file cut inside its header"),
        (b"\n\r\r\n\x1c\0\0\0", "pcapng file cut inside its section header"),
        (gzip.compress(b"a text", mtime=0), "not a capture file (gzip of text)"),
        (gzip.compress(b"", mtime=0), "not a capture file (gzip of empty)"),
        (gzip.compress(pcap([1]), mtime=0)[:8], "gzip data end too early"),
        (b"\x1f\x8b" + b"\xff" * 60, "gzip data are damaged"),
    ],
)
def test_a_file_that_is_no_capture_says_what_it_is(write: Write, tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(CaptureError) as caught:
        list(read_captures([write("file", content)]))
    assert str(caught.value) == f"{tmp_path}/file: {why}"


def test_no_file_at_all_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError):
        list(read_captures([]))


def test_a_compressed_capture_that_is_cut_gives_what_is_there_and_one_loss(write: Write) -> None:
    items = list(read_captures([write("a.gz", gzip.compress(pcap(list(range(1000))))[:-300])]))
    assert 0 < len(packets(items)) < 1000
    [loss] = [item for item in items if isinstance(item, CaptureLoss)]
    assert loss.reason == "file_cut"
    assert loss.detail.endswith("gzip data end too early")


def test_progress_counts_bytes_of_the_files_up_to_their_total(write: Write) -> None:
    calls: list[tuple[int, int | None]] = []
    paths = [write("a", gzip.compress(pcap(list(range(50_000))))), write("b", pcap(list(range(100_000, 200_000))))]
    total = sum(Path(path).stat().st_size for path in paths)
    list(read_captures(paths, progress=lambda done, of: calls.append((done, of))))
    done = [count for count, _ in calls]
    assert done == sorted(done)
    assert len(calls) > 3
    assert calls[-1] == (total, total)


READ = """
import sys
from wsobserve.capture.error import CaptureError
from wsobserve.capture.files import read_captures
from wsobserve.records import PacketBatch
try:
    for batch in read_captures(sys.argv[1:], progress=lambda done, total: print("total", total)):
        print(batch.source, [time_ns // 1000 for time_ns in batch.times_ns], flush=True)
except CaptureError as error:
    print("error", error)
"""


def test_standard_input_is_a_capture_beside_others(write: Write) -> None:
    command = [sys.executable, "-c", READ, write("file", pcap([15, 16])), "-"]
    done = subprocess.run(command, input=gzip.compress(pcap([10, 20])), capture_output=True, check=True)
    lines = [line.replace(str(command[3]), "file") for line in done.stdout.decode().splitlines()]
    assert lines == ["- [10]", "total None", "file [15, 16]", "total None", "- [20]", "total None"]


def test_packets_on_standard_input_are_given_out_as_they_come() -> None:
    child = subprocess.Popen([sys.executable, "-c", READ, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    whole = pcap([10, 20])
    child.stdin.write(whole[:-17])
    child.stdin.flush()
    assert child.stdout.readline() == b"- [10]\n"  # and the second has not been written yet
    rest, _ = child.communicate(whole[-17:])
    assert b"- [20]" in rest


def test_standard_input_that_is_no_capture_is_called_so() -> None:
    done = subprocess.run([sys.executable, "-c", READ, "-"], input=b"a text", capture_output=True, check=True)
    assert done.stdout == b"error standard input: not a capture file (text)\n"


def test_standard_input_can_be_read_once() -> None:
    done = subprocess.run([sys.executable, "-c", READ, "-", "-"], input=pcap([1]), capture_output=True, check=True)
    assert done.stdout.decode().splitlines()[-1] == "error standard input: can be read only once"


PEAK = """
import sys
from wsobserve.capture.files import read_captures
for batch in read_captures(sys.argv[1:]):
    pass
print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from Linux's /proc")
def test_reading_needs_no_more_memory_for_a_longer_file(write: Write) -> None:
    small, large = (write(f"{count}.gz", gzip.compress(pcap(list(range(count)), bytes(1000)), 1)) for count in (2_000, 60_000))
    peaks = [int(subprocess.check_output([sys.executable, "-c", PEAK, path])) for path in (small, large)]
    assert peaks[1] - peaks[0] < 10_000  # KiB; the large one holds 61 MB


@pytest.mark.skipif(not CORPUS, reason="captures of other projects are not beside the checkout")
@pytest.mark.parametrize("path", CORPUS, ids=lambda path: str(path.name))
def test_captures_of_other_projects_are_read_to_the_last_packet(path: Path) -> None:
    with open(path.parent.parent / "truth" / f"{path.name}.jsonl", encoding="utf-8") as lines:
        truth = json.loads(lines.readline())
    if truth["file_type"] == "Sun snoop":
        with pytest.raises(CaptureError, match="Sun snoop, not supported; convert with editcap"):
            list(read_captures([str(path)]))
        return
    ours = [
        f"{batch.first_packet + i}|{time_ns // 10**9}.{time_ns % 10**9:09d}|"
        f"{batch.captured_lengths[i]}|{batch.original_lengths[i]}"
        for batch in read_captures([str(path)])
        if isinstance(batch, PacketBatch)
        for i, time_ns in enumerate(batch.times_ns)
    ]
    if path.name == "pcapng-gen__be-test101.pcapng":  # a simple packet has no time in the truth
        assert [line.split("|")[2:] for line in ours] == [["96", "314"], ["128", "342"], ["96", "314"], ["168", "168"]]
    elif path.name == "pcapng-gen__be-test102.pcapng":  # the truth counts custom blocks and a journal entry as packets
        assert (len(ours), truth["packets"]) == (5, 8)
    else:
        assert hashlib.sha256("\n".join(ours).encode()).hexdigest() == truth["packet_digest"]


@pytest.mark.skipif(shutil.which("mergecap") is None, reason="mergecap, the second opinion, is not installed")
def test_mergecap_merges_in_the_same_order(write: Write, tmp_path: Path) -> None:
    which = random.Random(5).choices(range(3), k=300)
    paths = [write(f"file{i}", pcap([time for time in range(300) if which[time] == i], bytes([i]))) for i in range(3)]
    merged = tmp_path / "merged.pcap"
    subprocess.run(["mergecap", "-F", "pcap", "-w", str(merged), *paths], check=True, capture_output=True)

    def content(items: list[PacketBatch | CaptureLoss]) -> list[tuple[int, bytes]]:
        batches = [item for item in items if isinstance(item, PacketBatch)]
        return [(batch.times_ns[i], batch.buffer[batch.offsets[i] :][:1]) for batch in batches for i in range(len(batch))]

    assert content(list(read_captures(paths))) == content(list(read_captures([str(merged)])))
