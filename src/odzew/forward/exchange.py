"""One attempt: from a delivery to a call or an e-mail, and from the answer to the attempt's record (contract 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog

from odzew.clock import SECOND, Clock
from odzew.errors import OdzewError, SettingError, StoreError, TemplateError
from odzew.forward.call import Answer, Call, Cancellable, Sender
from odzew.forward.item import Values
from odzew.forward.mail import Mail, MailSender
from odzew.forward.outcome import Outcome
from odzew.forward.trust import Trusts
from odzew.forward.verify import judge
from odzew.forward.ways import KINDS, Desk, Offer, Prepared
from odzew.model import Account, Attempt, Message, Owed, Target
from odzew.store import messages
from odzew.store.db import Database
from odzew.wire import clean
from odzew.wire.template import expected

SHOWN_URL: Final = 4096
SHOWN_DETAIL: Final = 1000
OWN_FAULT: Final = "an error on our side, see the log"

log = structlog.get_logger("odzew.forward")


class Exchange:
    """Makes attempts. `secret_of` gives the value that a target's secret refers to, or None where there is none.

    `mail` None: the installation has no mail server. `trusts`: the TLS contexts of targets that have their own.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        sender: Sender,
        secret_of: Callable[[str], str | None],
        mail: MailSender | None = None,
        trusts: Trusts | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._sender = sender
        self._mail = mail
        self._desk = Desk(db, secret_of, trusts or Trusts())

    async def attempt(self, owed: Owed, target: Target, account: Account, attempts: int) -> Attempt:
        """Makes the next attempt of a delivery; how it ended is in the record. StoreError only if the message cannot be read."""
        message: Message | None = owed.message or (await self._db.read(messages.get, [owed.message_id])).get(owed.message_id)
        started, begun = self._clock.now(), self._clock.monotonic()
        number = owed.slot + 1
        attempt = Attempt(owed.delivery_id, number, started, 0, "internal")
        try:
            if message is None:
                raise SettingError("the message is no longer in the database")
            offer = Offer(message, target, account, f"msg_{owed.delivery_id}", number, attempts, started, owed.completion)
            way = KINDS.get(target.way)
            prepared = await (self.prepare(offer) if way is None else way.prepare(offer, self._desk))
            attempt.url, sent = prepared.shown[:SHOWN_URL], prepared.sent
            answer = await (self._sender.send(sent) if isinstance(sent, Call) else self.make(prepared))
            note(attempt, answer, target, prepared.values)
        except OdzewError as error:
            attempt.outcome, attempt.detail = failed(error)
        return self._ended(attempt, begun)

    def begin(self, owed: Owed, target: Target, account: Account, attempts: int, done: Callable[[Attempt], None]) -> Cancellable | None:
        """Makes the next attempt of a delivery without a task; `done` is told how it ended, later, and must not raise.

        None where that is not possible, and nothing was begun: `attempt` does it.
        """
        message, way = owed.message, KINDS.get(target.way)
        if message is None or way is None:
            return None
        started, begun, number = self._clock.now(), self._clock.monotonic(), owed.slot + 1
        offer = Offer(message, target, account, f"msg_{owed.delivery_id}", number, attempts, started, owed.completion)
        try:
            prepared = way.prepare_now(offer, self._desk)
        except OdzewError:
            return None  # `attempt` tells it
        if prepared is None or not isinstance(prepared.sent, Call):
            return None
        values = prepared.values
        attempt = Attempt(owed.delivery_id, number, started, 0, "internal", prepared.shown[:SHOWN_URL])

        def answered(answer: Answer) -> None:
            try:
                note(attempt, answer, target, values)
            except Exception:
                log.exception("attempt_failed", delivery=attempt.delivery_id)
                attempt.outcome, attempt.detail = "internal", OWN_FAULT
            done(self._ended(attempt, begun))

        return self._sender.begin(prepared.sent, answered)

    def _ended(self, attempt: Attempt, begun: float) -> Attempt:
        if attempt.detail:
            attempt.detail = clean.text(attempt.detail)[:SHOWN_DETAIL]  # the other side may have a word in it
        attempt.took_us = round((self._clock.monotonic() - begun) * SECOND)
        return attempt

    async def prepare(self, offer: Offer) -> Prepared[Call | Mail]:
        """What is sent, by the way that the target has now."""
        way = KINDS.get(offer.target.way)
        if way is None:
            raise SettingError(f"this version of odzew knows no way {offer.target.way!r} to a target")
        return await way.prepare(offer, self._desk)

    async def make(self, prepared: Prepared[Call | Mail]) -> Answer:
        """Sends it."""
        if isinstance(prepared.sent, Call):
            return await self._sender.send(prepared.sent)
        if self._mail is None:
            raise SettingError("there is no mail server: set smtp_host and mail_from where odzew runs")
        return await self._mail.send(prepared.sent)


def note(attempt: Attempt, answer: Answer, target: Target, values: Values) -> None:
    """Writes the answer into the attempt's record."""
    attempt.outcome, attempt.detail = answer.outcome, answer.detail
    if target.verify is not None:
        attempt.outcome, attempt.detail = judged(answer, target, values)
    attempt.status, attempt.address, attempt.body, attempt.timings = answer.status, answer.address, answer.kept, answer.timings
    attempt.retry_after = answer.retry_after


def judged(answer: Answer, target: Target, values: Values) -> tuple[Outcome, str]:
    """Outcome and detail of an answer; verification is judged on all that was read of the body."""
    if answer.status is not None and answer.outcome == "ok" and target.verify is not None and target.way != "email":
        return judge(answer.status, answer.body, expected(target.verify, values))
    return answer.outcome, answer.detail


def failed(error: OdzewError) -> tuple[Outcome, str]:
    """Outcome and detail of what could not be sent. A StoreError is none: it is raised again."""
    if isinstance(error, StoreError):
        raise error
    return "template" if isinstance(error, TemplateError) else "internal", str(error)
