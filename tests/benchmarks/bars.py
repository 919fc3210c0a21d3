"""The bars that decoding is held to, and whether a run of the bench clears them.

In: the medians of a run. Out: a line for each bar.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

COUNT, TWO_WORKERS, EVERYTHING = "count", "count, 2 workers", "analyze with store"
TSHARK, TSHARK_STATISTICS, C_YARDSTICK = "tshark fields", "tshark io,stat", "C yardstick"

MEMORY_BAR = 80e6


@dataclass(frozen=True)
class Cost:
    """Medians of all rounds; of the memory the largest."""

    cpu: float
    wall: float
    peak_bytes: int


Costs = Mapping[tuple[str, str], Cost]  # by capture and program


@dataclass(frozen=True)
class Bar:
    """A figure and what it is to reach. `value` is None when one of its parts was not measured."""

    number: int
    what: str
    value: float | None
    limit: float
    at_least: bool
    aim: float | None = None

    @property
    def met(self) -> bool | None:
        """None: not measured."""
        if self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        verdict = {True: "OK", False: "MISSED", None: "-"}[self.met]
        value = "not measured" if self.value is None else f"{self.value:.2f}"
        aim = "" if self.aim is None else f", aim {self.aim:g}"
        side = "at least" if self.at_least else "at most"
        return f"{self.number}. {self.what} = {value} (bar: {side} {self.limit:g}{aim}) {verdict}"


def bars(costs: Costs) -> list[Bar]:
    """All of them, those that were not measured included."""

    def cpu(capture: str, above: str, below: str, limit: float, number: int, aim: float | None = None) -> Bar:
        """How many times the CPU of `below` does `above` need? Where `above` is ours, that is to be little."""
        value = _ratio(costs, capture, above, below, "cpu")
        return Bar(number, f"{capture}: {above} / {below}, CPU", value, limit, above != COUNT, aim)

    def wall(capture: str) -> Bar:
        value = _ratio(costs, capture, COUNT, TWO_WORKERS, "wall")
        return Bar(4, f"{capture}: {COUNT} / {TWO_WORKERS}, wall time", value, 1.7, True)

    return [
        cpu("small", TSHARK, COUNT, 30, 1, aim=45),
        cpu("small", TSHARK_STATISTICS, COUNT, 8, 1, aim=12),
        cpu("small", COUNT, C_YARDSTICK, 3, 1, aim=2),
        cpu("big", TSHARK, COUNT, 3, 2),
        cpu("big", COUNT, C_YARDSTICK, 1.4, 2),
        cpu("small", TSHARK, EVERYTHING, 10, 3, aim=20),
        wall("small"),
        wall("big"),
        *_memory(costs),
    ]


def _ratio(costs: Costs, capture: str, above: str, below: str, field: str) -> float | None:
    parts = [costs.get((capture, program)) for program in (above, below)]
    values: list[float] = [getattr(cost, field) for cost in parts if cost is not None]
    return values[0] / values[1] if len(values) == 2 and values[1] > 0 else None


def _memory(costs: Costs) -> list[Bar]:
    peaks = {capture: cost.peak_bytes for (capture, program), cost in costs.items() if program == COUNT}
    most = max(peaks, key=lambda capture: peaks[capture], default=None)
    what = f"peak MB of {COUNT}, most on {most}"
    value = None if most is None else peaks[most] / 1e6
    apart = None
    if "small" in peaks and "long" in peaks:
        apart = abs(peaks["long"] / peaks["small"] - 1) * 100
    return [
        Bar(5, what, value, MEMORY_BAR / 1e6, False),
        Bar(5, f"peak memory of {COUNT} on long and on small, % apart", apart, 10, False),
    ]
