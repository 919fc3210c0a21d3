"""Rows as NDJSON, CSV and lines."""

from __future__ import annotations

import csv
import io
import json

from wsobserve.export.rows import Row, loss_row
from wsobserve.listing import Listing, flattened
from wsobserve.records import CaptureLoss

ROW: Row = {"kind": "channel", "channel": 'a,"b"', "names": {"x": 1}, "close": {"clean": True}, "none": None}
LOSS = loss_row(CaptureLoss(source="x", reason="file_cut"))


def test_ndjson_is_one_object_a_line() -> None:
    lines: list[str] = []
    listing = Listing("ndjson", lines.append)
    listing.add(ROW)
    listing.add(LOSS)
    assert [json.loads(line) for line in lines] == [ROW, LOSS]
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in lines)


def test_csv_has_the_columns_of_its_first_row_and_counts_what_it_leaves_out() -> None:
    lines: list[str] = []
    listing = Listing("csv", lines.append)
    for row in (ROW, LOSS, ROW):
        listing.add(row)
    read = list(csv.DictReader(io.StringIO("".join(lines))))
    assert [row["channel"] for row in read] == ['a,"b"', 'a,"b"']
    assert read[0]["close.clean"] == "True"
    assert json.loads(read[0]["names"]) == {"x": 1}
    assert listing.left_out == {"loss": 1}


def test_nested_objects_become_columns_and_lists_become_json() -> None:
    assert flattened({"close": {"a": 1, "b": [2]}, "other": {"c": 3}}) == {"close.a": 1, "close.b": "[2]", "other": '{"c":3}'}
