"""When what a run has learned of a kind of message becomes a version of its schema, and which schema that is.

In the table `kinds` stands the draft: what the inference of a run knows now. A version is published from it:

1. When the run ends. While it lasts, only when the draft is settled: the inference is sure of it, and at `SETTLED_LOOKS`
   looks in a row, one every `LOOK_NS` at most, it was the same and rested on more messages each time. With each version
   that a run publishes of a kind, the number of looks doubles, so that not even a kind which never settles floods the store.
2. The first draft of a kind is its version 1, as it is.
3. A draft that says the same as the latest version is none; counts and other annotations say nothing.
4. When the messages of the run contradict the latest version (a type, a field, a member of an enumeration more; a field
   that was required missing), the next version is the union of both: it holds for what either was made from. Where the
   draft merely does not say what the version says (no enumeration, no format, not closed), a draft that is sure takes it
   back, and one that is not leaves it (see schema/union.py).
5. That a run saw less is no news: a small sample has fewer fields, types and members. Less becomes the next version when the
   evidence is strong: the draft is sure, rests on at least as many messages as all that are known to stand behind the
   latest version, in whichever run, and they reach beyond those in time. Then the draft is the next version, as it is.
   Bounds of numbers alone are estimates that differ from sample to sample, and never reason enough.

*Sure*: `confidence`, the chance that the next message fits, is known and at least `SURE`. So versions only grow until
something has really changed, two kinds of traffic that take turns end in their union, and the same traffic again publishes
nothing.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from wsobserve.config import SECOND_NS
from wsobserve.records import MessageKind, Snapshot
from wsobserve.schema.constraining import Schema, digest, without_bounds, without_counts
from wsobserve.schema.union import union

SURE = 0.99
LOOK_NS = 10 * SECOND_NS
SETTLED_LOOKS = 6

Basis = Literal["first", "wider", "united", "replaced"]


class Evidence(NamedTuple):
    """What other runs than this one have shown of the latest version."""

    messages: int
    last_ns: int


class Publication(NamedTuple):
    """The next version. `basis`: the `first`; the draft, which has room for the latest version (`wider`) or takes its place
    on strong evidence (`replaced`); or both `united`."""

    json_schema: Schema
    digest: str
    basis: Basis


def is_sure(kind: MessageKind) -> bool:
    """Whether the inference has seen enough of the kind."""
    return kind.confidence is not None and kind.confidence >= SURE


def first_publication(kind: MessageKind) -> Publication:
    """Version 1."""
    return _publication(kind.json_schema, "first")


def next_publication(kind: MessageKind, latest: Schema, evidence: Evidence) -> Publication | None:
    """What follows the latest version; None: it stays the latest."""
    if digest(kind.json_schema) == digest(latest):
        return None
    sure = is_sure(kind)
    strong = sure and kind.messages >= evidence.messages and kind.last_ns >= evidence.last_ns
    united = union(latest, kind.json_schema, sure=sure)
    if digest(united) == digest(union(kind.json_schema, kind.json_schema)):
        return _publication(kind.json_schema, "wider")
    if strong and digest(without_bounds(kind.json_schema)) != digest(without_bounds(latest)):
        return _publication(kind.json_schema, "replaced")
    if digest(united) == digest(union(latest, latest)):
        return None
    return _publication(united, "united")


def _publication(schema: dict[str, Any], basis: Basis) -> Publication:
    return Publication(without_counts(schema), digest(schema), basis)


class _Look(NamedTuple):
    digest: str
    looks: int  # at which it was the same
    messages: int
    time_ns: int
    published: int  # versions of the kind, by this run


class Settling:
    """Which drafts of a run are settled. `copy` it before a transaction, and go back to the copy when that fails."""

    def __init__(self) -> None:
        self._looks: dict[str, _Look] = {}

    def copy(self) -> Settling:
        other = Settling()
        other._looks = self._looks.copy()
        return other

    def due(self, snapshot: Snapshot) -> list[MessageKind]:
        """The kinds whose drafts are to be looked at for publication now."""
        if snapshot.final:
            return [kind for kind in snapshot.kinds if kind.messages]
        present = {kind.id for kind in snapshot.kinds}
        self._looks = {key: look for key, look in self._looks.items() if key in present}
        return [kind for kind in snapshot.kinds if is_sure(kind) and self._settled(kind, snapshot.time_ns)]

    def published(self, kind: MessageKind) -> None:
        """The draft of the kind has become a version."""
        look = self._looks.get(kind.id)
        if look is not None:
            self._looks[kind.id] = look._replace(published=look.published + 1)

    def _settled(self, kind: MessageKind, time_ns: int) -> bool:
        """True when the draft has just settled; once more when it stayed the same for as long as the next version takes."""
        before = self._looks.get(kind.id)
        if before is not None and (time_ns - before.time_ns < LOOK_NS or kind.messages <= before.messages):
            return False
        now = digest(kind.json_schema)
        looks = before.looks + 1 if before is not None and before.digest == now else 1
        published = before.published if before is not None else 0
        self._looks[kind.id] = _Look(now, looks, kind.messages, time_ns, published)
        return looks == SETTLED_LOOKS << published
