"""The HTTP reader: heads after RFC 9112 at every cut, bodies stepped over, and what is no HTTP."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.websocket.wire import cuts, head, request
from wsobserve.websocket.http import (
    UNTIL_CLOSE,
    Head,
    HttpReader,
    content_length,
    looks_like_http,
    parse_head,
    request_body,
    response_body,
)

LIMIT = 64 * 1024


def read(pieces: list[bytes], limit: int = LIMIT) -> tuple[list[Head], HttpReader]:
    """All heads of requests, bodies stepped over."""
    reader, heads = HttpReader(limit), []
    for number, piece in enumerate(pieces):
        found = reader.receive(piece, number, number)
        while found is not None:
            heads.append(found)
            reader.body(*request_body(found))
            found = reader.receive(b"", number, number)
    return heads, reader


def what(heads: list[Head]) -> list[tuple[str | None, str | None, dict[str, str]]]:
    return [(each.method, each.target, each.fields) for each in heads]


def test_a_request_does_not_depend_on_how_it_is_cut() -> None:
    data = request("/chat?x=1", ("Origin", "https://example.test"))
    (whole,), _ = read([data])
    assert (whole.method, whole.target, whole.status_code) == ("GET", "/chat?x=1", None)
    assert whole.fields["sec-websocket-version"] == "13"
    assert whole.asks_for_websocket
    for pieces in cuts(data):
        assert what(read(pieces)[0]) == what([whole])


def test_requests_with_bodies_are_stepped_over_at_every_cut() -> None:
    data = (
        head("POST /a HTTP/1.1", [("Content-Length", "5")])
        + b"GET /"
        + head("POST /b HTTP/1.1", [("Transfer-Encoding", "gzip, chunked")])
        + b"4\r\nGET \r\n1;x=y\r\n/\r\n0\r\nTrailer: z\r\n\r\n"
        + b"\r\n"
        + head("GET /c HTTP/1.1")
    )
    expected = ["/a", "/b", "/c"]
    for pieces in cuts(data):
        heads, reader = read(pieces)
        assert [each.target for each in heads] == expected
        assert not reader.broken
        assert reader.pending_bytes == 0


def test_lines_may_end_with_a_line_feed_alone() -> None:
    data = head("GET / HTTP/1.1", [("Upgrade", "WebSocket"), ("Host", "h")], line_end="\n")
    for pieces in cuts(data):
        (only,), _ = read(pieces)
        assert only.fields == {"upgrade": "WebSocket", "host": "h"}
        assert only.asks_for_websocket


def test_a_status_line_may_lack_its_reason() -> None:
    for line in ("HTTP/1.1 101 Switching Protocols", "HTTP/1.1 101 ", "HTTP/1.1 101", "HTTP/1.0 101 x"):
        found = parse_head(line.encode(), 1, 2)
        assert found is not None
        assert (found.status_code, found.method, found.time_ns, found.packet) == (101, None, 1, 2)


def test_fields_are_folded_repeated_spaced_and_cased() -> None:
    lines = [
        "GET / HTTP/1.1",
        "UPGRADE: h2c",
        "upgrade :  WebSocket ",
        "User-Agent: one",
        "  two",
        "\tthree",
        "no colon here",
        " a fold of nothing",
        "Origin:",
        "Host",
        "X-Unread: nobody",
        "  reads this",
        "  host: nor this",
    ]
    found = parse_head("\r\n".join(lines).encode(), 0, 0)
    assert found is not None
    assert found.fields == {"upgrade": "h2c, WebSocket", "user-agent": "one two three", "origin": ""}
    assert found.carried == ("x-unread",)
    assert found.tokens("upgrade") == ["h2c", "websocket"]
    assert found.asks_for_websocket


@pytest.mark.parametrize(
    "line", ["", "GET /", "GET / HTTP/2.0", "HTTP/1.1 abc", "HTTP/1.1 1010", "get / HTTP/1.1", "\x16\x03\x01"]
)
def test_what_is_neither_a_request_line_nor_a_status_line_has_no_head(line: str) -> None:
    assert parse_head(line.encode(), 0, 0) is None


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        (b"", None),
        (b"\r\n", None),
        (b"G", None),
        (b"GET", None),
        (b"GET /", None),
        (b"GET / HTTP/1.1", None),
        (b"GET / HTTP/1.1\r\n", True),
        (b"\r\nGET / HTTP/1.1\n", True),
        (b"M-SEARCH * HTTP/1.1\r\n", True),
        (b"GET / HTTP/1.1 x\r\n", False),
        (b"HELO mail.example\r\n", False),
        (b"PRI * HTTP/2.0\r\n", False),
        (b"HTTP", None),
        (b"HTTP/", True),
        (b"HTTX", None),
        (b"HTTX\r", False),
        (b"get / HTTP/1.1\r\n", False),
        (b"\x16\x03\x01", False),
        (b"\x81\x05Hello", False),
        (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", False),
        (b"GET " + b"x" * 65_536, False),
    ],
)
def test_how_http_begins(data: bytes, verdict: bool | None) -> None:
    assert looks_like_http(data) is verdict


def test_a_verdict_on_the_beginning_is_never_taken_back() -> None:
    for data in (request(), b"HTTP/1.1 200 OK\r\n\r\n", b"HELO x\r\n", b"\x81\x7e\x00\x80GET / HTTP/1.1\r\n"):
        verdicts = [looks_like_http(data[:end]) for end in range(len(data) + 1)]
        decided = [verdict for verdict in verdicts if verdict is not None]
        assert len(set(decided)) == 1
        assert verdicts[: verdicts.index(decided[0])] == [None] * verdicts.index(decided[0])


@pytest.mark.parametrize("size", [100, 200])
def test_a_head_that_is_too_long_is_given_up_whether_it_ends_or_not(size: int) -> None:
    data = head("GET / HTTP/1.1", [("X", "y" * size)])
    for pieces in ([data], [data[:-4]], [data[i : i + 1] for i in range(len(data))]):
        heads, reader = read(pieces, limit=100)
        assert heads == []
        assert (reader.broken, reader.head_too_long) == (True, True)


def test_a_head_without_end_takes_no_more_memory_than_its_limit() -> None:
    reader = HttpReader(1000)
    for _ in range(100):
        assert reader.receive(b"GET / HTTP/1.1\r\nX: " + b"y" * 100, 0, 0) is None
    assert reader.pending_bytes < 2_000


@pytest.mark.parametrize("data", [b"\x00\x01\x02", b"\x00" * 100, b"GET", b"GET /" + b"x" * 100])
def test_what_is_no_http_breaks_the_reader(data: bytes) -> None:
    heads, reader = read([data, b"\x03" * 100, b"\r\n"])
    assert (heads, reader.broken, reader.head_too_long, reader.pending_bytes) == ([], True, False, 0)


def test_a_broken_reader_holds_nothing() -> None:
    chunked = head("POST / HTTP/1.1", [("Transfer-Encoding", "chunked")])
    for last in (b"GET /" + b"x" * 40_000, b"\x00" * 40_000, b"no head\r\n\r\n" + b"x" * 40_000, chunked + b"1" * 40_000):
        _, reader = read([last, b"more"], limit=1_000)
        assert (reader.broken, reader.pending_bytes, len(reader._buffer)) == (True, 0, 0)
    reader = HttpReader(LIMIT)
    reader.receive(b"GET / HT", 0, 0)
    reader.gap(1)
    assert (reader.broken, reader.pending_bytes) == (True, 0)


def test_a_chunk_line_takes_no_more_memory_than_a_head() -> None:
    pieces = [head("POST / HTTP/1.1", [("Transfer-Encoding", "chunked")]), b"1;" + b"x" * 150]
    assert not read(pieces, limit=200)[1].broken
    assert read([*pieces, b"x" * 50], limit=200)[1].broken


def test_a_head_takes_no_more_memory_than_its_length_however_many_fields_it_has() -> None:
    fields = "".join(f"{number:x}:\r\n" for number in range(8_000))
    found = parse_head(f"GET / HTTP/1.1\r\nCookie: id=s3cr3t\r\nHost: h\r\n{fields}".encode(), 0, 0)
    assert found is not None
    assert found.fields == {"host": "h"}
    assert len(found.carried) <= 33


def test_many_heads_that_come_at_once() -> None:
    data = request() * 1_000
    heads, reader = read([data[:-1], data[-1:]])
    assert (len(heads), reader.pending_bytes) == (1_000, 0)


@pytest.mark.parametrize("line", [b"xyz\r\n", b"-1\r\n", b"\xff\r\n", b"1" * 5_000])
def test_a_chunk_size_that_is_none_breaks_the_reader(line: bytes) -> None:
    _, reader = read([head("POST / HTTP/1.1", [("Transfer-Encoding", "chunked")]), line])
    assert reader.broken


def test_a_hole_inside_a_body_is_stepped_over() -> None:
    reader = HttpReader(LIMIT)
    assert reader.receive(head("POST / HTTP/1.1", [("Content-Length", "100")]) + b"x" * 10, 0, 0) is not None
    reader.body(100, False)
    assert reader.receive(b"", 0, 0) is None
    reader.gap(80)
    found = reader.receive(b"x" * 10 + head("GET /next HTTP/1.1"), 0, 0)
    assert found is not None
    assert found.target == "/next"


@pytest.mark.parametrize("length", [11, 1_000])
def test_a_hole_beyond_a_body_breaks_the_reader(length: int) -> None:
    reader = HttpReader(LIMIT)
    reader.receive(head("POST / HTTP/1.1"), 0, 0)
    reader.body(10, False)
    reader.gap(length)
    assert reader.broken


def test_a_hole_in_a_head_breaks_the_reader() -> None:
    reader = HttpReader(LIMIT)
    reader.receive(b"GET / HT", 0, 0)
    reader.gap(1)
    assert reader.broken


def test_a_body_until_the_close_swallows_everything() -> None:
    reader = HttpReader(LIMIT)
    reader.receive(b"HTTP/1.1 200 OK\r\n\r\n", 0, 0)
    reader.body(UNTIL_CLOSE, False)
    reader.gap(1_000)
    assert reader.receive(request(), 0, 0) is None
    assert (reader.broken, reader.pending_bytes) == (False, 0)


def test_behind_a_101_the_rest_is_handed_over() -> None:
    reader = HttpReader(LIMIT)
    assert reader.receive(b"HTTP/1.1 101 x\r\n\r\n\x81\x00", 0, 0) is not None
    assert reader.receive(b"\x89\x00", 0, 0) is None  # it waits to be told what follows
    assert reader.rest() == b"\x81\x00\x89\x00"


@pytest.mark.parametrize(
    ("status", "fields", "method", "expected"),
    [
        (200, {"content-length": "7"}, "GET", (7, False)),
        (200, {"content-length": "7, 7"}, "GET", (7, False)),
        (200, {"content-length": "7, 8"}, "GET", (UNTIL_CLOSE, False)),
        (200, {"content-length": "-1"}, "GET", (UNTIL_CLOSE, False)),
        (200, {"content-length": "9" * 16}, "GET", (UNTIL_CLOSE, False)),
        (200, {}, "GET", (UNTIL_CLOSE, False)),
        (200, {"transfer-encoding": "Chunked", "content-length": "7"}, "GET", (0, True)),
        (200, {"content-length": "7"}, "HEAD", (0, False)),
        (204, {}, "GET", (0, False)),
        (304, {"content-length": "7"}, "GET", (0, False)),
        (100, {}, "POST", (0, False)),
        (404, {"content-length": "0"}, None, (0, False)),
    ],
)
def test_how_long_the_body_of_a_response_is(
    status: int, fields: dict[str, str], method: str | None, expected: tuple[int, bool]
) -> None:
    assert response_body(Head(0, 0, status_code=status, fields=fields), method) == expected


def test_how_long_the_body_of_a_request_is() -> None:
    assert request_body(Head(0, 0, method="GET")) == (0, False)
    assert request_body(Head(0, 0, method="POST", fields={"content-length": "3"})) == (3, False)
    assert request_body(Head(0, 0, method="POST", fields={"transfer-encoding": "chunked"})) == (0, True)
    assert content_length(Head(0, 0, fields={"content-length": "²"})) is None


http_like = st.lists(
    st.one_of(
        st.binary(max_size=30),
        st.sampled_from(
            [
                b"GET / HTTP/1.1\r\n",
                b"HTTP/1.1 101 x\r\n",
                b"Content-Length: 3\r\n",
                b"Transfer-Encoding: chunked\r\n",
                b"\r\n",
                b"3\r\nabc",
            ]
        ),
    ),
    max_size=20,
)


@given(http_like, st.lists(st.integers(1, 50), max_size=3))
def test_any_bytes_at_all_never_raise(pieces: list[bytes], holes: list[int]) -> None:
    reader = HttpReader(200)
    for number, piece in enumerate(pieces):
        found = reader.receive(piece, 0, 0)
        while found is not None:
            reader.body(*(request_body(found) if found.method else response_body(found, "GET")))
            found = reader.receive(b"", 0, 0)
        if number < len(holes):
            reader.gap(holes[number])
        assert reader.broken or reader.pending_bytes <= 5_000
