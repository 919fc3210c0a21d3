"""What about the messages of a run is not as it was: new fields and types, broken formats, fields that vanished."""

from __future__ import annotations

from typing import Any

import charts
import selection
import streamlit as st
import tables
from heading import heading
from words import DRIFT, amount, short

from wsobserve.export.store.read import StoreReader

Row = dict[str, Any]

_LISTED = 1_000


def show(reader: StoreReader, run: Row) -> None:
    """The run's drift: how much of what, when, and each record of it."""
    heading("Drift", run, reader.accounting(run["id"]))
    counts = reader.drift_counts(run["id"])
    if not counts:
        st.success("No drift: the messages of this run look as they did when their kinds were learned.")
        return
    with st.container(horizontal=True, key="drift_tiles"):
        for change, count in counts.items():
            st.metric(DRIFT.get(change, change), short(count), border=True, width=180)
    if run["drift_left_out"]:
        st.caption(f"{amount(run['drift_left_out'], 'more record')} of this run: counted, and not stored one by one.")
    rows = reader.drift(run["id"], limit=_LISTED)
    words = [{**row, "change": DRIFT.get(row["change"], row["change"])} for row in rows]
    st.subheader("When", anchor=False)
    charts.drift_marks(words)
    st.subheader("Records", anchor=False)
    stored = sum(counts.values())
    if stored > len(rows):
        st.caption(f"The {len(rows):,} latest, of {stored:,}.")
    columns = {
        "time_ns": tables.time("time"),
        "change": "what",
        "name": "message",
        "path": st.column_config.TextColumn("field", help="JSON pointer within the message"),
        "detail": st.column_config.TextColumn("more", width="medium"),
        "direction": "direction",
        "certainty": st.column_config.TextColumn("how sure", help="p: the chance of it if nothing had changed"),
        "channel": "channel",
        "connection": "connection",
        "client": "client",
        "packet": st.column_config.NumberColumn("packet", format="%d"),
    }
    tables.table([{**row, **_certainty(row)} for row in words], columns)


def _certainty(row: Row) -> Row:
    if row["p_value"] is None:
        return {"certainty": "certain"}
    return {"certainty": f"p = {row['p_value']:.1g}", "direction": "over many"}


selection.live(show)
