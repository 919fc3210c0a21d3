"""Which message a payload fits, which one it was meant to be, and what traffic has shown of each."""

from __future__ import annotations

from typing import Any

from tests.contract.agreed import DOWN, UP, fold_of
from wsobserve.contract.plan import Plan, Shown


def shown(*messages: Any) -> list[Shown]:
    schemas = {str(number): {"payload": schema} for number, schema in enumerate(messages)}
    document = {"asyncapi": "3.0.0", "info": {}, "channels": {"c": {"address": "/x", "messages": schemas}}}
    return list(fold_of(document).shown.values())


def tagged(tag: str, *required: str) -> Any:
    return {"type": "object", "required": ["type", *required], "properties": {"type": {"const": tag}, "n": {"type": "integer"}}}


def test_the_first_that_fits_is_found_and_one_that_takes_anything_is_the_last() -> None:
    anything, join, leave = shown(True, tagged("join"), tagged("leave"))
    plan = Plan([anything, join, leave], [], certain=True)
    assert plan.fitting({"type": "leave"}) is leave
    assert plan.fitting({"type": "other"}) is anything
    assert Plan([join], [], certain=True).fitting({"type": "leave"}) is None


def meant(payload: Any, *messages: Any) -> tuple[str | None, list[tuple[str, str]]]:
    found, faults = Plan(shown(*messages), [], certain=True).meant(payload, 16)
    return None if found is None else found.verdict.message.name, [(fault.path, fault.keyword) for fault in faults]


def test_what_tells_messages_apart_tells_what_was_meant() -> None:
    messages = tagged("join", "a"), tagged("leave", "b", "c")
    assert meant({"type": "leave", "a": 1}, *messages) == ("1", [("/b", "required"), ("/c", "required")])
    assert meant({"type": "join"}, *messages) == ("0", [("/a", "required")])


def test_a_value_of_none_of_them_is_told_as_such() -> None:
    assert meant({"type": "dance"}, tagged("join"), tagged("leave")) == (None, [("/type", "discriminator")])


def test_without_it_the_one_with_the_fewest_faults_was_meant() -> None:
    assert meant({"a": 1}, tagged("join", "a"), tagged("leave", "b", "c")) == ("0", [("/type", "required")])


def test_nobody_knows_what_was_meant_where_two_are_as_likely() -> None:
    one = {"type": "object", "required": ["x"]}
    other = {"type": "object", "required": ["y"]}
    assert meant({}, one, other) == (None, [("", "message")])
    assert meant(5, one, other) == (None, [("", "type")])  # whichever it was, this is wrong


def test_one_message_alone_is_always_meant() -> None:
    assert meant({"type": "dance"}, tagged("join")) == ("0", [("/type", "const")])


def test_a_payload_may_name_its_schema() -> None:
    def pet(*required: str) -> Any:
        return {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"type": "object", "required": list(required)}]}

    base = {"type": "object", "discriminator": "kind", "properties": {"kind": {"type": "string"}}, "required": ["kind"]}
    schemas = {"Pet": base, "Cat": pet(), "Dog": pet("bark")}
    messages = {name: {"payload": {"$ref": f"#/components/schemas/{name}"}} for name in ("Cat", "Dog")}
    channel = {"address": "/x", "messages": messages}
    cat, dog = fold_of(
        {"asyncapi": "3.0.0", "info": {}, "channels": {"c": channel}, "components": {"schemas": schemas}}
    ).shown.values()
    plan = Plan([cat, dog], [], certain=True)
    assert plan.fitting({"kind": "Dog", "bark": 1}) is dog  # though a cat would take it, too
    assert plan.fitting({"kind": "Dog"}) is None
    assert plan.fitting({"kind": "Tabby"}) is cat  # no name of a schema: it is tried
    found, faults = plan.meant({"kind": "Dog"}, 16)
    assert found is dog
    assert [(fault.path, fault.keyword) for fault in faults] == [("/bark", "required")]


def test_what_was_shown_adds_up() -> None:
    (one,) = shown({"properties": {"a": {}, "b": {}}})
    (other,) = shown({"properties": {"a": {}, "b": {}}})
    one.show({"a": 1}, UP)
    other.show({"b": 1}, DOWN)
    other.violating = 2
    assert (one.messages, other.messages) == (1, 1)
    assert one.unseen is not None
    one.merge(other)
    assert (one.directions, one.violating) == ({UP: 1, DOWN: 1}, 2)
    assert one.unseen is None  # nothing is left to be seen
