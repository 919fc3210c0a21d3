"""The store's read side: what the dashboard, and anyone with a question, asks of it. It cannot write.

Every function answers with dictionaries whose keys are the columns of `tables.py`, JSON columns decoded, so that a list
of them is a data frame. A run, channel or kind that is not there gives an empty answer, not an error.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table, case, func, inspect, literal, literal_column, select
from sqlalchemy.sql.elements import ColumnElement

from wsobserve.export.error import ExportError
from wsobserve.export.store import tables
from wsobserve.export.store.address import check_version, open_to_read, parse_address, translated
from wsobserve.export.store.changes import changes_between, worst
from wsobserve.export.store.fields import fields
from wsobserve.export.store.kind_rows import kind_of_version
from wsobserve.export.store.steps import chosen_step_ns, filled

Row = dict[str, Any]

POINTS = 4_000  # of a chart: more are slow in a browser and cannot be seen
OTHER_CHANNELS = "other channels"

_JSON_COLUMNS = {
    "accounting",
    "anomalies",
    "changes",
    "client_to_server",
    "close",
    "directions",
    "discriminator",
    "extensions",
    "formats",
    "handshake",
    "health",
    "json_schema",
    "names",
    "server_to_client",
    "sizes",
    "sources",
    "undecoded",
}


class StoreReader:
    """Questions to the store at `url`. `shown` is its name without a password."""

    def __init__(self, url: str) -> None:
        """Opens the store for reading. `ExportError` says why that cannot be."""
        self._address = parse_address(url)
        self.shown = self._address.shown
        self._engine = open_to_read(self._address)
        with translated(self._address), self._engine.connect() as connection:
            self._check(connection)

    def _check(self, connection: Connection) -> None:
        if not inspect(connection).has_table(tables.store_version.name):
            raise ExportError(f"store {self.shown}: there is no wsobserve store in it")
        check_version(self._address, connection)

    def _rows(self, statement: Select[*tuple[Any, ...]]) -> list[Row]:
        with translated(self._address), self._engine.connect() as connection:
            return [_decoded(dict(row)) for row in connection.execute(statement).mappings()]

    def runs(self) -> list[Row]:
        """All runs, the newest first, without their accounting."""
        columns = [column for column in tables.runs.c if column.name != "accounting"]
        return self._rows(select(*columns).order_by(tables.runs.c.id.desc()))

    def accounting(self, run: int) -> Row | None:
        """The fields of `records.Accounting` as the latest snapshot gives them; None before the first one."""
        found = self._rows(select(tables.runs.c.accounting).where(tables.runs.c.id == run))
        return found[0]["accounting"] if found else None

    def counts(self, run: int) -> dict[str, int]:
        """How many `channels`, `kinds` and `connections` the run has."""
        channel, kind, connection = tables.channels.c, tables.kinds.c, tables.connections.c
        counted = {
            "channels": select(func.count(channel.channel.distinct())).where(channel.run == run).scalar_subquery(),
            "kinds": select(func.count()).select_from(tables.kinds).where(kind.run == run).scalar_subquery(),
            "connections": select(func.count()).select_from(tables.connections).where(connection.run == run).scalar_subquery(),
        }
        return self._rows(select(*(query.label(name) for name, query in counted.items())))[0]

    def channels(self, run: int) -> list[Row]:
        """A row per channel and direction, the busiest first, with `peak_rate`: messages a second in its busiest step."""
        channel, volume = tables.channels.c, tables.volumes.c
        peak = (
            select(func.max(volume.messages * 1e9 / volume.step_ns))
            .where(volume.run == run, volume.channel == channel.channel)
            .where(func.coalesce(volume.direction, "") == func.coalesce(channel.direction, ""))
            .scalar_subquery()
        )
        statement = select(tables.channels, peak.label("peak_rate")).where(channel.run == run)
        return self._rows(statement.order_by(channel.messages.desc(), channel.number))

    def busiest_channels(self, run: int, limit: int = 10_000) -> list[str]:
        """The names of the channels, those with the most messages in both directions first, at most `limit`."""
        channel = tables.channels.c
        statement = select(channel.channel).where(channel.run == run).group_by(channel.channel)
        order = (func.sum(channel.messages).desc(), func.min(channel.number))
        return [row["channel"] for row in self._rows(statement.order_by(*order).limit(limit))]

    def series(self, run: int, channel: str | None = None) -> list[Row]:
        """A row per server, route, subprotocol, channel, direction and message name, the busiest first."""
        column = tables.series.c
        statement = _of(tables.series, run, channel)
        return self._rows(statement.order_by(column.messages.desc(), column.number))

    def volumes(self, run: int, channel: str | None = None, *, since_ns: int | None = None, points: int = POINTS) -> list[Row]:
        """Messages and bytes per second over time in each direction, of one channel or of all.

        Steps are joined until there are at most `points` rows; a step in which nothing was seen is there, with zeros.
        """
        return self._volumes(_volume_filter(run, channel, since_ns), tables.volumes.c.direction, points)

    def volumes_by_channel(
        self, run: int, channels: Sequence[str], *, since_ns: int | None = None, points: int = POINTS
    ) -> list[Row]:
        """The same of each of `channels`, and of all others together, both directions added up."""
        column = tables.volumes.c.channel
        line = case((column.in_(list(channels)), column), else_=literal(OTHER_CHANNELS)).label("channel")
        return self._volumes(_volume_filter(run, None, since_ns), line, points)

    def _volumes(self, wanted: list[ColumnElement[bool]], line: ColumnElement[Any], points: int) -> list[Row]:
        volume = tables.volumes.c
        extent = self._rows(
            select(
                func.min(volume.time_ns).label("first"),
                func.max(volume.time_ns + volume.step_ns).label("last"),
                func.max(volume.step_ns).label("step"),
                func.count(func.coalesce(line, "").distinct()).label("lines"),
            ).where(*wanted)
        )[0]
        if extent["first"] is None:
            return []
        step_ns = chosen_step_ns(extent["last"] - extent["first"], extent["step"], max(1, points // extent["lines"]))
        start = (volume.time_ns - volume.time_ns % step_ns).label("time_ns")
        # Times 1.0: SQLite refuses a sum of integers beyond 64 bits, and a hostile header can bring one about.
        sums = [func.sum(volume[name] * 1.0).label(name) for name in ("messages", "undecoded", "frame_bytes", "payload_bytes")]
        found = self._rows(select(line, start, *sums).where(*wanted).group_by(line, start).order_by(line, start))
        return filled(found, line.name, step_ns)

    def kinds(self, run: int, channel: str | None = None) -> list[Row]:
        """The message kinds of the run or of one channel, the most frequent first, with their JSON Schema."""
        column = tables.kinds.c
        return self._rows(_of(tables.kinds, run, channel).order_by(column.messages.desc(), column.id))

    def fields(self, run: int, kind: str) -> list[Row]:
        """The fields of one message kind: `path`, `types`, `presence`, `detail` (see fields.py)."""
        column = tables.kinds.c
        found = self._rows(select(column.json_schema).where(column.run == run, column.id == kind))
        return fields(found[0]["json_schema"]) if found else []

    def schema_kinds(self) -> list[Row]:
        """A row per service, channel and message kind with a published schema: its latest version (`number`), and when.

        `first_seen_ns`: of version 1; `changed_ns`: of the latest. `messages`, `last_ns`: of the drafts of all runs.
        """
        version, draft, run = tables.schema_versions.c, tables.kinds.c, tables.runs.c
        same = (version.service, version.channel, version.kind)
        numbers = select(
            *same, func.max(version.number).label("number"), func.min(version.first_seen_ns).label("first_seen_ns")
        )
        known = numbers.group_by(*same).subquery()
        drafts = (
            select(
                _named(run.service).label("service"),
                draft.channel,
                draft.id,
                func.sum(draft.messages * 1.0).label("messages"),
                func.max(draft.last_ns).label("last_ns"),
            )
            .join(tables.runs, run.id == draft.run)
            .group_by(_named(run.service), draft.channel, draft.id)
            .subquery()
        )
        latest = tables.schema_versions.join(
            known,
            (_named(version.service) == _named(known.c.service))
            & (version.channel == known.c.channel)
            & (version.kind == known.c.kind)
            & (version.number == known.c.number),
        ).outerjoin(
            drafts,
            (_named(version.service) == _named(drafts.c.service))
            & (version.channel == drafts.c.channel)
            & (version.kind == drafts.c.id),
        )
        shown = [version[name] for name in ("service", "channel", "kind", "number", "name", "direction", "published_ns")]
        statement = select(
            *shown,
            known.c.first_seen_ns,
            version.first_seen_ns.label("changed_ns"),
            func.coalesce(drafts.c.messages, version.messages).label("messages"),
            func.coalesce(drafts.c.last_ns, version.last_ns).label("last_ns"),
        ).select_from(latest)
        rows = self._rows(statement.order_by(version.channel, version.name, version.kind, version.service))
        return [{**row, "messages": int(row["messages"])} for row in rows]

    def versions(self, channel: str, kind: str, service: str | None = None) -> list[Row]:
        """The published versions of a kind with their schemas, the first one first.

        `severity`: of the worst change (compare.Change), None of version 1; `superseded_ns`: when the next one was first
        seen, None of the latest, and where the next one was seen in an older capture.
        """
        version = tables.schema_versions.c
        rows = self._published(list(version), (version.channel == channel, version.kind == kind), service or "")
        following = [*(row["first_seen_ns"] for row in rows[1:]), None]
        return [
            {**row, "superseded_ns": next_ns if next_ns is not None and next_ns >= row["first_seen_ns"] else None}
            for row, next_ns in zip(rows, following, strict=False)
        ]

    def version(self, channel: str, kind: str, number: int, service: str | None = None) -> Row | None:
        """One published version of a kind; None when there is none of this number."""
        return next((row for row in self.versions(channel, kind, service) if row["number"] == number), None)

    def history(self, about: str | None = None, service: str | None = None) -> list[Row]:
        """The published versions of all kinds without their schemas, in the order in which they were seen.

        `about`: a channel, a kind or a name; `service`: empty for the one without a name, None for all.
        """
        version = tables.schema_versions.c
        wanted = () if about is None else ((version.channel == about) | (version.kind == about) | (version.name == about),)
        columns = [column for column in version if column.name != "json_schema"]
        rows = self._published(columns, wanted, service)
        return sorted(rows, key=lambda row: (row["first_seen_ns"], row["published_ns"]))

    def published(self, service: str | None = None) -> list[Row]:
        """The published versions of all kinds with their schemas; `service` as in `history`."""
        return self._published(list(tables.schema_versions.c), (), service)

    def _published(
        self, columns: Sequence[ColumnElement[Any]], wanted: Sequence[ColumnElement[bool]], service: str | None
    ) -> list[Row]:
        version = tables.schema_versions.c
        of_service = () if service is None else (_named(version.service) == service,)
        order = (version.channel, version.kind, _named(version.service), version.number)
        rows = self._rows(select(*columns).where(*wanted, *of_service).order_by(*order))
        return [{**row, "severity": worst(row["changes"])} for row in rows]

    def changes(self, channel: str, kind: str, old: int, new: int, service: str | None = None) -> list[Row]:
        """What differs between two versions of a kind (compare.Change); nothing when one of them is not there."""
        sides = [self.version(channel, kind, number, service) for number in (old, new)]
        if sides[0] is None or sides[1] is None:
            return []
        return changes_between(kind_of_version(sides[0]), kind_of_version(sides[1]))

    def drift(self, run: int, channel: str | None = None, limit: int = 1_000) -> list[Row]:
        """The run's stored schema drift, the latest first, at most `limit`."""
        drift = tables.schema_drift.c
        statement = _of(tables.schema_drift, run, channel)
        return self._rows(statement.order_by(drift.time_ns.desc(), drift.id.desc()).limit(limit))

    def drift_counts(self, run: int) -> dict[str, int]:
        """How much drift of each change is stored of the run, the most frequent first."""
        drift = tables.schema_drift.c
        count = func.count().label("count")
        statement = select(drift.change, count).where(drift.run == run).group_by(drift.change)
        return {row["change"]: row["count"] for row in self._rows(statement.order_by(count.desc(), drift.change))}

    def connections(self, run: int, limit: int = 1_000) -> list[Row]:
        """The connections of the run, those that began last first, at most `limit`."""
        rows = self._latest(tables.connections, tables.connections.c.started_ns, run, limit)
        for row in rows:
            row["duration_s"] = (row["time_ns"] - row["started_ns"]) / 1e9
        return rows

    def messages(self, run: int, limit: int = 1_000) -> list[Row]:
        """What is known of the run's stored messages, the latest first, at most `limit`."""
        return self._latest(tables.messages, tables.messages.c.time_ns, run, limit)

    def anomalies(self, run: int, limit: int = 1_000) -> list[Row]:
        """The run's stored anomalies, the latest first, at most `limit`. Their full counts are in the accounting."""
        return self._latest(tables.anomalies, tables.anomalies.c.time_ns, run, limit)

    def losses(self, run: int, limit: int = 1_000) -> list[Row]:
        """What the capture did not deliver, the latest first, at most `limit`."""
        return self._latest(tables.losses, tables.losses.c.id, run, limit)

    def _latest(self, table: Table, order: ColumnElement[Any], run: int, limit: int) -> list[Row]:
        return self._rows(select(table).where(table.c.run == run).order_by(order.desc(), table.c.id.desc()).limit(limit))


def _named(service: ColumnElement[Any]) -> ColumnElement[Any]:
    """A service without a name is the same as one whose name is empty."""
    return func.coalesce(service, literal_column("''"))


def _of(table: Table, run: int, channel: str | None) -> Select[*tuple[Any, ...]]:
    statement = select(table).where(table.c.run == run)
    return statement if channel is None else statement.where(table.c.channel == channel)


def _volume_filter(run: int, channel: str | None, since_ns: int | None) -> list[ColumnElement[bool]]:
    volume = tables.volumes.c
    wanted: list[ColumnElement[bool]] = [volume.run == run]
    if channel is not None:
        wanted.append(volume.channel == channel)
    if since_ns is not None:
        wanted.append(volume.time_ns + volume.step_ns > since_ns)
    return wanted


def _decoded(row: Row) -> Row:
    for name in _JSON_COLUMNS & row.keys():
        if isinstance(row[name], str):
            row[name] = json.loads(row[name])
    return row
