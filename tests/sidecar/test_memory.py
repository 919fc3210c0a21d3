"""The memory budget: limits that fit into it, and shedding that begins, waits for its effect, and ends."""

from __future__ import annotations

import os

import msgspec
import pytest

from wsobserve.config import DEFAULT_LIMITS, LIVE_LIMITS, MIB
from wsobserve.pipeline import MOST_SHED
from wsobserve.sidecar.memory import LEAST_STATE, Budget, anonymous_bytes, limits_within, state_bytes


def test_a_large_budget_leaves_the_limits_as_they_are_offline() -> None:
    live = limits_within(100_000 * MIB)
    assert msgspec.structs.replace(live, drift_looks=LIVE_LIMITS.drift_looks) == LIVE_LIMITS


@pytest.mark.parametrize("mebibytes", [16, 64, 256])
def test_what_buffers_may_hold_fits_into_the_state(mebibytes: int) -> None:
    limits = limits_within(mebibytes * MIB)
    assert limits.held_total + limits.total_buffer + limits.fragment_buffer + limits.sample_total < mebibytes * MIB
    assert 1 <= limits.connections < DEFAULT_LIMITS.connections
    assert limits.message_payload <= limits.held_total


def test_workers_share_what_is_left() -> None:
    one, two = state_bytes(512 * MIB, 1, 32 * MIB), state_bytes(512 * MIB, 2, 32 * MIB)
    assert one > 2 * two  # each has a ring, too
    assert state_bytes(1, 1, 32 * MIB) == LEAST_STATE


def test_the_memory_of_a_process_is_read() -> None:
    assert anonymous_bytes() > 5 * MIB
    assert anonymous_bytes(os.getpid()) > 5 * MIB
    assert anonymous_bytes(2**22 + 1) == 0


def test_steps_are_taken_one_by_one_until_it_helps() -> None:
    budget = Budget(100)
    assert not budget.look(89, 0)
    assert budget.look(91, 1)
    assert not budget.look(95, 2)  # what was given up is not seen yet
    assert budget.look(95, 4.5)
    assert budget.steps == 2
    assert not budget.look(80, 9)


def test_steps_are_taken_back_when_there_has_been_room_for_a_while() -> None:
    budget = Budget(100)
    budget.look(91, 0)
    assert not budget.look(50, 30)
    assert not budget.look(75, 50)  # not that much room
    assert not budget.look(50, 100)
    assert budget.look(50, 111)
    assert budget.steps == 0
    assert not budget.look(50, 1000)


def test_there_is_a_last_step() -> None:
    budget = Budget(100)
    for second in range(0, 1000, 10):
        budget.look(200, second)
    assert budget.steps == MOST_SHED
