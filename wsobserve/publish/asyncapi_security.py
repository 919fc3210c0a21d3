"""What requests and messages carry to say who asks in, security schemes of AsyncAPI out: names alone, no values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from wsobserve.publish.asyncapi_messages import directions_of
from wsobserve.publish.wording import code, codes, share_text
from wsobserve.records import CLIENT_TO_SERVER, MessageKind, RouteTotal

HIDDEN = "***"
PLACES = ("header", "cookie", "query", "subprotocol")
USER = re.compile(r"user|user_?name|login|account|e?mail")
PASSWORD = re.compile(r"pass|pwd|passw(or)?d|passphrase")
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")


def scheme_names(routes: Iterable[RouteTotal]) -> dict[str, str]:
    """By credential (`query:token`, as in `Handshake.credentials`): the name of its scheme in the document."""
    names: dict[str, str] = {}
    for credential in sorted({credential for route in routes for credential in route.credentials}):
        place, _, what = credential.partition(":")
        if place in PLACES:
            words = what.partition(":")[2] if what.startswith("authorization:") else f"{place}-{what}"
            name = NOT_IN_NAMES.sub("-", words).strip("-")
            while name in names.values():
                name += "-"
            names[credential] = name
    return names


def security_schemes(routes: Sequence[RouteTotal], names: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The schemes that accepted requests used, by name, each with how many did."""
    schemes = {}
    for credential, name in names.items():
        users = [route for route in routes if credential in route.credentials]
        seen = sum(route.credentials[credential] for route in users)
        requests = sum(route.requests for route in users)
        paths = sorted({route.route for route in users if route.route is not None})
        schemes[name] = _scheme(credential, f"In {share_text(seen, requests, 'accepted request')} of {codes(paths)}.")
    return dict(sorted(schemes.items()))


def required_security(routes: Iterable[RouteTotal], names: dict[str, str]) -> list[str]:
    """The names of the schemes of which every accepted request used one; none when some did without."""
    totals = [route for route in routes if route.requests]
    if any(route.vouched < route.requests for route in totals):
        return []
    return sorted({names[credential] for route in totals for credential in route.credentials if credential in names})


def password_scheme(kinds: Iterable[MessageKind]) -> dict[str, dict[str, Any]]:
    """A scheme for messages of clients that hold a name and a password next to each other, if there are any."""
    kinds = [kind for kind in kinds if CLIENT_TO_SERVER in directions_of(kind) and _asks_by_password(kind.json_schema, 3)]
    if not kinds:
        return {}
    names = [kind.name or kind.id for kind in sorted(kinds, key=lambda kind: kind.id)]
    return {"password": {"type": "userPassword", "description": f"In the payload of {codes(names)}, after the handshake."}}


def _asks_by_password(schema: object, depth: int) -> bool:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return False
    texts = {name.lower() for name, inner in properties.items() if isinstance(inner, dict) and inner.get("type") == "string"}
    if any(map(USER.fullmatch, texts)) and any(map(PASSWORD.fullmatch, texts)):
        return True
    return depth > 1 and any(_asks_by_password(inner, depth - 1) for inner in properties.values())


def _scheme(credential: str, where: str) -> dict[str, Any]:
    place, _, what = credential.partition(":")
    if place == "subprotocol":
        what_for = "Something that looks like a token" if what == HIDDEN else f"A token behind {code(what)}"
        text = f"{what_for} among the subprotocols that the client offers. {where}"
        return {"type": "httpApiKey", "in": "header", "name": "Sec-WebSocket-Protocol", "description": text}
    if what.startswith("authorization:"):
        return {"type": "http", "scheme": what.partition(":")[2], "description": where}
    name = "-".join(word.capitalize() for word in what.split("-")) if place == "header" else what
    return {"type": "httpApiKey", "in": place, "name": name, "description": where}
