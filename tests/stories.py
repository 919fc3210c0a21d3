"""Short programs run in processes of their own, some of them as other users: what a process gives up is gone for good.

Another user may not be able to read the interpreter and the package of this test run. So what a story imports is copied
to where all may read, and an interpreter that all may run is looked for.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import wsobserve

NOBODY = 65534
SYSTEM_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else")


def program(name: str) -> str:
    """The path of a program; without it the test is skipped."""
    path = shutil.which(name, path=SYSTEM_PATH)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def run_story(
    story: str, *arguments: str, before: Sequence[str] = (), python: str = sys.executable, packages: Path | None = None
) -> Any:
    """What `story` printed as JSON; `before` is a command that runs the interpreter, `packages` where it imports from."""
    environment = dict(os.environ)
    if packages is not None:
        environment["PYTHONPATH"] = str(packages)
    done = subprocess.run(
        [*before, python, "-c", story, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd="/",
        env=environment | {"PYTHONDONTWRITEBYTECODE": "1", "PATH": SYSTEM_PATH},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextmanager
def running(
    story: str, *arguments: str, before: Sequence[str] = (), python: str = sys.executable
) -> Iterator[tuple[subprocess.Popen[str], Any]]:
    """A process that goes on: `story` prints a line of JSON when it is ready, and ends when its standard input does."""
    process = subprocess.Popen(
        [*before, python, "-c", story, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        env=dict(os.environ) | {"PATH": SYSTEM_PATH},
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, "it ended before it was ready"
        yield process, json.loads(line)
    finally:
        process.kill()
        process.communicate(timeout=20)


@contextmanager
def network_namespace() -> Iterator[str]:
    """The name of a network namespace whose loopback interface is up, until the end of the test."""
    ip = program("ip")
    name = f"wso-target-{os.getpid()}"
    added = subprocess.run([ip, "netns", "add", name], capture_output=True, text=True, check=False)
    if added.returncode:
        pytest.skip(f"no network namespace can be made: {added.stderr.strip()}")
    try:
        subprocess.run([ip, "-n", name, "link", "set", "lo", "up"], check=True)
        yield name
    finally:
        subprocess.run([ip, "netns", "delete", name], check=True)


class ForAll:
    """A directory that everybody may read, with the stories' part of the package in it and an interpreter for it."""

    def __init__(self, directory: Path, python: str) -> None:
        self.directory = directory
        self.packages = directory / "packages"
        self.python = python

    def run(self, story: str, *arguments: str, before: Sequence[str] = (), python: str | None = None) -> Any:
        """As `run_story`."""
        return run_story(story, *arguments, before=before, python=python or self.python, packages=self.packages)


@contextmanager
def for_all() -> Iterator[ForAll]:
    with tempfile.TemporaryDirectory(prefix="wsobserve-stories-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        ours = Path(wsobserve.__path__[0])
        (directory / "packages" / "wsobserve" / "capture").mkdir(parents=True)
        for source in (ours / "__init__.py", *(ours / "capture").glob("*.py")):
            shutil.copy(source, directory / "packages" / source.relative_to(ours.parent))
        yield ForAll(directory, _interpreter_for_all())


def _interpreter_for_all() -> str:
    candidates = (sys.executable, *(f"/usr/bin/python3{minor}" for minor in ("", ".14", ".13", ".12", ".11")))
    for candidate in candidates:
        path = os.path.realpath(candidate)
        if not all(
            os.path.exists(part) and os.stat(part).st_mode & stat.S_IXOTH for part in (path, *map(str, Path(path).parents))
        ):
            continue
        version = subprocess.run(
            [path, "-c", "import sys; print(sys.version_info >= (3, 11))"], capture_output=True, check=False
        )
        if version.stdout.strip() == b"True":
            return path
    pytest.skip("there is no Python 3.11 or later that everybody may run")
