"""What is known of an account's unread messages without asking the database.

Each account has a version that moves when somebody changes what it has to read: whoever commits such a change in this process
touches it before he answers, and other processes are heard through the change counter `messages`. A number counted under a
version is right as long as the version stands. Where other processes write freely (`shared`), nothing is known.

The version must be read BEFORE the database is asked: a change that is committed meanwhile then moves it on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from odzew.store.unread import Filter

REMEMBERED: Final = 10_000  # counts
FEW_SENDERS: Final = 4  # a filter with more is not remembered, for its size

Version = tuple[int, int]


class Freshness:
    """Versions of accounts, and counts of unread messages under them."""

    def __init__(self, shared: bool, remembered: int = REMEMBERED) -> None:
        self._shared = shared
        self._limit = remembered
        self._epoch = 0
        self._accounts: dict[int, int] = {}
        self._marks: dict[int, int] = {}
        self._counts: OrderedDict[Filter, tuple[Version, int]] = OrderedDict()

    def version(self, account_id: int) -> Version:
        """The present version of an account."""
        return self._epoch, self._accounts.get(account_id, 0)

    def unmarked(self, account_id: int) -> object:
        """As `version`, but it stays when readers mark. None where nothing is known."""
        return None if self._shared else (self._epoch, self._accounts.get(account_id, 0) - self._marks.get(account_id, 0))

    def touch(self, account_ids: Iterable[int]) -> None:
        """The unread messages of these accounts have changed. To be called after the commit, before it is acknowledged."""
        for account in account_ids:
            self._accounts[account] = self._accounts.get(account, 0) + 1

    def touch_all(self) -> None:
        """Some process has changed somebody's messages."""
        self._epoch += 1
        self._accounts.clear()
        self._marks.clear()
        self._counts.clear()

    def count(self, wanted: Filter) -> int | None:
        """How many messages match, if that is known."""
        known = self._counts.get(wanted)
        if known is None:
            return None
        if known[0] != self.version(wanted.account_id):
            del self._counts[wanted]
            return None
        return known[1]

    def remember(self, wanted: Filter, version: Version, count: int) -> None:
        """`count` messages match, counted after `version` was read."""
        if self._shared or version != self.version(wanted.account_id) or len(wanted.senders) > FEW_SENDERS:
            return
        self._counts[wanted] = (version, count)
        self._counts.move_to_end(wanted)
        if len(self._counts) > self._limit:
            self._counts.popitem(last=False)

    def marked(self, wanted: Filter, version: Version, known: int | None, taken: int) -> None:
        """Messages were marked; `taken` of those that match. `known` was the count under `version`, read before marking began.

        If nothing else has moved since then, what is left is known too; else only that something changed.
        """
        alone = known is not None and version == self.version(wanted.account_id)
        self.touch((wanted.account_id,))
        self._marks[wanted.account_id] = self._marks.get(wanted.account_id, 0) + 1
        if alone and known is not None:
            self.remember(wanted, self.version(wanted.account_id), max(0, known - taken))
