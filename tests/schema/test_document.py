"""Schemas as documents: one a channel, the same text for the same kinds."""

from __future__ import annotations

import json

from wsobserve.records import MessageKind
from wsobserve.schema.document import channel_documents, document_name, document_text


def kind(channel: str, name: str, **schema: object) -> MessageKind:
    return MessageKind(
        id=f"{channel.strip('/')}.{name}",
        channel=channel,
        direction="client_to_server",
        name=name,
        messages=1,
        first_ns=1,
        last_ns=2,
        formats={"json": 1},
        json_schema={"$schema": "x", "type": "object", **schema},
    )


def test_a_channel_is_the_union_of_its_kinds() -> None:
    documents = channel_documents([kind("/b", "tick"), kind("/a", "say"), kind("/a", "join")])
    assert list(documents) == ["/a", "/b"]
    assert documents["/a"]["anyOf"] == [{"$ref": "#/$defs/a.join"}, {"$ref": "#/$defs/a.say"}]
    assert documents["/a"]["$defs"]["a.say"] == {"type": "object"}


def test_the_order_of_kinds_does_not_change_the_text() -> None:
    kinds = [kind("/a", "x"), kind("/a", "y"), kind("/b", "z")]
    assert document_text(channel_documents(kinds)) == document_text(channel_documents(reversed(kinds)))
    assert json.loads(document_text(channel_documents(kinds)))


def test_every_channel_has_a_file_name_of_its_own() -> None:
    names = {document_name(channel) for channel in ("/a/b", "/a-b", "/", "", "unknown route", "/" + "x" * 999)}
    assert len(names) == 6
    assert all("/" not in name and len(name) < 120 for name in names)
