"""What a person wrote is understood as a whole, or refused in one line that tells where and why."""

from __future__ import annotations

import pytest

from wsobserve.publish.overlay_file import ChannelNote, FieldNote, MergeNote, OverlayError, parse_overlay

TEXT = """
channels:
  /rooms/{id}:
    title: Rooms
kinds:
  - channel: "*"
    name: message
    rename: say
    fields:
      user.email: {secret: true, format: email}
      "a[].b": {deprecated: true, description: no longer sent}
merge:
  - kinds: [a, "b*"]
    name: both
"""


def test_all_that_can_be_said() -> None:
    overlay = parse_overlay(TEXT)
    assert overlay.channels == {"/rooms/{id}": ChannelNote(title="Rooms")}
    assert overlay.kinds[0].rename == "say"
    assert overlay.kinds[0].fields["user.email"] == FieldNote(secret=True, format="email")
    assert overlay.merge == [MergeNote(kinds=["a", "b*"], name="both")]
    assert parse_overlay('{"kinds": [{"kind": "x", "hide": true}]}').kinds[0].hide
    assert parse_overlay("").kinds == parse_overlay("# nothing\n").kinds == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kinds: [{kind: a, colour: red}]", "line 1: kinds[0]: there is no setting `colour`"),
        ("kinds:\n- kind: a\n- kind: 5", "line 3: kinds[1].kind: expected text, got `int`"),
        ("kinds:\n- rename: x", "line 2: kinds[0]: says of no kind: it needs `kind`, `channel` or `name`"),
        (
            "kinds:\n- kind: a\n  fields:\n    'a..b': {}",
            "line 2: kinds[0]: 'a..b': no path of a field, from its character 3 on",
        ),
        (
            "kinds:\n- kind: a\n  fields:\n    b: {secret: perhaps}",
            "line 4: kinds[0].fields[...].secret: expected true or false, got text",
        ),
        (
            "kinds:\n- {kind: a, fields: {b: {required: true, optional: true}}}",
            "line 2: kinds[0]: 'b' cannot be both required and optional",
        ),
        ("merge: [{kinds: [], name: x}]", "line 1: merge[0]: names no kinds"),
        ("merge: [{kinds: [a]}]", "line 1: merge[0]: it needs `name`"),
        ("- a", "line 1: expected a mapping, got a list"),
        ("kinds: [}", "line 1: expected the node content, but found '}'"),
        ("channels:\n  a: {}\n  a: {}", "line 3: is there twice"),
        ("channels:\n  1: {}", "line 2: 1 must be text, in quotes"),
        ("kinds: *x", "line 1: text with * in front needs quotes"),
        ("a: !!python/name:os.system x", "line 1: could not determine a constructor for the tag"),
        ("\x00", "unacceptable character"),
    ],
)
def test_what_cannot_be_understood_is_told_in_one_line(text: str, message: str) -> None:
    with pytest.raises(OverlayError) as refused:
        parse_overlay(text)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_deep_nesting_and_shared_parts_are_no_way_to_hang_it() -> None:
    with pytest.raises(OverlayError):
        parse_overlay("[" * 5_000)
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    with pytest.raises(OverlayError):
        parse_overlay(bomb)
