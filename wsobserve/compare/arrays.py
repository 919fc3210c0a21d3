"""Two branches of arrays in; out come the differences in elements: position by position, then the rest, then how many."""

from __future__ import annotations

from wsobserve.compare.branches import Branch
from wsobserve.compare.changes import Compatibility, Finding, What
from wsobserve.compare.nodes import ANYTHING, meaning
from wsobserve.compare.scalars import span_findings
from wsobserve.compare.walker import Path, Walker

MOST_POSITIONS = 1_000


def array_findings(walker: Walker, old: Branch, new: Branch, path: Path) -> list[Finding]:
    """How two arrays differ, and what is below them."""
    alternatives = walker.alternatives
    positions = max((len(elements.first) for side in (old, new) for elements in side.elements), default=0)
    # A position that one side does not have is a matter of how many there may be.
    shared = [most for most in (old.most, new.most) if most is not None]
    limit = min(shared, default=None)
    findings = []
    for position in range(min(positions, MOST_POSITIONS)):
        if limit is not None and position >= limit:
            break
        was, is_now = alternatives.element(old, position), alternatives.element(new, position)
        findings += walker.walk(was or (ANYTHING,), is_now or (ANYTHING,), (*path, f"[{position}]"))
    if positions > MOST_POSITIONS:
        findings.append(_limit(path, new))
    if limit is None or limit > positions:
        was, is_now = alternatives.element(old, positions), alternatives.element(new, positions)
        findings += walker.walk(was or (ANYTHING,), is_now or (ANYTHING,), (*path, "[]"))
    words = (What.COUNT_NARROWED, What.COUNT_WIDENED)
    findings += span_findings(words, "elements", (old.fewest, new.fewest), (old.most, new.most), path, new.pointer)
    if old.unique != new.unique:
        compatibility: Compatibility = "narrowing" if new.unique else "widening"
        said = [("may repeat", "all different")[side.unique] for side in (old, new)]
        findings.append(Finding(What.UNIQUENESS_CHANGED, compatibility, path, new.pointer, said[0], said[1]))
    return findings + _contained_findings(walker, old, new, path)


def _limit(path: Path, new: Branch) -> Finding:
    reason = f"only the first {MOST_POSITIONS} positions were compared"
    return Finding(What.LIMIT_REACHED, "incompatible", path, new.pointer, reason=reason)


def _contained_findings(walker: Walker, old: Branch, new: Branch, path: Path) -> list[Finding]:
    """What an array must hold somewhere. Only where there is no upper limit does a wider schema mean more arrays."""
    before = {(meaning(item.node), item.fewest, item.most): item for item in old.contained}
    after = {(meaning(item.node), item.fewest, item.most): item for item in new.contained}
    gone = [before[key] for key in sorted(before.keys() - after.keys(), key=str)]
    came = [after[key] for key in sorted(after.keys() - before.keys(), key=str)]
    if not gone and not came:
        return []
    said = [" and ".join(walker.words(item.node) for item in items) or None for items in (gone, came)]
    if not gone or not came:
        return [Finding(What.CONTAINED_CHANGED, "narrowing" if came else "widening", path, new.pointer, said[0], said[1])]
    if len(gone) == len(came) == 1 and gone[0].most is came[0].most is None and gone[0].fewest == came[0].fewest:
        return walker.walk(gone[0].node, came[0].node, (*path, "[some]"))
    reason = "what must be among the elements cannot be compared"
    return [Finding(What.CONTAINED_CHANGED, "incompatible", path, new.pointer, said[0], said[1], reason)]
