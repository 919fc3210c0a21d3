"""The sample of one channel in; its kinds of message, what each looks like, and the rule that tells them apart out.

Numbers are exact where every message of a stratum belongs to one kind, or every message is in the sample. Elsewhere a
stratum is shared out among its kinds as its sampled messages are; messages of which none was sampled are in no kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from wsobserve.records import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Direction, Json, MessageKind, name_hash
from wsobserve.schema.describe import Describer, Schema, constants_of
from wsobserve.schema.habits import Habits
from wsobserve.schema.kind_tree import ABSENT, ARRAY, DIRECTION, STRING, Leaf, Path, Token, Tree, leaf_of, leaves_of
from wsobserve.schema.maps import is_map
from wsobserve.schema.sample import MessageSample, Sampled
from wsobserve.schema.seen import Seen
from wsobserve.schema.split import Splitter

DIALECT = "https://json-schema.org/draft/2020-12/schema"
UNKNOWN = "unknown"  # the direction, where the roles are not known
SCALAR_KINDS = 16  # texts that stand for themselves, each of which is a kind

Conditions = tuple[tuple[Path, Token], ...]
Family = tuple[str, str | None]  # direction and name: what the cover of a channel is kept by


class Group(NamedTuple):
    """A kind in the making: which sampled messages are in it, and what led to it."""

    members: list[int]
    conditions: Conditions
    schema: Schema


class Rule(NamedTuple):
    """How the kinds of one channel are told apart. `trees`: by JSON type, with the identifier of each leaf."""

    objects: tuple[Tree, list[str]] | None
    arrays: tuple[Tree, list[str]] | None
    scalars: dict[object, str]  # by value; None: of any other

    def kind(self, body: object, direction: str) -> str | None:
        """The identifier of the kind to which a message belongs; None when it is of no kind that was seen."""
        if isinstance(body, dict):
            chosen = self.objects
        elif isinstance(body, (list, tuple)):
            chosen = self.arrays
        else:
            key = body if isinstance(body, str) and body in self.scalars else None
            return self.scalars.get(key)
        if chosen is None:
            return None
        leaf = leaf_of(chosen[0], body, direction)
        return None if leaf is None else chosen[1][leaf.number]


class ChannelSchema(NamedTuple):
    """What is known of a channel: its kinds, how to tell them apart, and of which families each is."""

    kinds: list[MessageKind]
    rule: Rule
    families: dict[str, set[Family]]  # by identifier of the kind


def channel_schema(channel: str, sample: MessageSample) -> ChannelSchema:
    """The kinds of one channel."""
    messages = sorted(sample.kept().values(), key=lambda each: (each.first_ns, each.direction, each.payload, each.stratum))
    shares = _shares(sample, messages)
    seen = [
        Seen(each.body(), each.times, weight, each.first_ns, each.direction)
        for each, weight in zip(messages, shares, strict=True)
    ]
    groups, trees = _groups(seen)
    kinds: list[MessageKind] = []
    families: dict[str, set[Family]] = {}
    identifiers: list[str] = []
    counted = _counted(sample, messages, [group.members for group in groups])
    for group, counts in zip(groups, counted, strict=True):
        kind = _kind(channel, group, [messages[index] for index in group.members], counts)
        identifiers.append(kind.id)
        kinds.append(kind)
        families[kind.id] = {(messages[index].direction, messages[index].name) for index in group.members}
    objects, arrays, scalars = trees
    rule = Rule(
        None if objects is None else (objects[0], [identifiers[number] for number in objects[1]]),
        None if arrays is None else (arrays[0], [identifiers[number] for number in arrays[1]]),
        {value: identifiers[number] for value, number in scalars.items()},
    )
    return ChannelSchema(kinds, rule, families)


def _shares(sample: MessageSample, messages: list[Sampled]) -> list[float]:
    """For how many messages each sampled one stands."""
    times: dict[int | None, int] = {}
    for each in messages:
        number = each.stratum if each.stratum in sample.strata else None
        times[number] = times.get(number, 0) + each.times
    rest = sample.messages - sum(stratum.messages for stratum in sample.strata.values())
    shares = []
    for each in messages:
        stratum = sample.strata.get(each.stratum)
        of, among = (rest, times[None]) if stratum is None else (stratum.messages, times[each.stratum])
        shares.append(each.times * max(1.0, of / among))
    return shares


Trees = tuple[tuple[Tree, list[int]] | None, tuple[Tree, list[int]] | None, dict[object, int]]


def _groups(seen: list[Seen]) -> tuple[list[Group], Trees]:
    """The kinds among these messages, and which of them each leaf of the trees is.

    What leads to an array or a single value is its type, too: with nothing else to tell them, kinds still differ by that.
    """
    habits = Habits()
    for _ in range(2):  # what the first round learns of records serves the second
        describer = Describer(habits)
        groups: list[Group] = []
        trees: list[tuple[Tree, list[int]] | None] = []
        for types, conditions in ((dict, ()), ((list, tuple), (((), ("type", ARRAY)),))):
            indexes = [index for index, each in enumerate(seen) if isinstance(each.value, types)]
            trees.append(_split(seen, indexes, describer, groups, conditions) if indexes else None)
        scalars = _scalars(seen, describer, groups)
        habits = describer.noted
    return groups, (trees[0], trees[1], scalars)


def _split(
    seen: list[Seen], indexes: list[int], describer: Describer, groups: list[Group], conditions: Conditions
) -> tuple[Tree, list[int]]:
    chosen = [seen[index] for index in indexes]
    objects = isinstance(chosen[0].value, dict)
    if objects and is_map(chosen):
        groups.append(Group(indexes, conditions, describer.object(chosen, {}, 0)))
        return Leaf(0, ()), [len(groups) - 1]
    splitter = Splitter(chosen, directions=True)
    tree = splitter.tree()
    numbers = []
    for leaf, members in zip(leaves_of(tree), splitter.leaves, strict=True):
        constants = (splitter.constants(members) if len(splitter.leaves) > 1 else {}) | constants_of(leaf)
        constants.pop(DIRECTION, None)
        of_leaf = [chosen[member] for member in members]
        describer.definitions = {}
        schema = describer.object(of_leaf, constants, 0) if objects else describer.array(of_leaf, constants, 0)
        if describer.definitions:
            schema["$defs"] = describer.definitions
        numbers.append(len(groups))
        groups.append(Group([indexes[member] for member in members], conditions + leaf.conditions, schema))
    return tree, numbers


def _scalars(seen: list[Seen], describer: Describer, groups: list[Group]) -> dict[object, int]:
    """Messages that are a single value: a kind for each of few texts, one for all others."""
    by_text: dict[str, list[int]] = {}
    others: list[int] = []
    for index, each in enumerate(seen):
        if isinstance(each.value, str):
            by_text.setdefault(each.value, []).append(index)
        elif not isinstance(each.value, (dict, list, tuple)):
            others.append(index)
    found: dict[object, int] = {}
    if by_text and "enum" not in describer.describe([seen[index] for each in by_text.values() for index in each]):
        few = len(by_text) <= SCALAR_KINDS and all(sum(seen[i].times for i in each) > 2 for each in by_text.values())
        if not few or any(not re.fullmatch(r"[A-Za-z][A-Za-z0-9_. -]{0,31}", text) for text in by_text):
            others += [index for each in by_text.values() for index in each]
            by_text = {}
    for text in sorted(by_text)[:SCALAR_KINDS]:
        found[text] = len(groups)
        condition = ((), ("value", text))
        groups.append(Group(by_text[text], (condition,), {"const": text, "x-wsobserve-count": 0}))
    others += [index for text in sorted(by_text)[SCALAR_KINDS:] for index in by_text[text]]
    if others:
        found[None] = len(groups)
        groups.append(
            Group(sorted(others), (((), ("type", STRING)),), describer.describe([seen[index] for index in sorted(others)]))
        )
    return found


class Count:
    """The messages of one kind."""

    def __init__(self) -> None:
        self.messages = 0
        self.directions: dict[str, int] = {}
        self.forms: dict[str, int] = {}
        self.first_ns: int | None = None
        self.last_ns: int | None = None

    def add(self, messages: int, direction: str, form: str, first_ns: int, last_ns: int) -> None:
        """So many more messages."""
        if not messages:
            return
        self.messages += messages
        self.directions[direction] = self.directions.get(direction, 0) + messages
        self.forms[form] = self.forms.get(form, 0) + messages
        self.first_ns = first_ns if self.first_ns is None else min(self.first_ns, first_ns)
        self.last_ns = last_ns if self.last_ns is None else max(self.last_ns, last_ns)


def _counted(sample: MessageSample, messages: list[Sampled], members: list[list[int]]) -> list[Count]:
    """How many messages there are of each kind."""
    counts = [Count() for _ in members]
    by_stratum: dict[int, dict[int, list[Sampled]]] = {}
    loose: dict[int, list[Sampled]] = {}
    for number, indexes in enumerate(members):
        for index in indexes:
            each = messages[index]
            if each.stratum in sample.strata:
                by_stratum.setdefault(each.stratum, {}).setdefault(number, []).append(each)
            else:
                loose.setdefault(number, []).append(each)
    for stratum_number, of_kinds in by_stratum.items():
        stratum = sample.strata[stratum_number]
        whole = len(of_kinds) == 1
        for number, share in _shared_out(stratum.messages, of_kinds):
            sampled = of_kinds[number]
            first = stratum.first_ns if whole else min(each.first_ns for each in sampled)
            last = stratum.last_ns if whole else max(each.last_ns for each in sampled)
            counts[number].add(share, stratum.direction, stratum.form, first, last)
    # Of strata that did not stay no more is known than what was sampled.
    for number, sampled in loose.items():
        for each in sampled:
            counts[number].add(each.times, each.direction, each.form, each.first_ns, each.last_ns)
    return counts


def _shared_out(messages: int, of_kinds: dict[int, list[Sampled]]) -> list[tuple[int, int]]:
    """The messages of a stratum among the kinds of its sampled ones, in whole messages (largest remainders first)."""
    times = {number: sum(each.times for each in sampled) for number, sampled in of_kinds.items()}
    total = sum(times.values())
    shares = {number: messages * count // total for number, count in times.items()}
    left = messages - sum(shares.values())
    for number in sorted(times, key=lambda number: (-(messages * times[number] % total), number))[:left]:
        shares[number] += 1
    return sorted(shares.items())


def _kind(channel: str, group: Group, messages: list[Sampled], count: Count) -> MessageKind:
    conditions = group.conditions
    name = _name(conditions) or _one({each.name for each in messages})
    directions = dict(sorted(count.directions.items()))
    first = min(messages, key=lambda each: (each.first_ns, each.connection))
    identifier = kind_identifier(channel, name, conditions)
    schema: dict[str, Any] = {"$schema": DIALECT, "title": name or channel, **group.schema}
    schema["x-wsobserve-count"] = count.messages
    return MessageKind(
        id=identifier,
        channel=channel,
        direction=_direction(directions),
        name=name,
        messages=count.messages,
        first_ns=count.first_ns if count.first_ns is not None else first.first_ns,
        last_ns=count.last_ns if count.last_ns is not None else first.last_ns,
        formats=dict(sorted(count.forms.items())),
        json_schema=schema,
        directions=directions,
        discriminator=_discriminator(conditions),
        first_connection=first.connection or None,
        confidence=_confidence(group.schema, count.messages),
    )


def _one(names: Iterable[str | None]) -> str | None:
    found = set(names)
    return found.pop() if len(found) == 1 else None


def _direction(directions: dict[str, int]) -> Direction | None:
    match list(directions):
        case ["client_to_server"]:
            return CLIENT_TO_SERVER
        case ["server_to_client"]:
            return SERVER_TO_CLIENT
    return None


def _name(conditions: Conditions) -> str | None:
    """What tells a kind from its siblings, as a name: the words among its constants, else what property it has."""
    constants = [(path, token[1]) for path, token in conditions if token[0] == "value" and path != DIRECTION]
    words = [value for _, value in constants if isinstance(value, str)]
    if words:
        return ".".join(words)
    if constants:
        return ".".join(f"{path[-1]}-{value}" if path else str(value) for path, value in constants)
    present = [str(path[-1]) for path, token in conditions if path != DIRECTION and path and token[1] != ABSENT]
    return ".".join(present) or None


def _discriminator(conditions: Conditions) -> tuple[tuple[str, Json], ...]:
    return tuple((pointer(path), token[1]) for path, token in conditions if token[0] == "value" and path != DIRECTION)


def pointer(path: Path) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in path)


def kind_identifier(channel: str, name: str | None, conditions: Conditions) -> str:
    """Readable, the same from run to run as long as the same things tell kinds apart, and unique by its last six digits."""
    sender = "".join(str(token[1]).partition("_")[0] for path, token in conditions if path == DIRECTION)
    words = [re.sub(r"[^A-Za-z0-9_]+", "-", word).strip("-")[:32] for word in (channel, sender, name or "")]
    key = (channel, tuple(sorted((pointer(path), *map(str, token)) for path, token in conditions)))
    return f"{'.'.join(word for word in words if word) or 'root'}-{name_hash(key) >> 40:06x}"


def _confidence(schema: Schema, messages: int) -> float:
    """The chance that the next message fits: the rule of succession, with properties that were seen once against it."""
    return round(max(0.0, 1 - (1 + _once(schema, 0)) / (messages + 2)), 4) if messages else 0.0


def _once(schema: Any, depth: int) -> int:
    """Properties of records that one message had, inside of `schema`."""
    if not isinstance(schema, dict) or depth > 32:
        return 0
    properties = schema.get("properties", {})
    found: int = sum("x-wsobserve-presence" in each and each.get("x-wsobserve-count") == 1 for each in properties.values())
    inner = [*properties.values(), *schema.get("anyOf", ()), *schema.get("prefixItems", ()), schema.get("items")]
    return found + sum(_once(each, depth + 1) for each in inner)
