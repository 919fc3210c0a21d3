"""A made-up observation for the dashboard's tests: two channels, two kinds, one connection, with numbers easy to find."""

from __future__ import annotations

from pathlib import Path

from msgspec import structs

from wsobserve.export.store import StoreExporter
from wsobserve.records import (
    CLIENT_TO_SERVER,
    SERVER_TO_CLIENT,
    Accounting,
    ChannelTotal,
    ChannelVolume,
    Close,
    ConnectionSummary,
    Direction,
    Half,
    HalfCount,
    Handshake,
    MessageKind,
    SchemaDrift,
    SeriesTotal,
    Sizes,
    Snapshot,
)

SECOND_NS = 1_000_000_000
START_NS = 1_790_000_000 * SECOND_NS
# A name from the wire that would fetch a picture, were it ever taken for Markdown or HTML.
HOSTILE = "/![x](http://192.0.2.1/p.png)<img src=http://192.0.2.2/q.png>"
SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"symbol": {"type": "string"}, "note": {"type": "string", "x-wsobserve-presence": 0.25}},
    "required": ["symbol"],
}


def open_store(path: Path) -> StoreExporter:
    return StoreExporter(str(path), service="shop", sources=["captures/made_up.pcapng"])


def fill(path: Path, *, messages: int = 4321, lossy: bool = False, final: bool = True) -> None:
    """Writes one run into the store."""
    store = open_store(path)
    store.export([observation(messages, lossy=lossy, final=final), _connection()])
    store.close()


def observation(messages: int, *, lossy: bool = False, final: bool = False) -> Snapshot:
    """A snapshot in which `messages` messages have been seen."""
    accounting = Accounting(
        packets_seen=9876,
        packets_decoded=9876,
        first_time_ns=START_NS,
        last_time_ns=START_NS + 90 * SECOND_NS,
        messages=messages,
        messages_decoded=messages,
        frame_bytes=1_234_000,
        payload_length=5_678_000,
        handshakes={"accepted": 1},
        connections={"websocket": 1},
    )
    if lossy:
        accounting.capture_loss = {"kernel_dropped": 31}
        accounting.messages_undecoded = {"context_lost": 11}
        accounting.connections = {"websocket": 1, "tls": 7}
        accounting.anomalies = {"gap_in_stream": 2}
    parts: list[tuple[str, Direction, int]] = [("/quotes", SERVER_TO_CLIENT, messages - 1), (HOSTILE, CLIENT_TO_SERVER, 1)]
    return Snapshot(
        time_ns=START_NS + 90 * SECOND_NS,
        accounting=accounting,
        series=tuple(_series(*part) for part in parts),
        channels=tuple(_total(*part) for part in parts),
        volumes=tuple(_volume(*part, second) for part in parts for second in range(3)),
        kinds=(_kind("quote", messages - 1), _kind("trade", 0)),
        final=final,
    )


def _series(channel: str, direction: Direction, messages: int) -> SeriesTotal:
    return SeriesTotal(
        server="10.0.0.1:80",
        route=channel,
        subprotocol=None,
        channel=channel,
        direction=direction,
        name="quote",
        messages=messages,
        sizes=_sizes(messages),
    )


def _total(channel: str, direction: Direction, messages: int) -> ChannelTotal:
    return ChannelTotal(
        channel=channel,
        direction=direction,
        messages=messages,
        undecoded=0,
        rate=12.5,
        frame_bytes=1_000,
        payload_bytes=2_000,
        size_p50=200.0,
        size_p95=200.0,
        size_p99=200.0,
        sizes=_sizes(messages),
        names={"quote": messages},
        formats={"json": messages},
        first_ns=START_NS,
        last_ns=START_NS + 90 * SECOND_NS,
    )


def _sizes(count: int) -> Sizes:
    return Sizes(count=count, sum=200 * count, minimum=200, maximum=200, buckets={122: count})


def _volume(channel: str, direction: Direction, messages: int, second: int) -> ChannelVolume:
    return ChannelVolume(
        channel=channel, direction=direction, time_ns=START_NS + second * SECOND_NS, step_ns=SECOND_NS, messages=messages
    )


def _kind(name: str, messages: int) -> MessageKind:
    return MessageKind(
        id=f"quotes-{name}",
        channel="/quotes",
        direction=SERVER_TO_CLIENT,
        name=name,
        messages=messages,
        first_ns=START_NS,
        last_ns=START_NS,
        formats={"json": messages},
        json_schema=SCHEMA,
    )


def _connection(agent: str | None = None) -> ConnectionSummary:
    half = Half(
        connection="c1",
        source="10.0.0.2:5",
        destination="10.0.0.1:80",
        client="10.0.0.2:5",
        server="10.0.0.1:80",
        direction=CLIENT_TO_SERVER,
    )
    return ConnectionSummary(
        half=half,
        time_ns=START_NS + 90 * SECOND_NS,
        packet=9,
        started_ns=START_NS,
        state="closed",
        started_mid_stream=True,
        handshake=_handshake(half, agent) if agent else None,
        client_to_server=HalfCount(messages=1),
        close=Close(verdict="no_close_frame"),
    )


def _handshake(half: Half, agent: str) -> Handshake:
    return Handshake(
        half=half,
        time_ns=START_NS,
        packet=1,
        request_time_ns=START_NS,
        request_packet=1,
        method="GET",
        target="/quotes",
        path_template="/quotes",
        host="shop.test",
        origin=None,
        user_agent=agent,
        traceparent=None,
        version="13",
        status_code=101,
    )


HOUR_NS = 3600 * SECOND_NS
Fields = dict[str, dict[str, object]]
_TEXT: dict[str, object] = {"type": "string"}
_NUMBER: dict[str, object] = {"type": "number"}
_WHOLE: dict[str, object] = {"type": "integer"}
_QUOTE: Fields = {"symbol": _TEXT, "price": _NUMBER}
_QUOTE_WITH_DEPTH: Fields = {**_QUOTE, "depth": {**_WHOLE, "x-wsobserve-presence": 0.4}}
_QUOTE_AS_TEXT: Fields = {**_QUOTE_WITH_DEPTH, "price": {"type": ["number", "string"]}}
# A run each: when, by which client, and what each kind looked like.
STORY: list[tuple[int, str, dict[str, Fields]]] = [
    (0, "shop-app/1.4", {"quote": _QUOTE, "trade": {"id": _WHOLE, "side": {"enum": ["buy", "sell"]}}, HOSTILE: {"a": _TEXT}}),
    (5, "shop-app/1.5", {"quote": _QUOTE_WITH_DEPTH, "trade": {"id": _WHOLE, "side": {"enum": ["buy", "sell", "short"]}}}),
    (21, "shop-app/2.0", {"quote": _QUOTE_AS_TEXT, "trade": {"id": _TEXT, "side": {"enum": ["buy", "sell"]}, "fee": _NUMBER}}),
]


def fill_history(path: Path, story: int = len(STORY)) -> None:
    """Writes the first runs of the story into the store, each of which changes what was known before; with drift."""
    for hours, agent, kinds in STORY[:story]:
        start_ns = START_NS + hours * HOUR_NS
        store = open_store(path)
        found = tuple(_version(name, start_ns, fields) for name, fields in kinds.items())
        drift = tuple(_drift(number, start_ns) for number in range(3 * hours))
        snapshot = observation(4321, final=True)
        store.export([_connection(agent), structs.replace(snapshot, kinds=found, drift=drift)])
        store.close()


def _version(name: str, start_ns: int, fields: Fields) -> MessageKind:
    kind = _kind(name, 400)
    required = sorted(field for field, schema in fields.items() if "x-wsobserve-presence" not in schema)
    return structs.replace(
        kind,
        first_ns=start_ns,
        last_ns=start_ns + HOUR_NS,
        json_schema={"type": "object", "properties": fields, "required": required, "additionalProperties": False},
        first_connection="c1",
        confidence=0.98,
        directions={"server_to_client": 400},
    )


def _drift(number: int, start_ns: int) -> SchemaDrift:
    changes = ("new_field", "new_type", "format_broken", "presence_shifted")
    change = changes[number % 4]
    sure = change != "presence_shifted"
    return SchemaDrift(
        time_ns=start_ns + number * number * 7 * SECOND_NS,
        packet=number if sure else None,
        half=_connection("x").half if sure else None,
        channel="/quotes",
        kind="quotes-quote",
        name=HOSTILE if number == 1 else "quote",
        change=change,  # type: ignore[arg-type]  # one of the four above
        path=f"/levels/*/f{number}",
        detail="string where there were numbers",
        p_value=None if sure else 3e-9,
    )
