"""The captures that are measured: `small`, `big`, `short`, `lossy` and `long`, and those of hostile.py.

In: a name, a path and a scale (1 is the size that the bars are about). Out: the capture file, and its truth. Each is made
from a fixed seed, so that figures of two days compare. As a program it makes one capture in a process of its own, so that
the one that measures stays small: a child's peak memory is never less than its parent's.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from random import Random

from tests.benchmarks import hostile
from tests.benchmarks.traffic import BINARY, CLIENT, PING, PONG, SERVER, TEXT, CaptureFile, Connection, Truth

LONG = 10  # times `small`
OPEN_AT_ONCE = 200  # connections of `short` that are open side by side

SYMBOLS = [a + b + c for a in "ABCDEFGH" for b in "KLMNOPQR" for c in "STUVWXYZ"]
TICKS = [
    '{"type":"trade","symbol":"%s","price":%d.%02d,"size":%d,"side":"buy","venue":"XNAS","sequence":%d,'
    '"conditions":["@","T"],"time":"2023-11-14T22:13:%02d.%03dZ","taker":true}',
    '{"type":"quote","symbol":"%s","bid":%d.%02d,"bidSize":%d,"ask":912.07,"askSize":300,"sequence":%d,'
    '"time":"2023-11-14T22:13:%02d.%03dZ","venue":"ARCX","halted":false,"tape":"C"}',
    '{"type":"depth","symbol":"%s","changes":[[%d.%02d,%d],[881.4,20],[880.95,0]],"sequence":%d,'
    '"time":"2023-11-14T22:14:%02d.%03dZ","level":3,"side":"ask","snapshot":false}',
    '{"type":"order","account":"%s-7","filled":{"price":%d.%02d,"quantity":%d},"sequence":%d,"left":null,'
    '"time":"2023-11-14T22:15:%02d.%03dZ","status":"partly_filled","route":"smart"}',
    '{"type":"status","service":"%s","load":%d.%02d,"clients":%d,"sequence":%d,'
    '"time":"2023-11-14T22:16:%02d.%03dZ","healthy":true,"regions":["eu-west","us-east"]}',
]


def tick(chance: Random) -> bytes:
    """What the server of `small` says most: JSON of one of five types, about 167 bytes."""
    bits = chance.getrandbits(96)
    values = (
        SYMBOLS[bits & 511],
        bits >> 9 & 1023,
        (bits >> 19 & 127) % 100,
        bits >> 26 & 0xFFFF,
        bits >> 42 & 0x3FFFFFFF,
        (bits >> 72 & 63) % 60,
        (bits >> 78 & 1023) % 1000,
    )
    return (TICKS[(bits >> 88) % 5] % values).encode()


def wish(chance: Random) -> bytes:
    """What a client of `small` says."""
    bits = chance.getrandbits(48)
    verb = ("subscribe", "unsubscribe", "order")[bits % 3]
    return f'{{"op":"{verb}","id":{bits >> 2 & 0xFFFFF},"symbols":["{SYMBOLS[bits >> 22 & 511]}"],"depth":10}}'.encode()


def small(path: Path, scale: float) -> Truth:
    """A service that tells 50 clients many small things: about a million packets, three in ten without payload."""
    chance = Random(6455)
    wanted = int(1_000_000 * scale)
    with CaptureFile(path) as file:
        connections = [Connection(file, number, deflate=number % 10 == 9) for number in range(50)]
        for connection in connections:
            connection.open()
        while file.truth.packets < wanted:
            bits = chance.getrandbits(32)
            _small_step(connections[(bits & 0xFFFF) * 50 >> 16], (bits >> 16) / 65_536, chance)
        for connection in connections:
            connection.close(chance.randbytes(4))
    return file.truth


def _small_step(connection: Connection, dice: float, chance: Random) -> None:
    """Something is said on one connection, and perhaps acknowledged without saying something."""
    sender = SERVER
    if dice < 0.84:
        connection.segment(SERVER, connection.message(SERVER, TEXT, tick(chance)))
    elif dice < 0.865:  # a busy server: several messages in one write
        messages = [connection.message(SERVER, TEXT, tick(chance)) for _ in range(chance.randrange(2, 7))]
        connection.send(SERVER, b"".join(messages))
    elif dice < 0.955:
        sender = CLIENT
        connection.send(CLIENT, connection.message(CLIENT, TEXT, wish(chance), chance.randbytes(4)))
    elif dice < 0.97:
        connection.send(SERVER, connection.message(SERVER, BINARY, chance.randbytes(chance.randrange(40, 400))))
    elif dice < 0.98:
        connection.send(SERVER, connection.message(SERVER, TEXT, tick(chance), fragments=chance.randrange(2, 5)))
    elif dice < 0.99:
        sender = CLIENT
        payload = chance.randbytes(4)
        connection.send(SERVER, connection.frame(PING, payload))
        connection.send(CLIENT, connection.frame(PONG, payload, chance.randbytes(4)))
    else:
        book = b'{"type":"book","levels":[' + b",".join(tick(chance) for _ in range(chance.randrange(8, 40))) + b"]}"
        connection.send(SERVER, connection.message(SERVER, TEXT, book), acknowledge_every=2)
    if chance.random() < 0.42:
        connection.acknowledge(1 - sender)


def big(path: Path, scale: float) -> Truth:
    """Large compressed messages with context takeover: about 155,000 packets, 430 MB after inflation."""
    chance = Random(7692)
    wanted = int(430_000_000 * scale)
    with CaptureFile(path) as file:
        connections = [Connection(file, number, deflate=True) for number in range(50)]
        for connection in connections:
            connection.open("/reports")
        while file.truth.payload_length < wanted:
            connection = connections[chance.randrange(50)]
            connection.send(CLIENT, connection.message(CLIENT, TEXT, wish(chance), chance.randbytes(4)))
            answer = report(chance, int(10_000 * 20 ** chance.random()))
            connection.send(SERVER, connection.message(SERVER, TEXT, answer), acknowledge_every=2)
        for connection in connections:
            connection.close(chance.randbytes(4))
    return file.truth


def report(chance: Random, size: int) -> bytes:
    """Varied JSON of about `size` bytes, which deflate makes to a bit more than a third."""
    rows: list[str] = []
    length = 0
    while length < size:
        bits = chance.getrandbits(304)
        row = (
            f'{{"id":"{bits & 0xFFFFFFFFFFFFFFFF:016x}","name":"{SYMBOLS[bits >> 64 & 511]} {SYMBOLS[bits >> 73 & 511]}",'
            f'"price":{bits >> 82 & 0xFFFFF}.{bits >> 102 & 127},"active":{"true" if bits >> 109 & 1 else "false"},'
            f'"history":[{bits >> 110 & 0xFFFF},{bits >> 126 & 0xFFFF},{bits >> 142 & 0xFFFF}],"token":"{bits >> 176:032x}"'
        )
        if bits >> 158 & 1:
            row += f',"owner":{{"team":"{SYMBOLS[bits >> 159 & 511]}","since":{2000 + (bits >> 168 & 15)}}}'
        if bits >> 172 & 3 == 0:
            row += ',"note":"checked by hand, see the report of the week before","tags":["late","manual"]'
        rows.append(row + "}")
        length += len(row) + 2
    return f'{{"type":"report","page":{chance.randrange(1000)},"rows":[{",".join(rows)}]}}'.encode()


def short(path: Path, scale: float) -> Truth:
    """Many short connections: opening handshake, a few messages, closing handshake; 50,000, 200 of them at a time."""
    chance = Random(9293)
    with CaptureFile(path) as file:
        visits = (_visit(Connection(file, number), chance) for number in range(int(50_000 * scale)))
        running = [visit for _, visit in zip(range(OPEN_AT_ONCE), visits, strict=False)]
        while running:
            place = chance.randrange(len(running))
            if next(running[place], None) is not None:
                continue
            following = next(visits, None)
            if following is None:
                running[place] = running[-1]
                running.pop()
            else:
                running[place] = following
    return file.truth


def _visit(connection: Connection, chance: Random) -> Iterator[bool]:
    """One short connection, with a pause wherever others may come in between."""
    connection.open("/notifications")
    yield True
    connection.send(CLIENT, connection.message(CLIENT, TEXT, wish(chance), chance.randbytes(4)))
    yield True
    for _ in range(chance.randrange(1, 6)):
        connection.send(SERVER, connection.message(SERVER, TEXT, tick(chance)))
        yield True
    connection.acknowledge(CLIENT)
    connection.close(chance.randbytes(4))


def packets_of(path: Path) -> Iterator[bytes]:
    """The packets of a capture made here, each with its header of the file."""
    with path.open("rb", buffering=1 << 20) as file:
        file.seek(24)
        while head := file.read(16):
            yield head + file.read(struct.unpack_from("<I", head, 8)[0])


def lossy(path: Path, scale: float, whole: Path) -> Truth:
    """`small` without 0.2 % of its packets: half of them were lost one by one, half in bursts of eight on average.

    The truth is still what was sent; only `packets` is what was captured.
    """
    chance = Random(2018)
    truth = read_truth(whole)
    kept = left_of_burst = 0
    with path.open("wb", buffering=1 << 20) as file, whole.open("rb") as source:
        file.write(source.read(24))
        for packet in packets_of(whole):
            if left_of_burst == 0 and chance.random() < 0.001 / 8:
                left_of_burst = chance.randrange(1, 16)
            if left_of_burst:
                left_of_burst -= 1
                continue
            if chance.random() >= 0.001:
                file.write(packet)
                kept += 1
    truth.packets = kept
    return truth


def long(path: Path, scale: float, whole: Path) -> Truth:
    """`small` ten times, one after the other, each time from other ports: the same traffic for ten times as long."""
    once = read_truth(whole)
    seconds = once.packets // 10_000 + 2  # a packet every 100 microseconds, so each turn begins after the one before
    with path.open("wb", buffering=1 << 20) as file, whole.open("rb") as source:
        file.write(source.read(24))
        for turn in range(LONG):
            for packet in packets_of(whole):
                moved = bytearray(packet)
                struct.pack_into("<I", moved, 0, struct.unpack_from("<I", moved)[0] + turn * seconds)
                # The client's port is the one that is not 80.
                port = 16 + 34 if moved[16 + 36 : 16 + 38] == b"\0P" else 16 + 36
                struct.pack_into(">H", moved, port, struct.unpack_from(">H", moved, port)[0] + 50 * turn)
                file.write(moved)
    frames = {name: count * LONG for name, count in once.frames.items()}
    totals = (once.frame_bytes * LONG, once.messages * LONG, once.payload_length * LONG)
    return Truth(once.packets * LONG, once.connections * LONG, frames, *totals)


MADE: dict[str, Callable[[Path, float], Truth]] = {"small": small, "big": big, "short": short} | hostile.MADE
MADE_FROM_SMALL: dict[str, Callable[[Path, float, Path], Truth]] = {"lossy": lossy, "long": long}


def read_truth(path: Path) -> Truth:
    """What stands beside a capture."""
    return Truth(**json.loads(path.with_suffix(".json").read_text()))


def make(name: str, folder: Path, scale: float) -> Path:
    """The capture of this name in `folder`, which has its truth beside it; made if it is not there yet."""
    path = folder / f"{name}.pcap"
    if path.with_suffix(".json").exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    if name in MADE_FROM_SMALL:
        truth = MADE_FROM_SMALL[name](unfinished, scale, make("small", folder, scale))
    else:
        truth = MADE[name](unfinished, scale)
    unfinished.rename(path)
    path.with_suffix(".json").write_text(json.dumps(asdict(truth), indent=1) + "\n")
    return path


if __name__ == "__main__":
    make(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
