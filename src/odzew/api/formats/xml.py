"""XML 1.0 (contract 2, "XML"): fields are child elements, a list is its `item`s, nothing is an empty element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from odzew.wire import clean
from odzew.wire.published import ATTACHMENT_FIELDS, ATTACHMENTS, ERROR_ROOT, ITEM, ITEMS, PAGING, ROOT

_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_DATA: Final = ATTACHMENT_FIELDS[-1]


class Xml:
    """`api.formats.format.Format` for XML."""

    content_type = b"application/xml"
    head = f"{_DECLARATION}<{ROOT}><{ITEMS}>".encode()
    between = b""
    attachment_end = f"</{_DATA}></{ITEM}>".encode()

    def document(self, value: Mapping[str, Any]) -> bytes:
        return (_DECLARATION + _element(ROOT, value)).encode()

    def error(self, error: Mapping[str, Any]) -> bytes:
        return (_DECLARATION + _element(ERROR_ROOT, error)).encode()

    def items(self, items: Sequence[Mapping[str, Any]]) -> bytes:
        return "".join([_element(ITEM, item) for item in items]).encode()

    def tail(self, paging: Mapping[str, Any] | None) -> bytes:
        return f"</{ITEMS}>{'' if paging is None else _element(PAGING, paging)}</{ROOT}>".encode()

    def item_begin(self, item: Mapping[str, Any]) -> bytes:
        return f"<{ITEM}>{_children(item)}<{ATTACHMENTS}>".encode()

    def attachment_begin(self, attachment: Mapping[str, Any], first: bool) -> bytes:
        return f"<{ITEM}>{_children(attachment)}<{_DATA}>".encode()

    def item_end(self, rest: Mapping[str, Any]) -> bytes:
        return f"</{ATTACHMENTS}>{_children(rest)}</{ITEM}>".encode()


def _element(name: str, value: Any) -> str:
    return f"<{name}>{_content(value)}</{name}>"


def _children(fields: Mapping[str, Any]) -> str:
    return "".join([_element(name, value) for name, value in fields.items()])


def _content(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        # A carriage return in the text would reach the reader as a line feed (XML 1.0 s.2.11).
        return escape(clean.xml(value), {"\r": "&#13;"})
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return _children(value)
    if isinstance(value, Sequence):
        return "".join([_element(ITEM, item) for item in value])
    return str(value)


XML: Final = Xml()
