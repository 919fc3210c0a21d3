"""The store's one writer: records in, rows of one run out, a whole call or nothing of it.

A run is opened by the first call to `export`, so that an input that cannot be read leaves no empty run behind. What a
snapshot says replaces what the one before said; only rows that changed are written. Of messages, anomalies, losses and
drift the first ones of a run are kept up to a limit, and how many are left out stands in the table `runs`. Drafts of
schemas that are due become versions behind it all, when the run's connections are known (see publishing.py).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Table, bindparam, delete, func, insert, inspect, literal_column, not_, update
from sqlalchemy.sql.elements import ColumnElement

from wsobserve import __version__
from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.export.error import ExportError
from wsobserve.export.store import rows, tables
from wsobserve.export.store.address import StoreAddress, check_version, open_to_write, parse_address, translated
from wsobserve.export.store.migration import migrate
from wsobserve.export.store.publishing import Settling
from wsobserve.export.store.registry import Registry
from wsobserve.export.store.written import Written
from wsobserve.records import Anomaly, CaptureLoss, ChannelMessage, ConnectionSummary, Record, SchemaDrift, Snapshot

_STORED = (Anomaly, CaptureLoss, ChannelMessage, ConnectionSummary, Snapshot)


class StoreExporter:
    """Writes one run into the store at `url`. Handshakes are stored with their connection."""

    def __init__(
        self, url: str, *, service: str | None = None, sources: Sequence[str] = (), limits: Limits = DEFAULT_LIMITS
    ) -> None:
        """Opens the store, and makes it where there is none. `ExportError` says why that cannot be."""
        self._address = parse_address(url)
        self._engine: Engine | None = open_to_write(self._address)
        self._service = service
        self._sources = list(sources)
        self._limits = limits
        self._written = Written()
        self._settling = Settling()
        try:
            with translated(self._address), self._engine.begin() as connection:
                _prepare(self._address, connection)
        except ExportError:
            self.close()
            raise

    @property
    def run(self) -> int | None:
        """The number of the run in the store; None as long as nothing was exported."""
        return self._written.run

    def export(self, records: Sequence[Record]) -> None:
        """Writes `records` in one transaction; on `ExportError` nothing of them is in the store."""
        if self._engine is None:
            raise ExportError(f"store {self._address.shown}: it is closed")
        if not any(isinstance(record, _STORED) for record in records):
            return
        if self._address.path is not None and not self._address.path.exists():
            raise ExportError(f"store {self._address.shown}: the file has been removed")
        before, settling_before = self._written.copy(), self._settling.copy()
        try:
            with translated(self._address), self._engine.begin() as connection:
                self._write(connection, records)
        except BaseException:
            self._written, self._settling = before, settling_before
            raise

    def flush(self, timeout_s: float) -> bool:
        """True: each call to `export` has reached the database when it returns."""
        return True

    def close(self) -> None:
        """Closes the database. A run whose last snapshot did not come stays unfinished."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _write(self, connection: Connection, records: Sequence[Record]) -> None:
        if self._written.run is None:
            self._written.run = self._open_run(connection)
        messages: list[ChannelMessage] = []
        anomalies: list[Anomaly] = []
        losses: list[CaptureLoss] = []
        summaries: list[ConnectionSummary] = []
        drift: list[SchemaDrift] = []
        latest: Snapshot | None = None
        for record in records:
            match record:
                case ChannelMessage():
                    messages.append(record)
                case ConnectionSummary():
                    summaries.append(record)
                case Anomaly():
                    anomalies.append(record)
                case CaptureLoss():
                    losses.append(record)
                case Snapshot():
                    summaries.extend(record.open_connections)
                    drift.extend(record.drift)
                    self._write_snapshot(connection, record)
                    latest = record
        self._write_connections(connection, summaries)
        left_out = self._written.left_out()
        self._write_bounded(connection, messages, anomalies, losses, drift)
        if latest is not None and latest.final:
            self._written.leave_out("messages", sum(series.messages for series in latest.series))
        if self._written.left_out() != left_out:
            self._update_run(connection, {f"{name}_left_out": count for name, count in self._written.left_out().items()})
        if latest is not None:
            self._publish(connection, latest)

    def _publish(self, connection: Connection, snapshot: Snapshot) -> None:
        assert self._written.run is not None
        registry = Registry(connection, self._service, self._written.run)
        for kind in self._settling.due(snapshot):
            if registry.publish(kind):
                self._settling.published(kind)

    def _open_run(self, connection: Connection) -> int:
        row = {
            "service": self._service,
            "sources": rows.json_text(self._sources),
            "version": __version__,
            "created_ns": time.time_ns(),
            "finished": False,
            "messages_without_kind": 0,
            "messages_in_overflow": 0,
            "messages_left_out": 0,
            "anomalies_left_out": 0,
            "losses_left_out": 0,
            "drift_left_out": 0,
        }
        key = connection.execute(insert(tables.runs).values(rows.fitting(row))).inserted_primary_key
        assert key is not None
        return int(key[0])

    def _update_run(self, connection: Connection, values: rows.Row) -> None:
        connection.execute(update(tables.runs).where(tables.runs.c.id == self._written.run).values(rows.fitting(values)))

    def _write_snapshot(self, connection: Connection, snapshot: Snapshot) -> None:
        accounting = snapshot.accounting
        values = {
            "started_ns": accounting.first_time_ns,
            "ended_ns": accounting.last_time_ns,
            "snapshot_ns": snapshot.time_ns,
            "finished": snapshot.final,
            "accounting": rows.json_text(accounting),
            "messages_without_kind": snapshot.messages_without_kind,
            "messages_in_overflow": snapshot.messages_in_overflow,
        }
        self._update_run(connection, values)
        written = self._written
        for table, key, (changed, gone) in (
            (tables.series, "number", written.changed_series(snapshot)),
            (tables.channels, "number", written.changed_channels(snapshot)),
            (tables.kinds, "id", written.changed_kinds(snapshot)),
        ):
            if gone:
                vanished = (table.c.run == written.run) & (table.c[key].in_(gone))
                connection.execute(delete(table).where(vanished))
            _upsert(connection, table, (table.c.run, table.c[key]), changed)
        self._write_volumes(connection, snapshot)

    def _write_volumes(self, connection: Connection, snapshot: Snapshot) -> None:
        run, table = self._written.run, tables.volumes
        assert run is not None
        # One without messages stood for a shorter step, which has since been joined to others.
        gone = [
            {"gone_channel": one.channel, "gone_direction": one.direction or "", "gone_ns": one.time_ns}
            for one in snapshot.volumes
            if not one.messages
        ]
        if gone:
            same = (table.c.run == run) & (table.c.channel == bindparam("gone_channel"))
            same &= func.coalesce(table.c.direction, literal_column("''")) == bindparam("gone_direction")
            connection.execute(
                delete(table).where(same & (table.c.time_ns == bindparam("gone_ns"))), [rows.fitting(row) for row in gone]
            )
        changed = [rows.volume_row(run, record) for record in snapshot.volumes if record.messages]
        _upsert(connection, table, tables.SAME_VOLUME, changed)

    def _write_connections(self, connection: Connection, summaries: list[ConnectionSummary]) -> None:
        changed, replaced = self._written.changed_connections(summaries)
        table = tables.connections
        for name, stream, started_ns in replaced:
            same = (table.c.run == self._written.run) & (table.c.connection == name) & (table.c.started_ns == started_ns)
            connection.execute(delete(table).where(same & table.c.stream.is_not_distinct_from(stream)))
        _upsert(connection, table, tables.SAME_CONNECTION, changed, final=table.c.state != "open")

    def _write_bounded(
        self,
        connection: Connection,
        messages: list[ChannelMessage],
        anomalies: list[Anomaly],
        losses: list[CaptureLoss],
        drift: list[SchemaDrift],
    ) -> None:
        run, written, limits = self._written.run, self._written, self._limits
        assert run is not None
        room = limits.stored_messages
        kept_messages = [record for record in messages if written.take("messages", "", room)]
        kept_anomalies = [record for record in anomalies if written.take("anomalies", record.anomaly, limits.stored_anomalies)]
        kept_losses = [record for record in losses if written.take("losses", record.reason, limits.stored_anomalies)]
        kept_drift = [record for record in drift if written.take("drift", record.change, limits.stored_drift)]
        for table, kept in (
            (tables.messages, [rows.message_row(run, record) for record in kept_messages]),
            (tables.anomalies, [rows.anomaly_row(run, record) for record in kept_anomalies]),
            (tables.losses, [rows.loss_row(run, record) for record in kept_losses]),
            (tables.schema_drift, [rows.drift_row(run, record) for record in kept_drift]),
        ):
            if kept:
                connection.execute(insert(table), [rows.fitting(row) for row in kept])


def _prepare(address: StoreAddress, connection: Connection) -> None:
    """Makes the tables where there are none, brings older ones up to date, and refuses those of a newer wsobserve."""
    if inspect(connection).has_table(tables.store_version.name):
        migrate(connection)
        check_version(address, connection)
        return
    tables.metadata.create_all(connection)
    connection.execute(insert(tables.store_version).values(version=tables.SCHEMA_VERSION))


def _upsert(
    connection: Connection,
    table: Table,
    same: tuple[ColumnElement[Any], ...],
    values: list[rows.Row],
    final: ColumnElement[bool] | None = None,
) -> None:
    """Inserts the rows, or updates the ones that are there already; never one that is `final`."""
    if not values:
        return
    # Loading a dialect costs as much as writing a small store: only the one that is used.
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_or_update
    else:
        from sqlalchemy.dialects.sqlite import insert as insert_or_update  # type: ignore[assignment]
    statement = insert_or_update(table)
    changes = {name: statement.excluded[name] for name in values[0]}
    where = None if final is None else not_(final)
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(same), set_=changes, where=where),
        [rows.fitting(row) for row in values],
    )
