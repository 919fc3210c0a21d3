"""LookBack: what is held, what has to go, and that it is counted."""

from __future__ import annotations

from random import Random

from wsobserve.export.recording.held_packet import PACKET_COST, HeldPacket
from wsobserve.export.recording.look_back import BEGINNING, RECENT, Followed, LookBack


def followed(number: int = 0) -> Followed:
    key = number.to_bytes(12, "big")
    return Followed(key, key[::-1], 0, True, 0, 1)


def packet(number: int, size: int = 100) -> HeldPacket:
    return HeldPacket(number, bytes(size), size, 1, "lo")


def times(packets: list[HeldPacket]) -> list[int]:
    return [each.time_ns for each in packets]


def test_the_first_packets_and_the_latest_ones_stay() -> None:
    look_back = LookBack(10 << 20)
    one = followed()
    for number in range(5_000):
        look_back.hold(one, packet(number))
    first = BEGINNING // (100 + PACKET_COST)
    assert one.recent_bytes <= RECENT
    assert look_back.packets + look_back.dropped == 5_000
    beginning, recent = look_back.take(one)
    assert times(beginning) == list(range(first))
    assert times(recent) == list(range(5_000 - len(recent), 5_000))
    assert one.dropped == look_back.dropped == 5_000 - first - len(recent)
    assert (look_back.packets, look_back.bytes) == (0, 0)


def test_all_together_are_bounded_and_every_packet_is_counted() -> None:
    chance = Random(1)
    look_back = LookBack(200_000)
    everyone = [followed(number) for number in range(50)]
    taken = 0
    for number in range(20_000):
        look_back.hold(chance.choice(everyone), packet(number, chance.randrange(1_500)))
        assert look_back.bytes <= 200_000
        if number % 500 == 0:
            taken += sum(map(len, look_back.take(chance.choice(everyone))))
    assert look_back.packets + look_back.dropped + taken == 20_000
    assert sum(one.dropped for one in everyone) == look_back.dropped
    for one in everyone:
        look_back.take(one)
    assert (look_back.packets, look_back.bytes) == (0, 0)


def test_a_quiet_connection_keeps_its_beginning_beside_a_loud_one() -> None:
    look_back = LookBack(300_000)
    quiet, loud = followed(1), followed(2)
    for number in range(5):
        look_back.hold(quiet, packet(number))
    for number in range(5_000):
        look_back.hold(loud, packet(number))
    assert times(look_back.take(quiet)[0]) == list(range(5))


def test_beginnings_have_a_share_and_the_oldest_goes_first() -> None:
    look_back = LookBack(60_000)
    everyone = [followed(number) for number in range(100)]
    for one in everyone:
        look_back.hold(one, packet(0))
    assert sum(bool(one.beginning) for one in everyone) == 66
    assert [one.dropped for one in everyone] == [1] * 34 + [0] * 66


def test_the_limit_can_be_lowered_to_nothing() -> None:
    look_back = LookBack(1 << 20)
    for number in range(30):
        for _ in range(40):
            look_back.hold(followed(number), packet(0))
    look_back.shrink(0)
    assert (look_back.bytes, look_back.packets) == (0, 0)
    look_back.hold(followed(99), packet(0))
    assert look_back.bytes == 0
