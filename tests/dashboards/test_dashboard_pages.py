"""Each page, run without a browser on a store made here: what it says, and what it says when there is nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("streamlit", reason="Streamlit is not installed: pip install 'wsobserve[dashboard]'")

from streamlit.testing.v1 import AppTest

from tests.dashboards.observed import HOSTILE, START_NS, fill, fill_history, open_store
from wsobserve.export.store import StoreExporter
from wsobserve.records import Accounting, Anomaly, AnomalyKind, Half, Snapshot

pytestmark = pytest.mark.build_independent

DASHBOARDS = Path(__file__).resolve().parents[2] / "dashboards"
TIMEOUT_S = 60  # the first run imports pandas and altair


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(DASHBOARDS))
    monkeypatch.setenv("WSOBSERVE_STORE", str(tmp_path / "obs.db"))
    return tmp_path / "obs.db"


def page(name: str, **address: str) -> AppTest:
    app = AppTest.from_file(str(DASHBOARDS / "app.py"), default_timeout=TIMEOUT_S)
    for key, value in address.items():
        app.query_params[key] = value
    app.run()
    if name != "overview":
        app.switch_page(f"{name}.py")
        for key, value in address.items():
            app.query_params[key] = value
        app.run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    elements: list[Any] = [*app.markdown, *app.info, *app.success, *app.error, *app.warning, *app.caption, *app.title]
    return "\n".join(element.value for element in elements)


def test_the_overview_shows_the_run_and_its_numbers(path: Path) -> None:
    fill(path)
    app = page("overview")
    assert {tile.label: tile.value for tile in app.metric} == {
        "Connections": "1",
        "Messages": "4,321",
        "On the wire": "1.2 MB",
        "After inflation": "5.7 MB",
        "Channels": "2",
        "Message kinds": "2",
    }
    assert "**shop**" in said(app)
    assert "(1 min 30 s)" in said(app)
    [table] = app.dataframe
    assert table.value[["state", "close_verdict", "messages_client_to_server"]].to_numpy().tolist() == [
        ["closed", "no close frame", 1]
    ]


def test_nothing_lost_is_said_only_when_nothing_is(path: Path) -> None:
    fill(path)
    assert [message.value for message in page("overview").success] == [
        "Nothing lost: all 9,876 packets were read and every message was decoded."
    ]
    fill(path, lossy=True)
    app = page("overview")
    assert not app.success
    for words in ("31 packets", "dropped by the kernel", "11 messages", "7 connections", "encrypted", "2 anomalies"):
        assert words in said(app)
    assert "4 missing or odd, see Overview" in said(page("channels"))


def test_the_channels_page_lists_them_and_shows_the_busiest(path: Path) -> None:
    fill(path)
    app = page("channels")
    channels, names = app.dataframe
    assert channels.value[["channel", "direction", "messages"]].to_numpy().tolist() == [
        ["/quotes", "server → client", 4320],
        [HOSTILE, "client → server", 1],
    ]
    assert app.selectbox(key="channel_choice").value == "/quotes"
    assert names.value[["name", "messages", "size_p50"]].to_numpy().tolist() == [["quote", 4320, 200.0]]
    app.selectbox(key="channel_choice").select(HOSTILE).run()
    assert app.query_params["channel"] == HOSTILE
    assert app.dataframe[1].value["messages"].tolist() == [1]


def test_the_schemas_page_shows_kinds_fields_and_schema(path: Path) -> None:
    fill(path)
    app = page("schemas", channel="/quotes")
    kinds, fields = app.dataframe
    assert kinds.value["name"].tolist() == ["quote", "trade"]
    assert fields.value.to_numpy().tolist() == [["symbol", "string", 1.0, ""], ["note", "string", 0.25, ""]]
    assert '"x-wsobserve-presence": 0.25' in app.code[0].value


def test_the_schemas_page_says_which_version_holds_for_a_draft(path: Path) -> None:
    fill_history(path)
    kinds = page("schemas", channel="/quotes").dataframe[0]
    assert kinds.value[["name", "direction", "confidence", "schema_version"]].to_numpy().tolist() == [
        ["quote", "server → client", 0.98, 3],
        ["trade", "server → client", 0.98, 3],
    ]


def test_the_history_tells_what_changed_when_and_by_which_client(path: Path) -> None:
    fill_history(path)
    app = page("history")
    assert "3 message kinds with 7 published versions of service **shop**" in said(app)
    latest, versions, changes = app.dataframe
    assert latest.value[["name", "number", "changed", "client"]].to_numpy().tolist()[1] == [
        "quote",
        3,
        "price: type added",
        "shop-app/2.0",
    ]
    assert versions.value[["number", "client", "messages"]].to_numpy().tolist() == [
        [3, "shop-app/2.0", 400],
        [2, "shop-app/1.5", 400],
        [1, "shop-app/1.4", 400],
    ]
    assert versions.value["connection"].notna().tolist() == [False, False, True], "of a change the connection is not known"
    assert versions.value["severity"].tolist() == [["breaks clients"], ["breaks clients"], ["first version"]]
    assert changes.value[["path", "what", "old", "new", "certainty"]].to_numpy().tolist() == [
        ["price", "type added", "number", "number or string", "observed"]
    ]
    assert '"depth"' in app.code[0].value


def test_any_two_versions_of_a_kind_are_compared(path: Path) -> None:
    fill_history(path)
    app = page("history", channel="/quotes", kind="quotes-quote")
    app.selectbox(key="from quotes-quote 3").select(1).run()
    assert app.dataframe[2].value["path"].tolist() == ["depth"]
    assert "x-wsobserve-presence" not in app.code[0].value, "version 2 has no counts"
    app.selectbox(key="to quotes-quote 1 3").select(3).run()
    assert sorted(app.dataframe[2].value["path"]) == ["depth", "price"]
    app.selectbox(key="kind_choice").select("quotes-trade").run()
    assert app.query_params["kind"] == "quotes-trade"
    assert "fee" in app.dataframe[2].value["path"].tolist()


def test_the_history_is_that_of_the_run_s_service(path: Path) -> None:
    fill_history(path)
    store = StoreExporter(str(path), service="other")
    store.export([Snapshot(time_ns=START_NS, accounting=Accounting(), final=True)])
    store.close()
    assert "No schema is published yet" in said(page("history"))
    assert "7 published versions" in said(page("history", run="3"))


def test_a_history_without_changes_says_so(path: Path) -> None:
    fill_history(path, 1)
    app = page("history")
    assert [message.value for message in app.success] == ["No schema has changed since it was first seen."]
    assert "one version so far" in said(app)


def test_the_drift_page_counts_and_lists(path: Path) -> None:
    fill_history(path, 2)
    app = page("drift")
    assert {tile.label: tile.value for tile in app.metric} == {
        "format broken": "4",
        "new field": "4",
        "new type": "4",
        "presence shifted": "3",
    }
    [table] = app.dataframe
    assert len(table.value) == 15
    assert set(table.value["certainty"]) == {"certain", "p = 3e-09"}
    assert HOSTILE in table.value["name"].tolist()


def test_a_run_without_drift_says_so(path: Path) -> None:
    fill(path)
    assert "No drift" in said(page("drift"))


def test_a_channel_without_kinds_says_so(path: Path) -> None:
    fill(path)
    assert "No message kind in this channel" in said(page("schemas", channel=HOSTILE))


def test_an_address_names_the_run(path: Path) -> None:
    fill(path, messages=11)
    fill(path, messages=22)
    assert page("overview").metric[1].value == "22"
    app = page("overview", run="1")
    assert app.metric[1].value == "11"
    app.selectbox(key="run_choice").select("2").run()
    assert app.query_params["run"] == "2"
    assert app.metric[1].value == "22"


@pytest.mark.parametrize("run", ["99", "", "x", "![p](http://192.0.2.1)"])
def test_an_address_that_names_no_run_shows_the_newest_and_says_so(path: Path, run: str) -> None:
    fill(path)
    app = page("overview", run=run)
    assert len(app.warning) == 1
    assert "](" not in app.warning[0].value
    assert app.metric[1].value == "4,321"


def test_a_run_without_websocket_traffic_says_so_on_every_page(path: Path) -> None:
    store = open_store(path)
    store.export([Snapshot(time_ns=START_NS, accounting=Accounting(packets_seen=12), final=True)])
    store.close()
    assert "No WebSocket traffic in this run: none in 12 packets" in said(page("overview"))
    assert "No WebSocket traffic in this run" in said(page("channels"))
    assert "No WebSocket traffic in this run" in said(page("schemas"))
    assert "No schema is published yet" in said(page("history"))
    assert "No drift" in said(page("drift"))


def test_a_run_without_a_snapshot_has_nothing_to_show_yet(path: Path) -> None:
    store = open_store(path)
    half = Half(connection="c1", source="a", destination="b")
    store.export([Anomaly(half=half, time_ns=START_NS, packet=1, anomaly=AnomalyKind.HTTP_MALFORMED)])
    store.close()
    assert "nothing to show yet" in said(page("overview"))


def test_a_store_without_runs_says_how_to_make_one(path: Path) -> None:
    StoreExporter(str(path)).close()
    app = page("overview")
    assert "holds no run yet" in said(app)
    assert "wsobserve analyze" in app.code[0].value


def test_a_missing_store_is_a_clear_line(path: Path) -> None:
    app = page("overview")
    assert [error.value.replace("\\", "") for error in app.error] == [f"store {path}: there is no such file (yet)"]


def test_a_store_that_is_not_named_is_a_clear_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WSOBSERVE_STORE")
    assert "no store is named" in said(page("overview"))
