"""The charts: volumes over time, drawn as steps, because a volume belongs to a step of time and not to an instant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st
from words import DIRECTIONS, SEVERITIES

Row = dict[str, Any]

_HEIGHT = 320
_MINUTE_NS = 60_000_000_000
_DAY_NS = 24 * 60 * _MINUTE_NS
_MEASURES = {"frame_bytes_per_s": "on the wire", "payload_bytes_per_s": "inflated"}
# For each direction a strong and a light colour, which both stand out on white and on black.
_COLORS = {
    "client_to_server": ("#0e7490", "#67c3d9"),
    "server_to_client": ("#d9622b", "#f2b07f"),
    None: ("#7c6bb0", "#bdb2de"),
}
_SEVERITY_COLORS = ["#6b7f94", "#a8b3bd", "#4d9a57", "#d9902b", "#c8402f"]  # in the order of SEVERITIES
_CHANNEL_COLORS = ("#0e7490", "#d9622b", "#7c6bb0", "#4d9a57", "#c9a227", "#c2558a", "#6b7f94", "#a8b3bd")


def channel_volumes(rows: list[Row], channels: Sequence[str]) -> None:
    """Messages per second, the channels one on the other, the first at the bottom."""
    rank = {channel: number for number, channel in enumerate(channels)}
    frame = _frame(rows, "channel", "messages_per_s")
    frame["rank"] = [rank.get(channel, len(rank)) for channel in frame["channel"]]
    shown = [channel for channel in channels if channel in set(frame["channel"])]
    chart = (
        alt.Chart(frame, height=_HEIGHT)
        .mark_area(interpolate="step-after", opacity=0.9)
        .encode(
            _time(rows),
            alt.Y("messages_per_s:Q", title=None, stack="zero", axis=_count_axis()),
            _color("channel", shown, _CHANNEL_COLORS[: len(shown)], 3),
            alt.Order("rank:Q"),
            tooltip=_tooltip("channel", "messages_per_s"),
        )
    )
    st.altair_chart(chart, width="stretch")


def message_rate(rows: list[Row]) -> None:
    """Messages per second in each direction."""
    found = _directions(rows)
    frame = _frame(rows, "direction", "messages_per_s")
    frame["direction"] = [DIRECTIONS.get(direction, direction) for direction in frame["direction"]]
    colors = [_COLORS[direction][0] for direction in found]
    _lines(rows, frame, "direction", "messages_per_s", [DIRECTIONS[direction] for direction in found], colors)


def byte_rate(rows: list[Row]) -> None:
    """Bytes per second in each direction, on the wire (strong) and after inflation (light)."""
    found = _directions(rows)
    frame = _frame(rows, "direction", *_MEASURES).melt(
        ["time", "direction"], list(_MEASURES), var_name="measure", value_name="bytes_per_s"
    )
    names = [DIRECTIONS.get(direction, direction) for direction in frame["direction"]]
    measures = [_MEASURES[measure] for measure in frame["measure"]]
    frame["line"] = [f"{name}, {measure}" for name, measure in zip(names, measures, strict=True)]
    order = [f"{DIRECTIONS[direction]}, {measure}" for direction in found for measure in _MEASURES.values()]
    colors = [color for direction in found for color in _COLORS[direction]]
    _lines(rows, frame[["time", "line", "bytes_per_s"]], "line", "bytes_per_s", order, colors)


def version_lanes(lanes: list[list[Row]]) -> None:
    """A lane for each message kind: how long each version of its schema lasted, and where the next one began."""
    rows = [row for lane in lanes for row in lane]
    frame = pd.DataFrame(rows, columns=["lane", "number", "severity", "client", "first_seen_ns"])
    frame["ends_ns"] = [
        max(following["first_seen_ns"] if following else row["last_ns"], row["first_seen_ns"])
        for lane in lanes
        for row, following in zip(lane, [*lane[1:], None], strict=True)
    ]
    for name, column in (("begins", "first_seen_ns"), ("ends", "ends_ns")):
        frame[name] = pd.to_datetime(frame[column], utc=True)
    frame = frame.drop(columns=["first_seen_ns", "ends_ns"])
    frame["version"] = [f"version {number}" for number in frame["number"]]
    order = [lane[0]["lane"] for lane in lanes]
    extent = [{"time_ns": row["first_seen_ns"]} for row in rows] + [{"time_ns": row["last_ns"]} for row in rows]
    time = _time(sorted(extent, key=lambda row: int(row["time_ns"])), "begins")
    lane_axis = alt.Axis(title=None, labelLimit=320, domain=False, ticks=False)
    base = alt.Chart(frame).encode(time, alt.Y("lane:N", sort=order, axis=lane_axis))
    words = list(SEVERITIES.values())
    color = alt.Color(
        "severity:N",
        sort=words,
        scale=alt.Scale(domain=words, range=_SEVERITY_COLORS),
        legend=alt.Legend(orient="top", title=None, labelLimit=260, columns=5, offset=4),
    )
    tooltip = [
        alt.Tooltip("lane:N", title="kind"),
        alt.Tooltip("version:N"),
        alt.Tooltip("begins:T", title="first seen (UTC)", format="%Y-%m-%d %H:%M:%S", formatType="utc"),
        alt.Tooltip("client:N"),
    ]
    lasting = base.mark_bar(height=4, opacity=0.35, color="#6b7f94").encode(alt.X2("ends:T"))
    beginning = base.mark_circle(size=170, opacity=1).encode(color, tooltip=tooltip)
    number = base.mark_text(fontSize=10, fontWeight="bold", color="white").encode(text="number:Q")
    chart = (lasting + beginning + number).properties(height=alt.Step(34))
    st.altair_chart(chart, width="stretch")


def drift_marks(rows: list[Row]) -> None:
    """A mark for each drift record, at its time, a line for each sort of change."""
    frame = pd.DataFrame(rows, columns=["time_ns", "change", "name", "path", "detail"])
    frame["time"] = pd.to_datetime(frame["time_ns"], utc=True)
    changes = list(dict.fromkeys(frame["change"]))
    axis = alt.Axis(title=None, labelLimit=260, domain=False, ticks=False)
    chart = (
        alt.Chart(frame.drop(columns="time_ns"), height=50 + 34 * len(changes))
        .mark_tick(thickness=2, size=20, color=_COLORS["server_to_client"][0])
        .encode(
            _time(rows[::-1]),
            alt.Y("change:N", axis=axis),
            tooltip=[
                alt.Tooltip("time:T", title="time (UTC)", format="%Y-%m-%d %H:%M:%S", formatType="utc"),
                *(alt.Tooltip(f"{name}:N") for name in ("change", "name", "path", "detail")),
            ],
        )
    )
    st.altair_chart(chart, width="stretch")


def _lines(rows: list[Row], frame: pd.DataFrame, line: str, value: str, order: Sequence[str], colors: Sequence[str]) -> None:
    chart = (
        alt.Chart(frame, height=_HEIGHT)
        .mark_line(interpolate="step-after", strokeWidth=1.5)
        .encode(
            _time(rows),
            alt.Y(f"{value}:Q", title=None, axis=_count_axis()),
            _color(line, order, colors, 2),
            tooltip=_tooltip(line, value),
        )
    )
    st.altair_chart(chart, width="stretch")


def _frame(rows: list[Row], *columns: str) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["time_ns", *columns])
    frame["time_ns"] = pd.to_datetime(frame["time_ns"], utc=True)
    return frame.rename(columns={"time_ns": "time"})


def _directions(rows: list[Row]) -> list[str | None]:
    found = {row["direction"] for row in rows}
    return [direction for direction in _COLORS if direction in found]


def _time(rows: list[Row], field: str = "time") -> alt.X:
    first_ns, last_ns = rows[0]["time_ns"], rows[-1]["time_ns"]
    same_day = first_ns // _DAY_NS == last_ns // _DAY_NS
    form = "%H:%M:%S" if last_ns - first_ns < 8 * _MINUTE_NS else "%H:%M" if same_day else "%m-%d %H:%M"
    axis = alt.Axis(format=form, labelOverlap=True, tickCount=6, grid=False)
    return alt.X(f"{field}:T", title="time (UTC)", scale=alt.Scale(type="utc"), axis=axis)


def _count_axis() -> alt.Axis:
    return alt.Axis(labelExpr="datum.value >= 1000 ? format(datum.value, '~s') : datum.value", tickCount=5)


def _color(field: str, order: Sequence[str], colors: Sequence[str], columns: int) -> alt.Color:
    legend = alt.Legend(orient="top", title=None, labelLimit=220, columns=columns, offset=4)
    return alt.Color(f"{field}:N", sort=list(order), scale=alt.Scale(domain=list(order), range=list(colors)), legend=legend)


def _tooltip(line: str, value: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("time:T", title="time (UTC)", format="%Y-%m-%d %H:%M:%S", formatType="utc"),
        alt.Tooltip(f"{line}:N", title=line),
        alt.Tooltip(f"{value}:Q", title=value.replace("_per_s", " per second"), format=",.1f"),
    ]
