"""Incoming messages on their way out: windows of `inbox.read` to octets of a format, in constant memory."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from odzew.api.answers import Answer, Ending, Streamed, Whole
from odzew.api.call import PIECE, in_large_pieces
from odzew.api.formats import Format
from odzew.api.items import Item, contact_of, items_of
from odzew.inbox.read import MMS, Reader, Reading, Window
from odzew.store import unread
from odzew.store.attachments import AttachmentHead
from odzew.store.db import Row
from odzew.wire.published import ATTACHMENT_FIELDS, CONTACT

TOGETHER: Final = 100  # items that are encoded at once
TRIPLE: Final = 3  # octets that become four characters of base64


@dataclass(slots=True, frozen=True)
class Shape:
    """How the items of one answer look: format, time zone, and whether under both spellings of "received"."""

    format: Format
    zone: str
    both: bool = False


async def messages(reader: Reader, reading: Reading, shape: Shape, paging: Mapping[str, Any] | None) -> Answer:
    """The answer that an open reading gives. A small one is whole; a large one is made while it is sent."""
    ending = Ending(reading.sent, reading.broken) if reading.marks else None
    window, form = reading.window, shape.format
    if not reading.complete or sum(head.size for heads in window.attachments.values() for head in heads) > PIECE:
        return Streamed(in_large_pieces(_pieces(reader, reading, shape, paging)), ending)
    if window.attachments:
        return Whole(b"".join([piece async for piece in _pieces(reader, reading, shape, paging)]), ending)
    return Whole(b"".join((form.head, *_texts(window, shape, window.rows), form.tail(paging))), ending)


async def _pieces(reader: Reader, reading: Reading, shape: Shape, paging: Mapping[str, Any] | None) -> AsyncIterator[bytes]:
    form = shape.format
    yield form.head
    window: Window | None = reading.window
    between = b""
    while window is not None:
        for rows in _runs(window.rows):
            yield between
            between = form.between
            if rows[0][unread.KIND] == MMS:
                async for piece in _multimedia(reader, window, shape, rows[0]):
                    yield piece
            else:
                for piece in _texts(window, shape, rows):
                    yield piece
        window = await reading.next()
    yield form.tail(paging)


def _runs(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """The rows cut into runs of texts, and each multimedia message by itself."""
    start = 0
    for place, row in enumerate(rows):
        if row[unread.KIND] == MMS:
            if start < place:
                yield rows[start:place]
            yield rows[place : place + 1]
            start = place + 1
    if start < len(rows):
        yield rows[start:]


def _texts(window: Window, shape: Shape, rows: Sequence[Row]) -> Iterator[bytes]:
    form = shape.format
    for start in range(0, len(rows), TOGETHER):
        items = items_of(rows[start : start + TOGETHER], shape.zone, shape.both)
        for item, row in zip(items, rows[start : start + TOGETHER], strict=True) if window.contacts else ():
            item.update(_contact(window, row))
        encoded = form.items(items)
        yield form.between + encoded if start else encoded


async def _multimedia(reader: Reader, window: Window, shape: Shape, row: Row) -> AsyncIterator[bytes]:
    form = shape.format
    (item,) = items_of((row,), shape.zone, shape.both)
    yield form.item_begin(item)
    for place, head in enumerate(window.attachments.get(row[unread.ID], ())):
        yield form.attachment_begin(_fields(head), first=not place)
        async for piece in _base64(reader, head):
            yield piece
        yield form.attachment_end
    yield form.item_end(_contact(window, row))


async def _base64(reader: Reader, head: AttachmentHead) -> AsyncIterator[bytes]:
    """The octets of an attachment in base64, with up to two octets carried from one slice to the next."""
    carried = b""
    size = 0
    async for octets in reader.slices(head.id):
        size += len(octets)
        carried += octets
        whole = len(carried) - len(carried) % TRIPLE
        yield b64encode(carried[:whole])
        carried = carried[whole:]
    if size != head.size:
        raise LookupError(f"attachment {head.id} has {size} octets of {head.size}")
    yield b64encode(carried)


def _fields(head: AttachmentHead) -> Item:
    return dict(zip(ATTACHMENT_FIELDS, (head.id, head.name, head.content_type), strict=False))


def _contact(window: Window, row: Row) -> Item:
    contact = window.contacts.get(row[unread.SENDER])
    return {CONTACT: contact_of(contact)} if contact is not None else {}
