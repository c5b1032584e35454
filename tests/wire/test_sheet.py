"""A table of text: what it seems to be, and the contacts in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.wire.sheet import COLUMNS, ENCODINGS, FIELDS, ROWS, Layout, SheetError, Wrong, fields_of, guess, judged, rows

HEADERS = (
    ("phone;first_name;last_name", ("phone", "first_name", "last_name")), ("Telefon;Imię;Nazwisko", ("phone", "first_name", "last_name")),
    ("NUMER TELEFONU;E-mail;Firma;NIP;Ulica;Miasto;Uwagi", ("phone", "email", "company", "tax_id", "address", "city", "description")),
    ("Imię;GSM;kolor", ("first_name", "phone", "")), ("numer;telefon", ("phone", "")), ("", ("",)), ("x" * 500, ("",)),
)  # fmt: skip


@pytest.mark.parametrize(("header", "fields"), HEADERS)
def test_columns_are_known_by_their_headings(header: str, fields: tuple[str, ...]) -> None:
    assert fields_of(header.split(";")) == fields


GUESSES = (
    ("Telefon;Imię\n500600700;Żaneta\n".encode(), Layout("utf-8", ";", True, ("phone", "first_name"))),
    ("Telefon;Imię\n500600700;Żaneta\n".encode("cp1250"), Layout("cp1250", ";", True, ("phone", "first_name"))),
    ("\ufeffphone,city\n500600700,\"Łódź, Górna\"\n".encode(), Layout("utf-8", ",", True, ("phone", "city"))),
    ("phone\tcity\n500600700\tŁódź\n".encode("utf-16"), Layout("utf-16", "\t", True, ("phone", "city"))),
    (b"Anna|500 600 700\nPiotr|500-600-701\n", Layout("utf-8", "|", False, ("", "phone"))),
    (b"imie;kontakt\nAnna;500600700\nPiotr;500600701", Layout("utf-8", ";", True, ("first_name", "phone"))),
    (b"500600700\n500600701\n", Layout("utf-8", ";", False, ("phone",))), (b"", Layout("utf-8", ";", False, ())),
)  # fmt: skip


@pytest.mark.parametrize(("data", "layout"), GUESSES)
def test_a_file_is_guessed(data: bytes, layout: Layout) -> None:
    assert guess(data) == layout


def test_each_row_is_a_contact_or_says_why_not() -> None:
    data = "tel;imię;opis\n500600700;'=Anna;x\n;Nikt;\n12;Krótki;\n500600701;;" + "d" * 4_001 + "\n\n'+48500600702;Ola;ma;za;dużo\n"
    found = list(judged(data.encode(), Layout("utf-8", ";", True, ("phone", "first_name", "description")), "PL"))
    assert found == [
        ("+48500600700", {"first_name": "=Anna", "description": "x"}), Wrong(3, "phone", "", True), Wrong(4, "phone", "12", False),
        Wrong(5, "description", "d" * 60, False), ("+48500600702", {"first_name": "Ola", "description": "ma"}),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ['"' + "x" * 200_000, ";" * COLUMNS, "1\n" * (ROWS + 1)])
def test_what_is_no_table_or_too_large_is_refused(text: str) -> None:
    with pytest.raises(SheetError):
        list(rows(text, ";"))


@given(st.binary(max_size=300), st.sampled_from(ENCODINGS), st.sampled_from(";,\t|"), st.booleans())
def test_any_octets_are_read_or_refused(data: bytes, encoding: str, delimiter: str, header: bool) -> None:
    layout = guess(data)
    assert set(layout.fields) <= {"", *FIELDS}
    for one in (layout, Layout(encoding, delimiter, header, ("", "phone", "city"))):
        try:
            found = list(judged(data, one, "PL"))
        except SheetError:
            continue
        assert all(isinstance(row, Wrong) or row[0] for row in found)
