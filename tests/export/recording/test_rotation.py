"""RotatingFiles: when a file ends, which go, and what happens when the disk does not take it."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from wsobserve.capture.files import read_captures
from wsobserve.export.error import ExportError
from wsobserve.export.recording.counts import RecordingCounts
from wsobserve.export.recording.rotation import RotatingFiles, check_directory
from wsobserve.export.recording.settings import RecordingSettings
from wsobserve.records import CaptureLoss, PacketBatch

pytestmark = pytest.mark.build_independent

START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000


class Files:
    """Rotating files with a clock that is set by hand."""

    def __init__(self, directory: Path, *, file_bytes: int = 1 << 20, file_seconds: float = 60, files: int = 10) -> None:
        self.now_ns = START_NS
        self.counts = RecordingCounts()
        settings = RecordingSettings(
            directory=str(directory), sample=1.0, file_bytes=file_bytes, file_seconds=file_seconds, files=files
        )
        self.files = RotatingFiles(settings, 0, "a comment", self.counts, lambda: self.now_ns)

    def write(self, packets: int, size: int = 100) -> int:
        """How many packets were taken."""
        return sum(self.files.packet(1, "lo", self.now_ns, bytes(size), size, "") for _ in range(packets))


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def packets_in(paths: Sequence[Path]) -> int:
    items = list(read_captures([str(path) for path in paths]))
    assert not any(isinstance(item, CaptureLoss) for item in items)
    return sum(len(item) for item in items if isinstance(item, PacketBatch))


def test_a_file_gets_its_name_when_it_is_closed_and_is_ours_alone_to_read(tmp_path: Path) -> None:
    each = Files(tmp_path)
    assert names(tmp_path) == []
    each.write(3)
    assert names(tmp_path) == ["wsobserve-0-20231114T221320Z-1.pcapng.part"]
    each.files.close()
    each.files.close()
    (file,) = tmp_path.iterdir()
    assert file.name == "wsobserve-0-20231114T221320Z-1.pcapng"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert packets_in([file]) == each.counts.packets == 3
    assert each.counts.bytes == file.stat().st_size


def test_a_file_ends_when_it_is_large_enough(tmp_path: Path) -> None:
    each = Files(tmp_path, file_bytes=10_000)
    each.write(300)
    each.files.close()
    assert len(names(tmp_path)) == 4  # a packet takes 132 bytes
    assert all(path.stat().st_size < 10_500 for path in tmp_path.iterdir())
    assert packets_in(sorted(tmp_path.iterdir())) == each.counts.packets == 300
    assert each.counts.files == 4


@pytest.mark.parametrize("seconds", [60, -1])
def test_a_file_ends_when_it_is_old_enough_or_the_clock_was_set_back(tmp_path: Path, seconds: int) -> None:
    each = Files(tmp_path)
    each.write(1)
    each.files.tick()
    assert names(tmp_path)[0].endswith(".part")
    each.now_ns += seconds * SECOND_NS
    each.files.tick()
    assert not names(tmp_path)[0].endswith(".part")


def test_a_tick_writes_what_waits(tmp_path: Path) -> None:
    each = Files(tmp_path)
    each.write(7)
    assert each.files.waiting_packets == 7
    each.files.tick()
    assert each.files.waiting_packets == 0
    assert packets_in(list(tmp_path.iterdir())) == 7


def test_only_so_many_files_stay_also_over_a_new_start(tmp_path: Path) -> None:
    (tmp_path / "other.pcapng").touch()
    for start in range(3):
        each = Files(tmp_path, file_bytes=1_000, files=3)
        each.now_ns += start * SECOND_NS
        each.write(30)
        each.files.close()
        assert len([name for name in names(tmp_path) if name.startswith("wsobserve-")]) == 3
    assert "other.pcapng" in names(tmp_path)
    assert each.counts.files_removed >= 3


def test_what_the_interface_dropped_is_told_in_the_file_that_was_open(tmp_path: Path) -> None:
    each = Files(tmp_path)
    each.files.lost("lo", 1, 2)  # there is no file
    each.write(1)
    each.files.lost("lo", 10, 20)
    each.files.lost("lo", 0, 3)
    each.files.close()
    losses = [item for item in read_captures([str(next(tmp_path.iterdir()))]) if isinstance(item, CaptureLoss)]
    assert [(loss.reason, loss.packets) for loss in losses] == [("interface_dropped", 10), ("kernel_dropped", 23)]


def test_a_full_disk_costs_packets_and_is_tried_again_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    each = Files(tmp_path)
    each.write(2)
    each.files.tick()
    written = os.write
    room = [10]  # bytes: half a block fits

    def full(descriptor: int, data: bytes) -> int:
        if not room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return written(descriptor, data[: room.pop()])

    each.write(5)
    monkeypatch.setattr(os, "write", full)
    each.files.tick()
    assert each.counts.left_out == {"disk": 5}
    assert each.counts.last_error == f"{tmp_path}: No space left on device"
    (file,) = tmp_path.iterdir()
    assert packets_in([file]) == each.counts.packets == 2
    assert each.write(3) == 0  # not yet
    monkeypatch.setattr(os, "write", written)
    each.now_ns += SECOND_NS
    assert each.write(4) == 4
    each.files.close()
    assert packets_in(sorted(tmp_path.iterdir())) == each.counts.packets == 6
    assert each.counts.failures == 1


def test_pauses_between_tries_grow_to_a_minute(tmp_path: Path) -> None:
    directory = tmp_path / "recording"
    directory.mkdir()
    each = Files(directory)
    directory.rmdir()
    tries = []
    for second in range(400):
        each.now_ns = START_NS + second * SECOND_NS
        before = each.counts.failures
        each.write(1)
        if each.counts.failures > before:
            tries.append(second)
    assert tries == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363]


def test_a_file_that_is_removed_under_our_hands_counts_as_not_written(tmp_path: Path) -> None:
    each = Files(tmp_path)
    each.write(4)
    each.files.tick()
    next(tmp_path.iterdir()).unlink()
    each.write(2)
    each.files.tick()
    assert (each.counts.packets, each.counts.bytes, each.counts.left_out) == (0, 0, {"disk": 6})
    assert "removed" in str(each.counts.last_error)


def test_a_directory_must_be_one_that_takes_files(tmp_path: Path) -> None:
    check_directory(str(tmp_path))
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "none"):
        with pytest.raises(ExportError, match="no directory to record into"):
            check_directory(str(path))


@pytest.mark.needs_kernel("file systems that may be mounted")
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="needs root to mount a small file system")
def test_a_real_disk_that_is_full_or_read_only(tmp_path: Path) -> None:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "wso-record", str(tmp_path)], check=False).returncode:
        pytest.skip("may not mount a file system here")
    try:
        each = Files(tmp_path)
        for _ in range(40):
            each.write(40)
            each.files.tick()
        assert each.counts.failures >= 1
        assert each.counts.last_error == f"{tmp_path}: No space left on device"
        each.files.close()
        assert packets_in(sorted(tmp_path.glob("*.pcapng"))) == each.counts.packets
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path)], check=True)
        with pytest.raises(ExportError, match="read-only"):
            check_directory(str(tmp_path))
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_the_part_of_a_process_that_was_killed_can_be_read(tmp_path: Path) -> None:
    story = (
        "import sys\n"
        "from wsobserve.export.recording.counts import RecordingCounts\n"
        "from wsobserve.export.recording.rotation import RotatingFiles\n"
        "from wsobserve.export.recording.settings import RecordingSettings\n"
        f"files = RotatingFiles(RecordingSettings(directory={str(tmp_path)!r}), 0, '', RecordingCounts())\n"
        "for _ in range(10):\n    files.packet(1, 'lo', 1, bytes(100), 100, '')\n"
        "files.tick()\n"
        "files.packet(1, 'lo', 1, bytes(100), 100, '')\n"
        "print('written', flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", story], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        process.send_signal(signal.SIGKILL)
    (part,) = tmp_path.iterdir()
    assert part.name.endswith(".part")
    assert packets_in([part]) == 10
    Files(tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.name == part.name.removesuffix(".part")
    assert packets_in([file]) == 10
