"""Paths, queries, subprotocols: with identifiers, tokens, addresses, and too long."""

from __future__ import annotations

import base64

from tests.fuzz.recorded import Seeds


def seeds() -> Seeds:
    """Paths, queries, subprotocols."""
    token = base64.b64encode(bytes(range(30)))
    texts = {
        "rooms": b"/rooms/42/members?EIO=4&transport=websocket&token=abc",
        "uuid": b"/x/550e8400-e29b-41d4-a716-446655440000",
        "hexadecimal": b"/deadbeef01/facade",
        "token": b"/t/" + token,
        "jwt": b"/eyJhbGciOi.eyJzdWIi.abc",
        "mail": b"/u/a@b.cd/a%40b",
        "parameters": b"/a;v=1/b;x",
        "long": b"/abcdefghij" * 40,
        "many": b"/a" * 30,
        "template": b"/rooms/{id}/...",
        "query": b"/?a=b&c&=d&&v=12345&version=1.2.3&" + b"k=v&" * 40,
        "subprotocol": b"graphql-transport-ws",
        "bearer": b"chat.bearer." + token,
        "kubernetes": b"base64url.bearer.authorization.k8s.io." + token,
        "soap": b"v12.stomp.soap-over-websocket-1",
        "unprintable": b"/\x00\x7f\x80\xff",
        "fragment": b"/a#b?c",
        "none": b"",
        "ulid": b"/01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "serial": b"/E2507-8420-1275",
    }
    yield from texts.items()
