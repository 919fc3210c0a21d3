"""The record of an opening handshake (RFC 6455, 4), what is wrong about it, and that nothing secret is in it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.websocket.wire import ACCEPT, CLIENT_HALF, NONCE, accept, head, request, response
from wsobserve.records import AnomalyKind, Extension, Handshake
from wsobserve.websocket.handshake import (
    accept_value,
    deflate_is_valid,
    deflate_parameters,
    handshake_of,
    parse_extensions,
)
from wsobserve.websocket.http import Head, parse_head


def parsed(data: bytes, packet: int = 1) -> Head:
    found = parse_head(data.removesuffix(b"\r\n\r\n"), packet * 1_000, packet)
    assert found is not None
    return found


def handshake(
    asked: bytes | None, answered: bytes | None, *, frames_follow: bool = False
) -> tuple[Handshake, list[AnomalyKind]]:
    record, findings = handshake_of(
        CLIENT_HALF,
        parsed(asked, 1) if asked else None,
        parsed(answered, 2) if answered else None,
        frames_follow=frames_follow,
    )
    return record, [kind for kind, _ in findings]


def test_the_accept_value_of_the_rfc() -> None:
    assert accept_value(NONCE) == accept(NONCE) == ACCEPT


def test_a_handshake_that_is_right_in_everything() -> None:
    record, found = handshake(
        request(
            "/rooms/42?EIO=4&token=secret",
            ("Origin", "https://example.test"),
            ("User-Agent", "Browser/1.0"),
            ("Sec-WebSocket-Protocol", "chat.v2, chat.v1"),
            ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits, permessage-deflate"),
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ),
        response(
            ("Sec-WebSocket-Protocol", "chat.v1"),
            ("Sec-WebSocket-Extensions", 'permessage-deflate; client_max_window_bits="12"; server_no_context_takeover'),
        ),
    )
    assert found == []
    deflate = Extension("permessage-deflate", (("client_max_window_bits", "12"), ("server_no_context_takeover", None)))
    assert record == Handshake(
        half=CLIENT_HALF,
        time_ns=2_000,
        packet=2,
        request_time_ns=1_000,
        request_packet=1,
        method="GET",
        target="/rooms/{id}?EIO=4&token=***",
        path_template="/rooms/{id}",
        host="example.test",
        origin="https://example.test",
        user_agent="Browser/1.0",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        version="13",
        status_code=101,
        subprotocols_offered=("chat.v2", "chat.v1"),
        subprotocol="chat.v1",
        extensions_offered=(
            Extension("permessage-deflate", (("client_max_window_bits", None),)),
            Extension("permessage-deflate"),
        ),
        extensions=(deflate,),
        accept_valid=True,
        state="accepted",
        query_keys=("EIO", "token"),
        credentials=("query:token",),
    )


def test_of_fields_that_nobody_reads_there_are_names_alone() -> None:
    record, _ = handshake(
        request(
            "/?access_token=a&vsn=2",
            ("Authorization", "Bearer a.b.c"),
            ("Cookie", "session_id=1; theme=dark"),
            ("X-Tenant", "acme"),
            ("Accept-Language", "de"),
            ("Sec-WebSocket-Protocol", "chat, bearer.s3cr3ts3cr3ts3cr3ts3cr3t"),
        ),
        response(),
    )
    assert record.query_keys == ("access_token", "vsn")
    assert record.request_fields == ("authorization", "cookie", "x-tenant")
    assert record.credentials == (
        "cookie:session_id",
        "header:authorization:bearer",
        "query:access_token",
        "subprotocol:bearer",
    )


def test_without_its_request_nothing_is_known_of_what_it_carried() -> None:
    record, _ = handshake(None, response())
    assert (record.query_keys, record.request_fields, record.credentials) == ((), (), ())


def test_a_refusal_and_no_answer_at_all() -> None:
    refused, _ = handshake(request(), head("HTTP/1.1 403 Forbidden", [("Sec-WebSocket-Protocol", "x")]))
    assert (refused.state, refused.status_code, refused.accept_valid, refused.subprotocol) == ("refused", 403, None, None)
    unanswered, _ = handshake(request(), None)
    assert (unanswered.state, unanswered.status_code, unanswered.packet) == ("unanswered", None, 1)


def test_an_answer_that_frames_imply_is_accepted_and_nothing_else_is_known_of_it() -> None:
    record, found = handshake(request(), None, frames_follow=True)
    assert (record.state, record.status_code, record.accept_valid, record.extensions) == ("accepted", None, None, ())
    assert found == []


def test_a_101_without_its_request() -> None:
    record, found = handshake(
        None, response(("Sec-WebSocket-Protocol", "chat"), ("Sec-WebSocket-Extensions", "permessage-deflate"))
    )
    assert found == [AnomalyKind.HANDSHAKE_MISSING_REQUEST]
    assert (record.state, record.accept_valid, record.target, record.request_packet) == ("accepted", None, None, None)
    assert (record.subprotocol, record.extensions) == ("chat", (Extension("permessage-deflate"),))


@pytest.mark.parametrize(
    ("asked", "answered", "expected"),
    [
        pytest.param(
            request(), head("HTTP/1.1 101 x", [("Upgrade", "websocket")]), AnomalyKind.HANDSHAKE_ACCEPT_MISSING, id="no accept"
        ),
        pytest.param(
            request(), response(key="AAAAAAAAAAAAAAAAAAAAAA=="), AnomalyKind.HANDSHAKE_ACCEPT_WRONG, id="wrong accept"
        ),
        pytest.param(request(key="short"), response(key="short"), AnomalyKind.HANDSHAKE_KEY_INVALID, id="short key"),
        pytest.param(request(key="*" * 24), response(key="*" * 24), AnomalyKind.HANDSHAKE_KEY_INVALID, id="no base64"),
        pytest.param(request(version="8"), response(), AnomalyKind.HANDSHAKE_VERSION, id="an old version"),
        pytest.param(
            request(),
            response(("Sec-WebSocket-Protocol", "x")),
            AnomalyKind.HANDSHAKE_SUBPROTOCOL_NOT_OFFERED,
            id="subprotocol",
        ),
        pytest.param(
            request(),
            response(("Sec-WebSocket-Extensions", "permessage-deflate")),
            AnomalyKind.HANDSHAKE_EXTENSION_NOT_OFFERED,
            id="extension",
        ),
        pytest.param(
            request("/", ("Sec-WebSocket-Extensions", "permessage-deflate")),
            response(("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=16")),
            AnomalyKind.HANDSHAKE_EXTENSION_INVALID,
            id="window of 16 bits",
        ),
        pytest.param(
            request("/", ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")),
            response(("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits=9; client_max_window_bits=10")),
            AnomalyKind.HANDSHAKE_EXTENSION_INVALID,
            id="a parameter twice",
        ),
        pytest.param(
            request("/", ("Sec-WebSocket-Extensions", "permessage-deflate")),
            response(("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits=10")),
            AnomalyKind.HANDSHAKE_EXTENSION_INVALID,
            id="client window not offered",
        ),
        pytest.param(
            request("/", ("Sec-WebSocket-Extensions", "permessage-deflate")),
            response(("Sec-WebSocket-Extensions", "permessage-deflate; =")),
            AnomalyKind.HANDSHAKE_EXTENSION_INVALID,
            id="unreadable",
        ),
    ],
)
def test_what_is_wrong_is_said_and_the_handshake_is_accepted_all_the_same(
    asked: bytes, answered: bytes, expected: AnomalyKind
) -> None:
    record, found = handshake(asked, answered)
    assert found == [expected]
    assert record.state == "accepted"
    wrong = (AnomalyKind.HANDSHAKE_ACCEPT_MISSING, AnomalyKind.HANDSHAKE_ACCEPT_WRONG)
    assert record.accept_valid is (expected not in wrong)


def test_a_missing_key_and_version_are_said_to_be_missing() -> None:
    asked = head("GET / HTTP/1.1", [("Upgrade", "websocket")])
    _, findings = handshake_of(CLIENT_HALF, parsed(asked), parsed(response()))
    assert findings == [(AnomalyKind.HANDSHAKE_KEY_INVALID, "missing"), (AnomalyKind.HANDSHAKE_VERSION, "missing")]


def test_two_subprotocols_that_look_alike_once_redacted_are_not_the_same() -> None:
    asked = request("/", ("Sec-WebSocket-Protocol", "bearer.AAAAAAAAAAAAAAAAAAAA1"))
    _, found = handshake(asked, response(("Sec-WebSocket-Protocol", "bearer.BBBBBBBBBBBBBBBBBBBB2")))
    assert found == [AnomalyKind.HANDSHAKE_SUBPROTOCOL_NOT_OFFERED]


@pytest.mark.parametrize(
    ("target", "shown", "template"),
    [
        ("http://user:secret@example.test/chat/7?x=1", "/chat/{id}?x=***", "/chat/{id}"),
        ("/proxy/http://example.test/x", "/proxy/http://example.test/x", "/proxy/http://example.test/x"),
        ("/", "/", "/"),
    ],
)
def test_a_target_is_shown_as_a_template(target: str, shown: str, template: str) -> None:
    record, _ = handshake(request(target), response())
    assert (record.target, record.path_template) == (shown, template)


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
    ],
)
def test_a_malformed_traceparent_is_ignored(traceparent: str) -> None:
    record, _ = handshake(request("/", ("traceparent", traceparent)), response())
    assert record.traceparent is None


# RFC 6455, 9.1, and RFC 7692, 7.1.
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ()),
        ("foo", (Extension("foo"),)),
        ("foo ;  bar = 2 , baz", (Extension("foo", (("bar", "2"),)), Extension("baz"))),
        ('foo; bar="2"', (Extension("foo", (("bar", "2"),)),)),
        (", foo,,", (Extension("foo"),)),
    ],
)
def test_extensions_are_read(value: str, expected: tuple[Extension, ...]) -> None:
    assert parse_extensions(value) == (expected, True)


@pytest.mark.parametrize("value", ["foo; bar=", "foo; b@r", "f oo", 'foo; bar="2', "; bar", ",".join(["foo"] * 20)])
def test_extensions_that_cannot_be_read_are_said_to_be(value: str) -> None:
    assert parse_extensions(value)[1] is False


def test_spaces_without_end_are_read_in_no_time() -> None:
    assert parse_extensions("foo" + " " * 60_000 + "@")[1] is False


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ("permessage-deflate", True),
        ("permessage-deflate; server_no_context_takeover; client_no_context_takeover", True),
        ("permessage-deflate; server_max_window_bits=8; client_max_window_bits=15", True),
        ("permessage-deflate; server_max_window_bits=7", False),
        ("permessage-deflate; server_max_window_bits=09", False),
        ("permessage-deflate; server_max_window_bits", False),
        ("permessage-deflate; server_no_context_takeover=1", False),
        ("permessage-deflate; unknown", False),
    ],
)
def test_which_parameters_a_response_may_have(value: str, valid: bool) -> None:
    parameters = deflate_parameters(parse_extensions(value)[0])
    assert parameters is not None
    assert deflate_is_valid(parameters) is valid


def test_deflate_may_not_be_agreed_on() -> None:
    assert deflate_parameters(parse_extensions("x-webkit-deflate-frame")[0]) is None


SECRET = "s3cr3tS3CR3Ts3cr3tS3CR3T"
HIDING_PLACES = [
    pytest.param(request(f"/chat?token={SECRET}"), id="query"),
    pytest.param(request(f"/chat?{SECRET}"), id="query key"),
    pytest.param(request(f"/chat/{SECRET}"), id="path"),
    pytest.param(request("/", ("Cookie", f"id={SECRET}")), id="cookie"),
    pytest.param(request("/", ("Authorization", f"Bearer {SECRET}")), id="authorization"),
    pytest.param(request("/", ("Cookie", SECRET)), id="cookie without a name"),
    pytest.param(request("/", ("Cookie", f"{SECRET}=1")), id="cookie name"),
    pytest.param(request("/", ("Cookie", f'id="a; b={SECRET}; c"')), id="quoted cookie"),
    pytest.param(request("/", ("Authorization", SECRET)), id="authorization without a scheme"),
    pytest.param(request("/", ("Authorization", f"{SECRET} x")), id="authorization scheme"),
    pytest.param(request("/", ("X-Api-Key", SECRET)), id="another field"),
    pytest.param(request("/", ("X-Api-Key", f"a\r\n {SECRET}: b")), id="folded field"),
    pytest.param(request("/", (SECRET, "a")), id="field name"),
    pytest.param(request("/", ("Referer", f"https://example.test/?token={SECRET}")), id="referer"),
    pytest.param(request("/", ("Sec-WebSocket-Protocol", f"chat, bearer.{SECRET}")), id="subprotocol"),
    pytest.param(request("/", ("Sec-WebSocket-Extensions", f"auth; token={SECRET}")), id="extension parameter"),
    pytest.param(request("/", ("Sec-WebSocket-Extensions", f"auth; {SECRET}")), id="extension parameter name"),
    pytest.param(request("/", ("Sec-WebSocket-Extensions", SECRET)), id="extension name"),
    pytest.param(request(version=SECRET), id="version"),
    pytest.param(request("/", ("Origin", f"https://user:{SECRET}@example.test")), id="origin"),
    pytest.param(head("GET / HTTP/1.1", [("Host", f"user:{SECRET}@h"), ("Upgrade", "websocket")]), id="host"),
    pytest.param(request(f"http://user:{SECRET}@example.test/?{SECRET}#{SECRET}"), id="absolute form"),
    pytest.param(request("/", ("traceparent", SECRET)), id="traceparent"),
    pytest.param(request("/", ("tracestate", f"x={SECRET}")), id="tracestate"),
    pytest.param(request(key=SECRET), id="key"),
]


@pytest.mark.parametrize("asked", HIDING_PLACES)
@pytest.mark.parametrize("echo", [True, False])
def test_no_secret_of_a_handshake_is_in_its_record(asked: bytes, echo: bool) -> None:
    fields = parsed(asked).fields
    names = ("sec-websocket-protocol", "sec-websocket-extensions")
    extra = [(name, fields[name].split(",")[-1]) for name in names if echo and name in fields]
    record, findings = handshake_of(CLIENT_HALF, parsed(asked), parsed(response(*extra)))
    assert SECRET not in str(msgspec.to_builtins(record))
    assert SECRET not in str(findings)


field = st.tuples(
    st.sampled_from(
        ["Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Accept", "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol", "Host"]
    ),
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=40),
)


@given(st.lists(field, max_size=8), st.lists(field, max_size=8), st.text(st.characters(max_codepoint=255), max_size=40))
def test_any_fields_at_all_never_raise(asked: list[tuple[str, str]], answered: list[tuple[str, str]], target: str) -> None:
    request_head = Head(1, 1, "GET", target, None, {name.lower(): value for name, value in asked})
    response_head = Head(2, 2, None, None, 101, {name.lower(): value for name, value in answered})
    for one, other in ((request_head, response_head), (request_head, None), (None, response_head)):
        handshake_of(CLIENT_HALF, one, other)
