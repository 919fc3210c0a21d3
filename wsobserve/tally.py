"""Messages that are like one before, counted without a record of each, and handed to the folds by the number.

Two messages are alike to every fold when they come from the same server, route and subprotocol, in the same direction,
with the same structure: they differ in their length and time, and of those sums and a histogram are enough. The first of
a kind goes the long way, as a record, and what became of it is learnt; the folds know the rest when `flush` was called.
"""

from __future__ import annotations

from array import array

import msgspec

from wsobserve.config import SECOND_NS, Limits
from wsobserve.excerpt import excerpt
from wsobserve.findings import Findings
from wsobserve.message_sink import HalfSink, MessageSink
from wsobserve.payload.structure import StructureReader
from wsobserve.records import ChannelMessage, Half
from wsobserve.schema.drift import DriftWatch
from wsobserve.schema.drift_form import Forms
from wsobserve.schema.leaf import number_of
from wsobserve.schema.sample import payload_hash
from wsobserve.schema.watched import Watched
from wsobserve.stats.sizes import SizesFold

TEXT = 1  # RFC 6455, 5.2: opcode of a text frame
QUOTATION_MARK = 0x22
MOST_STRIDE = 1 << 12


class LikeMessages:
    """Messages like one, of one second: the shortest time that a fold tells apart."""

    __slots__ = (
        "elements",
        "end_ns",
        "first_ns",
        "forms",
        "frame_bytes",
        "last_ns",
        "like",
        "messages",
        "payload_bytes",
        "sizes",
        "start_ns",
        "watched",
        "which",
    )

    def __init__(self, like: ChannelMessage, sizes: SizesFold, watched: Watched | None, reader: StructureReader) -> None:
        self.like = like  # without its payload
        self.watched = watched
        structure = like.structure.encode()  # the reader counts bytes, of which a character may have four
        self.forms: Forms | None = None  # where drift is watched; None: each message is looked into
        # By position in the structure: the number of the value there, so of a value that one of the elements is like.
        self.which = array("q", bytes(8 * (len(structure) + 1)))
        reader.structure(structure, True)
        for number in range(reader.values):
            self.which[reader.value_places[number]] = number
        self.sizes = sizes
        self.elements = array("q", bytes(8 * len(like.elements)))  # of all these messages, as in ChannelMessage
        self.start_ns = 0
        self.end_ns = 0  # nothing is counted yet: every time is outside
        self.first_ns = 0
        self.last_ns = 0
        self.messages = 0
        self.frame_bytes = 0
        self.payload_bytes = 0

    def begin(self, time_ns: int, sizes: SizesFold) -> None:
        """Nothing is counted; the second of this time begins."""
        self.sizes = sizes
        self.elements = array("q", bytes(8 * len(self.elements)))
        self.start_ns = time_ns // SECOND_NS * SECOND_NS
        self.end_ns = self.start_ns + SECOND_NS
        self.first_ns = self.last_ns = time_ns
        self.messages = 0
        self.frame_bytes = 0
        self.payload_bytes = 0


class HalfTally(HalfSink):
    """Of one direction of one connection: what is known of its structures."""

    __slots__ = ("half", "known", "learnt_at", "tally")

    def __init__(self, tally: Tally, half: Half) -> None:
        self.tally = tally
        self.half = half
        self.known: dict[str, LikeMessages] = {}
        self.learnt_at = 0  # which of the tally's tables `known` refers to

    def take(self, time_ns: int, opcode: int, payload: bytes, utf8: bool, length: int, frame_bytes: int) -> bool:
        tally = self.tally
        if not tally.open:
            return False
        tally.asked = self
        if tally.drift is not None:
            tally.next_turn(time_ns)
        if self.learnt_at != tally.table or length > tally.longest:
            return False
        reader = tally.reader
        structure = reader.structure(payload, utf8)
        like = self.known.get(structure)
        # Bytes are JSON only when there is an object or an array at their top.
        if like is None or (opcode != TEXT and structure[0] not in "{[") or not reader.all_values:
            return False
        if tally.drift is not None and not tally.passes_over and not self.is_familiar(like, reader, payload):
            return False
        if time_ns < like.start_ns or time_ns >= like.end_ns:
            tally.hand_over(like)
            like.begin(time_ns, SizesFold(tally.sizes_limit))
        like.messages += 1
        like.frame_bytes += frame_bytes
        like.payload_bytes += length
        like.sizes.add_length(length)
        if reader.count:
            reader.add_elements(like.elements)
        if time_ns < like.first_ns:
            like.first_ns = time_ns
        if time_ns > like.last_ns:
            like.last_ns = time_ns
        if like.watched is not None:
            self.see(like, reader, payload, time_ns)
        return True

    def is_familiar(self, like: LikeMessages, reader: StructureReader, payload: bytes) -> bool:
        """Whether nothing in the message that was read last can be drift; then the watch has counted it."""
        forms = like.forms
        if forms is None:
            return False
        form = forms.open_form(values_at(forms.choosers, like, reader, payload))
        if form is None:
            return False
        places, which = form.places, like.which
        for number in range(reader.values):
            place = places[which[reader.value_places[number]]]
            if place is None:
                continue
            start, end = reader.value_starts[number], reader.value_ends[number]
            if start > 0 and payload[start - 1] == QUOTATION_MARK:
                if not place.knows_text(excerpt(payload, start, end)):
                    return False
            elif not place.knows_number(number_of(excerpt(payload, start, end))):
                return False
        forms.count(form)
        return True

    def see(self, like: LikeMessages, reader: StructureReader, payload: bytes, time_ns: int) -> None:
        """Each value of the message that was read last is told to its place, and the message to the sample."""
        watched = like.watched
        assert watched is not None
        leaves, which = watched.leaves, like.which
        for number in range(reader.values):
            leaf = leaves[which[reader.value_places[number]]]
            if leaf is not None:
                leaf.see(payload, reader.value_starts[number], reader.value_ends[number])
        if payload_hash(payload) <= watched.limit:
            watched.offer(payload, time_ns, self.half.connection)


class Tally(MessageSink):
    """Of all connections of a pipeline. Takes messages as long as it is `open`, that is, while nobody wants their records."""

    __slots__ = (
        "_counted",
        "_findings",
        "_looks",
        "_looks_until_ns",
        "_most",
        "_most_looks",
        "_structures",
        "_turn",
        "asked",
        "drift",
        "drift_stride",
        "longest",
        "open",
        "passed_over",
        "passes_over",
        "reader",
        "sizes_limit",
        "table",
    )

    def __init__(self, findings: Findings, limits: Limits) -> None:
        self.open = False
        self.drift: DriftWatch | None = None  # is told of each message that it `looks` into before `learn` is
        # Looking into messages one by one for drift has a limit. Where it is reached, all messages are thinned out for it,
        # whatever they are: else the ones that cost more would seem to become rare.
        self.drift_stride = 1  # one in so many is looked at
        self.passes_over = False  # the one in hand
        self.passed_over = 0
        self._turn = 0
        self._looks = 0
        self._looks_until_ns = 0
        self._most_looks = limits.drift_looks
        self.asked: HalfTally | None = None  # the last one: what it did not take comes to `learn`
        self.reader = StructureReader()
        self.sizes_limit = limits.total_sizes
        self.longest = limits.schema_values  # longer ones may hold more values than are looked into
        self.table = 1
        self._findings = findings
        self._most = limits.structures
        self._structures = StructureReader()  # reads structures themselves
        self._counted: dict[tuple[str | None, ...], LikeMessages] = {}

    def of(self, half: Half) -> HalfSink:
        return HalfTally(self, half)

    def next_turn(self, time_ns: int) -> None:
        """Whether the next message is one of those that are passed over for drift."""
        if self.drift_stride == 1:
            return
        self._turn += 1
        self.passes_over = self._turn < self.drift_stride
        if self.passes_over:
            self.passed_over += 1
        else:
            self._turn = 0

    def looks(self, time_ns: int) -> bool:
        """A message is to be looked into for drift, by itself. Whether it is."""
        if self.passes_over:
            return False
        self._looks += 1
        if time_ns >= self._looks_until_ns:
            if self._looks > self._most_looks and self.drift_stride < MOST_STRIDE:
                self.drift_stride *= 2
            elif 4 * self._looks < self._most_looks and self.drift_stride > 1:
                self.drift_stride //= 2
                self.passes_over = False
            self._looks = 0
            self._looks_until_ns = time_ns + SECOND_NS
        return True

    def learn(self, message: ChannelMessage) -> None:
        """What became of a message that was not taken: those like it can be."""
        asked = self.asked
        half = message.message.half
        if not message.structure or asked is None or asked.half is not half:
            return
        if len(self._counted) >= self._most:
            self.forget()  # those that still come are learnt again
        if asked.learnt_at != self.table:
            asked.known.clear()
            asked.learnt_at = self.table
        if len(asked.known) >= self._most:
            return
        route, subprotocol, channel = message.route, message.subprotocol, message.channel
        key = (half.server, route, subprotocol, channel, half.direction, message.name, message.format, message.structure)
        like = self._counted.get(key)
        if like is None:
            empty = msgspec.structs.replace(message.message, payload=b"")
            like = LikeMessages(
                msgspec.structs.replace(message, message=empty, body=None, length=0),
                SizesFold(self.sizes_limit),
                self._findings.schemas.watched(message),
                self._structures,
            )
            self._counted[key] = like
        asked.known[message.structure] = like
        if self.drift is not None:
            self._learn_form(self.drift, like, message)

    def _learn_form(self, drift: DriftWatch, like: LikeMessages, message: ChannelMessage) -> None:
        if like.forms is None or not like.forms.is_valid():
            like.forms = drift.forms(message)
        if like.forms is None:
            return
        payload, reader = message.message.payload, self.reader
        reader.structure(payload, message.message.valid_utf8 is True)
        values = values_at(like.forms.choosers, like, reader, payload)
        if not like.forms.has(values):
            like.forms.add(values, drift.form(message))

    def flush(self) -> None:
        """The folds get what has been counted."""
        for like in self._counted.values():
            self.hand_over(like)

    def forget(self) -> None:
        """All messages are learnt anew: what the folds hold of them is not what it was."""
        self.flush()
        self._counted.clear()
        self.table += 1

    def hand_over(self, like: LikeMessages) -> None:
        """The folds get what has been counted of these."""
        if not like.messages:
            return
        findings, message = self._findings, like.like
        findings.schemas.add_like(message, like.messages, like.first_ns, like.last_ns, like.elements)
        findings.volumes.add_like(message, like.messages, like.first_ns, like.frame_bytes, like.payload_bytes, like.sizes)
        findings.series.add_like(
            message, like.messages, like.first_ns, like.last_ns, like.frame_bytes, like.payload_bytes, like.sizes
        )
        like.messages = 0
        like.end_ns = like.start_ns  # what comes next begins anew


def values_at(choosers: list[int], like: LikeMessages, reader: StructureReader, payload: bytes) -> bytes:
    """The values of the message that was read last which stand at these numbers of its structure."""
    if not choosers:
        return b""
    which = like.which
    found = []
    for number in range(reader.values):
        if which[reader.value_places[number]] in choosers:
            found.append(excerpt(payload, reader.value_starts[number], reader.value_ends[number]))
    return b"\n".join(found)
