"""HTTP and opening handshakes: recorded, secret, in the wrong order, cut, malformed."""

from __future__ import annotations

from tests.fuzz.handshake import SECRET
from tests.fuzz.recorded import TICK, Seeds, recorded, script_of
from tests.fuzz.script import AGAIN, CLIENT, CUT, END, GAP, SERVER, TIME, written
from tests.websocket.wire import DEFLATE_AGREED, KEY, head, request, response, text


def seeds() -> Seeds:
    """The first byte: 1 when its opening was not seen."""
    for name in (
        "abnormal_close.pcap",
        "browser.pcapng",
        "graphql_ws.pcap",
        "mqtt.pcapng",
        "socketio.pcapng",
        "ws_deflate.pcapng",
    ):
        yield f"recorded_{name.partition('.')[0]}", b"\x00" + script_of(recorded(name, 3))
    ask, answer = request(), response()
    hello = text("Hello")
    good = written(ask, SERVER, answer, hello)
    yield "good", b"\x00" + good
    yield (
        "cut_everywhere",
        b"\x02"
        + written(
            *[each for i in range(0, len(ask), 7) for each in (ask[i : i + 7], CUT)],
            SERVER,
            *[each for i in range(0, len(answer), 11) for each in (answer[i : i + 11], CUT)],
        ),
    )
    secret = SECRET.decode()
    yield (
        "secrets",
        b"\x02"
        + written(
            request(
                "/rooms/42?token=other",
                ("Cookie", f"id={secret}"),
                ("Authorization", f"Bearer {secret}"),
                ("Sec-WebSocket-Protocol", "chat, bearer.other"),
            ),
            SERVER,
            response(("Sec-WebSocket-Protocol", "chat"), ("Set-Cookie", secret)),
            hello,
        ),
    )
    yield "answer_first", b"\x01" + written(SERVER, answer, hello, CLIENT, ask)
    yield "request_lost", b"\x00" + written((GAP, 200), SERVER, answer, hello, CLIENT, text("Hi", KEY))
    yield "answer_lost", b"\x00" + written(ask, text("Hi", KEY) * 5, SERVER, (GAP, 128), hello * 5)
    yield "answer_cut", b"\x00" + written(ask, SERVER, answer[:60], (GAP, 90), hello * 4)
    yield "early_data", b"\x00" + written(ask, text("early", KEY), SERVER, answer, hello)
    yield (
        "refused",
        b"\x02"
        + written(ask, SERVER, head("HTTP/1.1 403 Forbidden", [("Content-Length", "3")]), b"no!", CLIENT, ask, SERVER, answer),
    )
    yield (
        "after_pages",
        b"\x02"
        + written(
            head("GET / HTTP/1.1", [("Host", "a")]) * 2,
            SERVER,
            head("HTTP/1.1 200 OK", [("Transfer-Encoding", "chunked")]),
            b"5;x=y\r\nabcde\r\n0\r\nT: v\r\n\r\n",
            head("HTTP/1.1 304 Not Modified", [("Content-Length", "99")]),
            CLIENT,
            ask,
            SERVER,
            head("HTTP/1.1 100 Continue"),
            answer,
            hello,
        ),
    )
    yield (
        "body_that_looks_like_a_head",
        b"\x02"
        + written(
            head("POST /x HTTP/1.1", [("Host", "a"), ("Content-Length", str(len(ask)))]),
            ask,
            SERVER,
            head("HTTP/1.1 200 OK", [("Content-Length", str(len(answer)))]),
            answer,
        ),
    )
    yield (
        "lengths_differ",
        b"\x02"
        + written(head("POST / HTTP/1.1", [("Content-Length", "3"), ("Content-Length", "5")]), b"abc", ask, SERVER, answer),
    )
    yield "length_huge", b"\x00" + written(head("POST / HTTP/1.1", [("Content-Length", "9" * 40)]), b"abc", ask, SERVER, answer)
    yield (
        "chunk_huge",
        b"\x00" + written(ask, SERVER, head("HTTP/1.1 200 OK", [("Transfer-Encoding", "chunked")]), b"f" * 40 + b"\r\nabc"),
    )
    yield "line_feeds_alone", b"\x00" + written(ask.replace(b"\r\n", b"\n"), SERVER, answer.replace(b"\r\n", b"\n"), hello)
    yield "folded_field", b"\x00" + written(ask[:-2] + b"X: a\r\n  b\r\n\r\n", SERVER, answer)
    yield "field_without_colon", b"\x00" + written(ask[:-2] + b"nonsense\r\n: empty\r\n\r\n", SERVER, answer)
    yield "too_long", b"\x00" + written(ask[:-2] + b"X: " + b"a" * 600 + b"\r\n\r\n", SERVER, answer)
    yield (
        "head_without_end",
        b"\x00"
        + written(
            b"GET / HTTP/1.1\r\n",
            b"X: 1\r\n" * 9,
            (AGAIN, 250),
            SERVER,
            b"HTTP/1.1 101 A\r\n",
            CUT,
            b"X: 1\r\n" * 9,
            (AGAIN, 250),
        ),
    )
    yield "early_data_without_end", b"\x00" + written(ask, CUT, text(TICK, KEY), (AGAIN, 250), SERVER, answer)
    yield (
        "connect",
        b"\x00" + written(head("CONNECT a:443 HTTP/1.1", [("Host", "a")]), SERVER, head("HTTP/1.1 200 OK"), b"\x16\x03\x01"),
    )
    yield (
        "version_8",
        b"\x02"
        + written(request("/", version="8"), SERVER, head("HTTP/1.1 426 Upgrade Required", [("Sec-WebSocket-Version", "13")])),
    )
    hixie = (
        head("GET / HTTP/1.1", [("Upgrade", "WebSocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key1", "1 2")])
        + b"12345678"
    )
    yield (
        "hybi_00",
        b"\x02"
        + written(hixie, SERVER, head("HTTP/1.1 101 WebSocket Protocol Handshake", [("Upgrade", "WebSocket")]), b"\x00hi\xff"),
    )
    yield "accept_wrong", b"\x00" + written(ask, SERVER, response(key="x"), hello)
    yield "not_offered", b"\x00" + written(ask, SERVER, response(DEFLATE_AGREED, ("Sec-WebSocket-Protocol", "chat")), hello)
    extensions = ("Sec-WebSocket-Extensions", 'permessage-deflate; client_max_window_bits="15"; x="a\\"b,;", x-y;;, ,=')
    yield "extensions_quoted", b"\x00" + written(request("/", extensions), SERVER, response(extensions), hello)
    yield "http2", b"\x00" + written(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), SERVER, bytes(9))
    yield "tls", b"\x00" + written(b"\x16\x03\x01\x00\x05\x01\0\0\1\0", SERVER, b"\x16\x03\x03\0\1\2")
    yield "server_speaks_first", b"\x00" + written(SERVER, b"220 mail ESMTP\r\n", CLIENT, b"HELO a\r\n")
    yield "target_strange", b"\x00" + written(request("http://u:p@h:80/a/b;c?d#e"), SERVER, answer, CLIENT, request("*"))
    yield "ends_and_time", b"\x00" + written(ask, END, (TIME, 20), SERVER, answer, hello, END)
