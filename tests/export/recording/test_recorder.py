"""Recorder: what is in the files, and that analysing them says what was said while they were made."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

import wsobserve
from tests.export.recording.secret_talk import BINARY, PING, TEXT, WAYS, Talk, leaks, observed, payloads, recorded
from tests.segments import Segment, batch, cut, double, join, lose, overlap, shuffle
from wsobserve.capture.files import read_captures
from wsobserve.export.error import ExportError
from wsobserve.export.recording.counts import RecordingCounts
from wsobserve.export.recording.recorder import Recorder, check_recording
from wsobserve.export.recording.settings import Payloads, RecordingSettings
from wsobserve.records import Anomaly, ChannelMessage, ConnectionSummary, Frame, Half, Handshake, PacketBatch, Record
from wsobserve.sidecar.worker import Recording

CAPTURES = Path(__file__).resolve().parents[3] / "captures"
OPENED = ["abnormal_close.pcap", "demo.pcapng", "fragments.pcap", "ipv6.pcapng", "mqtt.pcapng", "ws_deflate.pcapng"]


def told(records: Sequence[Record], way: str) -> dict[tuple[str, str], list[tuple[object, ...]]]:
    """What of the records must be the same, by direction; contents only where the packets are whole."""
    out: dict[tuple[str, str], list[tuple[object, ...]]] = defaultdict(list)
    half: Half
    fact: tuple[object, ...]
    for record in records:
        if isinstance(record, ChannelMessage):
            message = record.message
            content: object = (message.payload, message.length, record.channel, record.name) if way == "whole" else ()
            half, fact = (
                message.half,
                (message.time_ns, message.started_ns, message.opcode, message.fragments, message.wire_length),
            )
            fact = (*fact, message.frame_bytes, message.compressed, record.route, content)
        elif isinstance(record, Frame):
            half, fact = record.half, (record.time_ns, record.started_ns, record.fin, record.rsv, record.opcode, record.masked)
            fact = (*fact, record.payload_length, record.header_length, record.half.direction)
        elif isinstance(record, Handshake):
            half = record.half
            shown = (record.target, record.host, record.origin, record.version, record.status_code, record.subprotocol)
            offered = (record.subprotocols_offered, record.extensions_offered, record.extensions, record.accept_valid)
            fact = (record.time_ns, record.request_time_ns, *shown, *offered, record.request_fields, record.credentials)
        elif isinstance(record, ConnectionSummary) and record.state == "closed":
            close = record.close
            half, fact = record.half, (record.time_ns, record.started_ns, close.status_code, close.reason_length, close.clean)
            fact = (*fact, close.first_sent_by, record.client_to_server, record.server_to_client, record.health)
            if way == "redacted":
                fact = fact[:6]  # payload bytes after inflation are others
        else:
            continue
        out[half.source, half.destination].append((type(record).__name__, *fact))
    return out


def batches_of(name: str) -> list[PacketBatch]:
    return [item for item in read_captures([str(CAPTURES / name)]) if isinstance(item, PacketBatch)]


def packed(segments: Sequence[Segment]) -> list[PacketBatch]:
    return [batch([segment.packet() for segment in segments])]


@pytest.mark.parametrize("name", [*OPENED, "midstream.pcap", "rotated_1.pcap.gz"])
def test_a_recording_of_whole_packets_says_what_was_said_when_it_was_made(tmp_path: Path, name: str) -> None:
    files, live = recorded(tmp_path, batches_of(name), sample=1.0, payloads="whole")
    assert told(observed(files), "whole") == told(live, "whole")
    (file,) = files
    again = [item for item in read_captures([str(file)]) if isinstance(item, PacketBatch)]
    assert [time_ns for each in again for time_ns in each.times_ns] == [
        time_ns for each in batches_of(name) for time_ns in each.times_ns
    ]


@pytest.mark.parametrize("name", OPENED)
def test_a_redacted_recording_has_the_same_handshakes_frames_and_messages(tmp_path: Path, name: str) -> None:
    files, live = recorded(tmp_path, batches_of(name), sample=1.0)
    assert told(observed(files), "redacted") == told(live, "redacted")


def test_the_public_door_opens_a_recording(tmp_path: Path) -> None:
    files, live = recorded(tmp_path, batches_of("demo.pcapng"), sample=1.0)
    seen = wsobserve.analyze(*files)
    messages = [record for record in live if isinstance(record, ChannelMessage)]
    assert seen.accounting.messages == len({id(record.message) for record in messages})
    assert seen.accounting.anomalies == {}


def test_headers_alone_have_every_packet_and_no_payload(tmp_path: Path) -> None:
    talk = Talk().open().chat().close()
    counts = RecordingCounts()
    files, _ = recorded(tmp_path, packed(talk.segments), counts, sample=1.0, payloads="headers")
    assert payloads(files) == [b""] * len(talk.segments)
    again = [item for item in read_captures([str(files[0])]) if isinstance(item, PacketBatch)]
    assert [length for each in again for length in each.original_lengths] == [
        len(segment.packet()) for segment in talk.segments
    ]
    assert counts.packets == len(talk.segments)
    accounting = wsobserve.analyze(*files).accounting
    assert accounting.packets_cut == sum(bool(segment.payload) for segment in talk.segments)


@pytest.mark.parametrize(
    ("frames", "kind"),
    [
        ([(True, b"\x81\x05hello")], "frame_not_masked"),
        ([(False, b"\x81\x85abcdhello")], "frame_masked"),
        ([(False, b"\x81\x7e\x00\x05hello")], "frame_length_not_minimal"),
        ([(False, b"\x09\x02hi\x80\x00")], "control_frame_fragmented"),
        ([(False, b"\x89\x7e\x00\x80" + b"s" * 128)], "control_frame_too_long"),
        ([(False, b"\x80\x05hello")], "continuation_unexpected"),
        ([(False, b"\x01\x05hello\x81\x05hello")], "continuation_expected"),
        ([(False, b"\x88\x04\x00\x01hi")], "close_code_invalid"),
        ([(False, b"\x88\x01s")], "close_payload_invalid"),
        ([(False, b"\x88\x02\x03\xe8\x81\x05hello")], "frame_after_close"),
    ],
)
def test_what_is_wrong_with_the_frames_is_in_a_redacted_recording_too(
    tmp_path: Path, frames: list[tuple[bool, bytes]], kind: str
) -> None:
    talk = Talk().open().say(True, TEXT, b"before").say(False, TEXT, b"before")
    for from_client, data in frames:
        talk.send(from_client, data)
    files, live = recorded(tmp_path, packed(talk.segments), anomalies=(kind,))
    (expected,) = (each for each in live if isinstance(each, Anomaly) and each.anomaly == kind)
    found = [each for each in observed(files) if isinstance(each, Anomaly)]
    assert [(each.anomaly, each.time_ns, each.half.source) for each in found if each.anomaly == kind] == [
        (expected.anomaly, expected.time_ns, expected.half.source)
    ]
    assert not any(b"hello" in payload for payload in payloads(files))


@pytest.mark.parametrize("command", ["messages", "frames"])
def test_the_command_line_says_the_same_of_a_capture_and_of_its_recording(
    tmp_path: Path, wsobserve_command: list[str], command: str
) -> None:
    files, _ = recorded(tmp_path, batches_of("demo.pcapng"), sample=1.0, payloads="whole")
    said = []
    for path in (CAPTURES / "demo.pcapng", files[0]):
        run = subprocess.run(
            [*wsobserve_command, command, str(path), "--format", "ndjson"],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )
        said.append([json.loads(line) for line in run.stdout.splitlines()])
    assert len(said[0]) > 1_000
    assert said[0] == said[1]


# --- which connections


def three_talks() -> tuple[list[Talk], list[PacketBatch]]:
    """Three connections, side by side; the second one sends an unmasked frame, the third one has another path."""
    talks = [Talk(chance=Random(port), port=port).open() for port in (40_001, 40_002, 40_003)]
    for number, talk in enumerate(talks):
        for _ in range(30):
            talk.say(True, TEXT, talk.secret(40)).say(False, TEXT, talk.secret(40))
        if number == 1:
            talk.send(True, b"\x81\x05hello")
        talk.say(False, TEXT, talk.secret(40)).close()
    turns = [segment for turn in zip(*(talk.segments for talk in talks), strict=False) for segment in turn]
    rest = [segment for talk in talks for segment in talk.segments[min(len(talk.segments) for talk in talks) :]]
    packets = [segment.packet() for segment in [*turns, *rest]]
    whole = batch(packets)
    return talks, [whole.part(start, min(start + 10, len(whole))) for start in range(0, len(whole), 10)]


@pytest.mark.parametrize("anomalies", [("any",), ("frame_not_masked", "frame_masked")])
def test_an_anomaly_brings_the_whole_connection_with_what_led_to_it(tmp_path: Path, anomalies: tuple[str, ...]) -> None:
    talks, batches = three_talks()
    counts = RecordingCounts()
    files, live = recorded(tmp_path, batches, counts, anomalies=anomalies, payloads="whole")
    assert counts.packets == len(talks[1].segments)
    assert counts.chosen == {"anomaly": 1}
    assert counts.left_out == {"not_chosen": len(talks[0].segments) + len(talks[2].segments)}
    chosen = {half: facts for half, facts in told(live, "whole").items() if any(end.endswith(":40002") for end in half)}
    assert told(observed(files), "whole") == chosen
    (anomaly,) = (record for record in live if isinstance(record, Anomaly))
    text = files[0].read_bytes()
    assert f"connection {anomaly.half.connection}, recorded for: anomaly frame_not_masked".encode() in text


def test_another_anomaly_brings_nothing(tmp_path: Path) -> None:
    _, batches = three_talks()
    counts = RecordingCounts()
    files, _ = recorded(tmp_path, batches, counts, anomalies=("frame_masked",))
    assert files == []
    assert counts.left_out == {"not_chosen": counts.packets_seen}


@pytest.mark.parametrize("way", WAYS)
def test_a_channel_brings_its_connections_from_their_first_packet(tmp_path: Path, way: Payloads) -> None:
    talks, batches = three_talks()
    counts = RecordingCounts()
    recorded(tmp_path, batches, counts, channels=("/rooms/*/feed",), payloads=way)
    assert counts.packets == sum(len(talk.segments) for talk in talks)
    assert counts.chosen == {"channel": 3}
    (tmp_path / "other").mkdir()
    counts = RecordingCounts()
    recorded(tmp_path / "other", batches, counts, channels=("/other",), payloads=way)
    assert counts.packets == 0


def test_a_sample_is_the_same_in_every_run_and_of_about_the_size_that_was_asked_for(tmp_path: Path) -> None:
    talks = [Talk(chance=Random(port), port=port).open().say(True, TEXT, b"hello") for port in range(20_000, 20_400)]
    packets = batch([segment.packet() for talk in talks for segment in talk.segments])
    ports = []
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        files, _ = recorded(tmp_path / run, [packets], sample=0.25)
        ports.append({record.half.source for record in observed(files) if isinstance(record, Handshake)})
    assert ports[0] == ports[1]
    assert 60 < len(ports[0]) < 140  # of 400: 100, give or take 4.6 standard deviations


def test_what_was_held_no_more_is_told_in_the_file_and_counted(tmp_path: Path) -> None:
    talk = Talk(chance=Random(3)).open()
    for _ in range(500):
        talk.say(False, BINARY, talk.secret(1_000))
    talk.send(True, b"\x81\x05hello").close()
    counts = RecordingCounts()
    files, _ = recorded(tmp_path, packed(talk.segments), counts, anomalies=("any",), payloads="whole")
    assert counts.packets + counts.left_out["memory"] == len(talk.segments)
    assert counts.left_out.keys() == {"memory"}
    told = f"{counts.left_out['memory']} packets of this connection between those before and this one were not kept"
    assert files[0].read_bytes().count(told.encode()) == 1
    assert any(isinstance(record, Handshake) for record in observed(files))


def test_of_ports_that_are_used_again_at_once_the_right_connection_is_recorded(tmp_path: Path) -> None:
    first = Talk(chance=Random(1)).open().say(True, TEXT, b"first").send(True, b"\x81\x05hello").close()
    second = Talk(chance=Random(2), sequence_numbers=(900_000, 800_000)).open().say(True, TEXT, b"second").close()
    counts = RecordingCounts()
    files, _ = recorded(tmp_path, packed([*first.segments, *second.segments]), counts, anomalies=("any",), payloads="whole")
    assert counts.packets == len(first.segments)
    assert [record.message.payload for record in observed(files) if isinstance(record, ChannelMessage)] == [b"first", b"hello"]


# --- nothing of what was said


def mangled(segments: list[Segment], way: str, chance: Random) -> list[Segment]:
    """What may happen to segments before they are captured."""
    if way == "bytes":
        return [segment.part(at, at + 1) for segment in segments for at in range(len(segment.payload))] or segments
    if way == "shuffled":
        return shuffle(cut(segments, chance), chance)
    if way == "doubled":
        return double(overlap(segments, chance), chance)
    if way == "lost":
        return lose(shuffle(segments, chance), chance, 0.05)
    if way == "joined":
        return join(segments, chance)
    if way == "later":
        return segments[chance.randrange(1, len(segments) // 2) :]
    if way == "all":
        return lose(double(overlap(shuffle(cut(join(segments, chance), chance), chance), chance), chance), chance, 0.02)
    return segments


@pytest.mark.parametrize("deflate", [False, True], ids=["plain", "deflate"])
@pytest.mark.parametrize("way", ["as sent", "bytes", "shuffled", "doubled", "lost", "joined", "later", "all"])
def test_no_secret_is_in_a_redacted_recording(tmp_path: Path, way: str, deflate: bool) -> None:
    for seed in range(1 if way in ("as sent", "bytes") else 4):
        chance = Random(seed)
        talk = Talk(deflate=deflate, chance=chance, sequence_numbers=(2**32 - 600, 2**32 - 90_000)).open().chat()
        segments = talk.close().segments
        if way == "bytes":  # the large messages would be too many packets
            segments = segments[:40]
        directory = tmp_path / str(seed)
        directory.mkdir()
        counts = RecordingCounts()
        files, live = recorded(directory, packed(mangled(segments, way, chance)), counts, sample=1.0)
        assert leaks(files, talk) == set()
        assert counts.packets == counts.packets_seen
        if way in ("as sent", "joined", "shuffled"):
            assert counts.packets_cut == 0
            assert told(observed(files), "redacted") == told(live, "redacted")


def test_the_look_for_secrets_finds_them_in_a_recording_that_has_them(tmp_path: Path) -> None:
    talk = Talk().open().chat().close()
    files, _ = recorded(tmp_path, packed(talk.segments), sample=1.0, payloads="whole")
    assert len(leaks(files, talk)) > 10_000


@pytest.mark.parametrize(
    ("first", "rest"),
    [(0x83, b""), (0xB1, b""), (0xC1, b""), (0x81, b"\x7f\xff"), (0x41, b""), (0x16, b"\x03\x03")],
    ids=["opcode", "RSV2", "RSV1", "length", "letters", "TLS"],
)
def test_behind_what_is_no_frame_nothing_is_shown(tmp_path: Path, first: int, rest: bytes) -> None:
    talk = Talk().open().say(False, TEXT, b"a").say(False, TEXT, b"b")
    for _ in range(40):
        talk.send(False, bytes([first]) + rest + talk.secret(300))
    files, _ = recorded(tmp_path, packed(talk.segments), sample=1.0)
    assert leaks(files, talk) == set()
    assert set(payloads(files)[-40:]) == {b""}


@pytest.mark.parametrize("status", [b"200 OK", b"403 Forbidden", b"503 Service Unavailable"])
def test_of_an_answer_that_refuses_the_body_is_not_shown(tmp_path: Path, status: bytes) -> None:
    talk = Talk()
    talk.open(status, body=talk.secret(500)).send(False, talk.secret(100))
    files, live = recorded(tmp_path, packed(talk.segments), sample=1.0)
    assert leaks(files, talk) == set()
    assert told(observed(files), "redacted") == told(live, "redacted")


def test_other_protocols_are_shown_without_payload(tmp_path: Path) -> None:
    talk = Talk().send(True, b"", 2).send(False, b"", 18)
    for number in range(30):
        talk.send(bool(number % 2), talk.secret(700))
    files, _ = recorded(tmp_path, packed(talk.segments), sample=1.0)
    assert leaks(files, talk) == set()
    assert set(payloads(files)) == {b""}


def test_padding_behind_the_packet_is_not_shown(tmp_path: Path) -> None:
    talk = Talk().open().say(False, TEXT, b"hello")
    packets = [segment.packet() + talk.secret(12) for segment in talk.segments]
    files, _ = recorded(tmp_path, [batch(packets)], sample=1.0)
    assert leaks(files, talk) == set()


def test_a_connection_that_is_joined_later_shows_its_frames_after_a_while(tmp_path: Path) -> None:
    talk = Talk().open()
    for _ in range(60):
        talk.say(False, TEXT, talk.secret(50)).say(True, TEXT, talk.secret(50)).frame(False, 0x80 | PING, talk.secret(8))
    files, _ = recorded(tmp_path, packed(talk.segments[5:]), sample=1.0)
    assert leaks(files, talk) == set()
    assert sum(bool(payload) for payload in payloads(files)) > 160  # of 180
    assert b"its beginning was not seen" in files[0].read_bytes()
    messages = [record for record in observed(files) if isinstance(record, ChannelMessage)]
    assert len(messages) > 80
    assert {bytes(message.message.payload) for message in messages} == {b"x" * 50}


# --- what may go wrong


def test_a_directory_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no directory to record into") as error:
        Recorder(RecordingSettings(directory=str(tmp_path / "none"), sample=1.0))
    assert "\n" not in str(error.value)
    with pytest.raises(ExportError):
        check_recording(RecordingSettings(directory=str(tmp_path / "none")))
    check_recording(RecordingSettings())
    Recorder(RecordingSettings(directory=str(tmp_path / "none"), sample=1.0), survive=True).close()


def test_a_directory_that_goes_away_costs_packets_and_raises_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "recording"
    directory.mkdir()
    now = [1_000_000_000_000_000_000]
    recorder = Recorder(RecordingSettings(directory=str(directory), sample=1.0), clock=lambda: now[0])
    (packets,) = packed(Talk().open().chat().close().segments)
    directory.rmdir()
    recorder.batch(packets)
    recorder.tick(0)
    counts = recorder.counts()
    assert (counts.packets, counts.left_out) == (0, {"disk": len(packets)})
    assert counts.failures == 1  # the second try comes later
    assert counts.last_error is not None
    directory.mkdir()
    now[0] += 5_000_000_000
    recorder.batch(packets)
    recorder.close()
    counts = recorder.counts()
    assert counts.packets == len(packets)
    assert counts.packets_seen == 2 * len(packets)


def test_what_is_held_can_be_less(tmp_path: Path) -> None:
    recorder = Recorder(RecordingSettings(directory=str(tmp_path), anomalies=("any",)), look_back=1 << 20)
    _, batches = three_talks()
    for each in batches:
        recorder.batch(each)
    held = recorder.counts()
    assert held.packets_held == held.packets_seen
    recorder.shed(3)  # a quarter, three times
    counts = recorder.counts()
    assert counts.bytes_held <= (1 << 20) / 64
    assert counts.packets_held + counts.left_out["not_chosen"] == counts.packets_seen
    recorder.close()
    assert recorder.counts().left_out == {"not_chosen": held.packets_seen}


def test_an_anomaly_that_there_is_not_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such anomaly: frame_lost"):
        Recorder(RecordingSettings(directory=str(tmp_path), anomalies=("frame_lost",)))


def test_a_bug_of_ours_ends_the_recording_and_nothing_else(tmp_path: Path) -> None:
    (packets,) = packed(Talk().open().chat().close().segments)
    broken = batch([segment.packet() for segment in Talk(port=41_000).open().segments])
    broken.captured_lengths[2] = 1 << 40  # no source makes such a batch
    recorder = Recorder(RecordingSettings(directory=str(tmp_path), sample=1.0, payloads="whole"), survive=True)
    for each in (packets, broken, packets):
        recorder.batch(each)
        recorder.records([])
        recorder.tick(0)
    recorder.close()
    counts = recorder.counts()
    assert counts.packets == len(packets) + 2
    assert counts.left_out == {"internal": len(packets) + len(broken) - 2}
    assert str(counts.last_error).startswith("a bug, IndexError")
    assert len(payloads(sorted(tmp_path.iterdir()))) == counts.packets
    with pytest.raises(IndexError):
        Recorder(RecordingSettings(directory=str(tmp_path), sample=1.0, payloads="whole")).batch(broken)


def test_a_recorder_is_what_a_worker_needs(tmp_path: Path) -> None:
    needed: Recording = Recorder(RecordingSettings(directory=str(tmp_path), sample=1.0))
    needed.close()
