"""Message kinds of one channel in; which of their fields seem to tie a reply to its request out, with the evidence.

Exchanges are not matched message by message yet, so this is inferred, and cautiously: a field that is always there, of
one type, in kinds of opposite directions. A telling name (`request_id`) is enough then. `id` is also what entities have:
there it takes a subprotocol or JSON-RPC, which say what it means, or one reply counted for each request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from wsobserve.publish.wording import code
from wsobserve.records import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Direction, MessageKind, Record

# Names without case and separators.
TELLING = re.compile(r"(request|req|correlation|corr|call|command|cmd|transaction|inreplyto)id|reqno|requestno|inreplyto")
POSSIBLE = re.compile(r"id|ref|rid|cid|mid|seq|sequence|nonce|(msg|message)(id|ref)")
SCALARS = {"string", "integer", "number"}

# What two subprotocols say of their field `id` (the documents PROTOCOL.md of graphql-ws and subscriptions-transport-ws).
SUBPROTOCOLS: dict[str, dict[str, tuple[str, ...]]] = {
    "graphql-transport-ws": {"subscribe": ("next", "error", "complete")},
    "graphql-ws": {"start": ("data", "error", "complete")},
}

FEWEST = 5  # requests whose number says something
MOST_UNANSWERED = 0.05  # of the requests, or one


class Exchange(Record, frozen=True, kw_only=True):
    """A request with the kinds that reply to it. `certain`: the subprotocol or JSON-RPC says so."""

    request: str  # MessageKind.id
    direction: Direction  # of the request
    replies: tuple[str, ...]
    field: str
    certain: bool
    evidence: str


def exchanges(kinds: Iterable[MessageKind], subprotocols: Sequence[str] = ()) -> tuple[Exchange, ...]:
    """Of one channel. `subprotocols`: all that were agreed on it."""
    ordered = sorted(kinds, key=lambda kind: kind.id)
    from_client = [kind for kind in ordered if _only(kind, CLIENT_TO_SERVER)]
    from_server = [kind for kind in ordered if _only(kind, SERVER_TO_CLIENT)]
    found: dict[str, Exchange] = {}
    for exchange in (
        *_by_subprotocol(from_client, from_server, subprotocols),
        *_by_json_rpc(from_client, from_server, CLIENT_TO_SERVER),
        *_by_json_rpc(from_server, from_client, SERVER_TO_CLIENT),
        # Who asks is not inferred too: that it is the client is what is usual, and who came first says little.
        *_by_name(from_client, from_server),
        *_by_number(from_client, from_server),
    ):
        found.setdefault(exchange.request, exchange)
    return tuple(found[request] for request in sorted(found))


def correlated_fields(found: Iterable[Exchange]) -> dict[str, tuple[str, str]]:
    """By kind: the field that correlates it, and why."""
    fields: dict[str, tuple[str, str]] = {}
    for exchange in found:
        for kind in (exchange.request, *exchange.replies):
            fields.setdefault(kind, (exchange.field, exchange.evidence))
    return fields


def _only(kind: MessageKind, direction: Direction) -> bool:
    return kind.direction == direction or set(kind.directions) == {direction}


def _by_subprotocol(requests: list[MessageKind], replies: list[MessageKind], subprotocols: Sequence[str]) -> list[Exchange]:
    if len(subprotocols) != 1:
        return []
    found = []
    for name, answers in SUBPROTOCOLS.get(subprotocols[0], {}).items():
        for request in requests:
            if request.name == name and "id" in _required(request):
                ids = tuple(kind.id for kind in replies if kind.name in answers and "id" in _required(kind))
                evidence = f"The subprotocol {code(subprotocols[0])} says so."
                found += [_exchange(request, CLIENT_TO_SERVER, ids, "id", evidence, certain=True)] if ids else []
    return found


def _by_json_rpc(requests: list[MessageKind], replies: list[MessageKind], direction: Direction) -> list[Exchange]:
    """JSON-RPC 2.0, 4 and 5: a request has `method` and `id`, its response `id` and either `result` or `error`."""
    answers = tuple(
        kind.id
        for kind in replies
        if "id" in _required(kind) and {"result", "error"} & _properties(kind).keys() and "method" not in _properties(kind)
    )
    evidence = "JSON-RPC: a request has `method` and `id`, its response the same `id` and `result` or `error`."
    return [
        _exchange(request, direction, answers, "id", evidence, certain=True)
        for request in requests
        if answers and "id" in _required(request) and "method" in _always_there(request)
    ]


def _by_name(requests: list[MessageKind], replies: list[MessageKind]) -> list[Exchange]:
    found = []
    for request in requests:
        for field in sorted(_required(request)):
            if TELLING.fullmatch(_plain(field)):
                answers = [kind for kind in replies if request.first_ns <= kind.first_ns and _alike(request, kind, field)]
                evidence = f"{code(field)} is always there, of one type, in kinds of both directions, and has a telling name."
                if answers:
                    ids = tuple(kind.id for kind in answers)
                    found.append(_exchange(request, CLIENT_TO_SERVER, ids, field, evidence))
    return found


def _by_number(requests: list[MessageKind], replies: list[MessageKind]) -> list[Exchange]:
    """One kind of reply came as often as one kind of request, and no other kind shares the field with either."""
    found = []
    for request in requests:
        for field in sorted(_required(request)):
            if not POSSIBLE.fullmatch(_plain(field)):
                continue
            answers = [kind for kind in replies if _alike(request, kind, field)]
            if len(answers) != 1 or _rivals(request, requests, answers[0], field) or not _as_many(request, answers[0]):
                continue
            evidence = (
                f"{code(field)} is always there, of one type, in these two kinds alone, and replies are as many as requests:"
                f" {answers[0].messages:,} for {request.messages:,}."
            )
            found.append(_exchange(request, CLIENT_TO_SERVER, (answers[0].id,), field, evidence))
    return found


def _rivals(request: MessageKind, requests: list[MessageKind], reply: MessageKind, field: str) -> bool:
    return any(_alike(kind, reply, field) for kind in requests if kind.id != request.id)


def _as_many(request: MessageKind, reply: MessageKind) -> bool:
    unanswered = request.messages - reply.messages
    if reply.first_ns < request.first_ns:
        return False
    return request.messages >= FEWEST and 0 <= unanswered <= max(1, int(MOST_UNANSWERED * request.messages))


def _exchange(
    request: MessageKind, direction: Direction, replies: tuple[str, ...], field: str, evidence: str, *, certain: bool = False
) -> Exchange:
    return Exchange(request=request.id, direction=direction, replies=replies, field=field, certain=certain, evidence=evidence)


def _alike(one: MessageKind, other: MessageKind, field: str) -> bool:
    """Whether both always have it, of the same scalar type, and of the same form."""
    if field not in _required(one) or field not in _required(other):
        return False
    ours, theirs = _properties(one)[field], _properties(other)[field]
    forms = ("type", "format", "x-wsobserve-format")
    return str(ours.get("type")) in SCALARS and all(ours.get(form) == theirs.get(form) for form in forms)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _properties(kind: MessageKind) -> dict[str, dict[str, object]]:
    properties = kind.json_schema.get("properties")
    return (
        {name: inner for name, inner in properties.items() if isinstance(inner, dict)} if isinstance(properties, dict) else {}
    )


def _required(kind: MessageKind) -> set[str]:
    """The fields that are always there and are no constants."""
    properties = _properties(kind)
    return {name for name in _always_there(kind) if not {"const", "enum"} & properties[name].keys()}


def _always_there(kind: MessageKind) -> set[str]:
    required = kind.json_schema.get("required")
    return set(required if isinstance(required, list) else ()) & _properties(kind).keys()
