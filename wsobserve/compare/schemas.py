"""Two JSON Schemas in; out comes how the newer one differs from the older, each difference with its class.

Both are taken apart into branches by type (`forms`), the branches are paired (`alternatives`), and pairs compared facet by
facet (`scalars`, `objects`, `arrays`). Every way down leads through a place where a wider schema makes a wider whole, so
the classes found below are those of the whole, and together they keep two promises: when nothing but widenings are
found, every value that the old schema accepts is accepted by the new one; when nothing but narrowings, the reverse. Where
a place is not of that kind (`not`, `if`, an exclusive choice), both inclusions are tried, and what neither can show is
`incompatible` with the reason said.

Schemas that refer to themselves end, as a pair that is being compared is not begun again: what is assumed of it there is
what is shown of it here, and values are finite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wsobserve.compare.alternatives import Alternatives
from wsobserve.compare.annotations import annotation_findings
from wsobserve.compare.arrays import array_findings
from wsobserve.compare.branches import TYPES, Branch
from wsobserve.compare.changes import Compatibility, Finding, What
from wsobserve.compare.form_words import branch_words, form_words, types_in_words
from wsobserve.compare.forms import Form
from wsobserve.compare.nodes import ANYTHING, Node, Source, meaning, node_key, resolved
from wsobserve.compare.objects import object_findings
from wsobserve.compare.scalars import number_findings, string_findings, value_findings
from wsobserve.compare.walker import Path
from wsobserve.compare.words import printable

MOST_FINDINGS = 1_000
MOST_STEPS = 50_000  # pairs of schemas, those only tried included
DEEPEST = 48  # fields within each other

_Pair = tuple[tuple[tuple[int, str], ...], tuple[tuple[int, str], ...]]
_WIDER: frozenset[Compatibility] = frozenset(("identical", "documentation", "widening"))


def compare_schemas(old: object, new: object) -> list[Finding]:
    """The differences between two schemas, each a document of its own."""
    return SchemaWalk().compare(Source(old).node(), Source(new).node())


class SchemaWalk:
    """Compares schemas, and remembers which were. One can be used for all schemas of two documents."""

    def __init__(self) -> None:
        self.alternatives = Alternatives()
        self._forms = self.alternatives.forms
        self._steps = MOST_STEPS
        self._seen: dict[_Pair, tuple[int, list[Finding]] | None] = {}
        self._trying = 0
        self._tried: set[_Pair] = set()  # being tried now
        self._assumed = 0  # times that one of these was taken as shown
        self._wider: set[_Pair] = set()
        self._not_wider: set[_Pair] = set()

    def compare(self, old: Node, new: Node, path: Path = ()) -> list[Finding]:
        """All differences, each said once, those found first at most `MOST_FINDINGS`."""
        try:
            found = list(dict.fromkeys(self.walk(old, new, path)))
        except RecursionError:
            return [_limit(path, new, "schemas are nested too deep to be compared")]
        if len(found) <= MOST_FINDINGS:
            return found
        return [*found[:MOST_FINDINGS], _limit(path, new, f"{len(found) - MOST_FINDINGS} more differences are not listed")]

    def walk(self, old: Node, new: Node, path: Path) -> list[Finding]:
        """The differences between two schemas and below."""
        pair = node_key(resolved(old)), node_key(resolved(new))
        if pair[0] == pair[1]:
            return []
        if self._trying:
            return self._try(pair, old, new, path)
        if pair in self._seen:
            known = self._seen[pair]
            if known is None:
                return []  # its differences are being found further up
            return [finding._replace(path=path + finding.path[known[0] :]) for finding in known[1]]
        self._seen[pair] = None
        found = self._differences(old, new, path)
        self._seen[pair] = (len(path), found)
        return found

    def _try(self, pair: _Pair, old: Node, new: Node, path: Path) -> list[Finding]:
        if pair in self._tried:
            self._assumed += 1
            return []
        if pair in self._wider:
            return []
        if pair in self._not_wider:
            return [Finding(What.RULE_CHANGED, "incompatible", path, "")]
        assumed = self._assumed
        self._tried.add(pair)
        found = self._differences(old, new, path)
        self._tried.discard(pair)
        if not _all_wider(found):
            self._not_wider.add(pair)
        elif self._assumed == assumed:  # shown without assuming anything
            self._wider.add(pair)
        return found

    def within(self, one: Node, other: Node) -> bool:
        """Whether every value that `one` accepts is accepted by `other`; False when it cannot be shown."""
        self._trying += 1
        try:
            return _all_wider(self.walk(one, other, ()))
        finally:
            self._trying -= 1

    def classify(self, old: Node, new: Node) -> Compatibility:
        """The class of the difference between two schemas."""
        wider, narrower = (
            self.within(old or (ANYTHING,), new or (ANYTHING,)),
            self.within(new or (ANYTHING,), old or (ANYTHING,)),
        )
        if wider and narrower:
            return "identical"
        return "widening" if wider else "narrowing" if narrower else "incompatible"

    def words(self, node: Node) -> str:
        """What a schema allows, in a few words."""
        return form_words(self._forms.form(node))

    def _differences(self, old: Node, new: Node, path: Path) -> list[Finding]:
        self._steps -= 1
        if len(path) > DEEPEST or self._steps < 0:
            return [_limit(path, new, "what lies below was not compared: a limit of depth or size is reached")]
        found = [] if self._trying else annotation_findings(old, new, path)
        before, after = self._forms.form(old), self._forms.form(new)
        found += _type_findings(before, after, path, (old, new))
        for name in TYPES:
            if name in before and name in after:
                found += self._alternatives(before[name], after[name], path)
            if len(found) > 2 * MOST_FINDINGS:
                break
        return found

    def _alternatives(self, before: Sequence[Branch], after: Sequence[Branch], path: Path) -> list[Finding]:
        found, old, new = _shared_rules(_plain(before), _plain(after), path)
        old, new = self.alternatives.split(old, new), self.alternatives.split(new, old)
        pairs, gone, came = self.alternatives.pairs(old, new)
        for was, is_now in pairs:
            label = self.alternatives.label(is_now) if len(old) > 1 or len(new) > 1 else "<>"
            found += self._branch(was, is_now, path if label == "<>" else (*path, label))
        for branch in gone:
            if not any(self._branch_within(branch, other) for other in new):
                found.append(self._alternative(What.ALTERNATIVE_REMOVED, branch, path))
        for branch in came:
            if not any(self._branch_within(branch, other) for other in old):
                found.append(self._alternative(What.ALTERNATIVE_ADDED, branch, path))
        return found

    def _alternative(self, what: What, branch: Branch, path: Path) -> Finding:
        label = self.alternatives.label(branch)
        words = branch_words(branch) if label == "<>" else label
        if what is What.ALTERNATIVE_ADDED:
            return Finding(what, "widening", path, branch.pointer, None, words)
        return Finding(what, "narrowing", path, branch.pointer, words, None)

    def _branch_within(self, one: Branch, other: Branch) -> bool:
        if self.alternatives.disjoint(one, other):
            return False
        self._trying += 1
        try:
            return _all_wider(self._branch(one, other, ()))
        finally:
            self._trying -= 1

    def _branch(self, old: Branch, new: Branch, path: Path) -> list[Finding]:
        found, said = value_findings(old, new, path)
        if not said:
            match old.type:
                case "number":
                    found += number_findings(old, new, path)
                case "string":
                    found += string_findings(old, new, path)
                case "array":
                    found += array_findings(self, old, new, path)
                case "object":
                    found += object_findings(self, old, new, path)
        return found + self._exclusions(old, new, path) + self._conditions(old, new, path) + _rules(old, new, path)

    def _exclusions(self, old: Branch, new: Branch, path: Path) -> list[Finding]:
        before = {meaning((part,)): (part,) for part in old.exclusions}
        after = {meaning((part,)): (part,) for part in new.exclusions}
        gone = [before[key] for key in before.keys() - after.keys()]
        came = [after[key] for key in after.keys() - before.keys()]
        if not gone and not came:
            return []
        # What is excluded must lie within what was excluded before, or less is allowed now.
        narrower = not all(any(self.within(node, other) for other in before.values()) for node in came)
        wider = not all(any(self.within(node, other) for other in after.values()) for node in gone)
        compatibility: Compatibility = (
            "incompatible" if narrower and wider else "narrowing" if narrower else "widening" if wider else "documentation"
        )
        reason = "whether one exclusion contains the other cannot be decided" if compatibility == "incompatible" else ""
        said = [" or ".join(sorted(self.words(node) for node in nodes)) or None for nodes in (gone, came)]
        return [Finding(What.EXCLUSION_CHANGED, compatibility, path, new.pointer, said[0], said[1], reason)]

    def _conditions(self, old: Branch, new: Branch, path: Path) -> list[Finding]:
        before = {tuple(map(meaning, condition)): condition for condition in old.conditions}
        after = {tuple(map(meaning, condition)): condition for condition in new.conditions}
        gone = [before[key] for key in sorted(before.keys() - after.keys())]
        came = [after[key] for key in sorted(after.keys() - before.keys())]
        if not gone and not came:
            return []
        what = What.CONDITION_CHANGED
        if not gone or not came:
            said = ("a condition", None) if gone else (None, "a condition")
            return [Finding(what, "widening" if gone else "narrowing", path, new.pointer, *said)]
        if len(gone) == len(came) == 1 and self.classify(gone[0].condition, came[0].condition) == "identical":
            found = []
            for side, was, is_now in (("then", gone[0].then, came[0].then), ("else", gone[0].otherwise, came[0].otherwise)):
                found += self.walk(was or (ANYTHING,), is_now or (ANYTHING,), (*path, f"<{side}>"))
            return found
        reason = "the condition itself changed, so what follows from it cannot be compared"
        return [Finding(what, "incompatible", path, new.pointer, reason=reason)]


def _all_wider(found: Sequence[Finding]) -> bool:
    return all(finding.compatibility in _WIDER for finding in found)


def _limit(path: Path, new: Node, reason: str) -> Finding:
    return Finding(What.LIMIT_REACHED, "incompatible", path, new[0].pointer if new else "", reason=reason)


def _plain(branches: Sequence[Branch]) -> list[Branch]:
    """The same alternatives, fewer: one that is free says all, and lists of values are one list."""
    for branch in branches:
        if branch.free:
            return [branch]
    listed = [branch for branch in branches if branch.listed]
    if len(listed) < 2:
        return list(branches)
    values = frozenset(text for branch in listed for text in branch.values or ())
    joined = replace(listed[0], values=None if values == {"true", "false"} else values)
    return [joined, *(branch for branch in branches if not branch.listed)]


def _type_findings(before: Form, after: Form, path: Path, sides: tuple[Node, Node]) -> list[Finding]:
    gone = [name for name in TYPES if name in before and name not in after]
    came = [name for name in TYPES if name in after and name not in before]
    if not gone and not came:
        return []
    old_words, new_words = types_in_words(before, before), types_in_words(after, after)
    old_pointer, new_pointer = (node[0].pointer if node else "" for node in sides)
    if gone and came and not before.keys() & after.keys():
        return [Finding(What.TYPE_CHANGED, "incompatible", path, new_pointer, old_words, new_words)]
    found = []
    if came:
        what = What.NULL_ALLOWED if came == ["null"] and before else What.TYPE_ADDED
        found.append(Finding(what, "widening", path, new_pointer, old_words, new_words))
    if gone:
        what = What.NULL_REFUSED if gone == ["null"] and after else What.TYPE_REMOVED
        found.append(Finding(what, "narrowing", path, new_pointer or old_pointer, old_words, new_words))
    return found


def _shared_rules(old: list[Branch], new: list[Branch], path: Path) -> tuple[list[Finding], list[Branch], list[Branch]]:
    """Rules that all alternatives of a side have are compared once, and taken off them."""
    before = frozenset.intersection(*(branch.rules for branch in old))
    after = frozenset.intersection(*(branch.rules for branch in new))
    found = _rules(replace(old[0], rules=before), replace(new[0], rules=after), path)
    old = [replace(branch, rules=branch.rules - before) for branch in old] if before else old
    return found, old, [replace(branch, rules=branch.rules - after) for branch in new] if after else new


def _rules(old: Branch, new: Branch, path: Path) -> list[Finding]:
    gone, came = old.rules - new.rules, new.rules - old.rules
    if not gone and not came:
        return []
    compatibility: Compatibility = "incompatible" if gone and came else "widening" if gone else "narrowing"
    words = [", ".join(sorted({printable(words) for words, _ in rules})) or None for rules in (gone, came)]
    reason = "compared only as a whole, and not the same" if gone and came else ""
    return [Finding(What.RULE_CHANGED, compatibility, path, new.pointer, words[0], words[1], reason)]
