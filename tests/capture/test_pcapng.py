"""pcapng files, written here block by block from the format's description, are read whole, cut anywhere, and damaged."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import wsobserve.capture.pcapng as pcapng_file
from wsobserve.capture.compression import CaptureBytes
from wsobserve.capture.error import CaptureError
from wsobserve.capture.files import read_captures
from wsobserve.capture.pcapng import PcapngReader
from wsobserve.capture.record_walk import ROWS
from wsobserve.records import CaptureLoss, PacketBatch

Packet = tuple[int, int, bytes, int, int]  # number, time in nanoseconds, data, original length, link type

SECOND = 1_700_000_000
MICROSECONDS = SECOND * 1_000_000  # since 1970, the unit that an interface has when it does not say
TIME_NS = SECOND * 1_000_000_000


def block(block_type: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", block_type) + length + body + length


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str = "<", major: int = 1) -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, major, 0, -1), order)


def interface(link_type: int = 1, snap_length: int = 0, options: bytes = b"", order: str = "<") -> bytes:
    return block(1, struct.pack(order + "HHI", link_type, 0, snap_length) + options, order)


def enhanced(
    data: bytes, time: int = MICROSECONDS, number: int = 0, original: int | None = None, options: bytes = b"", order: str = "<"
) -> bytes:
    original = len(data) if original is None else original
    fixed = struct.pack(order + "IIIII", number, time >> 32, time & 0xFFFFFFFF, len(data), original)
    return block(6, fixed + data + bytes(-len(data) % 4) + options, order)


def simple(data: bytes, original: int, order: str = "<") -> bytes:
    return block(3, struct.pack(order + "I", original) + data, order)


def obsolete(data: bytes, time: int = MICROSECONDS, drops: int = 0, number: int = 0) -> bytes:
    return block(2, struct.pack("<HHIIII", number, drops, time >> 32, time & 0xFFFFFFFF, len(data), len(data)) + data)


def statistics(options: bytes, number: int = 0, time: int = MICROSECONDS) -> bytes:
    return block(5, struct.pack("<III", number, time >> 32, time & 0xFFFFFFFF) + options)


def packets_and_losses(path: Path, chunk: int = 1 << 20) -> tuple[list[Packet], list[CaptureLoss]]:
    data = CaptureBytes(str(path))
    packets: list[Packet] = []
    losses = []
    try:
        for item in PcapngReader(data).batches(chunk):
            if isinstance(item, PacketBatch):
                packets += packets_of(item)
            else:
                losses.append(item)
    finally:
        data.close()
    return packets, losses


def packets_of(batch: PacketBatch) -> list[Packet]:
    rows = zip(batch.offsets, batch.captured_lengths, batch.original_lengths, batch.times_ns, strict=True)
    return [
        (batch.first_packet + i, time_ns, batch.buffer[offset : offset + captured], original, batch.link_type)
        for i, (offset, captured, original, time_ns) in enumerate(rows)
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.pcapng"


@pytest.mark.parametrize("order", ["<", ">"])
def test_each_byte_order_gives_the_same_packets(path: Path, order: str) -> None:
    first = enhanced(b"one", original=60, order=order)
    second = enhanced(b"second", MICROSECONDS + 1, order=order)
    path.write_bytes(section(order) + interface(order=order) + first + second)
    assert packets_and_losses(path) == ([(1, TIME_NS, b"one", 60, 1), (2, TIME_NS + 1000, b"second", 6, 1)], [])


def test_each_section_has_its_own_byte_order_and_its_own_interfaces(path: Path) -> None:
    little = section("<") + interface(1) + interface(101) + enhanced(b"a", number=1)
    big = section(">") + interface(113, order=">") + enhanced(b"b", order=">")
    path.write_bytes(little + big)
    assert packets_and_losses(path)[0] == [(1, TIME_NS, b"a", 1, 101), (2, TIME_NS, b"b", 1, 113)]


def test_a_batch_has_one_link_type_and_packets_are_numbered_over_all_interfaces(path: Path) -> None:
    numbers = [0, 0, 1, 1, 0]
    path.write_bytes(section() + interface(1) + interface(101) + b"".join(enhanced(b"x", number=number) for number in numbers))
    batches = [item for item in PcapngReader(CaptureBytes(str(path))).batches(1 << 20) if isinstance(item, PacketBatch)]
    assert [(batch.link_type, batch.first_packet, len(batch)) for batch in batches] == [(1, 1, 2), (101, 3, 2), (1, 5, 1)]


@pytest.mark.parametrize(
    ("resolution", "units", "nanoseconds"),
    [
        (0, 5, 5_000_000_000),
        (3, 5, 5_000_000),
        (6, 5, 5_000),
        (9, 5, 5),
        (12, 5_999, 5),
        (0x80, 5, 5_000_000_000),
        (0x80 | 1, 3, 1_500_000_000),
        (0x80 | 32, 1 << 31, 500_000_000),
        (127, 2**64 - 1, 0),
    ],
)
def test_time_units_are_powers_of_ten_or_two(path: Path, resolution: int, units: int, nanoseconds: int) -> None:
    path.write_bytes(section() + interface(options=option(9, bytes([resolution])) + option(0, b"")) + enhanced(b"x", units))
    assert packets_and_losses(path)[0][0][1] == nanoseconds


def test_the_offset_of_an_interface_is_added_to_its_times(path: Path) -> None:
    path.write_bytes(section() + interface(options=option(14, struct.pack("<q", SECOND))) + enhanced(b"x", 7))
    assert packets_and_losses(path)[0][0][1] == TIME_NS + 7000


@pytest.mark.parametrize(("offset", "stays_at"), [(2**62, 2**63 - 1), (-(2**62), -(2**63))])
def test_a_time_out_of_this_world_stays_at_the_edge_of_it(path: Path, offset: int, stays_at: int) -> None:
    path.write_bytes(section() + interface(options=option(14, struct.pack("<q", offset))) + enhanced(b"x"))
    assert packets_and_losses(path)[0][0][1] == stays_at


def test_a_simple_packet_has_the_time_of_the_one_in_front_of_it(path: Path) -> None:
    path.write_bytes(section() + interface() + simple(b"first", 5) + enhanced(b"x") + simple(b"third", 5))
    assert [time_ns for _, time_ns, _, _, _ in packets_and_losses(path)[0]] == [0, TIME_NS, TIME_NS]


def test_a_simple_packet_is_cut_at_the_snap_length_of_the_first_interface(path: Path) -> None:
    path.write_bytes(section() + interface(snap_length=5) + simple(b"hello", 1500))
    assert packets_and_losses(path)[0] == [(1, 0, b"hello", 1500, 1)]


def test_the_obsolete_packet_block_is_read(path: Path) -> None:
    path.write_bytes(section() + interface() + obsolete(b"old") + obsolete(b"older", drops=0xFFFF))
    assert packets_and_losses(path) == ([(1, TIME_NS, b"old", 3, 1), (2, TIME_NS, b"older", 5, 1)], [])


def test_blocks_that_are_no_packets_are_passed_over(path: Path) -> None:
    names = block(4, struct.pack("<HH4s", 1, 4, bytes((10, 0, 0, 1))) + bytes(4))
    custom = block(0xBAD, struct.pack("<I", 32473) + b"somebody's data") + block(0x40000BAD, bytes(4))
    path.write_bytes(section() + names + interface() + custom + enhanced(b"x") + block(0x7777, b"?") + enhanced(b"y"))
    assert [packet[:3] for packet in packets_and_losses(path)[0]] == [(1, TIME_NS, b"x"), (2, TIME_NS, b"y")]


def test_what_interface_statistics_say_was_dropped_is_told_once(path: Path) -> None:
    def dropped(by_interface: int, by_kernel: int) -> bytes:
        return statistics(
            option(4, bytes(8)) + option(5, struct.pack("<Q", by_interface)) + option(7, struct.pack("<Q", by_kernel))
        )

    path.write_bytes(section() + interface() + dropped(0, 0) + enhanced(b"x") + dropped(2, 40) + dropped(2, 42))
    packets, losses = packets_and_losses(path)
    assert len(packets) == 1
    assert [(loss.reason, loss.packets) for loss in losses] == [
        ("interface_dropped", 2),
        ("kernel_dropped", 40),
        ("kernel_dropped", 2),
    ]
    assert {loss.time_ns for loss in losses} == {TIME_NS}


def test_drops_that_only_packets_tell_of_are_added_up(path: Path) -> None:
    counted = enhanced(b"x", options=option(2, bytes(4)) + option(4, struct.pack("<Q", 5)))
    path.write_bytes(section() + interface() + obsolete(b"old", drops=2) + counted)
    assert [(loss.reason, loss.packets) for loss in packets_and_losses(path)[1]] == [("interface_dropped", 7)]


def test_drops_that_statistics_and_packets_tell_of_count_once(path: Path) -> None:
    counted = enhanced(b"x", options=option(4, struct.pack("<Q", 5)))
    path.write_bytes(section() + interface() + counted + statistics(option(7, struct.pack("<Q", 5))))
    assert [(loss.reason, loss.packets) for loss in packets_and_losses(path)[1]] == [("kernel_dropped", 5)]


def test_a_number_of_lost_packets_that_cannot_be_right_is_not_known(path: Path) -> None:
    counted = enhanced(b"x", options=option(4, b"\xff" * 8)) * 2
    path.write_bytes(section() + interface() + statistics(option(5, b"\xff" * 8)) + section() + interface() + counted)
    assert [(loss.reason, loss.packets) for loss in packets_and_losses(path)[1]] == [("interface_dropped", None)] * 2


def test_an_interface_that_changes_from_packet_to_packet_keeps_its_own_time(path: Path) -> None:
    nanoseconds, halves = interface(options=option(9, b"\x09")), interface(options=option(9, b"\x81"))
    packets = enhanced(b"a", 7) + enhanced(b"b", 7, 1) + enhanced(b"c", 7, 2) + enhanced(b"d", 8) + simple(b"e", 1)
    path.write_bytes(section() + interface() + nanoseconds + halves + packets)
    packets_read = packets_and_losses(path)[0]
    assert [(data, time_ns) for _, time_ns, data, _, _ in packets_read] == [
        (b"a", 7_000),
        (b"b", 7),
        (b"c", 3_500_000_000),
        (b"d", 8_000),
        (b"e", 8_000),
    ]


def test_a_batch_that_is_full_is_handed_out_and_the_next_goes_on(path: Path) -> None:
    path.write_bytes(section() + interface() + enhanced(b"x") * (ROWS + 1) + simple(b"y", 1) * ROWS)
    batches = [item for item in PcapngReader(CaptureBytes(str(path))).batches(1 << 20) if isinstance(item, PacketBatch)]
    assert sum(map(len, batches)) == 2 * ROWS + 1
    assert max(map(len, batches)) <= ROWS
    assert [batch.first_packet for batch in batches[1:]] == [1 + sum(map(len, batches[:i])) for i in range(1, len(batches))]


def test_decryption_secrets_are_kept(path: Path) -> None:
    line = b"CLIENT_RANDOM 00 11\n"
    path.write_bytes(section() + block(10, struct.pack("<II", 0x544C534B, len(line)) + line) + interface() + enhanced(b"x"))
    secrets: list[tuple[int, bytes]] = []
    assert len(list(read_captures([str(path)], secrets=secrets))) == 1
    assert secrets == [(0x544C534B, line)]


def test_only_so_many_decryption_secrets_are_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcapng_file, "MAXIMUM_SECRETS", 1000)
    path.write_bytes(section() + block(10, struct.pack("<II", 1, 4) + b"data") * 100)
    secrets: list[tuple[int, bytes]] = []
    [loss] = read_captures([str(path)], secrets=secrets)
    assert len(secrets) == 7
    assert isinstance(loss, CaptureLoss)
    assert (loss.reason, loss.packets) == ("secrets_limit", 0)
    assert loss.detail == "decryption secrets beyond 1000 bytes are not kept"
    assert list(read_captures([str(path)])) == []  # who did not ask for them has lost nothing


@pytest.mark.parametrize("chunk", [1, 50, 1000])
def test_packets_are_the_same_however_the_file_is_read_in_pieces(path: Path, chunk: int) -> None:
    data = [bytes([i]) * (i * 97 % 600) for i in range(250)] + [b"z" * 80_000] * 2
    path.write_bytes(section() + interface() + b"".join(map(enhanced, data)))
    assert packets_and_losses(path, chunk) == ([(i, TIME_NS, piece, len(piece), 1) for i, piece in enumerate(data, 1)], [])


def test_every_cut_keeps_each_packet_that_is_whole_and_says_that_it_was_cut(path: Path) -> None:
    blocks = [section(), interface(), enhanced(b"one"), obsolete(b"second"), section(">"), interface(101, order=">")]
    blocks.append(simple(b"third", 5, ">"))
    whole = b"".join(blocks)
    ends = [len(b"".join(blocks[: i + 1])) for i in range(len(blocks))]
    path.write_bytes(whole)
    packets, losses = packets_and_losses(path)
    assert (len(packets), losses) == (3, [])
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        if cut < ends[0]:
            with pytest.raises(CaptureError) as caught:
                list(read_captures([str(path)]))
            assert str(caught.value).startswith(f"{path}: ")
            continue
        count = sum(cut >= ends[i] for i in (2, 3, 6))
        kept, losses = packets_and_losses(path)
        assert kept == packets[:count]
        last = max(end for end in ends if end <= cut)
        detail = f"cut after packet {count}, byte {last}"
        assert losses == ([] if cut in ends else [CaptureLoss(source=str(path), reason="file_cut", detail=detail)])


@pytest.mark.parametrize(
    ("damaged", "why"),
    [
        (enhanced(b"two")[:-4] + struct.pack("<I", 40), "the two lengths of a block differ"),
        (struct.pack("<II", 6, 33), "a block cannot be 33 bytes long"),
        (struct.pack("<II", 6, 0), "a block cannot be 0 bytes long"),
        (struct.pack("<II", 6, 0xFFFFFFF0), "a block cannot be 4294967280 bytes long"),
        (enhanced(b"two", number=3), "packet 2 names interface 3, which was not described"),
        (block(6, struct.pack("<IIIII", 0, 0, 0, 100, 100) + b"short"), "packet 2 cannot hold 100 bytes"),
        (block(6, bytes(8)), "a packet block is too short"),
        (block(3, b""), "a packet block is too short"),
        (simple(b"short", 100), "packet 2 cannot hold 100 bytes"),
        (block(1, b""), "an interface description is too short"),
        (block(5, b""), "interface statistics are too short"),
        (block(10, struct.pack("<II", 1, 100)), "decryption secrets are longer than their block"),
        (section(major=2), "pcapng version 2 is not known"),
        (block(0x0A0D0D0A, b"no byte order at all"), "a section without byte-order magic"),
    ],
)
def test_damage_says_what_and_where_and_what_came_before_stands(path: Path, damaged: bytes, why: str) -> None:
    sound = section() + interface() + enhanced(b"one")
    path.write_bytes(sound + damaged + bytes(16))
    packets, [loss] = packets_and_losses(path)
    assert packets == [(1, TIME_NS, b"one", 3, 1)]
    assert loss.reason == "file_damaged"
    assert loss.detail == f"after packet 1, byte {len(sound)}: {why}; nothing behind it was read"


def test_there_is_an_end_to_interfaces(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcapng_file, "MAXIMUM_INTERFACES", 10)
    path.write_bytes(section() + interface() * 11)
    [loss] = packets_and_losses(path)[1]
    assert "more than 10 interfaces" in loss.detail


def test_a_first_section_that_cannot_be_right_is_no_capture(path: Path) -> None:
    path.write_bytes(block(0x0A0D0D0A, b"no byte order at all"))
    with pytest.raises(CaptureError, match="pcapng whose header is damaged: a section without byte-order magic"):
        list(read_captures([str(path)]))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(position=st.integers(0, 260), replacement=st.binary(min_size=1, max_size=8), more=st.binary(max_size=40))
def test_any_bytes_give_packets_losses_or_one_line(path: Path, position: int, replacement: bytes, more: bytes) -> None:
    whole = section() + interface(options=option(9, b"\x06")) + enhanced(b"one", options=option(4, bytes(8)))
    whole += statistics(option(5, bytes(8))) + obsolete(b"two") + simple(b"three", 5)
    path.write_bytes(whole[:position] + replacement + whole[position + len(replacement) :] + more)
    items: list[PacketBatch | CaptureLoss] = []
    message = ""
    try:
        items += read_captures([str(path)])
    except CaptureError as error:
        message = str(error)
    assert "\n" not in message
    for batch in items:
        if isinstance(batch, PacketBatch):
            assert [len(data) for _, _, data, _, _ in packets_of(batch)] == list(batch.captured_lengths)


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark, the second opinion, is not installed")
def test_tshark_reads_the_same_times_and_lengths(path: Path) -> None:
    path.write_bytes(
        section()
        + interface(1)
        + interface(1, options=option(9, b"\x09") + option(14, struct.pack("<q", 1000)) + option(0, b""))
        + interface(1, options=option(9, b"\x94") + option(0, b""))
        + enhanced(b"a" * 60)
        + enhanced(b"b" * 61, TIME_NS + 1, number=1, original=1500)
        + enhanced(b"c" * 62, (SECOND << 20) + 12345, number=2)
        + obsolete(b"d" * 63, MICROSECONDS + 5)
        + section(">")
        + interface(1, order=">")
        + enhanced(b"e" * 64, MICROSECONDS + 9, order=">")
    )
    fields = ["frame.number", "frame.time_epoch", "frame.cap_len", "frame.len"]
    command = ["tshark", "-r", str(path), "-T", "fields", *(argument for field in fields for argument in ("-e", field))]
    theirs = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    ours = [
        f"{number}\t{time_ns // 10**9}.{time_ns % 10**9:09d}\t{len(data)}\t{original}"
        for number, time_ns, data, original, _ in packets_and_losses(path)[0]
    ]
    assert ours == theirs
