"""The rooms joined: the same packets give the same records, and every quantity adds up on every capture."""

from __future__ import annotations

from pathlib import Path

import pytest

from wsobserve.capture.files import read_captures
from wsobserve.payload.route_rules import RouteRule, RouteRules
from wsobserve.payload.stage import Payload
from wsobserve.pipeline import Pipeline
from wsobserve.records import (
    Accounting,
    Anomaly,
    AnomalyKind,
    CaptureLoss,
    ChannelMessage,
    ConnectionSummary,
    Frame,
    Handshake,
    Message,
    PacketBatch,
    Record,
    Snapshot,
)

CAPTURES = Path(__file__).resolve().parents[1] / "captures"
CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"

OURS = sorted(path.name for path in CAPTURES.glob("*.pcap*"))
THEIRS = sorted(path.name for path in (CORPUS / "captures").glob("*")) + sorted(
    f"../real/{path.name}" for path in (CORPUS / "real").glob("*.pcap*")
)


def observed(path: Path, step: int = 0) -> tuple[list[Record], Snapshot]:
    """All records of a capture; `step`: packets given to the pipeline at a time (0: as the file gives them)."""
    pipeline = Pipeline()
    records: list[Record] = []
    try:
        for item in read_captures([str(path)]):
            if isinstance(item, CaptureLoss) or not step:
                records += pipeline.receive(item)
                continue
            for start in range(0, len(item), step):
                records += pipeline.receive(item.part(start, start + step))
    except Exception as error:
        if type(error).__name__ != "CaptureError":
            raise
    records += pipeline.finish()
    return records, pipeline.snapshot(final=True)


def check_equations(accounting: Accounting) -> None:
    """The equations that records.Accounting promises."""
    decided = accounting.packets_decoded + sum(accounting.packets_skipped.values()) + sum(accounting.packets_dropped.values())
    assert accounting.packets_seen == decided
    placed = accounting.bytes_delivered + accounting.bytes_duplicate + sum(accounting.bytes_discarded.values())
    assert accounting.payload_bytes == placed + accounting.bytes_buffered
    assert accounting.messages == accounting.messages_decoded + sum(accounting.messages_undecoded.values())


def check(records: list[Record], snapshot: Snapshot) -> None:
    """What must hold of any capture."""
    accounting = snapshot.accounting
    check_equations(accounting)
    assert accounting.bytes_buffered == 0, "nothing may be held at the end"
    assert sum(accounting.frames.values()) == sum(isinstance(record, Frame) for record in records)
    messages = [record for record in records if isinstance(record, ChannelMessage)]
    assert accounting.messages == len({id(record.message) for record in messages})
    assert sum(series.messages for series in snapshot.series) == len(messages)
    assert sum(volume.messages for volume in snapshot.volumes) == len(messages)
    assert sum(total.frame_bytes for total in snapshot.channels) == sum(record.frame_bytes for record in messages)
    assert sum(kind.messages for kind in snapshot.kinds) + snapshot.messages_without_kind == len(messages)
    connections = [record for record in records if isinstance(record, ConnectionSummary)]
    assert sum(each.client_to_server.messages + each.server_to_client.messages for each in connections) == accounting.messages
    for message in messages:
        assert message.message.complete == (message.message.undecoded is None)
        assert message.message.started_ns <= message.message.time_ns


@pytest.mark.parametrize("name", OURS)
def test_every_quantity_of_our_own_captures_adds_up(name: str) -> None:
    check(*observed(CAPTURES / name))


@pytest.mark.parametrize("name", THEIRS or [pytest.param("", marks=pytest.mark.skip("the corpus is not beside the checkout"))])
def test_every_quantity_of_the_corpus_adds_up(name: str) -> None:
    check(*observed(CORPUS / "captures" / name))


@pytest.mark.parametrize("name", ["demo.pcapng", "fragments.pcap", "ws_deflate.pcapng"])
def test_results_do_not_depend_on_how_packets_are_batched(name: str) -> None:
    whole, whole_snapshot = observed(CAPTURES / name)
    for step in (1, 7):
        records, snapshot = observed(CAPTURES / name, step)
        assert records == whole
        assert snapshot == whole_snapshot


def test_a_loss_of_known_and_of_unknown_size_is_counted_and_passed_on() -> None:
    pipeline = Pipeline()
    known = CaptureLoss(source="lo", reason="kernel_dropped", packets=12)
    unknown = CaptureLoss(source="x.pcap", reason="file_cut")
    assert pipeline.receive(known) == [known]
    assert pipeline.receive(unknown) == [unknown]
    accounting = pipeline.accounting()
    assert accounting.capture_loss == {"kernel_dropped": 12}
    assert accounting.capture_loss_unknown == {"file_cut": 1}


def test_without_folds_the_records_are_the_same() -> None:
    with_folds, _ = observed(CAPTURES / "websockets_chat.pcap")
    pipeline = Pipeline(folds=False)
    records: list[Record] = []
    for item in read_captures([str(CAPTURES / "websockets_chat.pcap")]):
        records += pipeline.receive(item)
    records += pipeline.finish()
    assert records == with_folds
    assert pipeline.snapshot(final=True).kinds == ()


def test_an_empty_batch_is_nothing() -> None:
    batches = [item for item in read_captures([str(CAPTURES / "demo.pcapng")]) if isinstance(item, PacketBatch)]
    assert Pipeline().receive(batches[0].part(0, 0)) == []


def test_a_bug_of_ours_ends_its_connection_and_nothing_else() -> None:
    whole = [record for record in observed(CAPTURES / "websockets_chat.pcap")[0] if isinstance(record, ChannelMessage)]
    unlucky = whole[0].message.half.connection

    class Faulty(Payload):
        def receive(self, record: Handshake | Message) -> list[ChannelMessage]:
            if isinstance(record, Message) and record.half.connection == unlucky:
                raise KeyError("a bug")
            return super().receive(record)

    frail = Pipeline()
    frail._payload = Faulty()
    batches = list(read_captures([str(CAPTURES / "websockets_chat.pcap")]))
    with pytest.raises(KeyError):
        list(map(frail.receive, batches))
    pipeline = Pipeline(survive=True)
    pipeline._payload = Faulty()
    records: list[Record] = []
    for item in read_captures([str(CAPTURES / "websockets_chat.pcap")]):
        records += pipeline.receive(item)
    records += pipeline.finish()
    messages = [record for record in records if isinstance(record, ChannelMessage)]
    assert messages == [record for record in whole if record.message.half.connection != unlucky]
    assert [record.anomaly for record in records if isinstance(record, Anomaly)] == [AnomalyKind.INTERNAL]
    assert pipeline.accounting().anomalies == {"internal": 1}
    summaries = {record.half.connection: record for record in records if isinstance(record, ConnectionSummary)}
    assert summaries[unlucky].anomalies == {"internal": 1}


def test_a_snapshot_of_changes_holds_the_volumes_since_the_one_before() -> None:
    pipeline = Pipeline()
    total = 0
    for item in read_captures([str(CAPTURES / "demo.pcapng")]):
        assert isinstance(item, PacketBatch)
        for start in range(0, len(item), 500):
            pipeline.receive(item.part(start, start + 500))
            latest = {
                (volume.channel, volume.direction, volume.time_ns): volume
                for volume in pipeline.snapshot(only_changed=True).volumes
            }
            total += len(latest)
    pipeline.finish()
    assert total > 0
    pipeline.snapshot(only_changed=True)
    assert pipeline.snapshot(only_changed=True).volumes == ()


def test_rules_give_routes_to_connections_joined_in_the_middle_in_every_count() -> None:
    pipeline = Pipeline(routes=RouteRules([RouteRule(address="0.0.0.0/0", route="/feed")]))
    records: list[Record] = []
    for item in read_captures([str(CAPTURES / "midstream.pcap")]):
        records += pipeline.receive(item)
    open_routes = {summary.route for summary in pipeline.snapshot().open_connections if summary.joined == "frames"}
    records += pipeline.finish()
    summaries = [record for record in records if isinstance(record, ConnectionSummary) and record.joined == "frames"]
    late = {summary.half.connection for summary in summaries}
    assert late
    assert {(summary.route, summary.route_source) for summary in summaries} == {("/feed", "rule")}
    assert open_routes <= {"/feed", None}
    channels = {r.channel for r in records if isinstance(r, ChannelMessage) and r.message.half.connection in late}
    assert channels == {"/feed"}
    snapshot = pipeline.snapshot(final=True)
    assert "unknown route" not in {total.channel for total in snapshot.channels}
    assert sum(total.mid_stream for total in snapshot.connection_totals if total.route == "/feed") == len(late)
