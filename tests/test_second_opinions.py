"""Frames as tshark sees them, and messages as `websockets` and `wsproto` read the same bytes, against ours.

tshark decodes each capture on its own: per sender, in order, FIN, reserved bits, opcode, mask, length, unmasked payload and
the packet that brought the last byte must be the same. The libraries get the bytes of a direction behind the opening
handshake, cut like the segments, with the extension that was agreed; their messages must be ours. Each exception says why.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame as LibraryFrame
from websockets.frames import Opcode
from websockets.headers import parse_extension
from websockets.protocol import Protocol, Side
from wsproto.connection import Connection as WsprotoConnection
from wsproto.connection import ConnectionState, ConnectionType
from wsproto.events import BytesMessage, TextMessage
from wsproto.extensions import Extension
from wsproto.extensions import PerMessageDeflate as WsprotoDeflate

from wsobserve.capture.files import read_captures
from wsobserve.pipeline import Pipeline
from wsobserve.records import (
    CLIENT_TO_SERVER,
    SERVER_TO_CLIENT,
    ChannelMessage,
    Connection,
    Direction,
    Frame,
    Message,
    PacketBatch,
    Record,
    StreamBytes,
    StreamGap,
    StreamRecord,
)
from wsobserve.transport.stage import Transport

# Both builds give equal records (test_builds_agree.py), so one of them needs second opinions.
pytestmark = pytest.mark.build_independent

CAPTURES = Path(__file__).resolve().parents[1] / "captures"
CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


def captures() -> dict[str, list[Path]]:
    """The files of each capture; a rotated one is several."""
    rotated = sorted(CAPTURES.glob("rotated_*"))
    found = {path.name: [path] for path in sorted(CAPTURES.glob("*.pcap*")) if path not in rotated}
    found["rotated"] = rotated
    if CORPUS.exists():
        index = (CORPUS / "index.csv").read_text(encoding="utf-8").splitlines()[1:]
        names = [name for name, kind, *_ in (line.split(",") for line in index) if kind == "ws"]
        found |= {name: [CORPUS / "captures" / name] for name in names}
        found |= {path.name: [path] for path in sorted((CORPUS / "real").glob("*.pcap"))}
    return found


FILES = captures()
OURS = [name for name, (path, *_) in FILES.items() if path.parent == CAPTURES]


def records_of(files: list[Path]) -> list[Record]:
    pipeline = Pipeline(folds=False)
    records: list[Record] = []
    for item in read_captures([str(file) for file in files]):
        records += pipeline.receive(item)
    return records + pipeline.finish()


# --- tshark -----------------------------------------------------------------------------------------------------------


class SeenFrame(NamedTuple):
    """A frame as both can say it: `payload` is unmasked and still compressed."""

    packet: int
    fin: bool
    rsv: int
    opcode: int
    masked: bool
    payload_length: int
    payload: bytes


Sender = tuple[str, str]  # source and destination, `address:port`
Frames = dict[Sender, list[SeenFrame]]

IN_ORDER = ("-o", "tcp.reassemble_out_of_order:TRUE")  # else a segment that comes late is left out

# What tshark has to be told, in one run or in several: of each sender the first run counts that shows its frames.
TSHARK_RUNS: dict[str, list[tuple[str, ...]]] = {
    # Without an opening handshake a connection is nothing to tshark, until it is told the port; then it takes the
    # handshakes on that port for frames.
    "midstream.pcap": [IN_ORDER, (*IN_ORDER, "-d", "tcp.port==8101,websocket")],
    # With reordering it waits for ever for what was lost; without, it goes on with the next segment.
    "x_loss6.pcap": [()],
}
# Bytes of these frames were lost. We show the frame with what is there of it; tshark leaves it out.
CUT_FRAMES_ARE_OURS_ALONE = {"x_loss6.pcap"}
# One close frame each way is all that is in the capture of this connection. tshark was told that they are frames; on the
# bytes alone it is no certain WebSocket.
SENDERS_OF_TSHARK_ALONE = {
    "midstream.pcap": {("127.0.0.1:42184", "127.0.0.1:8101"), ("127.0.0.1:8101", "127.0.0.1:42184")},
}


def after_us(files: list[Path]) -> Frames:
    frames: Frames = defaultdict(list)
    for frame in records_of(files):
        if isinstance(frame, Frame):
            frames[frame.half.source, frame.half.destination].append(
                SeenFrame(frame.packet, frame.fin, frame.rsv, frame.opcode, frame.masked, frame.payload_length, frame.payload)
            )
    return dict(frames)


def after_tshark(file: Path, *options: str) -> Frames:
    # -x: with the bytes of each field; -J: these layers whole, of the others only the name.
    layers_shown = ("-T", "json", "-x", "-J", "frame ip ipv6 tcp websocket")
    command = ["tshark", "-n", "-r", str(file), "-Y", "websocket", *options, *layers_shown]
    done = subprocess.run(command, capture_output=True, check=True)
    frames: Frames = defaultdict(list)
    # A packet may hold several frames: the same name several times in one JSON object, so no dict.
    for packet in json.loads(done.stdout, object_pairs_hook=list):
        number, addresses, sender = 0, ("", ""), ("", "")
        for name, value in dict(dict(packet)["_source"])["layers"]:
            match name:
                case "frame":
                    number = int(dict(value)["frame.number"])
                case "ip" | "ipv6":  # the innermost counts
                    addresses = (dict(value)[f"{name}.src"], dict(value)[f"{name}.dst"])
                case "tcp":
                    ports = dict(value)
                    sender = (f"{addresses[0]}:{ports['tcp.srcport']}", f"{addresses[1]}:{ports['tcp.dstport']}")
                case "websocket":
                    frames[sender].append(frame_after_tshark(number, dict(value)))
    return dict(frames)


def frame_after_tshark(packet: int, fields: dict[str, Any]) -> SeenFrame:
    length = int(fields["websocket.payload_length"])
    if length > 125:
        length = int(fields[f"websocket.payload_length_ext_{16 if length == 126 else 64}"])
    return SeenFrame(
        packet,
        fields["websocket.fin"] == "1",
        int(fields["websocket.rsv"], 16),
        int(fields["websocket.opcode"]),
        fields["websocket.mask"] == "1",
        length,
        bytes.fromhex(fields.get("websocket.payload_raw", [""])[0]),
    )


@pytest.mark.parametrize("name", FILES)
def test_tshark_sees_the_same_frames(name: str, tmp_path: Path) -> None:
    if shutil.which("tshark") is None or shutil.which("mergecap") is None:
        pytest.skip("tshark and mergecap are not installed")
    files = FILES[name]
    whole = files[0]
    if len(files) > 1:
        whole = tmp_path / "whole.pcapng"
        subprocess.run(["mergecap", "-w", str(whole), *map(str, files)], check=True, capture_output=True)
    theirs: Frames = {}
    for options in TSHARK_RUNS.get(name, [IN_ORDER]):
        theirs = after_tshark(whole, *options) | theirs
    for sender in SENDERS_OF_TSHARK_ALONE.get(name, ()):
        del theirs[sender]
    ours = after_us(files)
    if len(files) > 1:  # packets are counted per file
        ours, theirs = without_packets(ours), without_packets(theirs)
    if name in CUT_FRAMES_ARE_OURS_ALONE:
        cut = [frame for frames in ours.values() for frame in frames if len(frame.payload) < frame.payload_length]
        assert cut
        ours = {sender: [frame for frame in frames if frame not in cut] for sender, frames in ours.items()}

    assert ours.keys() == theirs.keys()
    for sender, frames in theirs.items():
        assert ours[sender] == frames, sender
    assert theirs or name not in OURS


def without_packets(frames: Frames) -> Frames:
    return {sender: [frame._replace(packet=0) for frame in seen] for sender, seen in frames.items()}


# --- other implementations --------------------------------------------------------------------------------------------


class SeenMessage(NamedTuple):
    """A message as a library gives it to its application."""

    opcode: int
    payload: bytes


class Stream(NamedTuple):
    """One direction behind the opening handshake."""

    connection: str
    direction: Direction
    extensions: str  # Sec-WebSocket-Extensions of the response
    chunks: list[bytes]

    @property
    def reader_is_server(self) -> bool:
        """Who accepts these bytes. RFC 6455, 5.1: a server only masked frames, a client only others."""
        masked = b"".join(self.chunks)[1:2] >= b"\x80" or not self.chunks
        return self.direction == CLIENT_TO_SERVER and masked


# A client of these does not mask, which RFC 6455, 5.1 forbids: the libraries read it in the role of a client.
NOT_MASKED = {"zeek__wstunnel-http.pcap", "suricata-verify__websocket-ping.pcap"}
NOT_MASKED |= {name for name in FILES if name.startswith("diffusion__")}
# wsproto 1.3 forgets at a control frame between fragments that the message is compressed.
WSPROTO_LOSES_COMPRESSION = {"fragments.pcap", "frag.pcap"}

REQUEST = re.compile(rb"GET [^\r]* HTTP/1\.1\r\n(?:[^\r]+\r\n)*?upgrade: *websocket\r\n(?:[^\r]+\r\n)*\r\n", re.IGNORECASE)
RESPONSE = re.compile(rb"HTTP/1\.1 101 [^\r]*\r\n(?:[^\r]+\r\n)*\r\n")
EXTENSIONS = re.compile(rb"\r\nsec-websocket-extensions: *([^\r]*)", re.IGNORECASE)


def streams_of(files: list[Path]) -> list[Stream]:
    """Both directions of each connection that has its whole handshake, and no hole, in the capture."""
    transport = Transport()
    records: list[StreamRecord] = []
    for item in read_captures([str(file) for file in files]):
        if isinstance(item, PacketBatch):
            records += transport.receive(item)
    records += transport.finish()
    chunks: dict[str, tuple[list[bytes], list[bytes]]] = {}
    holes = set()
    for record in records:
        if isinstance(record, Connection):
            chunks[record.id] = ([], [])
        elif isinstance(record, StreamBytes):
            chunks[record.connection][record.half].append(record.data)
        elif isinstance(record, StreamGap):
            holes.add(record.connection)
    streams: list[Stream] = []
    for connection, halves in chunks.items():
        wholes = [b"".join(half) for half in halves]
        for client, server in ((0, 1), (1, 0)):
            request, response = REQUEST.search(wholes[client]), RESPONSE.search(wholes[server])
            if request is None or response is None or connection in holes:
                continue
            agreed = EXTENSIONS.search(response[0])
            extensions = agreed[1].decode() if agreed else ""
            streams.append(Stream(connection, CLIENT_TO_SERVER, extensions, behind(halves[client], request.end())))
            streams.append(Stream(connection, SERVER_TO_CLIENT, extensions, behind(halves[server], response.end())))
    return streams


def behind(chunks: list[bytes], start: int) -> list[bytes]:
    """The bytes from `start` on, cut where they were cut."""
    rest = []
    for chunk in chunks:
        rest.append(chunk[start:])
        start = max(0, start - len(chunk))
    return [chunk for chunk in rest if chunk]


def after_websockets(stream: Stream) -> list[SeenMessage]:
    protocol = Protocol(Side.SERVER if stream.reader_is_server else Side.CLIENT, max_size=None)
    for name, parameters in parse_extension(stream.extensions) if stream.extensions else ():
        assert name == "permessage-deflate"
        agreed = dict(parameters)
        remote, local = ("client", "server") if stream.reader_is_server else ("server", "client")
        deflate = PerMessageDeflate(
            f"{remote}_no_context_takeover" in agreed,
            f"{local}_no_context_takeover" in agreed,
            int(agreed.get(f"{remote}_max_window_bits") or 15),
            int(agreed.get(f"{local}_max_window_bits") or 15),
        )
        protocol.extensions = [deflate]
    for chunk in stream.chunks:
        protocol.receive_data(chunk)
    assert protocol.parser_exc is None
    messages: list[SeenMessage] = []
    for frame in protocol.events_received():
        match frame:
            case LibraryFrame(opcode=Opcode.TEXT | Opcode.BINARY):
                messages.append(SeenMessage(int(frame.opcode), bytes(frame.data)))
            case LibraryFrame(opcode=Opcode.CONT):
                messages[-1] = messages[-1]._replace(payload=messages[-1].payload + frame.data)
    return messages


def after_wsproto(stream: Stream) -> list[SeenMessage]:
    extensions: list[Extension] = []
    if stream.extensions:
        deflate = WsprotoDeflate()
        deflate.finalize(stream.extensions)
        extensions.append(deflate)
    side = ConnectionType.SERVER if stream.reader_is_server else ConnectionType.CLIENT
    connection = WsprotoConnection(side, extensions)
    messages: list[SeenMessage] = []
    begun = False  # wsproto hands a message out in parts
    for chunk in stream.chunks:
        if connection.state is not ConnectionState.OPEN:
            break
        connection.receive_data(chunk)
        for event in connection.events():
            if not isinstance(event, TextMessage | BytesMessage):
                continue
            data = event.data.encode() if isinstance(event, TextMessage) else bytes(event.data)
            if begun:
                messages[-1] = messages[-1]._replace(payload=messages[-1].payload + data)
            else:
                messages.append(SeenMessage(1 if isinstance(event, TextMessage) else 2, data))
            begun = not event.message_finished
    return messages


@pytest.mark.parametrize("library", [after_websockets, after_wsproto], ids=["websockets", "wsproto"])
@pytest.mark.parametrize("name", FILES)
def test_another_implementation_reads_the_same_messages(name: str, library: Callable[[Stream], list[SeenMessage]]) -> None:
    ours: dict[tuple[str, str | None], list[SeenMessage]] = defaultdict(list)
    latest: Message | None = None
    for record in records_of(FILES[name]):
        if isinstance(record, ChannelMessage) and record.message is not latest:  # those of one message follow each other
            latest = record.message
            ours[latest.half.connection, latest.half.direction].append(SeenMessage(latest.opcode, latest.payload))
    streams = streams_of(FILES[name])
    for stream in streams:
        if stream.direction == CLIENT_TO_SERVER and name not in NOT_MASKED:
            assert stream.reader_is_server or not stream.chunks
        if library is after_wsproto and stream.extensions and name in WSPROTO_LOSES_COMPRESSION:
            continue
        assert ours[stream.connection, stream.direction] == library(stream), stream[:3]
    assert streams or name not in OURS


def test_exceptions_are_about_captures_that_exist() -> None:
    told = TSHARK_RUNS.keys() | CUT_FRAMES_ARE_OURS_ALONE | SENDERS_OF_TSHARK_ALONE.keys() | NOT_MASKED
    assert not CORPUS.exists() or told | WSPROTO_LOSES_COMPRESSION <= FILES.keys()
