"""JSON without blanks, letters as UTF-8 and not escaped, keys in the order given (contract 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from odzew.wire.published import ATTACHMENT_FIELDS, ATTACHMENTS, ERROR_ROOT, ITEMS, PAGING

_encode: Final = msgspec.json.Encoder().encode
_DATA: Final = ATTACHMENT_FIELDS[-1]


class Json:
    """`api.formats.format.Format` for JSON."""

    content_type = b"application/json"
    head = f'{{"{ITEMS}":['.encode()
    between = b","
    attachment_end = b'"}'

    def document(self, value: Mapping[str, Any]) -> bytes:
        return _encode(value)

    def error(self, error: Mapping[str, Any]) -> bytes:
        return _encode({ERROR_ROOT: error})

    def items(self, items: Sequence[Mapping[str, Any]]) -> bytes:
        return _encode(items)[1:-1]

    def tail(self, paging: Mapping[str, Any] | None) -> bytes:
        return b"]}" if paging is None else f'],"{PAGING}":'.encode() + _encode(paging) + b"}"

    def item_begin(self, item: Mapping[str, Any]) -> bytes:
        return _encode(item)[:-1] + f',"{ATTACHMENTS}":['.encode()

    def attachment_begin(self, attachment: Mapping[str, Any], first: bool) -> bytes:
        return (b"" if first else b",") + _encode(attachment)[:-1] + f',"{_DATA}":"'.encode()

    def item_end(self, rest: Mapping[str, Any]) -> bytes:
        return b"]," + _encode(rest)[1:] if rest else b"]}"


JSON: Final = Json()
