"""Bodies of binary formats as JSON has them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from wsobserve.contract.plain import plain


def test_what_json_has_stays() -> None:
    body: dict[str, object] = {"a": [None, True, 1, 1.5, "x", {"b": []}]}
    assert plain(body) == body


def test_what_json_has_not_becomes_what_it_has() -> None:
    assert plain({1: b"\x00\xff", None: (1,)}) == {"1": "AP8=", "None": [1]}
    assert plain(datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2025-01-02T03:04:05Z"
    assert plain(msgspec.msgpack.Ext(4, b"\x01")) == "AQ=="
    assert plain(object()) is None


def test_too_deep_is_an_error() -> None:
    body: object = 1
    for _ in range(300):
        body = [body]
    with pytest.raises(ValueError, match="too deeply"):
        plain(body)
