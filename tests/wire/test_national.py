"""Both kinds of national tables together: points of each as independent implementations test them, and words of each language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.errors import WireError
from odzew.wire import gsm7, national

# Language, codes of the locking table, codes of the single shift table: `code:character`, the character in hex.
POINTS = (
    (1, "0F:E5 10:394 1C:15E 1F:C9 7B:E4 7C:F6 7F:E0", "0A:0C 2F:5C 40:7C 47:11E 65:20AC 67:11F 69:131 73:15F"),
    (2, "", "0A:0C 2F:5C 40:7C 4F:D3 65:20AC 6F:F3 75:FA"),
    (3, "10:394 50:50 70:70 7B:E3 7E:FC 7F:E0", "05:EA 4F:D3 65:20AC 6F:F3 75:FA 7B:E3 7C:F5 7F:E2"),
    (4, "00:981 0F:98F 10:990 1F:99E 41:9AD 50:9BE 7B:9D7 7C:9DC 7F:9F1", "08:26 0B:2A 13:A1 1D:9E9 1E:9EA 1F:9EB 30:9F6 47:47"),
    (5, "00:A81 0F:A8F 10:A90 1F:A9E 41:AAD 50:ABE 7B:AE0 7C:AE1 7F:AF1", "08:26 0B:2A 13:A1 1D:AE7 1E:AE8 1F:AE9 25:AEF"),
    (6, "0E:90E 0F:90F 10:910 1C:91B 1F:91E 41:92D 50:93E 7B:972 7C:97B 7F:97F", "13:A1 1D:967 1E:968 1F:969 30:95B 3A:971"),
    (7, "01:C82 0F:C8F 10:C90 1F:C9E 24:CA1 41:CAD 50:CBE 7B:CD6 7C:CE0 7F:CE3", "1C:CE6 1E:CE8 26:CDE 27:CF1 2A:CF2"),
    (8, "01:D02 0F:D0F 10:D10 1F:D1E 41:D2D 50:D3E 7B:D60 7D:D62 7F:D79", "1C:D66 1E:D68 1F:D69 30:D7B 34:D7F"),
    (9, "00:B01 0B:B0C 0F:B0F 10:B10 1C:B1B 41:B2D 50:B3E 7B:B57 7C:B60 7F:B63", "1C:B66 1E:B68 21:B6B 2A:B5F 2C:B71"),
    (10, "00:A01 08:A0A 0F:A0F 10:A10 1C:A1B 41:A2D 50:A3E 7B:A70 7C:A71 7F:A74", "1C:A66 1E:A68 21:A6B 2A:A5B 2D:A75"),
    (11, "01:B82 0F:B8F 10:B90 1F:B9E 42:BAE 50:BBE 7B:BD7 7C:BF0 7F:BF9", "1C:BE6 1E:BE8 24:BEE 26:BF3 27:BF4 2A:BF5 2E:BFA"),
    (12, "00:C01 0B:C0C 0F:C0F 10:C10 1F:C1E 41:C2D 50:C3E 7B:C56 7D:C61 7F:C63", "1C:C66 1E:C68 22:C6C 23:C6D 30:C7D 32:C7F"),
    (13, "00:627 0E:67A 0F:67C 10:62B 1C:68C 1F:68A 41:636 50:6BA 7B:655 7C:651 7F:670", "1D:6F1 1E:6F2 1F:6F3 2F:5C 47:47"),
)

# A word or two of each language, and its octets with both tables of the language, read off the standard's tables by hand.
WORDS = (
    (1, "İyi günler, ığşç", "40 79 69 20 67 7E 6E 6C 65 72 2C 20 07 0C 1D 60"),
    (2, "Adiós, niño Ú", "41 64 69 1B 6F 73 2C 20 6E 69 7D 6F 20 1B 55"),
    (3, "Não há avião", "4E 7B 6F 20 68 0F 20 61 76 69 7B 6F"),
    (4, "বাংলা ২৪", "40 50 01 46 50 20 1B 1C 1B 1E"),
    (5, "ગુજરાતી", "17 53 1D 44 50 27 52"),
    (6, "नमस्ते।", "2F 42 4C 5F 27 59 1B 19"),
    (7, "ಡಾ", "24 50"),
    (8, "മലയാളം", "42 46 43 50 47 01"),
    (9, "ଓଡ଼ିଆ", "13 24 4E 51 04"),
    (10, "ਪੰਜਾਬੀ", "3D 7B 1D 50 40 52"),
    (11, "தமிழ்", "27 42 51 48 5F"),
    (12, "తెలుగు ABC", "27 58 46 53 17 53 20 1B 41 1B 42 1B 43"),
    (13, "اردو۔", "00 25 1A 53 1B 3F"),
)


def points(words: str) -> list[tuple[int, str]]:
    return [(int(code, 16), chr(int(character, 16))) for code, character in (word.split(":") for word in words.split())]


@pytest.mark.parametrize(("language", "locking", "single"), POINTS)
def test_points_of_the_tables(language: int, locking: str, single: str) -> None:
    for code, character in points(locking):
        assert gsm7.decode(bytes((code,)), locking=language) == character
    for code, character in points(single):
        assert gsm7.decode(bytes((gsm7.ESCAPE, code)), single=language) == character


def test_the_identifiers_are_those_of_the_standard() -> None:
    """3GPP 23.038 6.2.1.2.4: 1 to 13; Spanish has a single shift table alone."""
    assert list(national.SINGLE) == list(range(1, 14))
    assert list(national.LOCKING) == [1, 3, *range(4, 14)]


@pytest.mark.parametrize(("language", "text", "octets"), WORDS)
def test_words_both_ways(language: int, text: str, octets: str) -> None:
    assert gsm7.encode(text, language, language) == bytes.fromhex(octets)
    assert gsm7.decode(bytes.fromhex(octets), language, language) == text


@pytest.mark.parametrize(
    ("octets", "locking", "single", "text"),
    (
        ("1B 41", 1, 1, "A"),  # the single table has no A: the locking table's
        ("1B 04", 1, 0, "€"),
        ("1B 65", 1, 0, "€"),
        ("1B 40", 3, 3, "|"),
        ("04", 4, 0, "\N{BENGALI LETTER AA}"),
        ("11", 4, 0, "\ufffd"),  # an open code
        ("1B 35", 4, 4, "5"),
        ("1B 7F", 0, 4, "à"),
        ("1B 11", 12, 0, "\ufffd"),  # open in both tables
        ("1B", 6, 6, " "),
        ("1B 1B", 6, 6, " "),
        ("1B 1B 1C", 6, 6, " \N{DEVANAGARI LETTER CHA}"),
        ("1B 0D", 1, 1, "\r"),  # a control character is not shifted (A.2, note 4)
        ("80", 13, 13, "\ufffd"),
        ("1B FF", 13, 13, "\ufffd"),
    ),
)
def test_what_both_tables_make_of_an_escape(octets: str, locking: int, single: int, text: str) -> None:
    assert gsm7.decode(bytes.fromhex(octets), locking, single) == text


LANGUAGES = st.sampled_from((0, *range(1, 14)))


@given(st.data(), LANGUAGES, LANGUAGES)
def test_what_was_encoded_is_decoded_with_every_pair_of_tables(data: st.DataObject, locking: int, single: int) -> None:
    characters = set(national.LOCKING.get(locking, gsm7.BASIC)) | set(national.SINGLE.get(single, gsm7.EXTENSION).values())
    text = data.draw(st.text(st.sampled_from(sorted(characters - {"\ufffd"}))))
    assert gsm7.decode(gsm7.encode(text, locking, single), locking, single) == text


@given(st.binary(), st.integers(0, 255), st.integers(0, 255))
def test_any_octets_and_any_identifiers_give_a_text(octets: bytes, locking: int, single: int) -> None:
    assert len(gsm7.decode(octets, locking, single)) <= len(octets)


@given(st.binary(), st.binary(), LANGUAGES, LANGUAGES)
def test_octets_are_decoded_one_by_one_but_for_escapes(first: bytes, second: bytes, locking: int, single: int) -> None:
    """Where no escape is cut, the text of two pieces is the pieces' texts: nothing is carried from one to the next."""
    first = first.rstrip(b"\x1b")
    whole = gsm7.decode(first + second, locking, single)
    assert whole == gsm7.decode(first, locking, single) + gsm7.decode(second, locking, single)


@pytest.mark.parametrize(
    ("locking", "single", "character"), ((0, 0, "ğ"), (1, 1, "ê"), (3, 3, "è"), (6, 6, "é"), (13, 0, "A"), (4, 4, "\ufffd"))
)
def test_what_no_table_has_is_named(locking: int, single: int, character: str) -> None:
    with pytest.raises(WireError, match=r"U\+"):
        gsm7.encode(character, locking, single)
