"""`import wsobserve`: one call, pandas tables under the public names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import wsobserve

pytest.importorskip("pandas", reason="the extra [pandas] is not installed")

CAPTURES = Path(__file__).resolve().parents[1] / "captures"


def test_a_capture_becomes_tables() -> None:
    seen = wsobserve.analyze(CAPTURES / "demo.pcapng")
    assert len(seen.messages) == seen.accounting.messages
    assert seen.channels["messages"].sum() == seen.accounting.messages
    assert seen.volumes["messages"].sum() == seen.accounting.messages
    assert set(seen.messages["direction"]) == {"client_to_server", "server_to_client"}
    assert str(seen.messages["time"].dt.tz) == "UTC"
    assert "payload" not in seen.messages
    assert set(seen.connections["state"]) >= {"closed", "refused"}
    assert seen.losses.empty
    assert "Messages" in seen.summary()
    assert "messages" in repr(seen)


def test_schemas_come_by_channel() -> None:
    seen = wsobserve.analyze(CAPTURES / "demo.pcapng")
    assert set(seen.schemas) == {kind.channel for kind in seen.kinds}
    document = seen.schemas["/stream"]
    assert document["$schema"].endswith("2020-12/schema")
    assert document["$defs"]


def test_several_files_are_one_capture() -> None:
    files = sorted(CAPTURES.glob("rotated_*.pcap*"))
    together = wsobserve.analyze(*files).accounting
    assert together.packets_seen == sum(wsobserve.analyze(file).accounting.packets_seen for file in files)


def test_payloads_and_frames_only_when_asked_for() -> None:
    seen = wsobserve.analyze(CAPTURES / "websockets_chat.pcap", payload="text", frames=True)
    assert seen.messages["payload"].str.len().gt(0).any()
    assert len(seen.frames) == sum(seen.accounting.frames.values())
    assert wsobserve.analyze(CAPTURES / "websockets_chat.pcap").frames.empty


def test_tables_are_bounded_and_say_what_they_leave_out() -> None:
    seen = wsobserve.analyze(CAPTURES / "demo.pcapng", most_rows=10)
    assert len(seen.messages) == 10
    assert seen.left_out["message"] == seen.accounting.messages - 10
    assert seen.channels["messages"].sum() == seen.accounting.messages


def test_a_wrong_argument_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="payload"):
        wsobserve.analyze(CAPTURES / "demo.pcapng", payload="rot13")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no capture"):
        wsobserve.analyze()


def test_a_file_that_cannot_be_read_is_a_capture_error(tmp_path: Path) -> None:
    with pytest.raises(wsobserve.CaptureError, match="nowhere"):
        wsobserve.analyze(tmp_path / "nowhere.pcap")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        wsobserve.nonsense  # noqa: B018


def test_the_import_alone_brings_in_nothing_heavy() -> None:
    code = "import sys, wsobserve; print(sorted({'pandas', 'msgspec', 'click', 'sqlalchemy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
