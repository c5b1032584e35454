"""A lane: what this process holds in memory of one target's deliveries.

What is held are deliveries that are due, a bounded number of them; all others wait in the database. `next_due` says from when
on there may be something to load: the earliest due time that the lane knows of and does not hold.

Where what waits in the database has been due for long (after an outage of ours or of the target's), fresh deliveries pass it: a bounded
number of them is held beside the others, and the two take turns.
"""

from __future__ import annotations

from collections import deque

from odzew.forward.plan import LATE
from odzew.forward.protection import Protection
from odzew.model import Owed


class Lane:
    """The deliveries of one target that are due, those in flight, and those whose outcome is not yet committed."""

    __slots__ = (
        "_is_passed", "_late", "_meanwhile", "account_id", "fresh", "held", "in_flight", "left_alone_until", "loaded_at", "loading",
        "next_due", "passing", "protection", "queued", "repeats", "serving_since", "target_id",
    )  # fmt: skip

    def __init__(self, target_id: int, account_id: int, serving_since: int) -> None:
        self.target_id = target_id
        self.account_id = account_id
        self.serving_since = serving_since
        self.fresh: deque[Owed] = deque()
        self.repeats: deque[Owed] = deque()
        self.passing: deque[Owed] = deque()  # fresh ones that pass what waits in the database
        self._meanwhile: list[Owed] = []  # the same, offered while a load is under way
        self._is_passed = False  # whether the last one taken was of these
        self._late: int | None = None  # what waits in the database is due since then, or later
        self.held: set[int] = set()
        self.in_flight = 0
        self.next_due: int | None = None
        self.loaded_at = 0  # when the last load began
        self.loading = False
        self.queued = False
        self.left_alone_until = 0  # the URL asked for it (microseconds)
        self.protection = Protection()

    def __len__(self) -> int:
        return len(self.fresh) + len(self.repeats) + len(self.passing)

    @property
    def loaded(self) -> int:
        """How many wait of those that do not pass others."""
        return len(self.fresh) + len(self.repeats)

    @property
    def ahead(self) -> int:
        """How many pass what waits in the database, or will."""
        return len(self.passing) + len(self._meanwhile)

    def is_behind(self, now: int) -> bool:
        """Whether what waits in the database has been due for so long that fresh deliveries pass it."""
        return min((due for due in (self.next_due, self._late) if due is not None), default=now) < now - LATE

    def hold(self, owed: Owed) -> bool:
        """Takes a delivery unless it is held already."""
        if owed.delivery_id in self.held:
            return False
        self.held.add(owed.delivery_id)
        (self.repeats if owed.slot or owed.earlier else self.fresh).append(owed)  # what is sent again stays behind what is new
        return True

    def hold_ahead(self, owed: Owed) -> None:
        """Takes a fresh delivery past those that wait in the database.

        While a load is under way it is put aside until its end: see `begin_load`.
        """
        if self.loading:
            self._meanwhile.append(owed)
        elif owed.delivery_id not in self.held:
            self.held.add(owed.delivery_id)
            self.passing.append(owed)

    @property
    def has_first(self) -> bool:
        """Whether the next one is a first attempt."""
        return bool(self.fresh) or self._passes()

    def let_pass(self) -> bool:
        """Gives a turn to those that pass others; False where there are none."""
        self._is_passed = False
        return bool(self.passing)

    def _passes(self) -> bool:
        return bool(self.passing) and not (self._is_passed and self.loaded)

    def take(self) -> Owed:
        """The next one: first attempts before repeats, each in order of its due time; every other one is of those that pass them."""
        self._is_passed = self._passes()
        return (self.passing if self._is_passed else self.fresh or self.repeats).popleft()

    def release(self, delivery_id: int) -> None:
        """Forgets one whose outcome is in the database."""
        self.held.discard(delivery_id)

    def begin_load(self, now: int = 0) -> int | None:
        """A load begins; gives what was due. What is expected from now on counts for the next load.

        Nothing else is taken while it runs: what was held at its beginning is left out of what it reads, so that rows older than
        an outcome that is stored meanwhile make no second call.
        """
        self.loading, self.loaded_at = True, now
        before, self.next_due = self.next_due, None
        self._late = before if self._late is None else self._late
        return before

    def end_load(self) -> None:
        """The load has ended, however. What was offered meanwhile is taken, unless it was read."""
        self.loading = False
        meanwhile, self._meanwhile = self._meanwhile, []
        for owed in meanwhile:
            self.hold_ahead(owed)

    def has_read(self, last: int | None) -> None:
        """So far the database has been read: what is left of it fell due at `last` or later. None: nothing due is left."""
        self._late = last

    def drop(self) -> None:
        """Forgets what waits (not what is in flight): it is read again from the database."""
        for owed in (*self.fresh, *self.repeats, *self.passing):
            self.held.discard(owed.delivery_id)
        for waiting in (self.fresh, self.repeats, self.passing, self._meanwhile):
            waiting.clear()

    def expect(self, due_at: int) -> None:
        """Something that is not held falls due then."""
        if self.next_due is None or due_at < self.next_due:
            self.next_due = due_at
