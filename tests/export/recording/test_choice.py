"""Choice: which connections the settings mean."""

from __future__ import annotations

import pytest

from wsobserve.export.recording.choice import Choice
from wsobserve.export.recording.settings import RecordingSettings
from wsobserve.records import Anomaly, AnomalyKind, ChannelMessage, ConnectionSummary, Half, Handshake, Message
from wsobserve.transport.endpoints import opposite

pytestmark = pytest.mark.build_independent

HALF = Half(connection="c1", source="10.0.0.1:5000", destination="10.0.0.2:80")
ANOMALY = Anomaly(half=HALF, time_ns=1, packet=1, anomaly=AnomalyKind.FRAME_NOT_MASKED)
HANDSHAKE = Handshake(
    half=HALF,
    time_ns=1,
    packet=1,
    request_time_ns=None,
    request_packet=None,
    method="GET",
    target="/rooms/{id}?a=***",
    path_template="/rooms/{id}",
    host=None,
    origin=None,
    user_agent=None,
    traceparent=None,
    version=None,
    status_code=101,
)
MESSAGE = ChannelMessage(
    message=Message(HALF, 1, 1, 1, 1, 1, False, 0, 0, True, True, b""),
    format="text",
    channel="/rooms/{id} news",
    route="/rooms/{id}",
)


def choice(anomalies: tuple[str, ...] = (), channels: tuple[str, ...] = (), sample: float = 0.0) -> Choice:
    return Choice(RecordingSettings(directory="d", anomalies=anomalies, channels=channels, sample=sample))


def test_any_anomaly_or_those_that_are_named() -> None:
    assert choice(("any",)).reason(ANOMALY) == (HALF, "anomaly", "frame_not_masked")
    assert choice(("frame_not_masked",)).reason(ANOMALY) == (HALF, "anomaly", "frame_not_masked")
    assert choice(("frame_masked",)).reason(ANOMALY) is None
    assert choice(channels=("/rooms/{id}",)).reason(ANOMALY) is None


def test_a_summary_tells_of_anomalies_too() -> None:
    summary = ConnectionSummary(
        half=HALF,
        time_ns=1,
        packet=1,
        started_ns=1,
        state="closed",
        started_mid_stream=False,
        handshake=None,
        anomalies={"invalid_utf8": 3},
    )
    assert choice(("invalid_utf8",)).reason(summary) == (HALF, "anomaly", "invalid_utf8")
    assert choice(("frame_masked",)).reason(summary) is None


def test_a_channel_is_that_of_the_handshake_or_of_a_message_and_a_star_stands_for_anything() -> None:
    assert choice(channels=("/rooms/{id}",)).reason(HANDSHAKE) == (HALF, "channel", "/rooms/{id}")
    assert choice(channels=("/room*",)).reason(HANDSHAKE) == (HALF, "channel", "/rooms/{id}")
    assert choice(channels=("/rooms",)).reason(HANDSHAKE) is None
    assert choice(channels=("/rooms/{id} news",)).reason(MESSAGE) == (HALF, "channel", "/rooms/{id} news")
    assert choice(channels=("/rooms/{id}",)).reason(MESSAGE) == (HALF, "channel", "/rooms/{id}")
    assert choice(("any",)).reason(MESSAGE) is None


def test_the_sample_is_by_endpoints_in_either_order() -> None:
    half = choice(sample=0.5)
    keys = [(key, opposite(key)) for key in (b"clieserv" + number.to_bytes(2, "big") + b"\x1f\x90" for number in range(2_000))]
    chosen = [half.sampled(*key) for key in keys]
    assert chosen == [half.sampled(reverse, key) for key, reverse in keys]
    assert 900 < sum(chosen) < 1_100
    assert all(choice(sample=1.0).sampled(*key) for key in keys)
    assert not any(choice().sampled(*key) for key in keys)
    tenth = choice(sample=0.1)
    assert all(
        in_half for key, in_half in zip(keys, chosen, strict=True) if tenth.sampled(*key)
    )  # a smaller share is part of it


def test_only_what_is_decided_later_needs_to_look_back() -> None:
    assert not choice(sample=0.5).looks_back
    assert choice(("any",)).looks_back
    assert choice(channels=("/",)).looks_back


@pytest.mark.parametrize("sample", [-0.1, 1.1, float("nan")])
def test_a_share_beyond_all_is_a_mistake(sample: float) -> None:
    with pytest.raises(ValueError, match="a share lies between 0 and 1"):
        choice(sample=sample)
