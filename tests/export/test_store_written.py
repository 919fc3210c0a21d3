"""What the writer remembers: only what changed is written, and a copy from before is what a failure goes back to."""

from __future__ import annotations

from wsobserve.export.store.written import Written
from wsobserve.records import Accounting, ConnectionSummary, Half, MessageKind, SeriesTotal, Snapshot


def series(name: str | None, messages: int) -> SeriesTotal:
    return SeriesTotal(server=None, route=None, subprotocol=None, channel="/a", direction=None, name=name, messages=messages)


def kind(name: str, messages: int) -> MessageKind:
    return MessageKind(
        id=name, channel="/a", direction=None, name=name, messages=messages, first_ns=1, last_ns=2, formats={}, json_schema={}
    )


def snapshot(*parts: SeriesTotal, kinds: tuple[MessageKind, ...] = (), final: bool = False) -> Snapshot:
    return Snapshot(time_ns=1, accounting=Accounting(), series=parts, kinds=kinds, final=final)


def connection(state: str, started_ns: int, time_ns: int = 9) -> ConnectionSummary:
    half = Half(connection="c", source="a", destination="b")
    return ConnectionSummary(
        half=half,
        time_ns=time_ns,
        packet=1,
        started_ns=started_ns,
        state=state,  # type: ignore[arg-type]  # one of the four, as the caller names it
        started_mid_stream=False,
        handshake=None,
    )


def written() -> Written:
    state = Written()
    state.run = 7
    return state


def names(changes: tuple[list[dict[str, object]], object]) -> list[object]:
    return [row["name"] for row in changes[0]]


def test_only_what_changed_is_written_again() -> None:
    state = written()
    assert names(state.changed_series(snapshot(series("a", 1), series(None, 1)))) == ["a", None]
    assert names(state.changed_series(snapshot(series("a", 1), series(None, 2)))) == [None]
    assert names(state.changed_series(snapshot(series("a", 1), series(None, 2)))) == []


def test_the_last_snapshot_is_written_whole() -> None:
    state = written()
    state.changed_series(snapshot(series("a", 1)))
    assert names(state.changed_series(snapshot(series("a", 1), final=True))) == ["a"]


def test_a_series_keeps_its_number_and_a_new_one_never_takes_another_s() -> None:
    state = written()
    first, _ = state.changed_series(snapshot(series("a", 1), series("b", 1)))
    second, gone = state.changed_series(snapshot(series("b", 2), series("c", 1)))
    assert [row["number"] for row in first] == [1, 2]
    assert [row["number"] for row in second] == [2, 3]
    assert gone == [1]


def test_a_name_that_is_not_known_is_not_an_empty_name() -> None:
    changed, _ = written().changed_series(snapshot(series(None, 1), series("", 1)))
    assert [(row["number"], row["name"]) for row in changed] == [(1, None), (2, "")]


def test_kinds_that_vanish_are_named() -> None:
    state = written()
    state.changed_kinds(snapshot(kinds=(kind("a", 1), kind("b", 1))))
    changed, gone = state.changed_kinds(snapshot(kinds=(kind("b", 2),)))
    assert ([row["id"] for row in changed], gone) == (["b"], ["a"])


def test_an_open_connection_is_written_when_it_has_moved() -> None:
    state = written()
    assert len(state.changed_connections([connection("open", 1)])[0]) == 1
    assert state.changed_connections([connection("open", 1)]) == ([], [])
    assert len(state.changed_connections([connection("open", 1, time_ns=10)])[0]) == 1


def test_the_end_of_a_connection_beats_its_being_open_in_the_same_call() -> None:
    rows, _ = written().changed_connections([connection("closed", 1), connection("open", 1)])
    assert [row["state"] for row in rows] == ["closed"]


def test_an_open_connection_that_began_elsewhen_is_replaced() -> None:
    state = written()
    state.changed_connections([connection("open", 5)])
    assert state.changed_connections([connection("closed", 1)])[1] == [("c", None, 5)]


def test_a_copy_does_not_notice_what_comes_after_it() -> None:
    state = written()
    state.changed_series(snapshot(series("a", 1)))
    before = state.copy()
    state.changed_series(snapshot(series("a", 2), series("b", 1)))
    state.take("messages", "", 0)
    assert before.left_out() == {"messages": 0, "anomalies": 0, "losses": 0, "drift": 0}
    changed, _ = before.changed_series(snapshot(series("a", 2), series("c", 1)))
    assert [(row["number"], row["name"]) for row in changed] == [(1, "a"), (2, "c")]


def test_beyond_the_limit_is_counted() -> None:
    state = written()
    assert [state.take("anomalies", sort, 1) for sort in ("a", "a", "b")] == [True, False, True]
    assert state.left_out() == {"messages": 0, "anomalies": 1, "losses": 0, "drift": 0}
