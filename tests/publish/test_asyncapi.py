"""AsyncAPI documents: valid by the official parser, whatever was captured; the same traffic gives the same text; no values."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.publish.snapshots import START_NS, a_kind, a_route, a_snapshot, a_total, an_object
from wsobserve.capture.files import read_captures
from wsobserve.findings import Findings
from wsobserve.pipeline import Pipeline
from wsobserve.publish.asyncapi import asyncapi_document
from wsobserve.publish.asyncapi_text import asyncapi_text
from wsobserve.records import Accounting, Direction, MessageKind, Snapshot

CHECKOUT = Path(__file__).resolve().parents[2]
CAPTURES = CHECKOUT / "captures"
NAMES = sorted(path.name for path in CAPTURES.glob("*.pcap*"))
NODE = CHECKOUT / "tests" / "node"


@cache
def observed(*names: str) -> Snapshot:
    pipeline = Pipeline(messages=0)
    for item in read_captures([str(CAPTURES / name) for name in names]):
        pipeline.receive(item)
    pipeline.finish()
    return pipeline.snapshot(final=True)


def official(*paths: Path) -> dict[str, dict[str, Any]]:
    """What the official parser makes of documents, by the name of the file."""
    if shutil.which("node") is None or not (NODE / "node_modules" / "@asyncapi" / "parser").exists():
        pytest.skip("the official parser is not there: npm --prefix tests/node ci")
    run = subprocess.run(
        ["node", str(NODE / "asyncapi_diagnostics.cjs"), *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    lines = [json.loads(line) for line in run.stdout.split("\n") if line]
    return {Path(line["path"]).name: line for line in lines}


def errors(line: dict[str, Any]) -> list[str]:
    return [f"{found['path']}: {found['message']}" for found in line["diagnostics"] if found["severity"] == 0]


def test_the_documents_of_all_captures_are_valid_by_the_official_parser(tmp_path: Path) -> None:
    documents = {f"{name}.yaml": asyncapi_document(observed(name)) for name in NAMES}
    documents["all.json"] = asyncapi_document(observed(*NAMES))
    for name, document in documents.items():
        text = asyncapi_text(document, "json" if name.endswith("json") else "yaml")
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = official(*(tmp_path / name for name in documents))
    assert {name: errors(line) for name, line in found.items() if errors(line)} == {}
    for name, document in documents.items():
        assert sorted(found[name]["channels"]) == sorted(document["channels"])
        assert {key: (action, count) for key, action, count in found[name]["operations"]} == {
            key: (operation["action"], len(operation["messages"])) for key, operation in document["operations"].items()
        }


DIRECTIONS: tuple[Direction | None, ...] = ("client_to_server", None)
ODD_NAMES = ["$ref", "__proto__", "constructor", "a/b~c", "", "x-y", "日本", "\x85", "1e3", "<b>", "a`|b", "\ud800"]
ODD_NAMES += ["user", "password"]


def odd_snapshot() -> Snapshot:
    """What only the wire can think of."""
    everything: dict[str, Any] = an_object(**{name: an_object(**dict.fromkeys(ODD_NAMES, "string")) for name in ODD_NAMES})
    everything["properties"]["tuple"] = {
        "type": "array",
        "prefixItems": [{"type": "null"}, an_object(a="string")],
        "items": False,
    }
    everything["properties"]["tree"] = {"$ref": "#/$defs/node", "x-wsobserve-presence": 0.5}
    everything["$defs"] = {"node": {"type": "object", "properties": {"inner": {"$ref": "#/$defs/node"}}}}
    channels = ["/", "/a{b}/{id}/{id}", "/a-b", "/a/b", "unknown route", "/chat x", "/chat y", "/***;***/...", "/%00"]
    paths: dict[str, str | None] = {channel: channel for channel in channels}
    paths |= {"unknown route": None, "/chat x": "/chat", "/chat y": "/chat"}
    kinds: list[MessageKind] = []
    for number, channel in enumerate(channels):
        for name in (*ODD_NAMES, None) if number == 0 else (ODD_NAMES[number],):
            tag = (("/t", name), ("/op", number))
            kinds.append(
                a_kind(name, channel=channel, schema=everything if number < 2 else {}, discriminator=tag, confidence=0.5)
            )
            kinds.append(a_kind(name, "server_to_client", an_object(request_id="string"), channel=channel))
            kinds.append(a_kind(f"b{name}", None, {}, channel=channel, directions={"unknown": 1, "client_to_server": 9}))
    totals = [a_total(direction, channel) for channel in channels for direction in DIRECTIONS]
    names = dict.fromkeys(("a[b]", "***", "...", "_overflow", "EIO", "__proto__"), 1)
    routes = [
        a_route(
            path,
            host=host,
            requests=1,
            vouched=1,
            credentials={"query:a[b]": 1, "query:a:b": 1, "cookie:__Host-sid": 1, "subprotocol:***": 1, "_overflow": 1},
            query_keys=names,
            query_values={"EIO=4": 1, "_overflow": 1},
            request_fields={"cookie": 1, "***": 1, "x-a": 1},
            subprotocols={"***": 1, "a.b": 1, "__proto__": 1},
        )
        for path in (*paths.values(), "/silent", "_overflow")
        for host in (None, "[::1]:80", "h.example")
    ]
    return a_snapshot(kinds, totals, routes, paths=paths)


def test_names_that_only_the_wire_can_think_of_are_valid_too(tmp_path: Path) -> None:
    document = asyncapi_document(odd_snapshot())
    (tmp_path / "odd.yaml").write_text(asyncapi_text(document), encoding="utf-8")
    (tmp_path / "odd.json").write_text(asyncapi_text(document, "json"), encoding="utf-8")
    found = official(tmp_path / "odd.yaml", tmp_path / "odd.json")
    assert [errors(line) for line in found.values()] == [[], []]


def test_an_empty_capture_is_a_valid_document(tmp_path: Path) -> None:
    document = asyncapi_document(Snapshot(time_ns=0, accounting=Accounting()))
    assert (document["channels"], document["operations"], document["info"]["version"]) == ({}, {}, "0.0.0")
    (tmp_path / "empty.yaml").write_text(asyncapi_text(document))
    assert errors(official(tmp_path / "empty.yaml")["empty.yaml"]) == []


def test_the_same_traffic_gives_the_same_text_in_any_order() -> None:
    snapshot = odd_snapshot()
    shuffled = {}
    for name in ("kinds", "routes", "series"):
        entries = list(getattr(snapshot, name))
        random.Random(1).shuffle(entries)
        shuffled[name] = tuple(entries)
    again = msgspec.structs.replace(snapshot, **shuffled)
    assert asyncapi_text(asyncapi_document(again)) == asyncapi_text(asyncapi_document(snapshot))


def test_a_capture_seen_by_several_workers_gives_the_same_document() -> None:
    together = Findings()
    for worker in (2, 0, 1):
        pipeline = Pipeline(messages=0, worker=worker, workers=3)
        for item in read_captures([str(CAPTURES / "demo.pcapng")]):
            pipeline.receive(item)
        pipeline.finish()
        together.merge(pipeline.findings())
    assert asyncapi_text(asyncapi_document(together.snapshot(final=True))) == asyncapi_text(
        asyncapi_document(observed("demo.pcapng"))
    )


def test_the_demo_as_a_document() -> None:
    document = asyncapi_document(observed("demo.pcapng"), title="Trading floor", version="1.2.3")
    assert (document["asyncapi"], document["info"]["title"], document["info"]["version"]) == ("3.1.0", "Trading floor", "1.2.3")
    assert document["info"]["x-wsobserve-observed"]["messages"] == 1654
    assert {key: channel["address"] for key, channel in document["channels"].items()} == {
        "devices-id-telemetry": "/devices/{id}/telemetry",
        "notifications": "/notifications",
        "rooms-id": "/rooms/{id}",
        "stream": "/stream",
    }
    replies = {
        operation["messages"][0]["$ref"].rpartition("/")[2].rpartition("-")[0]: operation["x-wsobserve-reply"]
        for operation in document["operations"].values()
        if "reply" in operation
    }
    # The chat's server acknowledges each message, the market's each subscription (captures/scripts/demo.py).
    assert replies == {
        "rooms-id.client.message": {"certainty": "inferred", "field": "ref"},
        "stream.subscribe": {"certainty": "inferred", "field": "id"},
    }
    types = {message["contentType"] for message in document["components"]["messages"].values()}
    assert types == {"application/json", "application/vnd.msgpack"}


def test_a_route_on_which_nothing_came_is_a_channel_and_one_that_only_refused_is_none() -> None:
    document = asyncapi_document(a_snapshot([], [], [a_route("/quiet"), a_route("/admin", accepted=0, requests=0, refused=2)]))
    assert list(document["channels"]) == ["quiet"]
    assert "No messages were seen." in document["channels"]["quiet"]["description"]
    assert "Refused: `/admin` (2)." in document["servers"]["chat-example"]["description"]


def test_channels_that_share_an_address_know_of_each_other() -> None:
    totals = [a_total(channel="/chat x"), a_total(channel="/chat y")]
    kinds = [a_kind(channel=total.channel, discriminator=(("/topic", total.channel[-1]),)) for total in totals]
    document = asyncapi_document(a_snapshot(kinds, totals, [a_route()], paths={"/chat x": "/chat", "/chat y": "/chat"}))
    assert {channel["address"] for channel in document["channels"].values()} == {"/chat"}
    assert "Shares its address with `/chat y`" in document["channels"]["chat-x"]["description"]


def test_what_was_lost_is_said() -> None:
    accounting = Accounting(
        messages=5,
        messages_undecoded={"context_lost": 2},
        bytes_lost=1_000,
        gaps=1,
        capture_loss={"kernel_dropped": 7},
        capture_loss_unknown={"file_cut": 1},
        handshakes={"accepted": 1, "mid_stream": 1},
        first_time_ns=START_NS,
        last_time_ns=10**30,
    )
    snapshot = Snapshot(
        time_ns=0, accounting=accounting, messages_without_kind=3, messages_in_overflow=4, routes=(a_route("_overflow"),)
    )
    info = asyncapi_document(snapshot)["info"]
    assert info["version"] == "0.0.0"
    for sentence in (
        "Connections: 1 accepted and 1 joined in the middle.",
        "Messages that could not be decoded: 2 context lost.",
        "Messages without a structure that is described: 3.",
        "Messages of more channels than are told apart: 4.",
        "Bytes of TCP missing from the capture: 1,000, in 1 gap; bytes at hand without a frame boundary: 0.",
        "Packets that the capture lost: 7 kernel dropped.",
        "Losses of unknown size: 1 file cut.",
        "There were more routes than are told apart.",
    ):
        assert sentence in info["description"]


def test_security_is_named_and_required_where_every_request_had_it() -> None:
    routes = [
        a_route("/private", requests=2, vouched=2, credentials={"header:authorization:bearer": 2}),
        a_route("/open", requests=2, vouched=1, credentials={"query:token": 1}),
    ]
    totals = [a_total(channel="/private"), a_total(channel="/open")]
    document = asyncapi_document(a_snapshot([a_kind(channel=total.channel) for total in totals], totals, routes))
    assert list(document["components"]["securitySchemes"]) == ["bearer", "query-token"]
    assert document["operations"]["private.receive"]["security"] == [{"$ref": "#/components/securitySchemes/bearer"}]
    assert "security" not in document["operations"]["open.receive"]


def test_no_message_has_an_example() -> None:
    for name in NAMES:
        messages = asyncapi_document(observed(name))["components"].get("messages", {})
        assert not any("examples" in message for message in messages.values())
