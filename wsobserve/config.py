"""Settings and limits: one place that says how much of anything is kept.

Every buffer and table of wsobserve takes its limit from here. Reaching a limit cuts and says so.
"""

from __future__ import annotations

import msgspec

MIB = 1024 * 1024
SECOND_NS = 1_000_000_000

# The connections of a pipeline are shared out by a hash of their endpoints, and every limit on all of them together in as
# many equal shares. So it depends on the connections alone who has to go when a limit is reached, and not on how many
# worker processes share the work: a worker has whole partitions.
PARTITIONS = 8


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much is kept at most. Sizes in bytes, times in nanoseconds of the capture's clock."""

    connections: int = 100_000  # TCP connections with state
    stream_buffer: int = 4 * MIB  # out-of-order bytes of one direction
    total_buffer: int = 32 * MIB  # out-of-order bytes of all directions
    gap_wait_ns: int = 2 * SECOND_NS  # a hole that the receiver has acknowledged is given up after this
    start_packets: int = 16  # of a connection without a SYN: so many may overtake its SYN, and are held that long
    idle_ns: int = 3600 * SECOND_NS  # a connection without packets is forgotten after this
    closed_ns: int = 60 * SECOND_NS  # a closed one is remembered for late packets
    fragments: int = 1_024  # IP datagrams being put together
    fragment_buffer: int = 8 * MIB  # bytes of all of them
    fragment_wait_ns: int = 30 * SECOND_NS
    http_head: int = 64 * 1024  # request or response head
    held_bytes: int = 1 * MIB  # client data held until the response is known
    message_payload: int = 16 * MIB  # bytes of one message that are kept; longer ones are counted in full
    inflated_payload: int = 16 * MIB  # the same after inflation
    inflated_walk: int = 1024 * MIB  # a message that inflates to more is given up, and its context with it
    held_total: int = 256 * MIB  # unfinished messages, held and searched bytes and inflate windows of all connections
    resynchronise_buffer: int = 256 * 1024  # bytes in which a frame boundary is looked for
    held_anomalies: int = 100  # kept per connection until its roles are known
    channels: int = 4_096  # channels in statistics and schemas
    kinds: int = 512  # message kinds per channel
    schema_nodes: int = 2_048  # nodes of all schemas of one channel
    schema_properties: int = 256  # properties of one object
    schema_depth: int = 32
    schema_total_nodes: int = 250_000  # nodes of all schemas together
    schema_waiting: int = 192 * 1024  # bytes of structures that are counted and not yet in schemas, of all channels
    schema_values: int = 100_000  # a message of more values is counted and not looked into
    sample_bytes: int = 1_792 * 1024  # messages of one channel from which its kinds are worked out, with their bookkeeping
    sample_total: int = 48 * MIB  # the same of all channels
    strata: int = 768  # structures of one channel that have their own place in the sample
    strata_total: int = 32_768  # of all channels
    leaves: int = 1_536  # places of values of one channel of which is known what all values have in common
    leaves_total: int = 65_536  # of all channels
    structures: int = 4_096  # of JSON messages that are known again; any number of others is looked into each time
    drift_looks: int = 1 << 62  # messages a second that are looked into one by one for drift; beyond it one in so many is
    volume_buckets: int = 200_000  # (channel, direction, second) entries; then seconds are joined to longer steps
    volume_sizes: int = 64  # entries of one size histogram of a bucket; then its scale is halved
    series: int = 2_000  # series of messages, and of connections
    total_sizes: int = 512  # entries of one size histogram of a series
    routes: int = 500  # servers, hosts and routes of handshakes
    route_names: int = 64  # names of one kind (keys of the query, cookies, subprotocols...) of one of them
    contract_points: int = 4_096  # properties and members of enumerations of one message of a contract
    contract_faults: int = 16  # of one message
    contract_violations: int = 1_000  # ways to break a contract that are told apart; of what it does not cover as many
    closes: int = 64  # ways to close that are told apart in one series of connections
    stored_messages: int = 5_000  # the first messages of a run are kept in the store one by one
    stored_anomalies: int = 1_000  # the same for anomalies of each kind, and for capture losses of each reason
    stored_drift: int = 1_000  # the same for schema drift, of each sort of change


DEFAULT_LIMITS = Limits()
# The kernel gives packets out as they passed: what was open before is followed at once. A few may still overtake each
# other, as the two directions of a connection can be handled by two processors.
LIVE_LIMITS = Limits(start_packets=4)
