"""What may be shown of a request target or a subprotocol without giving away who asked, or with which key.

In goes text from an opening handshake; out comes text that is fit for labels, files and other people. Redaction looks
at form alone, so the same kind of value is always treated the same; where form leaves a doubt, the value goes.
"""

from __future__ import annotations

import re

PLACEHOLDER = "{id}"
REDACTED = "***"
CUT = "..."  # stands for what was beyond a limit

MAX_SEGMENTS = 20
MAX_PATH = 256
MAX_SEGMENT = 64  # no word is longer
MAX_QUERY_KEYS = 32
MAX_SUBPROTOCOL = 40

SHOWN_QUERY_KEYS = frozenset(
    ("EIO", "transport", "vsn", "v", "version", "protocol", "encoding", "compress", "format", "client")
)  # their values choose a protocol or its version, and name nobody

TOKEN_PREFIXES = (
    "base64url.bearer.phx.",
    "base64url.bearer.authorization.k8s.io.",
    "openai-insecure-api-key.",
    "opper-ticket.",
)

IDENTIFIER = re.compile(
    r"""
      [0-9]+
    | [0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}           # UUID
    | (?=[a-fA-F]*[0-9])[0-9a-fA-F]{8,}                              # hexadecimal; without a digit it may be a word
    | [0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}                       # ULID
    | (?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[0-9A-Za-z_~=+%-]{20,}   # base64url and its like
    | eyJ[0-9A-Za-z_-]*\.[0-9A-Za-z_.-]*                             # JSON Web Token
    | [^@]+@[^@]+\.[^@]+ | [^@]+%40[^@]+                             # e-mail address
    """,
    re.VERBOSE,
)
UNPRINTABLE = re.compile(r"[^ -~\u00a0-\ud7ff\ue000-\uffff]")
QUERY_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.:\[\]-]{0,31}")
QUERY_VALUE = re.compile(r"[0-9]{1,4}|[A-Za-z0-9._-]{1,32}")
SECRET_FOLLOWS = re.compile(
    r"(?:^|[._-])(?:bearer|token|access[_-]?token|jwt|ticket|api[_-]?key|key|secret|password|authorization)[._:=-]",
    re.IGNORECASE,
)
TOKEN_PIECE = re.compile(r"[0-9A-Za-z]*(?:[0-9][A-Za-z]|[A-Z][0-9]|[a-z][A-Z])[0-9A-Za-z]*")


def looks_like_identifier(text: str) -> bool:
    """Whether this names one thing (a number, UUID, hash, token, address) rather than a kind of thing."""
    if len(text) > MAX_SEGMENT or IDENTIFIER.fullmatch(text) is not None or UNPRINTABLE.search(text) is not None:
        return True
    # Serial numbers, `E2507-8420-1275`: mostly digits, where a version or the name of a file would have a dot.
    digits = sum(map(str.isdigit, text))
    return digits >= 6 and 2 * digits >= len(text) and "." not in text


def path_template(path: str) -> str:
    """The path with `{id}` for each segment that identifies something: `/rooms/42` gives `/rooms/{id}`.

    Words, versions and file names stay; percent-encoding is left as it is; path parameters (`;a=b`) become `;***`.
    A path of too many segments or characters ends in `/...`. The template of a template is itself.
    """
    path = path.partition("?")[0].partition("#")[0]
    # More than this cannot change the result, and a hostile path has no say in how long we look at it.
    segments = path[: MAX_SEGMENTS * 4096].split("/", MAX_SEGMENTS + 1)
    first_is_empty = segments[0] == ""  # before the leading slash
    allowed = MAX_SEGMENTS + first_is_empty
    kept = [_segment_template(segment) for segment in segments[:allowed]]
    template = "/".join(kept)
    if len(segments) <= allowed and len(template) <= MAX_PATH:
        return template
    while len(template) + 1 + len(CUT) > MAX_PATH:
        kept.pop()
        template = "/".join(kept)
    return f"{template}/{CUT}"


def _segment_template(segment: str) -> str:
    word, semicolon, _ = segment.partition(";")
    if word != PLACEHOLDER and looks_like_identifier(word):
        word = PLACEHOLDER
    return f"{word};{REDACTED}" if semicolon else word


def redact_target(path: str, query: str | None) -> str:
    """The path as template, with the query's keys; of the values only those that choose a protocol or its version."""
    template = path_template(path)
    if not query:
        return template
    fields = query.split("&", MAX_QUERY_KEYS)
    shown = [_redact_field(field) for field in fields[:MAX_QUERY_KEYS]]
    if len(fields) > MAX_QUERY_KEYS:
        shown.append(CUT)
    return f"{template}?{'&'.join(shown)}"


def redact_name(name: str) -> str:
    """The name of a query's key or of a cookie, when it looks like one; what does not may be anything."""
    return name if QUERY_KEY.fullmatch(name) and not looks_like_identifier(name) else REDACTED


def query_keys(query: str | None) -> tuple[str, ...]:
    """The keys of a query, each once and sorted, redacted; `...` when there are more than are looked at."""
    if not query:
        return ()
    fields = query.split("&", MAX_QUERY_KEYS)
    keys = {redact_name(field.partition("=")[0]) for field in fields[:MAX_QUERY_KEYS] if field}
    return (*sorted(keys), CUT) if len(fields) > MAX_QUERY_KEYS else tuple(sorted(keys))


def _redact_field(field: str) -> str:
    key, equals, value = field.partition("=")
    if redact_name(key) == REDACTED:
        return REDACTED
    if not equals:
        return key
    if key in SHOWN_QUERY_KEYS and QUERY_VALUE.fullmatch(value) and (len(value) <= 4 or not looks_like_identifier(value)):
        return f"{key}={value}"
    return f"{key}={REDACTED}"


def redact_subprotocol(value: str) -> str:
    """The subprotocol's name; what looks like a token in it becomes `***`, with the prefix that says which kind it is."""
    for prefix in TOKEN_PREFIXES:
        if value.startswith(prefix):
            return prefix + REDACTED
    secret = SECRET_FOLLOWS.search(value[: MAX_SUBPROTOCOL + 1])
    if secret:
        return redact_subprotocol(value[: secret.start()]) + value[secret.start() : secret.end()] + REDACTED
    kept = ""
    pieces = value[: MAX_SUBPROTOCOL * 2].split(".")
    for number, piece in enumerate(pieces):
        longer = f"{kept}.{piece}" if number else piece
        if len(longer) > MAX_SUBPROTOCOL or _looks_like_token(piece):
            return f"{kept}.{REDACTED}" if number else REDACTED
        kept = longer
    return kept


def _looks_like_token(piece: str) -> bool:
    if piece.isdigit():
        return len(piece) > 4
    if piece.startswith("eyJ") or UNPRINTABLE.search(piece):
        return True
    if not looks_like_identifier(piece):
        return False
    # Long names of several words with a version (`soap-over-websocket-1`) are not tokens: no word in them is mixed.
    return (
        len(piece) < 20 or "-" not in piece or _is_uuid(piece) or any(TOKEN_PIECE.fullmatch(word) for word in piece.split("-"))
    )


def _is_uuid(piece: str) -> bool:
    return len(piece) == 36 and piece.count("-") == 4
