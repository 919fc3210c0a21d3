"""HTTP heads without secrets: as long as they were, and the same handshake to whoever reads them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.export.recording.head_redaction import redact_head, redact_path_and_query, redact_to_length
from wsobserve.records import Half
from wsobserve.redaction import redact_subprotocol, redact_target
from wsobserve.websocket.handshake import handshake_of
from wsobserve.websocket.http import parse_head

pytestmark = pytest.mark.build_independent

HALF = Half(connection="c", source="a:1", destination="b:2")
KEPT = b"GET /chat HTTP/1.1\r\nHost: made.example:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


@pytest.mark.parametrize(
    ("line", "redacted"),
    [
        (b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
        (b"Sec-WebSocket-Key: my secret", b"Sec-WebSocket-Key: xx xxxxxx"),
        (b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 13"),
        (b"sec-websocket-protocol:graphql-ws", b"sec-websocket-protocol:graphql-ws"),
        (b"Sec-WebSocket-Protocol: v1, bearer.s3cr3tS3cr3t", b"Sec-WebSocket-Protocol: v1, bearer.eyJxxxxxxxxx"),
        (
            b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=15, mine; k=hush",
            b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=15, mine; k=****",
        ),
        (b"Authorization: Bearer abc.def", b"Authorization: Bearer xxxxxxx"),
        (b"Authorization: abc.def", b"Authorization: xxxxxxx"),
        (b"Cookie: sid=abc; a1b2c3d4e5f6=2; lone", b"Cookie: sid=xxx; 000000000000=x; xxxx"),
        (b"X-Api-Key:\tsecret", b"X-Api-Key:\txxxxxx"),
        (b"X-123456789: a", b"00000000000: x"),
        (b"User-Agent: mine/1 (me)", b"User-Agent: xxxxxx xxxx"),
        (b"Host: http://[bad", b"Host: xxxxxxxxxxx"),
        (b"no colon here", b"xxxxxxxxxxxxx"),
        (b" folded value", b" xxxxxx xxxxx"),
    ],
)
def test_a_field(line: bytes, redacted: bytes) -> None:
    assert redact_head(KEPT + line + b"\r\n\r\n") == KEPT + redacted + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("target", "redacted"),
    [
        ("/rooms/42/chat", "/rooms/00/chat"),
        ("/a;session=1/b#frag", "/a;xxxxxxxxx/b#xxxx"),
        ("/s?token=abc&EIO=4&transport=websocket&1234567=8", "/s?token=***&EIO=4&transport=websocket&0000000=*"),
        ("ws://chat.example/rooms/123456", "ws://chat.example/rooms/000000"),
        ("?a=b", "?a=*"),
    ],
)
def test_a_target(target: str, redacted: str) -> None:
    assert redact_path_and_query(target) == redacted


@pytest.mark.parametrize(
    ("line", "redacted"),
    [
        (b"HTTP/1.1 101 Switching Protocols", b"HTTP/1.1 101 Switching Protocols"),
        (b"HTTP/1.1 403 no entry for bob", b"HTTP/1.1 403 xx xxxxx xxx xxx"),
        (b"POST /upload.php", b"xxxxxxxxxxxxxxxx"),
    ],
)
def test_a_first_line(line: bytes, redacted: bytes) -> None:
    assert redact_head(line + b"\r\n\r\n") == redacted + b"\r\n\r\n"


@settings(deadline=None)
@given(st.text(alphabet="abcXYZ0189-_.~/;=&?%@{}:#", max_size=60))
def test_the_template_of_a_redacted_target_is_that_of_the_target(text: str) -> None:
    path, _, query = f"/{text}".partition("?")
    redacted_path, _, redacted_query = redact_path_and_query(f"/{text}").partition("?")
    assert len(redact_path_and_query(f"/{text}")) == len(text) + 1
    if "#" not in text:
        assert redact_target(redacted_path, redacted_query) == redact_target(path, query)


@settings(deadline=None)
@given(st.text(alphabet="abzAZ019._-=:", max_size=50))
def test_a_subprotocol_is_redacted_to_the_same_where_that_can_be(text: str) -> None:
    redacted = redact_to_length(text)
    assert len(redacted) == len(text)
    if redact_subprotocol(text) != text:
        assert redacted != text
        assert set(redacted) == {"x"} or redact_subprotocol(redacted) == redact_subprotocol(text)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_keep_their_length_and_line_ends(data: bytes) -> None:
    redacted = redact_head(data)
    assert len(redacted) == len(data)
    assert [len(line) for line in redacted.split(b"\n")] == [len(line) for line in data.split(b"\n")]


def test_the_handshake_is_the_same_but_for_the_user_agent() -> None:
    request = (
        KEPT + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: https://made.example\r\n"
        b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nCookie: session_id=abc; b=c\r\n"
        b"Sec-WebSocket-Protocol: chat, 1234567890123\r\nX-Auth-Token: t\r\nUser-Agent: me\r\n\r\n"
    )
    before, _ = handshake_of(HALF, parse_head(request.strip(), 1, 1), None)
    after, _ = handshake_of(HALF, parse_head(redact_head(request).strip(), 1, 1), None)
    assert after == msgspec.structs.replace(before, user_agent="xx")
