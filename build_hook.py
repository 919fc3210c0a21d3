"""The build hook: compiles the hot modules into the wheel, and adds the dashboard and the demo capture.

In: the package as plain Python. Out: a wheel for this interpreter and platform with the hot modules compiled, or the
plain wheel for all of them where compiling is not possible or not wanted. Everything is compiled in a temporary
directory: no `.c` and no `.so` lands in the tree. An editable installation stays plain Python.

    WSOBSERVE_PURE=1               do not compile
    WSOBSERVE_REQUIRE_COMPILED=1   fail instead of falling back to the plain wheel
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DIRECTIVES = {
    "language_level": "3",
    "annotation_typing": False,  # C types come from the .pxd alone; annotations stay what they are in Python
    "boundscheck": True,  # no measurable cost, and a bug stays an exception on hostile packets
    # A negative index on typed bytes raises IndexError instead of counting from the end; slices count as ever.
    "wraparound": False,
    "initializedcheck": True,
    "embedsignature": False,
}

# Lies outside the package in the tree, inside it in the wheel. Left out when it is not there.
ADDED_TO_WHEEL = {
    "dashboards": "wsobserve/_dashboards",
    "captures/demo.pcapng": "wsobserve/_demo/demo.pcapng",
}


class CompileHook(BuildHookInterface[Any]):
    """Hatchling calls `initialize` before and `finalize` after it writes a wheel."""

    _directory: tempfile.TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds to `build_data` what belongs into the wheel besides the package itself."""
        if self.target_name != "wheel" or version == "editable":
            return
        root = Path(self.root)
        for source, destination in ADDED_TO_WHEEL.items():
            if (root / source).exists():
                build_data["force_include"][str(root / source)] = destination

        extensions = self._extensions(root)
        if not extensions:
            return
        build_data["force_include"].update(extensions)
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Forgets the compiled files, which are in the wheel now."""
        if self._directory is not None:
            self._directory.cleanup()

    def _extensions(self, root: Path) -> dict[str, str]:
        """Compiled file -> its place in the wheel; empty for the plain wheel."""
        names = _load(root / "wsobserve" / "build.py").hot_modules(root / "wsobserve")
        if not names:
            return {}
        if os.environ.get("WSOBSERVE_PURE", "0") not in ("", "0"):
            self.app.display_warning("wsobserve: WSOBSERVE_PURE is set, nothing is compiled")
            return {}
        self._directory = tempfile.TemporaryDirectory(prefix="wsobserve-build-")
        try:
            return compile_modules(root, names, Path(self._directory.name))
        # Whatever hinders compiling (no compiler, no Python headers, an error of Cython's) leaves a wheel that works.
        except (Exception, SystemExit) as error:
            if os.environ.get("WSOBSERVE_REQUIRE_COMPILED", "0") not in ("", "0"):
                raise
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            self.app.display_warning(f"wsobserve: not compiled, the plain Python build is slower ({reason})")
            return {}


def compile_modules(root: Path, names: list[str], directory: Path) -> dict[str, str]:
    """Compiles the modules `names` of the package under `root`; compiled file -> its path relative to `root`.

    Works on a copy in `directory` and raises whatever Cython and the C compiler raise.
    """
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension

    ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.c")
    shutil.copytree(root / "wsobserve", directory / "wsobserve", ignore=ignored)
    before = Path.cwd()
    os.chdir(directory)  # the C compiler names its output after the paths it is given; relative ones stay in here
    try:
        sources = [Extension(name, [name.replace(".", "/") + ".py"], extra_compile_args=["-g0"]) for name in names]
        distribution = Distribution({"ext_modules": cythonize(sources, compiler_directives=DIRECTIVES, quiet=True)})
        command = distribution.get_command_obj("build_ext")
        command.build_lib = "compiled"
        command.build_temp = "objects"
        command.parallel = os.cpu_count()
        command.ensure_finalized()
        command.run()
    finally:
        os.chdir(before)
    compiled = directory / "compiled"
    return {str(path): path.relative_to(compiled).as_posix() for path in compiled.rglob("*") if path.is_file()}


def _load(path: Path) -> ModuleType:
    """The file as a module, without importing the package, whose dependencies are not there while it is built."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
