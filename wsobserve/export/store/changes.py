"""Two versions of a schema in, the classified changes between them out, as rows."""

from __future__ import annotations

from typing import Any

from wsobserve.records import Direction


def changes_between(old: dict[str, Any], new: dict[str, Any], direction: Direction | None) -> list[dict[str, Any]]:
    return []
