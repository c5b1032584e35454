"""Notes when each token and user was last used and which calls were refused, and writes it down now and then: no call waits for it."""

from __future__ import annotations

from collections import deque
from typing import Final

import structlog

from odzew.access.rights import Credential
from odzew.clock import Clock
from odzew.errors import StoreError
from odzew.store import usage
from odzew.store.db import Database
from odzew.store.usage import KEPT, ApiError

EVERY: Final = 5.0
"""Seconds between two writings; nothing is written while nothing is called."""
USED: Final = 60.0
"""Seconds for which the last use of a token or user that is on disk is exact enough."""

log = structlog.get_logger("odzew.access")


class Usage:
    """`noted` is told by the API (it is its hook `noted`); `run` writes, and `write(everything=True)` writes the rest at the end.

    Of refused calls the newest 1,000 wait at most: whoever calls in vain faster than that is seen well enough.
    """

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._tokens: dict[int, int] = {}
        self._users: dict[int, int] = {}
        self._errors: deque[ApiError] = deque(maxlen=KEPT)
        self._written_at: float | None = None

    def noted(self, credential: Credential, action: str, code: int | None, address: str) -> None:
        """A call whose credential was right, refused with `code` or not (None)."""
        now = self._clock.now()
        if credential.token_id is not None:
            self._tokens[credential.token_id] = now
        if credential.user_id is not None:
            self._users[credential.user_id] = now
        if code is not None:
            self._errors.append(ApiError(credential.account_id, now, action, code, credential.name, address))

    async def run(self) -> None:
        """Writes until cancelled; what could not be written is written next time."""
        while True:
            await self._clock.sleep(EVERY)
            await self.write()

    async def write(self, everything: bool = False) -> None:
        """Writes what was refused, and once a minute who called."""
        due = everything or self._written_at is None or self._clock.monotonic() - self._written_at >= USED
        tokens, users = (self._tokens, self._users) if due else ({}, {})
        errors = list(self._errors)
        if not (tokens or users or errors):
            return
        if due:
            self._tokens, self._users = {}, {}
        self._errors.clear()
        try:
            await self._db.write(usage.note, tokens, users, errors)
        except StoreError as error:
            self._tokens, self._users = tokens | self._tokens, users | self._users
            self._errors = deque([*errors, *self._errors], maxlen=KEPT)
            log.warning("usage_not_written", error=str(error))
            return
        if due:
            self._written_at = self._clock.monotonic()
