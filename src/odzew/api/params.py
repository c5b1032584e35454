"""Parameters of a request in every dialect that clients speak (contract 1).

A body is a JSON object, with native types or all of them strings, or a form whose lists are `phone=`, `phone[]=` or `phone[0]=`.
Whatever cannot be read is a ContractError; nothing else escapes.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, NoReturn
from urllib.parse import unquote_to_bytes

from odzew.errors import ContractError, NumberError, WireError
from odzew.wire import localtime, msisdn
from odzew.wire.published import FALSE, TRUE

INVALID: Final = 1006
REQUIRED: Final = 2000
WRONG_PHONE: Final = 2001

FIELDS: Final = 250_000  # of a form; more of them is nobody's request
GREATEST: Final = 10**15  # a page beyond this is as far as one can go

_LISTED = re.compile(r"([^\[\]]+)\[[0-9]*\]").fullmatch
_NESTED = re.compile(r"([^\[\]]+)\[([0-9]*)\]\[([^\[\]]+)\]").fullmatch
_bracketed = re.compile(r"[^\[\]]+\[.*\]", re.DOTALL).fullmatch
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII).fullmatch


class Parameters:
    """The fields of one request. What is absent, null or empty is None; unknown fields do no harm.

    `country` is the default country of telephone numbers, `zone` the time zone of the account.
    """

    __slots__ = ("_fields", "country", "zone")

    def __init__(self, fields: dict[str, Any], country: str = "PL", zone: str = "UTC") -> None:
        self._fields = fields
        self.country = country
        self.zone = zone

    def in_zone(self, zone: str) -> Parameters:
        """The same fields for an account of this time zone."""
        return Parameters(self._fields, self.country, zone)

    def credential(self, name: str) -> str | None:
        """A login or a password: what is none is as good as absent."""
        try:
            return self.text(name)
        except ContractError:
            return None

    def text(self, name: str) -> str | None:
        """A text. A native number is read as its digits. ContractError 1006."""
        value = self._fields.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            return value
        if type(value) is int:
            return str(value)
        raise ContractError(INVALID, name)

    def required(self, name: str) -> str:
        """A text that must be there. ContractError 2000, 1006."""
        value = self.text(name)
        if value is None:
            raise ContractError(REQUIRED, name)
        return value

    def choice(self, name: str, words: tuple[str, ...]) -> str | None:
        """One of `words`. ContractError 1006."""
        value = self.text(name)
        if value is not None and value not in words:
            raise ContractError(INVALID, name)
        return value

    def boolean(self, name: str) -> bool:
        """True or false in the spellings of the contract. ContractError 1006."""
        value = self._fields.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        word = str(value).strip().lower() if isinstance(value, str) or type(value) is int else None
        if word in TRUE or word in FALSE:
            return word in TRUE
        raise ContractError(INVALID, name)

    def integer(self, name: str, code: int = INVALID) -> int | None:
        """A whole number from 1 on. Those too great to matter are one number. ContractError 1006, or `code`."""
        value = self.text_or_fail(name, code)
        if value is None:
            return None
        value = value.strip()
        if not _INTEGER(value):
            raise ContractError(code, _named(code, name))
        number = GREATEST if len(value) > len(str(GREATEST)) and not value.startswith("-") else int(value[:20])
        if number < 1:
            raise ContractError(code, _named(code, name))
        return min(number, GREATEST)

    def text_or_fail(self, name: str, code: int) -> str | None:
        """As `text`, with another code for what is no text."""
        try:
            return self.text(name)
        except ContractError:
            raise ContractError(code, _named(code, name)) from None

    def listed(self, name: str) -> list[Any]:
        """The elements of a list in any of its forms; null and empty ones are left out."""
        value = self._fields.get(name)
        values = value if isinstance(value, list) else value.split(",") if isinstance(value, str) else [value]
        return [element for element in values if element is not None and element != ""]

    def rows(self, name: str) -> list[Any]:
        """The elements of a list of objects: an array, an object of numbered ones, a text that holds one of the two as JSON, or
        `name[0][key]=` of a form. What an element is, is for the reader to judge. ContractError 1006 for what is no such list."""
        value = self._fields.get(name)
        if isinstance(value, str) and value:
            try:
                value = json.loads(value, object_pairs_hook=_object, parse_constant=_refuse)
            except (ValueError, RecursionError, ContractError):
                raise ContractError(INVALID, name) from None
        if value is None or value == "":
            return []
        if isinstance(value, dict) and value and all(_INTEGER(key) for key in value):
            return list(value.values())
        if not isinstance(value, list):
            raise ContractError(INVALID, name)
        return value

    def phones(self, name: str, most: int) -> tuple[str, ...]:
        """Senders to look for, each once. ContractError 2001 where one is unreadable, or for more than `most`."""
        values = self.listed(name)
        if len(values) > most:
            raise ContractError(WRONG_PHONE)
        return tuple(dict.fromkeys(self._number(value, msisdn.filter_value) for value in values))

    def phone(self, name: str, read: Callable[[str, str], str] = msisdn.filter_value) -> str | None:
        """One sender or number. ContractError 2001."""
        values = [value for value in (self._fields.get(name),) if value is not None and value != ""]
        if values and isinstance(values[0], list):
            values = self.listed(name)
        if len(values) > 1:
            raise ContractError(WRONG_PHONE)
        return self._number(values[0], read) if values else None

    def required_phone(self, name: str, read: Callable[[str, str], str] = msisdn.filter_value) -> str:
        """As `phone`; ContractError 2000 where it is absent."""
        value = self.phone(name, read)
        if value is None:
            raise ContractError(REQUIRED, name)
        return value

    def instant(self, name: str, read: Callable[[str, str], int]) -> int | None:
        """A time of the account's zone, read by `wire.localtime.parse_from` or `parse_to`. ContractError 1006."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return read(value, self.zone)
        except WireError:
            raise ContractError(INVALID, name) from None

    def since(self, name: str) -> int | None:
        """The first instant of an interval. ContractError 1006."""
        return self.instant(name, localtime.parse_from)

    def until(self, name: str) -> int | None:
        """The last instant of an interval, its whole second or day included. ContractError 1006."""
        return self.instant(name, localtime.parse_to)

    def _number(self, value: Any, read: Callable[[str, str], str]) -> str:
        if not isinstance(value, str) and type(value) is not int:
            raise ContractError(WRONG_PHONE)
        try:
            return read(str(value), self.country)
        except NumberError:
            raise ContractError(WRONG_PHONE) from None


def read_fields(body: bytes) -> dict[str, Any]:
    """The fields of a body by name: JSON values, or texts and lists of texts of a form. ContractError 1006.

    The content alone decides between JSON and form, for clients send a wrong `Content-Type`, or none.
    """
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] == b"{":
        return _json(start)
    if start[:1] == b"[" or (b"=" not in body and start.strip(b"&")):
        raise ContractError(INVALID)  # neither: a JSON list, UTF-16, or something else
    return _form(body)


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_refuse)
    except (ValueError, RecursionError):
        # ValueError: malformed JSON, invalid UTF-8, or an integer of thousands of digits.
        raise ContractError(INVALID) from None
    assert isinstance(found, dict)  # it starts with a brace
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that comes twice has no meaning that both sides would agree on."""
    fields: dict[str, Any] = dict(pairs)
    if len(fields) != len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ContractError(INVALID, twice)
    return fields


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _form(body: bytes) -> dict[str, Any]:
    if body.count(b"&") > FIELDS:
        raise ContractError(INVALID)
    fields: dict[str, Any] = {}
    for pair in body.strip(b"\r\n").split(b"&"):
        raw_name, _, raw_value = pair.partition(b"=")
        if not raw_value:
            continue
        name = _word(raw_name).strip()
        nested, listed = _NESTED(name), _LISTED(name)
        if nested:
            _put(fields, nested[1], nested[2], nested[3], _word(raw_value, name))
            continue
        if listed:
            name = listed[1]
        elif _bracketed(name):
            # `phone[a]=`, `phone[][]=`: an object to those who wrote it. To ignore it would widen what they ask for.
            fields[name.partition("[")[0]] = {}
            continue
        value = _word(raw_value, name)
        before = fields.get(name)
        if isinstance(before, dict):
            continue
        if isinstance(before, list):
            before.append(value)
        elif listed or before is not None:
            fields[name] = [value] if before is None else [before, value]
        else:
            fields[name] = value
    return fields


def _put(fields: dict[str, Any], name: str, number: str, key: str, value: str) -> None:
    """`name[number][key]=value`: a field of an object in a list. Without a number a key that is there already begins the next one."""
    table = fields.get(name)
    if not isinstance(table, dict):
        fields[name] = table = {}
    if not number:
        last = str(len(table) - 1)
        number = last if key not in table.get(last, {key: None}) else str(len(table))
    row = table.setdefault(number, {})
    before = row.get(key)
    # A key that comes twice has no meaning, and a list is no text.
    row[key] = value if before is None else [*before, value] if isinstance(before, list) else [before, value]


def _word(octets: bytes, name: str | None = None) -> str:
    try:
        return unquote_to_bytes(octets.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise ContractError(INVALID, name) from None


def _named(code: int, name: str) -> str | None:
    """1006 and 2000 name the parameter (contract 3)."""
    return name if code in (INVALID, REQUIRED) else None
