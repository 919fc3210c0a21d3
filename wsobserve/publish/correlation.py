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


class _Fields(Record, frozen=True):
    """A kind with what its schema says of the fields at the top of its messages."""

    kind: MessageKind
    properties: dict[str, dict[str, object]]
    always: frozenset[str]  # those that are always there
    required: frozenset[str]  # of these, those that are no constants


def _fields_of(kind: MessageKind) -> _Fields:
    declared, required = kind.json_schema.get("properties"), kind.json_schema.get("required")
    properties = (
        {name: inner for name, inner in declared.items() if isinstance(inner, dict)} if isinstance(declared, dict) else {}
    )
    always = frozenset(required if isinstance(required, list) else ()) & properties.keys()
    varying = frozenset(name for name in always if not {"const", "enum"} & properties[name].keys())
    return _Fields(kind, properties, always, varying)


def exchanges(kinds: Iterable[MessageKind], subprotocols: Sequence[str] = ()) -> tuple[Exchange, ...]:
    """Of one channel. `subprotocols`: all that were agreed on it."""
    described = [_fields_of(kind) for kind in sorted(kinds, key=lambda kind: kind.id)]
    from_client = [each for each in described if _goes(each.kind, CLIENT_TO_SERVER)]
    from_server = [each for each in described if _goes(each.kind, SERVER_TO_CLIENT)]
    only_client = [each for each in from_client if not _goes(each.kind, SERVER_TO_CLIENT)]
    only_server = [each for each in from_server if not _goes(each.kind, CLIENT_TO_SERVER)]
    found: dict[str, Exchange] = {}
    for exchange in (
        *_by_subprotocol(from_client, from_server, subprotocols),
        *_by_json_rpc(only_client, from_server, CLIENT_TO_SERVER),
        *_by_json_rpc(only_server, from_client, SERVER_TO_CLIENT),
        # Who asks is not inferred too: that it is the client is what is usual, and who came first says little.
        *_by_name(only_client, only_server),
        *_by_number(only_client, only_server),
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


def _goes(kind: MessageKind, direction: Direction) -> bool:
    return kind.direction == direction or direction in kind.directions


def _by_subprotocol(requests: list[_Fields], replies: list[_Fields], subprotocols: Sequence[str]) -> list[Exchange]:
    if len(subprotocols) != 1:
        return []
    found = []
    evidence = f"The subprotocol {code(subprotocols[0])} says so."
    for name, answers in SUBPROTOCOLS.get(subprotocols[0], {}).items():
        ids = tuple(reply.kind.id for reply in replies if reply.kind.name in answers and "id" in reply.required)
        for request in requests:
            if ids and request.kind.name == name and "id" in request.required:
                found.append(_exchange(request, CLIENT_TO_SERVER, ids, "id", evidence, certain=True))
    return found


def _by_json_rpc(requests: list[_Fields], replies: list[_Fields], direction: Direction) -> list[Exchange]:
    """JSON-RPC 2.0, 4 and 5: a request has `method` and `id`, its response `id` and either `result` or `error`."""
    answers = tuple(
        reply.kind.id
        for reply in replies
        if "id" in reply.required and {"result", "error"} & reply.properties.keys() and "method" not in reply.properties
    )
    evidence = "JSON-RPC: a request has `method` and `id`, its response the same `id` and `result` or `error`."
    return [
        _exchange(request, direction, answers, "id", evidence, certain=True)
        for request in requests
        if answers and "id" in request.required and "method" in request.always
    ]


def _by_name(requests: list[_Fields], replies: list[_Fields]) -> list[Exchange]:
    found = []
    for request in requests:
        for field in sorted(request.required):
            if not TELLING.fullmatch(_plain(field)):
                continue
            ids = tuple(
                reply.kind.id
                for reply in replies
                if request.kind.first_ns <= reply.kind.first_ns and _alike(request, reply, field)
            )
            evidence = f"{code(field)} is always there, of one type, in kinds of both directions, and has a telling name."
            if ids:
                found.append(_exchange(request, CLIENT_TO_SERVER, ids, field, evidence))
    return found


def _by_number(requests: list[_Fields], replies: list[_Fields]) -> list[Exchange]:
    """One kind of reply came as often as one kind of request, and no other kind shares the field with either."""
    found = []
    for request in requests:
        for field in sorted(request.required):
            if not POSSIBLE.fullmatch(_plain(field)):
                continue
            answers = [reply for reply in replies if _alike(request, reply, field)]
            if len(answers) != 1 or not _as_many(request.kind, answers[0].kind):
                continue
            if any(_alike(other, answers[0], field) for other in requests if other is not request):
                continue
            evidence = (
                f"{code(field)} is always there, of one type, in these two kinds alone, and replies are as many as requests:"
                f" {answers[0].kind.messages:,} for {request.kind.messages:,}."
            )
            found.append(_exchange(request, CLIENT_TO_SERVER, (answers[0].kind.id,), field, evidence))
    return found


def _as_many(request: MessageKind, reply: MessageKind) -> bool:
    unanswered = request.messages - reply.messages
    if request.messages < FEWEST or reply.first_ns < request.first_ns:
        return False
    return 0 <= unanswered <= max(1, int(MOST_UNANSWERED * request.messages))


def _exchange(
    request: _Fields, direction: Direction, replies: tuple[str, ...], field: str, evidence: str, *, certain: bool = False
) -> Exchange:
    return Exchange(
        request=request.kind.id, direction=direction, replies=replies, field=field, certain=certain, evidence=evidence
    )


def _alike(one: _Fields, other: _Fields, field: str) -> bool:
    """Whether both always have it, of the same scalar type, and of the same form."""
    if field not in one.required or field not in other.required:
        return False
    ours, theirs = one.properties[field], other.properties[field]
    forms = ("type", "format", "x-wsobserve-format")
    return str(ours.get("type")) in SCALARS and all(ours.get(form) == theirs.get(form) for form in forms)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())
