"""What is known of one channel in; its Channel Object and operations out, as the server sees them.

Several channels may share an address: one WebSocket connection carries them all, and each says what tells its messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from wsobserve.publish.asyncapi_messages import directions_of, message_of, unstructured_message, unstructured_messages
from wsobserve.publish.correlation import Exchange, correlated_fields, exchanges
from wsobserve.publish.handshake_schema import added, websocket_binding
from wsobserve.publish.wording import ARROWS, bytes_text, code, codes, counted, rate_text, tallied
from wsobserve.records import (
    CLIENT_TO_SERVER,
    SERVER_TO_CLIENT,
    ChannelTotal,
    Direction,
    MessageKind,
    Record,
    RouteTotal,
    name_hash,
)

ACTIONS: dict[Direction, str] = {CLIENT_TO_SERVER: "receive", SERVER_TO_CLIENT: "send"}
PLACEHOLDER = re.compile(r"\{id\}")
NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9_]+")


class ChannelView(Record, frozen=True, kw_only=True):
    """Everything that a document tells of one channel comes from here."""

    key: str  # its name in the document
    channel: str
    address: str | None  # path template; None: not known
    kinds: tuple[MessageKind, ...]
    totals: tuple[ChannelTotal, ...]
    routes: tuple[RouteTotal, ...]
    servers: tuple[str, ...]  # their names in the document
    sharing: tuple[str, ...] = ()  # the other channels of this address
    security: tuple[str, ...] = ()  # names of the schemes of which each request used one

    @property
    def subprotocols(self) -> dict[str, int]:
        """How many connections agreed on each."""
        return added(route.subprotocols for route in self.routes)


def channel_object(view: ChannelView) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The channel, and its messages by their keys, which go into the components of the document."""
    found = exchanges(view.kinds, list(view.subprotocols))
    correlated = correlated_fields(found)
    messages = {kind.id: message_of(kind, correlated.get(kind.id)) for kind in view.kinds}
    for form, counts in _unstructured(view).items():
        messages[f"{view.key}.{form}"] = unstructured_message(form, counts)
    address, parameters = _address(view)
    channel: dict[str, Any] = {
        "address": address,
        "title": view.channel,
        "summary": counted(sum(total.messages for total in view.totals), "message"),
        "description": _description(view),
    }
    if view.servers:
        channel["servers"] = [{"$ref": f"#/servers/{name}"} for name in view.servers]
    if parameters:
        channel["parameters"] = parameters
    channel["messages"] = {key: {"$ref": f"#/components/messages/{key}"} for key in messages}
    channel["bindings"] = {"ws": websocket_binding(view.routes)}
    channel["tags"] = [{"name": name} for name in sorted(view.subprotocols)]
    if not channel["tags"]:
        del channel["tags"]
    channel["x-wsobserve-channel"] = view.channel
    if view.subprotocols:
        channel["x-wsobserve-subprotocol"] = _listed(view.subprotocols)
    extensions = added(route.extensions for route in view.routes)
    if extensions:
        channel["x-wsobserve-extensions"] = _listed(extensions)
    if discriminating_fields(view.kinds):
        channel["x-wsobserve-discriminator"] = discriminating_fields(view.kinds)
    return channel, messages


def operations(view: ChannelView) -> dict[str, dict[str, Any]]:
    """What the server receives and sends on the channel; a request whose reply is known is an operation of its own."""
    found = {exchange.request: exchange for exchange in exchanges(view.kinds, list(view.subprotocols))}
    made: dict[str, dict[str, Any]] = {}
    unstructured = _unstructured(view)
    for direction, action in ACTIONS.items():
        kinds = [kind for kind in view.kinds if direction in directions_of(kind)]
        plain = [kind.id for kind in kinds if kind.id not in found]
        plain += [f"{view.key}.{form}" for form, counts in unstructured.items() if direction in counts]
        total = sum(total.messages for total in view.totals if total.direction == direction)
        if plain:
            made[f"{view.key}.{action}"] = _operation(view, direction, plain, f"{counted(total, 'message')} on this channel")
        for kind in kinds:
            if kind.id in found:
                operation = _operation(view, direction, [kind.id], counted(kind.messages, "request"))
                made[f"{kind.id}.{action}"] = operation | _reply(view, found[kind.id])
    return made


def discriminating_fields(kinds: Iterable[MessageKind]) -> list[str]:
    """JSON pointers to the fields whose constants tell the kinds of a channel apart."""
    return sorted({pointer for kind in kinds for pointer, _ in kind.discriminator})


def _operation(view: ChannelView, direction: Direction, messages: Sequence[str], summary: str) -> dict[str, Any]:
    action = ACTIONS[direction]
    verb = "receives from clients" if action == "receive" else "sends to clients"
    operation: dict[str, Any] = {
        "action": action,
        "title": f"{action} {view.channel}",
        "summary": summary,
        "description": f"What the server {verb} on {code(view.channel)}.",
        "channel": {"$ref": f"#/channels/{view.key}"},
        "messages": [{"$ref": f"#/channels/{view.key}/messages/{key}"} for key in messages],
        "tags": [{"name": view.channel}],
    }
    if view.security:
        operation["security"] = [{"$ref": f"#/components/securitySchemes/{name}"} for name in view.security]
    return operation


def _reply(view: ChannelView, exchange: Exchange) -> dict[str, Any]:
    said = "known" if exchange.certain else "inferred"
    return {
        "description": f"A request with its replies on {code(view.channel)}. The reply is {said}: {exchange.evidence}",
        "reply": {
            "channel": {"$ref": f"#/channels/{view.key}"},
            "messages": [{"$ref": f"#/channels/{view.key}/messages/{key}"} for key in exchange.replies],
        },
        "x-wsobserve-reply": {"certainty": said, "field": exchange.field},
    }


def _unstructured(view: ChannelView) -> dict[str, dict[Direction | None, int]]:
    by_form: dict[str, dict[Direction | None, int]] = {}
    for (form, direction), count in unstructured_messages(view.totals, view.kinds).items():
        by_form.setdefault(form, {})[direction] = count
    return by_form


def _address(view: ChannelView) -> tuple[str | None, dict[str, Any]]:
    """The address with a name of its own for each parameter, and the parameters."""
    if view.address is None:
        return None, {}
    parameters: dict[str, Any] = {}
    pieces = PLACEHOLDER.split(view.address)
    address = _literal(pieces[0])
    for number, piece in enumerate(pieces[1:], 1):
        name = "id" if number == 1 else f"id{number}"
        before = pieces[number - 1].rstrip("/").rpartition("/")[2]
        what = f"Identifier in the path behind {code(before)}" if before else "Identifier in the path"
        parameters[name] = {"description": f"{what}; its values are not told."}
        address += "{" + name + "}" + _literal(piece)
    return address, parameters


def _literal(piece: str) -> str:
    """Braces, question and number signs of a path mean something in an address."""
    for character in "{}?#":
        piece = piece.replace(character, f"%{ord(character):02X}")
    return piece


def _description(view: ChannelView) -> str:
    parts = []
    if view.address is None:
        parts.append("The handshakes of these connections are not in the capture, so the address is not known.")
    if view.sharing:
        fields = discriminating_fields(view.kinds)
        told = f"told apart by {codes(fields)}" if fields else "told apart by what the messages are"
        parts.append(f"Shares its address with {codes(view.sharing)}: one connection carries them all, {told}.")
    elif discriminating_fields(view.kinds):
        parts.append(f"Kinds of message are told apart by {codes(discriminating_fields(view.kinds))}.")
    parts.append(_volumes(view.totals))
    if view.subprotocols:
        parts.append(f"Subprotocols agreed: {tallied(view.subprotocols)}.")
    undecoded = sum(total.undecoded for total in view.totals)
    if undecoded:
        parts.append(f"{counted(undecoded, 'message')} could not be decoded and {_are(undecoded)} not described.")
    unknown = [kind.name or kind.id for kind in view.kinds if None in directions_of(kind)]
    if unknown:
        parts.append(f"It is not known who sent {codes(unknown)}, so no operation has it.")
    return "\n\n".join(part for part in parts if part)


def _volumes(totals: Iterable[ChannelTotal]) -> str:
    rows = [
        f"| {ARROWS[total.direction]} | {total.messages:,} | {rate_text(total.rate)} | {bytes_text(total.frame_bytes)}"
        f" | {bytes_text(total.payload_bytes)} | {_size(total.size_p50)} | {_size(total.size_p99)} |"
        for total in totals
    ]
    if not rows:
        return "No messages were seen."
    head = "| direction | messages | rate | on the wire | inflated | median size | 99 % up to |"
    return "\n".join([head, "|---|---|---|---|---|---|---|", *rows])


def _size(size: float | None) -> str:
    return "not known" if size is None else bytes_text(round(size))


def _listed(counts: dict[str, int]) -> list[dict[str, Any]]:
    """A list, as the names are somebody else's: not every text may be a key where documents are read in JavaScript."""
    return [{"name": name, "connections": count} for name, count in counts.items()]


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def document_keys(channels: Iterable[str]) -> dict[str, str]:
    """By channel: a readable key; those that would be the same get one that never is."""
    words = {channel: NOT_IN_KEYS.sub("-", channel).strip("-")[:64] or "root" for channel in sorted(set(channels))}
    taken: dict[str, int] = {}
    for word in words.values():
        taken[word] = taken.get(word, 0) + 1
    return {channel: word if taken[word] == 1 else f"{word}-{name_hash(channel) >> 40:06x}" for channel, word in words.items()}
