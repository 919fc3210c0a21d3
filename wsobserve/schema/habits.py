"""What records of one service are like: how many properties may be left out, from those that were seen often.

A kind that was seen twice says little of itself. Its siblings, seen often, say how this service writes: whether nearly
all properties are always there, or many come and go. That is the prior for judging the rare ones (empirical Bayes).
"""

from __future__ import annotations

OFTEN = 10.0  # objects of a record that may serve as an example
# What is believed before anything was seen, and how many properties, or records, that counts for.
REQUIRED, REQUIRED_COUNTS = 0.7, 8.0
OPTIONALS, OPTIONALS_COUNT = 1.5, 2.0

LEAST = 3.0  # objects, before anything is said of what none of them shows
LIKELY_REQUIRED = 0.85
NEW_PROPERTY_RARELY = 0.08  # chance that the next object of a rare kind has a property that nobody has seen
NEW_PROPERTY = 0.02  # of one seen often
SEEN_OFTEN = 50.0


class Habits:
    """Counts over records; what follows from them for one of which little is known."""

    def __init__(self) -> None:
        self._properties = 0
        self._always = 0
        self._records = 0
        self._optionals = 0

    def note(self, objects: float, properties: int, always: int) -> None:
        """A record of so many objects has so many properties, of which so many were always there."""
        if objects >= OFTEN:
            self._records += 1
            self._properties += properties
            self._always += always
            self._optionals += properties - always

    def is_required(self, objects: float) -> bool:
        """Whether a property that was in all of so many objects is always there."""
        if objects < LEAST:
            return False
        prior = (self._always + REQUIRED * REQUIRED_COUNTS) / (self._properties + REQUIRED_COUNTS)
        # An optional one, its presence equally likely to be anything, is in all of them with 1 / (n + 1).
        return prior / (prior + (1 - prior) / (objects + 1)) >= LIKELY_REQUIRED

    def is_closed(self, objects: float, once: int) -> bool:
        """Whether the next object has no new property; `once`: of those known, how many came in one object only."""
        optionals = (self._optionals + OPTIONALS * OPTIONALS_COUNT) / (self._records + OPTIONALS_COUNT)
        unseen = optionals / ((objects + 1) * (objects + 2))
        if objects < LEAST:
            return False
        # Good and Turing: the share of observations that were of something for the first and only time.
        likely = max(once / objects, unseen)
        return likely <= (NEW_PROPERTY if objects >= SEEN_OFTEN else NEW_PROPERTY_RARELY)
