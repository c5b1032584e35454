"""The counts that the menu shows, remembered for a moment: they stand on every page."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from odzew.panel.services import Services
from odzew.panel.visit import Visitor

FOR: Final = 3.0  # seconds
REMEMBERED: Final = 1_000  # accounts


class Badges:
    """Unseen messages of the account that is looked at; unclaimed ones for an operator."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: OrderedDict[int | None, tuple[float, int]] = OrderedDict()

    async def __call__(self, visitor: Visitor) -> dict[str, int]:
        found: dict[str, int] = {}
        if visitor.account is not None:
            found["unseen"] = await self._unseen(visitor.account.id)
        if visitor.is_operator:
            found["unclaimed"] = await self._unseen(None)
        return found

    def forget(self, account_id: int | None) -> None:
        """Somebody has just seen messages of this account."""
        self._known.pop(account_id, None)

    async def _unseen(self, account_id: int | None) -> int:
        now = self._services.clock.monotonic()
        known = self._known.get(account_id)
        if known is not None and now - known[0] < FOR:
            return known[1]
        count = sum((await self._services.listing.unseen(account_id)).values())
        self._known[account_id] = (now, count)
        self._known.move_to_end(account_id)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return count
