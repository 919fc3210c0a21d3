"""The tables of the store. Columns are named as the records' fields; NULL means *not known*.

A run is one `analyze` or `attach`; every other row belongs to one, but for the schema versions, which outlive it. Times
are integers of nanoseconds since 1970, UTC. Columns of maps and lists hold JSON text. Nothing in here can hold a payload.
A change that an older reader would misunderstand raises `SCHEMA_VERSION` and gets a step in `migration.py`.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    event,
    func,
    literal_column,
)

SCHEMA_VERSION = 2

metadata = MetaData()

# SQLite counts up by itself only in a column of type INTEGER.
_number = BigInteger().with_variant(Integer, "sqlite")


def _run() -> Column[int]:
    return Column("run", _number, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False)


def _identifier() -> Column[int]:
    return Column("id", _number, primary_key=True)


def _sizes() -> list[Column[object]]:
    """A histogram of lengths after inflation (records.Sizes), and what is asked of it most."""
    quantiles: list[Column[object]] = [Column(name, Float) for name in ("size_p50", "size_p95", "size_p99")]
    return [*quantiles, Column("sizes", Text, nullable=False)]


def _traffic() -> list[Column[object]]:
    names = ("messages", "undecoded", "frame_bytes", "payload_bytes")
    return [Column(name, BigInteger, nullable=False) for name in names]


store_version = Table("wsobserve_store", metadata, Column("version", Integer, nullable=False))

runs = Table(
    "runs",
    metadata,
    _identifier(),
    Column("service", Text),
    Column("sources", Text, nullable=False),  # files or interfaces
    Column("version", Text, nullable=False),  # of wsobserve
    Column("created_ns", BigInteger, nullable=False),  # when the row was written, by the clock of this machine
    Column("started_ns", BigInteger),  # first and last packet, by the capture's clock
    Column("ended_ns", BigInteger),
    Column("snapshot_ns", BigInteger),  # of the latest snapshot; NULL: none has come yet
    Column("finished", Boolean, nullable=False),  # the last snapshot has come
    Column("accounting", Text),  # records.Accounting of the latest snapshot
    Column("messages_without_kind", BigInteger, nullable=False),
    Column("messages_in_overflow", BigInteger, nullable=False),
    Column("messages_left_out", BigInteger, nullable=False),  # not in the table `messages`, to keep it bounded
    Column("anomalies_left_out", BigInteger, nullable=False),
    Column("losses_left_out", BigInteger, nullable=False),
    Column("drift_left_out", BigInteger, nullable=False, server_default="0"),
    sqlite_autoincrement=True,  # a schema version tells which run published it: a deleted run's number is not given again
)

connections = Table(
    "connections",
    metadata,
    _identifier(),
    _run(),
    Column("connection", Text, nullable=False),
    Column("stream", BigInteger),
    Column("client", Text),
    Column("server", Text),
    Column("state", Text, nullable=False),
    Column("started_mid_stream", Boolean, nullable=False),
    Column("started_ns", BigInteger, nullable=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("packet", BigInteger, nullable=False),
    Column("host", Text),
    Column("target", Text),
    Column("route", Text),
    Column("origin", Text),
    Column("user_agent", Text),
    Column("status_code", BigInteger),
    Column("subprotocol", Text),
    Column("extensions", Text, nullable=False),
    Column("handshake_ns", BigInteger),  # from request to response
    Column("handshake", Text),  # all fields
    Column("messages_client_to_server", BigInteger, nullable=False),
    Column("messages_server_to_client", BigInteger, nullable=False),
    Column("wire_bytes_client_to_server", BigInteger, nullable=False),
    Column("wire_bytes_server_to_client", BigInteger, nullable=False),
    Column("client_to_server", Text, nullable=False),  # records.HalfCount
    Column("server_to_client", Text, nullable=False),
    Column("close_code", BigInteger),
    Column("close_first_sent_by", Text),
    Column("close_verdict", Text, nullable=False),
    Column("close", Text, nullable=False),  # records.Close
    Column("lost_bytes", BigInteger, nullable=False),
    Column("undecoded", Text, nullable=False),
    Column("anomalies", Text, nullable=False),
    Column("round_trip_ns", BigInteger),
    Column("health", Text),  # records.TcpHealth
)

series = Table(
    "series",
    metadata,
    _run(),
    Column("number", BigInteger, nullable=False),  # in order of appearance in the run
    Column("server", Text),
    Column("route", Text),
    Column("subprotocol", Text),
    Column("channel", Text, nullable=False),
    Column("direction", Text),
    Column("name", Text),
    *_traffic(),
    Column("formats", Text, nullable=False),
    Column("first_ns", BigInteger),
    Column("last_ns", BigInteger),
    *_sizes(),
    Index("series_of_run", "run", "number", unique=True),
)

channels = Table(
    "channels",
    metadata,
    _run(),
    Column("number", BigInteger, nullable=False),
    Column("channel", Text, nullable=False),
    Column("direction", Text),
    Column("names", Text, nullable=False),  # messages by name
    Column("rate", Float),  # messages a second between the first and the last
    *_traffic(),
    Column("formats", Text, nullable=False),
    Column("first_ns", BigInteger),
    Column("last_ns", BigInteger),
    *_sizes(),
    Index("channels_of_run", "run", "number", unique=True),
)

volumes = Table(
    "volumes",
    metadata,
    _run(),
    Column("channel", Text, nullable=False),
    Column("direction", Text),
    Column("time_ns", BigInteger, nullable=False),
    Column("step_ns", BigInteger, nullable=False),
    *_traffic(),
    *_sizes(),
)

kinds = Table(
    "kinds",
    metadata,
    _run(),
    Column("id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("direction", Text),
    Column("name", Text),
    Column("messages", BigInteger, nullable=False),
    Column("first_ns", BigInteger, nullable=False),
    Column("last_ns", BigInteger, nullable=False),
    Column("formats", Text, nullable=False),
    Column("json_schema", Text, nullable=False),
    Column("directions", Text),
    Column("discriminator", Text),
    Column("confidence", Float),
    Column("first_connection", Text),
    Column("schema_version", BigInteger),  # that held for it when it was last looked at; NULL: none yet
    Index("kinds_of_run", "run", "id", unique=True),
    Index("kinds_by_id", "id"),
)

# What is published is a fact: no row of it is ever changed or taken away, not even with its run.
schema_versions = Table(
    "schema_versions",
    metadata,
    Column("service", Text),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),  # kinds.id
    Column("number", BigInteger, nullable=False),  # 1, 2, ...
    Column("name", Text),
    Column("direction", Text),
    Column("directions", Text, nullable=False),
    Column("discriminator", Text, nullable=False),
    Column("formats", Text, nullable=False),
    Column("confidence", Float),
    Column("digest", Text, nullable=False),  # of the constraining part
    Column("json_schema", Text, nullable=False),  # without the counts of the run
    Column("basis", Text, nullable=False),  # publishing.Basis: how it came out of the run and the version before
    Column("messages", BigInteger, nullable=False),  # of the run, behind it when it was published
    Column("messages_before", BigInteger, nullable=False),  # behind the version before, if it holds for them too
    Column("first_seen_ns", BigInteger, nullable=False),  # by the capture's clock: not earlier, as far as known
    Column("last_ns", BigInteger, nullable=False),  # the last message behind it when it was published
    Column("published_ns", BigInteger, nullable=False),  # by the clock of this machine
    Column("run", BigInteger, nullable=False),  # that published it; it may be gone
    Column("connection", Text),  # that first showed it
    Column("client", Text),  # user agent of that connection, or of all of the run
    Column("changes", Text, nullable=False),  # compare.Change of each, against the version before
)

schema_drift = Table(
    "schema_drift",
    metadata,
    _identifier(),
    _run(),
    Column("time_ns", BigInteger, nullable=False),
    Column("packet", BigInteger),
    Column("connection", Text),
    Column("stream", BigInteger),
    Column("client", Text),
    Column("server", Text),
    Column("channel", Text, nullable=False),
    Column("direction", Text),
    Column("kind", Text, nullable=False),
    Column("name", Text),
    Column("change", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("certain", Boolean, nullable=False),
    Column("p_value", Float),
    Index("schema_drift_of_run", "run", "kind", "time_ns"),
)

anomalies = Table(
    "anomalies",
    metadata,
    _identifier(),
    _run(),
    Column("connection", Text, nullable=False),
    Column("stream", BigInteger),
    Column("client", Text),
    Column("server", Text),
    Column("direction", Text),
    Column("time_ns", BigInteger, nullable=False),
    Column("packet", BigInteger, nullable=False),
    Column("anomaly", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("anomalies_of_run", "run", "anomaly"),
)

messages = Table(
    "messages",
    metadata,
    _identifier(),
    _run(),
    Column("connection", Text, nullable=False),
    Column("stream", BigInteger),
    Column("client", Text),
    Column("server", Text),
    Column("direction", Text),
    Column("time_ns", BigInteger, nullable=False),
    Column("started_ns", BigInteger, nullable=False),
    Column("packet", BigInteger, nullable=False),
    Column("opcode", Text, nullable=False),
    Column("fragments", BigInteger, nullable=False),
    Column("compressed", Boolean, nullable=False),
    Column("wire_length", BigInteger, nullable=False),
    Column("length", BigInteger),
    Column("complete", Boolean, nullable=False),
    Column("valid_utf8", Boolean),
    Column("undecoded", Text),
    Column("format", Text, nullable=False),
    Column("convention", Text),
    Column("channel", Text, nullable=False),
    Column("name", Text),
    Column("operation", Text),
    Column("schema", Text),
    Index("messages_of_run", "run", "time_ns"),
)

losses = Table(
    "losses",
    metadata,
    _identifier(),
    _run(),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("packets", BigInteger),
    Column("time_ns", BigInteger),
    Column("detail", Text, nullable=False),
    Index("losses_of_run", "run"),
)

# What makes a row the same row. A direction or stream that is not known is NULL, and NULL equals nothing in SQL.
SAME_CONNECTION = (
    connections.c.run,
    connections.c.connection,
    func.coalesce(connections.c.stream, literal_column("-1")),
    connections.c.started_ns,
)
SAME_VOLUME = (
    volumes.c.run,
    volumes.c.channel,
    func.coalesce(volumes.c.direction, literal_column("''")),
    volumes.c.time_ns,
)
Index("connections_of_run", *SAME_CONNECTION, unique=True)
Index("volumes_of_run", *SAME_VOLUME, unique=True)
SAME_KIND = (func.coalesce(schema_versions.c.service, literal_column("''")), schema_versions.c.channel, schema_versions.c.kind)
Index("schema_versions_in_order", *SAME_KIND, schema_versions.c.number, unique=True)

_REFUSED = "a published schema version never changes"
# BEFORE INSERT: `INSERT OR REPLACE` takes a row away without asking the trigger on DELETE.
_SQLITE_TRIGGERS = (
    f"CREATE TRIGGER schema_versions_not_changed BEFORE UPDATE ON schema_versions BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END",
    f"CREATE TRIGGER schema_versions_not_deleted BEFORE DELETE ON schema_versions BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END",
    "CREATE TRIGGER schema_versions_one_by_one BEFORE INSERT ON schema_versions WHEN NEW.number <> 1 + coalesce((SELECT"
    " max(number) FROM schema_versions WHERE coalesce(service, '') = coalesce(NEW.service, '') AND channel = NEW.channel"
    f" AND kind = NEW.kind), 0) BEGIN SELECT RAISE(ABORT, '{_REFUSED}; the next one has the next number'); END",
)
for _trigger in _SQLITE_TRIGGERS:
    event.listen(schema_versions, "after_create", DDL(_trigger).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]  # SQLAlchemy gives it no types
