"""Alarms: what somebody should hear of although nobody asked.

Each is a line in the log and in the book (`odzew alarm list`). By e-mail they come gathered: about one subject (a target, a source) at
most one mail an hour, and what falls due together for the same addresses is one mail. The operator hears of all, an account of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from odzew.clock import HOUR, MINUTE, SECOND, Clock, to_datetime
from odzew.errors import OdzewError
from odzew.operations.alarm_book import AlarmBook, Line, whose_letters
from odzew.store.alarms import AlarmRow, Letter, LetterState, Whose
from odzew.store.db import Database
from odzew.store.directory import Directory

GATHERED: Final = MINUTE // SECOND
"""Seconds between the first alarm about a subject and its mail: a fault seldom comes alone."""
APART: Final = HOUR // SECOND
AGAIN: Final = 5 * MINUTE // SECOND
"""Seconds until a mail that was not taken is tried again."""
MOST_UNSENT: Final = 100
MOST_LINES: Final = 200  # of one mail

log = structlog.get_logger("odzew.alarms")

SendMail = Callable[[Sequence[str], str, str], Awaitable[str | None]]
"""(addresses, subject, text) -> what the mail server had against some of the addresses; an exception: it was not taken."""


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
    target_id: int | None = None


@dataclass(slots=True)
class _Told:
    """The last alarm of a kind, and its line in the book, which counts them."""

    alarm: Alarm
    line: Line


@dataclass(slots=True)
class _Gathered:
    """What waits to be told about one subject."""

    account_id: int | None
    due: float
    kinds: dict[str, _Told] = field(default_factory=dict)

    def lines(self) -> list[str]:
        return [_line(told.alarm, told.line.row.times) for told in self.kinds.values()]


@dataclass(slots=True)
class _Mail:
    """`kept`: the lines of the book that it tells of, and as whose."""

    to: tuple[str, ...]
    lines: list[str] = field(default_factory=list)
    kept: list[tuple[Line, Whose]] = field(default_factory=list)


class Alarms:
    """Takes alarms (`tell`) and sends them on while `run` runs. `send_mail` None: there are no letters; `db` None: nothing is kept."""

    def __init__(
        self,
        clock: Clock,
        directory: Callable[[], Directory],
        operator: Sequence[str] = (),
        send_mail: SendMail | None = None,
        db: Database | None = None,
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
        self._book = AlarmBook(db)

    def tell(self, alarm: Alarm) -> None:
        """Takes an alarm. One of the same kind about the same subject, within the hour, is only counted."""
        gathered = self._waiting.get(alarm.about)
        if gathered is None:
            now = self._clock.monotonic()
            due = max(now + GATHERED, self._told.get(alarm.about, now - APART) + APART)
            gathered = self._waiting[alarm.about] = _Gathered(alarm.account_id, due)
        told = gathered.kinds.get(alarm.kind)
        if told is not None:
            told.alarm = alarm
            told.line.counted(alarm.words)
            return
        line = Line(AlarmRow(0, alarm.at, alarm.account_id, alarm.target_id, alarm.kind, alarm.about, alarm.words))
        gathered.kinds[alarm.kind] = _Told(alarm, line)
        self._book.change(line)
        self._moved.set()
        log.warning("alarm", kind=alarm.kind, about=alarm.about, account=alarm.account_id, words=alarm.words)

    def of_target(self, kind: str, account_id: int, target_id: int, words: str, at: int) -> None:
        """An alarm about a target, by its id and by the names that people know."""
        directory = self._directory()
        target, account = directory.targets.get(target_id), directory.accounts.get(account_id)
        named = f"target {target_id}"
        if target is not None and account is not None:
            named += f" ({target.name!r} of {account.name})"
        self.tell(Alarm(kind, named, words, at, account_id, target_id))

    async def run(self) -> None:
        """Writes down what comes and sends what falls due, until cancelled."""
        while True:
            if (pause := self._pause()) > 0:  # else it fell due while the last ones were written down
                await self._clock.wait(self._moved, pause)
            self._moved.clear()  # now: one that comes while others are written or sent is not overlooked
            await self._book.write()
            await self.send_due()

    async def close(self) -> None:
        """Sends what waits, due or not: whoever comes after knows nothing of it."""
        for gathered in self._waiting.values():
            gathered.due = self._clock.monotonic()
        await self.send_due()
        await self._book.write()
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
            for told in gathered.kinds.values():
                told.line.due(self._clock.now())
                self._book.change(told.line)
                if (count := told.line.row.times) > 1:
                    log.warning("alarm_again", kind=told.alarm.kind, about=about, times=count, words=told.alarm.words)
        mails = self._mails(list(due.values()))
        if self._unsent and self._retry <= now:
            mails, self._unsent = [*self._unsent, *mails], []
        for mail in mails:
            await self._mail(mail)
        await self._book.write()

    def _pause(self) -> float:
        """Seconds until something falls due; an hour when nothing waits."""
        soonest = min((gathered.due for gathered in self._waiting.values()), default=self._clock.monotonic() + APART)
        if self._unsent:
            soonest = min(soonest, self._retry)
        if self._book.waits:  # the database was away
            soonest = min(soonest, self._clock.monotonic() + GATHERED)
        return max(0.0, soonest - self._clock.monotonic())

    def _mails(self, due: Sequence[_Gathered]) -> list[_Mail]:
        mails: dict[tuple[str, ...], _Mail] = {}
        accounts = self._directory().accounts
        for gathered in due:
            account = accounts.get(gathered.account_id or 0)
            letters = whose_letters(self._operator, account.alarm_to if account is not None else ())
            for to in {to for _, to in letters}:
                mails.setdefault(to, _Mail(to)).lines.extend(gathered.lines())
            for whose, to in letters:
                mails[to].kept.extend((told.line, whose) for told in gathered.kinds.values())
        return list(mails.values())

    async def _mail(self, mail: _Mail) -> None:
        if self._send_mail is None:
            self._note(mail, "no_server")
            return
        try:
            said = await self._send_mail(mail.to, *_written(mail.lines))
        except Exception as error:  # whatever a mail server may do, the others are still to be told
            log.error("alarm_not_mailed", lines=len(mail.lines), error=f"{type(error).__name__}: {error}")
            self._retry = self._clock.monotonic() + AGAIN
            self._unsent = [*self._unsent, mail][-MOST_UNSENT:]
            self._note(mail, "refused", str(error) if isinstance(error, OdzewError) else f"{type(error).__name__}: {error}")
        else:
            self._note(mail, "taken", said or "")

    def _note(self, mail: _Mail, state: LetterState, said: str = "") -> None:
        for line, whose in mail.kept:
            line.sent(Letter(whose, mail.to, state, self._clock.now(), said=said))
            self._book.change(line)


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
