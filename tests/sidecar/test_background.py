"""Kinds that are worked out beside the capture are the same as those that are worked out in it."""

from __future__ import annotations

import time
from pathlib import Path

from wsobserve.capture.files import read_captures
from wsobserve.pipeline import Pipeline
from wsobserve.records import CaptureLoss, SchemaDrift
from wsobserve.schema.kinds import ChannelSchema, channel_schema
from wsobserve.schema.sample import MessageSample
from wsobserve.sidecar.background import BackgroundInference

DEMO = str(Path(__file__).resolve().parents[2] / "captures" / "demo.pcapng")


def sample() -> MessageSample:
    pipeline = Pipeline(frames=False, messages=0)
    for item in read_captures([DEMO]):
        pipeline.receive(item)
    found = pipeline.findings().schemas.sample_of("/stream")
    assert found is not None
    return found


def test_they_are_there_when_asked_again_and_then_anew() -> None:
    infer = BackgroundInference()
    of_demo = sample()
    for _ in range(2):
        assert infer("/stream", of_demo) is None
        until = time.monotonic() + 30
        known: ChannelSchema | None = None
        while known is None:
            assert time.monotonic() < until
            time.sleep(0.01)
            known = infer("/stream", of_demo)
        assert known.kinds == channel_schema("/stream", of_demo).kinds


def test_a_pipeline_that_is_answered_late_learns_and_goes_on() -> None:
    asked: list[str] = []

    def late(channel: str, sample: MessageSample) -> ChannelSchema | None:
        asked.append(channel)
        return channel_schema(channel, sample) if asked.count(channel) % 2 == 0 else None

    at_once = Pipeline(frames=False, messages=0, drift=True)
    later = Pipeline(frames=False, messages=0, drift=late)
    for item in read_captures([DEMO]):
        assert not isinstance(item, CaptureLoss)
        at_once.receive(item)
        later.receive(item)
    assert asked.count("/stream") >= 2
    assert later.snapshot().kinds == at_once.snapshot().kinds
    assert not [record for record in later.take_drift() if not isinstance(record, SchemaDrift)]
