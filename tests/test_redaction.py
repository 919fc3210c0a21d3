"""Redaction: paths become templates, queries and subprotocols lose their values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.redaction import looks_like_identifier, path_template, query_keys, redact_name, redact_subprotocol, redact_target

TEMPLATES = [
    ("/", "/"),
    ("", ""),
    ("/chat", "/chat"),
    ("/chat/", "/chat/"),
    ("//chat", "//chat"),
    ("/rooms/42/users/550e8400-e29b-41d4-a716-446655440000", "/rooms/{id}/users/{id}"),
    ("/rooms/550e8400e29b41d4a716446655440000", "/rooms/{id}"),
    ("/commits/deadbeef1", "/commits/{id}"),
    ("/facade/decade", "/facade/decade"),
    ("/effaced-x", "/effaced-x"),
    ("/defaced", "/defaced"),
    ("/feedface", "/feedface"),  # eight letters without a digit: a word as likely as a hash
    ("/events/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/events/{id}"),
    ("/t/dGhpcyBpcyBhIHRva2Vu0aQ", "/t/{id}"),
    ("/t/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "/t/{id}"),
    ("/users/alice@example.org/feed", "/users/{id}/feed"),
    ("/users/alice%40example.org/feed", "/users/{id}/feed"),
    ("/charge-points/E2507-8420-1275", "/charge-points/{id}"),
    ("/archive/2024-01-31", "/archive/{id}"),
    ("/v1/stream", "/v1/stream"),
    ("/h264/stream2", "/h264/stream2"),
    ("/files/IMG_20240131.jpg", "/files/IMG_20240131.jpg"),
    ("/v1beta2/stream", "/v1beta2/stream"),
    ("/api/2.0/stream", "/api/2.0/stream"),
    ("/socket.io/", "/socket.io/"),
    ("/ws/btcusdt@trade", "/ws/btcusdt@trade"),
    ("/files/report-2024.final.json", "/files/report-2024.final.json"),
    ("/a%20b", "/a%20b"),
    ("/chat;jsessionid=0A1B2C", "/chat;***"),
    ("/rooms/42;v=1", "/rooms/{id};***"),
    ("/chat?token=1", "/chat"),
    ("/chat#x", "/chat"),
    ("/rooms/caf\u00e9", "/rooms/caf\u00e9"),
    ("/rooms/a\x00b", "/rooms/{id}"),
    ("/rooms/\udcff", "/rooms/{id}"),
    ("/" + "x" * 65, "/{id}"),
    ("*", "*"),
]


@pytest.mark.parametrize(("path", "template"), TEMPLATES)
def test_a_path_becomes_a_template(path: str, template: str) -> None:
    assert path_template(path) == template


def test_a_path_of_many_segments_is_cut_and_says_so() -> None:
    assert path_template("/a" * 20) == "/a" * 20
    assert path_template("/a" * 21) == "/a" * 20 + "/..."


def test_a_long_path_is_cut_and_says_so() -> None:
    template = path_template("/" + "/".join(["word" * 10] * 10))
    assert len(template) <= 256
    assert template.endswith("/...")


@given(st.text(max_size=400) | st.lists(st.text("ab0/;?{}", max_size=9), max_size=30).map("/".join))
def test_any_path_gives_a_bounded_template_that_is_its_own_template(path: str) -> None:
    template = path_template(path)
    assert len(template) <= 256
    assert path_template(template) == template
    template.encode()


TARGETS = [
    ("/chat", None, "/chat"),
    ("/chat", "", "/chat"),
    ("/chat", "token=abc", "/chat?token=***"),
    ("/socket.io/", "EIO=4&transport=websocket&sid=x8-_a", "/socket.io/?EIO=4&transport=websocket&sid=***"),
    ("/socket/websocket", "vsn=2.0.0&user=1", "/socket/websocket?vsn=2.0.0&user=***"),
    ("/app/0123456789abcdef0123", "protocol=7&client=js&version=8.3.0", "/app/{id}?protocol=7&client=js&version=8.3.0"),
    ("/ws", "client=550e8400-e29b-41d4-a716-446655440000", "/ws?client=***"),
    ("/ws", "client=123456", "/ws?client=***"),
    ("/ws", "v=a%20b", "/ws?v=***"),
    ("/ws", "v=", "/ws?v=***"),
    ("/ws", "debug", "/ws?debug"),
    ("/ws", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "/ws?***"),
    ("/ws", "0123456789abcdef=1", "/ws?***"),
    ("/ws", "&&a=1", "/ws?***&***&a=***"),
]


@pytest.mark.parametrize(("path", "query", "shown"), TARGETS)
def test_a_query_keeps_its_keys_and_loses_its_values(path: str, query: str | None, shown: str) -> None:
    assert redact_target(path, query) == shown


def test_a_query_of_many_keys_is_cut_and_says_so() -> None:
    assert redact_target("/", "a=1&" * 40).endswith("&a=***&...")


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        (None, ()),
        ("", ()),
        ("v=1&token=a&token=b&&debug", ("debug", "token", "v")),
        ("0123456789abcdef=1&v=2", ("***", "v")),
    ],
)
def test_the_keys_of_a_query_come_each_once_and_sorted(query: str | None, keys: tuple[str, ...]) -> None:
    assert query_keys(query) == keys


def test_keys_beyond_the_limit_are_said_to_be_there() -> None:
    assert query_keys("&".join(f"{letter}{other}=1" for letter in "abcdef" for other in "abcdef"))[-1] == "..."


@given(st.text(max_size=80))
def test_a_name_is_shown_as_it_is_or_not_at_all(name: str) -> None:
    assert redact_name(name) in (name, "***")
    assert all(redact_name(key) == key for key in query_keys(name) if key != "...")


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_target_is_redacted_without_raising(path: str, query: str) -> None:
    redact_target(path, query).encode()


@given(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.from_regex(r"S[A-Za-z0-9]{8,40}S", fullmatch=True))
def test_no_value_of_an_unknown_key_is_ever_shown(key: str, value: str) -> None:
    shown = redact_target("/ws", f"x{key}={value}&token={value}")
    assert value not in shown


SUBPROTOCOLS = [
    ("chat", "chat"),
    ("graphql-transport-ws", "graphql-transport-ws"),
    ("actioncable-v1-json", "actioncable-v1-json"),
    ("v12.stomp", "v12.stomp"),
    ("mqttv3.1", "mqttv3.1"),
    ("wamp.2.msgpack.batched", "wamp.2.msgpack.batched"),
    ("v1.kernel.websocket.jupyter.org", "v1.kernel.websocket.jupyter.org"),
    ("v5.channel.k8s.io", "v5.channel.k8s.io"),
    ("base64.channel.k8s.io", "base64.channel.k8s.io"),
    ("opcua+uacp", "opcua+uacp"),
    ("ocpp2.0.1", "ocpp2.0.1"),
    ("soap-over-websocket-1", "soap-over-websocket-1"),
    ("base64url.bearer.phx.c2VjcmV0", "base64url.bearer.phx.***"),
    ("base64url.bearer.authorization.k8s.io.c2VjcmV0", "base64url.bearer.authorization.k8s.io.***"),
    ("openai-insecure-api-key.sk-x", "openai-insecure-api-key.***"),
    ("opper-ticket.abc", "opper-ticket.***"),
    ("bearer-abc", "bearer-***"),
    ("Bearer.abc", "Bearer.***"),
    ("access_token.abc", "access_token.***"),
    ("my-app.token.abc", "my-app.token.***"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "***"),
    ("auth.eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "auth.***"),
    ("550e8400-e29b-41d4-a716-446655440000", "***"),
    ("0123456789abcdef", "***"),
    ("app.0123456789abcdef.x", "app.***"),
    ("123456", "***"),
    ("x" * 41, "***"),
    ("example.org." + "x" * 41, "example.org.***"),
    ("chat\udcff", "***"),
]


@pytest.mark.parametrize(("value", "shown"), SUBPROTOCOLS)
def test_a_subprotocol_keeps_its_name_and_loses_its_token(value: str, shown: str) -> None:
    assert redact_subprotocol(value) == shown


@given(st.text(max_size=300))
def test_any_subprotocol_is_redacted_to_a_bounded_text(value: str) -> None:
    shown = redact_subprotocol(value)
    assert len(shown) <= 2 * 40
    shown.encode()


@given(st.text(max_size=100))
def test_any_text_may_be_asked_about(text: str) -> None:
    looks_like_identifier(text)
