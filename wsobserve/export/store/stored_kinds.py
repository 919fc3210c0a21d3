"""Message kinds as a store knows them, back as records: the published ones as of some moment, or the drafts of a run."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from wsobserve.config import SECOND_NS
from wsobserve.export.error import ExportError
from wsobserve.export.store.kind_rows import kind_of_draft, kind_of_version
from wsobserve.export.store.read import StoreReader
from wsobserve.records import MessageKind

AT_HELP = "v3 (version 3 of each kind), run2 (the drafts of run 2), or a time such as 2026-05-01T12:00 (UTC)"


class Moment(NamedTuple):
    """Which schemas are meant: of each kind a version, the drafts of a run, or what was known at a time of the capture."""

    what: Literal["version", "run", "time_ns"]
    number: int


def parse_moment(text: str) -> Moment:
    """`v3`, `run2`, or a time in ISO 8601, UTC unless it says otherwise. ValueError says what it may be."""
    if found := re.fullmatch(r"(v|run)-?([0-9]{1,18})", text):
        return Moment("version" if found[1] == "v" else "run", int(found[2]))
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"give {AT_HELP}") from None
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    length = time - datetime(1970, 1, 1, tzinfo=UTC)
    return Moment("time_ns", (length.days * 86_400 + length.seconds) * SECOND_NS + length.microseconds * 1_000)


def stored_kinds(reader: StoreReader, at: Moment | None = None, service: str | None = None) -> tuple[MessageKind, ...]:
    """The kinds with their schemas; without `at`, the latest version of each.

    `service` may be left out where the store holds one; empty: the one without a name. ExportError: it
    holds several, or there is no such run.
    Of a published version, `messages` and times are those of its publication, and the schema has no counts.
    """
    if at is not None and at.what == "run":
        if at.number not in {run["id"] for run in reader.runs()}:
            raise ExportError(f"store {reader.shown}: there is no run {at.number}")
        return tuple(kind_of_draft(row) for row in reader.kinds(at.number))
    rows = _of_one_service(reader, service)
    chosen: dict[tuple[str, str], dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: int(row["number"])):
        if at is not None and at.what == "version" and row["number"] > at.number:
            continue
        if at is not None and at.what == "time_ns" and row["first_seen_ns"] > at.number:
            continue
        chosen[row["channel"], row["kind"]] = row
    return tuple(kind_of_version(chosen[key]) for key in sorted(chosen))


def _of_one_service(reader: StoreReader, service: str | None) -> list[dict[str, Any]]:
    rows = reader.published(service)
    services = {row["service"] or "(no name)" for row in rows}
    if len(services) > 1:
        raise ExportError(f"store {reader.shown}: it holds several services, name one of them: {', '.join(sorted(services))}")
    return rows
