"""Message kinds in, documents for export out: one JSON Schema (2020-12) a channel, the union of its kinds."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from wsobserve.records import MessageKind

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def channel_documents(kinds: Iterable[MessageKind]) -> dict[str, dict[str, Any]]:
    """By channel: a schema that accepts what any of its kinds accepts, with each kind as a definition."""
    by_channel: dict[str, list[MessageKind]] = {}
    for kind in kinds:
        by_channel.setdefault(kind.channel, []).append(kind)
    return {channel: _document(channel, by_channel[channel]) for channel in sorted(by_channel)}


def _document(channel: str, kinds: list[MessageKind]) -> dict[str, Any]:
    ordered = sorted(kinds, key=lambda kind: kind.id)
    return {
        "$schema": DIALECT,
        "title": channel,
        "anyOf": [{"$ref": f"#/$defs/{kind.id}"} for kind in ordered],
        "$defs": {kind.id: {key: value for key, value in kind.json_schema.items() if key != "$schema"} for kind in ordered},
    }


def document_text(document: object) -> str:
    """A document as it is written to a file: the same schema always gives the same text."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def document_name(channel: str) -> str:
    """A file name for a channel: readable, and never the same for two channels."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", channel).strip("-")[:80] or "root"
    return f"{readable}.{hashlib.blake2b(channel.encode(), digest_size=3).hexdigest()}.schema.json"
