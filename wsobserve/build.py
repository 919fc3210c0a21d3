"""Which modules are hot, and whether they run compiled here.

A hot module is a plain `.py` with a `.pxd` of the same name beside it. The build hook compiles it; where it could not,
the same source runs interpreted: slower, with equal records. This file is read by the build hook before anything is
installed, so it imports nothing but the standard library and no other file of the package.
"""

from __future__ import annotations

import importlib.machinery
import platform
import sys
from pathlib import Path

HOT_MODULES: tuple[str, ...] = ()  # hot modules that need no C types, and so have no .pxd


def hot_modules(package: Path) -> list[str]:
    """The dotted names of the modules to compile, sorted; `package` is the directory `wsobserve`."""
    typed = {".".join(path.relative_to(package.parent).with_suffix("").parts) for path in package.rglob("*.pxd")}
    return sorted(typed | set(HOT_MODULES))


def compiled_modules() -> dict[str, bool]:
    """Each hot module, and whether an import of it gets the compiled one. Imports none of them."""
    package = Path(__file__).parent
    return {name: _is_compiled(name, package.parent) for name in hot_modules(package)}


def build_name() -> str:
    """`compiled`, `pure`, or `mixed` when only some of the hot modules are compiled."""
    compiled = compiled_modules().values()
    if any(compiled):
        return "compiled" if all(compiled) else "mixed"
    return "pure"


def build_lines() -> list[str]:
    """What `wsobserve doctor` says about this installation, for people: one fact a line."""
    modules = compiled_modules()
    interpreted = [name for name, compiled in modules.items() if not compiled]
    lines = [
        f"build: {build_name()}, {len(modules) - len(interpreted)} of {len(modules)} hot modules compiled",
        f"installed in: {Path(__file__).parent}",
        f"Python: {platform.python_version()} ({platform.python_implementation()}), {sys.executable}",
        f"platform: {platform.platform()}",
    ]
    if interpreted:
        lines.insert(1, f"interpreted, so slower: {', '.join(interpreted)}")
    return lines


def _is_compiled(name: str, root: Path) -> bool:
    """Asks the file finder which file would be imported; that costs no import, not even of the parent package."""
    directory = root.joinpath(*name.split(".")[:-1])
    spec = importlib.machinery.PathFinder.find_spec(name, [str(directory)])
    return spec is not None and isinstance(spec.loader, importlib.machinery.ExtensionFileLoader)
