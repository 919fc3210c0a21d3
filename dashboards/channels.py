"""Where messages are organised: each channel's numbers, and one channel's volume over time."""

from __future__ import annotations

from typing import Any

import charts
import selection
import streamlit as st
import tables
from heading import heading

from wsobserve.export.store.read import StoreReader

Row = dict[str, Any]

_RATES = {
    "rate": st.column_config.NumberColumn("mean / s", format="%.2f", help="between the first message and the last"),
    "peak_rate": st.column_config.NumberColumn("peak / s", format="%.1f", help="in the busiest second"),
}
_SIZES = {
    "frame_bytes": tables.size("on the wire", "frame headers and payloads"),
    "payload_bytes": tables.size("after inflation"),
    "size_p50": tables.size("p50", "half of the messages are not longer, after inflation"),
    "size_p95": tables.size("p95", "19 of 20 messages are not longer, after inflation"),
    "size_p99": tables.size("p99", "99 of 100 messages are not longer, after inflation"),
    "undecoded": tables.count("not decoded"),
}


def show(reader: StoreReader, run: Row) -> None:
    """All channels, and one of them over time."""
    heading("Channels", run, reader.accounting(run["id"]))
    rows = reader.channels(run["id"])
    if not rows:
        st.info("No WebSocket traffic in this run, so there is no channel.")
        return
    names = st.column_config.ListColumn("names", width="medium")
    columns = {
        "channel": "channel",
        "direction": "direction",
        "messages": tables.count("messages"),
        **_RATES,
        **_SIZES,
        "names": names,
    }
    tables.table([{**row, "names": list(row["names"])} for row in rows], columns)
    _channel(reader, run, selection.choose_channel([row["channel"] for row in rows]))


def _channel(reader: StoreReader, run: Row, channel: str) -> None:
    rows = reader.volumes(run["id"], channel)
    if rows:
        left, right = st.columns(2)
        with left:
            st.subheader("Messages per second", anchor=False)
            charts.message_rate(rows)
        with right:
            st.subheader("Bytes per second", anchor=False)
            charts.byte_rate(rows)
    st.subheader("Message names", anchor=False)
    columns = {"name": "name", "direction": "direction", "messages": tables.count("messages"), **_SIZES}
    tables.table(reader.series(run["id"], channel), {**columns, "subprotocol": "subprotocol", "server": "server"})


selection.live(show)
