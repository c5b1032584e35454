"""Two ways to do the same, measured in turn, so that what else the machine does falls on both alike; only their ratio is judged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from proof.report import Report, median

Measure = Callable[[int], Awaitable[float]]
"""Measures once; it is handed the number of the pair."""


@dataclass(slots=True)
class Pairs:
    """The figures of each pair: without what is judged, and beside it."""

    without: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)

    def ratio(self) -> float:
        """The median of the pairs' ratios."""
        return median([beside / without for without, beside in zip(self.without, self.beside, strict=True)])

    def told(self, report: Report, what: str, by: str, at_most: float) -> None:
        """Three rows: both medians in milliseconds, and the ratio with its bound. `by`: what stands beside."""
        for name, seconds in (("without", self.without), (f"with {by}", self.beside)):
            each = [round(one * 1000, 2) for one in seconds]
            report.say(f"{what}, {name}, median of {len(seconds)}", median(seconds) * 1000, "ms", each=each)
        report.hold(f"{what}, with {by} against without, median of {len(self.without)} pairs", self.ratio(), "x", at_most=at_most)


async def interleaved(pairs: int, without: Measure, beside: Measure) -> Pairs:
    """So many pairs; in every second one what is judged goes first."""
    found = Pairs()
    for number in range(pairs):
        steps = [(without, found.without), (beside, found.beside)]
        for measure, figures in steps if number % 2 == 0 else reversed(steps):
            figures.append(await measure(number))
        print(f"      pair {number + 1} of {pairs}: {found.without[-1] * 1000:.2f} and {found.beside[-1] * 1000:.2f} ms", flush=True)
    return found
