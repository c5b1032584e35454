"""Passwords: argon2id, verified off the event loop, a few at a time, and remembered for a minute.

A log-in that fails costs the same whatever was wrong with it: an unknown login, a password that cannot be one, or a user
without a usable hash is verified against a hash that nobody's password has.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from argon2.exceptions import HashingError, VerificationError, VerifyMismatchError
from argon2.low_level import Type, error_to_str, hash_secret, verify_secret

from odzew.clock import Clock
from odzew.errors import Busy, SettingError
from odzew.model import User

LONGEST_PASSWORD: Final = 1024  # octets of UTF-8
_SALT: Final = 16  # octets
_DIGEST: Final = 32  # octets
_LONGEST_LOGIN: Final = 1024  # characters that are looked at
_TEMPORARY: Final = frozenset(map(error_to_str, (-22, -33)))  # argon2.h: ARGON2_MEMORY_ALLOCATION_ERROR, ARGON2_THREAD_FAIL


@dataclass(slots=True, frozen=True)
class Cost:
    """What one hash costs (contract 8): memory in KiB, passes over it, lanes."""

    memory_kib: int = 19 * 1024
    passes: int = 2
    lanes: int = 1


DEFAULT_COST: Final = Cost()


def hash_password(password: str, cost: Cost = DEFAULT_COST) -> str:
    """The argon2id hash to store, in its usual text form.

    SettingError for what could never be presented: nothing, over 1,024 octets, NUL, a lone surrogate.
    """
    secret = _secret(password)
    if secret is None:
        raise SettingError(f"a password has 1 to {LONGEST_PASSWORD} octets of UTF-8 and no NUL")
    return _hash(secret, cost)


class Verifier:
    """Verifies passwords. At most `at_once` run, `waiting` more wait in turn; further ones are refused with Busy.

    Equal log-ins at the same time share one verification. A verified password is remembered for `remember` seconds under an
    HMAC of it *and of all that the user is*, so a user whose hash, roles or anything else has changed is verified anew: whoever
    calls passes the present user, and nothing needs to be told to forget. `verifications` counts the hashes computed.
    """

    def __init__(
        self,
        clock: Clock,
        cost: Cost = DEFAULT_COST,
        *,
        at_once: int = 2,
        waiting: int = 32,
        remember: float = 60.0,
        most_remembered: int = 10_000,
    ) -> None:
        self._clock = clock
        self._limit = at_once + waiting
        self._remember = remember
        self._most = most_remembered
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="password")
        self._key = secrets.token_bytes(32)
        self._nobodys = _hash(secrets.token_bytes(32), cost)
        self._running: dict[bytes, asyncio.Future[bool]] = {}
        self._remembered: OrderedDict[bytes, float] = OrderedDict()  # -> until when; the oldest first
        self._closed = False
        self.verifications = 0

    async def verify(self, login: str, user: User | None, password: str) -> bool:
        """Whether `password` is the one of `user`, whom the present directory has under `login` (None: nobody).

        Busy if too many are waiting. A caller that is cancelled disturbs nobody who shares its verification.
        """
        mark = self._mark(login, user, password)
        if self._remembers(mark):
            return True
        running = self._running.get(mark)
        if running is None:
            running = self._start(mark, user, password)
        await asyncio.wait((running,))
        if running.cancelled():
            raise Busy("the server is stopping")
        return running.result()

    def close(self) -> None:
        """Refuses all further and waiting verifications with Busy, and forgets what was remembered."""
        self._closed = True
        self._remembered.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _start(self, mark: bytes, user: User | None, password: str) -> asyncio.Future[bool]:
        if self._closed or len(self._running) >= self._limit:
            raise Busy("too many log-ins are being verified")
        self.verifications += 1
        secret = _secret(password)
        stored = self._nobodys if user is None or secret is None else user.password_hash
        running = asyncio.get_running_loop().run_in_executor(self._pool, _matches, stored, self._nobodys, secret or b"")
        self._running[mark] = running
        running.add_done_callback(lambda done: self._finish(mark, done))
        return running

    def _finish(self, mark: bytes, done: asyncio.Future[bool]) -> None:
        del self._running[mark]
        # Asking for the exception also marks it as seen: every caller may have gone away.
        if self._closed or done.cancelled() or done.exception() is not None or not done.result():
            return
        self._remembered[mark] = self._clock.monotonic() + self._remember
        while len(self._remembered) > self._most:
            self._remembered.popitem(last=False)

    def _remembers(self, mark: bytes) -> bool:
        now = self._clock.monotonic()
        while self._remembered and next(iter(self._remembered.values())) <= now:
            self._remembered.popitem(last=False)
        return mark in self._remembered

    def _mark(self, login: str, user: User | None, password: str) -> bytes:
        # ascii() keeps the three apart whatever they contain. What is cut off belongs to nobody: no user, or no possible password.
        parts = (login[:_LONGEST_LOGIN], user, password[: LONGEST_PASSWORD + 1])
        return hmac.digest(self._key, ascii(parts).encode("ascii"), "sha256")


def _secret(password: str) -> bytes | None:
    """The octets to hash; None for what no user's password can be."""
    if not password or len(password) > LONGEST_PASSWORD or "\0" in password:
        return None
    try:
        octets = password.encode()
    except UnicodeEncodeError:
        return None
    return octets if len(octets) <= LONGEST_PASSWORD else None


def _hash(secret: bytes, cost: Cost) -> str:
    try:
        return hash_secret(secret, os.urandom(_SALT), cost.passes, cost.memory_kib, cost.lanes, _DIGEST, Type.ID).decode("ascii")
    except HashingError as refused:
        raise SettingError(f"argon2 refuses {cost}: {refused}") from refused


def _matches(stored: str, nobodys: str, secret: bytes) -> bool:
    """Runs in the pool. Busy if argon2 itself failed for want of memory or threads: that says nothing about the password.

    A stored hash that cannot be read is nobody's.
    """
    try:
        return verify_secret(stored.encode("ascii", "replace"), secret, Type.ID)
    except VerifyMismatchError:
        return False
    except VerificationError as failed:
        if str(failed) in _TEMPORARY:
            raise Busy(f"a password could not be verified: {failed}") from failed
    return stored != nobodys and _matches(nobodys, nobodys, secret)
