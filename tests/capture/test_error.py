"""What people read is one line, whatever a file is called."""

from __future__ import annotations

import pytest

from wsobserve.capture.error import CaptureError, name_for_people

pytestmark = pytest.mark.build_independent


def test_the_message_is_the_line_itself() -> None:
    assert str(CaptureError("notes.txt: not a capture file (text)")) == "notes.txt: not a capture file (text)"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a b.pcap", "a b.pcap"),
        ("Müller.pcap", "Müller.pcap"),
        ("-", "standard input"),
        ("two\nlines", r"'two\nlines'"),
        ("not \udcff utf-8", r"'not \udcff utf-8'"),
        ("\x1b[31m", r"'\x1b[31m'"),
    ],
)
def test_odd_characters_in_a_name_are_escaped(path: str, name: str) -> None:
    assert name_for_people(path) == name
