"""What stands above every page: which run it is, how far it has come, and whether something is missing in it."""

from __future__ import annotations

from typing import Any

import streamlit as st
from words import findings, moment, plain, span

Row = dict[str, Any]


def heading(title: str, run: Row, accounting: Row | None, *, findings_follow: bool = False) -> None:
    """The page's title and one line about the run."""
    st.title(title, anchor=False)
    parts = [f"Run {run['id']}", plain(", ".join(run["sources"]) or "source not named")]
    if run["service"]:
        parts.insert(1, f"**{plain(run['service'])}**")
    if run["started_ns"] is not None and run["ended_ns"] is not None:
        length = span(run["ended_ns"] - run["started_ns"])
        parts.append(f"{moment(run['started_ns'])} to {moment(run['ended_ns'])} UTC ({length})")
    badges = [":green-badge[finished]" if run["finished"] else ":blue-badge[not finished]"]
    if accounting and not findings_follow and (count := len(findings(accounting, run))):
        badges.append(f":orange-badge[{count} missing or odd, see Overview]")
    st.markdown(f"{' · '.join(parts)} {' '.join(badges)}")
