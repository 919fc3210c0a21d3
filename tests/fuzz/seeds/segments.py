"""TCP: what may happen to segments, each thing once."""

from __future__ import annotations

from tests.fuzz.recorded import Seeds
from tests.fuzz.segments import ACK, FIN, RST, SYN, URG


def step(
    half: int,
    flags: int = ACK,
    away: int = 0,
    size: int = 0,
    *,
    behind: int = 0,
    time: int = 0,
    cut: bool = False,
    shut: bool = False,
    port: int = 0,
    lie: bool = False,
) -> bytes:
    """Five bytes of a script of segments."""
    what = half | (flags & 7) << 1 | flags & 0x30 | (0x40 if lie else 0)
    return bytes([what, away & 255, size, behind & 255, time | (16 if cut else 0) | (32 if shut else 0) | port << 6])


OPENED = step(0, SYN) + step(1, SYN | ACK) + step(0)


def seeds() -> Seeds:
    """What may happen to segments, each thing once."""
    said = step(0, size=20) + step(1, size=30)
    ending = step(0, FIN | ACK) + step(1, FIN | ACK) + step(0)
    cases = {
        "whole": OPENED + said + ending,
        "from_the_middle": said * 3,
        "from_the_middle_of_one_side": step(0, size=10) * 20,
        "doubled": OPENED + said + step(0, size=20, away=-20) + step(1, size=30, away=-30) + ending,
        "overlapping": OPENED + step(0, size=40) + step(0, size=60, away=-30) + step(0, size=10, away=-5) + ending,
        "overlapping_with_other_bytes": OPENED
        + step(0, size=40)
        + step(0, size=60, away=-30, lie=True)
        + step(0, away=5, size=9, lie=True),
        "out_of_order": OPENED
        + step(0, size=10, away=20)
        + step(0, size=10, away=-20)
        + step(0, size=10, away=-20)
        + step(0, size=50, away=-40),
        "hole_acknowledged": OPENED
        + step(0, size=10, away=20)
        + step(1, behind=0)
        + step(0, size=200, time=15)
        + step(0, size=5)
        + ending,
        "hole_waits": OPENED
        + step(0, size=10, away=20)
        + step(0, size=10, time=8)
        + step(0, size=10, time=8)
        + step(0, size=1, time=15),
        "hole_beyond_the_buffer": OPENED + step(0, size=10, away=20) + step(0, size=245) * 6,
        "all_buffers_full": b"".join(
            step(0, SYN, port=p) + step(1, SYN | ACK, port=p) + step(0, size=242, away=9, port=p) * 4 for p in range(4)
        ),
        "far_away": OPENED + step(0, size=10, away=127) + step(0, size=10, away=126) + step(0, size=9, away=-128) + said,
        "far_away_for_good": OPENED + step(0, size=10, away=125) + step(1, behind=125) + step(0, size=10, away=125) * 3,
        "reset": OPENED + said + step(0, RST) + said,
        "reset_out_of_window": OPENED + said + step(0, RST, away=127) + said + ending,
        "reset_without_a_word": step(0, SYN) + step(1, RST | ACK),
        "ports_used_again": OPENED + said + step(0, SYN, away=100) + step(1, SYN | ACK, away=100) + said,
        "ports_used_again_after_the_end": OPENED
        + said
        + ending
        + step(0, SYN, away=50)
        + said
        + step(0, SYN, away=60, time=15)
        + said,
        "data_in_the_syn": step(0, SYN, size=20) + step(1, SYN | ACK, size=5) + said + ending,
        "data_after_fin": OPENED + step(0, FIN | ACK, size=10) + step(0, size=20) + step(0, FIN, away=3) + ending,
        "fin_before_data": OPENED + step(0, FIN | ACK, away=40) + step(0, size=20, away=-41) + step(0, size=20, away=-21),
        "fin_twice": OPENED
        + step(0, FIN | ACK, size=10)
        + step(0, FIN | ACK, away=-4)
        + step(1, FIN | ACK)
        + step(1, FIN | ACK, away=-1),
        "late_syn": step(0, size=20, away=1) + step(1, size=20) + step(0, SYN, away=-21) + said,
        "simultaneous_open": step(0, SYN) + step(1, SYN) + step(0, SYN | ACK, away=-1) + step(1, SYN | ACK, away=-1) + said,
        "cut": OPENED + step(0, size=60, cut=True) + step(0, size=60) + step(1, size=9, cut=True) + ending,
        "urgent": OPENED + step(0, URG | ACK, size=9) + said,
        "window_shut": OPENED + said + step(1, shut=True) + step(1, time=4, shut=True) + step(1, time=4) + said,
        "scan": b"".join(step(0, SYN, away=i, port=i & 3, time=i & 7) for i in range(12)),
        "idle": OPENED + said + b"".join(step(0, size=5, time=15, port=1) for _ in range(8)) + said,
        "keepalive": OPENED + said + step(0, away=-1, size=1) + step(1) + step(0, away=-1) + said,
        "window_probe": OPENED
        + step(1, shut=True)
        + step(0, size=1)
        + step(1, behind=-1, shut=True)
        + step(0, size=9, away=-1),
    }
    yield from cases.items()
