"""Header fields of a request that nobody here reads in; which they are, and how the request vouches for itself, out.

Nothing of a value comes out: of Cookie the names of the cookies, of Authorization the scheme, of other fields their name.
"""

from __future__ import annotations

import re
from itertools import pairwise

from wsobserve.redaction import CUT, REDACTED, looks_like_identifier, redact_name, redact_subprotocol

MOST = 32  # names of one request that are kept
LOOKED_AT = 256  # fields; nobody sends so many for the service to read

# What every client, browser or proxy sends with any request: it says nothing about the service.
EVERYDAY = re.compile(
    r"accept(-.*)?|cache-control|connection|content-type|date|dnt|expect|forwarded|from|if-.*|keep-alive|max-forwards|pragma"
    r"|priority|proxy-.*|referer|sec-ch-.*|sec-fetch-.*|sec-gpc|sec-websocket-(draft|key2)|set-cookie|te|trailer|tracestate"
    r"|upgrade-insecure-requests|via|x-forwarded-.*|x-real-ip|x-request-id"
)
FIELD_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
COOKIE = re.compile(r"""(?:^|;)\s*([^=;"\s]{1,64})=(?:"[^"]*"|[^;]*)""")

# HTTP Authentication Scheme Registry (RFC 9110, 16.4.1), and a few that are common without being in there.
SCHEME = re.compile(
    r"apikey|aws4-hmac-sha256|basic|bearer|concealed|digest|dpop|gnap|hoba|mutual|negotiate|ntlm|oauth|privatetoken"
    r"|scram-sha-1|scram-sha-256|token|vapid"
)

WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
CREDENTIAL = re.compile(  # at the end of a word, as several are often written in one: `accesstoken`
    r"(?:token|jwt|bearer|passw(?:or)?d|pwd|secret|credentials?|ticket|signature|(?:api|access|auth|app|private)key)$"
    r"|^(?:auth|authorization|authentication)$"
)
KEY_OF = frozenset(("api", "access", "auth", "app", "private"))  # `key` alone may be any key
FORGERY = frozenset(("csrf", "xsrf"))  # tokens that tell where a request comes from, and not from whom
SESSION = re.compile(r"sess|sid$")


class Carried:
    """The names of the fields of one head: at most MOST, and whether there were more."""

    __slots__ = ("_fields", "_more", "_names")

    def __init__(self) -> None:
        self._fields = 0
        self._names: set[str] = set()
        self._more = False

    def add(self, name: str, value: str) -> None:
        """One more field. `name`: lower case."""
        self._fields += 1
        if self._fields > LOOKED_AT:
            self._more = True
            return
        if EVERYDAY.fullmatch(name):
            return
        if name == "cookie":
            self._keep(name)
            for cookie in COOKIE.finditer(value):
                self._keep(f"cookie:{redact_name(cookie[1])}")
        elif name == "authorization":
            scheme, space, _ = value.strip().partition(" ")
            self._keep(f"{name}:{scheme.lower()}" if space and SCHEME.fullmatch(scheme.lower()) else name)
        else:
            shown = FIELD_NAME.fullmatch(name) and not looks_like_identifier(name)
            self._keep(name if shown else REDACTED)

    def names(self) -> tuple[str, ...]:
        """What was kept, sorted; `...` at the end: there was more."""
        return (*sorted(self._names), CUT) if self._more else tuple(sorted(self._names))

    def _keep(self, name: str) -> None:
        if name in self._names:
            return
        if len(self._names) < MOST:
            self._names.add(name)
        else:
            self._more = True


def field_names(carried: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the fields alone."""
    return tuple(sorted({name.partition(":")[0] for name in carried}))


def credentials(carried: tuple[str, ...], query_keys: tuple[str, ...], subprotocols: tuple[str, ...]) -> tuple[str, ...]:
    """By what a request seems to say who asks: `header:authorization:bearer`, `cookie:session_id`, `query:token`...

    `subprotocols`: as offered; clients that cannot set header fields put tokens there.
    """
    found = {f"query:{key}" for key in query_keys if names_credential(key)}
    for name in carried:
        field, colon, what = name.partition(":")
        if field == "authorization":
            found.add(f"header:{name}")
        elif field == "cookie" and colon:
            if names_credential(what) or SESSION.search(what.lower()):
                found.add(name)
        elif names_credential(field):
            found.add(f"header:{field}")
    before = ""
    for value in subprotocols:
        shown = redact_subprotocol(value)
        if shown.endswith(REDACTED):
            label = shown.removesuffix(REDACTED).rstrip("._:=-") or (before if names_credential(before) else REDACTED)
            found.add(f"subprotocol:{label}")
        before = shown
    return tuple(sorted(found))


def names_credential(name: str) -> bool:
    """Whether something of this name would say who asks: `access_token`, `X-Api-Key`, `authToken`."""
    words = [word.lower() for word in WORD.findall(name)]
    if FORGERY.intersection(words):
        return False
    if any(CREDENTIAL.search(word) for word in words):
        return True
    return any(first in KEY_OF and second == "key" for first, second in pairwise(words))
