"""Two branches of objects in; out come the differences in fields: property by property, then all others.

For each name, what a side asks is the same question: what it says of that name, else what it says of other names,
nothing being anything. So a field that is new in a closed object is a widening, and in an open one a narrowing: there it
was allowed before, and to be anything.
"""

from __future__ import annotations

from wsobserve.compare.branches import Branch, rules_text
from wsobserve.compare.changes import Compatibility, Finding, What, together
from wsobserve.compare.nodes import ANYTHING, Node, Part, Source
from wsobserve.compare.scalars import span_findings
from wsobserve.compare.walker import Path, Walker, place
from wsobserve.compare.words import field_name, printable

MOST_PATTERNS = 16

_STRING: Part = Source({"type": "string"}).node()[0]


def object_findings(walker: Walker, old: Branch, new: Branch, path: Path) -> list[Finding]:
    """How two objects differ, and what is below them."""
    findings = _pattern_findings(walker, old, new, path)
    undecided: list[str] = []
    for name in sorted(_names(old) | _names(new)):
        found = _field_findings(walker, old, new, name, path)
        if found is None:
            undecided.append(name)
            findings += _must_findings(old, new, name, (*path, field_name(name)), new.pointer)
        else:
            findings += found
    if undecided and rules_text(old) != rules_text(new):
        reason = "whether a name matches a pattern cannot be decided"
        names = ", ".join(field_name(name) for name in undecided[:4])
        findings.append(Finding(What.FIELD_PATTERNS_CHANGED, "incompatible", path, new.pointer, None, names, reason))
    findings += _other_findings(walker, old, new, path)
    if old.names or new.names:
        findings += walker.walk((*old.names, _STRING), (*new.names, _STRING), (*path, "{name}"))
    words = (What.COUNT_NARROWED, What.COUNT_WIDENED)
    return findings + span_findings(words, "fields", (old.fewest, new.fewest), (old.most, new.most), path, new.pointer)


def _names(branch: Branch) -> set[str]:
    return {name for fields in branch.fields for name in fields.named} | branch.required


def _field_findings(walker: Walker, old: Branch, new: Branch, name: str, path: Path) -> list[Finding] | None:
    """How one field differs; None when a pattern leaves open what is asked of it."""
    alternatives = walker.alternatives
    before, after = alternatives.field(old, name), alternatives.field(new, name)
    if before is None or after is None:
        return None
    (was, was_described), (is_now, is_described) = before, after
    inner = (*path, field_name(name))
    needed_before, needed_after = name in old.required, name in new.required
    must = _must_findings(old, new, name, inner, place(is_now, was, new.pointer))
    there_before, there_after = not alternatives.forms.nothing(was), not alternatives.forms.nothing(is_now)
    before_words, after_words = (
        f"{walker.words(node)}, {'required' if needed else 'optional'}"
        for node, needed in ((was, needed_before), (is_now, needed_after))
    )
    if not there_before and there_after:
        compatibility: Compatibility = "incompatible" if needed_after else "widening"
        return [Finding(What.FIELD_ADDED, compatibility, inner, place(is_now), None, after_words)]
    if there_before and not there_after:
        compatibility = "incompatible" if needed_before else "narrowing"
        return [Finding(What.FIELD_REMOVED, compatibility, inner, place(was), before_words)]
    if was_described == is_described:
        return must + (walker.walk(was, is_now, inner) if is_described else [])
    below = walker.walk(was, is_now, inner)
    compatibility = together(["documentation", *(finding.compatibility for finding in must + below)])
    reason = next((finding.reason for finding in below if finding.reason), "")
    if is_described:
        mild = not needed_after and alternatives.forms.anything(was)
        return [Finding(What.FIELD_ADDED, compatibility, inner, place(is_now), None, after_words, reason, mild)]
    mild = not needed_before and alternatives.forms.anything(is_now)
    return [Finding(What.FIELD_REMOVED, compatibility, inner, place(was), before_words, None, reason, mild)]


def _must_findings(old: Branch, new: Branch, name: str, path: Path, pointer: str) -> list[Finding]:
    """Whether the field must be there by now, or need not any more."""
    if (name in old.required) == (name in new.required):
        return []
    if name in new.required:
        return [Finding(What.FIELD_BECAME_REQUIRED, "narrowing", path, pointer, "optional", "required")]
    return [Finding(What.FIELD_BECAME_OPTIONAL, "widening", path, pointer, "required", "optional")]


def _others(branch: Branch) -> Node:
    """What is asked of a property that is neither named nor matched by a pattern."""
    return tuple(part for fields in branch.fields for part in fields.others)


def _other_findings(walker: Walker, old: Branch, new: Branch, path: Path) -> list[Finding]:
    was, is_now = _others(old), _others(new)
    forms = walker.alternatives.forms
    refused_before, refused_after = forms.nothing(was), forms.nothing(is_now)
    if refused_before and refused_after:
        return []
    if refused_before:
        return [Finding(What.OTHER_FIELDS_ALLOWED, "widening", path, new.pointer, "refused", walker.words(is_now))]
    if refused_after:
        return [Finding(What.OTHER_FIELDS_REFUSED, "narrowing", path, new.pointer, walker.words(was), "refused")]
    return walker.walk(was or (ANYTHING,), is_now or (ANYTHING,), (*path, "{any}"))


def _pattern_findings(walker: Walker, old: Branch, new: Branch, path: Path) -> list[Finding]:
    """How the properties differ whose names match a pattern; of one that is on one side alone the class is found out."""
    before = {pattern: node for fields in old.fields for pattern, node in fields.patterns.items()}
    after = {pattern: node for fields in new.fields for pattern, node in fields.patterns.items()}
    if not before and not after:
        return []
    if rules_text(old) == rules_text(new):
        return []
    if len(old.fields) > 1 or len(new.fields) > 1 or len(before) + len(after) > MOST_PATTERNS:
        reason = "patterns of names that come together are only compared as a whole"
        return [Finding(What.FIELD_PATTERNS_CHANGED, "incompatible", path, new.pointer, reason=reason)]
    findings = []
    for pattern in sorted(before.keys() & after.keys()):
        findings += walker.walk(before[pattern], after[pattern], (*path, _step(pattern)))
    for pattern in sorted(before.keys() ^ after.keys()):
        gone = pattern in before
        # A name that matches may match any of the other side's patterns as well, or none and be an other one.
        rivals = [node for other, node in (after if gone else before).items() if other != pattern]
        rivals.append(_others(new if gone else old))
        pairs = [(before[pattern], rival) if gone else (rival, after[pattern]) for rival in rivals]
        compatibility = together(walker.classify(*pair) for pair in pairs)
        node = before[pattern] if gone else after[pattern]
        reason = "what a name may match besides cannot be decided" if compatibility == "incompatible" else ""
        said = walker.words(node)
        shown: Compatibility = "documentation" if compatibility == "identical" else compatibility
        what, inner = What.FIELD_PATTERNS_CHANGED, (*path, _step(pattern))
        findings.append(Finding(what, shown, inner, place(node), said if gone else None, None if gone else said, reason))
    return findings


def _step(pattern: str) -> str:
    return f"{{/{printable(pattern)}/}}"
