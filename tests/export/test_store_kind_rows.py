"""A kind that is written as a row and read again is the same record."""

from __future__ import annotations

from typing import Any

import pytest

from wsobserve.export.store import rows
from wsobserve.export.store.kind_rows import kind_of_draft, kind_of_version
from wsobserve.export.store.read import _decoded
from wsobserve.records import CLIENT_TO_SERVER, MessageKind

KIND = MessageKind(
    id="k",
    channel="/a",
    direction=CLIENT_TO_SERVER,
    name="tick",
    messages=7,
    first_ns=1,
    last_ns=9,
    formats={"json": 7},
    json_schema={"type": "object", "x-wsobserve-count": 7},
    directions={"client_to_server": 7},
    discriminator=(("/type", "tick"), ("/op", 0), ("/last", None)),
    first_connection="c1",
    confidence=0.5,
)


def test_a_draft_is_the_record_that_was_written() -> None:
    assert kind_of_draft(_decoded(rows.kind_row(1, KIND))) == KIND


@pytest.mark.parametrize("missing", [None, [], {}])
def test_what_an_older_version_did_not_write_is_not_known(missing: Any) -> None:
    row = _decoded(rows.kind_row(1, KIND)) | {"directions": missing, "discriminator": missing, "confidence": None}
    kind = kind_of_draft(row)
    assert (kind.directions, kind.discriminator, kind.confidence) == ({}, (), None)


def test_a_version_has_the_time_and_connection_that_showed_it() -> None:
    row = _decoded(rows.kind_row(1, KIND)) | {"kind": "k", "first_seen_ns": 5, "connection": "c9"}
    kind = kind_of_version(row)
    assert (kind.id, kind.first_ns, kind.first_connection) == ("k", 5, "c9")
