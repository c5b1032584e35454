"""When a call that failed is made again (contract 5.5). Pure: instants in, instants out.

Instants are microseconds since the epoch, UTC; a slot is the number of attempts already made (0: the first one is still due).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Final

from odzew.clock import DAY, HOUR, MINUTE, SECOND
from odzew.errors import SettingError
from odzew.model import Basis

DEFAULT_MINUTES: Final = (5.0, 10.0, 15.0, 60.0)
MOST_REPEATS: Final = 20
LONGEST: Final = 7 * DAY
SHORTEST_GAP: Final = MINUTE // 1000
MOST_JITTER: Final = 10 * SECOND
JITTER_SHARE: Final = 30


@dataclass(slots=True, frozen=True)
class Schedule:
    """The slots of one target's attempts. `minutes` are the repeats, counted from the first attempt or from the previous one.

    Raises SettingError for a list that cannot be meant.
    """

    minutes: tuple[float, ...] = DEFAULT_MINUTES
    basis: Basis = "first"
    slots: tuple[int, ...] = field(init=False, repr=False)
    most_jitter: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        slots = _slots(self.minutes, self.basis)
        gaps = [after - before for before, after in pairwise(slots)]
        object.__setattr__(self, "slots", slots)
        object.__setattr__(self, "most_jitter", min(MOST_JITTER, min(gaps) // JITTER_SHARE) if gaps else 0)

    @property
    def attempts(self) -> int:
        """How many attempts there are in all, the first one included."""
        return len(self.slots)

    def offsets(self) -> tuple[float, ...]:
        """All slots in seconds from the first attempt; the first is 0."""
        return tuple(slot / SECOND for slot in self.slots)

    def jitter(self, delivery_id: int) -> int:
        """Microseconds by which every repeat of this delivery is late: always the same for the same delivery.

        So deliveries that failed together do not come back together, and the gaps of each one stay as they are.
        """
        return _scatter(delivery_id) % (self.most_jitter + 1)

    def next_due(self, slot: int, first_at: int, previous_started_at: int, jitter_us: int = 0) -> int | None:
        """When attempt number `slot` + 1 is due after `slot` attempts; None when there is none left.

        The later of its own slot and the previous attempt plus the gap between the two slots: after an outage one call is made
        at once and the rest keep their gaps.
        """
        if slot <= 0:
            return first_at
        if slot >= len(self.slots):
            return None
        gap = self.slots[slot] - self.slots[slot - 1]
        return max(first_at + self.slots[slot] + jitter_us, previous_started_at + gap)

    def cut_at(self, first_at: int) -> int:
        """When the delivery is cut short: the later of 24 h and the last slot + 1 h. Counts served time only; the engine keeps count."""
        return first_at + max(DAY, self.slots[-1] + HOUR)


def _slots(minutes: tuple[float, ...], basis: str) -> tuple[int, ...]:
    if basis not in ("first", "previous"):
        raise SettingError(f"the basis of a schedule is 'first' or 'previous', not {basis!r}")
    if len(minutes) > MOST_REPEATS:
        raise SettingError(f"a schedule has at most {MOST_REPEATS} repeats, not {len(minutes)}")
    spans = [_span(minute) for minute in minutes]
    slots = (0, *(accumulate(spans) if basis == "previous" else spans))
    if slots[-1] > LONGEST:
        raise SettingError("the last repeat is at most 7 days after the first attempt")
    if any(after - before < SHORTEST_GAP for before, after in pairwise(slots)):
        raise SettingError("repeats come one after the other, at least 0.001 minutes apart")
    return slots


def _span(minute: object) -> int:
    """Minutes as they come from a setting, in microseconds."""
    if isinstance(minute, bool) or not isinstance(minute, int | float) or not math.isfinite(minute) or minute <= 0:
        raise SettingError(f"a repeat is a number of minutes above 0, not {minute!r}")
    if minute * MINUTE > LONGEST:
        raise SettingError(f"a repeat is at most 7 days after the first attempt, not {minute!r} minutes")
    return round(minute * MINUTE)


def _scatter(number: int) -> int:
    """Spreads neighbouring numbers evenly over 64 bits (the finalizer of splitmix64)."""
    mask = (1 << 64) - 1
    mixed = (number + 0x9E3779B97F4A7C15) & mask
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & mask
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
    return mixed ^ (mixed >> 31)
