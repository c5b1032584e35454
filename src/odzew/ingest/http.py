"""Protocol `http`: JSON pushed by an aggregator, one object or a list of up to 1,000 (contract 7; docs/http-push.md).

A list is cut into its items' own octets first, so that one bad item is refused alone and each arrival keeps what came.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

import msgspec

from odzew.errors import WireError
from odzew.ingest.contract import JSON, Answer, Ingest, Receive, Request, error_answer
from odzew.ingest.item import ItemFault, arrival_of, read_item
from odzew.model import Arrival, Receipt, Source

MOST_ITEMS: Final = 1_000
# A list of more commas than this is cut by the slower way, which stops at the limit: no body makes millions of objects.
_FEW_COMMAS: Final = 65_536

_first_character = re.compile(rb"[ \t\r\n]*(.?)", re.DOTALL).match
_blanks = re.compile(r"[ \t\r\n]*").match
_signs = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL).finditer
_decode_list: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


class MalformedBody(WireError):
    """The body as a whole is no list of items."""


def octets_of_items(body: bytes) -> list[bytes]:
    """The octets of each item as they came; one object is a list of one. MalformedBody if it is neither object nor list."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    found = _first_character(body)
    first = found[1] if found else b""
    if first == b"{":
        return [body]
    if first != b"[":
        raise MalformedBody("the body must be a JSON object or a list of them")
    items = _cut(body)
    if len(items) > MOST_ITEMS:
        raise MalformedBody(f"a list of more than {MOST_ITEMS} items")
    return items


def _cut(body: bytes) -> list[bytes]:
    if body.count(b",") < _FEW_COMMAS:
        try:
            return [bytes(item) for item in _decode_list(body)]
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            pass  # half a surrogate pair in one item, perhaps: then only the tolerant way saves the others
    return _cut_tolerantly(body)


def _not_json(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


# Numbers stay text: a number of thousands of digits costs quadratic time, and nobody asks for its value here.
_scan: Final = json.JSONDecoder(strict=False, parse_int=str, parse_float=str, parse_constant=_not_json).raw_decode


def _cut_tolerantly(body: bytes) -> list[bytes]:
    """Cuts where JSON's own signs stand, whatever octets the strings hold: Latin-1 gives each octet one character."""
    text = body.decode("latin-1")
    position = _past_blanks(text, text.index("[") + 1)
    items: list[bytes] = []
    try:
        if text[position] == "]":
            return _ended(text, position, items)
        while len(items) <= MOST_ITEMS:
            end = _end_of_item(text, position)
            items.append(body[position:end])
            position = _past_blanks(text, end)
            if text[position] == "]":
                return _ended(text, position, items)
            if text[position] != ",":
                raise MalformedBody(f"malformed JSON at octet {position}")
            position = _past_blanks(text, position + 1)
    except (ValueError, IndexError, RecursionError) as error:
        raise MalformedBody(f"malformed JSON at octet {getattr(error, 'pos', position)}") from None
    return items


def _end_of_item(text: str, position: int) -> int:
    try:
        return _scan(text, position)[1]
    except RecursionError:  # nested so deeply that it is refused, alone: only its end is wanted
        depth = 0
        for sign in _signs(text, position):
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(sign[0], 0)
            if not depth:
                return sign.end()
        raise


def _past_blanks(text: str, position: int) -> int:
    found = _blanks(text, position)
    return found.end() if found else position


def _ended(text: str, position: int, items: list[bytes]) -> list[bytes]:
    if _past_blanks(text, position + 1) != len(text):
        raise MalformedBody(f"something follows the list at octet {position + 1}")
    return items


async def handle(source: Source, request: Request, receive: Receive, country: str) -> Answer:
    """Stores what can be taken and answers, after the commit, for every item in its order."""
    try:
        pieces = octets_of_items(request.body)
        alone = len(pieces) == 1 and pieces[0].lstrip()[:1] == b"{"
        read = [_read(raw, source, country) for raw in pieces]
        if alone and isinstance(read[0], ItemFault) and read[0].malformed:
            raise MalformedBody(str(read[0]))
    except MalformedBody as error:
        return error_answer(400, 1006, str(error))
    arrivals = [arrival for arrival in read if isinstance(arrival, Arrival)]
    receipts = iter(await receive(arrivals) if arrivals else ())
    items = [_refused(i, one) if isinstance(one, ItemFault) else _stored(i, next(receipts)) for i, one in enumerate(read)]
    return Answer(200, msgspec.json.encode({"items": items}), (JSON,))


def _read(raw: bytes, source: Source, country: str) -> Arrival | ItemFault:
    try:
        return arrival_of(read_item(raw), raw, source, country)
    except ItemFault as fault:
        return fault


def _stored(index: int, receipt: Receipt) -> dict[str, Any]:
    item = {"index": index, "id": receipt.message_id, "kind": receipt.kind if receipt.message_id is not None else "unreadable"}
    return item | {"duplicate": True} if receipt.duplicate else item


def _refused(index: int, fault: ItemFault) -> dict[str, Any]:
    field = {} if fault.field is None else {"field": fault.field}
    return {"index": index, "error": {"code": fault.code, **field, "message": str(fault)}}


INGEST: Final = Ingest("http", ("POST",), handle)
