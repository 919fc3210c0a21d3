"""The messages of a contract that may come on one channel in one direction, and which of them a payload was meant to be.

`Shown` is what traffic has shown of one message of the contract; the plans of all channels share them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from wsobserve.contract.dispatch import ABSENT, Dispatch, unlike, value_at
from wsobserve.contract.facts import Facts
from wsobserve.contract.outline import Unseen
from wsobserve.contract.sources import pointer_token
from wsobserve.contract.verdict import Fault, Verdict
from wsobserve.records import Direction

MOST_TRIED = 64  # messages whose faults are looked at, to find the one that was meant


class Shown:
    """What traffic has shown of one message."""

    __slots__ = ("directions", "fits", "seen", "unseen", "verdict", "violating")

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.fits = verdict.fits
        self.directions: dict[Direction | None, int] = {}  # messages that fit
        self.violating = 0
        self.seen: set[int] = set()  # points of the outline
        self.unseen: Unseen | None = None
        self.look_again()

    def look_again(self) -> None:
        """What is waited for follows from what was seen."""
        unseen = Unseen(self.verdict.outline, self.seen)
        self.unseen = unseen if unseen.left() else None

    def show(self, payload: object, direction: Direction | None) -> None:
        """A payload that fits."""
        directions = self.directions
        directions[direction] = directions.get(direction, 0) + 1
        unseen = self.unseen
        if unseen is not None:
            before = len(self.seen)
            unseen.look(payload, self.seen)
            if len(self.seen) != before and not unseen.left():
                self.unseen = None

    @property
    def messages(self) -> int:
        """How many fit."""
        return sum(self.directions.values())

    def merge(self, other: Shown) -> None:
        """Take over what the other was shown; it stays as it is."""
        for direction, messages in other.directions.items():
            self.directions[direction] = self.directions.get(direction, 0) + messages
        self.violating += other.violating
        self.seen |= other.seen
        self.look_again()


class Plan:
    """What may come on a channel in a direction.

    `certain`: the contract speaks about this channel; else (its address is not known) a payload that fits nothing may be
    something else. `opposite`: messages that only go the other way.
    """

    __slots__ = ("_dispatch", "_named", "binary", "certain", "opposite", "spoken_of", "structured", "texts")

    def __init__(self, shown: Sequence[Shown], opposite: Sequence[Shown], *, certain: bool) -> None:
        # Those that take any payload come last.
        ordered = sorted(shown, key=lambda each: each.verdict.anything)
        self.structured = [each for each in ordered if each.verdict.message.media == "json"]
        self.texts = [each for each in ordered if each.verdict.message.media == "text"]
        self.binary = [each for each in ordered if each.verdict.message.media == "binary"]
        # One that takes nearly anything proves nothing.
        self.opposite = [each for each in opposite if _is_particular(each.verdict.facts)]
        self.certain = certain
        self.spoken_of = bool(shown or opposite)
        self._named: dict[str, dict[object, list[Shown]]] = {}  # by AsyncAPI's `discriminator`, and its value
        for each in self.structured:
            if each.verdict.named is not None:
                key, value = each.verdict.named
                self._named.setdefault(key, {}).setdefault(value, []).append(each)
        self._dispatch = Dispatch([each.verdict.facts for each in self.structured])

    def fitting(self, payload: object) -> Shown | None:
        """The first message that this payload fits. ValueError when it cannot be judged."""
        if self._named:
            named = self._by_name(payload)
            if named is not None:
                return next((each for each in named if each.fits(payload)), None)
        structured = self.structured
        for number in self._dispatch.candidates(payload):
            shown = structured[number]
            if shown.fits(payload):
                return shown
        return None

    def _by_name(self, payload: object) -> list[Shown] | None:
        """The messages of the schema that a payload names; None when it names none of them."""
        if isinstance(payload, dict):
            for key, messages in self._named.items():
                value = payload.get(key)
                if isinstance(value, str) and value in messages:
                    return messages[value]
        return None

    def affirmed(self, shown: Shown, payload: object) -> bool:
        """Whether a value that tells messages apart says that this one was meant."""
        facts = shown.verdict.facts
        return any(
            path in facts
            and facts[path].values is not None
            and value_at(payload, path) is not ABSENT
            and unlike(facts, payload, path) == 0
            for path in self._dispatch.telling
        )

    def meant(self, payload: object, most: int) -> tuple[Shown | None, list[Fault]]:
        """What a payload that fits nothing was meant to be, and its first faults, `most` at most. None: nobody knows."""
        named = self._by_name(payload)
        if named is not None and len(named) == 1:
            return named[0], list(dict.fromkeys(islice(named[0].verdict.faults(payload), most)))
        told = self._dispatch.telling
        against = [[unlike(each.verdict.facts, payload, path) for path in told] for each in self.structured]
        least = min(map(sum, against))
        # One that lacks what tells it apart is as likely as one that nothing tells apart.
        likely = [number for number, each in enumerate(against) if sum(each) <= max(least, 1)]
        if least >= 2 and len(likely) > 1:
            wrong = [path for path, how in zip(told, against[likely[0]], strict=True) if how == 2]
            if wrong:
                return None, [Fault("".join(f"/{pointer_token(key)}" for key in wrong[-1]), "discriminator", "")]
        tried: list[tuple[int, int, list[Fault]]] = []
        for number in likely[:MOST_TRIED]:
            faults = list(dict.fromkeys(islice(self.structured[number].verdict.faults(payload), most)))
            tried.append((len(faults), number, faults))
        tried.sort(key=lambda each: each[:2])
        fewest, number, faults = tried[0]
        as_likely = [each[2] for each in tried if each[0] == fewest]
        if len(as_likely) == 1 and faults:
            return self.structured[number], faults
        # Nobody knows which one was meant; but they may all say that the same is wrong.
        common = {(fault.path, fault.keyword) for fault in faults}
        if faults and all(common == {(fault.path, fault.keyword) for fault in each} for each in as_likely):
            return None, [Fault(path, keyword, "") for path, keyword in sorted(common)]
        return None, [Fault("", "message", "")]


def _is_particular(facts: Facts) -> bool:
    """Whether a schema asks for more than a type."""
    return any(fact.required or fact.values is not None for path, fact in facts.items() if path)
