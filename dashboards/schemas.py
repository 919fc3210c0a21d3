"""What the messages of a channel look like: its message kinds, their fields, and the JSON Schema inferred for each."""

from __future__ import annotations

import json
import re
from typing import Any

import selection
import streamlit as st
import tables
from heading import heading
from words import DIRECTIONS, amount

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
    if st.session_state.get("kind_choice") not in by_id:
        st.session_state["kind_choice"] = kinds[0]["id"]
    chosen = st.selectbox("Message kind", list(by_id), key="kind_choice", format_func=lambda key: _label(by_id[key]), width=520)
    _kind(reader, by_id[chosen])


def _label(kind: Row) -> str:
    return f"{kind['name'] or 'no name'} · {DIRECTIONS.get(kind['direction'])}"


def _kinds(kinds: list[Row]) -> None:
    rows = [{**kind, "formats": ", ".join(kind["formats"])} for kind in kinds]
    columns = {
        "name": "name",
        "direction": "direction",
        "messages": tables.count("messages"),
        "formats": "format",
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
