"""The build hook compiles what it is told to, in a place of its own, and knows when it cannot."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
COMPILER = (sysconfig.get_config_var("CC") or "cc").split()[0]

pytestmark = pytest.mark.build_independent

needs_compiler = pytest.mark.skipif(
    shutil.which(COMPILER) is None or not Path(sysconfig.get_path("include"), "Python.h").exists(),
    reason=f"no C compiler ({COMPILER}) with Python's headers",
)


@pytest.fixture
def build_hook() -> ModuleType:
    pytest.importorskip("hatchling")
    pytest.importorskip("Cython")
    spec = importlib.util.spec_from_file_location("build_hook", CHECKOUT / "build_hook.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one hot module, `wsobserve.octets`, and no other."""
    package = tmp_path / "project" / "wsobserve"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "octets.py").write_text(
        '"""One octet of many."""\n\n'
        "from __future__ import annotations\n\n\n"
        "class Octets:\n"
        "    def __init__(self, data: bytes) -> None:\n"
        "        self.data = data\n\n"
        "    def at(self, index: int) -> int:\n"
        "        return self.data[index]\n\n"
        "    def last(self, count: int) -> bytes:\n"
        "        return self.data[-count:]\n"
    )
    (package / "octets.pxd").write_text(
        "cdef class Octets:\n"
        "    cdef public bytes data\n"
        "    cpdef at(self, Py_ssize_t index)\n"
        "    cpdef last(self, Py_ssize_t count)\n"
    )
    return tmp_path / "project"


@needs_compiler
def test_the_compiled_module_keeps_its_bounds_and_the_tree_stays_clean(
    build_hook: ModuleType, project: Path, tmp_path: Path
) -> None:
    before = sorted(project.rglob("*"))
    directory = tmp_path / "elsewhere"
    directory.mkdir()

    compiled = build_hook.compile_modules(project, ["wsobserve.octets"], directory)

    assert sorted(project.rglob("*")) == before
    ((file, destination),) = compiled.items()
    assert destination == "wsobserve/octets" + sysconfig.get_config_var("EXT_SUFFIX")
    story = (
        "from wsobserve.octets import Octets\n"
        "octets = Octets(b'abc')\n"
        "print(octets.at(2), octets.last(2))\n"
        "for index in (3, -1, -4, 2**40):\n"
        "    try:\n"
        "        print(octets.at(index))\n"
        "    except IndexError:\n"
        "        print('IndexError')\n"
    )
    shutil.copy(file, project / destination)
    environment = {"PYTHONPATH": str(project)}
    run = subprocess.run([sys.executable, "-P", "-c", story], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.split("\n") == ["99 b'bc'", *["IndexError"] * 4, ""]


@needs_compiler
def test_c_types_that_do_not_fit_the_source_are_an_error_and_no_module(
    build_hook: ModuleType, project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "wsobserve" / "octets.pxd").write_text("cdef class Octets: nonsense\n")
    directory = tmp_path / "elsewhere"
    directory.mkdir()

    from Cython.Compiler.Errors import CompileError

    with pytest.raises(CompileError):
        build_hook.compile_modules(project, ["wsobserve.octets"], directory)
    assert not list(directory.rglob("*.so"))
