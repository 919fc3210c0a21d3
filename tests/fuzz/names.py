"""Redaction: any text of a handshake, as path, query, subprotocol."""

from __future__ import annotations

import re

from wsobserve.redaction import looks_like_identifier, path_template, query_keys, redact_subprotocol, redact_target


def tell(data: bytes) -> object:
    """The template of a template is itself; nothing grows beyond its limits."""
    text = data.decode("latin-1")
    path, question_mark, query = text.partition("?")
    template = path_template(path)
    assert len(template) <= 256
    assert path_template(template) == template
    target = redact_target(path, query if question_mark else None)
    assert target.startswith(template)
    assert len(target) <= 256 + 32 * 80
    assert all(len(key) <= 32 for key in query_keys(query))
    assert set(query_keys(query)) <= {*re.split("[?&=]", target), "***", "..."}
    subprotocol = redact_subprotocol(text)
    assert len(subprotocol) <= 160
    return template, target, subprotocol, looks_like_identifier(text)
