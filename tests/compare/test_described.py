"""Kinds found in traffic as one side of a comparison, and the part of a side that is asked for."""

from __future__ import annotations

from wsobserve.compare.described import Channel, Described, Kind, described_kinds, only
from wsobserve.records import Direction, MessageKind


def found(channel: str, name: str, direction: Direction | None, **directions: int) -> MessageKind:
    return MessageKind(
        id=f"{channel}.{name}",
        channel=channel,
        direction=direction,
        name=name,
        messages=1,
        first_ns=1,
        last_ns=2,
        formats={"json": 1},
        json_schema={"type": "object"},
        directions=directions,
        discriminator=(("/type", name),),
    )


def test_kinds_are_gathered_by_channel() -> None:
    side = described_kinds("x", [found("/b", "t", "server_to_client"), found("/a", "s", None), found("/b", "u", None)])
    assert side.traffic
    assert [(channel.address, [kind.label for kind in channel.kinds]) for channel in side.channels] == [
        ("/a", ["s"]),
        ("/b", ["t", "u"]),
    ]
    assert side.channels[0].kinds[0].discriminator == {"/type": '"s"'}
    assert side.servers is None


def test_directions_are_those_that_were_seen() -> None:
    both, one = (
        described_kinds(
            "x",
            [found("/a", "s", None, client_to_server=1, server_to_client=2), found("/a", "t", "client_to_server", unknown=3)],
        )
        .channels[0]
        .kinds
    )
    assert (len(both.directions), both.direction) == (2, None)
    assert one.direction == "client_to_server"


def test_a_direction_that_is_asked_for_is_that_of_kinds_that_know_none() -> None:
    kinds = (Kind(id="a", directions=frozenset(("server_to_client",))), Kind(id="b"))
    side = Described(
        label="", traffic=False, channels=(Channel(id="x", address="/x", kinds=kinds), Channel(id="y", address="/y"))
    )
    (channel,) = only(side, "/x", "client_to_server").channels
    assert [(kind.id, kind.direction) for kind in channel.kinds] == [("b", "client_to_server")]
    assert only(side, "y", None).channels == side.channels[1:]
    assert only(side, None, None) == side
