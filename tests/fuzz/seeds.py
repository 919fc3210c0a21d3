"""Writes the seed corpus: `python tests/fuzz/seeds.py`, after which `git status` shows what has changed.

Some are parts of our own captures, shortened; the others are written down from the RFCs, each with the name of what is
nasty about it. Only what makes a difference: libFuzzer finds the neighbours by itself.
"""

from __future__ import annotations

import base64
import gzip
import json
import lzma
import shutil
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import zstandard

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.append(str(CHECKOUT))

from tests.fuzz.handshake import SECRET
from tests.fuzz.script import AGAIN, CLIENT, CUT, DOUBLED, END, GAP, LATE, LOST, OTHER, RESET, SERVER, TIME, written
from tests.fuzz.segments import ACK, FIN, RST, SYN, URG, packet
from tests.fuzz.targets import CORPUS, TARGETS
from tests.segments import Segment, packets_of, segments_of
from tests.websocket.wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    DEFLATE_AGREED,
    DEFLATE_OFFER,
    KEY,
    PING,
    PONG,
    RSV1,
    RSV2,
    TEXT,
    Deflater,
    close,
    fragmented,
    frame,
    head,
    header,
    request,
    response,
    text,
)

CAPTURES = CHECKOUT / "captures"
Seeds = Iterator[tuple[str, bytes]]

TICK = b'{"type":"tick","price":1.5,"symbols":["A","B"]}'
CHAT = "Grüße aus Köln \U0001f600".encode()


# --- files --------------------------------------------------------------------------------------------------------------


def pcap(packets: list[bytes], order: str = "<", magic: int = 0xA1B2C3D4, link_type: int = 1, extra: int = 0) -> bytes:
    """A classic pcap file."""
    records = [
        struct.pack(order + "IIII", 1_700_000_000 + i, i, len(data), len(data)) + bytes(extra) + data
        for i, data in enumerate(packets)
    ]
    return struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65_535, link_type) + b"".join(records)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A block of pcapng."""
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def section(order: str = "<") -> bytes:
    """A section header."""
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(options: bytes = b"", order: str = "<", link_type: int = 1, snap: int = 0) -> bytes:
    """An interface description."""
    return block(1, struct.pack(order + "HHI", link_type, 0, snap) + options, order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    """An option of a block."""
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def enhanced(data: bytes, order: str = "<", number: int = 0, units: int = 1_700_000_000_000_000, options: bytes = b"") -> bytes:
    """An enhanced packet block."""
    head = struct.pack(order + "IIIII", number, units >> 32, units & 0xFFFFFFFF, len(data), len(data))
    return block(6, head + data + bytes(-len(data) % 4) + options, order)


def files() -> Seeds:
    """The first byte: 0 as it is, 1 cut, 2 in a container, and at which sixteenth."""
    some = [each[:120] for each in packets_of(CAPTURES / "abnormal_close.pcap")[:3]]
    yield "pcap_micro", b"\x81" + pcap(some)
    yield "pcap_big_endian_nano", b"\x81" + pcap(some, ">", 0xA1B23C4D)
    yield "pcap_modified", b"\x81" + pcap(some, "<", 0xA1B2CD34, extra=8)
    yield "pcap_raw_ip", b"\x01" + pcap([each[14:] for each in some], link_type=101)
    yield "pcap_no_packets", b"\x00" + pcap([])
    yield "pcap_header_cut", b"\x00" + pcap([])[:20]
    yield "pcap_record_of_zeros", b"\x00" + pcap(some[:1]) + bytes(64)
    yield "pcap_record_too_long", b"\x00" + pcap(some[:1]) + struct.pack("<IIII", 1, 2, 0xFFFFFFFF, 60)
    yield "pcap_empty_packets", b"\x01" + pcap([b"", b"", b""])
    for index, word in enumerate(("gzip", "zstd", "bzip2", "xz")):
        yield f"pcap_in_{word}", bytes([0x82 | index << 2]) + pcap(some[:1])
        yield f"pcap_in_{word}_damaged", bytes([0x73 | index << 2]) + pcap(some[:1])
    plain = pcap(some[:2])
    yield "gzip_of_two_members", b"\x81" + gzip.compress(plain[:50], mtime=0) + gzip.compress(plain[50:], mtime=0)
    yield "gzip_padded", b"\x00" + gzip.compress(plain, mtime=0) + bytes(20)
    yield "gzip_with_garbage_behind", b"\x00" + gzip.compress(plain, mtime=0) + b"something else"
    yield "gzip_header_alone", b"\x00" + gzip.compress(plain, mtime=0)[:10]
    yield "zstd_skippable_frame", b"\x00" + zstandard.compress(plain) + b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd" + zstandard.compress(b"")
    yield "zstd_window_of_terabytes", b"\x00\x28\xb5\x2f\xfd\x00\xf8" + bytes(10)
    yield "xz_checked", b"\x00" + lzma.compress(plain, check=lzma.CHECK_SHA256)
    yield "bzip2_header_alone", b"\x00BZh9" + b"1AY&SY" + bytes(8)
    for order, name in (("<", "little"), (">", "big")):
        simple = block(3, struct.pack(order + "I", len(some[0])) + some[0], order)
        obsolete = block(2, struct.pack(order + "HHIIII", 0, 3, 1, 2, len(some[0]), 200) + some[0], order)
        whole = section(order) + interface(b"", order) + enhanced(some[0], order) + simple + obsolete
        yield f"pcapng_{name}_endian", b"\x81" + whole
    yield "pcapng_two_sections", b"\x81" + section("<") + interface() + enhanced(some[0]) + section(">") + interface(b"", ">")
    yield "pcapng_two_link_types", b"\x81" + section() + interface() + interface(link_type=101) + enhanced(some[0]) + enhanced(
        some[0][14:], number=1
    )
    for resolution in (0, 3, 9, 12, 0x80, 0xA0, 0xFF):
        times = option(9, bytes([resolution])) + option(14, struct.pack("<q", -(2**40))) + option(0, b"")
        yield f"pcapng_resolution_{resolution}", b"\x00" + section() + interface(times) + enhanced(some[0][:30], units=2**63)
    drops = block(5, struct.pack("<III", 0, 1, 2) + option(5, struct.pack("<Q", 7)) + option(7, struct.pack("<Q", 2**63)))
    yield "pcapng_drops", b"\x00" + section() + interface() + enhanced(
        some[0], options=option(4, struct.pack("<Q", 3))
    ) + drops + drops
    yield "pcapng_secrets", b"\x00" + section() + interface() + block(10, struct.pack("<II", 0x544C534B, 6) + b"secret")
    yield "pcapng_unknown_interface", b"\x00" + section() + enhanced(some[0], number=7)
    yield "pcapng_lengths_differ", b"\x00" + section() + interface()[:-4] + b"\x18\0\0\0"
    yield "pcapng_length_not_of_four", b"\x00" + section() + b"\x01\0\0\0\x15\0\0\0" + bytes(20)
    yield "pcapng_length_of_four_gigabytes", b"\x00" + section() + b"\x06\0\0\0\xfc\xff\xff\xff" + bytes(20)
    yield "pcapng_simple_packet_beyond_its_snap_length", b"\x00" + section() + interface(snap=16) + block(
        3, struct.pack("<I", 4_000_000) + some[0]
    )
    yield "neither", b"\x00PK\x03\x04 an archive"


# --- packets ------------------------------------------------------------------------------------------------------------


def framed(link_type: int, *packets: bytes, cut: bool = False) -> bytes:
    """The input of `packets`: which link type, and whether also packet by packet."""
    script = bytes([link_type | 16])
    for each in packets:
        script += ((0x8000 if cut else 0) | len(each)).to_bytes(2, "big") + each
    return script


def ipv4(payload: bytes, protocol: int = 6, identification: int = 1, fragment: int = 0, options: bytes = b"") -> bytes:
    """An IPv4 packet; `fragment`: flags and offset."""
    length = 20 + len(options) + len(payload)
    words = 0x45 + len(options) // 4
    return struct.pack(">BBHHHBBH4s4s", words, 0, length, identification, fragment, 64, protocol, 0, b"\x0a\0\0\1", b"\x0a\0\0\2") + (
        options + payload
    )


def ipv6(payload: bytes, next_header: int = 6) -> bytes:
    """An IPv6 packet."""
    address = bytes(15)
    return struct.pack(">IHBB", 0x60000000, len(payload), next_header, 64) + address + b"\x01" + address + b"\x02" + payload


def tcp(flags: int = ACK, sequence: int = 1_000, payload: bytes = b"payload!", options: bytes = b"") -> bytes:
    """A TCP segment."""
    words = 5 + len(options) // 4
    return struct.pack(">HHIIBBHHH", 40_000, 80, sequence, 1, words << 4, flags, 500, 0, 0) + options + payload


def packets() -> Seeds:
    """For each link type a segment; tunnels, fragments and headers that lie."""
    segment, ethernet = ipv4(tcp()), b"\x02" * 6 + b"\x04" * 6
    for name in ("abnormal_close.pcap", "ipv6.pcapng", "browser.pcapng"):
        recorded = packets_of(CAPTURES / name)
        yield f"recorded_{name.partition('.')[0]}", framed(1, *[each[:150] for each in recorded[:5]])
        yield f"recorded_{name.partition('.')[0]}_cut", framed(1, *[each[:70] for each in recorded[:6]], cut=True)
    plain = {0: b"\x02\0\0\0", 2: b"\xff\x03\x00\x21", 3: b"", 4: b"\x0f\x00\x08\x00", 5: b"", 6: b"", 7: b"\x02\0\0\0", 8: b"\0\0\0\x02"}
    for link_type, before in plain.items():
        yield f"link_type_{link_type}", framed(link_type, before + segment)
    yield "link_type_cooked", framed(9, bytes(14) + b"\x08\x00" + segment)
    yield "link_type_cooked_2", framed(14, b"\x08\x00" + bytes(18) + segment)
    yield "link_type_nflog", framed(13, b"\x02\0\0\0" + struct.pack("<HH", 4 + len(segment), 9) + segment)
    yield "ipv6", framed(12, ipv6(tcp()))
    yield "ipv6_extensions", framed(12, ipv6(b"\x3c\0" + bytes(6) + b"\x06\0" + bytes(6) + tcp(), 0))
    yield "ipv6_extensions_without_end", framed(12, ipv6(b"\x00\0" + bytes(6) + (b"\x00\0" + bytes(6)) * 40, 0))
    yield "ipv6_fragments", framed(
        12, ipv6(b"\x06\0\0\x01\0\0\0\x07" + tcp()[:24], 44), ipv6(b"\x06\0\0\x18\0\0\0\x07" + tcp()[24:], 44)
    )
    yield "ipv4_options", framed(11, ipv4(tcp(options=b"\x01" * 8), options=b"\x07\x04\0\0"))
    halves = tcp(payload=b"a" * 40)
    yield "ipv4_fragments", framed(11, ipv4(halves[:24], fragment=0x2000), ipv4(halves[24:], fragment=3))
    yield "ipv4_fragments_backwards", framed(11, ipv4(halves[24:], fragment=3), ipv4(halves[:24], fragment=0x2000))
    yield "ipv4_fragments_overlap", framed(
        11, ipv4(halves[:32], fragment=0x2000), ipv4(halves[16:48], fragment=0x2002), ipv4(halves[40:], fragment=5)
    )
    yield "ipv4_fragment_beyond_the_end", framed(11, ipv4(halves[:24], fragment=0x2000), ipv4(bytes(40), fragment=0x1FFF))
    yield "ipv4_fragments_of_many", framed(11, *[ipv4(halves[:24], identification=i, fragment=0x2000) for i in range(20)])
    yield "ipv4_length_lies", framed(11, b"\x45\0\xff\xff" + segment[4:], b"\x45\0\0\x10" + segment[4:], b"\x4f" + segment[1:])
    yield "ipv4_length_of_segmentation_offload", framed(11, b"\x45\0\0\0" + segment[4:])
    yield "tcp_offset_lies", framed(11, ipv4(tcp()[:12] + b"\xf0" + tcp()[13:]), ipv4(tcp()[:12] + b"\x10" + tcp()[13:]))
    yield "vlan_twice", framed(1, ethernet + b"\x88\xa8\0\x01\x81\x00\0\x02\x08\x00" + segment)
    yield "mpls", framed(1, ethernet + b"\x88\x47\0\0\x10\x40\0\0\x21\x40" + segment)
    yield "pppoe", framed(1, ethernet + b"\x88\x64\x11\0\0\x01\0\x60\x00\x21" + segment)
    yield "arp", framed(1, ethernet + b"\x08\x06" + bytes(28))
    yield "length_field", framed(1, ethernet + b"\x00\x40\xaa\xaa\x03\0\0\0\x08\x00" + segment)
    yield "gre", framed(11, ipv4(b"\0\0\x08\x00" + segment, 47), ipv4(b"\xb0\0\x65\x58" + bytes(12) + ethernet + b"\x08\x00" + segment, 47))
    yield "ip_in_ip", framed(11, ipv4(ipv4(segment, 4), 4), ipv4(ipv6(tcp()), 41))
    vxlan = struct.pack(">HHHH", 5_000, 4_789, 0, 0) + b"\x08\0\0\0\0\0\x01\0" + ethernet + b"\x08\x00" + segment
    geneve = struct.pack(">HHHH", 5_000, 6_081, 0, 0) + b"\0\0\x65\x58\0\0\x01\0" + ethernet + b"\x08\x00" + segment
    yield "vxlan", framed(11, ipv4(vxlan, 17))
    yield "geneve", framed(11, ipv4(geneve, 17))
    yield "udp_and_icmp", framed(11, ipv4(bytes(12), 17), ipv4(bytes(8), 1), ipv4(bytes(8), 132))
    yield "empty_packets", framed(1, b"", b"\0", b"")


# --- segments -----------------------------------------------------------------------------------------------------------


def step(
    half: int, flags: int = ACK, away: int = 0, size: int = 0, *, behind: int = 0, time: int = 0, cut: bool = False,
    shut: bool = False, port: int = 0, lie: bool = False,
) -> bytes:  # fmt: skip
    """Five bytes of a script of segments."""
    what = half | (flags & 7) << 1 | flags & 0x30 | (0x40 if lie else 0)
    return bytes([what, away & 255, size, behind & 255, time | (16 if cut else 0) | (32 if shut else 0) | port << 6])


OPENED = step(0, SYN) + step(1, SYN | ACK) + step(0)


def segments() -> Seeds:
    """What may happen to segments, each thing once."""
    said = step(0, size=20) + step(1, size=30)
    ending = step(0, FIN | ACK) + step(1, FIN | ACK) + step(0)
    cases = {
        "whole": OPENED + said + ending,
        "from_the_middle": said * 3,
        "from_the_middle_of_one_side": step(0, size=10) * 20,
        "doubled": OPENED + said + step(0, size=20, away=-20) + step(1, size=30, away=-30) + ending,
        "overlapping": OPENED + step(0, size=40) + step(0, size=60, away=-30) + step(0, size=10, away=-5) + ending,
        "overlapping_with_other_bytes": OPENED + step(0, size=40) + step(0, size=60, away=-30, lie=True) + step(0, away=5, size=9, lie=True),
        "out_of_order": OPENED + step(0, size=10, away=20) + step(0, size=10, away=-20) + step(0, size=10, away=-20) + step(0, size=50, away=-40),
        "hole_acknowledged": OPENED + step(0, size=10, away=20) + step(1, behind=0) + step(0, size=200, time=15) + step(0, size=5) + ending,
        "hole_waits": OPENED + step(0, size=10, away=20) + step(0, size=10, time=8) + step(0, size=10, time=8) + step(0, size=1, time=15),
        "hole_beyond_the_buffer": OPENED + step(0, size=10, away=20) + step(0, size=245) * 6,
        "all_buffers_full": b"".join(step(0, SYN, port=p) + step(1, SYN | ACK, port=p) + step(0, size=242, away=9, port=p) * 4 for p in range(4)),
        "far_away": OPENED + step(0, size=10, away=127) + step(0, size=10, away=126) + step(0, size=9, away=-128) + said,
        "far_away_for_good": OPENED + step(0, size=10, away=125) + step(1, behind=125) + step(0, size=10, away=125) * 3,
        "reset": OPENED + said + step(0, RST) + said,
        "reset_out_of_window": OPENED + said + step(0, RST, away=127) + said + ending,
        "reset_without_a_word": step(0, SYN) + step(1, RST | ACK),
        "ports_used_again": OPENED + said + step(0, SYN, away=100) + step(1, SYN | ACK, away=100) + said,
        "ports_used_again_after_the_end": OPENED + said + ending + step(0, SYN, away=50) + said + step(0, SYN, away=60, time=15) + said,
        "data_in_the_syn": step(0, SYN, size=20) + step(1, SYN | ACK, size=5) + said + ending,
        "data_after_fin": OPENED + step(0, FIN | ACK, size=10) + step(0, size=20) + step(0, FIN, away=3) + ending,
        "fin_before_data": OPENED + step(0, FIN | ACK, away=40) + step(0, size=20, away=-41) + step(0, size=20, away=-21),
        "fin_twice": OPENED + step(0, FIN | ACK, size=10) + step(0, FIN | ACK, away=-4) + step(1, FIN | ACK) + step(1, FIN | ACK, away=-1),
        "late_syn": step(0, size=20, away=1) + step(1, size=20) + step(0, SYN, away=-21) + said,
        "simultaneous_open": step(0, SYN) + step(1, SYN) + step(0, SYN | ACK, away=-1) + step(1, SYN | ACK, away=-1) + said,
        "cut": OPENED + step(0, size=60, cut=True) + step(0, size=60) + step(1, size=9, cut=True) + ending,
        "urgent": OPENED + step(0, URG | ACK, size=9) + said,
        "window_shut": OPENED + said + step(1, shut=True) + step(1, time=4, shut=True) + step(1, time=4) + said,
        "scan": b"".join(step(0, SYN, away=i, port=i & 3, time=i & 7) for i in range(12)),
        "idle": OPENED + said + b"".join(step(0, size=5, time=15, port=1) for _ in range(8)) + said,
        "keepalive": OPENED + said + step(0, away=-1, size=1) + step(1) + step(0, away=-1) + said,
        "window_probe": OPENED + step(1, shut=True) + step(0, size=1) + step(1, behind=-1, shut=True) + step(0, size=9, away=-1),
    }  # fmt: skip
    for name, script in cases.items():
        yield name, b"\x01" + script


# --- handshakes -----------------------------------------------------------------------------------------------------------


def recorded(name: str, most: int) -> list[Segment]:
    """The first segments with payload of a capture's first connection that upgrades."""
    all_of_them = [each for each in segments_of(CAPTURES / name) if each.payload]
    start = next(i for i, each in enumerate(all_of_them) if b"pgrade: websocket" in each.payload)
    client = all_of_them[start].sender
    half = len(client) - 4
    server = client[half // 2 : half] + client[: half // 2] + client[-2:] + client[-4:-2]
    return [each for each in all_of_them[start:] if each.sender in (client, server)][:most]


def script_of(found: list[Segment]) -> bytes:
    """Who says what, as recorded."""
    client = found[0].sender
    said: list[bytes | int | tuple[int, int]] = []
    for each in found:
        said += [CLIENT if each.sender == client else SERVER, each.payload]
    return written(*said)


def handshakes() -> Seeds:
    """The first byte: 2 also joined, 1 its opening was not seen."""
    for name in ("abnormal_close.pcap", "browser.pcapng", "graphql_ws.pcap", "mqtt.pcapng", "socketio.pcapng", "ws_deflate.pcapng"):
        yield f"recorded_{name.partition('.')[0]}", b"\x02" + script_of(recorded(name, 3))
    ask, answer = request(), response()
    hello = text("Hello")
    good = written(ask, SERVER, answer, hello)
    yield "good", b"\x02" + good
    yield "cut_everywhere", b"\x02" + written(
        *[each for i in range(0, len(ask), 7) for each in (ask[i : i + 7], CUT)], SERVER, *[each for i in range(0, len(answer), 11) for each in (answer[i : i + 11], CUT)]
    )  # fmt: skip
    secret = SECRET.decode()
    yield "secrets", b"\x02" + written(
        request(f"/rooms/42?token={secret}", ("Cookie", f"id={secret}"), ("Authorization", f"Bearer {secret}"), ("Sec-WebSocket-Protocol", f"chat, bearer.{secret}")),
        SERVER, response(("Sec-WebSocket-Protocol", "chat"), ("Set-Cookie", secret)), hello,
    )  # fmt: skip
    yield "answer_first", b"\x01" + written(SERVER, answer, hello, CLIENT, ask)
    yield "request_lost", b"\x00" + written((GAP, 200), SERVER, answer, hello, CLIENT, text("Hi", KEY))
    yield "answer_lost", b"\x00" + written(ask, text("Hi", KEY) * 5, SERVER, (GAP, 128), hello * 5)
    yield "answer_cut", b"\x00" + written(ask, SERVER, answer[:60], (GAP, 90), hello * 4)
    yield "early_data", b"\x02" + written(ask, text("early", KEY), SERVER, answer, hello)
    yield "refused", b"\x02" + written(ask, SERVER, head("HTTP/1.1 403 Forbidden", [("Content-Length", "3")]), b"no!", CLIENT, ask, SERVER, answer)
    yield "after_pages", b"\x02" + written(
        head("GET / HTTP/1.1", [("Host", "a")]) * 2, SERVER,
        head("HTTP/1.1 200 OK", [("Transfer-Encoding", "chunked")]), b"5;x=y\r\nabcde\r\n0\r\nT: v\r\n\r\n", head("HTTP/1.1 304 Not Modified", [("Content-Length", "99")]),
        CLIENT, ask, SERVER, head("HTTP/1.1 100 Continue"), answer, hello,
    )  # fmt: skip
    yield "body_that_looks_like_a_head", b"\x02" + written(
        head("POST /x HTTP/1.1", [("Host", "a"), ("Content-Length", str(len(ask)))]), ask, SERVER, head("HTTP/1.1 200 OK", [("Content-Length", str(len(answer)))]), answer
    )  # fmt: skip
    yield "lengths_differ", b"\x02" + written(head("POST / HTTP/1.1", [("Content-Length", "3"), ("Content-Length", "5")]), b"abc", ask, SERVER, answer)
    yield "length_huge", b"\x02" + written(head("POST / HTTP/1.1", [("Content-Length", "9" * 40)]), b"abc", ask, SERVER, answer)
    yield "chunk_huge", b"\x02" + written(ask, SERVER, head("HTTP/1.1 200 OK", [("Transfer-Encoding", "chunked")]), b"f" * 40 + b"\r\nabc")
    yield "line_feeds_alone", b"\x02" + written(ask.replace(b"\r\n", b"\n"), SERVER, answer.replace(b"\r\n", b"\n"), hello)
    yield "folded_field", b"\x02" + written(ask[:-2] + b"X: a\r\n  b\r\n\r\n", SERVER, answer)
    yield "field_without_colon", b"\x02" + written(ask[:-2] + b"nonsense\r\n: empty\r\n\r\n", SERVER, answer)
    yield "too_long", b"\x02" + written(ask[:-2] + b"X: " + b"a" * 600 + b"\r\n\r\n", SERVER, answer)
    yield "head_without_end", b"\x00" + written(b"GET / HTTP/1.1\r\n", b"X: 1\r\n" * 9, (AGAIN, 250), SERVER, b"HTTP/1.1 101 A\r\n", CUT, b"X: 1\r\n" * 9, (AGAIN, 250))
    yield "early_data_without_end", b"\x02" + written(ask, CUT, text(TICK, KEY), (AGAIN, 250), SERVER, answer)
    yield "connect", b"\x02" + written(head("CONNECT a:443 HTTP/1.1", [("Host", "a")]), SERVER, head("HTTP/1.1 200 OK"), b"\x16\x03\x01")
    yield "version_8", b"\x02" + written(request("/", version="8"), SERVER, head("HTTP/1.1 426 Upgrade Required", [("Sec-WebSocket-Version", "13")]))
    hixie = head("GET / HTTP/1.1", [("Upgrade", "WebSocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key1", "1 2")]) + b"12345678"
    yield "hybi_00", b"\x02" + written(hixie, SERVER, head("HTTP/1.1 101 WebSocket Protocol Handshake", [("Upgrade", "WebSocket")]), b"\x00hi\xff")
    yield "accept_wrong", b"\x02" + written(ask, SERVER, response(key="x"), hello)
    yield "not_offered", b"\x02" + written(ask, SERVER, response(DEFLATE_AGREED, ("Sec-WebSocket-Protocol", "chat")), hello)
    extensions = ("Sec-WebSocket-Extensions", 'permessage-deflate; client_max_window_bits="15"; x="a\\"b,;", x-y;;, ,=')
    yield "extensions_quoted", b"\x02" + written(request("/", extensions), SERVER, response(extensions), hello)
    yield "http2", b"\x02" + written(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), SERVER, bytes(9))
    yield "tls", b"\x02" + written(b"\x16\x03\x01\x00\x05\x01\0\0\1\0", SERVER, b"\x16\x03\x03\0\1\2")
    yield "server_speaks_first", b"\x02" + written(SERVER, b"220 mail ESMTP\r\n", CLIENT, b"HELO a\r\n")
    yield "target_strange", b"\x02" + written(request("http://u:p@h:80/a/b;c?d#e"), SERVER, answer, CLIENT, request("*"))
    yield "ends_and_time", b"\x02" + written(ask, END, (TIME, 20), SERVER, answer, hello, END)


# --- frames -------------------------------------------------------------------------------------------------------------


def frames() -> Seeds:
    """The first byte: what was agreed (0 nothing, 1 deflate, 2 without context, 3 an unknown extension), 4 also joined."""
    for agreed, name in ((5, "ws_deflate.pcapng"), (4, "socketio.pcapng"), (4, "fragments.pcap"), (4, "websockets_chat.pcap"), (4, "mqtt.pcapng")):
        kept = [each for each in recorded(name, 14)[2:] if len(each.payload) < 400][:6]
        yield f"recorded_{name.partition('.')[0]}", bytes([agreed]) + (script_of(kept) if kept else b"")
    deflate = Deflater()
    once = Deflater(takeover=False)
    cases: dict[str, tuple[int, tuple[bytes | int | tuple[int, int], ...]]] = {
        "hello": (4, (text("Hello", KEY), SERVER, text("Hello"))),
        "fragments": (4, (fragmented(TEXT, [b"Hel", b"", b"lo"], key=KEY), SERVER, frame(BINARY, b"a", fin=False), frame(PING, b"p"), frame(CONTINUATION, b"b"))),
        "lengths_16_and_64": (4, (SERVER, frame(BINARY, bytes(200)), frame(BINARY, b"abc", form=16), frame(TEXT, b"abc", form=64))),
        "length_of_four_gigabytes": (4, (SERVER, header(BINARY, 1 << 32), bytes(300), CUT, bytes(300))),
        "length_with_its_highest_bit": (4, (SERVER, b"\x82\x7f" + b"\xff" * 8, bytes(30), text("Hello") * 6)),
        "cut_in_the_header": (4, (b"\x82", CUT, b"\xfe", CUT, b"\x00", CUT, b"\x05", CUT, KEY[:2], CUT, KEY[2:], CUT, b"abcde")),
        "gap_in_the_payload": (4, (SERVER, header(BINARY, 300), b"abc", (GAP, 99), bytes(197), text("on"))),
        "gap_in_the_header": (4, (SERVER, b"\x82\x7e", (GAP, 1), bytes(20), text("on") * 8)),
        "gap_beyond_the_payload": (4, (SERVER, header(BINARY, 100), b"abc", (GAP, 239), text("Hello again, you") * 6)),
        "gap_huge": (4, (SERVER, text("a"), (GAP, 254), text("Hello again, you") * 6)),
        "masks_the_wrong_way": (4, (text("unmasked"), SERVER, text("masked", KEY))),
        "reserved": (4, (frame(3, b"x", key=KEY), frame(11, b"x", key=KEY), frame(TEXT, b"x", rsv=RSV2, key=KEY), frame(PING, b"x", rsv=RSV1, key=KEY))),
        "control_too_long": (4, (SERVER, frame(PING, bytes(126), form=16), frame(PONG, b"x", fin=False))),
        "continuations": (4, (SERVER, frame(CONTINUATION, b"x"), frame(TEXT, b"a", fin=False), frame(TEXT, b"b"), frame(CONTINUATION, b"c"))),
        "utf8": (4, (SERVER, text(CHAT), frame(TEXT, b"\xc3", fin=False), frame(CONTINUATION, b"\xa9"), frame(TEXT, b"\xff\xfe"), frame(TEXT, b"\xed\xa0\x80"))),
        "closes": (4, (close(1000, b"bye", KEY), text("late", KEY), SERVER, close(1005), close(), frame(CLOSE, b"x"), close(1000, b"\xff"))),
        "over_limit": (4, (SERVER, frame(TEXT, b"a" * 257), fragmented(BINARY, [b"b" * 200] * 3))),
        "empty_fragments": (4, (SERVER, frame(TEXT, fin=False), frame(CONTINUATION, fin=False) * 40, frame(CONTINUATION))),
        "deflate": (5, (frame(TEXT, deflate(TICK), rsv=RSV1, key=KEY), frame(TEXT, deflate(TICK), rsv=RSV1, key=KEY), text("plain", KEY))),
        "deflate_fragments": (5, (SERVER, fragmented(TEXT, [Deflater()(TICK)[:9], Deflater()(TICK)[9:]], rsv=RSV1))),
        "deflate_without_context": (6, (SERVER, frame(TEXT, once(TICK), rsv=RSV1), frame(TEXT, once(TICK), rsv=RSV1))),
        "deflate_bomb": (5, (SERVER, frame(BINARY, Deflater()(bytes(100_000)), rsv=RSV1), frame(TEXT, Deflater()(TICK), rsv=RSV1))),
        "deflate_context_lost": (5, (SERVER, header(BINARY, 100, rsv=RSV1), b"abc", (GAP, 96), frame(TEXT, Deflater()(TICK), rsv=RSV1), frame(TEXT, b"\xf2\x00\x11\x00\x00", rsv=RSV1))),
        "deflate_error": (5, (SERVER, frame(TEXT, b"\xff\xff\xff", rsv=RSV1), frame(TEXT, Deflater()(TICK), rsv=RSV1), frame(TEXT, b"", rsv=RSV1))),
        "deflate_final_blocks": (5, (SERVER, frame(BINARY, b"\x03\x00" * 100, rsv=RSV1), frame(BINARY, b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", rsv=RSV1))),
        "deflate_stored": (5, (SERVER, frame(TEXT, b"\x00\x05\x00\xfa\xffHello\x00", rsv=RSV1), frame(TEXT, b"\x00\xff\xff\x00\x00abc", rsv=RSV1))),
        "unknown_extension": (7, (SERVER, frame(TEXT, b"x", rsv=RSV1 | RSV2), text("y"))),
        "ends": (4, (text("a", KEY), END, SERVER, header(TEXT, 9), b"abc", END)),
        "reset": (4, (text("a", KEY), RESET, SERVER, text("b"))),
        "many_messages": (4, (SERVER, text(TICK), (AGAIN, 250), CLIENT, text(CHAT, KEY), (AGAIN, 250))),
        "payload_without_end": (4, (SERVER, header(BINARY, 1 << 20), bytes(120), (AGAIN, 250))),
        "fragments_without_end": (4, (SERVER, frame(TEXT, b"a", fin=False), CUT, frame(CONTINUATION, b"b" * 60, fin=False), (AGAIN, 250))),
        "deflate_fragments_without_end": (5, (SERVER, frame(TEXT, b"\x00", fin=False, rsv=RSV1), CUT, frame(CONTINUATION, b"\x00\x00\xff\xff" * 9, fin=False), (AGAIN, 250))),
    }  # fmt: skip
    for name, (agreed, said) in cases.items():
        yield name, bytes([agreed]) + written(*said)


def deflate() -> Seeds:
    """The first byte: 4 without context takeover; 0 to 3 how much is kept."""
    for takeover in (True, False):
        deflater = Deflater(takeover)
        said: list[bytes | int | tuple[int, int]] = []
        for each in (b"Hello", b"Hello", TICK, TICK, CHAT * 3, TICK):
            said += [deflater(each), CUT]
        word = "takeover" if takeover else "no_takeover"
        yield f"{word}", bytes([0 if takeover else 4]) + written(*said)
        yield f"{word}_keep_little", bytes([1 if takeover else 5]) + written(*said)
        yield f"{word}_lost", bytes([0 if takeover else 4]) + written(*said[:4], (GAP, 1), *said[4:])
    examples = {
        "one_block": "f248cdc9c90700", "stored": "000500faff48656c6c6f00", "final": "f348cdc9c9070000", "two_blocks": "f248050000 00ffffcac9c90700",
        "empty": "00", "stored_over_the_tail": "00ffff0000616263", "distance_too_far": "f2001100 00", "reserved_block": "06", "final_without_end": "0300" * 70,
        "dynamic_incomplete": "05e0810800000000209fd6", "tail_inside": "0000ffff0000ffff00", "not_compressed": "7b2261223a317d",
    }  # fmt: skip
    for name, digits in examples.items():
        payload = bytes.fromhex(digits)
        yield name, b"\x00" + written(payload, CUT, payload, CUT, b"\xf2\x00\x11\x00\x00")
    for level, strategy in ((0, zlib.Z_DEFAULT_STRATEGY), (9, zlib.Z_FIXED), (9, zlib.Z_RLE), (9, zlib.Z_HUFFMAN_ONLY)):
        compressor = zlib.compressobj(level, zlib.DEFLATED, -9, 9, strategy)
        data = compressor.compress(TICK * 3 + bytes(range(64))) + compressor.flush(zlib.Z_SYNC_FLUSH)
        yield f"level_{level}_strategy_{strategy}", b"\x00" + written(data[:-4], CUT, data[:-4])
    window = Deflater()
    yield "window_full_again", b"\x00" + written(window(b"x" * 10), (GAP, 1), window(bytes(40_000)), CUT, window(TICK), CUT, window(TICK))


def middle() -> Seeds:
    """The first byte: 4 from the middle of a connection, otherwise behind a hole in one on which 0 to 3 was agreed."""
    for name in ("midstream.pcap", "websockets_chat.pcap", "demo.pcapng"):
        kept = [each for each in recorded(name, 30)[6:] if len(each.payload) < 300][:5]
        yield f"recorded_{name.partition('.')[0]}", b"\x04" + script_of(kept)
        yield f"recorded_{name.partition('.')[0]}_behind_a_hole", b"\x00" + script_of(kept)
    client = [text(TICK, KEY), text(CHAT, b"\x01\x02\x03\x04"), frame(BINARY, TICK, key=KEY), frame(PING, b"p", key=KEY)]
    server = [text(TICK), text(CHAT), frame(BINARY, TICK), frame(PONG), close(1000, b"bye")]
    aligned: list[bytes | int | tuple[int, int]] = [SERVER]
    for each in (*server, *server):
        aligned += [each, CUT]
    aligned.append(CLIENT)
    for each in client:
        aligned += [each, CUT]
    yield "aligned", b"\x04" + written(*aligned)
    yield "aligned_behind_a_hole", b"\x00" + written(*aligned)
    yield "inside_a_frame", b"\x04" + written(SERVER, b"rest of a text, " * 4 + b"".join(server) * 2, CLIENT, b"\x55" * 30 + b"".join(client) * 2)
    deflater = Deflater()
    packed: list[bytes | int | tuple[int, int]] = [SERVER]
    for _ in range(6):
        packed += [frame(TEXT, deflater(TICK), rsv=RSV1), CUT]
    yield "compressed", b"\x01" + written(*packed)
    yield "compressed_from_the_middle", b"\x04" + written(*packed)
    yield "zeroes", b"\x00" + written(SERVER, bytes(600), CLIENT, bytes(600))
    yield "continuations_without_end", b"\x00" + written(SERVER, b"\x00\x01" * 300)
    yield "looks_like_headers", b"\x00" + written(SERVER, b"\x81\x02\x81\x00" * 100, CLIENT, b"\x82\x80\x82\x81" * 100)
    yield "garbage_without_end", b"\x00" + written(SERVER, b"\x81\x03\x93" * 20, (AGAIN, 250), CLIENT, b"\x81\x83\x93" * 20, (AGAIN, 250))
    yield "garbage_without_end_from_the_middle", b"\x04" + written(SERVER, b"\x81\x03\x93" * 20, (AGAIN, 250), CLIENT, b"x\x83\x93" * 20, (AGAIN, 250))
    yield "two_holes", b"\x00" + written(SERVER, *server, (GAP, 10), *server, (GAP, 250), *server)
    yield "large_frames", b"\x00" + written(SERVER, header(BINARY, 300), b"\x11" * 300, text(TICK) * 3, header(BINARY, 900))
    yield "http_again", b"\x04" + written(request(), SERVER, response(), text("Hello"))
    yield "mqtt", b"\x04" + written(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00", SERVER, b"\x20\x02\x00\x00")
    yield "text_protocol", b"\x04" + written(b"PING :server\r\n" * 9, SERVER, b"PONG\r\n" * 9)


def payloads() -> Seeds:
    """The first byte: 1 for text."""
    values: list[object] = [
        json.loads(TICK), [], {}, [1, [2, [3]]], {"a": {"b": [None, True, 1e300, -0.0]}}, ["EVENT", {"kind": 1}], {"type": "join", "room": "42"},
        {"jsonrpc": "2.0", "method": "add", "params": [1], "id": 1}, {"id": "550e8400-e29b-41d4-a716-446655440000", "at": "2024-01-01T00:00:00Z", "mail": "a@b.cd"},
        [{"x": 1}, {"x": "1", "y": None}], {str(i): i for i in range(20)},
    ]  # fmt: skip
    for i, value in enumerate(values):
        yield f"json_{i}", b"\x01" + json.dumps(value).encode()
    texts = {
        "deep": b"[" * 100 + b"]" * 100, "surrogate": b'{"\\ud800":"\\udc00"}', "number_long": b"1" * 400, "number_huge": b"[1e999,-1e999,123456789012345678901234567890]",
        "nan": b"[NaN,Infinity]", "byte_order_mark": b"\xef\xbb\xbf{}", "twice": b'{"a":1,"a":2}', "cut": b'{"a":', "digits": b"42", "words": CHAT, "space": b" \t\r\n[ 1 , 2 ] ",
        "nul": b'"\\u0000\x7f"', "sockjs": b'a["x"]', "engine_io": b'42/admin,7["event",{"a":1}]', "stomp": b"SEND\ndestination:/q\n\nhi\0", "phoenix": b'["1","2","room:1","join",{}]',
        "graphql": b'{"id":"1","type":"subscribe","payload":{"query":"{a}"}}', "signalr": b'{"type":1,"target":"f","arguments":[]}\x1e', "name_of_a_person": b'{"type":"alice@example.test"}',
    }  # fmt: skip
    for name, payload in texts.items():
        yield f"text_{name}", b"\x01" + payload
    digits = {
        "msgpack_map": "82a474797065a46a6f696ea4726f6f6d2a", "msgpack_array": "93c0c2ca3f800000", "msgpack_ext": "81a161d6ff00000000", "msgpack_keys": "8293010203c0 80c0",
        "msgpack_length_lies": "ddffffffff", "msgpack_nan": "81a161cb7ff8000000000000", "cbor_map": "a264747970656a68656c6c6f", "cbor_indefinite": "bf61610161629f0203ffff",
        "cbor_tags": "c1d9d9f7a1616101", "cbor_length_lies": "9bffffffffffffffff", "cbor_deep": "81" * 70 + "01", "cbor_keys": "a1a0f97e00", "cbor_bignum": "a1616ac249010000000000000000",
        "protobuf": "0a0568656c6c6f1096011a020801", "protobuf_nested": "0a0c0a0568656c6c6f1203616263", "mqtt": "300c0003612f627b2278223a317d", "both": "a0", "zeros": "00000000", "bytes": "ff00ff00",
    }  # fmt: skip
    for name, packed in digits.items():
        yield name, b"\x00" + bytes.fromhex(packed)
    yield "empty", b"\x00"
    yield "json_in_binary", b"\x00" + TICK


def names() -> Seeds:
    """Paths, queries, subprotocols."""
    token = base64.b64encode(bytes(range(30)))
    texts = {
        "rooms": b"/rooms/42/members?EIO=4&transport=websocket&token=abc", "uuid": b"/x/550e8400-e29b-41d4-a716-446655440000", "hexadecimal": b"/deadbeef01/facade",
        "token": b"/t/" + token, "jwt": b"/eyJhbGciOi.eyJzdWIi.abc", "mail": b"/u/a@b.cd/a%40b", "parameters": b"/a;v=1/b;x", "long": b"/abcdefghij" * 40, "many": b"/a" * 30,
        "template": b"/rooms/{id}/...", "query": b"/?a=b&c&=d&&v=12345&version=1.2.3&" + b"k=v&" * 40, "subprotocol": b"graphql-transport-ws", "bearer": b"chat.bearer." + token,
        "kubernetes": b"base64url.bearer.authorization.k8s.io." + token, "soap": b"v12.stomp.soap-over-websocket-1", "unprintable": b"/\x00\x7f\x80\xff", "fragment": b"/a#b?c", "none": b"", "ulid": b"/01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "serial": b"/E2507-8420-1275",
    }  # fmt: skip
    yield from texts.items()


def whole() -> Seeds:
    """The first byte: 1 with small limits, 2 also packet by packet."""
    for name in ("socketio.pcapng", "graphql_ws.pcap", "abnormal_close.pcap"):
        yield f"recorded_{name.partition('.')[0]}", b"\x03" + script_of([each for each in recorded(name, 9) if len(each.payload) < 600][:6])
    ask, answer = request("/chat", DEFLATE_OFFER), response(DEFLATE_AGREED)
    tick, packed = text(TICK), frame(TEXT, Deflater()(TICK), rsv=RSV1)
    opened: tuple[bytes | int | tuple[int, int], ...] = (ask, SERVER, answer)
    yield "plain", b"\x03" + written(*opened, tick, CLIENT, text(TICK, KEY), close(1000, b"", KEY), SERVER, close(1000), END, CLIENT, END)
    yield "lost", b"\x03" + written(*opened, tick, CUT, tick, LOST, tick * 4, CUT, tick, CUT, tick)
    yield "doubled_and_late", b"\x02" + written(*opened, tick, DOUBLED, packed, LATE, tick, CUT, tick, LATE, DOUBLED)
    yield "hole_waits", b"\x02" + written(*opened, tick, (GAP, 50), (TIME, 30), tick * 9, (TIME, 30), CLIENT, text("Hi", KEY), (TIME, 30), SERVER, tick)
    yield "four_connections", b"\x03" + written(
        *opened, tick, CLIENT, (OTHER, 1), *opened, packed, CLIENT, (OTHER, 2), b"GET / HTTP/1.0\r\n\r\n", SERVER, b"HTTP/1.0 200 OK\r\n\r\nhi", CLIENT, (OTHER, 3), tick, (OTHER, 0), text("Hi", KEY)
    )  # fmt: skip
    yield "many_kinds", b"\x01" + written(*opened, *[text(json.dumps({"type": f"kind{i:c}" if i > 64 else "kind", "x": {"y": i}})) for i in range(60, 76)])
    yield "reset", b"\x03" + written(*opened, tick, RESET, tick)
    yield "request_lost", b"\x03" + written(ask, LOST, SERVER, answer, tick, CLIENT, text(TICK, KEY))
    yield "answer_lost", b"\x03" + written(*opened, LOST, tick, CUT, tick, CUT, tick, CUT, tick, CLIENT, text(TICK, KEY))
    yield "first_packets_lost", b"\x03" + written(SERVER, *[each for _ in range(8) for each in (tick, CUT)], CLIENT, text(TICK, KEY))


SEEDS = {
    "files": files, "packets": packets, "segments": segments, "handshake": handshakes, "frames": frames, "deflate": deflate,
    "middle": middle, "payload": payloads, "names": names, "whole": whole,
}  # fmt: skip


def main() -> None:
    """Writes all of them anew."""
    assert SEEDS.keys() == TARGETS.keys()
    for target, seeds in SEEDS.items():
        directory = CORPUS / target
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        for name, data in seeds():
            assert len(data) <= TARGETS[target].longest, f"{target}/{name}: {len(data)} bytes"
            (directory / name).write_bytes(data)


if __name__ == "__main__":
    main()
