"""The version of the tables: an older or newer wsobserve must not read them as what they are not."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from wsobserve.export.error import ExportError
from wsobserve.export.store import tables
from wsobserve.export.store.address import StoreAddress


def check_version(address: StoreAddress, connection: Connection) -> None:
    """`ExportError` when the tables are not the ones that we know."""
    version = connection.execute(select(func.max(tables.store_version.c.version))).scalar()
    if version != tables.SCHEMA_VERSION:
        raise ExportError(
            f"store {address.shown}: it was written by another version of wsobserve"
            f" (its tables are version {version}, this one knows {tables.SCHEMA_VERSION}); name another file"
        )
