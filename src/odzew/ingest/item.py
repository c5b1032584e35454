"""One item of an aggregator's push: its octets, its fields, and the arrival that they make (docs/http-push.md).

What is no proper Unicode (half a surrogate pair, octets that are no UTF-8) is read all the same: the text shows U+FFFD in its
place once stored, and the octets are kept as they came.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final, NoReturn

import msgspec

from odzew.errors import NumberError, WireError
from odzew.ingest.parts import Part, PartFault, attachments_of
from odzew.model import Arrival, Source
from odzew.wire import clean, localtime, msisdn

LONGEST_TEXT: Final = 65_536
LONGEST_TITLE: Final = 1_024
LONGEST_ID: Final = 255
_LONGEST_INTEGER: Final = 64  # digits; a longer one stays text, for Python refuses to read thousands of digits

MISSING: Final = 2000
INVALID: Final = 1006


class ItemFault(WireError):
    """Why one item is refused: `code` (contract 3), `field` as the sender named it (None: the item as a whole), and a sentence.

    `malformed` says that it is no JSON at all.
    """

    def __init__(self, code: int, field: str | None, message: str, malformed: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.malformed = malformed


class Item(msgspec.Struct):
    """The fields as they came; None for absent ones. Unknown fields are ignored."""

    sender: str | int | None = msgspec.field(name="from", default=None)
    recipient: str | int | None = msgspec.field(name="to", default=None)
    text: str | None = None
    id: str | int | None = None
    received: str | None = None
    title: str | None = None
    attachments: list[Part] | None = None


_WANTED: Final = {
    "from": "a string or a whole number",
    "to": "a string or a whole number",
    "text": "a string",
    "id": "a string or a whole number",
    "received": "a string",
    "title": "a string",
    "attachments": "a list of objects with the strings name, content_type and data",
}
_decode: Final = msgspec.json.Decoder(Item).decode
_path = re.compile(r"at `\$\.(\w+)").search


def read_item(octets: bytes) -> Item:
    """The fields of one item. ItemFault if it is no object, or a field is of a wrong type."""
    try:
        return _decode(octets)
    except msgspec.ValidationError as error:
        raise _wrong_type(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_tolerantly(octets)


def arrival_of(item: Item, octets: bytes, source: Source, country: str) -> Arrival:
    """The arrival of one item. ItemFault if a field is missing or cannot be read."""
    sender, recipient = _address("from", item.sender, country), _address("to", item.recipient, country)
    mms = item.attachments is not None or item.title is not None
    text = item.text or ""
    if item.text is None and not mms:
        raise ItemFault(MISSING, "text", "text is missing")
    if len(text) > LONGEST_TEXT:
        raise ItemFault(INVALID, "text", f"text has more than {LONGEST_TEXT} characters")
    if item.title is not None and len(item.title) > LONGEST_TITLE:
        raise ItemFault(INVALID, "title", f"title has more than {LONGEST_TITLE} characters")
    arrival = Arrival(
        source.id,
        sender,
        recipient,
        octets,
        text,
        None if item.id is None else _reference(item.id),
        None if item.received is None else _instant(item.received),
        mms=mms,
        trust_time=source.trust_time,
    )
    if mms:
        arrival.title = item.title
        try:
            arrival.attachments = attachments_of(item.attachments or [], text)
        except PartFault as fault:
            raise ItemFault(INVALID, "attachments", str(fault)) from None
    return arrival


def _not_json(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else digits


_read_json: Final = json.JSONDecoder(strict=False, parse_int=_integer, parse_constant=_not_json).decode


def _read_tolerantly(octets: bytes) -> Item:
    try:
        # Each octet that is no UTF-8 becomes a lone surrogate: it shows as U+FFFD, and two ids that differ in it still differ.
        values = _read_json(octets.decode("utf-8", "surrogateescape"))
    except ValueError:
        raise ItemFault(INVALID, None, "malformed JSON", malformed=True) from None
    except RecursionError:
        raise ItemFault(INVALID, None, "nested too deeply", malformed=True) from None
    try:
        # Only known names: another may hold what msgspec cannot look up.
        return msgspec.convert(_known(values, _WANTED), Item)
    except msgspec.ValidationError as error:
        raise _wrong_type(error) from None


def _known(values: object, names: dict[str, str]) -> object:
    if not isinstance(values, dict):
        return values
    known: dict[str, Any] = {name: values[name] for name in names if name in values}
    parts = known.get("attachments")
    if isinstance(parts, list):
        known["attachments"] = [_known(part, dict.fromkeys(Part.__struct_fields__, "")) for part in parts]
    return known


def _wrong_type(error: msgspec.ValidationError) -> ItemFault:
    path = _path(str(error))
    if path is None:
        return ItemFault(INVALID, None, "an item must be an object")
    return ItemFault(INVALID, path[1], f"{path[1]} must be {_WANTED[path[1]]}")


def _address(field: str, value: str | int | None, country: str) -> str:
    """The address as it was given. What is no number may still be a sender's name."""
    address = "" if value is None else str(value)
    if not address:
        raise ItemFault(MISSING, field, f"{field} is missing")
    try:
        msisdn.sender(address, country)
    except NumberError as error:
        raise ItemFault(INVALID, field, f"{field}: {error}") from None
    return address


def _reference(value: str | int) -> str:
    reference = str(value)
    if not reference or len(reference) > LONGEST_ID:
        raise ItemFault(INVALID, "id", f"id must have 1 to {LONGEST_ID} characters")
    if clean.text(reference) != reference:
        # A digest, and no replacement of signs: two ids must never become one, or a message is taken for a repetition.
        return hashlib.sha256(reference.encode("utf-8", "surrogatepass")).hexdigest()
    return reference


def _instant(text: str) -> int:
    try:
        return localtime.parse_rfc3339(text)
    except WireError as error:
        raise ItemFault(INVALID, "received", f"received: {error}") from None
