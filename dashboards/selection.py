"""Which store, run and channel the pages show.

A choice is kept in the address (`?run=3&channel=/rooms/{id}`), so that a view can be sent to somebody else. Without a
choice the newest run is shown, also when it begins while the page is open.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, NoReturn

import streamlit as st
from words import plain

from wsobserve.export.error import ExportError
from wsobserve.export.store.read import StoreReader

Row = dict[str, Any]

_LIVE_S = 2.0  # how often a run that still grows is read again
_FINISHED_S = 5.0  # and how often we look for a newer one
_RUNS_LISTED = 200


def choose_run() -> None:
    """The sidebar: the run to show. Stops the page, and tries again, when there is no store or no run in it."""
    _recall("run", "channel", "kind")
    try:
        reader = _reader()
        runs = reader.runs()
    except ExportError as error:
        _wait(_no_store, str(error))
    if not runs:
        _wait(_no_run, reader.shown)
    chosen = st.query_params.get("run")
    by_number = {str(run["id"]): run for run in runs}
    if chosen is not None and chosen not in by_number:
        st.warning(f"There is no run {plain(chosen)} in this store; this is the newest one.")
        _forget("run")
        chosen = None
    shown = chosen or str(runs[0]["id"])
    listed = list(by_number)[:_RUNS_LISTED]
    if shown not in listed:
        listed.append(shown)
    st.session_state["run_choice"] = shown
    with st.sidebar:
        st.selectbox(
            "Run", listed, key="run_choice", format_func=lambda number: _run_label(by_number[number]), on_change=_run_chosen
        )
        st.caption(f"Store {plain(reader.shown)}")
    st.session_state["shown_run"] = by_number[shown]["id"]
    st.session_state["newest_run"] = None if chosen else runs[0]["id"]


def live(show: Callable[[StoreReader, Row], None]) -> None:
    """Shows a page's content for the chosen run, and shows it anew while the run grows."""
    number = st.session_state["shown_run"]

    def part() -> None:
        try:
            reader = _reader()
            runs = reader.runs()
            newest = st.session_state["newest_run"]
            run = next((run for run in runs if run["id"] == number), None)
            if run is None or (newest is not None and runs[0]["id"] != newest):
                st.rerun()
            show(reader, run)
        except ExportError as error:
            _no_store(str(error))

    try:
        finished = any(run["finished"] for run in _reader().runs() if run["id"] == number)
    except ExportError as error:
        _no_store(str(error))
        return
    st.fragment(part, run_every=_FINISHED_S if finished else _LIVE_S)()


def choose_channel(channels: Sequence[str], where: str = "this run") -> str:
    """A box with the channels, those of the run if not said otherwise; the first one, the busiest, without a choice."""
    chosen = st.query_params.get("channel")
    names = list(dict.fromkeys(channels))
    if chosen is not None and chosen not in names:
        st.info(f"Channel {plain(chosen)} is not in {where}.")
    st.session_state["channel_choice"] = chosen if chosen in names else names[0]
    return st.selectbox("Channel", names, key="channel_choice", on_change=_channel_chosen, width=520)


def choose_kind(labels: Mapping[str, str]) -> str:
    """A box with message kinds, labels by identifier; the first one without a choice."""
    chosen = st.query_params.get("kind")
    st.session_state["kind_choice"] = chosen if chosen in labels else next(iter(labels))
    return st.selectbox(
        "Message kind", list(labels), key="kind_choice", format_func=labels.__getitem__, on_change=_kind_chosen, width=520
    )


def _run_chosen() -> None:
    _keep("run", st.session_state["run_choice"])


def _channel_chosen() -> None:
    _keep("channel", st.session_state["channel_choice"])


def _kind_chosen() -> None:
    _keep("kind", st.session_state["kind_choice"])


def _keep(name: str, value: str) -> None:
    st.session_state[f"kept_{name}"] = st.query_params[name] = value


def _recall(*names: str) -> None:
    """Changing the page clears the address; the choices stay."""
    for name in names:
        if name in st.query_params:
            st.session_state[f"kept_{name}"] = st.query_params[name]
        elif f"kept_{name}" in st.session_state:
            st.query_params[name] = st.session_state[f"kept_{name}"]


def _forget(name: str) -> None:
    st.session_state.pop(f"kept_{name}", None)
    st.query_params.pop(name, None)


def _reader() -> StoreReader:
    url = os.environ.get("WSOBSERVE_STORE", "")
    if not url:
        raise ExportError("no store is named; start the dashboard with `wsobserve dashboard --store obs.db`")
    return StoreReader(url)


def _run_label(run: Row) -> str:
    what = run["service"] or ", ".join(PurePath(source).name for source in run["sources"]) or "unnamed"
    return f"{run['id']} · {what}"


def _no_store(reason: str) -> None:
    st.error(plain(reason))
    st.markdown("Fill a store from a capture file, then it is shown here:")
    st.code("wsobserve analyze traffic.pcapng --store obs.db\nwsobserve dashboard --store obs.db", language="bash")


def _no_run(shown: str) -> None:
    st.info(f"Store {plain(shown)} holds no run yet.")
    st.markdown("A run appears here as soon as one of these has something to say:")
    st.code(
        "wsobserve analyze traffic.pcapng --store obs.db\nwsobserve attach --interface eth0 --store obs.db", language="bash"
    )


def _wait(say: Callable[[str], None], about: str) -> NoReturn:
    """Says why there is nothing to show, and starts the page again as soon as there may be."""
    first = True

    def part() -> None:
        nonlocal first
        if not first:
            st.rerun()
        first = False
        say(about)

    st.fragment(part, run_every=_LIVE_S)()
    st.stop()
