"""Rows in one of the forms that the command line offers: lines for people, NDJSON and CSV for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from wsobserve.export.rows import Row
from wsobserve.export.text import line_of

ListingForm = Literal["table", "ndjson", "csv"]
_encode = msgspec.json.Encoder().encode


class Listing:
    """Writes rows as they come. CSV has the columns of its first row; rows of another kind are counted in `left_out`."""

    def __init__(self, form: ListingForm, write: Callable[[str], object], line: Callable[[Row], str] = line_of) -> None:
        self.left_out: dict[str, int] = {}
        self._form = form
        self._write = write
        self._line = line
        self._columns: list[str] = []

    def add(self, row: Row) -> None:
        """Write one row."""
        match self._form:
            case "ndjson":
                self._write(_encode(row).decode() + "\n")
            case "csv":
                self._add_csv(row)
            case "table":
                self._write(self._line(row) + "\n")

    def _add_csv(self, row: Row) -> None:
        if row["kind"] in ("anomaly", "loss"):
            self.left_out[row["kind"]] = self.left_out.get(row["kind"], 0) + 1
            return
        flat = flattened(row)
        line = io.StringIO()
        writer = csv.writer(line, lineterminator="\n")
        if not self._columns:
            self._columns = list(flat)
            writer.writerow(self._columns)
        writer.writerow([flat.get(column) for column in self._columns])
        self._write(line.getvalue())


def flattened(row: Row, prefix: str = "") -> dict[str, Any]:
    """Nested objects as `outer.inner` columns, lists and open mappings as JSON."""
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, dict) and key in ("client_to_server", "server_to_client", "close"):
            flat.update(flattened(value, f"{prefix}{key}."))
        elif isinstance(value, dict | list):
            flat[prefix + key] = _encode(value).decode()
        else:
            flat[prefix + key] = value
    return flat
