"""The memory budget: what the processes use, how much state they may hold, and when they have to give some of it up."""

from __future__ import annotations

import contextlib
import ctypes

import msgspec

from wsobserve.config import LIVE_LIMITS, MIB, Limits
from wsobserve.pipeline import MOST_SHED

# What the processes use before they have seen anything: the parent, the outlet, a worker. Measured, with all exporters.
BASE_BYTES = {"parent": 22 * MIB, "outlet": 55 * MIB, "worker": 26 * MIB}
RECORDING_BYTES = 24 * MIB  # of a worker that records: what it looks back at, and what it follows
LEAST_STATE = 16 * MIB  # of a worker: with less nothing useful can be kept
# Shares of a worker's state. What holds no more than is needed keeps the limits of an analysis offline.
CONNECTION_BYTES = 6 * 1024  # of one connection with all that belongs to it, measured; so many fit into a third
LIVE_DRIFT_LOOKS = 1_000  # a second: about a twelfth of a core
HEAD_ROOM = 0.9  # of the budget: beyond it something is given up...
RELIEF = 0.7  # ... and below this it is taken back...
RELIEF_S = 60.0  # ... when it has stayed so for a while
PATIENCE_S = 3.0  # between two steps: what was given up has to be seen in the figures first


def limits_within(state_bytes: int, limits: Limits = LIVE_LIMITS) -> Limits:
    """Limits with which a pipeline's state stays within so many bytes under ordinary traffic."""
    state = max(state_bytes, LEAST_STATE)
    return msgspec.structs.replace(
        limits,
        connections=min(limits.connections, max(state // 3 // CONNECTION_BYTES, 64)),
        total_buffer=min(limits.total_buffer, state // 8),
        stream_buffer=min(limits.stream_buffer, state // 16),
        fragment_buffer=min(limits.fragment_buffer, state // 32),
        held_total=min(limits.held_total, state // 4),
        message_payload=min(limits.message_payload, state // 16),
        inflated_payload=min(limits.inflated_payload, state // 16),
        sample_total=min(limits.sample_total, state // 8),
        leaves_total=min(limits.leaves_total, state // 2048),
        schema_total_nodes=min(limits.schema_total_nodes, state // 512),
        drift_looks=min(limits.drift_looks, LIVE_DRIFT_LOOKS),
        volume_buckets=min(limits.volume_buckets, state // 4096),
    )


def state_bytes(budget: int, workers: int, ring_bytes: int) -> int:
    """What is left of the budget for the state of each worker."""
    fixed = BASE_BYTES["parent"] + BASE_BYTES["outlet"] + workers * (BASE_BYTES["worker"] + ring_bytes)
    return max((budget - fixed) // workers, LEAST_STATE)


def anonymous_bytes(process: int | str = "self") -> int:
    """Memory that a process has for itself; 0 when it is gone."""
    with (
        contextlib.suppress(OSError, ValueError),
        open(f"/proc/{process}/status", encoding="ascii", errors="replace") as status,
    ):
        for line in status:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    return 0


def give_back() -> None:
    """What was freed goes back to the system: the C library would keep it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


class Budget:
    """How many steps of shedding are in force. Time is any clock that goes on."""

    def __init__(self, budget: int) -> None:
        self.bytes = budget
        self.steps = 0
        self._changed_s = float("-inf")
        self._above_relief_s = float("-inf")

    def look(self, used: int, now_s: float) -> bool:
        """So many bytes are used now. Whether the number of steps has changed."""
        if used > RELIEF * self.bytes:
            self._above_relief_s = now_s
        if now_s - self._changed_s < PATIENCE_S:
            return False
        if used > HEAD_ROOM * self.bytes and self.steps < MOST_SHED:
            self.steps += 1
        elif self.steps and now_s - max(self._above_relief_s, self._changed_s) >= RELIEF_S:
            self.steps -= 1
        else:
            return False
        self._changed_s = now_s
        return True
