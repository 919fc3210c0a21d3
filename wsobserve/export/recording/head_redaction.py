"""An HTTP head in, the same head without what nobody else should read out: of the same length, line by line.

What stays is what an opening handshake tells in its record too (see `redaction`): path and query as far as they name kinds
of things, names of fields and of cookies, host and origin, what RFC 6455 negotiates. Whatever else is overwritten, in such
a way that decoding the result shows the same handshake, but for the user agent.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from wsobserve.redaction import (
    MAX_QUERY_KEYS,
    QUERY_VALUE,
    SHOWN_QUERY_KEYS,
    looks_like_identifier,
    redact_name,
    redact_subprotocol,
)
from wsobserve.websocket.carried import COOKIE, EVERYDAY, FIELD_NAME, SCHEME
from wsobserve.websocket.handshake import EXTENSION_PART, HOST, ORIGIN, PARAMETER, TRACEPARENT, VERSION
from wsobserve.websocket.http import FIELDS

REQUEST = re.compile(r"([A-Z][A-Z-]{1,19})( +)(\S+)( +HTTP/1\.[0-9] *)")
STATUS = re.compile(r"(HTTP/1\.[0-9] +)([0-9]{3})(.*)", re.DOTALL)
PHRASES = frozenset(status.phrase.lower() for status in HTTPStatus)
ABSOLUTE = re.compile(r"([a-z][a-z0-9+.-]{0,31}://)([^/]*)(/.*)?", re.DOTALL)
# What a field may hold to stay as it is. A nonce and what answers it are random, and prove nothing behind the handshake.
SHOWN_VALUES = {
    "connection": re.compile(r"(?i)(?:upgrade|keep-alive|close)(?:, *(?:upgrade|keep-alive|close))*"),
    "content-length": re.compile(r"[0-9]{1,15}"),
    "host": HOST,
    "origin": ORIGIN,
    "sec-websocket-accept": re.compile(r"[A-Za-z0-9+/]{27}="),
    "sec-websocket-key": re.compile(r"[A-Za-z0-9+/]{22}=="),
    "sec-websocket-origin": ORIGIN,
    "sec-websocket-version": VERSION,
    "traceparent": re.compile(TRACEPARENT.pattern.removesuffix("(-.*)?")),
    "transfer-encoding": re.compile(r"(?i)chunked|identity|gzip"),
    "upgrade": re.compile(r"(?i)websocket|h2c"),
}


def redact_head(head: bytes) -> bytes:
    """The head up to and with its closing empty line; what does not look like one is overwritten, but for line ends."""
    lines = head.decode("latin-1").split("\n")
    shown: list[str] = []
    for number, line in enumerate(lines):
        text = line.rstrip("\r")
        redacted = _field(text) if number else _first_line(text)
        if len(redacted) != len(text):
            raise AssertionError("a redacted line has another length")
        shown.append(redacted + line[len(text) :])
    return "\n".join(shown).encode("latin-1")


def blank(text: str, with_: str = "x") -> str:
    """As long, and says nothing."""
    return with_ * len(text)


def _first_line(line: str) -> str:
    request = REQUEST.fullmatch(line)
    if request is not None:
        return request[1] + request[2] + redact_path_and_query(request[3]) + request[4]
    status = STATUS.fullmatch(line)
    if status is not None:
        phrase = status[3]
        return status[1] + status[2] + (phrase if phrase.strip().lower() in PHRASES else _blank_words(phrase))
    return blank(line)


def redact_path_and_query(target: str) -> str:
    """A request target of the same length, with the same template and the same redacted query."""
    path, question, query = target.partition("?")
    absolute = ABSOLUTE.fullmatch(path)
    if absolute is not None:
        authority = absolute[2] if HOST.fullmatch(absolute[2]) else blank(absolute[2])
        path = absolute[1] + authority + _path(absolute[3] or "")
    else:
        path = _path(path)
    return path + question + _query(query)


def _path(path: str) -> str:
    path, hash_, fragment = path.partition("#")
    return "/".join(map(_segment, path.split("/"))) + hash_ + blank(fragment)


def _segment(segment: str) -> str:
    word, semicolon, parameters = segment.partition(";")
    if word != "{id}" and looks_like_identifier(word):
        word = blank(word, "0")  # still an identifier
    return word + semicolon + blank(parameters)


def _query(query: str) -> str:
    fields = query.split("&", MAX_QUERY_KEYS)
    return "&".join([*map(_query_field, fields[:MAX_QUERY_KEYS]), *map(blank, fields[MAX_QUERY_KEYS:])])


def _query_field(field: str) -> str:
    key, equals, value = field.partition("=")
    if redact_name(key) != key:
        return blank(key, "0") + equals + blank(value, "*")  # no name begins with a digit
    shown = QUERY_VALUE.fullmatch(value) and (len(value) <= 4 or not looks_like_identifier(value))
    return key + equals + (value if key in SHOWN_QUERY_KEYS and shown else blank(value, "*"))


def _field(line: str) -> str:
    if line[:1] in (" ", "\t"):
        return _blank_words(line)  # RFC 9112, 5.2: folded, more of the value above
    name, colon, value = line.partition(":")
    if not colon:
        return blank(line)
    key = name.strip().lower()
    if key not in FIELDS and not EVERYDAY.fullmatch(key) and (not FIELD_NAME.fullmatch(key) or looks_like_identifier(key)):
        return blank(name, "0") + colon + _blank_words(value)  # no field's name that is shown begins with a digit
    if EVERYDAY.fullmatch(key):
        name = name if len(key) <= 40 and not looks_like_identifier(key) else blank(name, "0")
    return name + colon + _value(key, value)


def _value(key: str, value: str) -> str:
    text = value.strip()
    start = value.find(text)
    form = SHOWN_VALUES.get(key)
    if form is not None:
        redacted = text if form.fullmatch(text) else _blank_words(text)
    elif key == "sec-websocket-extensions":
        redacted = ",".join(";".join(map(_extension_part, part.split(";"))) for part in text.split(","))
    elif key == "sec-websocket-protocol":
        redacted = ",".join(map(_padded_subprotocol, text.split(",")))
    elif key == "authorization":
        scheme, space, rest = text.partition(" ")
        redacted = scheme + space + _blank_words(rest) if SCHEME.fullmatch(scheme.lower()) and space else _blank_words(text)
    elif key == "cookie":
        redacted = _cookies(text)
    else:
        redacted = _blank_words(text)
    return value[:start] + redacted + value[start + len(text) :]


def _blank_words(text: str) -> str:
    return re.sub(r"[^ \t]", "x", text)


def _extension_part(part: str) -> str:
    """The name of an extension or of a parameter, with its value; what cannot be read still cannot."""
    text = part.strip()
    match = EXTENSION_PART.fullmatch(text)
    if match is None:
        return part.replace(text, blank(text, '"')) if text else part
    shown = redact_to_length(match[1]) + text[match.end(1) :]
    number = 2 if match[2] is not None else 3
    value = match[number]
    if value is not None and not PARAMETER.fullmatch(value):
        shown = shown[: match.start(number)] + blank(value, "*") + shown[match.end(number) :]
    return part.replace(text, shown)


def _padded_subprotocol(part: str) -> str:
    text = part.strip()
    return part.replace(text, redact_to_length(text)) if text else part


def redact_to_length(subprotocol: str) -> str:
    """A subprotocol of the same length that is redacted to the same."""
    shown = redact_subprotocol(subprotocol)
    if shown == subprotocol:
        return subprotocol
    kept = shown.removesuffix("***")
    room = len(subprotocol) - len(kept)
    if shown.endswith("***") and room >= 0 and subprotocol.startswith(kept):
        for filling in (("eyJ" + "x" * room)[:room], "0" * room, "x" * room):
            if redact_subprotocol(kept + filling) == shown:
                return kept + filling
    return blank(subprotocol)


def _cookies(text: str) -> str:
    redacted = list(re.sub(r'[^;=" \t]', "x", text))
    for cookie in COOKIE.finditer(text):
        name = cookie[1]
        redacted[cookie.start(1) : cookie.end(1)] = name if redact_name(name) == name else blank(name, "0")
    return "".join(redacted)
