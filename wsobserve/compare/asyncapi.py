"""An AsyncAPI document (2.x or 3.x) in, what it describes out.

The document describes the server, as most do: what it receives (`publish` in 2.x, `receive` in 3.x) is what clients send.
Several channels on one address are one channel here, as they are on the wire.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from wsobserve.compare.described import Channel, Described, Kind, Server
from wsobserve.compare.json_schema import OWN, from_traffic, node_of, words_of
from wsobserve.compare.nodes import Node, Part, Source, text_of
from wsobserve.compare.words import printable
from wsobserve.records import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Direction

MOST_REFERENCES = 16
_OTHER: dict[Direction, Direction] = {CLIENT_TO_SERVER: SERVER_TO_CLIENT, SERVER_TO_CLIENT: CLIENT_TO_SERVER}
_ACTIONS: dict[object, Direction] = {
    "receive": CLIENT_TO_SERVER,
    "publish": CLIENT_TO_SERVER,
    "send": SERVER_TO_CLIENT,
    "subscribe": SERVER_TO_CLIENT,
}
_JSON_FORMATS = ("json", "vnd.aai.asyncapi", "vnd.oai.openapi")


def is_asyncapi(document: object) -> bool:
    """Whether this is an AsyncAPI document, of whatever version."""
    return isinstance(document, dict) and isinstance(document.get("asyncapi"), str | float | int)


def described_asyncapi(document: dict[str, Any], label: str) -> Described:
    """What the document describes. ValueError, one line, when its version is not known."""
    version = str(document["asyncapi"])
    if version.partition(".")[0] not in ("2", "3"):
        raise ValueError(f"AsyncAPI {printable(version)} is not known; 2.x and 3.x are")
    root = Source(document).node()[0]
    channels = _channels_2(root) if version.startswith("2") else _channels_3(root)
    return Described(
        label=label,
        traffic=f"{OWN}observed" in document.get("info", {}) or from_traffic(document.get("channels")),
        channels=tuple(_by_address(channels)),
        servers=tuple(_servers(root)),
        words=words_of(_inner(root, "info"), "title", "description", "version"),
    )


def _inner(part: Part, *steps: str) -> Part:
    """What lies below, references followed; an empty object when there is nothing."""
    for step in steps:
        part = _followed(part)
        if not isinstance(part.schema, dict) or step not in part.schema:
            return Part({}, part.pointer, part.source)
        part = part.inner(step)
    return _followed(part)


def _followed(part: Part) -> Part:
    for _ in range(MOST_REFERENCES):
        if not isinstance(part.schema, dict) or "$ref" not in part.schema:
            break
        target = part.source.follow(part.schema["$ref"])
        if target is None:
            break
        part = target
    return part


def _entries(part: Part, *steps: str) -> Iterator[tuple[str, Part]]:
    """The members of an object, references followed, those that are objects."""
    holder = _inner(part, *steps)
    if isinstance(holder.schema, dict):
        for name in holder.schema:
            member = _followed(holder.inner(name))
            if isinstance(member.schema, dict):
                yield name, member


def _elements(part: Part, *steps: str) -> list[Part]:
    holder = _inner(part, *steps)
    if isinstance(holder.schema, list):
        return [_followed(holder.inner(str(index))) for index in range(len(holder.schema))]
    return []


def _text(part: Part, name: str) -> str | None:
    value = part.schema.get(name) if isinstance(part.schema, dict) else None
    return value if isinstance(value, str) else None


def _channels_2(root: Part) -> Iterator[Channel]:
    for address, channel in _entries(root, "channels"):
        kinds: dict[str, Kind] = {}
        for action in ("publish", "subscribe"):
            operation = _inner(channel, action)
            message = _inner(operation, "message")
            for each in _elements(message, "oneOf") or ([message] if message.schema else []):
                kind = _kind(each, each.pointer.rsplit("/", 1)[-1])
                known = kinds.get(each.pointer, kind)
                kinds[each.pointer] = replace(known, directions=known.directions | {_ACTIONS[action]})
        yield _channel(channel, address, address, tuple(kinds.values()), {})


def _channels_3(root: Part) -> Iterator[Channel]:
    directions, replies, security = _operations(root)
    for identifier, channel in _entries(root, "channels"):
        kinds = []
        for name, message in _entries(channel, "messages"):
            kind = _kind(message, name)
            own = (channel.pointer, message.pointer)
            kinds.append(replace(kind, directions=frozenset(directions.get(own, ()))))
        address = _text(channel, f"{OWN}channel") or _text(channel, "address") or identifier
        found = _channel(channel, identifier, address, tuple(kinds), replies.get(channel.pointer, {}))
        yield replace(found, security=security.get(channel.pointer, frozenset()))


_Place = tuple[str, str]  # pointers of a channel and a message


def _operations(
    root: Part,
) -> tuple[dict[_Place, set[Direction]], dict[str, dict[str, frozenset[str]]], dict[str, frozenset[str]]]:
    """By channel and message its directions; by channel the answers of operations; by channel what must be shown."""
    directions: dict[_Place, set[Direction]] = {}
    replies: dict[str, dict[str, frozenset[str]]] = {}
    security: dict[str, frozenset[str]] = {}
    for name, operation in _entries(root, "operations"):
        direction = _ACTIONS.get(operation.schema.get("action"))
        channel = _inner(operation, "channel")
        if direction is None:
            continue
        for message in _messages(operation, channel):
            directions.setdefault((channel.pointer, message.pointer), set()).add(direction)
        if "security" in operation.schema:
            asked = _security(operation)
            security[channel.pointer] = security.get(channel.pointer, frozenset()) | asked
        if "reply" in operation.schema:
            reply = _inner(operation, "reply")
            where = _inner(reply, "channel") if "channel" in reply.schema else channel
            answers = _messages(reply, where) if "messages" in reply.schema or "channel" in reply.schema else []
            for message in answers:
                directions.setdefault((where.pointer, message.pointer), set()).add(_OTHER[direction])
            labels = frozenset(_text(message, "name") or message.pointer.rsplit("/", 1)[-1] for message in answers)
            replies.setdefault(channel.pointer, {})[name] = labels
    return directions, replies, security


def _messages(holder: Part, channel: Part) -> list[Part]:
    """The messages that an operation names; all of its channel when it names none."""
    if "messages" in holder.schema:
        return _elements(holder, "messages")
    return [message for _, message in _entries(channel, "messages")]


def _kind(message: Part, identifier: str) -> Kind:
    told = message.schema.get(f"{OWN}discriminator")
    return Kind(
        id=_text(message, "messageId") or identifier,
        name=_text(message, "name"),
        node=_payload(message),
        headers=node_of(message, "headers"),
        discriminator={str(pointer): text_of(constant) for pointer, constant in told.items()} if isinstance(told, dict) else {},
        words=words_of(message, "title", "summary", "description"),
    )


def _payload(message: Part) -> Node:
    """The schema of what it carries; one that is not JSON Schema is a text, and compared as one."""
    payload = message.schema.get("payload")
    form = message.schema.get("schemaFormat")
    part = message.inner("payload") if "payload" in message.schema else None
    if part is not None and isinstance(payload, dict) and "schema" in payload and "schemaFormat" in payload:
        form, part = payload["schemaFormat"], part.inner("schema")
    if part is None:
        return ()
    if isinstance(form, str) and not any(known in form for known in _JSON_FORMATS):
        return (Part(f"{form}: {text_of(part.schema)}", part.pointer, Source(form)),)
    return (part,)


def _channel(
    channel: Part, identifier: str, address: str, kinds: tuple[Kind, ...], replies: dict[str, frozenset[str]]
) -> Channel:
    binding = _inner(channel, "bindings", "ws")
    others = {name: text_of(part.schema) for name, part in _entries(channel, "bindings") if name != "ws"}
    if "method" in binding.schema:
        others["ws method"] = text_of(binding.schema["method"])
    return Channel(
        id=identifier,
        address=address,
        kinds=kinds,
        query=node_of(binding, "query"),
        headers=node_of(binding, "headers"),
        bindings=others,
        replies=replies,
        words=words_of(channel, "title", "summary", "description"),
    )


def _by_address(channels: Iterable[Channel]) -> Iterator[Channel]:
    """Channels that share an address are one; of what they say of it the first word counts."""
    found: dict[str, Channel] = {}
    for channel in channels:
        known = found.get(channel.address)
        if known is None:
            found[channel.address] = channel
            continue
        found[channel.address] = replace(
            known,
            kinds=(*known.kinds, *channel.kinds),
            query=known.query or channel.query,
            headers=known.headers or channel.headers,
            bindings={**(channel.bindings or {}), **(known.bindings or {})},
            replies={**(channel.replies or {}), **(known.replies or {})},
            security=(known.security or frozenset()) | (channel.security or frozenset()),
        )
    return iter(found.values())


def _servers(root: Part) -> Iterator[Server]:
    for identifier, server in _entries(root, "servers"):
        address = _text(server, "url") or (_text(server, "host") or "") + (_text(server, "pathname") or "")
        yield Server(
            id=identifier,
            address=_without_user(address),
            protocol=_text(server, "protocol"),
            security=_security(server),
            words=words_of(server, "title", "summary", "description", "protocolVersion"),
        )


def _without_user(address: str) -> str:
    """A URL may hold a name and a password."""
    before, at, after = address.rpartition("@")
    scheme, slashes, _ = before.rpartition("//")
    return f"{scheme}{slashes}***@{after}" if at else address


def _security(holder: Part) -> frozenset[str]:
    """What must be shown, each of these enough: the kind of each scheme and where it stands, in words."""
    found = set()
    for element in _elements(holder, "security"):
        if "type" in element.schema:  # 3.x: a scheme
            found.add(_scheme(element))
            continue
        names = [name for name in element.schema if name != "$ref"]  # 2.x: all of these schemes together
        schemes = [_inner(holder.source.node()[0], "components", "securitySchemes", name) for name in names]
        words = [_scheme(scheme) if scheme.schema else printable(name) for name, scheme in zip(names, schemes, strict=True)]
        found.add(" and ".join(sorted(words)) or "nothing")
    return frozenset(found)


def _scheme(scheme: Part) -> str:
    parts = [_text(scheme, name) for name in ("type", "scheme", "in", "name")]
    return " ".join(printable(text) for text in parts if text)
