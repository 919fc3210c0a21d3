"""Every record that passes between rooms, in the order in which they are made.

A record is an immutable fact: what was seen, when, on which connection, in which direction. Time is always
`time_ns`, nanoseconds since 1970 in UTC, taken from the packet; nothing in here knows another clock.
`None` means *not known*, unless the field says otherwise. Fields may be added, with defaults; none changes its meaning.

    capture    -> PacketBatch, CaptureLoss
    transport  -> Connection, StreamBytes, StreamGap, StreamEnd, ConnectionEnd, Anomaly
    websocket  -> Handshake, Frame, Message, ConnectionSummary, Anomaly
    payload    -> ChannelMessage
    schema, stats -> Snapshot and what is in it
"""

from __future__ import annotations

import enum
import functools
import hashlib
import math
import re
from array import array
from typing import Literal

import msgspec

from wsobserve.stream_bytes import StreamBytes as StreamBytes

CLIENT_TO_SERVER: Literal["client_to_server"] = "client_to_server"
SERVER_TO_CLIENT: Literal["server_to_client"] = "server_to_client"
Direction = Literal["client_to_server", "server_to_client"]


# Records are trees, so the cycle collector has nothing to find in them; following them made a flood of 300,000 SYNs
# take 12.5 s instead of 4.2 s (compiled, transport alone).
class Record(msgspec.Struct, frozen=True, gc=False):
    """The one base of all records: immutable and typed."""


# --- capture -> transport ---------------------------------------------------------------------------------------------


class PacketBatch:
    """Packets that lie one behind the other in one buffer, with an entry per packet in each array.

    `buffer[offsets[i]:offsets[i] + captured_lengths[i]]` is packet i, starting with the header of `link_type`
    (a LINKTYPE_ number of the tcpdump.org registry); `original_lengths[i]` is its length on the wire, `times_ns[i]`
    its time. Packet i has the 1-based number `first_packet + i` in the file (or interface) `source`.
    All packets of a batch share `link_type`. A file chunk and a kernel ring block look the same.
    """

    __slots__ = ("buffer", "captured_lengths", "first_packet", "link_type", "offsets", "original_lengths", "source", "times_ns")

    def __init__(
        self,
        buffer: bytes,
        offsets: array[int],
        captured_lengths: array[int],
        original_lengths: array[int],
        times_ns: array[int],
        link_type: int,
        first_packet: int,
        source: str,
    ) -> None:
        self.buffer = buffer
        self.offsets = offsets  # array("q")
        self.captured_lengths = captured_lengths  # array("q")
        self.original_lengths = original_lengths  # array("q")
        self.times_ns = times_ns  # array("q")
        self.link_type = link_type
        self.first_packet = first_packet
        self.source = source

    def __len__(self) -> int:
        return len(self.offsets)

    def part(self, start: int, stop: int) -> PacketBatch:
        """Packets start..stop-1 as a batch on the same buffer."""
        return PacketBatch(
            self.buffer,
            self.offsets[start:stop],
            self.captured_lengths[start:stop],
            self.original_lengths[start:stop],
            self.times_ns[start:stop],
            self.link_type,
            self.first_packet + start,
            self.source,
        )


class CaptureLoss(Record, frozen=True, kw_only=True):
    """Packets that the capture did not deliver, or bytes of a file that could not be read.

    `reason`: `kernel_dropped` (the capture buffer was full), `interface_dropped` (the interface says so),
    `worker_lost` (a worker process ended before it told what became of them), `left_in_ring` (at the end),
    `file_cut` (the file ends inside a record), `file_damaged` (a record cannot be right; the rest was not read),
    `secrets_limit` (no packets: more decryption secrets than are kept).
    """

    source: str
    reason: Literal[
        "kernel_dropped", "interface_dropped", "worker_lost", "left_in_ring", "file_cut", "file_damaged", "secrets_limit"
    ]
    packets: int | None = None  # how many packets; None: not known
    time_ns: int | None = None
    detail: str = ""  # one line for people, e.g. "cut after packet 12, byte 3044"


# --- transport -> websocket -------------------------------------------------------------------------------------------


class Half(Record, frozen=True, kw_only=True):
    """One direction of one TCP connection: the fields that all its records have in common.

    `client`, `server`: `ip:port`, IPv6 in brackets (`[::1]:80`); None as long as the roles are not known, and then
    `direction` is None too. `source`, `destination`: who sends in this direction and to whom, `address:port` as
    tshark writes it (IPv6 without brackets).
    """

    connection: str  # identifier of the connection, stable for the same input
    source: str
    destination: str
    client: str | None = None
    server: str | None = None
    direction: Direction | None = None
    stream: int | None = None  # HTTP/2 stream identifier; None on HTTP/1.1


class Connection(Record, frozen=True, kw_only=True):
    """A TCP connection: more of it has been seen than a SYN and its answer. Halves 0 and 1 are its two directions.

    Half 0 is what `endpoints[0]` sends. `initiator` is the half that sent the SYN; None when no SYN was seen.
    """

    id: str
    endpoints: tuple[str, str]  # `ip:port`, IPv6 in brackets
    halves: tuple[Half, Half]  # roles not known yet
    time_ns: int
    packet: int
    initiator: int | None = None
    partition: int = 0  # of all connections: which of the config.PARTITIONS shares of every limit this one draws on


class StreamGap(Record, frozen=True):
    """`length` bytes of this direction are missing and will not come. What follows comes after them.

    `reason`: `lost` (not in the capture), `cut` (by the snap length), `limit` (given up to stay within a buffer limit).
    """

    connection: str
    half: int
    time_ns: int
    packet: int
    length: int
    reason: Literal["lost", "cut", "limit"] = "lost"


class StreamEnd(Record, frozen=True):
    """Nothing more comes in this direction.

    `reason`: `fin`, `reset` (by either side), `replaced` (ports reused by a new connection), `evicted` (state was given
    up to stay within a limit or because nothing came for long), `capture_end`.
    """

    connection: str
    half: int
    time_ns: int
    packet: int
    reason: Literal["fin", "reset", "replaced", "evicted", "capture_end"]


class TcpHealth(Record, frozen=True, kw_only=True):
    """What TCP tells about one connection. Indexed [0], [1]: per half."""

    round_trip_ns: int | None = None  # of the TCP handshake: SYN to SYN-ACK, at the capture point
    segments: tuple[int, int] = (0, 0)  # segments with payload
    payload_bytes: tuple[int, int] = (0, 0)  # of those segments, retransmissions included
    retransmitted_segments: tuple[int, int] = (0, 0)
    zero_window_ns: tuple[int, int] = (0, 0)  # how long this half's sender announced that it cannot receive
    lost_bytes: tuple[int, int] = (0, 0)
    gaps: tuple[int, int] = (0, 0)


class ConnectionEnd(Record, frozen=True, kw_only=True):
    """Both directions have ended; nothing more comes of this connection.

    `how`: `fin` (both sides), `reset`, or why it is not known: as in `StreamEnd.reason`.
    `ended_by`: the half that sent the first FIN or the RST; None when there was none.
    """

    connection: str
    time_ns: int
    packet: int
    how: Literal["fin", "reset", "replaced", "evicted", "capture_end"]
    ended_by: int | None = None
    health: TcpHealth = TcpHealth()


# --- websocket -> payload ---------------------------------------------------------------------------------------------


class Extension(Record, frozen=True):
    """One extension of Sec-WebSocket-Extensions (RFC 6455, 9.1) with its parameters; a parameter without value has None."""

    name: str
    parameters: tuple[tuple[str, str | None], ...] = ()


class Handshake(Record, frozen=True, kw_only=True):
    """An opening handshake (RFC 6455, 4), accepted, refused or unanswered.

    Nothing in here is a secret: query values are redacted except a few of known meaning, path segments and
    subprotocols that look like tokens are redacted, of cookies and authorization there are names and schemes alone.
    `time_ns`, `packet`: of the response; of the request as long as there is none.
    """

    half: Half  # client to server
    time_ns: int
    packet: int
    request_time_ns: int | None  # None: the request was not captured
    request_packet: int | None
    method: str | None
    target: str | None  # path as template, with the redacted query
    path_template: str | None  # path alone: `/rooms/{id}`
    host: str | None
    origin: str | None
    user_agent: str | None
    traceparent: str | None  # W3C trace context of the request, when well-formed
    version: str | None  # Sec-WebSocket-Version
    status_code: int | None  # None: unanswered, or the response was not captured
    subprotocols_offered: tuple[str, ...] = ()
    subprotocol: str | None = None  # the one agreed
    extensions_offered: tuple[Extension, ...] = ()
    extensions: tuple[Extension, ...] = ()  # the ones agreed
    accept_valid: bool | None = None  # Sec-WebSocket-Accept; None: cannot be told
    state: Literal["accepted", "refused", "unanswered"] = "accepted"
    # What else the request has, each sorted and bounded, without values: a name that may be one is `***`.
    query_keys: tuple[str, ...] = ()
    request_fields: tuple[str, ...] = ()  # header fields but those of HTTP and RFC 6455, lower case
    # By what it seems to say who asks: `header:authorization:bearer`, `cookie:session_id`, `query:token`, `subprotocol:bearer`
    credentials: tuple[str, ...] = ()


OPCODE_NAMES = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}


def opcode_name(opcode: int) -> str:
    """The name of a frame's opcode; a reserved one as `0x3`."""
    return OPCODE_NAMES.get(opcode) or hex(opcode)


class Frame(Record, frozen=True):
    """One frame (RFC 6455, 5.2). `payload` is unmasked, still compressed, and holds what was at hand of it.

    `payload` is a prefix: it ends at the first byte that was lost, cut by the snap length or by a limit.
    `time_ns`, `packet`: of the frame's last byte; `started_ns`: of its first.
    """

    half: Half
    time_ns: int
    packet: int
    started_ns: int
    fin: bool
    rsv: int  # 0-7, RSV1 = 4
    opcode: int
    masked: bool
    payload_length: int  # as the header says
    header_length: int
    payload: bytes


class Message(Record, frozen=True):
    """One data message (RFC 6455, 5.4), put together from its frames and inflated.

    `complete`: every byte of it is in `payload`. When it is not, `undecoded` says why: `incomplete` (bytes of it were
    lost), `context_lost` (compressed against bytes that were lost), `inflate_error`, `over_limit` (longer than we keep;
    `length` is still right), `unknown_extension`. `payload` is then a prefix, or empty when nothing is certain.
    """

    half: Half
    time_ns: int
    packet: int
    started_ns: int
    opcode: int  # 1 text, 2 binary
    fragments: int
    compressed: bool
    wire_length: int  # payload bytes of its frames, as sent
    length: int | None  # after inflation; None when it could not be inflated
    complete: bool
    valid_utf8: bool | None  # of text messages that are complete
    payload: bytes
    undecoded: Literal["incomplete", "context_lost", "inflate_error", "over_limit", "unknown_extension"] | None = None
    frame_bytes: int = 0  # headers and payloads of its frames: its share of the wire


class HalfCount(Record, frozen=True, kw_only=True):
    """What one direction of a WebSocket connection carried."""

    frames: int = 0
    messages: int = 0
    wire_bytes: int = 0  # frame headers and payloads
    payload_bytes: int = 0  # of messages, after inflation
    control_frames: int = 0
    lost_bytes: int = 0  # in gaps
    gaps: int = 0
    unsynchronised_bytes: int = 0  # at hand, but no frame boundary could be found for them


class Close(Record, frozen=True, kw_only=True):
    """How a connection ended, as far as the wire shows it.

    `verdict`, one of: `clean` (close frames both ways, then FIN), `close_without_reply`, `no_close_frame` (what an
    application sees as 1006), `reset`, `open` (still open when the capture ended), `unknown`.
    """

    status_code: int | None = None  # of the first close frame; None: no close frame, or one without a code
    reason_length: int | None = None  # the reason itself is free text of somebody else
    reason: str | None = None  # redacted: kept only when it looks like a fixed phrase
    first_sent_by: Literal["client", "server"] | None = None
    clean: bool = False
    tcp: Literal["fin", "reset", "replaced", "evicted", "capture_end"] | None = None
    verdict: str = "unknown"


# How a route is known: the request's path, a rule of the operator's, or every handshake of the server's port as a rule says.
RouteSource = Literal["handshake", "rule", "port"]


class ConnectionSummary(Record, frozen=True, kw_only=True):
    """One WebSocket connection, refused and unanswered ones included; made when it ends, and on request while it lasts."""

    half: Half  # client to server
    time_ns: int  # when it ended; while open: of its last packet
    packet: int
    started_ns: int
    state: Literal["open", "closed", "refused", "unanswered"]
    started_mid_stream: bool
    handshake: Handshake | None
    client_to_server: HalfCount = HalfCount()
    server_to_client: HalfCount = HalfCount()
    close: Close = Close()
    undecoded: dict[str, int] = {}  # messages, by reason
    anomalies: dict[str, int] = {}  # by kind
    health: TcpHealth | None = None  # [0] client to server, [1] server to client
    # By what it is known to be a WebSocket, and who its client is: by who sent the request, or by who masks its frames.
    joined: Literal["handshake", "frames"] = "handshake"
    recognised_after: int | None = None  # messages, both ways, readable when its frames told; None: joined by handshake
    compressed: bool | None = None  # permessage-deflate was agreed, or a frame shows it; None: no frame has shown it yet
    route: str | None = None  # path template; set where messages get their channel
    subprotocol: str | None = None  # the same
    route_source: RouteSource | None = None  # None: the route is not known


# --- payload -> schema, stats, export ---------------------------------------------------------------------------------

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class ChannelMessage(Record, frozen=True, kw_only=True):
    """One application message: what a WebSocket message says, on which channel, under which name.

    A WebSocket message gives at least one of these; when it holds several, they follow each other and share `message`.
    `frame_bytes` and `length` are this one's share: those of all that share a message add up to the message's.
    `body` is what was decoded, for the folds of this process alone: it is somebody's secret and is never exported.
    """

    message: Message
    format: str  # `json`, `msgpack`, `cbor`, `protobuf`, `text`, `binary`, `empty`; `undecoded` when there is no payload
    channel: str  # path template, refined by a convention's topic; `unknown route` when the handshake was not captured
    route: str | None = None  # path template of the handshake, or what rules say of one that was not captured
    subprotocol: str | None = None
    name: str | None = None  # kind of message within its channel
    convention: str | None = None
    operation: str | None = None
    correlation: str | None = None
    schema: str | None = None  # identifier of the kind under which it was filed; None until the kinds have been worked out
    frame_bytes: int = 0
    length: int = 0  # after inflation; 0 when it is not known
    body: object = None
    # A JSON text of the body's keys, nesting and types, for the folds too; then there is no `body`. Empty: not worked out.
    structure: str = ""
    # Of the structure's arrays: for each element in there, in the order in which they begin, how many of the body's have
    # its structure.
    elements: tuple[int, ...] = ()


# --- names that stay the same from run to run ---------------------------------------------------------------------------


def name_hash(key: object) -> int:
    """64 bits of a text, or of a tuple of texts, the same in every process: folds keep the keys with the smallest ones."""
    # repr() is injective on these and writes a lone surrogate as an escape.
    return int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=8).digest(), "big")


@functools.lru_cache(maxsize=8_192)
def kind_id(channel: str, direction: Direction | None, name: str | None) -> str:
    """The identifier of a kind of message: readable, and unique by its last six digits: `rooms-id.client.join-3f9a01`."""
    sender = direction.partition("_")[0] if direction else "unknown"
    words = [re.sub(r"[^A-Za-z0-9_]+", "-", word).strip("-")[:32] for word in (channel, sender, name or "")]
    return f"{'.'.join(word for word in words if word)}-{name_hash((channel, direction, name)) >> 40:06x}"


# --- schema, stats -> export: what folds know at one moment -----------------------------------------------------------


class Sizes(Record, frozen=True, kw_only=True):
    """A base-2 exponential histogram, the form of OTLP's: bucket i counts values in (base**i, base**(i+1)].

    base = 2 ** (2 ** -scale). Zeros are in `zero_count`. Merging adds up, exactly; a quantile read from it is at most
    half a bucket off (scale 4: 2.2 %).
    """

    scale: int = 4
    count: int = 0
    sum: int = 0
    minimum: int | None = None
    maximum: int | None = None
    zero_count: int = 0
    buckets: dict[int, int] = {}


def size_quantile(sizes: Sizes, q: float) -> float | None:
    """The value that the share `q` (0 to 1) of all values does not exceed, to half a bucket; None when there are none."""
    if not 0 <= q <= 1:
        raise ValueError(f"a quantile lies between 0 and 1: {q}")
    if not sizes.count:
        return None
    rank = max(1, math.ceil(q * sizes.count))
    seen = sizes.zero_count
    value = 0.0
    if seen < rank:
        for index in sorted(sizes.buckets):
            seen += sizes.buckets[index]
            if seen >= rank:
                value = 2.0 ** ((index + 0.5) * 2.0**-sizes.scale)  # the bucket's geometric middle
                break
    if sizes.minimum is not None:
        value = max(value, float(sizes.minimum))
    if sizes.maximum is not None:
        value = min(value, float(sizes.maximum))
    return value


class SeriesTotal(Record, frozen=True, kw_only=True):
    """All messages of one series since the start: one server, route, subprotocol, channel, direction and message name.

    Beyond the series limit everything goes to one overflow series, whose `channel` is `_overflow`.
    """

    server: str | None
    route: str | None
    subprotocol: str | None
    channel: str
    direction: Direction | None
    name: str | None
    messages: int = 0
    undecoded: int = 0
    frame_bytes: int = 0  # on the wire: frame headers and payloads
    payload_bytes: int = 0  # after inflation
    formats: dict[str, int] = {}
    first_ns: int | None = None
    last_ns: int | None = None
    sizes: Sizes = Sizes()  # after inflation


class ChannelTotal(Record, frozen=True, kw_only=True):
    """All messages of one channel in one direction. Sizes after inflation; `rate`: messages a second between first and last."""

    channel: str
    direction: Direction | None
    messages: int
    undecoded: int
    rate: float | None  # None: one message, or all at one moment
    frame_bytes: int
    payload_bytes: int
    size_p50: float | None
    size_p95: float | None
    size_p99: float | None
    sizes: Sizes
    names: dict[str, int]  # messages by name, most first; those without a name are not in here
    formats: dict[str, int]
    first_ns: int | None
    last_ns: int | None


class ChannelVolume(Record, frozen=True, kw_only=True):
    """What one channel carried in one direction from `time_ns` on for `step_ns` (one second, unless it became too many)."""

    channel: str
    direction: Direction | None
    time_ns: int
    step_ns: int
    messages: int = 0
    undecoded: int = 0
    frame_bytes: int = 0
    payload_bytes: int = 0
    sizes: Sizes = Sizes()


class ConnectionTotal(Record, frozen=True, kw_only=True):
    """All connections of one server, route and subprotocol since the start. Times in nanoseconds."""

    server: str | None
    route: str | None
    subprotocol: str | None
    opened: int = 0  # accepted handshakes, and connections joined mid-stream
    closed: int = 0
    refused: int = 0
    unanswered: int = 0
    mid_stream: int = 0
    closes: dict[str, int] = {}  # by `code initiator`, e.g. `1000 client`, `none network`
    handshake_ns: Sizes = Sizes()
    duration_ns: Sizes = Sizes()


class RouteTotal(Record, frozen=True, kw_only=True):
    """All opening handshakes of one server, host and route since the start.

    The counts by name are of the `requests`: how many of them have it. Names beyond a limit are one, `_overflow`; so are
    routes beyond a limit. Names are redacted as in `Handshake`.
    """

    server: str | None  # ip:port
    host: str | None  # as the clients call it
    route: str | None  # path template; None: no request was captured
    accepted: int = 0
    refused: int = 0
    unanswered: int = 0
    requests: int = 0  # of the accepted ones: those whose request was captured
    vouched: int = 0  # of the requests: those with a credential
    query_keys: dict[str, int] = {}
    query_values: dict[str, int] = {}  # `EIO=4`: of the few keys whose values are shown
    request_fields: dict[str, int] = {}
    credentials: dict[str, int] = {}
    origins: dict[str, int] = {}  # by scheme: `https`, `http`, `null`...; `none`: it has no Origin, so it is no browser's
    versions: dict[str, int] = {}  # Sec-WebSocket-Version
    subprotocols: dict[str, int] = {}  # agreed, of the accepted handshakes
    extensions: dict[str, int] = {}  # the same


class MessageKind(Record, frozen=True, kw_only=True):
    """One kind of message, and the JSON Schema (2020-12) inferred for it.

    Of payloads it holds no values but those that make up the protocol: the constants that tell kinds apart, and the
    members of enumerations (see `redaction`). `direction`: the one in which it was seen; None: not known, or both.
    """

    id: str
    channel: str
    direction: Direction | None
    name: str | None
    messages: int
    first_ns: int
    last_ns: int
    formats: dict[str, int]
    json_schema: dict[str, object]
    directions: dict[str, int] = {}  # messages; `unknown` where the roles are not known
    # What tells it from its siblings: JSON pointers (RFC 6901) with the constant there. Empty: its structure does.
    discriminator: tuple[tuple[str, Json], ...] = ()
    first_connection: str | None = None  # that showed it
    confidence: float | None = None  # the chance that the next message of this kind fits the schema; None: not worked out


ChangeName = Literal[
    "new_kind",
    "new_field",
    "new_type",
    "new_member",
    "format_broken",
    "range_exceeded",
    "field_missing",
    "field_vanished",
    "kind_vanished",
    "presence_shifted",
    "mix_shifted",
]


class SchemaDrift(Record, frozen=True, kw_only=True):
    """Something about a message kind that is not as it was: found at a message, or over many.

    `change`: `new_kind`, `new_field`, `new_type`, `new_member` (of an enumeration), `format_broken`, `range_exceeded` and
    `field_missing` (one that was always there) are certain at the first message that shows them; `field_vanished`,
    `kind_vanished`, `presence_shifted`, `mix_shifted` are told with `p_value`, the chance of it if nothing had changed.
    """

    time_ns: int
    packet: int | None
    half: Half | None  # of the message that shows it; None: told over many
    channel: str
    kind: str  # MessageKind.id
    name: str | None
    change: ChangeName
    path: str = ""  # JSON pointer within the message; `*` for any key of a map or any position of a list
    detail: str = ""  # types, formats and counts, never a value
    p_value: float | None = None  # None: certain


class Snapshot(Record, frozen=True, kw_only=True):
    """Everything that the folds of a pipeline know at `time_ns` of the capture's clock.

    Totals are since the start. `volumes` may hold only what changed since the snapshot before; entries replace those
    with the same channel, direction and time. Kinds or series that did not fit are counted, never silently absent.
    """

    time_ns: int
    accounting: Accounting
    series: tuple[SeriesTotal, ...] = ()
    channels: tuple[ChannelTotal, ...] = ()
    volumes: tuple[ChannelVolume, ...] = ()
    connection_totals: tuple[ConnectionTotal, ...] = ()
    open_connections: tuple[ConnectionSummary, ...] = ()
    routes: tuple[RouteTotal, ...] = ()
    kinds: tuple[MessageKind, ...] = ()
    messages_without_kind: int = 0  # not JSON, undecoded, or beyond the limit of kinds
    drift: tuple[SchemaDrift, ...] = ()  # since the snapshot before
    messages_in_overflow: int = 0  # beyond the limit of series or channels
    final: bool = False  # nothing more will come


# --- from every room --------------------------------------------------------------------------------------------------


class AnomalyKind(enum.StrEnum):
    """What the RFCs forbid, or what we cannot follow. Each member says where it is written."""

    # TCP, RFC 9293
    TCP_OVERLAP_CONFLICT = "tcp_overlap_conflict"  # 3.10.7.4: same sequence numbers, other bytes; the first copy is used
    TCP_DATA_AFTER_FIN = "tcp_data_after_fin"  # 3.6: bytes beyond the FIN
    TCP_RESET_OUT_OF_WINDOW = "tcp_reset_out_of_window"  # 3.5.3, RFC 5961, 3: RST not at the expected sequence number
    TCP_OUT_OF_WINDOW = "tcp_out_of_window"  # 3.4: too far from the expected sequence number to belong to this stream
    TCP_URGENT_DATA = "tcp_urgent_data"  # 3.8.5, RFC 6093: urgent data, read in line
    # HTTP/1.1 and opening handshake, RFC 9112, RFC 6455 4
    HTTP_MALFORMED = "http_malformed"  # RFC 9112, 2 and 5
    HANDSHAKE_ACCEPT_MISSING = "handshake_accept_missing"  # 4.2.2, 5.4
    HANDSHAKE_ACCEPT_WRONG = "handshake_accept_wrong"  # 4.2.2, 5.4
    HANDSHAKE_KEY_INVALID = "handshake_key_invalid"  # 4.1: not 16 bytes in base64
    HANDSHAKE_VERSION = "handshake_version"  # 4.1: Sec-WebSocket-Version is not 13
    HANDSHAKE_SUBPROTOCOL_NOT_OFFERED = "handshake_subprotocol_not_offered"  # 4.1
    HANDSHAKE_EXTENSION_NOT_OFFERED = "handshake_extension_not_offered"  # 4.1, 9.1
    HANDSHAKE_EXTENSION_INVALID = "handshake_extension_invalid"  # 9.1, RFC 7692 7.1
    HANDSHAKE_MISSING_REQUEST = "handshake_missing_request"  # a 101 whose request is not in the capture
    HANDSHAKE_DATA_BEFORE_RESPONSE = "handshake_data_before_response"  # 4.1: the client must wait for the response
    # frames, RFC 6455 5
    FRAME_RESERVED_BIT = "frame_reserved_bit"  # 5.2: RSV1-3 without an extension that defines it
    FRAME_RESERVED_OPCODE = "frame_reserved_opcode"  # 5.2
    FRAME_NOT_MASKED = "frame_not_masked"  # 5.1: client to server
    FRAME_MASKED = "frame_masked"  # 5.1: server to client
    FRAME_LENGTH_NOT_MINIMAL = "frame_length_not_minimal"  # 5.2
    FRAME_LENGTH_INVALID = "frame_length_invalid"  # 5.2: the most significant bit of a 64-bit length
    CONTROL_FRAME_TOO_LONG = "control_frame_too_long"  # 5.5
    CONTROL_FRAME_FRAGMENTED = "control_frame_fragmented"  # 5.5
    CONTINUATION_UNEXPECTED = "continuation_unexpected"  # 5.4: nothing to continue
    CONTINUATION_EXPECTED = "continuation_expected"  # 5.4: a new message inside an unfinished one
    CLOSE_PAYLOAD_INVALID = "close_payload_invalid"  # 5.5.1: one byte, or a reason that is not UTF-8
    CLOSE_CODE_INVALID = "close_code_invalid"  # 7.4: a code that must not be sent
    FRAME_AFTER_CLOSE = "frame_after_close"  # 5.5.1
    # messages, RFC 6455 8.1, RFC 7692
    INVALID_UTF8 = "invalid_utf8"  # 8.1
    INFLATE_ERROR = "inflate_error"  # RFC 7692, 7.2.2
    INFLATE_CONTEXT_LOST = "inflate_context_lost"  # bytes of the sliding window were lost
    # following the stream
    GAP_IN_STREAM = "gap_in_stream"  # bytes are missing
    DIRECTION_LOST = "direction_lost"  # no certain frame boundary after a gap
    RESYNCHRONISED = "resynchronised"  # a certain frame boundary was found again
    FRAME_INCOMPLETE = "frame_incomplete"  # the stream ended inside a frame
    # limits
    LIMIT_MESSAGE_SIZE = "limit_message_size"
    LIMIT_INFLATED_SIZE = "limit_inflated_size"
    LIMIT_HANDSHAKE_SIZE = "limit_handshake_size"
    LIMIT_CONNECTIONS = "limit_connections"
    LIMIT_MEMORY = "limit_memory"  # what this connection held was given up for others, which were used more recently
    # ourselves
    INTERNAL = "internal"  # a bug of ours; this connection was given up


class Anomaly(Record, frozen=True, kw_only=True):
    """Something the RFCs forbid, or that we could not follow. Decoding goes on, or says that the direction is lost."""

    half: Half
    time_ns: int
    packet: int
    anomaly: AnomalyKind
    detail: str = ""  # numbers and names of the protocol, never payload


StreamRecord = Connection | StreamBytes | StreamGap | StreamEnd | ConnectionEnd | Anomaly  # what the transport tells


class Accounting(msgspec.Struct, kw_only=True):
    """Every quantity with what became of it. The equations hold at any time and are tested on every capture.

    packets_seen == packets_decoded + sum(packets_skipped) + sum(packets_dropped)
    payload_bytes == delivered + duplicate + discarded(by reason) + buffered
    messages == decoded + sum(undecoded)

    Of a connection that is `half_open` there was a SYN, or its answer too, and no record tells of it.
    The only record that is not frozen: it is a fold, merged by adding up.
    """

    packets_seen: int = 0
    packets_decoded: int = 0  # TCP segments, those without payload included
    packets_skipped: dict[str, int] = {}  # understood, not ours: `udp`, `arp`, `icmp`..., or `sampled_out` to save memory
    packets_dropped: dict[str, int] = {}  # not decodable: `cut_header`, `bad_length`, `unknown_link_type`...
    packets_cut: int = 0  # of the decoded ones: shortened by the snap length
    first_time_ns: int | None = None
    last_time_ns: int | None = None

    payload_bytes: int = 0  # TCP payload that was captured
    bytes_delivered: int = 0
    bytes_duplicate: int = 0  # retransmitted or overlapping
    bytes_discarded: dict[str, int] = {}  # by reason: `out_of_window`, `after_fin`, `ignored` (no WebSocket), `limit`
    bytes_buffered: int = 0  # out of order, waiting
    bytes_lost: int = 0  # in gaps of connections that are followed
    gaps: int = 0

    connections: dict[str, int] = {}  # of TCP, by what they carried: `websocket`, `http`, `tls`, `other`..., or `half_open`
    connections_evicted: dict[str, int] = {}  # half-open ones included: `limit` (made room for others), `idle`, `sampled`
    handshakes: dict[str, int] = {}  # `accepted`, `refused`, `unanswered`, `mid_stream`
    frames: dict[str, int] = {}  # by opcode name
    frame_bytes: int = 0  # headers and payloads
    payload_length: int = 0  # of messages after inflation
    messages: int = 0
    messages_decoded: int = 0
    messages_undecoded: dict[str, int] = {}  # by reason
    bytes_unsynchronised: int = 0
    anomalies: dict[str, int] = {}
    capture_loss: dict[str, int] = {}  # packets, by reason; a loss of unknown size counts in `capture_loss_unknown`
    capture_loss_unknown: dict[str, int] = {}

    def merge(self, other: Accounting) -> None:
        """Add up, field by field; of times the earliest and the latest."""
        for field in self.__struct_fields__:
            ours, theirs = getattr(self, field), getattr(other, field)
            if isinstance(ours, dict):
                for key, count in theirs.items():
                    ours[key] = ours.get(key, 0) + count
            elif field in ("first_time_ns", "last_time_ns"):
                known = [time_ns for time_ns in (ours, theirs) if time_ns is not None]
                setattr(self, field, (min if field == "first_time_ns" else max)(known, default=None))
            else:
                setattr(self, field, ours + theirs)
