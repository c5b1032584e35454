"""The GSM 7 bit default alphabet, held against the tables of 3GPP 23.038 6.2.1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.errors import WireError
from odzew.wire import gsm7

# A code of each group of the two tables, by the names that Unicode gives the characters.
CODES = (
    ("00", "@"),
    ("01", "£"),
    ("02", "$"),
    ("03", "¥"),
    ("09", "\N{LATIN CAPITAL LETTER C WITH CEDILLA}"),
    ("0A", "\n"),
    ("0B", "Ø"),
    ("0D", "\r"),
    ("10", "\N{GREEK CAPITAL LETTER DELTA}"),
    ("11", "_"),
    ("12", "\N{GREEK CAPITAL LETTER PHI}"),
    ("1A", "\N{GREEK CAPITAL LETTER XI}"),
    ("1C", "Æ"),
    ("1E", "ß"),
    ("1F", "É"),
    ("20", " "),
    ("24", "\N{CURRENCY SIGN}"),
    ("30", "0"),
    ("39", "9"),
    ("40", "\N{INVERTED EXCLAMATION MARK}"),
    ("41", "A"),
    ("5A", "Z"),
    ("5B", "Ä"),
    ("5F", "§"),
    ("60", "\N{INVERTED QUESTION MARK}"),
    ("61", "a"),
    ("7A", "z"),
    ("7F", "à"),
    ("1B65", "€"),
    ("1B14", "^"),
    ("1B28", "{"),
    ("1B29", "}"),
    ("1B2F", "\\"),
    ("1B3C", "["),
    ("1B3D", "~"),
    ("1B3E", "]"),
    ("1B40", "|"),
    ("1B0A", "\f"),
    ("50727A796A616465206F203136", "Przyjade o 16"),
)

ONE_WAY = (
    ("1B61", "a"),  # an unknown escape shows the character of the basic table
    ("1B", " "),  # an escape of nothing is a space
    ("1B1B", " "),
    ("611B", "a "),
    ("1B1B65", " e"),
    ("80", "\ufffd"),
    ("61FF62", "a\ufffdb"),
    ("1BFF", "\ufffd"),
    ("", ""),
)


@pytest.mark.parametrize(("octets", "text"), CODES)
def test_both_ways(octets: str, text: str) -> None:
    assert gsm7.decode(bytes.fromhex(octets)) == text
    assert gsm7.encode(text) == bytes.fromhex(octets)


@pytest.mark.parametrize(("octets", "text"), ONE_WAY)
def test_decode(octets: str, text: str) -> None:
    assert gsm7.decode(bytes.fromhex(octets)) == text


@pytest.mark.parametrize("text", ("ł", "aą", "😀", "\t", "\ud800", "\x1b"))
def test_what_the_alphabet_does_not_have(text: str) -> None:
    with pytest.raises(WireError, match=r"U\+"):
        gsm7.encode(text)


def test_the_table_has_128_different_characters() -> None:
    # The space stands for itself and for the escape.
    assert len(gsm7.BASIC) == 128
    assert len(set(gsm7.BASIC)) == 127
    assert not set(gsm7.EXTENSION.values()) & set(gsm7.BASIC)


@given(st.binary())
def test_any_octets_give_a_text(octets: bytes) -> None:
    assert len(gsm7.decode(octets)) <= len(octets)


@given(st.text(st.sampled_from([c for i, c in enumerate(gsm7.BASIC) if i != gsm7.ESCAPE] + list(gsm7.EXTENSION.values()))))
def test_what_was_encoded_is_decoded(text: str) -> None:
    assert gsm7.decode(gsm7.encode(text)) == text
