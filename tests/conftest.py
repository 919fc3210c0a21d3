"""What every test may ask for, and when a skipped test is a failure.

On a user's machine a test that lacks a program, a package or a capture skips and says so. In CI (`CI=true`) everything is
there, so a skip means that something went untested: it fails, unless the test is marked `needs_kernel(feature)`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

import wsobserve
from wsobserve.build import build_name, compiled_modules

CHECKOUT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def wsobserve_command() -> list[str]:
    """The command line of the build under test, to be followed by its arguments in a subprocess."""
    return [sys.executable, "-P", "-m", "wsobserve"]  # -P: not the checkout, even when that is the working directory


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the project's sources."""
    return CHECKOUT


def pytest_report_header() -> str:
    compiled = compiled_modules()
    return f"wsobserve: {build_name()} ({sum(compiled.values())} of {len(compiled)} hot modules), {wsobserve.__path__[0]}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    expected_failure = hasattr(report, "wasxfail")
    if report.skipped and not expected_failure and item.get_closest_marker("needs_kernel") is None:
        _fail_in_ci(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped:  # a whole file, by importorskip or skip(allow_module_level=True)
        _fail_in_ci(report)
    return report


def _fail_in_ci(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("CI") == "true":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where everything is there to run it: {reason}"
