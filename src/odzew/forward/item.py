"""What one message says to a client: the values of its placeholders, the body of an MMS, and an event (contract 5.2, 5.3)."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from odzew.clock import to_datetime
from odzew.model import Account, Message
from odzew.store.attachments import AttachmentHead
from odzew.store.messages import SLICE
from odzew.wire import localtime, published
from odzew.wire.template import encode

Values = dict[str, str]
FORM_TYPE: Final = "application/x-www-form-urlencoded"
JSON_TYPE: Final = "application/json"
RECEIVED: Final = "message.received"
COMPLETED: Final = "message.completed"

# `+` and `/` and `=` of base64 mean something else in a form.
_IN_FORM: Final = str.maketrans({"+": "%2B", "/": "%2F", "=": "%3D"})
_MULTIPLE: Final = 3 * 64 * 1024  # octets turned into base64 at a time: a multiple of three, so no padding in between


ReadSlice = Callable[[int, int], Awaitable[bytes]]  # (attachment id, position) -> 256 KiB, the last one less


def values_of(message: Message, account: Account) -> Values:
    """The values of all placeholders, by canonical name."""
    premium = message.kind == "pre"
    return {
        "NUMER": message.sender.removeprefix("+") if premium else message.sender,
        "WIADOMOSC": message.text,
        "DATA": localtime.render(message.received_at, account.time_zone),
        "ID": str(message.id),
        "SMSID": message.answers or "",
        "NUMERDO": message.recipient,
        "TYP": message.kind,
        "HASLO": message.keyword,
        "TYTUL": message.title or "",
        "LIMIT": "0" if premium else "",
    }


def fields_of(message: Message, account: Account) -> dict[str, object]:
    """The item of the pull API without its attachments and without what is looked up when it is read."""
    known: dict[str, object] = {
        "id": message.id,
        "type": message.kind,
        "phone": message.sender,
        "to_number": message.recipient,
        published.TIME_FIELD: localtime.render(message.received_at, account.time_zone),
        "title": message.title or "",
    }
    return known


def item_of(message: Message, account: Account, blacklisted: bool) -> dict[str, object]:
    """The item of the pull API (contract 2) without its attachments, its keys in the same order."""
    values: dict[str, object] = {
        "id": message.id,
        "type": message.kind,
        "phone": message.sender,
        published.TIME_FIELD: localtime.render(message.received_at, account.time_zone),
        "message_id": message.answers,
        "to_number": message.recipient,
        "blacklist": blacklisted,
        "title": message.title or "",
        "text": message.text,
    }
    return {name: values[name] for name in published.FIELDS[message.kind] if name != published.ATTACHMENTS}


def event_head(completed: bool, at: int) -> str:
    """An event of Standard Webhooks up to its `data`. `at`: when it happened, microseconds UTC."""
    moment = to_datetime(at).replace(tzinfo=None).isoformat(timespec="microseconds")
    return f'{{"type":"{COMPLETED if completed else RECEIVED}","timestamp":"{moment}Z","data":'


def compact(value: object) -> str:
    """JSON without blanks, letters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class EventBody:
    """The body of an event with attachments, produced in slices like `MmsBody`."""

    content_type = JSON_TYPE

    def __init__(self, head: str, item: dict[str, object], parts: Sequence[AttachmentHead], read: ReadSlice) -> None:
        self._head = head
        self._item = item
        self._parts = parts
        self._read = read

    async def slices(self) -> AsyncIterator[bytes]:
        """The octets, piece by piece."""
        yield self._head.encode()
        async for piece in item_slices(self._item, self._parts, self._read):
            yield piece.encode()
        yield b"}"


async def item_slices(item: dict[str, object], parts: Sequence[AttachmentHead], read: ReadSlice) -> AsyncIterator[str]:
    """An item with its attachments as JSON."""
    yield f'{compact(item)[:-1]},"{published.ATTACHMENTS}":['
    for index, part in enumerate(parts):
        head = compact({"id": part.id, "name": part.name, "content_type": part.content_type})
        yield f'{"," if index else ""}{head[:-1]},"data":"'
        async for piece in base64_slices(part, read):
            yield piece
        yield '"}'
    yield "]}"


async def base64_slices(part: AttachmentHead, read: ReadSlice) -> AsyncIterator[str]:
    """The octets of an attachment in base64, without line ends. Each piece but the last is of a multiple of three octets."""
    rest = b""
    for position in range(-(-part.size // SLICE)):
        rest += await read(part.id, position)
        whole = len(rest) - len(rest) % 3
        for start in range(0, whole, _MULTIPLE):
            yield base64.b64encode(rest[start : min(start + _MULTIPLE, whole)]).decode("ascii")
        rest = rest[whole:]
    if rest:
        yield base64.b64encode(rest).decode("ascii")


class MmsBody:
    """The body of an MMS POST, produced in slices and never held whole; it can be produced more than once.

    Its length, and its signature, are headers and so come before it: that takes a first passage through the slices.
    """

    def __init__(self, message: Message, account: Account, parts: Sequence[AttachmentHead], read: ReadSlice, as_json: bool) -> None:
        self._fields = fields_of(message, account)
        self._parts = parts
        self._read = read
        self._as_json = as_json

    @property
    def content_type(self) -> str:
        return JSON_TYPE if self._as_json else FORM_TYPE

    async def slices(self) -> AsyncIterator[bytes]:
        """The octets, piece by piece."""
        pieces = item_slices(self._fields, self._parts, self._read) if self._as_json else self._form()
        async for piece in pieces:
            yield piece.encode()

    async def _form(self) -> AsyncIterator[str]:
        yield "&".join(f"{name}={encode(str(value))}" for name, value in self._fields.items())
        for index, part in enumerate(self._parts):
            # Brackets are percent-encoded in a form; every framework reads them back.
            name = f"{published.ATTACHMENTS}%5B{index}%5D%5B"
            head = (("id", str(part.id)), ("name", part.name), ("content_type", part.content_type))
            yield "".join(f"&{name}{key}%5D={encode(value)}" for key, value in head) + f"&{name}data%5D="
            async for piece in base64_slices(part, self._read):
                yield piece.translate(_IN_FORM)
