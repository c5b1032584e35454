"""A table of text as somebody exported it from a spreadsheet: its encoding, its delimiter and what its columns are, guessed; its contacts.

Nothing of a file is trusted: what cannot be read is a `SheetError` with the line, what is no contact is told with its row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from odzew.errors import Sentence, WireError
from odzew.wire import folding
from odzew.wire.contact import PHONE, TEXTS, ContactError, read

ENCODINGS: Final = ("utf-8", "cp1250", "utf-16")
DELIMITERS: Final = (";", ",", "\t", "|")
FIELDS: Final = (PHONE, *TEXTS)
ROWS: Final = 200_000
COLUMNS: Final = 50
_SAMPLE: Final = 50  # rows that are looked at for a guess
_SAMPLE_CHARACTERS: Final = 64_000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    PHONE: (
        "phone", "telefon", "numer", "numer telefonu", "nr telefonu", "nr", "tel", "telefon komorkowy", "komorka", "gsm", "mobile",
        "phone number", "mobile phone", "number", "msisdn", "phone 1 value",
    ),
    "email": ("email", "e mail", "mail", "adres e mail", "adres email", "e mail 1 value"),
    "first_name": ("first name", "imie", "given name", "firstname"),
    "last_name": ("last name", "nazwisko", "surname", "family name", "lastname"),
    "company": ("company", "firma", "nazwa firmy", "organization", "organisation", "nazwa"),
    "tax_id": ("tax id", "nip", "tax number", "vat", "vat id"),
    "address": ("address", "adres", "ulica", "street"),
    "city": ("city", "miasto", "miejscowosc", "town"),
    "description": ("description", "opis", "uwagi", "notes", "notatki", "komentarz", "comment"),
}  # fmt: skip
"""Headings by which a column is known, folded, by field."""


class SheetError(WireError):
    """The file cannot be read as a table. `line`: where it stopped."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(Sentence("line %(line)d: %(reason)s", line=line, reason=reason) if line else reason)
        self.line = line


@dataclass(slots=True, frozen=True)
class Layout:
    """How a file is read. `fields`: what each column is, '' for one that is left out. `header`: the first row names the columns."""

    encoding: str
    delimiter: str
    header: bool
    fields: tuple[str, ...]


@dataclass(slots=True, frozen=True)
class Wrong:
    """A row that is no contact: its number in the file (from 1), the field that is wrong and what stands there."""

    row: int
    field: str
    value: str
    missing: bool


Judged = tuple[str, dict[str, str]] | Wrong
"""(number, texts) of a row that is a contact, or what is wrong with it."""


def guess(data: bytes) -> Layout:
    """How a file seems to be meant."""
    encoding = encoding_of(data)
    start = decoded(data[: _SAMPLE_CHARACTERS & ~1], encoding)
    delimiter = max(DELIMITERS, key=lambda one: _columns(start, one))
    head = _head(start, delimiter)
    fields = fields_of(head[0]) if head else ()
    if PHONE in fields:
        return Layout(encoding, delimiter, True, fields)
    width = max(map(len, head), default=0)
    likely = max(range(width), key=lambda place: sum(_is_number(row, place) for row in head), default=0)
    header = bool(head) and not _is_number(head[0], likely) and any(_is_number(row, likely) for row in head[1:])
    known = [name if name != PHONE else "" for name in fields] if header else []
    known += [""] * (width - len(known))
    if width:
        known[likely] = PHONE
    return Layout(encoding, delimiter, header, tuple(known))


def encoding_of(data: bytes) -> str:
    """By its first octets, or by whether it can be UTF-8."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1250"
    return "utf-8"


def decoded(data: bytes, encoding: str) -> str:
    """The text of a file; octets that mean nothing are replaced."""
    return data.decode("utf-8-sig" if encoding == "utf-8" else encoding, "replace").replace("\0", "\ufffd")


def fields_of(header: Sequence[str]) -> tuple[str, ...]:
    """What each column is, by its heading; '' for one that is not known, and for the second of the same."""
    found: list[str] = []
    for heading in header:
        folded = folding.searchable(heading)
        field = next((name for name, headings in HEADERS.items() if folded in headings), "")
        found.append("" if field in found else field)
    return tuple(found)


def rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(number of the row from 1, its cells), empty rows left out. SheetError: it is no table, or too large."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    number = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise SheetError(str(error), reader.line_num) from None
        if row is None:
            return
        number += 1
        if number > ROWS:
            raise SheetError(Sentence("at most %(most)d rows", most=ROWS), reader.line_num)
        if len(row) > COLUMNS:
            raise SheetError(Sentence("at most %(most)d columns", most=COLUMNS), reader.line_num)
        if any(cell.strip() for cell in row):
            yield number, [_bare(cell.strip()) for cell in row]


def judged(data: bytes, layout: Layout, country: str) -> Iterator[Judged]:
    """Each row as a contact, or what is wrong with it. SheetError."""
    first = layout.header
    for number, cells in rows(decoded(data, layout.encoding), layout.delimiter):
        if first:
            first = False
            continue
        given = {field: cell for field, cell in zip(layout.fields, cells, strict=False) if field}
        try:
            yield read(given, country)
        except ContactError as error:
            yield Wrong(number, error.field, given.get(error.field, "")[:60], error.missing)


def _bare(cell: str) -> str:
    """A cell without the apostrophe that keeps a spreadsheet from computing it."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def _head(text: str, delimiter: str) -> list[list[str]]:
    found = []
    try:
        for _, row in rows(text, delimiter):
            found.append(row)
            if len(found) == _SAMPLE:
                break
    except SheetError:
        pass  # the guess is of what could be read so far
    return found


def _columns(text: str, delimiter: str) -> int:
    """How many of the first rows have as many columns as the first one has, where that is more than one."""
    head = _head(text, delimiter)
    width = len(head[0]) if head else 0
    return sum(len(row) == width for row in head) * min(width, 10) if width > 1 else 0


def _is_number(row: Sequence[str], place: int) -> bool:
    cell = row[place] if place < len(row) else ""
    digits = sum(map(str.isdigit, cell))
    return digits >= 7 and digits * 2 > len(cell) and not any(map(str.isalpha, cell))
