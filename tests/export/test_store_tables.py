"""The tables: their columns are the fields of the records, and none of them has room for what a message says."""

from __future__ import annotations

import pytest
from sqlalchemy import Table, create_engine, make_url
from sqlalchemy.schema import CreateIndex, CreateTable

from wsobserve.export.store import tables
from wsobserve.records import Anomaly, CaptureLoss, ChannelTotal, ChannelVolume, MessageKind, Record, SchemaDrift, SeriesTotal

OURS = {"run", "number", "size_p50", "size_p95", "size_p99"}
OF_THE_HALF = {"id", "connection", "stream", "client", "server", "direction"}


@pytest.mark.parametrize(
    ("table", "record", "others"),
    [
        (tables.series, SeriesTotal, OURS),
        (tables.channels, ChannelTotal, OURS),
        (tables.volumes, ChannelVolume, OURS),
        (tables.kinds, MessageKind, OURS | {"schema_version"}),
        (tables.losses, CaptureLoss, OURS | {"id"}),
        (tables.anomalies, Anomaly, OURS | OF_THE_HALF),
        (tables.schema_drift, SchemaDrift, OURS | OF_THE_HALF | {"certain"}),
    ],
)
def test_columns_are_named_as_the_fields_of_their_record(table: Table, record: type[Record], others: set[str]) -> None:
    columns = {column.name for column in table.c}
    assert columns - others <= set(record.__struct_fields__)
    assert set(record.__struct_fields__) - columns <= {"half"}


def test_no_column_has_room_for_a_payload() -> None:
    names = {column.name for table in tables.metadata.tables.values() for column in table.c}
    assert names & {"payload", "body", "data", "reason_text", "correlation", "cookie", "authorization"} == set()


def test_the_tables_can_be_made_by_sqlite() -> None:
    tables.metadata.create_all(create_engine("sqlite://"))


@pytest.mark.parametrize("url", ["sqlite://", "postgresql://"])
def test_the_tables_can_be_written_for_both_databases(url: str) -> None:
    dialect = make_url(url).get_dialect()()
    for table in tables.metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect))
