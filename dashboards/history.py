"""How the schemas came to be what they are: the published versions of each message kind, and what changed between two.

What is published belongs to the service, whichever run showed it; the run chosen only says which service is meant.
"""

from __future__ import annotations

import json
import re
from typing import Any

import charts
import selection
import streamlit as st
import tables
from words import BASES, SEVERITIES, amount, moment, plain, sent

from wsobserve.export.store.read import StoreReader

Row = dict[str, Any]

_LANES = 24  # kinds in the picture: those that changed last


def show(reader: StoreReader, run: Row) -> None:
    """The registry of a service, and one kind of it in full."""
    st.title("Schema history", anchor=False)
    versions = reader.history(service=run["service"] or "")
    service = f"service **{plain(run['service'])}**" if run["service"] else "the service without a name"
    if not versions:
        st.info("No schema is published yet. The first versions come when a run ends, or when what it learned has settled.")
        return
    by_kind: dict[tuple[str, str], list[Row]] = {}
    for row in versions:
        by_kind.setdefault((row["channel"], row["kind"]), []).append(row)
    for rows in by_kind.values():
        rows.sort(key=lambda row: int(row["number"]))  # an older capture may have been observed later
    counted = f"{amount(len(by_kind), 'message kind')} with {amount(len(versions), 'published version')}"
    st.markdown(f"{counted} of {service}. A version once published never changes.")
    _timeline(by_kind)
    _changes_of_all(versions)
    channels = sorted({channel for channel, _ in by_kind}, key=lambda channel: (-_latest_change(by_kind, channel), channel))
    channel = selection.choose_channel(channels, "the history of this service")
    of_channel = {kind: rows[-1] for (where, kind), rows in by_kind.items() if where == channel}
    of_channel = dict(sorted(of_channel.items(), key=lambda item: (item[1]["number"] == 1, -item[1]["first_seen_ns"])))
    kind = selection.choose_kind({key: _label(row) for key, row in of_channel.items()})
    _kind(reader, reader.versions(channel, kind, run["service"]))


def _latest_change(by_kind: dict[tuple[str, str], list[Row]], channel: str) -> int:
    """When a schema of the channel changed last; 0: never."""
    return max(rows[-1]["first_seen_ns"] if len(rows) > 1 else 0 for (where, _), rows in by_kind.items() if where == channel)


def _label(row: Row) -> str:
    return f"{row['name'] or 'no name'} · {sent(row)} · {amount(row['number'], 'version')}"


def _timeline(by_kind: dict[tuple[str, str], list[Row]]) -> None:
    changed = [rows for rows in by_kind.values() if len(rows) > 1]
    if not changed:
        st.success("No schema has changed since it was first seen.")
        return
    changed.sort(key=lambda rows: -rows[-1]["first_seen_ns"])
    st.subheader("Kinds that changed", anchor=False)
    if len(changed) > _LANES:
        st.caption(f"The {_LANES} that changed last, of {len(changed):,}.")
    charts.version_lanes([_lane(rows) for rows in changed[:_LANES]])


def _lane(rows: list[Row]) -> list[Row]:
    name = f"{rows[0]['name'] or 'no name'} · {rows[0]['channel']} · {sent(rows[0])}"
    return [{**row, "lane": name, "severity": SEVERITIES[row["severity"]]} for row in rows]


def _changes_of_all(versions: list[Row]) -> None:
    later = [row for row in reversed(versions) if row["number"] > 1]
    if not later:
        return
    st.subheader("Latest changes", anchor=False)
    rows = [{**row, "severity": [SEVERITIES[row["severity"]]], "changed": _summary(row["changes"])} for row in later]
    columns = {
        "first_seen_ns": tables.time("first seen"),
        "severity": tables.severity("who breaks"),
        "name": "name",
        "channel": "channel",
        "number": tables.count("version"),
        "changed": st.column_config.TextColumn("what changed", width="large"),
        "client": "client",
        "connection": "connection",
        "run": st.column_config.NumberColumn("run", format="%d"),
    }
    tables.table(rows, columns, most=8)


def _summary(changes: list[Row]) -> str:
    shown = [f"{change['path'] or 'message'}: {_what(change)}" for change in changes[:3]]
    return "; ".join(shown) + (f"; and {len(changes) - 3} more" if len(changes) > 3 else "")


def _what(change: Row) -> str:
    return str(change["what"]).replace("_", " ")


def _kind(reader: StoreReader, versions: list[Row]) -> None:
    columns = {
        "number": tables.count("version"),
        "severity": tables.severity("who breaks"),
        "basis": "why",
        "first_seen_ns": tables.time("first seen", "not earlier, as far as known; by the clock of the capture"),
        "superseded_ns": tables.time("until"),
        "client": "client",
        "connection": "connection",
        "run": st.column_config.NumberColumn("run", format="%d"),
        "messages": tables.count("messages", "of the run, when it was published"),
        "published_ns": tables.time("published", "by the clock of the machine that observed"),
    }
    rows = [
        {**row, "severity": [SEVERITIES[row["severity"]]], "basis": BASES.get(row["basis"], row["basis"])}
        for row in reversed(versions)
    ]
    tables.table(rows, columns, most=8)
    numbers = [row["number"] for row in versions]
    newer = _compared(reader, versions, numbers)
    chosen = versions[newer - 1]
    st.subheader(f"JSON Schema, version {newer}", anchor=False)
    text = json.dumps(chosen["json_schema"], indent=2, ensure_ascii=False)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{chosen['channel']}.{chosen['name'] or 'message'}.v{newer}").strip("-.")
    st.code(text, language="json", height=min(490, 60 + 21 * text.count("\n")))
    st.download_button("Download", text, f"{name}.schema.json", "application/schema+json", on_click="ignore")


def _compared(reader: StoreReader, versions: list[Row], numbers: list[int]) -> int:
    """What differs between two versions; the number of the newer one."""
    st.subheader("What changed", anchor=False)
    if len(numbers) == 1:
        st.info(f"There is one version so far, first seen at {moment(versions[0]['first_seen_ns'])} UTC.")
        return numbers[0]
    kind = versions[0]["kind"]
    first, second, _ = st.columns([1, 1, 2])
    with first:
        older = st.selectbox("From version", numbers[:-1], index=len(numbers) - 2, key=f"from {kind} {len(numbers)}")
    with second:
        later = [number for number in numbers if number > older]
        newer = st.selectbox("to version", later, index=0, key=f"to {kind} {older} {len(numbers)}")
    changes = reader.changes(versions[0]["channel"], kind, older, newer, versions[0]["service"])
    if not changes:
        st.success("Both versions allow the same messages.")
        return int(newer)
    rows = [{**change, "severity": [SEVERITIES[change["severity"]]], "what": _what(change)} for change in changes]
    columns = {
        "severity": tables.severity("who breaks"),
        "path": "field",
        "what": "what",
        "old": "before",
        "new": "after",
        "class": "class",
        "who": st.column_config.TextColumn("breaks", help="who breaks that keeps to the older version"),
        "certainty": st.column_config.TextColumn("seen", help="observed in messages, or inferred from their absence"),
    }
    tables.table(rows, columns)
    return int(newer)


selection.live(show)
