"""A lane: what this process holds in memory of one target's deliveries.

What is held are deliveries that are due, a bounded number of them; all others wait in the database. `next_due` says from when
on there may be something to load: the earliest due time that the lane knows of and does not hold.
"""

from __future__ import annotations

from collections import deque

from odzew.forward.protection import Protection
from odzew.model import Owed


class Lane:
    """The deliveries of one target that are due, those in flight, and those whose outcome is not yet committed."""

    __slots__ = (
        "account_id", "fresh", "held", "in_flight", "left_alone_until", "loading", "next_due", "protection", "queued", "repeats",
        "serving_since", "target_id",
    )  # fmt: skip

    def __init__(self, target_id: int, account_id: int, serving_since: int) -> None:
        self.target_id = target_id
        self.account_id = account_id
        self.serving_since = serving_since
        self.fresh: deque[Owed] = deque()
        self.repeats: deque[Owed] = deque()
        self.held: set[int] = set()
        self.in_flight = 0
        self.next_due: int | None = None
        self.loading = False
        self.queued = False
        self.left_alone_until = 0  # the URL asked for it (microseconds)
        self.protection = Protection()

    def __len__(self) -> int:
        return len(self.fresh) + len(self.repeats)

    def hold(self, owed: Owed) -> bool:
        """Takes a delivery unless it is held already."""
        if owed.delivery_id in self.held:
            return False
        self.held.add(owed.delivery_id)
        (self.repeats if owed.slot or owed.earlier else self.fresh).append(owed)  # what is sent again stays behind what is new
        return True

    def take(self) -> Owed:
        """The next one: first attempts before repeats, each in order of its due time."""
        return self.fresh.popleft() if self.fresh else self.repeats.popleft()

    def release(self, delivery_id: int) -> None:
        """Forgets one whose outcome is in the database."""
        self.held.discard(delivery_id)

    def begin_load(self) -> int | None:
        """A load begins; gives what was due. What is expected from now on counts for the next load.

        Nothing else is taken while it runs: what was held at its beginning is left out of what it reads, so that rows older than
        an outcome that is stored meanwhile make no second call.
        """
        self.loading = True
        before, self.next_due = self.next_due, None
        return before

    def end_load(self) -> None:
        """The load has ended, however."""
        self.loading = False

    def drop(self) -> None:
        """Forgets what waits (not what is in flight): it is read again from the database."""
        for owed in (*self.fresh, *self.repeats):
            self.held.discard(owed.delivery_id)
        self.fresh.clear()
        self.repeats.clear()

    def expect(self, due_at: int) -> None:
        """Something that is not held falls due then."""
        if self.next_due is None or due_at < self.next_due:
            self.next_due = due_at
