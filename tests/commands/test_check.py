"""`wsobserve check` as people and CI meet it: reports, exit status, and every mutant of two corpora found."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.agreed import CHAT, MARKET, TRADE
from tests.conversation_capture import Conversation, write_capture
from wsobserve.commands.check import Checking
from wsobserve.commands.contract_files import contract_fold
from wsobserve.config import DEFAULT_LIMITS
from wsobserve.contract.snapshot import report
from wsobserve.doctor import may_capture

CHECKOUT = Path(__file__).resolve().parents[2]
BENCHMARK = CHECKOUT.parent / "shared" / "bench" / "schema"
CAPTURES = CHECKOUT / "captures"
LIVE_PORT = 18_983

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(wsobserve_command: list[str], tmp_path: Path) -> Run:
    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [*wsobserve_command, *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, timeout=120, check=False, capture_output=True, text=True)

    return run


@pytest.fixture
def market(tmp_path: Path) -> Path:
    path = tmp_path / "market.json"
    path.write_text(json.dumps(MARKET))
    return path


def traffic(tmp_path: Path, *trades: Any) -> Path:
    feed = Conversation("/ws/btcusdt@trade").server(*map(json.dumps, trades)).close()
    control = Conversation("/ws?token=x", client_port=40_001)
    control.client('{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}').server('{"result":null,"id":1}', "ping").close()
    return write_capture(tmp_path / "traffic.pcap", feed, control)


def found(done: subprocess.CompletedProcess[str], status: int) -> dict[str, Any]:
    assert done.returncode == status, done.stderr
    read = json.loads(done.stdout)
    assert isinstance(read, dict)
    return read


def test_traffic_that_keeps_to_the_contract_is_status_0(run: Run, tmp_path: Path, market: Path) -> None:
    done = run("check", "--contract", market, traffic(tmp_path, TRADE, {**TRADE, "side": "sell"}))
    assert done.returncode == 0, done.stderr
    assert "Contract: Market (AsyncAPI 3.0.0)" in done.stdout
    assert "operations: 0 of 3" in done.stdout
    assert "control error" in done.stdout  # the message that was never seen
    assert "1 x /ws  format text" in done.stdout
    assert "trades trade /note" in done.stdout


def test_violations_are_status_3_and_told_with_their_first_packet(run: Run, tmp_path: Path, market: Path) -> None:
    capture = traffic(tmp_path, TRADE, {**TRADE, "p": 1}, {**TRADE, "p": 2}, {**TRADE, "extra": 1})
    read = found(run("check", "--contract", market, "--format", "json", capture), 3)
    assert (read["messages"], read["valid"], read["violating"]) == (7, 3, 3)
    first, second = read["violations"]
    assert (first["path"], first["keyword"], first["messages"]) == ("/p", "type", 2)
    assert first["detail"] == "string expected, integer found"
    assert first["location"] == "market.json#/components/schemas/Price/type"
    assert first["first"]["packet"] == 7  # SYN, SYN-ACK, ACK, request, response, one that is good
    assert (second["path"], second["keyword"]) == ("/extra", "additionalProperties")
    assert run("check", "--contract", market, "--fail-on", "none", capture).returncode == 0
    text = run("check", "--contract", market, "--max-violations", "1", capture).stdout
    assert "2 x trades  server to client  trade  /p  type: string expected, integer found" in text
    assert "and 1 more" in text


def test_shown_violations_are_limited_and_the_rest_counted(run: Run, tmp_path: Path, market: Path) -> None:
    capture = traffic(tmp_path, {**TRADE, "p": 1}, {**TRADE, "p": 1}, {**TRADE, "side": 1})
    read = found(run("check", "--contract", market, "--format", "json", "--max-violations", "1", capture), 3)
    assert [each["path"] for each in read["violations"]] == ["/p"]
    assert read["violations_left_out"] == 1


def test_one_channel_alone_may_be_checked(run: Run, tmp_path: Path, market: Path) -> None:
    capture = traffic(tmp_path, {**TRADE, "p": 1})
    read = found(run("check", "--contract", market, "--format", "json", "--channel", "/ws", capture), 0)
    assert (read["messages"], read["valid"]) == (3, 2)


def test_a_document_may_be_written_from_the_side_of_a_client(run: Run, tmp_path: Path, market: Path) -> None:
    read = found(run("check", "--contract", market, "--perspective", "client", "--format", "json", traffic(tmp_path, TRADE)), 3)
    assert {each["keyword"] for each in read["violations"]} == {"direction"}


def test_a_chat_in_asyncapi_2(run: Run, tmp_path: Path) -> None:
    contract = tmp_path / "chat.json"
    contract.write_text(json.dumps(CHAT))
    talk = Conversation("/v1/rooms/4711").client('{"text":"hello"}', "{}")
    talk.server('{"type":"joined"}', '{"type":"said","text":"x","by":"9b2f0c8e-0f7d-4a55-9c0b-3a6d1e2f4b5c"}')
    talk.server('{"type":"said","text":"x","by":"me"}')
    read = found(run("check", "--contract", contract, "--format", "json", write_capture(tmp_path / "x.pcap", talk)), 3)
    assert {(each["message"], each["path"], each["keyword"]) for each in read["violations"]} == {
        ("say", "/text", "required"),
        ("said", "/by", "format"),
    }


def test_what_the_export_writes_accepts_what_it_was_made_from(run: Run, tmp_path: Path) -> None:
    capture = CAPTURES / "demo.pcapng"
    assert run("schema", "export", "--output", tmp_path / "schemas", capture).returncode == 0
    read = found(run("check", "--contract", tmp_path / "schemas", "--format", "json", capture), 0)
    assert read["valid"] > 0
    assert read["violating"] == read["uncontracted_messages"] == 0


def test_what_cannot_be_read_is_status_1_with_one_line(run: Run, tmp_path: Path, market: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(
        "asyncapi: 3.0.0\nchannels: {c: {messages: {m: {payload: {$ref: 'https://elsewhere.example/s.json'}}}}}\n"
    )
    for contract, capture in ((broken, traffic(tmp_path, TRADE)), (market, tmp_path / "gone.pcap"), (tmp_path / "no", market)):
        done = run("check", "--contract", contract, capture)
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == (2 if capture.name == "gone.pcap" else 1), done.stderr
        assert "Traceback" not in done.stderr


def test_wrong_usage_is_status_2(run: Run, tmp_path: Path, market: Path) -> None:
    for arguments in (
        [],
        ["--live"],
        ["--live", "--interface", "lo", "x.pcap"],
        ["--interface", "lo", "x.pcap"],
        ["--port", "80", "x.pcap"],
        ["--format", "xml", "x.pcap"],
        ["--max-violations", "0", "x.pcap"],
    ):
        assert run("check", "--contract", market, *arguments).returncode == 2, arguments
    assert run("check", traffic(tmp_path, TRADE)).returncode == 2


def test_the_help_tells_the_exit_status(run: Run) -> None:
    text = run("check", "--help").stdout
    assert "3, messages violate the contract" in " ".join(text.split())


def test_new_violations_are_told_as_they_come(market: Path) -> None:
    from wsobserve.observing import observe_files
    from wsobserve.pipeline import Pipeline

    told: list[str] = []
    fold = contract_fold(str(market), "server", DEFAULT_LIMITS)
    checking = Checking(fold, None, told.append)
    capture = traffic(market.parent, {**TRADE, "p": 1}, {**TRADE, "p": 2}, {**TRADE, "side": None})
    for records in observe_files([str(capture)], Pipeline(folds=False)):
        checking.export(records)
        checking.export(records)
    assert told == ["violation: trades trade /p: type: string expected, integer found", "violation: trades trade /side: enum"]
    assert checking.flush(1.0)
    checking.close()
    assert report(fold).violating == 6


def test_a_message_told_by_its_structure_is_judged_like_one_that_was_decoded(market: Path) -> None:
    from wsobserve.observing import observe_files
    from wsobserve.payload.stage import Payload
    from wsobserve.pipeline import Pipeline

    capture = traffic(market.parent, TRADE, {**TRADE, "p": 1}, {**TRADE, "note": "x"})
    found = []
    for structures in (True, False):
        pipeline = Pipeline(folds=False)
        pipeline._payload = Payload(structures=structures)
        fold = contract_fold(str(market), "server", DEFAULT_LIMITS)
        for records in observe_files([str(capture)], pipeline):
            Checking(fold, None).export(records)
        found.append(report(fold))
    assert found[0] == found[1]
    assert (found[0].valid, found[0].violating) == (4, 1)


@pytest.mark.skipif(not may_capture(), reason="live capture needs Linux and CAP_NET_RAW")
def test_live_traffic_is_checked_until_it_is_told_to_stop(wsobserve_command: list[str], market: Path) -> None:
    websockets = pytest.importorskip("websockets", reason="the package websockets is not installed")

    async def talk() -> None:
        async def answer(socket: Any) -> None:
            async for text in socket:
                await socket.send(json.dumps({"result": None, "id": json.loads(text)["id"]}))

        async with (
            websockets.serve(answer, "127.0.0.1", LIVE_PORT),
            websockets.connect(f"ws://127.0.0.1:{LIVE_PORT}/ws") as socket,
        ):
            for number in range(20):
                params: Any = ["x"] if number % 5 else "x"
                await socket.send(json.dumps({"method": "SUBSCRIBE", "params": params, "id": number}))
                await socket.recv()

    arguments = [
        "check",
        "--contract",
        str(market),
        "--format",
        "json",
        "--live",
        "--interface",
        "lo",
        "--port",
        str(LIVE_PORT),
    ]
    process = subprocess.Popen(
        [*wsobserve_command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/"
    )
    try:
        assert process.stderr is not None
        assert "watching lo" in process.stderr.readline()
        asyncio.run(talk())
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 3, errors
    assert "violation: control subscribe /params: type: array expected, string found" in errors
    read = json.loads(output)
    assert (read["messages"], read["valid"], read["violating"]) == (40, 36, 4)


# --- every mutant --------------------------------------------------------------------------------------------------------


def judged(run: Run, tmp_path: Path, contract: Path, messages: list[Any]) -> dict[str, Any]:
    """Half of them from the client, half from the server."""
    talk = Conversation("/stream")
    for number, message in enumerate(messages):
        (talk.client if number % 2 else talk.server)(json.dumps(message, ensure_ascii=number % 3 == 0))
    capture = write_capture(tmp_path / "judged.pcap", talk.close())
    done = run("check", "--contract", contract, "--format", "json", capture)
    assert done.returncode in (0, 3), done.stderr
    read = json.loads(done.stdout)
    assert read["messages"] == len(messages)
    return dict(read)


def mutants(value: Any, path: str = "") -> list[Any]:
    """This value with one thing in it changed to what no schema of the corpus below accepts."""
    found: list[Any] = [{"zz": value}, [[value]], 1.25e9 if isinstance(value, str | None) else "zz no such value"]
    if isinstance(value, dict):
        found.append({**value, "zz_extra": 1})
        for key, inner in value.items():
            found.append({other: each for other, each in value.items() if other != key})
            found += [{**value, key: changed} for changed in mutants(inner)]
    if isinstance(value, list):
        for number, inner in enumerate(value):
            found += [[*value[:number], changed, *value[number + 1 :]] for changed in mutants(inner)]
    return found


def closed(**properties: Any) -> Any:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


READY = closed(v={"type": "integer"}, user={"type": "string", "format": "uuid"})
PAIR = {"type": "array", "prefixItems": [{"const": "p"}, {"type": "number"}], "items": False, "minItems": 2}
OWN = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "anyOf": [
        closed(op={"const": 0}, t={"const": "READY"}, d=READY),
        closed(op={"const": 0}, t={"const": "TICK"}, d=PAIR),
        closed(op={"const": 10}, d=closed(interval={"enum": [1000, 2000]})),
        closed(result={"type": "null"}, id={"type": "integer"}),
    ],
}
OWN_MESSAGES: list[Any] = [
    {"op": 0, "t": "READY", "d": {"v": 9, "user": "9b2f0c8e-0f7d-4a55-9c0b-3a6d1e2f4b5c"}},
    {"op": 0, "t": "TICK", "d": ["p", 1.5]},
    {"op": 10, "d": {"interval": 1000}},
    {"result": None, "id": 7},
]


def test_every_mutant_of_messages_of_our_own_is_found(run: Run, tmp_path: Path) -> None:
    contract = tmp_path / "own.json"
    contract.write_text(json.dumps(OWN))
    read = judged(run, tmp_path, contract, OWN_MESSAGES)
    assert (read["valid"], read["violating"]) == (4, 0)
    wrong = [mutant for message in OWN_MESSAGES for mutant in mutants(message)]
    assert len(wrong) > 70
    read = judged(run, tmp_path, contract, wrong)
    assert (read["valid"], read["violating"]) == (0, len(wrong))


@pytest.mark.skipif(not (BENCHMARK / "corpus.py").exists(), reason="the shared benchmark of schemas is not beside the checkout")
def test_every_mutant_of_the_benchmark_is_found_and_every_valid_message_accepted(run: Run, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("corpus", BENCHMARK / "corpus.py")
    assert spec is not None
    assert spec.loader is not None
    corpus = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(corpus)
    valid = invalid = 0
    for name in corpus.STREAMS:
        stream = corpus.build(name, 300, 1)
        contract = tmp_path / f"{name}.json"
        contract.write_text(json.dumps(stream["truth"]))
        accepted = judged(run, tmp_path, contract, [message for _, message in stream["valid"]])
        refused = judged(run, tmp_path, contract, [message for _, _, message in stream["invalid"]])
        assert accepted["valid"] == len(stream["valid"]), accepted["violations"]
        assert refused["violating"] == len(stream["invalid"])
        valid += accepted["valid"]
        invalid += refused["violating"]
    assert (valid, invalid) == (2025, 2596)
