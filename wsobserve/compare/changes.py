"""What a comparison gives: changes, each with its class, who breaks by it, and how certain it is.

A schema is a set of messages, so every change is one of five classes: `identical`, `documentation` (the same messages,
other words), `widening` (what was allowed still is, and more), `narrowing` (less is allowed, nothing new) and
`incompatible` (neither, or it cannot be decided; then `reason` says what could not be). There is no sixth.

Who breaks follows. Whoever reads by the old schema breaks by a widening, whoever writes by it by a narrowing. Messages
from the server are read by clients, messages to it by the server; and as a service can change its own side along with
the schema but not its clients, a change is `breaking` when clients break that keep to the old schema.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Literal, NamedTuple

from wsobserve.records import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Direction, Record

Compatibility = Literal["identical", "documentation", "widening", "narrowing", "incompatible"]
Severity = Literal["none", "safe", "warning", "breaking"]
Certainty = Literal["observed", "inferred"]
Role = Literal["readers", "writers"]


class What(enum.StrEnum):
    """What has changed."""

    # fields of an object
    FIELD_ADDED = "field_added"
    FIELD_REMOVED = "field_removed"
    FIELD_BECAME_REQUIRED = "field_became_required"
    FIELD_BECAME_OPTIONAL = "field_became_optional"
    OTHER_FIELDS_ALLOWED = "other_fields_allowed"
    OTHER_FIELDS_REFUSED = "other_fields_refused"
    FIELD_PATTERNS_CHANGED = "field_patterns_changed"
    FIELD_DEPENDENCY_CHANGED = "field_dependency_changed"
    # types and alternatives
    TYPE_ADDED = "type_added"
    TYPE_REMOVED = "type_removed"
    TYPE_CHANGED = "type_changed"
    NULL_ALLOWED = "null_allowed"
    NULL_REFUSED = "null_refused"
    ALTERNATIVE_ADDED = "alternative_added"
    ALTERNATIVE_REMOVED = "alternative_removed"
    ALTERNATIVES_CHANGED = "alternatives_changed"
    # values
    MEMBER_ADDED = "member_added"
    MEMBER_REMOVED = "member_removed"
    CONSTANT_CHANGED = "constant_changed"
    ENUMERATION_OPENED = "enumeration_opened"
    ENUMERATION_CLOSED = "enumeration_closed"
    RANGE_WIDENED = "range_widened"
    RANGE_NARROWED = "range_narrowed"
    MULTIPLE_CHANGED = "multiple_changed"
    FORMAT_ADDED = "format_added"
    FORMAT_REMOVED = "format_removed"
    FORMAT_CHANGED = "format_changed"
    PATTERN_ADDED = "pattern_added"
    PATTERN_REMOVED = "pattern_removed"
    PATTERN_CHANGED = "pattern_changed"
    LENGTH_WIDENED = "length_widened"
    LENGTH_NARROWED = "length_narrowed"
    # arrays
    COUNT_WIDENED = "count_widened"
    COUNT_NARROWED = "count_narrowed"
    UNIQUENESS_CHANGED = "uniqueness_changed"
    CONTAINED_CHANGED = "contained_changed"
    # logic
    EXCLUSION_CHANGED = "exclusion_changed"
    CONDITION_CHANGED = "condition_changed"
    RULE_CHANGED = "rule_changed"  # a rule that is only compared as a whole
    LIMIT_REACHED = "limit_reached"
    # words
    DESCRIPTION_CHANGED = "description_changed"
    # documents
    KIND_ADDED = "kind_added"
    KIND_REMOVED = "kind_removed"
    KIND_RENAMED = "kind_renamed"
    KIND_MERGED = "kind_merged"
    KIND_SPLIT = "kind_split"
    DIRECTION_CHANGED = "direction_changed"
    CHANNEL_ADDED = "channel_added"
    CHANNEL_REMOVED = "channel_removed"
    CHANNEL_ADDRESS_CHANGED = "channel_address_changed"
    REPLY_CHANGED = "reply_changed"
    BINDING_CHANGED = "binding_changed"
    SECURITY_ADDED = "security_added"
    SECURITY_REMOVED = "security_removed"
    SECURITY_CHANGED = "security_changed"
    SERVER_ADDED = "server_added"
    SERVER_REMOVED = "server_removed"
    SERVER_CHANGED = "server_changed"


class Finding(NamedTuple):
    """A difference within one schema, before it is known in which direction its messages go.

    `mild`: it breaks only who uses what the old schema allowed but did not describe.
    """

    what: What
    compatibility: Compatibility
    path: tuple[str, ...]
    pointer: str
    old: str | None = None
    new: str | None = None
    reason: str = ""
    mild: bool = False


class Change(Record, frozen=True, kw_only=True, rename={"compatibility": "class"}):
    """One change. `old` and `new` are words: no payload is in them, and what looks like a secret is left out.

    `pointer`: the JSON pointer (RFC 6901) of the schema that changed, within the newer document; of what is gone, within
    the older one. `certainty`: `observed`, the newer side shows it; `inferred`, it is concluded from what the newer traffic
    did not show, and more traffic may take it back.
    """

    path: str  # `/rooms/{id} · message · price`
    pointer: str
    what: What
    compatibility: Compatibility
    severity: Severity
    breaks: tuple[Role, ...]  # those of them that keep to the old schema
    who: str  # the same in words: `readers (clients)`
    certainty: Certainty
    old: str | None = None
    new: str | None = None
    reason: str = ""
    channel: str | None = None
    kind: str | None = None
    direction: Direction | None = None


class Comparison(Record, frozen=True, kw_only=True):
    """All changes from an older to a newer side, those that break most first."""

    old: str
    new: str
    compatibility: Compatibility
    severity: Severity
    changes: tuple[Change, ...]
    truncated: bool = False  # there are more changes than are listed

    def count(self, severity: Severity) -> int:
        """How many of the changes are this severe."""
        return sum(change.severity == severity for change in self.changes)


SEVERITIES: tuple[Severity, ...] = ("none", "safe", "warning", "breaking")
CLASSES: tuple[Compatibility, ...] = ("identical", "documentation", "widening", "narrowing", "incompatible")
BROKEN: dict[Compatibility, tuple[Role, ...]] = {
    "widening": ("readers",),
    "narrowing": ("writers",),
    "incompatible": ("readers", "writers"),
}
PARTIES: dict[tuple[Role, Direction], str] = {
    ("readers", SERVER_TO_CLIENT): "clients",
    ("writers", SERVER_TO_CLIENT): "servers",
    ("readers", CLIENT_TO_SERVER): "servers",
    ("writers", CLIENT_TO_SERVER): "clients",
}
# That less is allowed is a conclusion from what was not seen, but for these.
NARROWED_BY_SIGHT = frozenset((What.FIELD_ADDED, What.SECURITY_ADDED, What.DIRECTION_CHANGED))
# And these are conclusions of that kind, whatever their class.
FROM_ABSENCE = frozenset(
    (What.FIELD_REMOVED, What.KIND_REMOVED, What.CHANNEL_REMOVED, What.SERVER_REMOVED, What.SECURITY_REMOVED)
)


def together(classes: Iterable[Compatibility]) -> Compatibility:
    """The class of several changes made at once: a widening and a narrowing together are neither."""
    found = set(classes)
    if "incompatible" in found or {"widening", "narrowing"} <= found:
        return "incompatible"
    for compatibility in reversed(CLASSES):
        if compatibility in found:
            return compatibility
    return "identical"


def who_breaks(roles: tuple[Role, ...], direction: Direction | None) -> str:
    """The roles in words, with who plays them where the direction says it."""
    if direction is None:
        return " and ".join(roles)
    return " and ".join(f"{role} ({PARTIES[role, direction]})" for role in roles)


def severity_of(compatibility: Compatibility, direction: Direction | None, mild: bool = False) -> Severity:
    """How bad a change of this class is for clients that keep to the old schema."""
    roles = BROKEN.get(compatibility, ())
    if not roles:
        return "none"
    if direction is not None and all(PARTIES[role, direction] != "clients" for role in roles):
        return "safe"
    return "warning" if mild else "breaking"


def certainty_of(what: What, compatibility: Compatibility, traffic: bool) -> Certainty:
    """`traffic`: the newer side is what was seen; a document states what it leaves out, traffic does not."""
    absent = what in FROM_ABSENCE or (compatibility == "narrowing" and what not in NARROWED_BY_SIGHT)
    return "inferred" if traffic and absent else "observed"
