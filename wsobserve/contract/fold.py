"""Channel messages in; how they keep to a contract, and what of it they show, out.

A fold: parts of the traffic can be checked apart, and merged. Messages are counted each in one place: they fit, they
violate, the contract does not speak of them, or they could not be checked. Tables are bounded; which of their entries
stay depends on the data alone (see `kept`), and what did not is counted.
"""

from __future__ import annotations

from typing import Any

import msgspec

from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.contract.plain import plain
from wsobserve.contract.plan import Plan, Shown
from wsobserve.contract.report import Sighting
from wsobserve.contract.routes import channels_of
from wsobserve.contract.sources import Sources
from wsobserve.contract.terms import Contract, ContractChannel
from wsobserve.contract.verdict import Fault, VerdictMaker
from wsobserve.kept import Kept
from wsobserve.records import CLIENT_TO_SERVER, SERVER_TO_CLIENT, ChannelMessage, Direction

OPPOSITE: dict[Direction, Direction] = {CLIENT_TO_SERVER: SERVER_TO_CLIENT, SERVER_TO_CLIENT: CLIENT_TO_SERVER}

NOT_JUDGED = "nested too deeply, or text that is no Unicode"

_decode = msgspec.json.Decoder().decode

ViolationKey = tuple[str, Direction | None, str | None, str, str, str, str]
UncontractedKey = tuple[str, Direction | None, str | None]
NotCheckedKey = tuple[str, str]


class Seen:
    """How many messages, and where the first of them was."""

    __slots__ = ("first", "messages")

    def __init__(self) -> None:
        self.messages = 0
        self.first: Sighting | None = None

    def add(self, first: Sighting) -> None:
        """One more."""
        self.messages += 1
        self._earlier(first)

    def merge(self, other: Seen) -> None:
        """Take over what the other knows; it stays as it is."""
        self.messages += other.messages
        if other.first is not None:
            self._earlier(other.first)

    def _earlier(self, first: Sighting) -> None:
        if self.first is None or _order(first) < _order(self.first):
            self.first = first


def _order(sighting: Sighting) -> tuple[int, int, str]:
    return sighting.time_ns, sighting.packet, sighting.connection


class ContractFold:
    """How traffic keeps to one contract. ContractError when one of its schemas is none."""

    def __init__(self, contract: Contract, sources: Sources, limits: Limits = DEFAULT_LIMITS) -> None:
        self.contract = contract
        self._limits = limits
        maker = VerdictMaker(sources, limits.contract_points)
        self.shown: dict[tuple[str, str], Shown] = {
            (channel.name, message.name): Shown(maker.verdict(channel, message))
            for channel in contract.channels
            for message in channel.messages
        }
        self._plans: dict[tuple[str, str | None, Direction | None], Plan] = {}
        self.messages = 0
        self.valid = 0
        self.violating = 0
        self.faults_left_out = 0
        self.violations: Kept[ViolationKey, Seen] = Kept(limits.contract_violations, Seen)
        self.uncontracted: Kept[UncontractedKey, Seen] = Kept(limits.contract_violations, Seen)
        self.not_checked: Kept[NotCheckedKey, Seen] = Kept(limits.contract_violations, Seen)

    def add(self, message: ChannelMessage) -> None:
        self.messages += 1
        direction = message.message.half.direction
        plan = self._plans.get((message.channel, message.route, direction))
        if plan is None:
            plan = self._plan(message.channel, message.route, direction)
        if not plan.spoken_of:
            self._uncontracted(message)
            return
        if message.structure:
            payload = _decode(message.message.payload)
        elif message.format == "json":
            payload = message.body
        else:
            self._add_other(plan, message)
            return
        try:
            shown = plan.fitting(payload)
            if shown is None:
                self._misfit(plan, message, payload)
            else:
                self._fit(shown, message, payload)
        except ValueError:
            self._not_checked(message, NOT_JUDGED)

    def _fit(self, shown: Shown, message: ChannelMessage, payload: object) -> None:
        shown.show(payload, message.message.half.direction)
        if shown.verdict.message.unchecked is None:
            self.valid += 1
        else:
            self._not_checked(message, shown.verdict.message.unchecked)

    def _add_other(self, plan: Plan, message: ChannelMessage) -> None:
        """A message that is not written in JSON."""
        inner = message.message
        if message.format == "undecoded":
            self._not_checked(message, f"undecoded: {inner.undecoded or 'incomplete'}")
        elif message.body is not None:
            self._add_body(plan, message)
        elif inner.opcode == 1 and plan.texts:
            self._add_text(plan, message)
        elif inner.opcode != 1 and plan.binary:
            self._fit(plan.binary[0], message, None)
        else:
            self._not_checked(message, f"format {message.format}")

    def _add_body(self, plan: Plan, message: ChannelMessage) -> None:
        """A message in one of the binary formats that say what they hold."""
        try:
            payload = plain(message.body)
            shown = plan.fitting(payload)
            if shown is not None:
                self._fit(shown, message, payload)
            elif plan.binary:
                self._fit(plan.binary[0], message, payload)
            else:
                self._misfit(plan, message, payload)
        except ValueError:
            self._not_checked(message, NOT_JUDGED)

    def _add_text(self, plan: Plan, message: ChannelMessage) -> None:
        """A message of plain text, on a channel that has such messages."""
        text = message.message.payload.decode("utf-8", "replace")
        shown = next((each for each in plan.texts if each.fits(text)), None)
        if shown is not None:
            self._fit(shown, message, text)
        elif not plan.certain:
            self._uncontracted(message)
        elif len(plan.texts) == 1:
            self._violate(message, plan.texts[0], list(plan.texts[0].verdict.faults(text)))
        else:
            self._violate(message, None, [Fault("", "message", "")], plan.texts[0].verdict.channel)

    def _misfit(self, plan: Plan, message: ChannelMessage, payload: object) -> None:
        """A payload that none of the messages fits that it could be."""
        if message.message.opcode == 1 and plan.texts:  # text may look like JSON
            text = message.message.payload.decode("utf-8", "replace")
            for each in plan.texts:
                if each.fits(text):
                    self._fit(each, message, text)
                    return
        most = self._limits.contract_faults
        shown, faults = plan.meant(payload, most + 1) if plan.structured else (None, [])
        if shown is None or not plan.affirmed(shown, payload):
            for each in plan.opposite:
                if each.fits(payload):
                    self._violate(message, each, [Fault("", "direction", "")])
                    return
        if not plan.structured or not plan.certain:
            self._uncontracted(message)
            return
        channel = plan.structured[0].verdict.channel if shown is None else shown.verdict.channel
        self._violate(message, shown, faults, channel)

    def _violate(
        self, message: ChannelMessage, shown: Shown | None, faults: list[Fault], channel: ContractChannel | None = None
    ) -> None:
        self.violating += 1
        name = None
        if shown is not None:
            shown.violating += 1
            name = shown.verdict.message.name
            channel = shown.verdict.channel
        assert channel is not None
        most = self._limits.contract_faults
        self.faults_left_out += max(0, len(faults) - most)
        sighting = _sighting(message)
        direction = message.message.half.direction
        for fault in faults[:most]:
            key = (channel.name, direction, name, fault.path, fault.keyword, fault.detail, fault.location)
            _count(self.violations, key, sighting)

    def _uncontracted(self, message: ChannelMessage) -> None:
        key = (message.channel, message.message.half.direction, message.name)
        _count(self.uncontracted, key, _sighting(message))

    def _not_checked(self, message: ChannelMessage, reason: str) -> None:
        _count(self.not_checked, (message.channel, reason), _sighting(message))

    def _plan(self, channel: str, route: str | None, direction: Direction | None) -> Plan:
        """What may come there."""
        contract = self.contract
        channels = channels_of(contract, channel, route)
        certain = bool(channels)
        if route is None and not any(each.routes for each in channels):
            # The address was not captured: it may be any of the contract's.
            certain = not any(each.routes for each in contract.channels)
            channels = list(contract.channels)
        here: list[Shown] = []
        opposite: list[Shown] = []
        for each in channels:
            for message in each.messages:
                shown = self.shown[each.name, message.name]
                directions = each.directions(message.name)
                (here if direction is None or not directions or direction in directions else opposite).append(shown)
        plan = Plan(here, opposite, certain=certain)
        if len(self._plans) >= self._limits.channels:
            self._plans.clear()  # those that still come are made again
        self._plans[channel, route, direction] = plan
        return plan

    def merge(self, other: ContractFold) -> None:
        """Take over what the other knows; it stays as it is."""
        if other.contract != self.contract or other._limits != self._limits:
            raise ValueError("folds of different contracts or limits do not add up")
        for key, shown in self.shown.items():
            shown.merge(other.shown[key])
        self.messages += other.messages
        self.valid += other.valid
        self.violating += other.violating
        self.faults_left_out += other.faults_left_out
        self.violations.merge(other.violations)
        self.uncontracted.merge(other.uncontracted)
        self.not_checked.merge(other.not_checked)


def _count(table: Kept[Any, Seen], key: Any, sighting: Sighting) -> None:
    (table.entries.get(key) or table.make(key)).add(sighting)
    if table.crowded():
        table.settle()


def _sighting(message: ChannelMessage) -> Sighting:
    inner = message.message
    half = inner.half
    return Sighting(
        time_ns=inner.time_ns, packet=inner.packet, connection=half.connection, client=half.client, server=half.server
    )
