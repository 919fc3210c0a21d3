"""The public fields: complete, named as documented, and without payloads unless asked for."""

from __future__ import annotations

from wsobserve.export.rows import connection_row, frame_row, loss_row, message_row, payload_fields, time_text
from wsobserve.records import (
    CaptureLoss,
    ChannelMessage,
    Close,
    ConnectionSummary,
    Extension,
    Frame,
    Half,
    HalfCount,
    Handshake,
    Message,
)

HALF = Half(
    connection="00000000000000aa",
    source="::1:4000",
    destination="::1:80",
    client="[::1]:4000",
    server="[::1]:80",
    direction="client_to_server",
)
COMMON = {
    "connection": "00000000000000aa",
    "stream": None,
    "client": "[::1]:4000",
    "server": "[::1]:80",
    "source": "::1:4000",
    "destination": "::1:80",
    "direction": "client_to_server",
    "time": "2026-11-22T17:00:00.000000007Z",
    "time_ns": 1_795_366_800_000_000_007,
    "packet": 9,
}
AT = 1_795_366_800_000_000_007


def message(payload: bytes = b'{"a":1}', **more: object) -> Message:
    fields: dict[str, object] = {
        "half": HALF,
        "time_ns": AT,
        "packet": 9,
        "started_ns": AT,
        "opcode": 1,
        "fragments": 1,
        "compressed": False,
        "wire_length": 7,
        "length": 7,
        "complete": True,
        "valid_utf8": True,
        "payload": payload,
    }
    return Message(**{**fields, **more})  # type: ignore[arg-type]


def test_a_frame_row_has_the_documented_fields_and_no_payload() -> None:
    frame = Frame(HALF, AT, 9, AT, True, 4, 1, True, 5, 6, b"abc")
    assert frame_row(frame) == {
        "kind": "frame",
        **COMMON,
        "fin": True,
        "rsv": 4,
        "opcode": "text",
        "masked": True,
        "length": 5,
        "captured_length": 3,
    }


def test_a_reserved_opcode_is_shown_as_a_number() -> None:
    assert frame_row(Frame(HALF, AT, 9, AT, True, 0, 3, True, 0, 6, b""))["opcode"] == "0x3"


def test_payloads_come_in_the_form_asked_for() -> None:
    assert payload_fields(b"\x00\xff", "none") == {}
    assert payload_fields(b"\x00\xff", "base64") == {"payload": "AP8="}
    assert payload_fields(b"\x00\xff", "hex") == {"payload": "00ff"}
    assert payload_fields(b"gr\xc3\xbc", "text") == {"payload": "grü"}


def test_text_that_is_not_utf8_is_marked() -> None:
    assert payload_fields(b"a\xff", "text") == {"payload": "a\\xff", "payload_not_utf8": True}


def test_a_message_row_has_the_documented_fields() -> None:
    row = message_row([ChannelMessage(message=message(), format="json", channel="/a", name="tick", schema="a.tick")])
    assert row == {
        "kind": "message",
        **COMMON,
        "opcode": "text",
        "fragments": 1,
        "compressed": False,
        "wire_length": 7,
        "length": 7,
        "complete": True,
        "undecoded": None,
        "started_ns": AT,
        "valid_utf8": True,
        "format": "json",
        "convention": None,
        "channel": "/a",
        "name": "tick",
        "operation": None,
        "correlation": None,
        "schema": "a.tick",
    }


def test_several_application_messages_are_listed() -> None:
    shared = message()
    parts = [ChannelMessage(message=shared, format="json", channel=channel) for channel in ("/a", "/b")]
    row = message_row(parts)
    assert row["channel"] == "/a"
    assert [part["channel"] for part in row["messages"]] == ["/a", "/b"]


def test_a_connection_row_nests_what_belongs_together() -> None:
    handshake = Handshake(
        half=HALF,
        time_ns=AT,
        packet=6,
        request_time_ns=AT - 1_000,
        request_packet=4,
        method="GET",
        target="/rooms/{id}?token=***",
        path_template="/rooms/{id}",
        host="h",
        origin=None,
        user_agent="test",
        traceparent=None,
        version="13",
        status_code=101,
        extensions=(Extension("permessage-deflate", (("client_max_window_bits", "12"), ("server_no_context_takeover", None))),),
        accept_valid=True,
    )
    row = connection_row(
        ConnectionSummary(
            half=HALF,
            time_ns=AT,
            packet=9,
            started_ns=AT - 5_000,
            state="closed",
            started_mid_stream=False,
            handshake=handshake,
            client_to_server=HalfCount(frames=2, lost_bytes=5, gaps=1),
            close=Close(status_code=1000, first_sent_by="client", clean=True, tcp="fin", verdict="clean"),
            undecoded={"incomplete": 1},
        )
    )
    assert row["handshake"]["duration_ns"] == 1_000
    assert row["handshake"]["extensions"] == [
        {"name": "permessage-deflate", "parameters": {"client_max_window_bits": "12", "server_no_context_takeover": True}}
    ]
    assert (row["lost_bytes"], row["gaps"], row["undecoded"]) == (5, 1, {"incomplete": 1})
    assert row["close"]["status_code"] == 1000
    assert row["client_to_server"]["frames"] == 2
    assert row["tcp"] is None


def test_a_loss_row_says_what_is_not_known() -> None:
    row = loss_row(CaptureLoss(source="x.pcap", reason="file_cut", detail="after packet 3"))
    assert (row["packets"], row["time"], row["reason"]) == (None, None, "file_cut")


def test_a_time_that_no_calendar_has_is_unknown() -> None:
    assert time_text(10**30) is None
    assert time_text(0) == "1970-01-01T00:00:00.000000000Z"
