"""Two schemas in; out comes which of their words differ: titles, descriptions, examples. They never constrain.

The words themselves are not repeated: an example is often somebody's message.
"""

from __future__ import annotations

from wsobserve.compare.changes import Finding, What
from wsobserve.compare.nodes import Node, Part, text_of
from wsobserve.compare.walker import Path, place

ANNOTATIONS = ("title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly")
MOST_REFERENCES = 8


def annotation_findings(old: Node, new: Node, path: Path) -> list[Finding]:
    """One finding that names the annotations that came, went or changed."""
    before, after = _annotations(old), _annotations(new)
    if before == after:
        return []
    changed = [name for name in ANNOTATIONS if before.get(name) != after.get(name)]
    words = [", ".join(name for name in changed if name in side) or None for side in (before, after)]
    return [Finding(What.DESCRIPTION_CHANGED, "documentation", path, place(new, old), words[0], words[1])]


def _annotations(node: Node) -> dict[str, str]:
    """By name, those of the schemas and of what they refer to; what is nearer counts."""
    found: dict[str, str] = {}
    for part in node:
        current: Part | None = part
        for _ in range(MOST_REFERENCES):
            if current is None or not isinstance(current.schema, dict):
                break
            for name in ANNOTATIONS:
                if name in current.schema and name not in found:
                    found[name] = text_of(current.schema[name])
            current = current.source.follow(current.schema.get("$ref"))
    return found
