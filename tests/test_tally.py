"""Messages counted by the number: the folds know afterwards exactly what they know when each message is a record."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.capture.files import read_captures
from wsobserve.config import SECOND_NS, Limits
from wsobserve.findings import Findings
from wsobserve.payload.stage import Payload
from wsobserve.pipeline import Pipeline
from wsobserve.records import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Half, Message
from wsobserve.tally import Tally

CHECKOUT = Path(__file__).resolve().parents[1]
CORPUS = CHECKOUT.parent / "shared" / "corpus"
CAPTURES = sorted((CHECKOUT / "captures").glob("*.pcap*"))
REAL = sorted((CORPUS / "real").glob("*.pcap*"))


def told(findings: Findings) -> object:
    return json.loads(json.dumps(msgspec.to_builtins(findings.snapshot(final=True), str_keys=True), sort_keys=True))


def half(connection: str, direction: int) -> Half:
    return Half(
        connection=connection,
        source=f"{connection}:1",
        destination="10.0.0.1:80",
        client=f"{connection}:1",
        server="10.0.0.1:80",
        direction=SERVER_TO_CLIENT if direction else CLIENT_TO_SERVER,
    )


HALVES = [half(connection, direction) for connection in ("a", "b", "c") for direction in (0, 1)]
BODIES = [
    b'{"type":"tick","price":1.5}',
    b'{"type":"tick","price":2}',
    b'{"type":"book","rows":[[1,2],[3,4]]}',
    b'{"type":"book","rows":[]}',
    b'{ "type" : "tick" , "price" : 17.25 }',
    b"[1,2,3]",
    b'["EVENT",{"id":7}]',
    b'"only a text"',
    b"17",
    b"no JSON",
    b'{"type":"\\u0041"}',
    '{"type":"tick","note":"\u00e9t\u00e9"}'.encode(),
    '{"😀😀":1,"🙂":2}'.encode(),  # its structure has fewer characters than bytes
    b'{"broken":',
    b"",
]


class Observed:
    """What a pipeline does with messages, with or without a tally between."""

    def __init__(self, limits: Limits, with_tally: bool) -> None:
        self.findings = Findings(limits)
        self.payload = Payload(limits, structures=True)
        self.tally = Tally(self.findings, limits)
        self.tally.open = with_tally
        self.sinks = [self.tally.of(one) for one in HALVES]
        self.records = 0

    def message(self, at: int, time_ns: int, opcode: int, payload: bytes) -> None:
        utf8 = opcode == 1
        if self.sinks[at].take(time_ns, opcode, payload, utf8, len(payload), len(payload) + 2):
            return
        self.records += 1
        length = len(payload)
        record = Message(
            HALVES[at],
            time_ns,
            1,
            time_ns,
            opcode,
            1,
            False,
            length,
            length,
            True,
            True if utf8 else None,
            payload,
            None,
            length + 2,
        )
        for said in self.payload.receive(record):
            self.findings.schemas.add(said)
            self.findings.volumes.add(said)
            self.findings.series.add(said)
            self.tally.learn(said)

    def told(self) -> object:
        self.tally.flush()
        return told(self.findings)


Said = tuple[int, int, int, int]  # which half, when, opcode, which body
DIALOGUES = st.lists(
    st.tuples(
        st.integers(0, len(HALVES) - 1),
        st.integers(0, 3 * SECOND_NS),
        st.sampled_from([1, 2]),
        st.integers(0, len(BODIES) - 1),
    ),
    max_size=60,
)


@settings(deadline=None)
@given(DIALOGUES, st.sampled_from([Limits(), Limits(structures=2), Limits(schema_values=20), Limits(kinds=1, series=2)]))
def test_the_folds_know_the_same_with_and_without_it(dialogue: list[Said], limits: Limits) -> None:
    counted, recorded = Observed(limits, True), Observed(limits, False)
    for at, time_ns, opcode, body in dialogue:
        for observed in (counted, recorded):
            observed.message(at, time_ns, opcode, BODIES[body])
    assert counted.told() == recorded.told()
    assert recorded.records == len(dialogue)


def test_only_the_first_message_of_a_structure_and_direction_becomes_a_record() -> None:
    observed = Observed(Limits(), True)
    for number in range(1_000):
        observed.message(0, number * SECOND_NS // 100, 1, b'{"type":"tick","price":%d}' % number)
    assert observed.records == 1
    observed.message(1, 5, 1, b'{"type":"tick","price":1}')
    observed.message(0, 5, 1, b'{"type":"tick","price":null}')
    assert observed.records == 3


def test_a_closed_tally_takes_nothing() -> None:
    observed = Observed(Limits(), True)
    for _ in range(3):
        observed.message(0, 5, 1, BODIES[0])
    observed.tally.open = False
    for _ in range(3):
        observed.message(0, 5, 1, BODIES[0])
    assert observed.records == 1 + 3


def test_no_payload_is_kept() -> None:
    observed = Observed(Limits(), True)
    observed.message(0, 5, 1, b'{"type":"tick","note":"the secret"}')
    observed.message(0, 5, 1, b'{"type":"tick","note":"the secret"}')
    assert observed.records == 1
    (like,) = observed.tally.asked.known.values()  # type: ignore[union-attr]  # somebody was asked
    assert b"secret" not in like.like.message.payload
    assert "secret" not in repr(like.like)


def findings_of(path: Path, messages: int | None) -> Findings:
    pipeline = Pipeline(messages=messages)
    for item in read_captures([str(path)]):
        pipeline.receive(item)
    pipeline.finish()
    return pipeline.findings()


@pytest.mark.parametrize("path", CAPTURES + REAL, ids=lambda path: path.name)
def test_findings_do_not_depend_on_whether_records_are_asked_for(path: Path) -> None:
    assert told(findings_of(path, 0)) == told(findings_of(path, None))
    assert told(findings_of(path, 100)) == told(findings_of(path, None))
