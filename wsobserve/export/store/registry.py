"""Drafts of a run in, published schema versions out, within the writer's transaction. The rule is in `publishing.py`."""

from __future__ import annotations

import json
import time
from typing import Any

from msgspec import structs
from sqlalchemy import ColumnElement, Connection, func, insert, literal_column, select, update

from wsobserve.export.store import rows, tables
from wsobserve.export.store.changes import changes_between
from wsobserve.export.store.publishing import Evidence, Publication, first_publication, next_publication
from wsobserve.records import MessageKind
from wsobserve.schema.constraining import digest

Row = dict[str, Any]


class Registry:
    """The versions of the kinds of one service, as the run sees them in this transaction."""

    def __init__(self, connection: Connection, service: str | None, run: int) -> None:
        self._connection = connection
        self._service = rows.fitting({"service": service or None})["service"]
        self._run = run

    def publish(self, kind: MessageKind) -> bool:
        """Publishes the next version of the kind, when there is one. The draft is marked with the version that holds for it."""
        latest = self._latest(kind)
        if latest is None:
            publication: Publication | None = first_publication(kind)
        elif latest["digest"] == digest(kind.json_schema):
            publication = None
        else:
            publication = next_publication(kind, json.loads(latest["json_schema"]), self._evidence(kind, latest))
        number = latest["number"] if latest else 0
        if publication is not None:
            number += 1
            row = self._row(kind, number, publication, latest)
            self._connection.execute(insert(tables.schema_versions).values(rows.fitting(row)))
        draft = tables.kinds.c
        marked = update(tables.kinds).where(draft.run == self._run, draft.id == kind.id).values(schema_version=number)
        self._connection.execute(marked)
        return publication is not None

    def _of_service(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        # As the index says it: a database finds an expression by its text.
        return func.coalesce(column, literal_column("''")) == (self._service or "")

    def _latest(self, kind: MessageKind) -> Row | None:
        version, key = tables.schema_versions.c, rows.fitting({"channel": kind.channel, "kind": kind.id})
        statement = (
            select(tables.schema_versions)
            .where(self._of_service(version.service), version.channel == key["channel"], version.kind == key["kind"])
            .order_by(version.number.desc())
            .limit(1)
        )
        found = self._connection.execute(statement).mappings().first()
        return dict(found) if found is not None else None

    def _evidence(self, kind: MessageKind, latest: Row) -> Evidence:
        """What stands behind the latest version, this run aside: what it took over, and all drafts that it holds for."""
        draft, run = tables.kinds.c, tables.runs.c
        statement = (
            select(draft.run, draft.messages, draft.last_ns)
            .join(tables.runs, run.id == draft.run)
            .where(self._of_service(run.service), draft.id == kind.id, draft.channel == latest["channel"])
            .where(draft.schema_version == latest["number"], draft.run != self._run)
        )
        found = self._connection.execute(statement).all()
        messages, times = latest["messages_before"], [row.last_ns for row in found]
        messages += sum(row.messages for row in found)
        if latest["run"] not in {self._run, *(row.run for row in found)}:  # that run was deleted
            messages += latest["messages"]
            times.append(latest["last_ns"])
        return Evidence(messages, max(times, default=0))

    def _row(self, kind: MessageKind, number: int, publication: Publication, latest: Row | None) -> Row:
        first_seen_ns, connection = self._first_seen(kind, latest)
        keeps = latest is not None and publication.basis != "replaced"
        changes = []
        if latest is not None:
            known = structs.replace(kind, json_schema=json.loads(latest["json_schema"]))
            changes = changes_between(known, structs.replace(kind, json_schema=publication.json_schema))
        return {
            "service": self._service,
            "channel": kind.channel,
            "kind": kind.id,
            "number": number,
            "name": kind.name,
            "direction": kind.direction,
            "directions": rows.json_text(kind.directions),
            "discriminator": rows.json_text(kind.discriminator),
            "formats": rows.json_text(kind.formats),
            "confidence": kind.confidence,
            "digest": publication.digest,
            "json_schema": rows.json_text(publication.json_schema),
            "basis": publication.basis,
            "messages": kind.messages,
            "messages_before": self._evidence(kind, latest).messages if keeps and latest else 0,
            "first_seen_ns": first_seen_ns,
            "last_ns": kind.last_ns,
            "published_ns": time.time_ns(),
            "run": self._run,
            "connection": connection,
            "client": self._client(connection),
            "changes": rows.json_text(changes),
        }

    def _first_seen(self, kind: MessageKind, latest: Row | None) -> tuple[int, str | None]:
        """When the kind, or what is new about it, was first seen as far as known, and on which connection."""
        if latest is None:
            return kind.first_ns, kind.first_connection
        if latest["run"] != self._run:  # somewhere in this run; its drift is told against what it had learned itself
            return kind.first_ns, None
        drift = tables.schema_drift.c
        statement = (
            select(drift.time_ns, drift.connection)
            .where(drift.run == self._run, drift.kind == kind.id, drift.certain, drift.time_ns > latest["last_ns"])
            .order_by(drift.time_ns, drift.id)
            .limit(1)
        )
        found = self._connection.execute(statement).first()
        return (found.time_ns, found.connection) if found is not None else (latest["last_ns"], None)

    def _client(self, connection: str | None) -> str | None:
        """The user agent of the connection; where that is not known, the one that all of the run's connections have."""
        one = tables.connections.c
        wanted = [one.run == self._run]
        if connection is not None:
            wanted.append(one.connection == connection)
        statement = select(one.user_agent).where(*wanted).group_by(one.user_agent).order_by(func.count()).limit(2)
        found = self._connection.execute(statement).scalars().all()
        return found[0] if len(found) == 1 else None
