"""Two sides as wholes: channels, kinds, directions, how to connect; each change with its class and who breaks."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.compare.test_asyncapi import THREE, TWO
from wsobserve.compare.asyncapi import described_asyncapi
from wsobserve.compare.changes import Change, Comparison
from wsobserve.compare.described import Channel, Described, Kind
from wsobserve.compare.documents import compare
from wsobserve.compare.nodes import Source


def record(name: str, **fields: Any) -> dict[str, Any]:
    properties = {"type": {"const": name}, **fields}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def kind(name: str, schema: Any = None, to: str = "client", identifier: str | None = None) -> Kind:
    direction: Any = "server_to_client" if to == "client" else "client_to_server"
    node = Source(record(name, x={"type": "string"}) if schema is None else schema).node()
    return Kind(id=identifier or name, name=name, directions=frozenset((direction,)), node=node)


def side(*kinds: Kind, address: str = "/rooms/{id}", traffic: bool = True) -> Described:
    return Described(label="side", traffic=traffic, channels=(Channel(id=address, address=address, kinds=kinds),))


def said(comparison: Comparison) -> list[str]:
    return [f"{change.what} {change.path}: {change.compatibility}, {change.severity}" for change in comparison.changes]


def only_change(old: Described, new: Described) -> Change:
    (change,) = compare(old, new).changes
    return change


def test_nothing_changed() -> None:
    comparison = compare(side(kind("a"), kind("b")), side(kind("b"), kind("a")))
    assert (comparison.changes, comparison.compatibility, comparison.severity) == ((), "identical", "none")


def test_a_change_within_a_kind_is_said_with_the_way_there() -> None:
    old, new = (side(kind("a", record("a", x={"type": name}))) for name in ("integer", "number"))
    change = only_change(old, new)
    assert change.path == "/rooms/{id} · a · x"
    assert change.pointer == "/properties/x"
    assert (change.compatibility, change.severity, change.breaks, change.who) == (
        "widening",
        "breaking",
        ("readers",),
        "readers (clients)",
    )
    assert (change.channel, change.kind, change.direction) == ("/rooms/{id}", "a", "server_to_client")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (side(kind("a")), side(kind("a"), kind("b")), "kind_added /rooms/{id} · b: widening, breaking"),
        (side(kind("a")), side(kind("a"), kind("b", to="server")), "kind_added /rooms/{id} · b: widening, safe"),
        (side(kind("a"), kind("b")), side(kind("a")), "kind_removed /rooms/{id} · b: narrowing, safe"),
        (side(kind("a"), kind("b", to="server")), side(kind("a")), "kind_removed /rooms/{id} · b: narrowing, breaking"),
        (side(kind("a")), side(kind("a", to="server")), "direction_changed /rooms/{id} · a: incompatible, breaking"),
        (side(kind("a")), side(kind("a", identifier="a2")), ""),
        (
            side(kind("a")),
            side(kind("b", record("a", x={"type": "string"}))),
            "kind_renamed /rooms/{id} · b: documentation, none",
        ),
        (side(kind("a")), side(kind("a"), address="/elsewhere"), "channel_removed /rooms/{id}: narrowing, breaking"),
        (
            side(kind("a"), address="/x/{a}"),
            side(kind("a"), address="/x/{b}"),
            "channel_address_changed /x/{b}: documentation, none",
        ),
    ],
)
def test_kinds_and_channels(old: Described, new: Described, expected: str) -> None:
    found = said(compare(old, new))
    assert found[:1] == ([expected] if expected else [])


def test_a_kind_that_is_gone_from_traffic_is_inferred_and_from_a_document_stated() -> None:
    assert only_change(side(kind("a"), kind("b")), side(kind("a"))).certainty == "inferred"
    assert only_change(side(kind("a"), kind("b")), side(kind("a"), traffic=False)).certainty == "observed"


def test_a_kind_under_another_constant_is_renamed_and_incompatible() -> None:
    old = side(kind("message"), kind("b"))
    new = side(kind("chat.message", record("chat.message", x={"type": "string"})), kind("b"))
    assert "kind_renamed /rooms/{id} · chat.message: incompatible, breaking" in said(compare(old, new))


def test_a_kind_that_another_one_accepts_is_merged_and_not_gone() -> None:
    both = {**record("a", x={"type": "string"}), "properties": {"type": {"enum": ["a", "b"]}, "x": {"type": "string"}}}
    merged = side(kind("a", both))
    assert said(compare(side(kind("a"), kind("b")), merged)) == [
        "member_added /rooms/{id} · a · type: widening, breaking",
        "kind_merged /rooms/{id} · b: documentation, none",
    ]
    assert "kind_split /rooms/{id} · b: documentation, none" in said(compare(merged, side(kind("a"), kind("b"))))


def test_two_plain_schemas_are_compared_whatever_they_are_called() -> None:
    old, new = (side(kind(name, {"type": kind_of}), address="") for name, kind_of in (("x", "string"), ("y", "null")))
    assert [change.what for change in compare(old, new).changes] == ["type_changed", "kind_renamed"]
    assert compare(old, new).changes[0].path == "y"


def asyncapi(document: dict[str, Any]) -> Described:
    return described_asyncapi(document, "x")


def changed(document: dict[str, Any], *steps: str, to: Any) -> Described:
    """The document with one place changed; None takes it away."""
    document = copy.deepcopy(document)
    holder = document
    for step in steps[:-1]:
        holder = holder[step]
    if to is None:
        del holder[steps[-1]]
    else:
        holder[steps[-1]] = to
    return asyncapi(document)


ALONE = {**THREE, "channels": {"rooms": THREE["channels"]["rooms"]}, "operations": {"say": THREE["operations"]["say"]}}
STEPS: tuple[tuple[dict[str, Any], str, Any, str], ...] = (
    (THREE, "info version", "2", "description_changed the document: documentation, none"),
    (THREE, "components messages say title", "T", "description_changed /rooms/{id} · say: documentation, none"),
    (THREE, "servers main host", "b.example", "server_changed server main: incompatible, breaking"),
    (THREE, "servers main protocol", "ws", "server_changed server main: incompatible, breaking"),
    (THREE, "servers main", None, "server_removed server main: narrowing, breaking"),
    (THREE, "servers more", {"host": "b.example"}, "server_added server more: widening, safe"),
    (THREE, "servers main security", None, "security_removed server main: widening, safe"),
    (THREE, "components securitySchemes basic scheme", "bearer", "security_changed server main: incompatible, breaking"),
    (THREE, "operations say reply", None, "reply_changed /rooms/{id} · say: incompatible, breaking"),
    (THREE, "operations ping action", "receive", "direction_changed /rooms/{id} · ping: incompatible, breaking"),
    (
        THREE,
        "channels rooms messages ack payload",
        {"type": ["null", "integer"]},
        "type_added /rooms/{id} · ack: widening, breaking",
    ),
    (
        THREE,
        "channels again messages ping payload schema",
        {"type": "map"},
        "rule_changed /rooms/{id} · ping: incompatible, breaking",
    ),
    (ALONE, "channels rooms address", "/spaces/{id}", "channel_address_changed /spaces/{id}: incompatible, breaking"),
    (THREE, "channels more", {"address": "/more"}, "channel_added /more: widening, safe"),
    (
        TWO,
        "channels /rooms/{id} bindings ws query required",
        ["v"],
        "field_became_required /rooms/{id} · query · v: narrowing, breaking",
    ),
    (TWO, "channels /rooms/{id} bindings ws method", "POST", "binding_changed /rooms/{id}: incompatible, breaking"),
    (TWO, "channels /rooms/{id} bindings mqtt", {"qos": 1}, "binding_changed /rooms/{id}: incompatible, breaking"),
    (TWO, "servers main security", [{"key": []}, {"basic": []}], "security_added server main: widening, safe"),
    (TWO, "servers main security", [{"key": [], "basic": []}], "security_changed server main: incompatible, breaking"),
)


@pytest.mark.parametrize(("document", "steps", "to", "expected"), STEPS, ids=[expected for *_, expected in STEPS])
def test_asyncapi_documents(document: dict[str, Any], steps: str, to: Any, expected: str) -> None:
    assert expected in said(compare(asyncapi(document), changed(document, *steps.split(), to=to)))


@pytest.mark.parametrize("document", [TWO, THREE])
def test_an_asyncapi_document_is_identical_to_itself(document: dict[str, Any]) -> None:
    assert compare(asyncapi(document), asyncapi(copy.deepcopy(document))).compatibility == "identical"


def test_what_only_one_side_describes_is_not_compared() -> None:
    (say,) = [kind for kind in asyncapi(TWO).channels[0].kinds if kind.label == "say"]
    seen = Described(label="traffic", traffic=True, channels=(Channel(id="r", address="/rooms/{id}", kinds=(say,)),))
    whats = {change.what for change in compare(asyncapi(TWO), seen).changes}
    assert whats == {"kind_removed"}


def test_those_that_break_most_come_first_and_the_order_is_always_the_same() -> None:
    old = side(kind("a", record("a", x={"type": "string"})), kind("z"), kind("c", to="server"))
    new = side(kind("a", {**record("a", x={"type": "string"}), "title": "t"}), kind("z", record("z", x={"type": "null"})))
    severities = [change.severity for change in compare(old, new).changes]
    assert severities == ["breaking", "breaking", "none"]
    assert compare(old, new) == compare(old, new)
