"""One attempt: from a delivery to a call, and from the answer to the attempt's record (contract 5)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from odzew.clock import SECOND, Clock
from odzew.errors import OdzewError, SettingError, StoreError, TemplateError
from odzew.forward.allowance import Allowance, parse_allowance
from odzew.forward.call import Answer, Call, Sender, StreamedBody
from odzew.forward.item import MmsBody, Values, values_of
from odzew.forward.sign import Signer, read_secret
from odzew.forward.verify import judge
from odzew.model import Account, Attempt, Message, Owed, Target
from odzew.store import attachments, messages
from odzew.store.db import Database
from odzew.wire import clean
from odzew.wire.template import Template, expected

SHOWN_URL: Final = 4096
SHOWN_DETAIL: Final = 1000

parse_template = lru_cache(maxsize=4096)(Template.parse)


@lru_cache(maxsize=4096)
def _allowances(texts: tuple[str, ...]) -> tuple[Allowance, ...]:
    return tuple(parse_allowance(text) for text in texts)


class Exchange:
    """Makes attempts. `secret_of` gives the value that a target's secret refers to, or None where there is none."""

    def __init__(self, db: Database, clock: Clock, sender: Sender, secret_of: Callable[[str], str | None]) -> None:
        self._db = db
        self._clock = clock
        self._sender = sender
        self._secret_of = secret_of

    async def attempt(self, owed: Owed, target: Target, account: Account, attempts: int) -> Attempt:
        """Makes the next attempt of a delivery; how it ended is in the record. StoreError only if the message cannot be read."""
        message = owed.message or (await self._db.read(messages.get, [owed.message_id])).get(owed.message_id)
        started, begun = self._clock.now(), self._clock.monotonic()
        attempt = Attempt(owed.delivery_id, owed.slot + 1, started, 0, "internal")
        try:
            if message is None:
                raise SettingError("the message is no longer in the database")
            await self._make(attempt, owed, message, target, account, f"{owed.slot + 1}/{attempts}")
        except TemplateError as error:
            attempt.outcome, attempt.detail = "template", str(error)
        except StoreError:
            raise
        except OdzewError as error:
            attempt.detail = str(error)
        attempt.detail = clean.text(attempt.detail)[:SHOWN_DETAIL]  # the other side may have a word in it
        attempt.took_us = round((self._clock.monotonic() - begun) * SECOND)
        return attempt

    async def _make(self, attempt: Attempt, owed: Owed, message: Message, target: Target, account: Account, number: str) -> None:
        template = parse_template(target.url)
        values = values_of(message, account)
        request = template.target(values)
        attempt.url = (template.origin + request)[:SHOWN_URL]
        call = Call("GET", template.scheme, template.host, template.port, request.encode("ascii"))
        signer = Signer(f"msg_{owed.delivery_id}", attempt.started_at // SECOND, self._keys(target))
        headers = [("X-Attempt", number)]
        if owed.completion:
            headers.append(("X-Completion", "1"))  # contract 5.12: the same id as before, now with the whole text
        if template.authorization is not None:
            headers.append(("Authorization", template.authorization))
        if message.kind == "mms":
            call.method = "POST"
            headers.append(("Content-Type", await self._post(call, signer, message, target, account)))
        else:
            signer.update(request.partition("?")[2].encode("ascii"))
        call.headers = headers + signer.finish()
        call.allowances = _allowances(account.forward_allow)
        call.account = account.id
        answer = await self._sender.send(call)
        _write(attempt, answer, target, values)

    async def _post(self, call: Call, signer: Signer, message: Message, target: Target, account: Account) -> str:
        parts = await self._db.read(attachments.of_messages, [message.id])
        body = MmsBody(message, account, parts.get(message.id, ()), self._read_slice, target.body == "json")
        length = 0
        async for piece in body.slices():  # the first passage: length and signature stand before the body
            length += len(piece)
            signer.update(piece)
        call.body = StreamedBody(length, body.slices())
        return body.content_type

    async def _read_slice(self, attachment_id: int, position: int) -> bytes:
        data: bytes | None = await self._db.read(attachments.slice_of, attachment_id, position)
        return data or b""

    def _keys(self, target: Target) -> list[bytes]:
        if target.secret is None:
            return []
        value = self._secret_of(target.secret)
        if value is None:
            raise SettingError(f"the signing secret {target.secret} is not set where odzew runs")
        return [read_secret(value)]


def _write(attempt: Attempt, answer: Answer, target: Target, values: Values) -> None:
    """The answer on the attempt's record; verification is judged on all that was read of the body."""
    attempt.outcome, attempt.detail = answer.outcome, answer.detail
    if answer.status is not None and answer.outcome == "ok" and target.verify is not None:
        attempt.outcome, attempt.detail = judge(answer.status, answer.body, expected(target.verify, values))
    attempt.status, attempt.address, attempt.body, attempt.timings = answer.status, answer.address, answer.kept, answer.timings


