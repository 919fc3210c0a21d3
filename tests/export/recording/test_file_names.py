"""The files of a recording: which are ours, which go first, and what becomes of those that a dead process left."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from wsobserve.export.recording import pcapng_writer
from wsobserve.export.recording.file_names import file_name, finish_left_over, recording_files, remove_oldest

pytestmark = pytest.mark.build_independent

BLOCKS = pcapng_writer.section("", "", "wsobserve") + pcapng_writer.interface(1, "lo")
PACKET = pcapng_writer.packet(0, 1, bytes(50), 50)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_name_says_which_worker_began_it_and_when() -> None:
    assert file_name(3, 1_700_000_000_999_999_999, 12) == "wsobserve-3-20231114T221320Z-12.pcapng"


def test_the_oldest_come_first_whichever_worker_they_are_of_and_others_are_not_looked_at(tmp_path: Path) -> None:
    ours = [
        "wsobserve-1-20231114T221320Z-2.pcapng",
        "wsobserve-0-20231114T221320Z-10.pcapng",
        "wsobserve-0-20231114T221321Z-1.pcapng.part",
    ]
    for name in [*ours, "wsobserve-0-20231114T221320Z-1.pcap", "wsobserve.pcapng", "xwsobserve-0-20231114T221320Z-1.pcapng"]:
        (tmp_path / name).touch()
    assert [file.name for file in recording_files(str(tmp_path))] == ours


def test_the_oldest_finished_ones_go_and_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "wsobserve-0-20231114T221319Z-1.pcapng.part").touch()
    (tmp_path / "notes.pcapng").touch()
    for number in range(1, 6):
        (tmp_path / f"wsobserve-0-20231114T221320Z-{number}.pcapng").touch()
    assert remove_oldest(str(tmp_path), 3) == 3
    assert names(tmp_path) == [
        "notes.pcapng",
        "wsobserve-0-20231114T221319Z-1.pcapng.part",
        "wsobserve-0-20231114T221320Z-4.pcapng",
        "wsobserve-0-20231114T221320Z-5.pcapng",
    ]
    assert remove_oldest(str(tmp_path), 3) == 0


def test_what_a_dead_process_left_is_cut_to_whole_blocks_and_gets_its_name(tmp_path: Path) -> None:
    for cut in (0, 1, 11, len(PACKET) - 1):
        path = tmp_path / f"wsobserve-0-20231114T221320Z-{cut + 1}.pcapng"
        Path(f"{path}.part").write_bytes(BLOCKS + PACKET + PACKET[:cut])
        finish_left_over(str(tmp_path), 0)
        assert path.read_bytes() == BLOCKS + PACKET


def test_what_another_worker_left_or_a_living_one_writes_is_let_alone(tmp_path: Path) -> None:
    other = tmp_path / "wsobserve-1-20231114T221320Z-1.pcapng.part"
    locked = tmp_path / "wsobserve-0-20231114T221320Z-1.pcapng.part"
    for path in (other, locked):
        path.write_bytes(BLOCKS)
    descriptor = os.open(locked, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        finish_left_over(str(tmp_path), 0)
        assert names(tmp_path) == [locked.name, other.name]
    finally:
        os.close(descriptor)
    finish_left_over(str(tmp_path), 0)
    assert names(tmp_path) == [locked.name.removesuffix(".part"), other.name]
