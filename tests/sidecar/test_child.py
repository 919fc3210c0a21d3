"""Children live as they were told, say how they ended, and never write down what a bug was about."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from wsobserve.sidecar.child import OWN_FAULT, Child
from wsobserve.sidecar.pipe import Pipe


def ended(child: Child) -> int:
    until = time.monotonic() + 20
    while (status := child.ended()) is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    return status


def test_a_child_talks_to_its_parent_and_ends() -> None:
    child = Child(lambda pipe: pipe.send(os.getpid()))
    assert ended(child) == 0
    assert child.pipe.received() == [child.process]
    assert child.ended() == 0  # asked again


def test_the_status_of_a_child_is_what_it_left_with() -> None:
    assert ended(Child(lambda pipe: sys.exit(3))) == 3


def test_signals_meant_for_the_parent_do_not_end_a_child() -> None:
    def live(pipe: Pipe) -> None:
        pipe.send("here")
        while not pipe.closed:
            pipe.received()
            time.sleep(0.01)

    child = Child(live)
    until = time.monotonic() + 20
    while not child.pipe.received() and time.monotonic() < until:
        time.sleep(0.01)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(child.process, number)
    time.sleep(0.1)
    assert child.ended() is None
    child.pipe.close()  # what ends it is that its parent is gone
    assert ended(child) == 0


def test_a_killed_child_says_so() -> None:
    child = Child(lambda pipe: time.sleep(60))
    child.kill()
    assert ended(child) == -signal.SIGKILL


def test_a_bug_ends_the_child_and_its_text_is_not_told(capfd: pytest.CaptureFixture[str]) -> None:
    def live(pipe: Pipe) -> None:
        raise RuntimeError("".join(["hun", "ter2"]))

    assert ended(Child(live)) == OWN_FAULT
    told = capfd.readouterr().err
    assert "RuntimeError" in told
    assert "in live" in told
    assert "hunter2" not in told
