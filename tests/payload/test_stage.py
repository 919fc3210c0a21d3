"""The payload stage: each message becomes one channel message on the channel of its handshake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.capture.files import read_captures
from wsobserve.config import Limits
from wsobserve.payload.route_rules import RouteRule, RouteRules
from wsobserve.payload.stage import Payload
from wsobserve.pipeline import Pipeline
from wsobserve.records import CLIENT_TO_SERVER, ChannelMessage, ConnectionSummary, Half, Handshake, Message
from wsobserve.schema.fold import SchemaFold

CHECKOUT = Path(__file__).resolve().parents[2]


def a_half(connection: str = "c1", stream: int | None = None) -> Half:
    return Half(
        connection=connection,
        source="10.0.0.1:5000",
        destination="10.0.0.2:80",
        client="10.0.0.1:5000",
        server="10.0.0.2:80",
        direction=CLIENT_TO_SERVER,
        stream=stream,
    )


def a_handshake(
    half: Half,
    path_template: str | None = "/rooms/{id}",
    subprotocol: str | None = None,
    state: Literal["accepted", "refused", "unanswered"] = "accepted",
) -> Handshake:
    return Handshake(
        half=half,
        time_ns=1,
        packet=2,
        request_time_ns=0,
        request_packet=1,
        method="GET",
        target=path_template,
        path_template=path_template,
        host="example.org",
        origin=None,
        user_agent=None,
        traceparent=None,
        version="13",
        status_code=101,
        subprotocol=subprotocol,
        state=state,
    )


def a_message(payload: bytes, half: Half | None = None, opcode: int = 1, valid_utf8: bool | None = True) -> Message:
    length = len(payload)
    return Message(half or a_half(), 5, 3, 4, opcode, 1, False, length, length, True, valid_utf8, payload, None, length + 6)


def is_utf8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def said(stage: Payload, record: Handshake | Message) -> ChannelMessage:
    [channel_message] = stage.receive(record)
    return channel_message


def test_a_message_is_filed_on_the_channel_of_its_handshake() -> None:
    stage = Payload(structures=False)
    assert stage.receive(a_handshake(a_half(), subprotocol="chat.v1")) == []
    message = a_message(b'{"type":"join","room":1}')
    assert said(stage, message) == ChannelMessage(
        message=message,
        format="json",
        channel="/rooms/{id}",
        route="/rooms/{id}",
        subprotocol="chat.v1",
        name="join",
        frame_bytes=30,
        length=24,
        body={"type": "join", "room": 1},
    )


def test_json_may_come_with_its_structure_instead_of_its_body() -> None:
    stage = Payload(structures=True)
    first, second = (
        said(stage, a_message(payload)) for payload in (b'{"type":"join","room":1}', b'{"type": "join", "room": 20}')
    )
    for one in (first, second):
        assert (one.format, one.name, one.body) == ("json", "join", None)
        assert one.structure == '{"type":"join","room":0}'
        assert (one.channel, one.name) == ("unknown route", "join")
    assert said(stage, a_message(b'{"type":"join","room":"\\u0031"}')).body == {"type": "join", "room": "1"}


def test_arrays_of_any_length_have_one_structure_and_their_lengths_beside_it() -> None:
    stage = Payload(structures=True)
    found = [said(stage, a_message(payload)) for payload in (b'{"type":"a","of":[1]}', b'{"type":"a","of":[1,2,3]}')]
    assert [(one.structure, one.elements) for one in found] == [
        ('{"type":"a","of":[0]}', (1,)),
        ('{"type":"a","of":[0]}', (3,)),
    ]


def test_json_that_has_a_key_twice_is_decoded() -> None:
    stage = Payload(structures=True)
    for _ in range(2):
        one = said(stage, a_message(b'{"type":"a","of":1,"type":"b"}'))
        assert (one.structure, one.elements, one.body, one.name) == ("", (), {"type": "b", "of": 1}, "b")


def test_bytes_are_json_only_with_an_object_or_an_array_at_their_top() -> None:
    stage = Payload(structures=True)
    assert [said(stage, a_message(payload, opcode=2)).format for payload in (b"[1]", b"1", b'"a"')] == [
        "json",
        "binary",
        "binary",
    ]
    assert [said(stage, a_message(payload)).format for payload in (b"[1]", b"1", b'"a"')] == ["json", "json", "json"]


def test_the_same_structure_on_another_channel_is_filed_there() -> None:
    stage = Payload(structures=True)
    stage.receive(a_handshake(a_half("c2"), "/b"))
    found = [said(stage, a_message(b"{}", half)).channel for half in (a_half(), a_half("c2")) for _ in range(2)]
    assert found == ["unknown route", "unknown route", "/b", "/b"]


JSON_TEXTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=4)
    | st.sampled_from(["x", "a.b"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "e", "t", "a", ""]), inner, max_size=3)
    ),
    max_leaves=8,
).map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


@given(
    st.lists(st.tuples(JSON_TEXTS | st.binary(max_size=9), st.sampled_from([1, 2])), max_size=8), st.sampled_from([0, 2, 100])
)
def test_what_is_said_of_a_message_does_not_depend_on_its_structure_being_known(
    sent: list[tuple[bytes, int]], structures: int
) -> None:
    decoding, looking_up = Payload(structures=False), Payload(Limits(structures=structures), structures=True)
    for payload, opcode in sent * 2:
        message = a_message(payload, opcode=opcode, valid_utf8=is_utf8(payload) if opcode == 1 else None)
        decoded, looked_up = said(decoding, message), said(looking_up, message)
        assert msgspec.structs.replace(looked_up, body=decoded.body, structure="", elements=()) == decoded
        assert looked_up.body == (None if looked_up.structure else decoded.body)


def captures() -> list[Path]:
    ours = CHECKOUT / "captures"
    theirs = CHECKOUT.parent / "shared" / "corpus"
    return sorted([*ours.glob("*.pcap*"), *theirs.glob("captures/*.pcap*"), *theirs.glob("real/*.pcap*")])


def test_of_every_capture_the_same_is_said_and_folded_with_and_without_structures() -> None:
    known = 0
    for path in captures():
        pipeline = Pipeline(folds=False)
        records = [record for item in read_captures([str(path)]) for record in pipeline.receive(item)] + pipeline.finish()
        sides = [(Payload(structures=structures), SchemaFold()) for structures in (False, True)]
        for record in records:
            if isinstance(record, Handshake):
                for stage, _ in sides:
                    stage.receive(record)
            elif isinstance(record, ChannelMessage):
                decoded, looked_up = (said(stage, record.message) for stage, _ in sides)
                assert msgspec.structs.replace(looked_up, body=decoded.body, structure="", elements=()) == decoded
                known += bool(looked_up.structure)
                for (_, fold), channel_message in zip(sides, (decoded, looked_up), strict=True):
                    fold.add(channel_message)
        assert sides[0][1].kinds() == sides[1][1].kinds(), path.name
    assert known > 100


def test_without_a_handshake_the_route_is_unknown() -> None:
    channel_message = said(Payload(), a_message(b"hello"))
    assert (channel_message.channel, channel_message.route, channel_message.format) == ("unknown route", None, "text")


def test_a_response_whose_request_was_not_captured_gives_no_route_but_a_subprotocol() -> None:
    stage = Payload()
    stage.receive(a_handshake(a_half(), path_template=None, subprotocol="mqtt"))
    channel_message = said(stage, a_message(b"\x10", opcode=2))
    assert (channel_message.channel, channel_message.route, channel_message.subprotocol) == ("unknown route", None, "mqtt")


def test_a_refused_handshake_opens_nothing() -> None:
    stage = Payload()
    stage.receive(a_handshake(a_half(), state="refused"))
    assert said(stage, a_message(b"x")).channel == "unknown route"


def test_a_forgotten_connection_has_no_route_and_its_identifier_may_return() -> None:
    stage = Payload()
    stage.receive(a_handshake(a_half(), "/a"))
    stage.forget("c1")
    stage.forget("never seen")
    assert said(stage, a_message(b"x")).channel == "unknown route"
    stage.receive(a_handshake(a_half(), "/b"))
    assert said(stage, a_message(b"x")).channel == "/b"


def test_streams_of_one_connection_have_routes_of_their_own() -> None:
    stage = Payload()
    stage.receive(a_handshake(a_half(stream=1), "/a"))
    stage.receive(a_handshake(a_half(stream=3), "/b"))
    assert said(stage, a_message(b"x", a_half(stream=1))).channel == "/a"
    assert said(stage, a_message(b"x", a_half(stream=3))).channel == "/b"


def test_an_undecoded_message_is_counted_and_not_looked_into() -> None:
    half = a_half()
    cut = Message(half, 5, 3, 4, 1, 1, False, 40, 40, False, None, b'{"type":"join"}', "incomplete", 46)
    channel_message = said(Payload(), cut)
    assert (channel_message.format, channel_message.body, channel_message.name) == ("undecoded", None, None)
    assert (channel_message.length, channel_message.frame_bytes) == (40, 46)
    unknown = Message(half, 5, 3, 4, 2, 1, True, 40, None, False, None, b"", "context_lost", 46)
    assert said(Payload(), unknown).length == 0


def test_beyond_the_limit_the_oldest_route_is_given_up_and_counted() -> None:
    stage = Payload(Limits(connections=2))
    for number in range(3):
        stage.receive(a_handshake(a_half(f"c{number}"), f"/{'abc'[number]}"))
    channels = [said(stage, a_message(b"x", a_half(f"c{number}"))).channel for number in range(3)]
    assert channels == ["unknown route", "/b", "/c"]
    assert stage.forgotten == 1


def test_nothing_waits_in_the_stage() -> None:
    stage = Payload()
    stage.receive(a_handshake(a_half(), "/a"))
    assert stage.expire(10**18) == []
    assert stage.finish() == []
    assert said(stage, a_message(b"x")).channel == "unknown route"


@given(st.binary(max_size=80), st.sampled_from([1, 2]))
def test_any_message_gives_exactly_one_channel_message_of_its_size(payload: bytes, opcode: int) -> None:
    channel_message = said(Payload(), a_message(payload, opcode=opcode, valid_utf8=is_utf8(payload)))
    assert channel_message.length == len(payload)
    assert channel_message.frame_bytes == len(payload) + 6


def ruled(*rules: RouteRule) -> Payload:
    return Payload(routes=RouteRules(list(rules)))


def a_summary(half: Half) -> ConnectionSummary:
    return ConnectionSummary(
        half=half, time_ns=9, packet=9, started_ns=1, state="open", started_mid_stream=True, handshake=None
    )


def test_a_rule_tells_the_channel_where_the_handshake_was_missed() -> None:
    stage = ruled(RouteRule(port=80, route="/feed", subprotocol="v1"))
    (told,) = stage.receive(a_message(b"{}"))
    assert (told.channel, told.route, told.subprotocol) == ("/feed", "/feed", "v1")
    summary = stage.state_route(a_summary(a_half()))
    assert (summary.route, summary.subprotocol, summary.route_source) == ("/feed", "v1", "rule")


def test_a_handshake_tells_more_than_a_rule() -> None:
    stage = ruled(RouteRule(port=80, route="/feed"))
    stage.receive(a_handshake(a_half()))
    assert stage.receive(a_message(b"{}"))[0].channel == "/rooms/{id}"
    assert stage.state_route(a_summary(a_half())).route_source == "handshake"


def test_of_a_handshake_without_its_request_the_subprotocol_stays() -> None:
    stage = ruled(RouteRule(port=80, route="/feed", subprotocol="v1"))
    stage.receive(a_handshake(a_half(), None, "v2"))
    told = stage.receive(a_message(b"{}"))[0]
    assert (told.channel, told.subprotocol) == ("/feed", "v2")


def test_a_connection_keeps_the_route_of_its_first_message() -> None:
    stage = ruled(RouteRule(port=80, same_port=True, handshakes=1))
    assert stage.receive(a_message(b"{}"))[0].channel == "unknown route"
    stage.receive(a_handshake(a_half("c2")))
    assert stage.receive(a_message(b"{}"))[0].channel == "unknown route"
    assert stage.state_route(a_summary(a_half())).route_source is None
    assert stage.receive(a_message(b"{}", a_half("c3")))[0].channel == "/rooms/{id}"
    assert stage.state_route(a_summary(a_half("c3"))).route_source == "port"


def test_without_rules_a_missed_handshake_leaves_the_route_unknown() -> None:
    stage = Payload()
    stage.receive(a_handshake(a_half("c2")))
    assert stage.receive(a_message(b"{}"))[0].channel == "unknown route"
    assert stage.state_route(a_summary(a_half())) == a_summary(a_half())
