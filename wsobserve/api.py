"""What `import wsobserve` offers: a capture analysed in one call, its results as pandas DataFrames.

    import wsobserve
    seen = wsobserve.analyze("capture.pcapng")
    seen.channels                     # a DataFrame, one row per channel and direction
    seen.messages.query("name == 'quote'")
    seen.schemas["/stream"]           # a JSON Schema

The columns are named as the fields that the command line prints. pandas is imported when the first view is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from wsobserve.config import DEFAULT_LIMITS, MIB, Limits
from wsobserve.export.rows import (
    PayloadForm,
    Row,
    anomaly_row,
    channel_row,
    connection_row,
    frame_row,
    loss_row,
    message_row,
    volume_row,
)
from wsobserve.export.summary import summary_lines
from wsobserve.observing import observe_files
from wsobserve.pipeline import Pipeline
from wsobserve.publish.documents import channel_documents
from wsobserve.records import (
    Accounting,
    Anomaly,
    CaptureLoss,
    ChannelMessage,
    ConnectionSummary,
    Frame,
    MessageKind,
    Record,
    Snapshot,
)

if TYPE_CHECKING:
    import pandas

MOST_ROWS = 1_000_000
HELD_BYTES = 256 * MIB  # of payloads that are held until the kinds are known; messages beyond have none
PAYLOAD_FORMS = ("none", "text", "base64", "hex")

Path = str | os.PathLike[str]


class Observation:
    """What was found in the captures. Tables are DataFrames; `left_out` says how many rows of which were beyond `most_rows`."""

    def __init__(self, snapshot: Snapshot, rows: dict[str, list[Row]], left_out: dict[str, int]) -> None:
        self.snapshot = snapshot
        self.left_out = left_out
        self._rows = rows

    @property
    def accounting(self) -> Accounting:
        """Every quantity with what became of it."""
        return self.snapshot.accounting

    @property
    def kinds(self) -> tuple[MessageKind, ...]:
        """The message kinds with the JSON Schema inferred for each."""
        return self.snapshot.kinds

    @cached_property
    def schemas(self) -> dict[str, dict[str, Any]]:
        """One JSON Schema (2020-12) a channel."""
        return channel_documents(self.snapshot.kinds)

    @cached_property
    def connections(self) -> pandas.DataFrame:
        """One row a WebSocket connection."""
        return self._table("connection")

    @cached_property
    def messages(self) -> pandas.DataFrame:
        """One row a message."""
        return self._table("message")

    @cached_property
    def frames(self) -> pandas.DataFrame:
        """One row a frame, when `analyze` was asked for frames."""
        return self._table("frame")

    @cached_property
    def anomalies(self) -> pandas.DataFrame:
        """One row an anomaly."""
        return self._table("anomaly")

    @cached_property
    def losses(self) -> pandas.DataFrame:
        """What the captures themselves lost."""
        return self._table("loss")

    @cached_property
    def channels(self) -> pandas.DataFrame:
        """One row per channel and direction."""
        return self._frame([channel_row(total) for total in self.snapshot.channels])

    @cached_property
    def volumes(self) -> pandas.DataFrame:
        """One row per channel, direction and second."""
        return self._frame([volume_row(volume) for volume in self.snapshot.volumes])

    def summary(self) -> str:
        """The closing summary, for people."""
        return "\n".join(summary_lines(self.snapshot))

    def __repr__(self) -> str:
        accounting = self.accounting
        return f"<Observation: {accounting.messages} messages, {len(self.snapshot.channels)} channel directions>"

    def _table(self, kind: str) -> pandas.DataFrame:
        return self._frame(self._rows[kind])

    @staticmethod
    def _frame(rows: list[Row]) -> pandas.DataFrame:
        try:
            import pandas
        except ImportError:
            raise ImportError("pandas is needed for tables: pip install 'wsobserve[pandas]'") from None
        table = pandas.DataFrame(rows)
        if "time_ns" in table:
            table["time"] = pandas.to_datetime(table["time_ns"], unit="ns", utc=True, errors="coerce")
        return table


def analyze(
    *paths: Path,
    payload: PayloadForm = "none",
    frames: bool = False,
    most_rows: int = MOST_ROWS,
    limits: Limits = DEFAULT_LIMITS,
) -> Observation:
    """Analyse capture files (pcap, pcapng, also compressed) as one capture, in time order.

    `payload`: in which form payloads are in `messages` and `frames`. `frames`: whether frames are kept too. Of each
    table at most `most_rows` rows are kept; totals, channels, volumes and schemas always cover everything. Raises
    `wsobserve.CaptureError` when a file cannot be read, ValueError for a wrong argument.
    """
    if payload not in PAYLOAD_FORMS:
        raise ValueError(f"payload must be one of {', '.join(PAYLOAD_FORMS)}: {payload!r}")
    if not paths:
        raise ValueError("no capture file given")
    pipeline = Pipeline(limits, survive=True)
    tables = Tables(payload, frames, most_rows)
    names = [os.fspath(path) for path in paths]
    for records in observe_files(names, pipeline):
        tables.add(records)
    pipeline.findings().schemas.kinds()
    tables.tell_kinds(pipeline.findings().schemas.kind_of)
    return Observation(pipeline.snapshot(final=True), tables.rows, tables.left_out)


class Tables:
    """Rows by kind, up to a limit each."""

    def __init__(self, payload: PayloadForm, frames: bool, most_rows: int) -> None:
        self.rows: dict[str, list[Row]] = {kind: [] for kind in ("connection", "message", "frame", "anomaly", "loss")}
        self.left_out: dict[str, int] = {}
        self._payload = payload
        self._frames = frames
        self._most_rows = most_rows
        self._waiting: list[tuple[Row, ChannelMessage]] = []  # messages whose kind will be known at the end
        self._held_bytes = 0

    def tell_kinds(self, kind_of: Callable[[ChannelMessage], str | None]) -> None:
        """Each message's kind, now that all are known."""
        for row, record in self._waiting:
            row["schema"] = kind_of(record)
        self._waiting.clear()

    def add(self, records: Sequence[Record]) -> None:
        """Keep what has a place in a table."""
        for record in records:
            row = self._row(record)
            if row is None:
                continue
            kind = row["kind"]
            if len(self.rows[kind]) < self._most_rows:
                self.rows[kind].append(row)
                if isinstance(record, ChannelMessage) and self._held_bytes < HELD_BYTES:
                    self._waiting.append((row, record))
                    self._held_bytes += len(record.message.payload)
            else:
                self.left_out[kind] = self.left_out.get(kind, 0) + 1

    def _row(self, record: Record) -> Row | None:
        match record:
            case ChannelMessage():
                return message_row([record], self._payload)
            case Frame():
                return frame_row(record, self._payload) if self._frames else None
            case ConnectionSummary():
                return connection_row(record)
            case Anomaly():
                return anomaly_row(record)
            case CaptureLoss():
                return loss_row(record)
            case _:
                return None
