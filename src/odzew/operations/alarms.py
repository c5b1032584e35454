"""Alarms: what somebody should hear of although nobody asked.

Each is a line in the log. By e-mail they come gathered: about one subject (a target, a source) at most one mail an hour, and what
falls due together for the same addresses is one mail. The operator hears of all, an account of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from odzew.clock import HOUR, MINUTE, SECOND, Clock, to_datetime
from odzew.store.directory import Directory

GATHERED: Final = MINUTE // SECOND
"""Seconds between the first alarm about a subject and its mail: a fault seldom comes alone."""
APART: Final = HOUR // SECOND
AGAIN: Final = 5 * MINUTE // SECOND
"""Seconds until a mail that was not taken is tried again."""
MOST_UNSENT: Final = 100
MOST_LINES: Final = 200  # of one mail

log = structlog.get_logger("odzew.alarms")

SendMail = Callable[[Sequence[str], str, str], Awaitable[None]]
"""(addresses, subject, text); an exception: it was not taken."""


@dataclass(slots=True, frozen=True)
class Alarm:
    """`kind` is a word (`failing`, `paused`, `recovered`, `exhausted`), `about` the subject (`target 7`), `words` what happened to it.

    `account_id` None: it concerns the operator alone.
    """

    kind: str
    about: str
    words: str
    at: int
    account_id: int | None = None


@dataclass(slots=True)
class _Gathered:
    """What waits to be told about one subject: of each kind the last one, and how many."""

    account_id: int | None
    due: float
    kinds: dict[str, tuple[Alarm, int]] = field(default_factory=dict)

    def lines(self) -> list[str]:
        return [_line(alarm, count) for alarm, count in self.kinds.values()]


@dataclass(slots=True)
class _Mail:
    to: tuple[str, ...]
    lines: list[str]


class Alarms:
    """Takes alarms (`tell`) and sends them on while `run` runs. `send_mail` None: the log is all there is."""

    def __init__(
        self, clock: Clock, directory: Callable[[], Directory], operator: Sequence[str] = (), send_mail: SendMail | None = None
    ) -> None:
        self._clock = clock
        self._directory = directory
        self._operator = tuple(operator)
        self._send_mail = send_mail
        self._waiting: dict[str, _Gathered] = {}
        self._told: dict[str, float] = {}  # when the last mail about a subject fell due
        self._unsent: list[_Mail] = []
        self._retry = 0.0
        self._moved = asyncio.Event()

    def tell(self, alarm: Alarm) -> None:
        """Takes an alarm. One of the same kind about the same subject, within the hour, is only counted."""
        gathered = self._waiting.get(alarm.about)
        if gathered is None:
            now = self._clock.monotonic()
            due = max(now + GATHERED, self._told.get(alarm.about, now - APART) + APART)
            gathered = self._waiting[alarm.about] = _Gathered(alarm.account_id, due)
            self._moved.set()
        _, count = gathered.kinds.get(alarm.kind, (alarm, 0))
        gathered.kinds[alarm.kind] = (alarm, count + 1)
        if not count:
            log.warning("alarm", kind=alarm.kind, about=alarm.about, account=alarm.account_id, words=alarm.words)

    def of_target(self, kind: str, account_id: int, target_id: int, words: str, at: int) -> None:
        """An alarm about a target, by its id and by the names that people know."""
        directory = self._directory()
        target, account = directory.targets.get(target_id), directory.accounts.get(account_id)
        named = f"target {target_id}"
        if target is not None and account is not None:
            named += f" ({target.name!r} of {account.name})"
        self.tell(Alarm(kind, named, words, at, account_id))

    async def run(self) -> None:
        """Sends what falls due until cancelled."""
        while True:
            self._moved.clear()
            await self._clock.wait(self._moved, self._pause())
            await self.send_due()

    async def close(self) -> None:
        """Sends what waits, due or not: whoever comes after knows nothing of it."""
        for gathered in self._waiting.values():
            gathered.due = self._clock.monotonic()
        await self.send_due()
        for mail in self._unsent:
            log.error("alarm_not_mailed", lines=len(mail.lines), error="the server stopped before it was taken")

    async def send_due(self) -> None:
        """Sends what is due now, one mail for those who hear of the same."""
        now = self._clock.monotonic()
        self._told = {about: at for about, at in self._told.items() if at > now - APART}
        due = {about: gathered for about, gathered in self._waiting.items() if gathered.due <= now}
        for about, gathered in due.items():
            del self._waiting[about]
            self._told[about] = now
            for alarm, count in gathered.kinds.values():
                if count > 1:
                    log.warning("alarm_again", kind=alarm.kind, about=about, times=count, words=alarm.words)
        mails = self._mails(list(due.values()))
        if self._unsent and self._retry <= now:
            mails, self._unsent = [*self._unsent, *mails], []
        for mail in mails:
            await self._mail(mail)

    def _pause(self) -> float:
        """Seconds until something falls due; an hour when nothing waits."""
        soonest = min((gathered.due for gathered in self._waiting.values()), default=self._clock.monotonic() + APART)
        if self._unsent:
            soonest = min(soonest, self._retry)
        return max(0.0, soonest - self._clock.monotonic())

    def _mails(self, due: Sequence[_Gathered]) -> list[_Mail]:
        lines: dict[tuple[str, ...], list[str]] = {}
        accounts = self._directory().accounts
        for gathered in due:
            account = accounts.get(gathered.account_id or 0)
            for to in {self._operator, account.alarm_to if account is not None else ()} - {()}:
                lines.setdefault(to, []).extend(gathered.lines())
        return [_Mail(*one) for one in lines.items()]

    async def _mail(self, mail: _Mail) -> None:
        if self._send_mail is None:
            return
        try:
            await self._send_mail(mail.to, *_written(mail.lines))
        except Exception as error:  # whatever a mail server may do, the others are still to be told
            log.error("alarm_not_mailed", lines=len(mail.lines), error=f"{type(error).__name__}: {error}")
            self._retry = self._clock.monotonic() + AGAIN
            self._unsent = [*self._unsent, mail][-MOST_UNSENT:]


def _written(lines: Sequence[str]) -> tuple[str, str]:
    """Subject and text of a mail."""
    subject = "Odzew: " + (lines[0].partition("  ")[2] if len(lines) == 1 else f"{len(lines)} alarms")
    more = [f"... and {len(lines) - MOST_LINES} more: see the log"] if len(lines) > MOST_LINES else []
    ask = "`odzew deliveries list --state exhausted` lists what did not arrive, `odzew deliveries resend` sends it again."
    return subject[:200], "\n".join([*lines[:MOST_LINES], *more, "", ask, ""])


def _line(alarm: Alarm, count: int) -> str:
    times = f" ({count} times)" if count > 1 else ""
    moment = to_datetime(alarm.at).replace(microsecond=0, tzinfo=None).isoformat()
    return f"{moment}Z  {' '.join(f'{alarm.about}: {alarm.words}{times}'.split())}"
