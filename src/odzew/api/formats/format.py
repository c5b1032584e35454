"""What a format of answers must be able to do: whole documents, and lists of items piece by piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Item = Mapping[str, Any]


class Format(Protocol):
    """An output format. Values are str, int, bool, None, and lists and dicts of them. All answers are UTF-8."""

    content_type: bytes
    head: bytes
    """What stands before the first item of a list."""
    between: bytes
    """What stands between two items."""
    attachment_end: bytes

    def document(self, value: Item) -> bytes:
        """A whole answer that is no list of unknown length."""

    def error(self, error: Item) -> bytes:
        """A whole answer that is an error: `error` has code, type and message."""

    def items(self, items: Sequence[Item]) -> bytes:
        """One or more items, one after the other, with what stands between them."""

    def tail(self, paging: Item | None) -> bytes:
        """What stands after the last item; `paging` where the answer has one."""

    def item_begin(self, item: Item) -> bytes:
        """An item that goes on with its attachments."""

    def attachment_begin(self, attachment: Item, first: bool) -> bytes:
        """An attachment up to its `data`; base64 follows, then `attachment_end`."""

    def item_end(self, rest: Item) -> bytes:
        """The end of such an item, after its attachments and with the fields that follow them."""
