"""The first page: what was observed, and first of all what was not."""

from __future__ import annotations

from typing import Any

import charts
import selection
import streamlit as st
import tables
from heading import heading
from words import findings, short, size

from wsobserve.export.store.read import OTHER_CHANNELS, StoreReader

Row = dict[str, Any]

_CHANNELS_DRAWN = 7
_CONNECTIONS_LISTED = 500


def show(reader: StoreReader, run: Row) -> None:
    """What was observed, and what was not."""
    accounting = reader.accounting(run["id"])
    heading("Overview", run, accounting, findings_follow=True)
    if accounting is None:
        st.info("This run has begun and has nothing to show yet.")
        return
    counts = reader.counts(run["id"])
    _tiles(accounting, counts)
    _honest_part(accounting, run)
    if not counts["connections"] and not accounting["messages"]:
        st.info(f"No WebSocket traffic in this run: none in {accounting['packets_seen']:,} packets.")
        return
    _volumes(reader, run)
    _connections(reader, run, counts["connections"])


def _tiles(accounting: Row, counts: dict[str, int]) -> None:
    tiles = {
        "Connections": (short(counts["connections"]), "WebSocket connections, refused and unanswered ones included"),
        "Messages": (short(accounting["messages"]), "Data messages, those that could not be decoded included"),
        "On the wire": (size(accounting["frame_bytes"]), "Frame headers and payloads, as sent"),
        "After inflation": (size(accounting["payload_length"]), "Payloads of the messages, uncompressed"),
        "Channels": (short(counts["channels"]), "Request paths, refined by the subprotocol's topics"),
        "Message kinds": (short(counts["kinds"]), "Each with its inferred schema"),
    }
    with st.container(horizontal=True, key="tiles"):
        for label, (value, meaning) in tiles.items():
            st.metric(label, value, help=meaning, border=True, width=140)


def _honest_part(accounting: Row, run: Row) -> None:
    found = findings(accounting, run)
    if not found:
        st.success(f"Nothing lost: all {accounting['packets_seen']:,} packets were read and every message was decoded.")
        return
    with st.container(border=True, key="honest"):
        st.markdown("**Missing or odd in this run**")
        st.markdown("\n".join(f"- :{one.color}-badge[{one.amount}] {one.meaning}" for one in found))


def _volumes(reader: StoreReader, run: Row) -> None:
    st.subheader("Messages per second", anchor=False)
    drawn = reader.busiest_channels(run["id"], _CHANNELS_DRAWN)
    rows = reader.volumes_by_channel(run["id"], drawn)
    if rows:
        charts.channel_volumes(rows, [*drawn, OTHER_CHANNELS])
    else:
        st.info("No message yet.")


def _connections(reader: StoreReader, run: Row, count: int) -> None:
    st.subheader("Connections", anchor=False)
    rows = reader.connections(run["id"], _CONNECTIONS_LISTED)
    if not rows:
        st.info("No connection yet.")
        return
    if count > len(rows):
        st.caption(f"The {len(rows):,} that began last, of {count:,}.")
    columns = {
        "started_ns": tables.time("started"),
        "route": "route",
        "state": "state",
        "status_code": st.column_config.NumberColumn("HTTP", format="%d", help="status code of the opening handshake"),
        "close_verdict": "how it ended",
        "close_code": st.column_config.NumberColumn("close code", format="%d"),
        "subprotocol": "subprotocol",
        "client": "client",
        "server": "server",
        "duration_s": st.column_config.NumberColumn("lasted (s)", format="%.1f"),
        "messages_client_to_server": tables.count("messages →", "client to server"),
        "messages_server_to_client": tables.count("messages ←", "server to client"),
        "wire_bytes_client_to_server": tables.size("bytes →", "client to server, frame headers and payloads"),
        "wire_bytes_server_to_client": tables.size("bytes ←", "server to client, frame headers and payloads"),
        "lost_bytes": tables.size("lost"),
    }
    tables.table([{**row, "close_verdict": _ending(row)} for row in rows], columns)


def _ending(connection: Row) -> str | None:
    """How it ended, for those that have begun."""
    if connection["state"] in ("refused", "unanswered"):
        return None
    return str(connection["close_verdict"]).replace("_", " ")


selection.live(show)
