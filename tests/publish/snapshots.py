"""What a snapshot holds, written down by hand for the tests of documents."""

from __future__ import annotations

from typing import Any

from wsobserve.records import (
    Accounting,
    ChannelTotal,
    Direction,
    MessageKind,
    RouteTotal,
    SeriesTotal,
    Sizes,
    Snapshot,
    kind_id,
)

SERVER = "10.0.0.2:80"
START_NS = 1_700_000_000_000_000_000


def a_kind(
    name: str | None = "message",
    direction: Direction | None = "client_to_server",
    schema: dict[str, Any] | None = None,
    *,
    channel: str = "/chat",
    messages: int = 10,
    first_ns: int = START_NS,
    **fields: Any,
) -> MessageKind:
    return MessageKind(
        id=kind_id(channel, direction, name),
        channel=channel,
        direction=direction,
        name=name,
        messages=messages,
        first_ns=first_ns,
        last_ns=START_NS + 9_000_000_000,
        formats=fields.pop("formats", {"json": messages}),
        json_schema=schema if schema is not None else {"type": "object"},
        **fields,
    )


def an_object(**properties: object) -> dict[str, Any]:
    """A schema whose properties are always there: a type's name, or a schema."""
    described = {name: {"type": value} if isinstance(value, str) else value for name, value in properties.items()}
    return {"type": "object", "properties": described, "required": sorted(properties)}


def a_total(
    direction: Direction | None = "client_to_server", channel: str = "/chat", messages: int = 10, **fields: Any
) -> ChannelTotal:
    return ChannelTotal(
        channel=channel,
        direction=direction,
        messages=messages,
        undecoded=fields.pop("undecoded", 0),
        rate=fields.pop("rate", 2.0),
        frame_bytes=1_500,
        payload_bytes=1_200,
        size_p50=100.4,
        size_p95=200.0,
        size_p99=None,
        sizes=Sizes(),
        names={},
        formats=fields.pop("formats", {"json": messages}),
        first_ns=START_NS,
        last_ns=START_NS + 9_000_000_000,
    )


def a_route(route: str | None = "/chat", *, host: str | None = "chat.example", requests: int = 4, **fields: Any) -> RouteTotal:
    return RouteTotal(
        server=fields.pop("server", SERVER),
        host=host,
        route=route,
        accepted=fields.pop("accepted", requests),
        requests=requests,
        versions=fields.pop("versions", {"13": requests}),
        **fields,
    )


def a_snapshot(
    kinds: list[MessageKind],
    totals: list[ChannelTotal],
    routes: list[RouteTotal],
    *,
    paths: dict[str, str | None] | None = None,
) -> Snapshot:
    """`paths`: the route of each channel; else the channel itself."""
    series = tuple(
        SeriesTotal(
            server=SERVER,
            route=(paths or {}).get(total.channel, total.channel),
            subprotocol=None,
            channel=total.channel,
            direction=total.direction,
            name=None,
            messages=total.messages,
        )
        for total in totals
    )
    return Snapshot(
        time_ns=START_NS,
        accounting=Accounting(
            first_time_ns=START_NS,
            last_time_ns=START_NS + 9_000_000_000,
            messages=sum(total.messages for total in totals),
        ),
        series=series,
        channels=tuple(totals),
        routes=tuple(routes),
        kinds=tuple(kinds),
        final=True,
    )
