"""One channel; its messages in, in their order, and what about them is not as it was out.

Which kinds there are is worked out from the sample when the channel has 256 messages, and again whenever there are twice as
many: so it costs as much as so many inferences as a number has bits. What is known of the kinds stays as long as these are
the same ones; when others came up, it is learnt anew from the sample.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from wsobserve.records import ChangeName
from wsobserve.redaction import looks_like_identifier
from wsobserve.schema.drift_claims import outline
from wsobserve.schema.drift_form import Form, Forms, form_of, forms_of
from wsobserve.schema.drift_kind import Change, KindWatch, counted_fields, every_place, places_in
from wsobserve.schema.drift_place import Budget, is_settled
from wsobserve.schema.drift_shares import LEVEL, Mix, Share, Shift
from wsobserve.schema.drift_statistics import significant
from wsobserve.schema.kind_tree import (
    ABSENT,
    CODES,
    DIRECTION,
    LONGEST_CONSTANT,
    Leaf,
    Path,
    Split,
    Token,
    Tree,
    followed,
    leaves_of,
)
from wsobserve.schema.kinds import ChannelSchema, Rule, channel_schema, kind_identifier, pointer
from wsobserve.schema.sample import MessageSample

FIRST = 256  # messages, before anything is told
EVERY = 256  # messages between looks at the shares
MOST_TOLD = 4_096  # changes of one channel
MOST_UNKNOWN = 256  # kinds that are not known, and are told apart

# What was seen once may be anybody's: its name is told only if it cannot well be a secret.
WORD = re.compile(r"[A-Za-z][A-Za-z_.:/ -]{0,31}")

Unknown = tuple[Path, Token]
# Works out the kinds of a channel; None: somebody does so elsewhere, and has them when asked again.
Infer: TypeAlias = "Callable[[str, MessageSample], ChannelSchema | None]"
NOTHING: Token = ("type", ABSENT)


class Told(NamedTuple):
    """A change of a kind. `chance`: of it if nothing had changed; None: certain."""

    identifier: str
    name: str | None
    change: ChangeName
    path: str
    detail: str
    chance: float | None = None


class ChannelWatch:
    """The kinds of one channel, and how often they come."""

    def __init__(self, channel: str, budget: Budget, deepest: int, infer: Infer = channel_schema) -> None:
        self.messages = 0
        self.version = 0  # counts how often the kinds were worked out
        self.stop = FIRST  # the message that is looked into in any case: something is due then
        self._active: list[Form] = []  # with messages that are pending
        self._channel = channel
        self._budget = budget
        self._deepest = deepest
        self._infer = infer
        self._asked_at = FIRST  # messages, when the kinds were to be worked out
        self._due = FIRST
        self._rule: Rule | None = None
        self._kinds: dict[str, KindWatch] = {}
        self._outlines: dict[str, object] = {}
        self._unknown: dict[Unknown, bool] = {}  # whether it was told
        self._grown_at: dict[Path | str, int] = {}  # messages at a question, when an answer to it was new and not told
        self._absent: dict[str, set[str]] = {}  # by kind: what it is told by not having, and what is around that
        self._told: set[tuple[str, str, str, str]] = set()  # kind, change, path and which; of the certain ones
        self._shares: dict[tuple[str, int], Share] = {}  # by number of the place; 0: of the kind
        self._mix: Mix | None = None

    def see(self, body: object, direction: str, sample: MessageSample) -> list[Told]:
        """What this message shows, which is in the sample already if it came into it."""
        self.messages += 1
        self._settle()
        told: list[Told] = []
        if self._rule is not None:
            told = self._kind(self._rule, body, direction)
            if self.messages % EVERY == 0:
                told += self._look()
        if self.messages >= self._due:
            known = self._infer(self._channel, sample)
            if known is None:
                self._due = self.messages + EVERY  # it is not done yet
            else:
                self._asked_at *= 2
                while self._asked_at <= self.messages:
                    self._asked_at *= 2
                self._due = self._asked_at
                self._learn(known, sample)
        self.stop = min(self._due, (self.messages // EVERY + 1) * EVERY)
        return told

    def is_due(self) -> bool:
        """Whether the kinds are worked out behind the next message."""
        return self.messages + 1 >= self._due

    def forms(self, structure: object) -> Forms | None:
        """For messages of this structure; None when they have to be looked into one by one."""
        if self._rule is None or self._rule.objects is None or not isinstance(structure, dict):
            return None
        return forms_of(self, self._rule.objects[0], structure)

    def form(self, body: object, direction: str, structure: object) -> Form | None:
        """For messages like this one, which was looked into last."""
        identifier = None if self._rule is None else self._rule.kind(body, direction)
        if identifier is None or _has_nothing_of(self._kinds[identifier], body):
            return None
        return form_of(self._kinds[identifier], structure)

    def count(self, form: Form) -> None:
        """One more message of a form, with nothing new in it."""
        self.messages += 1
        if not form.pending:
            self._active.append(form)
        form.pending += 1

    def _settle(self) -> None:
        for form in self._active:
            form.settle()
        self._active.clear()

    def _kind(self, rule: Rule, body: object, direction: str) -> list[Told]:
        identifier = rule.kind(body, direction)
        kind = None if identifier is None else self._kinds[identifier]
        if kind is None or _has_nothing_of(kind, body):
            return self._unknown_kind(rule, body, direction)
        kind.messages += 1
        changes = kind.see(body)
        return [_told(kind, change) for change in changes if self._is_one(kind, change)] if changes else []

    def _is_one(self, kind: KindWatch, change: Change) -> bool:
        """Whether this is to be told: not when it was before, of another sort of record at the same place or when less was
        known, nor of a field by whose absence the kind is told from another, which has it."""
        if change.change == "new_field" and change.path in self._absent.get(kind.identifier, ()):
            return False
        key = (kind.identifier, change.change, change.path, change.which)
        if key in self._told:
            return False
        if len(self._told) >= MOST_TOLD:
            self._budget.left_out += 1
            return False
        self._told.add(key)
        return True

    # --- kinds that are not known ---

    def _unknown_kind(self, rule: Rule, body: object, direction: str) -> list[Told]:
        where, unknown, siblings, conditions = self._departure(rule, body, direction)
        if unknown in self._unknown:
            return []
        if len(self._unknown) >= MOST_UNKNOWN:
            self._budget.left_out += 1
            return []
        seen = sum(kind.messages for kind in siblings)
        change = is_settled(seen, self._grown_at.get(where, 0), [kind.messages for kind in siblings])
        self._unknown[unknown] = change
        if not change:
            self._grown_at[where] = seen + 1
            return []
        name = _word(unknown[1])
        shown = conditions if name is not None else ()
        identifier = kind_identifier(self._channel, name, shown)
        detail = f"beside {len(siblings)} kinds of {seen} messages" + (f", told by {pointer(unknown[0])}" if unknown[0] else "")
        return [Told(identifier, name, "new_kind", "", detail)]

    def _departure(
        self, rule: Rule, body: object, direction: str
    ) -> tuple[Path | str, Unknown, list[KindWatch], tuple[tuple[Path, Token], ...]]:
        """At which question it leaves the kinds that are known, with which answer, what kinds lie behind the others there."""
        chosen = rule.objects if isinstance(body, dict) else rule.arrays if isinstance(body, (list, tuple)) else None
        split, token = (None, NOTHING) if chosen is None else followed(chosen[0], body, direction)
        if isinstance(split, Leaf):
            return "", ((), NOTHING), list(self._kinds.values()), (((), NOTHING),)
        if chosen is None or split is None:
            text = body if isinstance(body, str) and len(body) <= LONGEST_CONSTANT and rule.scalars else None
            token = ("type", CODES.get(type(body), -2)) if text is None else ("value", text)
            return "", ((), token), list(self._kinds.values()), (((), token),)
        tree, identifiers = chosen
        path = () if split.path == DIRECTION else split.path
        leaves = leaves_of(split)
        siblings = [self._kinds[identifier] for identifier in dict.fromkeys(identifiers[leaf.number] for leaf in leaves)]
        before = leaves[0].conditions[: _depth(tree, split)]
        return split.path, (path, token), siblings, (*before, (split.path, token))

    # --- learning ---

    def _learn(self, known: ChannelSchema, sample: MessageSample) -> None:
        """What the kinds are, from what has come so far."""
        outlines = {kind.id: outline(kind.json_schema) for kind in known.kinds}
        if self._rule is None or outlines.keys() != self._outlines.keys():
            self._relearn(known, sample, self._kinds.keys())
        else:
            for kind in known.kinds:
                if outlines[kind.id] != self._outlines[kind.id]:
                    self._relearn(known, sample, self._kinds.keys() - {kind.id})
                    break
                self._kinds[kind.id].claim(kind.json_schema)
        self.version += 1
        self._absent = _absent_in(known.rule)
        self._rule = known.rule
        self._outlines = outlines

    def _relearn(self, known: ChannelSchema, sample: MessageSample, old: Iterable[str]) -> None:
        for watched in self._kinds.values():
            self._budget.left += places_in(watched.root) - 1  # the first one is no part of the budget
        self._kinds = {kind.id: KindWatch(kind.id, kind.name, self._budget, self._deepest) for kind in known.kinds}
        ordered = sorted(sample.kept().values(), key=lambda each: (each.first_ns, each.direction, each.payload))
        of_kind: dict[str, list[tuple[object, int]]] = {kind.id: [] for kind in known.kinds}
        for each in ordered:
            body = each.body()
            identifier = known.rule.kind(body, each.direction)
            if identifier is not None:
                of_kind[identifier].append((body, each.times))
        for kind in known.kinds:
            watched = self._kinds[kind.id]
            watched.messages = kind.messages
            watched.learn(of_kind[kind.id], kind.json_schema)
        self._unknown = {}
        self._grown_at = {}
        self._restart_shares()

    # --- shares ---

    def _restart_shares(self) -> None:
        self._shares = {}
        self._mix = Mix([kind.messages for kind in self._kinds.values()])

    def _look(self) -> list[Told]:
        """What is told of many messages: fields and kinds that come no more, or more or less often than they did."""
        told: list[Told] = []
        shifted: list[tuple[Share, KindWatch, str, Shift]] = []
        total = sum(kind.messages for kind in self._kinds.values())
        gone = False
        for kind in self._kinds.values():
            share = self._share(kind, 0, kind.messages, total)
            vanished, _ = share.look(kind.messages, total)
            if vanished is not None:
                gone = True
                told.append(Told(kind.identifier, kind.name, "kind_vanished", "", _shares_text(vanished), vanished.chance))
            for place in every_place(kind.root):
                place.mark()
            for field, among in counted_fields(kind.root):
                share = self._share(kind, field.number, field.present, among.messages)
                vanished, shift = share.look(field.present, among.messages)
                if vanished is not None:
                    told.append(
                        Told(kind.identifier, kind.name, "field_vanished", field.path, _shares_text(vanished), vanished.chance)
                    )
                elif shift is not None:
                    shifted.append((share, kind, field.path, shift))
        told += self._shifts(shifted, gone)
        for share in self._shares.values():
            share.end_window()
        return told

    def _shifts(self, shifted: list[tuple[Share, KindWatch, str, Shift]], gone: bool) -> list[Told]:
        told: list[Told] = []
        kinds = list(self._kinds.values())
        assert self._mix is not None
        mix = self._mix.look([kind.messages for kind in kinds])
        chances = [shift.chance for _, _, _, shift in shifted] + ([mix[0].chance] if mix is not None else [])
        stand = significant(chances, LEVEL)
        for (share, kind, path, shift), stands in zip(shifted, stand, strict=False):
            if stands and shift.large:
                share.shift_told()
                told.append(Told(kind.identifier, kind.name, "presence_shifted", path, _shares_text(shift), shift.chance))
        shifts = mix is not None and stand[-1] and mix[0].large
        if mix is not None and shifts and not gone:
            kind = kinds[mix[1]]
            told.append(Told(kind.identifier, kind.name, "mix_shifted", "", _shares_text(mix[0]), mix[0].chance))
        if shifts or gone:  # the mix without a kind is another mix, which needs not be told too
            self._mix.restart()
            for kind in kinds:
                self._shares[kind.identifier, 0].shift_told()
        self._mix.end_window()
        return told

    def _share(self, kind: KindWatch, place: int, present: int, of: int) -> Share:
        share = self._shares.get((kind.identifier, place))
        if share is None:
            share = self._shares[kind.identifier, place] = Share(present, of)
        return share


def _told(kind: KindWatch, change: Change) -> Told:
    return Told(kind.identifier, kind.name, change.change, change.path, change.detail)


def _has_nothing_of(kind: KindWatch, body: object) -> bool:
    """Whether a message came to this kind only because it has nothing of any other."""
    fields = kind.root.fields
    always = None if fields is None else fields.always
    return isinstance(body, dict) and always is not None and len(always) > 0 and always.isdisjoint(body)


def _absent_in(rule: Rule) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for chosen in (rule.objects, rule.arrays):
        if chosen is None:
            continue
        tree, identifiers = chosen
        for leaf in leaves_of(tree):
            for path, token in leaf.conditions:
                if token == NOTHING:
                    around = {pointer(path[:length]) for length in range(1, len(path) + 1)}
                    found.setdefault(identifiers[leaf.number], set()).update(around)
    return found


def _depth(tree: Tree, wanted: Split) -> int:
    """How many questions lie before this one."""
    waiting: list[tuple[Tree, int]] = [(tree, 0)]
    while waiting:
        each, depth = waiting.pop()
        if each is wanted:
            return depth
        if not isinstance(each, Leaf):
            waiting += [(child, depth + 1) for child in each.children.values()]
    return 0


def _word(token: Token) -> str | None:
    """The constant by which a kind is told, when it looks like a word of the protocol."""
    value = token[1]
    if token[0] != "value" or not isinstance(value, str):
        return None
    return value if WORD.fullmatch(value) and not looks_like_identifier(value) else None


def _shares_text(shift: Shift) -> str:
    return f"{shift.before:.1%} before, {shift.now:.1%} now"
