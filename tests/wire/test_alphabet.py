"""Octets of a text by charset and data coding: the way Kannel hands them out, and any other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.wire import alphabet

CASES = (
    # charset, coding, octets, text, binary
    ("UTF-8", 0, "Dziękuję".encode(), "Dziękuję", False),
    (None, 0, "Dziękuję".encode(), "Dziękuję", False),
    ("", None, b"TAK", "TAK", False),
    ("utf-8", None, b"TAK", "TAK", False),
    (None, None, b"TAK", "TAK", False),
    ("UTF-16BE", 2, "Łódź 😀".encode("utf-16-be"), "Łódź 😀", False),
    ("UTF16-BE", 2, "Ł".encode("utf-16-be"), "Ł", False),
    ("UCS-2", 2, "Ł".encode("utf-16-be"), "Ł", False),
    (None, 2, "Ł".encode("utf-16-be"), "Ł", False),
    ("UTF-8", 2, "€".encode(), "€", False),  # recoded on its way: the charset wins
    ("WINDOWS-1252", 2, b"\x80", "€", False),
    ("UTF-16LE", 2, "Ł".encode("utf-16-le"), "Ł", False),
    ("UTF-16", 2, "Ł".encode("utf-16-be"), "Ł", False),
    ("UTF-16", 2, b"\xff\xfe" + "Ł".encode("utf-16-le"), "Ł", False),
    ("UTF-16", 2, b"\xfe\xff" + "Ł".encode("utf-16-be"), "Ł", False),
    ("ISO-8859-1", 0, b"caf\xe9", "café", False),
    ("LATIN1", 0, b"caf\xe9", "café", False),
    ("ISO-8859-2", 0, b"\xa3\xf3d\xbc", "Łódź", False),
    ("windows-1250", 0, b"\xa3\xf3d\x9f", "Łódź", False),
    ("WINDOWS-1251", 0, b"\xc4\xc0", "ДА", False),
    ("KOI8-R", 0, b"\xe4\xe1", "ДА", False),
    ("ASCII", 0, b"TAK", "TAK", False),
    (" GSM ", 0, b"\x00\x1b\x65", "@€", False),
    ("gsm", 0, b"\x40", "¡", False),
    ("GSM-7BIT", 0, b"\x02", "$", False),
    ("8-BIT", 1, b"\x00\xff", "00FF", True),
    ("UTF-8", 1, b"TAK", "54414B", True),  # binary is binary, whatever the charset says
    (None, 1, b"", "", True),
    ("binary", 0, b"\x0a", "0A", True),
    ("8-BIT", None, b"\x0a", "0A", True),
    (None, 3, b"TAK", "TAK", False),
    (None, -1, b"TAK", "TAK", False),
    ("UTF-16BE", 3, "Ł".encode("utf-16-be"), "Ł", False),
    # what cannot be decoded
    ("UTF-8", 0, b"a\xffb", "a\ufffdb", False),
    ("UTF-8", 0, b"\xed\xa0\x80", "\ufffd\ufffd\ufffd", False),
    ("UTF-16BE", 2, b"\x00A\x00", "A\ufffd", False),
    ("UTF-16BE", 2, b"\xd8\x3d\x00A", "\ufffdA", False),
    ("UTF-16BE", 2, b"\xd8\x3d", "\ufffd", False),
    ("UTF-8", 0, b"a\x00", "a\ufffd", False),
    ("ASCII", 0, b"\x80", "\ufffd", False),
    ("WINDOWS-1252", 0, b"\x81", "\ufffd", False),
    ("GSM", 0, b"\x80", "\ufffd", False),
    ("KLINGON", 0, b"TAK", "54414B", True),
    ("unicode_escape", 0, b"\\x41", "5C783431", True),  # a codec of Python's is not yet a charset
    ("idna", 0, b"xn--a", "786E2D2D61", True),
    ("\ud800\0", 0, b"a", "61", True),
)


@pytest.mark.parametrize(("charset", "coding", "octets", "text", "binary"), CASES)
def test_decode(charset: str | None, coding: int | None, octets: bytes, text: str, binary: bool) -> None:
    assert alphabet.decode(octets, charset, coding) == (text, binary)


NAMES = ("UTF-8", "UTF-16", "UTF-16BE", "UTF-16LE", "GSM", "ASCII", "BINARY", "ISO-8859-1", "KOI8-R")
CHARSETS = st.one_of(st.none(), st.text(), st.sampled_from(NAMES), st.sampled_from(range(1250, 1259)).map(lambda page: f"CP{page}"))


@given(st.binary(), CHARSETS, st.one_of(st.none(), st.integers(-5, 300)))
def test_any_octets_give_a_text_that_can_be_stored(octets: bytes, charset: str | None, coding: int | None) -> None:
    text, binary = alphabet.decode(octets, charset, coding)
    assert "\0" not in text
    assert text.encode().decode() == text
    assert not binary or text == octets.hex().upper()


@pytest.mark.parametrize("part", range(1, 17))
def test_every_part_of_iso_8859(part: int) -> None:
    known = part != 12  # there is no part 12
    assert alphabet.decode(b"A", f"ISO-8859-{part}", 0) == (("A", False) if known else ("41", True))
