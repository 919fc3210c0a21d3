"""What the messages of a channel look like: its message kinds, their fields, and the JSON Schema inferred for each."""

from __future__ import annotations

import json
import re
from typing import Any

import selection
import streamlit as st
import tables
from heading import heading
from words import amount, sent

from wsobserve.export.store.read import StoreReader

Row = dict[str, Any]


def show(reader: StoreReader, run: Row) -> None:
    """The message kinds of a channel, and one of them in full."""
    heading("Schemas", run, reader.accounting(run["id"]))
    channels = reader.busiest_channels(run["id"])
    if not channels:
        st.info("No WebSocket traffic in this run, so there is no schema.")
        return
    if run["messages_without_kind"]:
        count = amount(run["messages_without_kind"], "message")
        st.caption(f"{count} of this run: no schema (not JSON, not decoded, or beyond the limit of kinds).")
    kinds = reader.kinds(run["id"], selection.choose_channel(channels))
    if not kinds:
        st.info("No message kind in this channel: its messages are not JSON, or could not be decoded.")
        return
    _kinds(kinds)
    by_id = {kind["id"]: kind for kind in kinds}
    _kind(reader, by_id[selection.choose_kind({key: _label(kind) for key, kind in by_id.items()})])


def _label(kind: Row) -> str:
    return f"{kind['name'] or 'no name'} · {sent(kind)}"


def _kinds(kinds: list[Row]) -> None:
    rows = [{**kind, "formats": ", ".join(kind["formats"]), "direction": sent(kind)} for kind in kinds]
    columns = {
        "name": "name",
        "direction": "direction",
        "messages": tables.count("messages"),
        "formats": "format",
        "confidence": st.column_config.NumberColumn(
            "confidence", format="percent", help="the chance that the next message fits the schema"
        ),
        "schema_version": st.column_config.NumberColumn(
            "version", format="%d", help="the published version that holds for it; empty: none yet (see Schema history)"
        ),
        "first_ns": tables.time("first"),
        "last_ns": tables.time("last"),
    }
    tables.table(rows, columns)


def _kind(reader: StoreReader, kind: Row) -> None:
    left, right = st.columns([3, 2])
    with left:
        st.subheader("Fields", anchor=False)
        fields = reader.fields(kind["run"], kind["id"])
        columns = {
            "path": "field",
            "types": "type",
            "presence": st.column_config.ProgressColumn(
                "present", format="percent", min_value=0, max_value=1, width=120, help="in how many of the objects around it"
            ),
            "detail": "more",
        }
        if fields:
            tables.table(fields, columns)
        else:
            st.info("This kind has no fields: its messages are single values.")
    with right:
        st.subheader("JSON Schema", anchor=False)
        text = json.dumps(kind["json_schema"], indent=2, ensure_ascii=False)
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{kind['channel']}.{kind['name'] or 'message'}").strip("-.")
        st.code(text, language="json", height=490)
        st.download_button("Download", text, f"{name}.schema.json", "application/schema+json", on_click="ignore")


selection.live(show)
