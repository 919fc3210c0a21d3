"""What a check of traffic against a contract has found at one moment: violations, what the contract does not cover, and
what of the contract traffic did not show. Of payloads there is no value in here.
"""

from __future__ import annotations

from wsobserve.records import Direction, Record


class Sighting(Record, frozen=True, kw_only=True):
    """Where something was seen first."""

    time_ns: int
    packet: int
    connection: str
    client: str | None
    server: str | None


class Violation(Record, frozen=True, kw_only=True):
    """Messages that break the contract in one and the same way.

    `keyword`: of JSON Schema, or `discriminator` (the values that tell messages apart are those of none), `message` (none
    of the messages that it could be fits), `direction` (this message goes the other way). `path`: the JSON pointer of what
    is wrong, missing or one too many; `*` stands for any key that the contract does not name, or any position.
    """

    channel: str  # its name in the contract
    direction: Direction | None
    message: str | None  # its name in the contract; None: none of them
    path: str
    keyword: str
    detail: str  # what was wanted, as the contract says it, and the type that was found
    location: str  # of the keyword in the contract
    messages: int
    first: Sighting


class Uncontracted(Record, frozen=True, kw_only=True):
    """Messages about which the contract says nothing: no channel has their address, or none their direction."""

    channel: str  # of the traffic, as `wsobserve channels` has it
    direction: Direction | None
    name: str | None
    messages: int
    first: Sighting


class NotChecked(Record, frozen=True, kw_only=True):
    """Messages that could not be held against the contract. `reason`: `undecoded: incomplete`, `format binary`..."""

    channel: str
    reason: str
    messages: int


class MessageCoverage(Record, frozen=True, kw_only=True):
    """A message of the contract, and what traffic has shown of it."""

    channel: str
    message: str
    messages: int  # that fit
    violating: int
    properties: int  # that the schema names
    properties_unseen: tuple[str, ...]  # of a message that was seen; what is inside of one of them is not told
    members: int  # of enumerations, constants included
    members_unseen: tuple[tuple[str, str], ...]  # path, and the member as JSON
    left_out: int = 0  # names of the schema beyond the limit: nothing is said about them


class OperationCoverage(Record, frozen=True, kw_only=True):
    """An operation of the contract, and how many messages that fit were seen of it."""

    channel: str
    operation: str
    direction: Direction
    messages: int


class ChannelCoverage(Record, frozen=True, kw_only=True):
    """A channel of the contract, and how many messages that fit were seen on it."""

    channel: str
    address: str | None
    messages: int


class ContractReport(Record, frozen=True, kw_only=True):
    """All of it. messages == valid + violating + uncontracted + not checked.

    `violations`, `uncontracted`, `not_checked` are sorted by how many messages they are about; what did not fit into
    their tables is in the `..._left_out`, in messages (of violations: messages times violations).
    """

    contract: str
    language: str
    messages: int = 0
    valid: int = 0
    violating: int = 0
    violations: tuple[Violation, ...] = ()
    violations_left_out: int = 0
    faults_left_out: int = 0  # further faults of messages that have more than are looked for
    uncontracted: tuple[Uncontracted, ...] = ()
    uncontracted_messages: int = 0
    uncontracted_left_out: int = 0
    not_checked: tuple[NotChecked, ...] = ()
    not_checked_messages: int = 0
    not_checked_left_out: int = 0
    channels: tuple[ChannelCoverage, ...] = ()
    operations: tuple[OperationCoverage, ...] = ()
    coverage: tuple[MessageCoverage, ...] = ()
