"""Processes as /proc tells of them: kin, age and name, also of strangely named ones and of those that go meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wsobserve.capture.error import CaptureError
from wsobserve.capture.processes import Process, name_of, process_of, processes, with_descendants

pytestmark = pytest.mark.build_independent


def add(proc: Path, number: int, parent: int, started: int, name: str = "service") -> None:
    directory = proc / str(number)
    directory.mkdir()
    (directory / "stat").write_text(f"{number} ({name}) S {parent} {' '.join(['0'] * 17)} {started} 0 0\n")
    (directory / "comm").write_text(f"{name}\n")


def test_kin_age_and_name_are_read(tmp_path: Path) -> None:
    add(tmp_path, 7, 1, 500, name="my (odd) 1 2 3) name")
    assert process_of(7, tmp_path) == Process(7, 1, 500)
    assert name_of(7, tmp_path) == "my (odd) 1 2 3) name"


def test_the_oldest_comes_first_whatever_its_number(tmp_path: Path) -> None:
    for number, started in ((5, 300), (9, 100), (7, 300)):
        add(tmp_path, number, 1, started)
    (tmp_path / "meminfo").write_text("not a process")
    (tmp_path / "8").mkdir()  # gone between listing and reading
    assert [process.number for process in processes(tmp_path)] == [9, 5, 7]


def test_a_family_is_everybody_who_descends_from_it(tmp_path: Path) -> None:
    for number, parent in ((1, 0), (10, 1), (11, 10), (12, 11), (20, 1), (13, 10)):
        add(tmp_path, number, parent, number)
    assert sorted(with_descendants(10, tmp_path)) == [10, 11, 12, 13]
    assert with_descendants(20, tmp_path) == [20]


def test_a_circle_does_not_go_round_for_ever(tmp_path: Path) -> None:
    add(tmp_path, 10, 11, 1)  # read at two moments, numbers may have been given anew in between
    add(tmp_path, 11, 10, 1)
    assert with_descendants(10, tmp_path) == [10, 11]


def test_no_such_process(tmp_path: Path) -> None:
    assert process_of(7, tmp_path) is None
    assert name_of(7, tmp_path) is None
    with pytest.raises(CaptureError, match=r"^process 7: no such process here"):
        with_descendants(7, tmp_path)
    with pytest.raises(CaptureError, match="processes cannot be seen"):
        processes(tmp_path / "nowhere")


def test_a_name_is_fit_to_be_shown(tmp_path: Path) -> None:
    add(tmp_path, 7, 1, 1)
    (tmp_path / "7" / "comm").write_bytes(b"a\x1b[31mb\xff\n")
    assert name_of(7, tmp_path) == "a[31mb\ufffd"
    (tmp_path / "7" / "comm").write_bytes(b"\n")
    assert name_of(7, tmp_path) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_real_processes() -> None:
    child = subprocess.Popen(["sleep", "60"])
    try:
        assert child.pid in with_descendants(os.getpid())
        assert process_of(child.pid) in processes()
    finally:
        child.kill()
        child.wait()
