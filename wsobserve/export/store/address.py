"""Where a store is: a URL or a path in, an open database out, and every complaint of the database in one line.

SQLite runs in WAL mode, so that readers never wait for the writer nor it for them, with `synchronous=NORMAL`: after a
power cut the last transactions may be missing, but the file is whole.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool, QueuePool

from wsobserve.export.error import ExportError
from wsobserve.export.store import tables

BUSY_TIMEOUT_S = 5.0  # how long we wait for another program's lock


class StoreAddress(NamedTuple):
    """A store's URL, its file when it is SQLite, and the name under which people may see it (no password)."""

    url: URL
    path: Path | None
    shown: str


def parse_address(text: str) -> StoreAddress:
    """The store that `--store` names: `obs.db`, `sqlite:///obs.db`, or another database by its URL."""
    if not text.strip():
        raise ExportError("the store has an empty name; give a path such as obs.db, or a URL such as sqlite:///obs.db")
    if "://" not in text:
        if text.startswith(("sqlite:", "postgresql:")):
            raise ExportError("the store's URL lacks its slashes; write it as sqlite:///obs.db, or give a plain path")
        return _sqlite_address(text)
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError):  # the text may hold a password: it is not repeated
        raise ExportError("the store's URL cannot be understood; write it as sqlite:///obs.db, or give a plain path") from None
    if backend == "sqlite":
        if not url.database or url.database == ":memory:" or url.host:
            raise ExportError("the store's URL names no file; write it as sqlite:///obs.db (three slashes, then the path)")
        return _sqlite_address(url.database)
    return StoreAddress(url, None, url.set(query={}).render_as_string(hide_password=True))


def _sqlite_address(path: str) -> StoreAddress:
    if "\0" in path:
        raise ExportError("the store's path holds a NUL character")
    absolute = Path(path).absolute()
    return StoreAddress(URL.create("sqlite", database=str(absolute)), absolute, path)


@contextmanager
def translated(address: StoreAddress) -> Iterator[None]:
    """Turns what the database complains about into an `ExportError` of one line, without statement or values."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError, OverflowError, UnicodeError, ImportError) as error:
        raise ExportError(f"store {address.shown}: {_reason(error)}") from None


def _reason(error: BaseException) -> str:
    if isinstance(error, NoSuchModuleError):
        return "no such kind of database is known; sqlite and postgresql are"
    if isinstance(error, ImportError):
        return f"the database driver {error.name} is not installed"
    if isinstance(error, UnicodeError | OverflowError):
        return f"a value does not fit into the database ({type(error).__name__})"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    text = str(cause).strip()
    line = text.splitlines()[0] if text else type(cause).__name__
    if line == "database is locked":
        return f"another program has held it locked for more than {BUSY_TIMEOUT_S:g} s"
    if line == "file is not a database":
        return "the file is not a database"
    return line


def open_to_write(address: StoreAddress) -> Engine:
    """An engine whose transactions take the write lock at their start, so that none fails half-way for want of it."""
    with translated(address):
        if address.path is None:
            return create_engine(address.url, hide_parameters=True)
        _check_path(address)
        # One connection for good: the last one to close copies the write-ahead log back, which waits for the disk.
        engine = create_engine(
            "sqlite://",
            creator=lambda: _connect_to_write(address),
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,
        )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _check_path(address: StoreAddress) -> None:
    path = address.path
    assert path is not None
    if path.is_dir():
        raise ExportError(f"store {address.shown}: this is a directory; name a file in it")
    if not path.parent.is_dir():
        raise ExportError(f"store {address.shown}: there is no directory {path.parent}")


def _connect_to_write(address: StoreAddress) -> sqlite3.Connection:
    path = str(address.path)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o644))  # SQLite does not say why it cannot open a file
    # isolation_level None: the module opens no transactions of its own, `begin` above does
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and "wsobserve_store" not in tables:
            raise ExportError(f"store {address.shown}: this is the database of another program; name another file")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def open_to_read(address: StoreAddress) -> Engine:
    """An engine that cannot write. Each query opens the database anew: a store that was replaced is noticed."""
    with translated(address):
        if address.path is None:
            return create_engine(address.url, poolclass=NullPool, hide_parameters=True)
        return create_engine("sqlite://", creator=lambda: _connect_to_read(address), poolclass=NullPool, hide_parameters=True)


def _connect_to_read(address: StoreAddress) -> sqlite3.Connection:
    path = address.path
    assert path is not None
    if path.is_dir():
        raise ExportError(f"store {address.shown}: this is a directory, not a store")
    if not path.exists():
        raise ExportError(f"store {address.shown}: there is no such file (yet)")
    location = f"file:{quote(str(path))}?mode=ro"
    try:
        return _probed(sqlite3.connect(location, uri=True, timeout=BUSY_TIMEOUT_S, check_same_thread=False))
    except sqlite3.OperationalError:
        # WAL needs a file beside the database. Where none can be made, and none is there, nobody writes either.
        if path.with_name(f"{path.name}-wal").exists():
            raise
        return _probed(sqlite3.connect(f"{location}&immutable=1", uri=True, check_same_thread=False))


def _probed(connection: sqlite3.Connection) -> sqlite3.Connection:
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def check_version(address: StoreAddress, connection: Connection) -> None:
    """`ExportError` when the tables are not the ones that we know."""
    version = connection.execute(select(func.max(tables.store_version.c.version))).scalar()
    if version == tables.SCHEMA_VERSION:
        return
    advice = "name another file"
    if version is not None and 0 < version < tables.SCHEMA_VERSION:
        advice = f"the next run that is written into it brings it up to date: wsobserve analyze FILE --store {address.shown}"
    raise ExportError(
        f"store {address.shown}: it was written by another version of wsobserve"
        f" (its tables are version {version}, this one knows {tables.SCHEMA_VERSION}); {advice}"
    )
