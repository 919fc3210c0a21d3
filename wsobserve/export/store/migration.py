"""A store of an older version in, one of this version out: tables, columns and indexes are added, nothing is taken away.

So a program of the older version that is writing into the store meanwhile goes on undisturbed.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, Table, inspect, select, text, update
from sqlalchemy.schema import CreateColumn

from wsobserve.export.store import tables

_ADDED: dict[int, list[Table]] = {
    2: [tables.runs, tables.kinds],
}
OLDEST = 1


def migrate(connection: Connection) -> None:
    """Brings the tables up to date, within the caller's transaction. A store that is not older stays as it is."""
    version = connection.execute(select(tables.store_version.c.version)).scalar()
    if version is None or not OLDEST <= version < tables.SCHEMA_VERSION:
        return
    tables.metadata.create_all(connection)
    for step in range(version + 1, tables.SCHEMA_VERSION + 1):
        for table in _ADDED[step]:
            _add_columns(connection, table)
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                index.create(connection, checkfirst=True)
    connection.execute(update(tables.store_version).values(version=tables.SCHEMA_VERSION))


def _add_columns(connection: Connection, table: Table) -> None:
    there = {column["name"] for column in inspect(connection).get_columns(table.name)}
    for column in table.c:
        if column.name not in there:
            connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {_definition(connection, column)}"))


def _definition(connection: Connection, column: Column[object]) -> str:
    return str(CreateColumn(column).compile(dialect=connection.dialect))
