"""By which words a message is found: folded as keywords are, and a word ends at whatever is no letter and no digit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.inbox.terms import ASKED, MOST, asked, terms_of, words_of
from odzew.store.inbox_index import Item
from odzew.store.inbox_lines import EVERYBODY, SEARCHED, Wanted
from odzew.store.inbox_words import LONGEST, Term, stored

WORDS: tuple[tuple[str, list[str]], ...] = (
    ("", []),
    ("  \t\n", []),
    ("Ala ma kota", ["ala", "ma", "kota"]),
    ("Zażółć GĘŚLĄ jaźń", ["zazolc", "gesla", "jazn"]),
    ("tak, TAK; Tak!", ["tak"]),
    ("kod 1234-5678", ["kod", "1234", "5678"]),
    ("(kod) \"x\" 'y' <b>", ["kod", "x", "y", "b"]),
    ("jan@firma.pl", ["jan", "firma", "pl"]),
    ("https://example.com/?a=1&b=2", ["https", "example", "com", "a", "1", "b", "2"]),
    ("+48500600700", ["48500600700"]),
    ("żółw_ninja", ["zolw", "ninja"]),
    ("Straße Привет 你好 مرحبا", ["strasse", "привет", "你好", "مرحبا"]),
    ("😀 !!! ·¦", []),
    ("a\0b c\ud800d", ["a", "b", "c", "d"]),
    ("AND OR NOT NEAR", ["and", "or", "not", "near"]),
)


@pytest.mark.parametrize(("text", "words"), WORDS, ids=[ascii(row[0]) for row in WORDS])
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_words_beyond_what_is_searched_do_not_count() -> None:
    assert words_of("a" * (SEARCHED - 3) + " bc d") == ["a" * (SEARCHED - 3), "bc"]


def an_item(**fields: object) -> Item:
    values: dict[str, object] = {
        "id": 7, "account_id": 1, "kind": "nd", "received_at": 5, "sender": "+48500", "title": None, "keyword_id": None,
        "number_id": None, "incomplete": 0, "text": "",
    }  # fmt: skip
    return Item(**(values | fields))  # type: ignore[arg-type]  # a table of them


def test_a_message_is_found_by_its_properties_and_its_words() -> None:
    found = terms_of(an_item(title="Temat", keyword_id=12, number_id=3, incomplete=1, text="Ala, temat"))
    assert found == ["¦tnd", "¦s48500", "¦k12", "¦n3", "¦i", "·48500", "·temat", "·ala"]
    assert terms_of(an_item(sender="?!")) == ["¦tnd", "¦s"]


def test_of_very_many_words_the_first_count() -> None:
    found = terms_of(an_item(text=" ".join(f"{n:05}" for n in range(MOST + 500))))
    assert len([term for term in found if term.startswith("·")]) == MOST


def test_terms_are_kept_by_lot_and_account() -> None:
    assert stored(7, 1, ["·a", "¦k1"]) == "0000001·a 0000001¦k1"
    assert stored((3 << 16) + 5, 255, ["·" + "x" * 100]) == "000003ff·" + "x" * (LONGEST - 1)


ASKED_FOR: tuple[tuple[Wanted, tuple[list[Term], list[str]] | None], ...] = (
    (Wanted(1), ([], [])),
    (Wanted(1, ("nd",)), ([], [])),  # the index has the kinds
    (Wanted(EVERYBODY, ("nd",)), ([Term("¦tnd")], [])),
    (Wanted(1, ("nd", "eco"), words="a"), ([Term("·a", True)], ["a"])),
    (Wanted(1, ("nd",), words="Ż b"), ([Term("·z", True), Term("·b", True), Term("¦tnd")], ["z", "b"])),
    (Wanted(1, sender="+48500"), ([Term("¦s48500")], [])),
    (Wanted(1, sender='Firma "X" OR'), ([Term("¦sfirmaxor")], [])),
    (Wanted(1, keyword_id=5, number_id=6, incomplete=True), ([Term("¦k5"), Term("¦n6"), Term("¦i")], [])),
    (Wanted(1, words="?"), None),
    (Wanted(1, words=" "), ([], [])),
)


@pytest.mark.parametrize(("wanted", "expected"), ASKED_FOR)
def test_what_is_asked_of_the_index(wanted: Wanted, expected: tuple[list[Term], list[str]] | None) -> None:
    assert asked(wanted) == expected


def test_of_very_many_words_in_a_question_the_first_count() -> None:
    found = asked(Wanted(1, words=" ".join(map(str, range(10_000)))))
    assert found is not None
    assert found[1] == [str(n) for n in range(ASKED)]


@given(st.text(max_size=300))
def test_a_text_is_found_by_each_of_its_words(text: str) -> None:
    words = words_of(text)
    assert words_of(" ".join(words)) == words
    assert not {sign for word in words for sign in word if sign in "\"'*:&|!()·¦\0 " or (sign.isascii() and sign.isupper())}
    assert set(words_of(text[:150])) <= {word[:n] for word in words for n in range(1, len(word) + 1)}
