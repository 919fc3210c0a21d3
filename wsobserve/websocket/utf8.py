"""Payloads of text messages in; whether they are UTF-8 (RFC 6455, 8.1) out."""

from __future__ import annotations

import codecs

from wsobserve.excerpt import is_ascii

PART = 65536  # bytes that are decoded at once: the characters of a message can take four times its memory


def is_utf8(payload: bytes) -> bool:
    """Whether `payload` is UTF-8."""
    length = len(payload)
    if is_ascii(payload, 0, length):
        return True
    position = 0
    try:
        while position < length:
            # A character that is cut by the end of a part is read with the next one.
            last = length - position <= PART
            _, read = codecs.utf_8_decode(payload[position : position + PART], "strict", last)
            position += read
    except UnicodeDecodeError:
        return False
    return True
