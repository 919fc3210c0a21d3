"""What requests carry to say who asks in, security schemes of AsyncAPI out: names of fields, cookies and schemes, no values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from wsobserve.publish.wording import code, codes, share_text
from wsobserve.records import RouteTotal

HIDDEN = "***"
PLACES = ("header", "cookie", "query", "subprotocol")
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
