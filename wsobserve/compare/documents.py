"""Two sides in, all changes between them out: channels, kinds of message, schemas, and how to connect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsobserve.compare.changes import (
    BROKEN,
    SEVERITIES,
    Change,
    Comparison,
    Compatibility,
    Finding,
    Role,
    Severity,
    What,
    certainty_of,
    severity_of,
    together,
    who_breaks,
)
from wsobserve.compare.described import PLAIN, Channel, Described, Kind, Server
from wsobserve.compare.nodes import ANYTHING, Source
from wsobserve.compare.pairing import Pairing, address_key, pair_channels
from wsobserve.compare.schemas import SchemaWalk
from wsobserve.compare.words import SEPARATOR, field_path, printable, value_words
from wsobserve.records import CLIENT_TO_SERVER, Direction

MOST_CHANGES = 5_000

_OBJECT = Source({"type": "object"}).node()
_WAYS = {"client_to_server": "client to server", "server_to_client": "server to client"}


def compare(old: Described, new: Described) -> Comparison:
    """How the newer side differs from the older."""
    changes = _Comparing(new.traffic).compare(old, new)
    order = {
        change: (-SEVERITIES.index(change.severity), change.path, change.what, index) for index, change in enumerate(changes)
    }
    changes = sorted(order, key=order.__getitem__)
    return Comparison(
        old=printable(old.label, 200),
        new=printable(new.label, 200),
        compatibility=together(change.compatibility for change in changes),
        severity=max((change.severity for change in changes), key=SEVERITIES.index, default="none"),
        changes=tuple(changes[:MOST_CHANGES]),
        truncated=len(changes) > MOST_CHANGES or any(change.what is What.LIMIT_REACHED for change in changes),
    )


class _Comparing:
    def __init__(self, traffic: bool) -> None:
        self._traffic = traffic
        self._walk = SchemaWalk()
        self._pairing = Pairing(self._walk.alternatives)
        self._changes: list[Change] = []

    def compare(self, old: Described, new: Described) -> list[Change]:
        self._words(old.words, new.words, ())
        pairs, gone, came = pair_channels(old.channels, new.channels)
        for before, after in pairs:
            self._channel(before, after)
        for channel in gone:
            self._add(What.CHANNEL_REMOVED, "narrowing", (channel.address,), severity="breaking", who="clients that open it")
        for channel in came:
            self._add(What.CHANNEL_ADDED, "widening", (channel.address,), severity="safe", who="")
        if old.servers is not None and new.servers is not None:
            self._servers(old.servers, new.servers)
        return self._changes

    def _add(
        self,
        what: What,
        compatibility: Compatibility,
        steps: tuple[str, ...],
        *,
        pointer: str = "",
        old: str | None = None,
        new: str | None = None,
        reason: str = "",
        direction: Direction | None = None,
        kind: str | None = None,
        mild: bool = False,
        severity: Severity | None = None,
        who: str | None = None,
    ) -> None:
        roles: tuple[Role, ...] = BROKEN.get(compatibility, ()) if who != "" else ()
        self._changes.append(
            Change(
                path=SEPARATOR.join(printable(step, 200) for step in steps if step) or "the document",
                pointer=pointer,
                what=what,
                compatibility=compatibility,
                severity=severity_of(compatibility, direction, mild) if severity is None else severity,
                breaks=roles,
                who=who_breaks(roles, direction) if who is None else who,
                certainty=certainty_of(what, compatibility, self._traffic),
                old=old,
                new=new,
                reason=reason,
                channel=printable(steps[0], 200) if steps else None,
                kind=kind,
                direction=direction,
            )
        )

    def _words(self, old: Mapping[str, str], new: Mapping[str, str], steps: tuple[str, ...]) -> None:
        """Texts for people. Where a side has none at all it is not a side that has any."""
        changed = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
        if changed and old and new:
            said = [", ".join(name for name in changed if name in side) or None for side in (old, new)]
            self._add(What.DESCRIPTION_CHANGED, "documentation", steps, old=said[0], new=said[1])

    def _channel(self, old: Channel, new: Channel) -> None:
        steps = (new.address,)
        if old.address != new.address:
            moved = address_key(old.address) != address_key(new.address)
            compatibility: Compatibility = "incompatible" if moved else "documentation"
            self._add(
                What.CHANNEL_ADDRESS_CHANGED,
                compatibility,
                steps,
                old=printable(old.address, 200),
                new=printable(new.address, 200),
                severity="breaking" if moved else None,
                who="clients that open it" if moved else None,
            )
        self._words(old.words, new.words, steps)
        for name, before, after in (("query", old.query, new.query), ("headers", old.headers, new.headers)):
            if before is not None and after is not None and (before or after):
                found = self._walk.compare(before + _OBJECT, after + _OBJECT)
                self._findings(found, (*steps, name), CLIENT_TO_SERVER, None)
        self._bindings(old, new, steps)
        if old.security is not None and new.security is not None:
            self._security(old.security, new.security, steps)
        self._kinds(old, new, steps)

    def _bindings(self, old: Channel, new: Channel, steps: tuple[str, ...]) -> None:
        if old.bindings is not None and new.bindings is not None:
            for name in sorted(old.bindings.keys() | new.bindings.keys()):
                before, after = old.bindings.get(name), new.bindings.get(name)
                if before != after:
                    reason = f"what a change of the {printable(name)} binding does to clients is not known"
                    said = [None if text is None else printable(name) for text in (before, after)]
                    what = What.BINDING_CHANGED
                    direction = CLIENT_TO_SERVER
                    self._add(what, "incompatible", steps, old=said[0], new=said[1], reason=reason, direction=direction)
        if old.replies is None or new.replies is None:
            return
        for operation in sorted(old.replies.keys() | new.replies.keys()):
            answers = [side.get(operation) for side in (old.replies, new.replies)]
            if answers[0] != answers[1]:
                said = [None if names is None else printable(", ".join(sorted(names))) for names in answers]
                lost = answers[0] is not None and (answers[1] is None or not answers[0] <= answers[1])
                compatibility: Compatibility = "incompatible" if lost else "documentation"
                reason = "who waits for the answer of before may not get it" if lost else ""
                where = (*steps, operation)
                self._add(What.REPLY_CHANGED, compatibility, where, old=said[0], new=said[1], reason=reason)

    def _security(self, old: frozenset[str], new: frozenset[str], steps: tuple[str, ...]) -> None:
        """Each scheme is enough by itself, so one more is a widening; but the first one asks for what nobody had to show."""
        if old == new:
            return
        came, gone = sorted(new - old), sorted(old - new)
        said = ", ".join(gone) or None, ", ".join(came) or None
        if not old or not new:
            what = What.SECURITY_ADDED if new else What.SECURITY_REMOVED
            compatibility: Compatibility = "narrowing" if new else "widening"
        elif came and gone:
            what, compatibility = What.SECURITY_CHANGED, "incompatible"
        else:
            what, compatibility = (What.SECURITY_ADDED, "widening") if came else (What.SECURITY_REMOVED, "narrowing")
        self._add(what, compatibility, steps, old=said[0], new=said[1], direction=CLIENT_TO_SERVER)

    def _kinds(self, old: Channel, new: Channel, steps: tuple[str, ...]) -> None:
        if new.address == PLAIN and len(old.kinds) == len(new.kinds) == 1:
            self._kind(old.kinds[0], new.kinds[0], steps)  # two schemas were named, so these two are meant
            return
        pairs, gone, came = self._pairing.kinds(old.kinds, new.kinds)
        for before, after in pairs:
            self._kind(before, after, steps)
        for kind in gone:
            other = self._covering(kind, new.kinds)
            if other is None:
                self._add(What.KIND_REMOVED, "narrowing", (*steps, kind.label), **_about(kind), old=self._told(kind))
            else:
                said = printable(other.label)
                self._add(What.KIND_MERGED, "documentation", (*steps, kind.label), **_about(kind), new=f"part of {said}")
        for kind in came:
            other = self._covering(kind, old.kinds)
            if other is None:
                self._add(What.KIND_ADDED, "widening", (*steps, kind.label), **_about(kind), new=self._told(kind))
            else:
                said = printable(other.label)
                self._add(What.KIND_SPLIT, "documentation", (*steps, kind.label), **_about(kind), old=f"part of {said}")

    def _covering(self, kind: Kind, others: tuple[Kind, ...]) -> Kind | None:
        """The kind among these that accepts all that this one does, in its directions."""
        for other in others:
            if bool(kind.directions) != bool(other.directions) or not kind.directions <= other.directions:
                continue
            if self._walk.within(kind.node or (ANYTHING,), other.node or (ANYTHING,)):
                return other
        return None

    def _told(self, kind: Kind) -> str:
        """A kind in a few words: by its constants, else by its schema."""
        constants = self._pairing.constants(kind)
        if not constants:
            return self._walk.words(kind.node)
        return ", ".join(f"{printable(pointer)} = {value_words(text)}" for pointer, text in list(constants.items())[:3])

    def _kind(self, old: Kind, new: Kind, steps: tuple[str, ...]) -> None:
        where = (*steps, new.label)
        if old.id != new.id and (old.name, self._told(old)) != (new.name, self._told(new)):
            compatibility: Compatibility = "incompatible" if self._pairing.conflict(old, new) else "documentation"
            said = [f"{printable(kind.label)} ({self._told(kind)})" for kind in (old, new)]
            self._add(What.KIND_RENAMED, compatibility, where, **_about(new), old=said[0], new=said[1])
        if old.directions != new.directions and old.directions and new.directions:
            self._directions(old, new, where)
        self._words(old.words, new.words, where)
        direction = new.direction if new.directions else old.direction
        self._findings(self._walk.compare(old.node, new.node), where, direction, new.id)
        if old.headers or new.headers:
            found = self._walk.compare(old.headers + _OBJECT, new.headers + _OBJECT)
            self._findings(found, (*where, "headers"), direction, new.id)

    def _directions(self, old: Kind, new: Kind, where: tuple[str, ...]) -> None:
        before, after = old.directions, new.directions
        compatibility: Compatibility = "incompatible"
        if before < after:
            compatibility = "widening"
        elif after < before:
            compatibility = "narrowing"
        said = [" and ".join(_WAYS[way] for way in sorted(side)) for side in (before, after)]
        changed = before ^ after
        direction = next(iter(changed)) if len(changed) == 1 else None
        kind = new.id
        self._add(What.DIRECTION_CHANGED, compatibility, where, old=said[0], new=said[1], direction=direction, kind=kind)

    def _findings(self, found: list[Finding], where: tuple[str, ...], direction: Direction | None, kind: str | None) -> None:
        for finding in found:
            self._add(
                finding.what,
                finding.compatibility,
                (*where, field_path(finding.path)),
                pointer=finding.pointer,
                old=finding.old,
                new=finding.new,
                reason=finding.reason,
                mild=finding.mild,
                direction=direction,
                kind=kind,
            )

    def _servers(self, old: tuple[Server, ...], new: tuple[Server, ...]) -> None:
        before, after = {server.id: server for server in old}, {server.id: server for server in new}
        by_address = {server.address: server for server in new}
        taken = set()
        for identifier, server in before.items():
            other = after.get(identifier) or by_address.get(server.address)
            where = (f"server {identifier}",)
            if other is None:
                who = "clients that connect to it"
                self._add(What.SERVER_REMOVED, "narrowing", where, old=printable(server.address), severity="breaking", who=who)
                continue
            taken.add(other.id)
            said = [f"{printable(one.address)} ({printable(one.protocol or 'protocol unknown')})" for one in (server, other)]
            if said[0] != said[1]:
                who = "clients that connect to it"
                self._add(What.SERVER_CHANGED, "incompatible", where, old=said[0], new=said[1], severity="breaking", who=who)
            self._security(server.security, other.security, where)
            self._words(server.words, other.words, where)
        for identifier, server in after.items():
            if identifier not in taken:
                where = (f"server {identifier}",)
                self._add(What.SERVER_ADDED, "widening", where, new=printable(server.address), severity="safe", who="")


def _about(kind: Kind) -> dict[str, Any]:
    return {"direction": kind.direction, "kind": kind.id, "pointer": kind.node[0].pointer if kind.node else ""}
