"""Classes put together, who breaks by each direction, and what is inferred from absence."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest

from wsobserve.compare.changes import (
    CLASSES,
    Change,
    Comparison,
    Compatibility,
    What,
    certainty_of,
    severity_of,
    together,
    who_breaks,
)
from wsobserve.records import Direction


@pytest.mark.parametrize(
    ("direction", "compatibility", "severity"),
    [
        ("server_to_client", "widening", "breaking"),
        ("server_to_client", "narrowing", "safe"),
        ("client_to_server", "widening", "safe"),
        ("client_to_server", "narrowing", "breaking"),
        ("server_to_client", "incompatible", "breaking"),
        ("client_to_server", "incompatible", "breaking"),
        (None, "widening", "breaking"),
        (None, "narrowing", "breaking"),
        ("server_to_client", "documentation", "none"),
        (None, "identical", "none"),
    ],
)
def test_a_change_is_breaking_when_clients_may_break(
    direction: Direction | None, compatibility: Compatibility, severity: str
) -> None:
    assert severity_of(compatibility, direction) == severity


def test_a_mild_change_is_a_warning_where_it_would_be_breaking_and_no_more_where_it_would_not() -> None:
    assert severity_of("narrowing", "client_to_server", mild=True) == "warning"
    assert severity_of("narrowing", "server_to_client", mild=True) == "safe"
    assert severity_of("documentation", "client_to_server", mild=True) == "none"


def test_who_reads_and_who_writes_follows_from_the_direction() -> None:
    assert who_breaks(("readers",), "server_to_client") == "readers (clients)"
    assert who_breaks(("readers",), "client_to_server") == "readers (servers)"
    assert who_breaks(("readers", "writers"), "client_to_server") == "readers (servers) and writers (clients)"
    assert who_breaks(("writers",), None) == "writers"


def test_classes_together_do_not_depend_on_their_order_or_grouping() -> None:
    assert get_args(Compatibility) == CLASSES
    for one, two, three in itertools.product(CLASSES, repeat=3):
        assert together([one, two, three]) == together([three, together([two, one])])
    assert together([]) == "identical"
    assert together(["widening", "narrowing"]) == "incompatible"
    assert together(["documentation", "narrowing"]) == "narrowing"


def test_less_is_inferred_from_traffic_and_stated_by_a_document() -> None:
    assert certainty_of(What.MEMBER_REMOVED, "narrowing", traffic=True) == "inferred"
    assert certainty_of(What.MEMBER_REMOVED, "narrowing", traffic=False) == "observed"
    assert certainty_of(What.MEMBER_ADDED, "widening", traffic=True) == "observed"
    assert certainty_of(What.FIELD_REMOVED, "widening", traffic=True) == "inferred"
    assert certainty_of(What.FIELD_ADDED, "narrowing", traffic=True) == "observed"


def test_a_comparison_counts_by_severity() -> None:
    change = Change(
        path="a",
        pointer="",
        what=What.TYPE_CHANGED,
        compatibility="incompatible",
        severity="breaking",
        breaks=("readers",),
        who="readers",
        certainty="observed",
    )
    comparison = Comparison(old="a", new="b", compatibility="incompatible", severity="breaking", changes=(change, change))
    assert (comparison.count("breaking"), comparison.count("safe")) == (2, 0)
