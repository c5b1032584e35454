"""Incoming messages on their way out: windows of `inbox.read` to octets of a format, in constant memory."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from odzew.api.answers import Answer, Ending, Streamed, Whole
from odzew.api.call import PIECE, in_large_pieces
from odzew.api.formats import Format
from odzew.api.items import Item, contact_of, items_of
from odzew.inbox.read import MMS, Reader, Reading, Window
from odzew.store.attachments import AttachmentHead
from odzew.wire.published import ATTACHMENT_FIELDS, CONTACT

TOGETHER: Final = 100  # items that are encoded at once
TRIPLE: Final = 3  # octets that become four of base64


@dataclass(slots=True, frozen=True)
class Shape:
    """How the items of one answer look: format, time zone, and whether under both spellings of "received"."""

    format: Format
    zone: str
    both: bool = False


async def messages(reader: Reader, reading: Reading, shape: Shape, paging: Mapping[str, Any] | None) -> Answer:
    """The answer that an open reading gives. A small one is whole, others are made while they are sent."""
    ending = Ending(reading.sent, reading.take_back)
    form, window = shape.format, reading.window
    if reading.complete and _small(window):
        if not window.attachments:
            return Whole(form.head + b"".join(_text_pieces(window, shape)) + form.tail(paging), ending)
        pieces = [piece async for piece in _pieces(reader, reading, shape, paging)]
        return Whole(b"".join(pieces), ending)
    return Streamed(in_large_pieces(_pieces(reader, reading, shape, paging)), ending)


def _small(window: Window) -> bool:
    return sum(head.size for heads in window.attachments.values() for head in heads) <= PIECE


async def _pieces(reader: Reader, reading: Reading, shape: Shape, paging: Mapping[str, Any] | None) -> AsyncIterator[bytes]:
    form = shape.format
    yield form.head
    window: Window | None = reading.window
    between = b""
    while window is not None:
        if window.rows:
            yield between
            between = form.between
        if window.attachments:
            async for piece in _mixed_pieces(reader, window, shape):
                yield piece
        else:
            for piece in _text_pieces(window, shape):
                yield piece
        window = await reading.next()
    yield form.tail(paging)


def _text_pieces(window: Window, shape: Shape) -> list[bytes] | _Pieces:
    """A window without attachments, so many items at a time."""
    if len(window.rows) <= TOGETHER:
        return [shape.format.items(_dressed(window, shape, window.rows))] if window.rows else []
    return _Pieces(window, shape)


class _Pieces:
    """The encoded items of a window, made as they are asked for."""

    def __init__(self, window: Window, shape: Shape) -> None:
        self._window = window
        self._shape = shape

    def __iter__(self) -> Any:
        rows, form = self._window.rows, self._shape.format
        for start in range(0, len(rows), TOGETHER):
            yield (form.between if start else b"") + form.items(_dressed(self._window, self._shape, rows[start : start + TOGETHER]))
