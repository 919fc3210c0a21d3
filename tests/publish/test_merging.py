"""What several said of the same structure, said once: counts add up, and nothing is claimed that only some said."""

from __future__ import annotations

from typing import Any

from wsobserve.publish.merging import merged, merged_annotations, merged_presence
from wsobserve.publish.structure import digest_of, subschemas


def constraints(schema: dict[str, Any]) -> str:
    return digest_of(schema, [(step, constraints(inner)) for step, inner in subschemas(schema)])


def test_counts_add_up_by_type() -> None:
    one = {"type": ["null", "string"], "x-wsobserve-count": 3, "x-wsobserve-types": {"null": 1, "string": 2}}
    other = {"type": ["null", "string"], "x-wsobserve-count": 5, "x-wsobserve-types": {"string": 5}}
    made = merged([one, other], constraints)
    assert made == {"type": ["null", "string"], "x-wsobserve-count": 8, "x-wsobserve-types": {"null": 1, "string": 7}}


def test_a_format_that_only_some_had_is_not_claimed_and_the_least_confidence_counts() -> None:
    said = [
        {"x-wsobserve-format": "hex", "x-wsobserve-confidence": 0.9, "x-wsobserve-truncated": True},
        {"x-wsobserve-format": "ulid", "x-wsobserve-confidence": 0.8},
    ]
    assert merged_annotations({}, said) == {"x-wsobserve-confidence": 0.8, "x-wsobserve-truncated": True}
    assert merged_annotations({}, [said[0], {}]) == {"x-wsobserve-truncated": True}
    assert merged_annotations({}, [said[0], said[0]])["x-wsobserve-format"] == "hex"


def test_alternatives_are_matched_by_what_they_constrain() -> None:
    one = {"anyOf": [{"type": "string", "x-wsobserve-count": 1}, {"type": "integer", "x-wsobserve-count": 10}]}
    other = {"anyOf": [{"type": "integer", "x-wsobserve-count": 20}, {"type": "string", "x-wsobserve-count": 2}]}
    assert merged([one, other], constraints)["anyOf"] == [
        {"type": "string", "x-wsobserve-count": 3},
        {"type": "integer", "x-wsobserve-count": 30},
    ]


def seen(count: int, presence: float | None = None) -> dict[str, Any]:
    return {"x-wsobserve-count": count} | ({} if presence is None else {"x-wsobserve-presence": presence})


def test_presence_is_the_share_of_all_objects() -> None:
    assert merged_presence([{"x-wsobserve-presence": 1.0}, {}], [5, 5]) == 1.0
    assert merged_presence([seen(1, 0.5), seen(8, 1.0)], [2, 8]) == 0.9
    assert merged_presence([{"x-wsobserve-presence": 0.5}, {"x-wsobserve-presence": 1.0}], [2, 8]) == 0.9
    assert merged_presence([{"x-wsobserve-presence": 0.5}, {}], [0, 0]) == 0.5
    assert merged_presence([seen(10**6), seen(10**6 - 1, 0.9999)], [10**6, 10**6]) == 0.9999
