"""Words of schemas: that they changed is said, what they say is not."""

from __future__ import annotations

from wsobserve.compare.annotations import annotation_findings
from wsobserve.compare.nodes import Source


def test_which_annotations_changed_is_said_and_nothing_of_what_is_in_them() -> None:
    old = Source({"title": "a", "examples": ["secret-1"], "default": 1}).node()
    new = Source({"title": "b", "examples": ["secret-2"], "default": 1, "description": "d"}).node()
    (finding,) = annotation_findings(old, new, ("x",))
    assert (finding.old, finding.new) == ("title, examples", "title, description, examples")
    assert finding.compatibility == "documentation"
    assert "secret" not in repr(finding)


def test_the_words_nearest_to_the_reference_count() -> None:
    old = Source({"$ref": "#/$defs/a", "title": "near", "$defs": {"a": {"title": "far", "description": "d"}}}).node()
    new = Source({"title": "near", "description": "d"}).node()
    assert annotation_findings(old, new, ()) == []


def test_references_in_a_circle_end() -> None:
    circle = Source({"$ref": "#"}).node()
    assert annotation_findings(circle, Source(True).node(), ()) == []
