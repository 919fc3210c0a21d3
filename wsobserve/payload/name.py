"""What kind of message this is, as far as one message alone can tell.

The rule looks at one body and nothing else, so that folds do not depend on order. A name becomes a label that others
see: only what is written like an identifier, and does not name one thing or person, may become one.
"""

from __future__ import annotations

import re

from wsobserve.redaction import looks_like_identifier

# The first of these keys whose value is fit for a name gives it. `msg`, `message`, `text`, `name` and `topic` are not
# among them: as often as a kind they hold what somebody wrote, and that is not ours to show.
NAME_KEYS = (
    "type",
    "event",
    "op",
    "action",
    "method",
    "cmd",
    "command",
    "kind",
    "messageType",
    "message_type",
    "msgType",
    "msg_type",
    "eventType",
    "event_type",
    "opcode",
    "t",
    "e",
)
NAME = re.compile(r"[A-Za-z$_][A-Za-z0-9._:/$-]{0,63}")
SEPARATOR = re.compile(r"[.:/]")


def message_name(body: object) -> str | None:
    """The value of an obvious discriminator; None when there is none.

    Of an object: by key. Of an array: its first element, as in `["EVENT", {...}]`; but a list of nothing but texts is data.
    """
    if isinstance(body, dict):
        for key in NAME_KEYS:
            value = body.get(key)
            if isinstance(value, str) and _fit_for_a_name(value):
                return value
        return None
    if not isinstance(body, list) or not body:
        return None
    first = body[0]
    if not isinstance(first, str) or not _fit_for_a_name(first) or all(isinstance(element, str) for element in body):
        return None
    return first


def _fit_for_a_name(value: str) -> bool:
    if not NAME.fullmatch(value):
        return False
    return not looks_like_identifier(value) and not any(looks_like_identifier(piece) for piece in SEPARATOR.split(value))
