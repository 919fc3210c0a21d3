"""Messages of a document: names, types, volumes, and the schema of the payload; never a value."""

from __future__ import annotations

from tests.publish.snapshots import a_kind, a_total, an_object
from wsobserve.publish.asyncapi_messages import (
    directions_of,
    message_of,
    payload_schemas,
    unstructured_message,
    unstructured_messages,
)


def test_a_message_tells_its_name_volume_and_type() -> None:
    kind = a_kind("price", "server_to_client", messages=3, formats={"msgpack": 2, "json": 1}, confidence=0.99999)
    assert message_of(kind, None) == {
        "name": "price",
        "title": "price",
        "summary": "3 messages, server to client",
        "description": (
            "Seen from 2023-11-14 22:13:20 UTC to 2023-11-14 22:13:29 UTC: 2 msgpack and 1 json.\n\n"
            "The next message of this kind fits the schema with a chance of 99.99 %."
        ),
        "contentType": "application/vnd.msgpack",
        "payload": {"$ref": f"#/components/schemas/{kind.id}"},
        "tags": [{"name": "json"}, {"name": "msgpack"}],
        "x-wsobserve-messages": 3,
        "x-wsobserve-confidence": 1.0,
    }


def test_a_kind_without_a_name_has_its_identifier() -> None:
    kind = a_kind(None)
    assert message_of(kind, None)["name"] == kind.id


def test_what_tells_it_from_its_siblings_and_what_correlates_it() -> None:
    kind = a_kind(discriminator=(("/type", "message"), ("/op", 0), ("/v", None)))
    message = message_of(kind, ("a/b~c", "because"))
    assert "Told from its siblings: `/type` is `message`, `/op` is `0`, `/v` is `null`." in message["description"]
    assert message["x-wsobserve-discriminator"] == {"/type": "message", "/op": 0, "/v": None}
    assert message["correlationId"] == {"location": "$message.payload#/a~1b~0c", "description": "because"}


def test_directions_as_far_as_they_are_known() -> None:
    assert directions_of(a_kind(direction="client_to_server", messages=3)) == {"client_to_server": 3}
    assert directions_of(a_kind(direction=None)) == {None: 10}
    both = a_kind(direction=None, directions={"server_to_client": 4, "client_to_server": 5, "unknown": 1})
    assert directions_of(both) == {"client_to_server": 5, "server_to_client": 4, None: 1}
    assert message_of(both, None)["summary"] == "10 messages, 5 client to server, 4 server to client, 1 unknown direction"


def test_schemas_of_payloads_and_what_they_refer_to() -> None:
    tree = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "tree",
        "type": "object",
        "properties": {"root": {"$ref": "#/$defs/node"}},
        "$defs": {"node": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
    }
    kind = a_kind("tree", schema=tree)
    assert payload_schemas([kind]) == {
        kind.id: {"title": "tree", "type": "object", "properties": {"root": {"$ref": "#/components/schemas/Root"}}},
        "Root": {"type": "array", "items": {"$ref": "#/components/schemas/Root"}},
    }


def test_what_kinds_share_is_one_schema() -> None:
    user = an_object(id="integer", name="string", roles="array")
    kinds = [a_kind(name, schema=an_object(user=user)) for name in ("join", "leave")]
    schemas = payload_schemas(kinds)
    assert schemas["User"]["required"] == ["id", "name", "roles"]
    assert schemas[kinds[0].id]["properties"] == {"user": {"$ref": "#/components/schemas/User"}}


def test_formats_that_no_kind_is_in_are_counted_by_direction() -> None:
    totals = [
        a_total("client_to_server", formats={"json": 4, "text": 2, "undecoded": 1}),
        a_total("server_to_client", formats={"text": 3, "binary": 1, "msgpack": 5}),
    ]
    counts = {("binary", "server_to_client"): 1, ("text", "client_to_server"): 2, ("text", "server_to_client"): 3}
    assert unstructured_messages(totals, [a_kind()]) == counts
    assert unstructured_messages(totals, [a_kind(formats={"text": 5})]) == {("binary", "server_to_client"): 1}


def test_a_message_without_structure() -> None:
    message = unstructured_message("binary", {"client_to_server": 2, "server_to_client": 1})
    assert message["summary"] == "3 messages, 2 client to server, 1 server to client"
    assert (message["contentType"], message["payload"]) == (
        "application/octet-stream",
        {"type": "string", "contentEncoding": "base64"},
    )


def test_times_that_no_calendar_has() -> None:
    assert f"{10**30} ns" in message_of(a_kind(first_ns=10**30), None)["description"]
