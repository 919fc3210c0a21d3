"""What the comparisons of one type need of the comparison as a whole: the way down, and a quiet look at two schemas."""

from __future__ import annotations

from typing import Protocol

from wsobserve.compare.alternatives import Alternatives
from wsobserve.compare.changes import Compatibility, Finding
from wsobserve.compare.nodes import Node

Path = tuple[str, ...]


class Walker(Protocol):
    """Goes down two schemas side by side."""

    alternatives: Alternatives

    def walk(self, old: Node, new: Node, path: Path) -> list[Finding]:
        """The differences between two schemas and below, for a place where a wider schema means a wider whole."""

    def classify(self, old: Node, new: Node) -> Compatibility:
        """The class of the difference between two schemas, without saying where it is."""

    def words(self, node: Node) -> str:
        """What a schema allows, in a few words."""


def place(new: Node, old: Node = (), otherwise: str = "") -> str:
    """The pointer to say of a difference: into the newer document, or the older one for what is gone."""
    node = new or old
    return node[0].pointer if node else otherwise
