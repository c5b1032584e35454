"""How many messages are left for a client to read, without counting them again at each poll.

Several clients who take messages at once make any count one of a moment that has passed. So what they are told of the pages left
is what was last counted less what has been taken since; with one client it is exact. It is told, and never relied on: whether
there is anything to read is always asked of the database, or known (`inbox.freshness`).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from odzew.store.unread import Filter

REMEMBERED: Final = 1_000  # accounts
FEW_SENDERS: Final = 4  # a filter with more is not remembered, for its size
LARGE: Final = 5_000  # messages; of so many the count may be a little old, for counting them takes milliseconds
OLD: Final = 1.0  # seconds


class Estimates:
    """The last count of each account: of the filter that its clients read with, for they seldom use several."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._limit = remembered
        self._accounts: OrderedDict[int, tuple[Filter, int, object, float]] = OrderedDict()

    def counted(self, wanted: Filter, left: int, version: object, now: float) -> None:
        """`left` were counted at `now` (seconds, monotonic). `version` moves when others than readers change something."""
        if len(wanted.senders) > FEW_SENDERS:
            return
        self._accounts[wanted.account_id] = (wanted, left, version, now)
        self._accounts.move_to_end(wanted.account_id)
        if len(self._accounts) > self._limit:
            self._accounts.popitem(last=False)

    def taken(self, wanted: Filter, taken: int) -> None:
        """So many of them were marked. By another filter: nobody knows how many of these were among them."""
        known = self._accounts.get(wanted.account_id)
        if known is None:
            return
        if known[0] == wanted:
            self._accounts[wanted.account_id] = (known[0], max(0, known[1] - taken), *known[2:])
        else:
            del self._accounts[wanted.account_id]

    def left(self, wanted: Filter, version: object, now: float) -> int | None:
        """How many are left; None if that has to be counted."""
        known = self._accounts.get(wanted.account_id)
        if known is None or known[0] != wanted:
            return None
        _, left, counted_under, at = known
        fresh = version is not None and version == counted_under
        return left if fresh or (left >= LARGE and now - at <= OLD) else None
