"""Shares over windows: what vanishes, what shifts, and what only varies."""

from __future__ import annotations

from random import Random

from wsobserve.schema.drift_shares import Bursts, Mix, Share, Shift


def looks(share: Share, present: list[int], of: list[int]) -> list[tuple[Shift | None, Shift | None]]:
    found, total, seen = [], 0, 0
    for here, all_of_them in zip(present, of, strict=True):
        seen, total = seen + here, total + all_of_them
        found.append(share.look(seen, total))
        share.end_window()
    return found


def test_what_came_and_comes_no_more_has_vanished_once() -> None:
    share = Share(0, 0)
    found = looks(share, [50] * 6 + [0] * 4, [256] * 10)
    vanished = [number for number, (gone, _) in enumerate(found) if gone is not None]
    assert vanished == [6]
    gone = found[6][0]
    assert gone is not None
    assert gone.chance < 1e-6
    assert (gone.now, round(gone.before, 2)) == (0.0, 0.2)


def test_what_comes_seldom_has_not_vanished_after_a_while_without() -> None:
    found = looks(Share(0, 0), [3] * 8 + [0] * 3, [256] * 11)
    assert [gone for gone, _ in found] == [None] * 11


def test_what_comes_back_is_known_anew() -> None:
    share = Share(0, 0)
    looks(share, [50] * 6 + [0] * 2, [256] * 8)
    assert share.look(350, 9 * 256) == (None, None)


def test_a_share_that_doubles_has_shifted_with_its_chance() -> None:
    share = Share(0, 0)
    found = looks(share, [50, 48, 52, 51, 49, 50, 130], [256] * 7)
    shift = found[6][1]
    assert shift is not None
    assert shift.large
    assert shift.chance < 1e-6


def test_after_a_shift_was_told_the_new_share_is_the_usual_one() -> None:
    share = Share(0, 0)
    looks(share, [50, 48, 52, 51, 49, 50, 130], [256] * 7)
    share.shift_told()
    found = []
    for number in range(1, 6):
        found.append(share.look(430 + 130 * number, (7 + number) * 256)[1])
        share.end_window()
    assert all(shift is None or shift.chance > 1e-3 for shift in found)


def test_what_vanishes_in_the_midst_of_a_window_is_told_after_its_shift_was() -> None:
    share = Share(0, 0)
    looks(share, [230] * 6 + [100], [256] * 7)
    share.shift_told()
    vanished, _ = share.look(1_480, 8 * 256)
    assert vanished is not None


def test_bursts_are_allowed_for() -> None:
    chance = Random(7)
    share, steady = Share(0, 0), Share(0, 0)
    bursts = looks(share, [chance.choice((20, 180)) for _ in range(80)], [256] * 80)
    assert all(shift is None or shift.chance > 1e-6 for _, shift in bursts[40:])
    assert looks(steady, [100] * 80 + [180], [256] * 81)[-1][1].chance < 1e-6  # type: ignore[union-attr]  # there is one
    assert Bursts().factor == 1.0


def test_a_mix_says_which_kind_shifted_most() -> None:
    mix = Mix([0, 0, 0])
    counts = [0, 0, 0]
    for step in ([100, 100, 56],) * 6:
        counts = [one + other for one, other in zip(counts, step, strict=True)]
        mix.look(counts)
        mix.end_window()
    found = mix.look([one + other for one, other in zip(counts, [20, 180, 56], strict=True)])
    assert found is not None
    shift, most = found
    assert (most, shift.large, shift.chance < 1e-6) in ((0, True, True), (1, True, True))
    mix.restart()
    assert mix.look([one + other for one, other in zip(counts, [40, 360, 112], strict=True)]) is None
