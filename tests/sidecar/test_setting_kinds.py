"""Kinds of setting: text and what TOML has come to the same value, and everything else is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.sidecar.setting_kinds import (
    ADDRESS,
    ATTRIBUTES,
    DURATION,
    PORTS,
    SHARE,
    SIZE,
    SWITCH,
    TEXT,
    TEXTS,
    WHOLE,
    Kind,
    choice,
)

pytestmark = pytest.mark.build_independent

KINDS = [TEXT, WHOLE, SIZE, DURATION, SHARE, SWITCH, ADDRESS, TEXTS, PORTS, ATTRIBUTES, choice("a", "b")]


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        (TEXT, "eth0", "eth0"),
        (WHOLE, "4", 4),
        (WHOLE, 4, 4),
        (SIZE, "64KiB", 65536),
        (SIZE, 65536, 65536),
        (DURATION, "5m", 300.0),
        (DURATION, 2, 2.0),
        (SHARE, "1%", 0.01),
        (SHARE, 0.01, 0.01),
        (SWITCH, True, True),
        (SWITCH, "No", False),
        (SWITCH, "1", True),
        (ADDRESS, "off", "off"),
        (TEXTS, "eth0, eth1", ("eth0", "eth1")),
        (TEXTS, ["a,b"], ("a,b",)),
        (PORTS, "8080, 9000-9100", ("8080", "9000-9100")),
        (PORTS, [8080, "9000-9100", "1,2"], ("8080", "9000-9100", "1", "2")),
        (PORTS, 80, ("80",)),
        (PORTS, "080", ("80",)),
        (ATTRIBUTES, "team=web,tier=1", {"team": "web", "tier": "1"}),
        (ATTRIBUTES, ["a=b=c", "d=,"], {"a": "b=c", "d": ","}),
        (ATTRIBUTES, {"k8s.pod.name": "chat-0"}, {"k8s.pod.name": "chat-0"}),
        (choice("a", "b"), "b", "b"),
    ],
)
def test_values(kind: Kind, given: object, value: Any) -> None:
    assert kind.parse(given) == value
    assert type(kind.parse(given)) is type(value)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (TEXT, ""),
        (TEXT, 5),
        (TEXT, "two\nlines"),
        (WHOLE, True),
        (WHOLE, "4.0"),
        (WHOLE, 4.0),
        (SIZE, 1.5),
        (SIZE, False),
        (DURATION, "soon"),
        (DURATION, True),
        (SWITCH, 1),
        (SWITCH, "maybe"),
        (ADDRESS, 9464),
        (TEXTS, "a,,b"),
        (TEXTS, [1]),
        (TEXTS, {"a": "b"}),
        (PORTS, "0"),
        (PORTS, "65536"),
        (PORTS, "90-80"),
        (PORTS, "http"),
        (PORTS, [True]),
        (PORTS, "1-2-3"),
        (ATTRIBUTES, "team"),
        (ATTRIBUTES, "=web"),
        (ATTRIBUTES, {"team": 5}),
        (ATTRIBUTES, {"two words": "x"}),
        (choice("a", "b"), "c"),
        (choice("a", "b"), ["a"]),
    ],
)
def test_what_is_refused(kind: Kind, given: object) -> None:
    with pytest.raises(ValueError):
        kind.parse(given)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(KINDS), anything)
def test_whatever_is_given_there_is_a_value_or_a_refusal(kind: Kind, given: object) -> None:
    try:
        value = kind.parse(given)
    except ValueError:
        return
    if kind not in (TEXTS, ATTRIBUTES) and value != () and not isinstance(value, float):  # the first two may hold commas
        assert kind.parse(kind.show(value)) == value
