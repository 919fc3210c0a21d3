"""The overlay file to start from holds every kind and field in a form that is understood once it is no comment any more."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.publish.kinds import counted, kind, record
from tests.publish.observed import observed
from wsobserve.publish.overlay import overlaid
from wsobserve.publish.overlay_file import parse_overlay
from wsobserve.publish.overlay_starter import starter


def uncommented(text: str) -> str:
    return re.sub(r"(?m)^#  ", "  ", text[: text.index("\nmerge:")])


def test_as_it_is_it_says_nothing() -> None:
    overlay = parse_overlay(starter(observed("demo.pcapng")[0]))
    assert (overlay.channels, overlay.kinds, overlay.merge) == ({}, [], [])


def test_every_kind_and_field_in_it_is_found() -> None:
    kinds = observed("demo.pcapng")[0]
    overlay = parse_overlay(uncommented(starter(kinds)))
    assert [note.kind for note in overlay.kinds] == [
        each.id for each in sorted(kinds, key=lambda each: (each.channel, each.id))
    ]
    assert sum(len(note.fields) for note in overlay.kinds) > 80
    assert overlaid(kinds, overlay).unmatched == ()


@settings(max_examples=60)
@given(st.lists(counted(), max_size=3))
def test_fields_of_any_schema_are_found(schemas: list[dict[str, Any]]) -> None:
    kinds = [kind(f'k{place} "*"\n', record(inner=schema), name="a: b\n#") for place, schema in enumerate(schemas)]
    overlay = parse_overlay(uncommented(starter(kinds)))
    assert len(overlay.kinds) == len(kinds)
    assert overlaid(kinds, overlay).unmatched == ()
