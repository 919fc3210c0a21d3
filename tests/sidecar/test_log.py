"""Log lines: for people and for programs, one line each, never without end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.sidecar.log import AT_ONCE, Log, log_form, one_line

pytestmark = pytest.mark.build_independent


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_sentence_for_people() -> None:
    lines: list[str] = []
    log = Log("text", lines.append)
    log.info("watching", "watching lo port 8080; stop with Ctrl-C", ports=["8080"])
    log.warn("worker_restarted", number=1, reason="signal 9")
    log.say("something else")
    assert lines == [
        "wsobserve: watching lo port 8080; stop with Ctrl-C\n",
        "wsobserve: worker restarted: number 1, reason signal 9\n",
        "wsobserve: something else\n",
    ]


def test_an_object_for_programs() -> None:
    lines: list[str] = []
    log = Log("json", lines.append, now=lambda: 1_700_000_000.25)
    log.warn("packets_lost", "3 packets lost", packets=3, by_reason={"kernel_dropped": 3}, worker=None)
    assert [json.loads(line) for line in lines] == [
        {
            "time": "2023-11-14T22:13:20.250Z",
            "level": "warn",
            "event": "packets_lost",
            "message": "3 packets lost",
            "packets": 3,
            "by_reason": {"kernel_dropped": 3},
            "worker": None,
        }
    ]


def test_what_repeats_is_counted_and_told_of_later() -> None:
    lines: list[str] = []
    clock = Clock()
    log = Log("json", lines.append, clock=clock)
    for number in range(AT_ONCE + 30):
        log.warn("packets_lost", number=number)
    log.info("another")
    assert len(lines) == AT_ONCE + 1, "one event does not silence another"
    clock.now = 61.0
    log.warn("packets_lost", number=99)
    told, again = map(json.loads, lines[AT_ONCE + 1 :])
    assert (told["event"], told["of"], told["lines"]) == ("lines_left_out", "packets_lost", 30)
    assert again["number"] == 99


def test_what_was_left_out_is_told_at_the_end() -> None:
    lines: list[str] = []
    log = Log("text", lines.append, clock=Clock())
    for _ in range(AT_ONCE + 2):
        log.info("again")
    log.close()
    assert lines[-1] == "wsobserve: 2 more lines of this kind were left out: again\n"


def test_sentences_without_a_name_are_alike_when_their_numbers_alone_differ() -> None:
    lines: list[str] = []
    log = Log("text", lines.append, clock=Clock())
    for number in range(AT_ONCE + 5):
        log.say(f"{number} packets lost (kernel_dropped)")
    log.say("worker 0 was restarted")
    log.close()
    assert len(lines) == AT_ONCE + 2
    assert lines[-1] == "wsobserve: 5 more lines of this kind were left out: 0 packets lost (kernel_dropped)\n"


def test_names_of_events_without_end_are_one() -> None:
    lines: list[str] = []
    log = Log("text", lines.append, clock=Clock())
    for number in range(1000):
        log.info(f"event{number}")
    assert len(lines) == 200 + AT_ONCE


def test_lines_that_could_not_be_written_are_told_of() -> None:
    lines: list[str] = []
    full = True

    def write(line: str) -> bool:
        if not full:
            lines.append(line)
        return not full

    log = Log("text", write)
    log.info("one")
    log.info("two")
    full = False
    log.info("three")
    log.info("four")
    assert lines == ["wsobserve: 2 lines could not be written\n", "wsobserve: three\n", "wsobserve: four\n"]


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=3000))
def test_whatever_is_said_stays_on_its_line(text: str) -> None:
    lines: list[str] = []
    Log("text", lines.append).info("x", text)
    Log("json", lines.append).info("x", text, field=text)
    people, programs = lines
    assert people.endswith("\n")
    assert people[:-1].isprintable()
    assert programs.count("\n") == 1
    assert json.loads(programs)["event"] == "x"
    people.encode()


def test_a_terminal_is_not_written_over() -> None:
    assert one_line("a\x1b[2Jb\nc\u202ed") == r"a\x1b[2Jb\nc\u202ed"


def test_a_container_gets_json(tmp_path: Path) -> None:
    nowhere = str(tmp_path)
    assert log_form("auto", {}, False, nowhere) == "text"
    assert log_form("auto", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, False, nowhere) == "json"
    assert log_form("auto", {"container": "podman"}, False, nowhere) == "json"
    assert log_form("text", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, False, nowhere) == "text"
    assert log_form("auto", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, True, nowhere) == "text", "somebody looks at it"
    assert log_form("json", {}, True, nowhere) == "json"
    (tmp_path / ".dockerenv").touch()
    assert log_form("auto", {}, False, nowhere) == "json"


def test_a_reader_that_does_not_read_stops_nobody() -> None:
    story = """
from wsobserve.sidecar.log import to_standard_error
print(sum(to_standard_error("x" * 999 + "\\n") for _ in range(1000)))
"""
    reading, writing = os.pipe()
    try:
        done = subprocess.run([sys.executable, "-c", story], stdout=subprocess.PIPE, stderr=writing, timeout=60, check=True)
        assert 0 < int(done.stdout) < 1000, "a pipe takes some, and then no more"
    finally:
        os.close(reading)
        os.close(writing)
