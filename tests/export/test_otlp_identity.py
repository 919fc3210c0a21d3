"""Trace and span identifiers: the same for the same capture, in the client's trace where it has one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed: pip install 'wsobserve[otlp]'")

from wsobserve.export.otlp.identity import handshake_identity, segment_identity
from wsobserve.records import Half, Handshake

HALF = Half(connection="c7", source="10.0.0.1:50000", destination="10.0.0.2:8080")
OTHER_HALF = Half(connection="c7", source="10.0.0.2:8080", destination="10.0.0.1:50000")


def handshake(**changed: Any) -> Handshake:
    names = ("method", "target", "path_template", "host", "origin", "user_agent", "traceparent", "version")
    fields: dict[str, Any] = dict.fromkeys(names) | {
        "half": HALF, "time_ns": 9, "packet": 2, "request_time_ns": 7, "request_packet": 1, "status_code": 101,
    }  # fmt: skip
    return Handshake(**(fields | changed))


def test_identifiers_are_the_same_on_every_machine_and_day() -> None:
    own, parent = handshake_identity(handshake())
    assert parent is None
    assert (own.trace_id, own.span_id) == (0x2C393AFE61F8AB93FC5EFB07A47756EA, 0xF6A8015F6B3C1F7D)


def test_connections_times_and_segments_have_identifiers_of_their_own() -> None:
    contexts = [
        handshake_identity(handshake())[0],
        handshake_identity(handshake(request_time_ns=8))[0],
        handshake_identity(handshake(half=msgspec.structs.replace(HALF, connection="c8")))[0],
        handshake_identity(handshake(half=msgspec.structs.replace(HALF, stream=1)))[0],
        segment_identity(HALF, 7, 0),
        segment_identity(HALF, 7, 1),
        segment_identity(HALF, 8, 0),
    ]
    assert len({context.trace_id for context in contexts}) == len({context.span_id for context in contexts}) == 7
    assert all(context.is_valid and context.trace_flags.sampled and not context.is_remote for context in contexts)


def test_it_does_not_matter_who_turns_out_to_be_the_client() -> None:
    assert segment_identity(HALF, 7, 0) == segment_identity(OTHER_HALF, 7, 0)


def test_a_traceparent_gives_the_trace_and_the_parent_but_not_the_span() -> None:
    traced = handshake(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
    own, parent = handshake_identity(traced)
    assert parent is not None
    assert (parent.span_id, parent.is_remote) == (0xB7AD6B7169203331, True)
    assert own.trace_id == parent.trace_id == 0x0AF7651916CD43DD8448EB211C80319C
    assert own.span_id == handshake_identity(handshake())[0].span_id
