"""House rules that neither ruff, mypy nor import-linter can check. Each list of exceptions gives its reasons."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGE = CHECKOUT / "wsobserve"

pytestmark = pytest.mark.build_independent

# Files longer than 400 lines, and why they are still one noun.
LONG_FILES: dict[str, str] = {
    "wsobserve/records.py": "every record on one page is the point of it",
}

# Source files without a test file of their own, and what tests them instead.
TESTED_ELSEWHERE: dict[str, str] = {
    "wsobserve/__main__.py": "every test of the command line runs it",
    "wsobserve/records.py": "records hold no behaviour; all tests build them",
    "wsobserve/config.py": "limits are numbers; the rooms test what happens at each",
    "wsobserve/commands/running.py": "every test of a command runs it",
    "wsobserve/commands/schema.py": "a list of commands; tests/test_cli.py runs them",
    "wsobserve/commands/schema_registry.py": "tests/test_cli.py runs it",
    "wsobserve/compare/walker.py": "a protocol is a promise; each comparison of a type is tested with the one that keeps it",
    "wsobserve/publish/html_style.py": "a style sheet; tests/publish/test_html_page.py shows it in a browser",
    "wsobserve/options.py": "tests/test_cli.py uses every option",
    "wsobserve/capture/error.py": "an exception is a name",
    "wsobserve/contract/terms.py": "records hold no behaviour; test_asyncapi.py and test_json_schemas.py read them",
    "wsobserve/contract/report.py": "records hold no behaviour; test_snapshot.py reads them",
    "wsobserve/export/error.py": "an exception is a name",
    "wsobserve/export/recording/held_packet.py": "a packet holds no behaviour; test_look_back.py has some",
    "wsobserve/export/recording/settings.py": "settings hold no behaviour; test_recorder.py uses each of them",
    "wsobserve/export/exporter.py": "a protocol is a promise; each exporter is tested",
}

PURE = [
    "records.py",
    "stream_bytes.py",
    "kept.py",
    "findings.py",
    "pipeline.py",
    "transport",
    "websocket",
    "payload",
    "schema",
    "stats",
    "publish",
    "compare",
    "contract",
]
CLOCKS = {"time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.sleep"} | {
    f"{name}.{method}" for name in ("datetime", "date", "datetime.datetime") for method in ("now", "utcnow", "today")
}

# Importing the command line must stay cheap: `--help` answers in under 0.3 s.
HEAVY = {"dpkt", "grpc", "numpy", "opentelemetry", "pandas", "pyarrow", "scapy", "sqlalchemy", "streamlit"}

NAMELESS = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
# The RFC's word, whole, instead of these (STYLE: `connection` and not `conn`); two directions are one class used twice.
ABBREVIATED = {"buf", "conn", "conns", "msg", "msgs", "pkt", "pkts", "sess"}
TWINS = ("c2s_", "s2c_", "client_to_server_", "server_to_client_")

MACHINE_PATH = re.compile(r"/home/\w|/root/\w|/Users/\w|C:\\\\Users")


def sources(*roots: str) -> list[Path]:
    """The Python files under the given files and directories of the checkout that exist."""
    found: list[Path] = []
    for root in map(CHECKOUT.joinpath, roots):
        found += [root] if root.is_file() else sorted(root.rglob("*.py"))
    return [path for path in found if path.exists() and "node_modules" not in path.parts]


def name_of(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=name_of(path))


def dotted(node: ast.expr) -> str:
    """`a.b.c` as written, empty for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            return f"{dotted(value)}.{attribute}"
    return ""


def names_given(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name that this file gives to something, with its line; names taken from elsewhere are not its choice."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node.lineno
            case ast.arg():
                yield node.arg, node.lineno
            case ast.Name(ctx=ast.Store()):
                yield node.id, node.lineno
            case ast.Attribute(ctx=ast.Store(), value=ast.Name(id="self")):
                yield node.attr, node.lineno


def test_a_file_beyond_400_lines_says_why() -> None:
    long = {name_of(path) for path in sources("wsobserve", "dashboards") if len(path.read_text().splitlines()) > 400}
    assert long - LONG_FILES.keys() == set(), "look for the second noun, or give the reason in LONG_FILES"
    assert LONG_FILES.keys() - long == set(), "no longer long: take it off LONG_FILES"


def test_every_file_opens_with_what_goes_in_and_what_comes_out() -> None:
    silent = []
    for path in sources("wsobserve", "dashboards", "tests", "captures", "build_hook.py"):
        tree = tree_of(path)
        if tree.body and not ast.get_docstring(tree):
            silent.append(name_of(path))
    assert silent == []


def test_every_file_has_a_name_of_its_own() -> None:
    files = sources("wsobserve", "dashboards", "tests", "captures")
    assert [name_of(path) for path in files if NAMELESS & {path.stem, *path.relative_to(CHECKOUT).parts}] == []


def test_names_are_whole_words_and_directions_no_twins() -> None:
    found = [
        f"{name_of(path)}:{line} {name}"
        for path in sources("wsobserve", "dashboards", "build_hook.py")
        for name, line in names_given(tree_of(path))
        if ABBREVIATED & set(name.lower().split("_")) or name.lower().startswith(TWINS)
    ]
    # The two literals themselves are what the twins are replaced by.
    assert [entry for entry in found if not entry.endswith((" CLIENT_TO_SERVER", " SERVER_TO_CLIENT"))] == []


def test_every_source_file_has_its_test_file() -> None:
    """`wsobserve/room/thing.py` by `tests/room/test_thing.py`; in a room within a room also by `test_inner_thing.py`."""
    missing = []
    for path in sources("wsobserve"):
        if path.name == "__init__.py" or name_of(path) in TESTED_ELSEWHERE:
            continue
        *rooms, _ = path.relative_to(PACKAGE).parts
        candidates = [CHECKOUT.joinpath("tests", *rooms, f"test_{path.stem}.py")]
        if len(rooms) > 1:
            candidates.append(CHECKOUT.joinpath("tests", rooms[0], f"test_{'_'.join(rooms[1:])}_{path.stem}.py"))
        if not any(map(Path.exists, candidates)):
            missing.append(name_of(path))
    assert not missing, "write it, or say in TESTED_ELSEWHERE what tests it:\n" + "\n".join(missing)
    assert [name for name in TESTED_ELSEWHERE if not (CHECKOUT / name).exists()] == []


def test_time_comes_with_the_packet_and_from_no_clock() -> None:
    found = [
        f"{name_of(path)}:{node.lineno} {dotted(node.func)}"
        for path in sources(*(f"wsobserve/{part}" for part in PURE))
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and (dotted(node.func) in CLOCKS or dotted(node.func) in ("open", "print", "input"))
    ]
    assert found == []


def test_the_dashboard_reads_the_store_and_nothing_else_of_the_package() -> None:
    allowed = ("wsobserve.export.store", "wsobserve.export.error", "wsobserve.records", "wsobserve.config")
    found = []
    for path in sources("dashboards"):
        for node in ast.walk(tree_of(path)):
            match node:
                case ast.Import(names=names):
                    imported = [alias.name for alias in names]
                case ast.ImportFrom(module=str(module)):
                    imported = [module]
                case _:
                    continue
            found += [
                f"{name_of(path)}: {name}" for name in imported if name.startswith("wsobserve") and not name.startswith(allowed)
            ]
    assert found == []


@pytest.mark.skipif(not (PACKAGE / "cli.py").exists(), reason="there is no command line yet")
def test_importing_the_command_line_imports_nothing_heavy() -> None:
    story = "import sys, wsobserve.cli; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-P", "-c", story], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert HEAVY & set(run.stdout.split()) == set()


def test_no_file_names_somebodys_machine() -> None:
    kinds = {".cfg", ".js", ".json", ".jsonl", ".md", ".mjs", ".py", ".pxd", ".sh", ".toml", ".yaml", ".yml"}
    found = []
    for top in (
        "wsobserve",
        "dashboards",
        "captures",
        "deploy",
        "docs",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "pyproject.toml",
    ):
        root = CHECKOUT / top
        for path in [root] if root.is_file() else root.rglob("*"):
            if (
                path.suffix in kinds
                and "node_modules" not in path.parts
                and MACHINE_PATH.search(path.read_text(encoding="utf-8"))
            ):
                found.append(name_of(path))
    assert found == []


def test_the_purity_contract_knows_every_pure_room() -> None:
    """It lists them by name, in pyproject.toml; a new one must not be forgotten there."""
    contracts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (pure,) = [contract for contract in contracts if contract["type"] == "forbidden"]
    for part in PURE:
        if (PACKAGE / part).exists():
            assert f"wsobserve.{part.removesuffix('.py')}" in pure["source_modules"]
