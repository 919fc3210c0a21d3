"""Tables as people read them: directions in words, times in UTC, and a dash where something is not known."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st
from words import DIRECTIONS, SEVERITIES

Row = dict[str, Any]

_ROW_PIXELS = 35
_ROWS_SHOWN = 14
_SEVERITY_COLORS = {None: "gray", "none": "gray", "safe": "green", "warning": "orange", "breaking": "red"}


def table(rows: list[Row], columns: dict[str, Any], *, most: int = _ROWS_SHOWN) -> None:
    """The columns named, in their order, of rows of the store; of more than `most` rows the others are scrolled to."""
    frame = pd.DataFrame(rows, columns=list(columns), dtype=object)
    for name in frame:
        if name == "direction":
            frame[name] = [DIRECTIONS.get(direction, direction) for direction in frame[name]]
        elif str(name).endswith("_ns"):
            frame[name] = pd.to_datetime(frame[name], utc=True)
        else:
            frame[name] = frame[name].infer_objects()
    height = _ROW_PIXELS * (1 + min(len(rows), most)) + 3
    st.dataframe(frame, hide_index=True, column_config=columns, height=height, placeholder="–")


def count(label: str, meaning: str | None = None) -> Any:
    """A column of whole numbers."""
    return st.column_config.NumberColumn(label, format="localized", help=meaning)


def size(label: str, meaning: str | None = None) -> Any:
    """A column of bytes."""
    return st.column_config.NumberColumn(label, format="bytes", help=meaning)


def time(label: str, meaning: str | None = None) -> Any:
    """A column of moments, whose name ends in `_ns`."""
    return st.column_config.DatetimeColumn(f"{label} (UTC)", format="YYYY-MM-DD HH:mm:ss", timezone="UTC", help=meaning)


def severity(label: str) -> Any:
    """A column of lists of one of `SEVERITIES` each, as coloured words."""
    colors = [_SEVERITY_COLORS[key] for key in SEVERITIES]
    return st.column_config.MultiselectColumn(label, options=list(SEVERITIES.values()), color=colors, width=150)
