"""Why a schema is wrong about a stream: messages that it rejects, faults that it accepts, kinds that it confuses.

In: a stream, and what was inferred of it. Out: lines for people, like cases counted together.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it publishes no types
import jsonschema_rs

from tests.schema_benchmark.inferred import Inferred
from tests.schema_benchmark.streams import Stream

SHOWN = 160  # characters of a message
UNIONS = ("anyOf", "oneOf")


class Judge:
    """Says of messages why one schema rejects them."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._check = jsonschema_rs.validator_for(schema, validate_formats=True)
        checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
        self._slow = jsonschema.Draft202012Validator(schema, format_checker=checker)

    def accepts(self, message: Any) -> bool:
        return bool(self._check.is_valid(message))

    def reason(self, message: Any) -> str:
        """Path, keyword and what it wanted, of the fault that lies nearest; in a union, of the alternative with fewest."""
        faults = sorted(self._faults(self._slow.iter_errors(message)), key=lambda fault: -len(fault[0]))
        if not faults:  # the two validators do not know the same formats
            return next((str(error.message)[:SHOWN] for error in self._check.iter_errors(message)), "no reason")
        return " & ".join(f"{'/'.join(path) or '(root)'}: {why}" for path, why in faults[:3])

    def _faults(self, errors: Iterable[Any]) -> list[tuple[list[str], str]]:
        found: list[tuple[list[str], str]] = []
        for error in errors:
            if error.validator not in UNIONS:
                found.append(([_step(step) for step in error.absolute_path], _why(error)))
                continue
            alternatives: dict[int, list[Any]] = defaultdict(list)
            for inner in error.context:
                alternatives[inner.relative_schema_path[0]].append(inner)
            each = [self._faults(inner) for inner in alternatives.values()]
            # The nearest alternative: not the wrong type at once, few faults, deep ones.
            found += min(each, key=lambda faults: (sum(_weight(why) for _, why in faults), -max(len(p) for p, _ in faults)))
        return found


def _weight(why: str) -> int:
    """A wrong type, constant or key says more strongly than a range that another alternative was meant."""
    return 3 if why.startswith(("const", "type", "false", "additionalProperties")) else 2 if why.startswith("required") else 1


def _step(step: object) -> str:
    return "#" if isinstance(step, int) else str(step)


def _why(error: Any) -> str:
    wanted = json.dumps(error.validator_value, ensure_ascii=False, default=str)[:60]
    match error.validator:
        case "required":
            return "required " + ",".join(key for key in error.validator_value if key not in error.instance)
        case "additionalProperties" if isinstance(error.instance, dict):
            known = error.schema.get("properties", {})
            return "additionalProperties " + ",".join(key for key in error.instance if key not in known)[:80]
    return f"{error.validator} {wanted} got {json.dumps(error.instance, ensure_ascii=False)[:40]}"


def explained(stream: Stream, inferred: Inferred, valid_labels: Sequence[str]) -> str:
    """Everything that is wrong, most frequent first within each part."""
    judge, truth = Judge(inferred.schema), Judge(stream.truth)
    lines = [f"== {stream.name}: valid messages rejected"]
    rejected: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for kind, message in zip(stream.valid_kinds, stream.valid, strict=True):
        if not judge.accepts(message):
            rejected[kind, judge.reason(message)].append(message)
    lines += _cases(rejected)
    lines.append(f"== {stream.name}: mutants accepted (the fault as the truth sees it)")
    accepted: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for mutant in stream.mutants:
        if judge.accepts(mutant.message):
            accepted[f"{mutant.fault} of {mutant.kind}", truth.reason(mutant.message)].append(mutant.message)
    lines += _cases(accepted)
    lines.append(f"== {stream.name}: kinds with several labels, labels of several kinds")
    lines += _confusions(stream.valid_kinds, valid_labels, "labels")
    lines += _confusions(valid_labels, stream.valid_kinds, "kinds")
    return "\n".join(lines)


def _cases(found: dict[tuple[str, str], list[Any]]) -> list[str]:
    lines = []
    for (what, why), messages in sorted(found.items(), key=lambda case: (-len(case[1]), case[0])):
        example = json.dumps(messages[0], ensure_ascii=False, separators=(",", ":"))
        lines.append(f"{len(messages):4} {what}: {why}\n       e.g. {example[:SHOWN]}{'...' if len(example) > SHOWN else ''}")
    return lines or ["   none"]


def _confusions(one: Sequence[str], other: Sequence[str], noun: str) -> list[str]:
    parts: dict[str, Counter[str]] = defaultdict(Counter)
    for each, its in zip(one, other, strict=True):
        parts[each][its] += 1
    return [
        f"   {name}: {len(counts)} {noun}: " + ", ".join(f"{its} {count}" for its, count in counts.most_common(6))
        for name, counts in sorted(parts.items())
        if len(counts) > 1
    ]
