"""A source through a pipeline into exporters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from wsobserve.capture.error import CaptureError
from wsobserve.config import MIB
from wsobserve.export.error import ExportError
from wsobserve.observing import EXPORT_BATCH, Exports, observe_files
from wsobserve.pipeline import Pipeline
from wsobserve.records import CaptureLoss, ChannelMessage, Frame, Half, Message, Record

CHAT = str(Path(__file__).resolve().parents[1] / "captures" / "websockets_chat.pcap")
HALF = Half(connection="a", source="1.2.3.4:5", destination="1.2.3.4:6")
FRAME = Frame(HALF, 1, 1, 1, True, 0, 1, True, 0, 6, b"")
LOSS = CaptureLoss(source="x", reason="kernel_dropped", packets=1)


class Collected:
    """Keeps the batches that it is given; `left` is what `flush` answers."""

    def __init__(self, left: bool = True) -> None:
        self.batches: list[list[Record]] = []
        self.left = left
        self.closed = False

    def export(self, records: Sequence[Record]) -> None:
        self.batches.append(list(records))

    def flush(self, timeout_s: float) -> bool:
        return self.left

    def close(self) -> None:
        self.closed = True


def test_what_was_read_is_given_out_before_the_failure_is_told() -> None:
    seen: list[Record] = []
    observed = map(seen.extend, observe_files([CHAT, "/nowhere.pcap"], Pipeline()))
    with pytest.raises(CaptureError, match="nowhere"):
        list(observed)
    assert any(isinstance(record, ChannelMessage) for record in seen)


def test_exporters_get_batches_without_frames() -> None:
    exporter = Collected()
    exports = Exports([exporter])
    exports.add([FRAME, LOSS])
    assert exporter.batches == []
    exports.add([LOSS] * EXPORT_BATCH)
    assert [len(batch) for batch in exporter.batches] == [EXPORT_BATCH]
    exports.add([LOSS] * (EXPORT_BATCH - 1))
    assert [len(batch) for batch in exporter.batches] == [EXPORT_BATCH] * 2
    exports.add([FRAME])
    exports.close(1)
    assert len(exporter.batches) == 2, "nothing waits, nothing is sent"
    assert exporter.closed


def test_large_payloads_do_not_gather() -> None:
    message = Message(HALF, 1, 1, 1, 2, 1, False, MIB, MIB, True, None, bytes(MIB))
    record = ChannelMessage(message=message, format="binary", channel="/")
    exporter = Collected()
    Exports([exporter]).add([record] * 10)
    assert [len(batch) for batch in exporter.batches] == [4, 4]


def test_what_did_not_leave_in_time_is_a_failure() -> None:
    exports = Exports([Collected(left=False)])
    exports.add([LOSS])
    exports.close(0)
    assert exports.failures == {"not everything was exported in time": 1}


def test_the_same_failure_is_counted_once_and_not_listed_again() -> None:
    class Refusing(Collected):
        def export(self, records: Sequence[Record]) -> None:
            raise ExportError("full")

    exports = Exports([Refusing()])
    exports.add([LOSS])
    exports.send()
    exports.add([LOSS])
    exports.close(1)
    assert exports.failures == {"full": 2}
