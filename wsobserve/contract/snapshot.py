"""A fold in; what it has found, as a report, out."""

from __future__ import annotations

from typing import Any

from wsobserve.contract.fold import ContractFold, Seen
from wsobserve.contract.outline import unseen_names
from wsobserve.contract.plan import Shown
from wsobserve.contract.report import (
    ChannelCoverage,
    ContractReport,
    MessageCoverage,
    NotChecked,
    OperationCoverage,
    Uncontracted,
    Violation,
)
from wsobserve.contract.terms import ContractChannel
from wsobserve.kept import Kept


def report(fold: ContractFold) -> ContractReport:
    """What the fold knows now."""
    fold.violations.settle()
    fold.uncontracted.settle()
    fold.not_checked.settle()
    violations = [
        Violation(
            channel=channel,
            direction=direction,
            message=message,
            path=path,
            keyword=keyword,
            detail=detail,
            location=location,
            messages=seen.messages,
            first=seen.first,
        )
        for (channel, direction, message, path, keyword, detail, location), seen in fold.violations.entries.items()
        if seen.first is not None
    ]
    uncontracted = [
        Uncontracted(channel=channel, direction=direction, name=name, messages=seen.messages, first=seen.first)
        for (channel, direction, name), seen in fold.uncontracted.entries.items()
        if seen.first is not None
    ]
    not_checked = [
        NotChecked(channel=channel, reason=reason, messages=seen.messages)
        for (channel, reason), seen in fold.not_checked.entries.items()
    ]
    channels = fold.contract.channels
    return ContractReport(
        contract=fold.contract.title,
        language=fold.contract.language,
        messages=fold.messages,
        valid=fold.valid,
        violating=fold.violating,
        violations=tuple(sorted(violations, key=_most_first)),
        violations_left_out=_overflow(fold.violations),
        faults_left_out=fold.faults_left_out,
        uncontracted=tuple(sorted(uncontracted, key=_most_first)),
        uncontracted_messages=_total(fold.uncontracted),
        uncontracted_left_out=_overflow(fold.uncontracted),
        not_checked=tuple(sorted(not_checked, key=_most_first)),
        not_checked_messages=_total(fold.not_checked),
        not_checked_left_out=_overflow(fold.not_checked),
        channels=tuple(_channel(fold, channel) for channel in channels),
        operations=tuple(operation for channel in channels for operation in _operations(fold, channel)),
        coverage=tuple(_coverage(shown) for shown in fold.shown.values()),
    )


def _most_first(entry: Violation | Uncontracted | NotChecked) -> tuple[int, str]:
    return -entry.messages, repr(entry)


def _overflow(table: Kept[Any, Seen]) -> int:
    overflow: Seen | None = table.overflow
    return 0 if overflow is None else overflow.messages


def _total(table: Kept[Any, Seen]) -> int:
    return sum(seen.messages for seen in table.entries.values()) + _overflow(table)


def _channel(fold: ContractFold, channel: ContractChannel) -> ChannelCoverage:
    messages = sum(fold.shown[channel.name, message.name].messages for message in channel.messages)
    return ChannelCoverage(channel=channel.name, address=channel.address, messages=messages)


def _operations(fold: ContractFold, channel: ContractChannel) -> list[OperationCoverage]:
    return [
        OperationCoverage(
            channel=channel.name,
            operation=operation.name,
            direction=operation.direction,
            messages=sum(
                fold.shown[channel.name, message].directions.get(operation.direction, 0) for message in operation.messages
            ),
        )
        for operation in channel.operations
    ]


def _coverage(shown: Shown) -> MessageCoverage:
    outline, seen = shown.verdict.outline, shown.seen
    properties, members = outline.counts()
    unseen = list(unseen_names(outline, seen)) if shown.messages else []
    return MessageCoverage(
        channel=shown.verdict.channel.name,
        message=shown.verdict.message.name,
        messages=shown.messages,
        violating=shown.violating,
        properties=properties,
        properties_unseen=tuple(path for path, member in unseen if member is None),
        members=members,
        members_unseen=tuple((path, member) for path, member in unseen if member is not None),
        left_out=shown.verdict.left_out,
    )
