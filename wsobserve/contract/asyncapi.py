"""An AsyncAPI document (2.x or 3.x) in; the contract that it makes about WebSocket traffic, out.

The document is written from the side of one application, the server unless said otherwise. What that application sends
goes from server to client: in AsyncAPI 3 the operations with `action: send`, in AsyncAPI 2 those called `subscribe`
(others subscribe to what it sends). Replies go the other way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from wsobserve.contract.json_schemas import dialect_of
from wsobserve.contract.sources import ContractError, Place, Sources, shown
from wsobserve.contract.terms import Contract, ContractChannel, ContractMessage, Media, Operation, Schema
from wsobserve.records import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Direction

Perspective = Literal["server", "client"]

# Schema formats whose schemas are JSON Schemas, or a superset that says the same of JSON.
JSON_SCHEMA_FORMAT = re.compile(r"application/(vnd\.aai\.asyncapi|vnd\.oai\.openapi|schema)(\+json|\+yaml)?\s*(;.*)?")
JSON_MEDIA = re.compile(r"application/(.*\+)?(json|msgpack|x-msgpack|vnd\.msgpack|cbor)")


def is_asyncapi(document: object) -> bool:
    """Whether a document says that it is one."""
    return isinstance(document, dict) and isinstance(document.get("asyncapi"), str)


def asyncapi_contract(sources: Sources, address: str, perspective: Perspective = "server") -> Contract:
    """What the document at this address says. ContractError when it cannot be understood."""
    root = sources.root(address)
    version = str(root.field("asyncapi"))
    reader = {"2": AsyncApi2, "3": AsyncApi3}.get(version.partition(".")[0])
    if reader is None:
        raise ContractError(f"{shown(root.location)}: AsyncAPI {version} is neither 2.x nor 3.x")
    channels = reader(sources, root, perspective).channels()
    if not any(channel.messages for channel in channels):
        raise ContractError(f"{shown(root.location)} has no messages")
    info = root.field("info")
    title = info.get("title") if isinstance(info, dict) else None
    return Contract(title=str(title or shown(root.location)), language=f"AsyncAPI {version}", channels=tuple(channels))


class AsyncApi:
    """What both major versions have in common. `sent`: the direction of what the document's application sends."""

    def __init__(self, sources: Sources, root: Place, perspective: Perspective) -> None:
        self.sources = sources
        self.root = root
        directions: tuple[Direction, Direction] = (SERVER_TO_CLIENT, CLIENT_TO_SERVER)
        self.sent, self.received = directions if perspective == "server" else directions[::-1]

    def at(self, place: Place, *keys: str) -> Place | None:
        """What lies under these keys, references followed; None when there is nothing."""
        for key in keys:
            place = self.sources.follow(place)
            if not isinstance(place.value, dict) or place.value.get(key) is None:
                return None
            place = place.child(key)
        return self.sources.follow(place)

    def listed(self, place: Place, *keys: str) -> Iterator[tuple[str, Place]]:
        """The entries of an object under these keys."""
        found = self.at(place, *keys)
        if found is not None:
            yield from found.entries()

    def content_type(self, message: Place, latest_wins: bool) -> str:
        """Its own, its traits' or the default. `latest_wins`: traits go over what the message says (AsyncAPI 2)."""
        traits = [
            self.sources.follow(trait).field("contentType") for trait in (self.at(message, "traits") or message).elements()
        ]
        own = message.field("contentType")
        said = [each for each in ([own, *traits] if latest_wins else [*traits, own]) if isinstance(each, str)]
        default = self.root.field("defaultContentType")
        return said[-1] if said else str(default or "application/json")

    def message(self, name: str, place: Place, latest_wins: bool) -> ContractMessage:
        """A message object."""
        media = media_of(self.content_type(place, latest_wins))
        schema, unchecked = None, None
        payload = self.at(place, "payload")
        if media == "binary":
            unchecked = "binary content"
        elif payload is not None:
            form = place.field("schemaFormat")
            if isinstance(payload.value, dict) and isinstance(payload.field("schemaFormat"), str):  # AsyncAPI 3
                form = payload.field("schemaFormat")
                payload = self.at(payload, "schema")
            if payload is None or (isinstance(form, str) and not JSON_SCHEMA_FORMAT.fullmatch(form)):
                unchecked = f"schema format {form}"
            elif not isinstance(payload.value, dict | bool):
                raise ContractError(f"{shown(payload.location)} is no schema")
            else:
                by_format = "2020-12" if isinstance(form, str) and "2020-12" in form else "draft-07"
                schema = Schema(payload.location, dialect_of(payload, by_format))  # type: ignore[arg-type]  # one of both
        return ContractMessage(name=name, location=place.location, schema=schema, media=media, unchecked=unchecked)

    def routes(self, address: object, servers: Iterable[Place]) -> tuple[str, ...]:
        """The request paths that an address may stand for: below the path of a server, or alone.

        An address that is no path may be a topic on the connections to the server itself, too.
        """
        if not isinstance(address, str):
            return ()
        path = address.partition("?")[0].partition("#")[0]
        bases = [*(base.rstrip("/") for base in map(self.server_path, servers)), ""]
        found = [f"{base}/{path.lstrip('/')}" for base in bases]
        if not address.startswith("/"):
            found += [base or "/" for base in bases]
        return tuple(dict.fromkeys(route.rstrip("/") or "/" for route in found))

    def server_path(self, server: Place) -> str:
        """The path at which a server is."""
        raise NotImplementedError

    def channels(self) -> list[ContractChannel]:
        """All of them."""
        raise NotImplementedError


class AsyncApi2(AsyncApi):
    """AsyncAPI 2.0 to 2.6."""

    def channels(self) -> list[ContractChannel]:
        """All of them."""
        return [self.channel(address, self.sources.follow(place)) for address, place in self.listed(self.root, "channels")]

    def channel(self, address: str, place: Place) -> ContractChannel:
        messages: dict[str, ContractMessage] = {}
        operations = []
        for kind, direction in (("publish", self.received), ("subscribe", self.sent)):
            operation = self.at(place, kind)
            if operation is None:
                continue
            names = []
            for number, message in enumerate(self.messages(operation)):
                known = [name for name, each in messages.items() if each.location == message.location]
                if not known:
                    name = unused(self.name(message, f"{kind} {number + 1}"), messages)
                    messages[name] = self.message(name, message, latest_wins=True)
                    known = [name]
                names.append(known[0])
            identifier = operation.field("operationId")
            operations.append(
                Operation(name=str(identifier or f"{kind} {address}"), direction=direction, messages=tuple(names))
            )
        wanted = place.field("servers")
        servers = [
            self.sources.follow(server)
            for name, server in self.listed(self.root, "servers")
            if not isinstance(wanted, list) or not wanted or name in wanted
        ]
        return ContractChannel(
            name=address,
            address=address,
            routes=self.routes(address, servers),
            messages=tuple(messages.values()),
            operations=tuple(operations),
        )

    def messages(self, operation: Place) -> list[Place]:
        message = self.at(operation, "message")
        if message is None:
            return []
        alternatives = self.at(message, "oneOf")
        return [message] if alternatives is None else [self.sources.follow(each) for each in alternatives.elements()]

    def name(self, message: Place, otherwise: str) -> str:
        for key in ("messageId", "name"):
            said = message.field(key)
            if isinstance(said, str) and said:
                return said
        parent, _, key = message.location.rpartition("/")
        return unquote(key) if parent.endswith("/messages") else otherwise

    def server_path(self, server: Place) -> str:
        url = server.field("url")
        if not isinstance(url, str):
            return ""
        return urlsplit(url if "://" in url else f"//{url}").path if "{" not in url else _path_with_braces(url)


class AsyncApi3(AsyncApi):
    """AsyncAPI 3.0 and later."""

    def channels(self) -> list[ContractChannel]:
        """All of them, with the operations that name them."""
        operations: dict[str, list[Operation]] = {}
        for name, place in self.listed(self.root, "operations"):
            operation = self.sources.follow(place)
            action = operation.field("action")
            if action not in ("send", "receive"):
                raise ContractError(f"{shown(operation.location)} is neither `action: send` nor `action: receive`")
            direction, back = (self.sent, self.received) if action == "send" else (self.received, self.sent)
            channel = self.at(operation, "channel")
            if channel is None:
                raise ContractError(f"{shown(operation.location)} has no channel")
            for location, names in self.named(operation, channel):
                operations.setdefault(location, []).append(Operation(name=name, direction=direction, messages=names))
            reply = self.at(operation, "reply")
            if reply is not None:
                for location, names in self.named(reply, self.at(reply, "channel") or channel):
                    operations.setdefault(location, []).append(
                        Operation(name=f"{name} (reply)", direction=back, messages=names)
                    )
        found = []
        for name, place in self.listed(self.root, "channels"):
            channel = self.sources.follow(place)
            found.append(self.channel(name, channel, operations.get(channel.location, [])))
        return found

    def named(self, place: Place, channel: Place) -> list[tuple[str, tuple[str, ...]]]:
        """The messages of an operation or of its reply, with the location of the channel that has them."""
        on_channel = {self.sources.follow(message).location: name for name, message in self.listed(channel, "messages")}
        wanted = self.at(place, "messages")
        if wanted is None:
            # A reply that names neither messages nor a channel of its own may be anything.
            if place.location.endswith("/reply") and self.at(place, "channel") is None:
                return []
            return [(channel.location, tuple(on_channel.values()))]
        names = []
        for reference in wanted.elements():
            message = self.sources.follow(reference)
            if message.location not in on_channel:
                raise ContractError(f"{shown(reference.location)} is no message of its channel")
            names.append(on_channel[message.location])
        return [(channel.location, tuple(names))]

    def channel(self, name: str, place: Place, operations: list[Operation]) -> ContractChannel:
        wanted = self.at(place, "servers")
        if wanted is not None and list(wanted.elements()):
            servers = [self.sources.follow(server) for server in wanted.elements()]
        else:
            servers = [self.sources.follow(server) for _, server in self.listed(self.root, "servers")]
        address = place.field("address")
        return ContractChannel(
            name=name,
            address=address if isinstance(address, str) else None,
            routes=self.routes(address, servers),
            messages=tuple(
                self.message(key, self.sources.follow(message), latest_wins=False)
                for key, message in self.listed(place, "messages")
            ),
            operations=tuple(operations),
        )

    def server_path(self, server: Place) -> str:
        path = server.field("pathname")
        return f"/{path.strip('/')}" if isinstance(path, str) else ""


def media_of(content_type: str) -> Media:
    """What kind of value a content type stands for."""
    kind = content_type.partition(";")[0].strip().lower()
    if JSON_MEDIA.fullmatch(kind):
        return "json"
    return "text" if kind.startswith("text/") else "binary"


def unused(name: str, taken: dict[str, Any]) -> str:
    """This name, or the first with a number behind it that is free."""
    number = 1
    unique = name
    while unique in taken:
        number += 1
        unique = f"{name} ({number})"
    return unique


def _path_with_braces(url: str) -> str:
    """The path of a URL whose parts are variables: `wss://{host}:{port}/{version}/ws`."""
    rest = url.partition("://")[2] if "://" in url else url
    slash = rest.find("/")
    return "" if slash < 0 else rest[slash:].partition("?")[0]
