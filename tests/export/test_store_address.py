"""Every wrong way to name a store has one line that says what is wrong with it."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import pytest

from wsobserve.export.error import ExportError
from wsobserve.export.store import StoreExporter, StoreReader
from wsobserve.export.store.address import parse_address


@pytest.mark.parametrize("text", ["obs.db", "sqlite:///obs.db", "sqlite+pysqlite:///obs.db"])
def test_a_path_and_a_url_name_the_same_file(text: str) -> None:
    assert parse_address(text).path == Path("obs.db").absolute()


def test_a_path_may_hold_what_means_something_in_a_url(tmp_path: Path) -> None:
    path = tmp_path / "a?b=c#50%.db"
    StoreExporter(str(path)).close()
    assert path.is_file()
    assert StoreReader(str(path)).runs() == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty name"),
        ("  ", "empty name"),
        ("sqlite:obs.db", "lacks its slashes"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite://host/obs.db", "names no file"),
        ("nonsense://somewhere/db", "no such kind of database"),
        ("://", "cannot be understood"),
        ("postgresql://user:hunter2@host:port/db", "cannot be understood"),
        ("obs\0.db", "NUL"),
    ],
)
def test_a_name_that_cannot_be_a_store(text: str, complaint: str) -> None:
    with pytest.raises(ExportError, match=complaint) as caught:
        StoreExporter(text)
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ExportError, match=complaint):
        StoreReader(text)


def test_a_password_is_not_shown() -> None:
    shown = parse_address("postgresql+psycopg://user:hunter2@host/db?password=hunter2&sslmode=require").shown
    assert shown == "postgresql+psycopg://user:***@host/db"


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pg8000", None)  # as if it were not installed
    with pytest.raises(ExportError) as caught:
        StoreExporter("postgresql+pg8000://user:hunter2@host/db")
    assert str(caught.value) == "store postgresql+pg8000://user:***@host/db: the database driver pg8000 is not installed"


def test_a_directory_is_no_store(tmp_path: Path) -> None:
    for opened in (StoreExporter, StoreReader):
        with pytest.raises(ExportError, match="directory"):
            opened(str(tmp_path))


def test_a_missing_directory_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"there is no directory .*missing"):
        StoreExporter(str(tmp_path / "missing" / "obs.db"))
    assert not (tmp_path / "missing").exists()


def test_a_place_that_cannot_be_written_says_why() -> None:
    if not Path("/proc/self").is_dir():
        pytest.skip("needs /proc, a directory in which nobody can make a file")
    with pytest.raises(ExportError, match=r"^store /proc/obs\.db: [^\n]+$"):
        StoreExporter("/proc/obs.db")


def test_a_file_that_is_no_database_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes, and there are more of them than a hundred bytes, so that they look like a page " * 3)
    before = path.read_bytes()
    for opened in (StoreExporter, StoreReader):
        with pytest.raises(ExportError, match="not a database"):
            opened(str(path))
    assert path.read_bytes() == before


def test_the_database_of_another_program_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(ExportError, match="another program"):
        StoreExporter(str(path))
    with pytest.raises(ExportError, match="no wsobserve store"):
        StoreReader(str(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [0, 3, 99])
def test_tables_of_another_version_are_not_touched(tmp_path: Path, version: int) -> None:
    path = tmp_path / "obs.db"
    StoreExporter(str(path)).close()
    other = sqlite3.connect(path)
    other.execute("UPDATE wsobserve_store SET version = ?", (version,))
    other.commit()
    other.close()
    for opened in (StoreExporter, StoreReader):
        with pytest.raises(ExportError, match=f"version {version}, this one knows 2"):
            opened(str(path))


def test_an_older_store_is_not_changed_by_reading_and_the_line_says_how_it_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "obs.db"
    StoreExporter(str(path)).close()
    other = sqlite3.connect(path)
    other.execute("UPDATE wsobserve_store SET version = 1")
    other.commit()
    other.close()
    with pytest.raises(ExportError, match=r"version 1, this one knows 2\); the next run .* wsobserve analyze FILE --store "):
        StoreReader(str(path))
    StoreExporter(str(path)).close()
    assert StoreReader(str(path)).runs() == []


def test_a_missing_store_is_not_made_by_reading(tmp_path: Path) -> None:
    path = tmp_path / "obs.db"
    with pytest.raises(ExportError, match="there is no such file"):
        StoreReader(str(path))
    assert not path.exists()


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "obs.db"
    path.touch()
    with pytest.raises(ExportError, match="no wsobserve store"):
        StoreReader(str(path))
    StoreExporter(str(path)).close()
    assert StoreReader(str(path)).runs() == []
