"""RecordingCounts: those of several workers together."""

from __future__ import annotations

import pytest

from wsobserve.export.recording.counts import RecordingCounts

pytestmark = pytest.mark.build_independent


def test_counts_add_up_and_the_last_error_stays() -> None:
    counts = RecordingCounts(packets_seen=5, packets=3, left_out={"disk": 2}, chosen={"sample": 1}, last_error="full")
    counts.merge(RecordingCounts(packets_seen=2, packets=1, left_out={"disk": 1, "memory": 4}, failures=1))
    assert counts == RecordingCounts(
        packets_seen=7, packets=4, left_out={"disk": 3, "memory": 4}, chosen={"sample": 1}, failures=1, last_error="full"
    )
    counts.merge(RecordingCounts(last_error="gone"))
    assert counts.last_error == "gone"
