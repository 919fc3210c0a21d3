"""Texts are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wsobserve.commands import files
from wsobserve.commands.files import text_of, write_texts
from wsobserve.commands.running import Failure


def test_files_are_written_into_a_directory_that_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = tmp_path / "a" / "b"
    paths = [str(directory / name) for name in ("x", "y")]
    write_texts({path: f"in {path} ü\n" for path in paths}, str(directory))
    assert capsys.readouterr().out.splitlines() == paths
    assert (directory / "x").read_text(encoding="utf-8") == f"in {paths[0]} ü\n"
    assert sorted(path.name for path in directory.iterdir()) == ["x", "y"]


def test_permissions_are_those_of_the_file_or_of_a_new_one(tmp_path: Path) -> None:
    old, new, plain = tmp_path / "old", tmp_path / "new", tmp_path / "plain"
    old.write_text("before")
    old.chmod(0o640)
    plain.touch()
    write_texts({str(old): "after", str(new): "new"}, str(tmp_path))
    assert old.read_text() == "after"
    assert old.stat().st_mode & 0o777 == 0o640
    assert new.stat().st_mode == plain.stat().st_mode


def test_when_it_fails_the_file_is_as_it_was_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_text("before")

    def no_space(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", no_space)
    with pytest.raises(Failure, match="x: No space left on device"):
        write_texts({str(path): "after"}, str(tmp_path))
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(Failure, match="x: Is a directory"):
        write_texts({str(tmp_path / "x"): "text"}, str(tmp_path))
    with pytest.raises(Failure, match="/dev/null/x: "):
        write_texts({}, "/dev/null/x")


def test_a_device_is_written_to_and_stays_one(tmp_path: Path) -> None:
    write_texts({os.devnull: "text"}, str(tmp_path))
    assert not Path(os.devnull).is_file()


def test_a_text_is_read_or_the_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_bytes("\ufeffü".encode())
    assert text_of(str(path)) == "ü"
    path.write_bytes(b"\xff")
    with pytest.raises(Failure, match="is not text in UTF-8"):
        text_of(str(path))
    with pytest.raises(Failure, match="No such file"):
        text_of(str(tmp_path / "gone"))
    monkeypatch.setattr(files, "LARGEST", 0)
    with pytest.raises(Failure, match="larger than"):
        text_of(str(path))
