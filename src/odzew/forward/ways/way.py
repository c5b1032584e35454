"""What a way to a target must be able to do: make of one attempt what is sent. What is sent does not depend on how it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

import msgspec

from odzew.clock import SECOND
from odzew.errors import SettingError
from odzew.forward.allowance import Allowance, parse_allowance
from odzew.forward.call import Body, Call, StreamedBody
from odzew.forward.item import ReadSlice, Values
from odzew.forward.mail import Mail
from odzew.forward.sign import Headers, Signer, read_secret
from odzew.forward.trust import Trusts
from odzew.model import Account, Attachment, Message, Target
from odzew.store import attachments
from odzew.store.attachments import AttachmentHead
from odzew.store.db import Database
from odzew.store.messages import SLICE
from odzew.wire.template import Template

parse_template = lru_cache(maxsize=4096)(Template.parse)


class Offer(msgspec.Struct, frozen=True):
    """One attempt. `webhook_id` is the same over the repeats, `number` of `attempts`; `started_at` an instant.

    `attached`: the attachments of a message that is not in the database (a sample); None: they are read from there.
    """

    message: Message
    target: Target
    account: Account
    webhook_id: str
    number: int
    attempts: int
    started_at: int
    completion: bool = False
    attached: Sequence[Attachment] | None = None


Sent_co = TypeVar("Sent_co", bound="Call | Mail", covariant=True)


class Prepared(msgspec.Struct, Generic[Sent_co], frozen=True):
    """What is sent, and the URL as it is shown in the attempt's record. `values`: of the placeholders, for verification."""

    sent: Sent_co
    shown: str
    values: Values


class Way(Protocol):
    """One way to a target."""

    name: str
    fields: tuple[str, ...]
    """The keys of the set-up file that mean something for it."""

    def prepare_now(self, offer: Offer, desk: Desk) -> Prepared[Call | Mail] | None:
        """What `prepare` gives, where nothing has to be read for it; None where something has."""
        ...

    async def prepare(self, offer: Offer, desk: Desk) -> Prepared[Call | Mail]:
        """What is sent for one attempt. OdzewError where it cannot be made; StoreError where the database is away."""
        ...


class Desk:
    """What the ways need of the house. `secret_of` gives the value that a reference stands for, or None."""

    __slots__ = ("db", "secret_of", "trusts")

    def __init__(self, db: Database, secret_of: Callable[[str], str | None], trusts: Trusts) -> None:
        self.db = db
        self.secret_of = secret_of
        self.trusts = trusts

    def signer(self, offer: Offer) -> Signer:
        """Signs the payload of an attempt with each key that signs now."""
        keys = self._keys(offer.target, offer.started_at) if offer.target.secret is not None else ()
        return Signer(offer.webhook_id, offer.started_at // SECOND, keys)

    def _keys(self, target: Target, now: int) -> list[bytes]:
        """The key, and during a change the one before it (contract 5.9)."""
        references = [target.secret]
        if target.secret_before_until is None or now < target.secret_before_until:
            references.append(target.secret_before)
        return [self._key(reference) for reference in references if reference is not None]

    def _key(self, reference: str) -> bytes:
        value = self.secret_of(reference)
        if value is None:
            raise SettingError(f"the signing secret {reference} is not set where odzew runs")
        return read_secret(value)

    async def parts(self, offer: Offer) -> tuple[Sequence[AttachmentHead], ReadSlice]:
        """The attachments of the message, and what reads them in slices."""
        if offer.attached is not None:
            heads = [AttachmentHead(n, one.name, one.content_type, len(one.data)) for n, one in enumerate(offer.attached, 1)]
            return heads, _reader_of(offer.attached)
        found = await self.db.read(attachments.of_messages, [offer.message.id])
        return found.get(offer.message.id, ()), self._read_slice

    async def _read_slice(self, attachment_id: int, position: int) -> bytes:
        data: bytes | None = await self.db.read(attachments.slice_of, attachment_id, position)
        return data or b""


def call_of(method: str, template: Template, request: str, offer: Offer, headers: Headers, body: Body = None) -> Call:
    """A call of a target's URL."""
    account = offer.account
    allowances = allowances_of(account)
    return Call(method, template.scheme, template.host, template.port, request.encode("ascii"), headers, body, allowances, account.id)


def has_own_tls(target: Target) -> bool:
    """Whether the target has a certificate or authorities of its own."""
    return target.ca is not None or target.client_cert is not None


def headers_of(template: Template, offer: Offer) -> Headers:
    """The headers of every call."""
    headers = [("X-Attempt", f"{offer.number}/{offer.attempts}")]
    if offer.completion:
        headers.append(("X-Completion", "1"))  # contract 5.12: the same id as before, now with the whole text
    if template.authorization is not None:
        headers.append(("Authorization", template.authorization))
    return headers


class Sliced(Protocol):
    """A body that can be produced more than once."""

    def slices(self) -> AsyncIterator[bytes]: ...


async def streamed(body: Sliced, signer: Signer) -> StreamedBody:
    """The body to send. The first passage through its slices is for length and signature, which stand before it."""
    length = 0
    async for piece in body.slices():
        length += len(piece)
        signer.update(piece)
    return StreamedBody(length, body.slices())


def _reader_of(attached: Sequence[Attachment]) -> ReadSlice:
    async def read(number: int, position: int) -> bytes:
        return attached[number - 1].data[position * SLICE : (position + 1) * SLICE]

    return read


def allowances_of(account: Account) -> tuple[Allowance, ...]:
    """What the account may call beyond the public internet."""
    return _allowances(account.forward_allow)


@lru_cache(maxsize=4096)
def _allowances(texts: tuple[str, ...]) -> tuple[Allowance, ...]:
    return tuple(parse_allowance(text) for text in texts)
