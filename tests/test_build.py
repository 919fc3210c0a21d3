"""Which build runs is said by the files that would be imported, not by hope."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import pytest

import wsobserve
from wsobserve import build


def test_a_module_is_hot_when_a_pxd_lies_beside_it(tmp_path: Path) -> None:
    package = tmp_path / "wsobserve"
    (package / "websocket").mkdir(parents=True)
    (package / "websocket" / "frame.py").touch()
    (package / "websocket" / "frame.pxd").touch()
    (package / "pipeline.pxd").touch()
    (package / "records.py").touch()

    assert build.hot_modules(package) == sorted(["wsobserve.pipeline", "wsobserve.websocket.frame", *build.HOT_MODULES])


def test_every_hot_module_has_its_python_source() -> None:
    package = Path(build.__file__).parent
    for name in build.hot_modules(package):
        assert package.parent.joinpath(*name.split(".")).with_suffix(".py").is_file(), name


def test_what_is_said_to_be_compiled_is_what_an_import_gets() -> None:
    for name, compiled in build.compiled_modules().items():
        file = importlib.import_module(name).__file__
        assert file is not None
        assert file.endswith(".py") != compiled, name


def test_a_pure_installation_is_named_pure_and_a_partial_one_mixed(monkeypatch: pytest.MonkeyPatch) -> None:
    for compiled, name in [({"a": True}, "compiled"), ({"a": False}, "pure"), ({}, "pure"), ({"a": True, "b": False}, "mixed")]:
        monkeypatch.setattr(build, "compiled_modules", lambda compiled=compiled: compiled)
        assert build.build_name() == name


def test_doctor_is_told_the_build_and_the_interpreter() -> None:
    lines = build.build_lines()
    assert lines[0].startswith(f"build: {build.build_name()}, ")
    assert any(sys.executable in line for line in lines)


def test_the_build_under_test_is_the_one_that_was_asked_for() -> None:
    expected = os.environ.get("WSOBSERVE_EXPECT_BUILD")
    if expected is None:
        return  # a run by hand, on whatever is installed
    checkout = Path(__file__).resolve().parents[1]
    assert Path(wsobserve.__file__).parent == checkout / "build" / expected / "wsobserve"
    if build.compiled_modules():
        assert build.build_name() == expected
