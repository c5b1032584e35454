"""Words as they are compared: case and diacritics off, split at white space and punctuation (contract 6)."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from odzew.wire import folding

WORDS = (
    ("", ()),
    (" .,:;-_/#*!? ", ()),
    ("AUTO", ("auto",)),
    ("SerwerSMS.pl", ("serwersms", "pl")),
    ("Łódź", ("lodz",)),
    ("LODZ", ("lodz",)),
    ("łódź", ("lodz",)),
    ("L\u0301o\u0301dz\u0301", ("lodz",)),  # accents as characters of their own
    ("zażółć gęślą jaźń", ("zazolc", "gesla", "jazn")),
    ("Straße", ("strasse",)),
    ("STRASSE", ("strasse",)),
    ("ẞ", ("ss",)),
    ("Ørsted Đuro Ægir Œuvre Þór Ísland ħ ı", ("orsted", "duro", "aegir", "oeuvre", "thor", "island", "h", "i")),
    ("Ǿ", ("o",)),  # an accent over a letter of the table
    ("ИСТИНА", ("истина",)),
    ("Ёлка", ("елка",)),
    ("a.b,c:d;e-f_g/h#i*j!k?l", tuple("abcdefghijkl")),
    ("tab\tnew\nline\r\nend\u00a0nbsp\u3000wide", ("tab", "new", "line", "end", "nbsp", "wide")),
    ("AUTO…TAK", ("auto", "tak")),
    ("ＡＵＴＯ！１", ("auto", "1")),
    ("\ufeffAUTO\u200b 1", ("auto", "1")),  # invisible characters
    ("AU\u00adTO", ("auto",)),
    ("\u0301 \u200b AUTO", ("auto",)),  # what folds to nothing is no word
    ("o'clock a&b 5+5 x@y", ("o'clock", "a&b", "5+5", "x@y")),
    ("TAK \ud800", ("tak", "\ud800")),
    ("ﬁ ℡ Ⅷ", ("fi", "tel", "viii")),
    ("İstanbul", ("istanbul",)),
    ("ΣΊΣΥΦΟΣ", ("σισυφοσ",)),
    ("😀 tak", ("😀", "tak")),
)

# text, keyword, what is left; None: it does not start with it
STARTS = (
    ("SerwerSMS.pl", "SERWERSMS", "pl"),
    ("SerwerSMS.pl", "SERWERSMS.PL", ""),
    ("AUTO 1", "auto", "1"),
    ("AUTO1", "AUTO", None),
    ("AUT", "AUTO", None),
    ("Łódź!!  Reszta, x.", "LODZ", "Reszta, x."),
    ("  #*AUTO: 1", "AUTO", "1"),
    ("AUTO", "AUTO", ""),
    ("AUTO...", "AUTO", ""),
    ("NOWE AUTO 1", "NOWE.AUTO", "1"),
    ("NOWE-AUTO\n\n1", "nowe auto", "1"),
    ("NOWE", "NOWE AUTO", None),
    ("TAK AUTO", "AUTO", None),
    ("", "AUTO", None),
    ("Straße 5", "STRASSE", "5"),
    ("AUTO… DALEJ…", "AUTO", "DALEJ…"),
    ("A\u0301UTO x", "AUTO", "x"),
    ("AUTO 1", "", None),
    ("AUTO 1", "!!", None),
)


@pytest.mark.parametrize(("text", "expected"), WORDS)
def test_words(text: str, expected: tuple[str, ...]) -> None:
    assert folding.words(text) == expected
    assert folding.words(text, limit=100) == expected
    assert folding.words(text, limit=1) == expected[:1]
    assert folding.words(text, limit=0) == ()


@pytest.mark.parametrize(("text", "keyword", "rest"), STARTS)
def test_keyword_at_the_start(text: str, keyword: str, rest: str | None) -> None:
    wanted = folding.words(keyword)
    assert folding.starts_with(folding.words(text, len(wanted)), wanted) is (rest is not None)
    assert folding.strip_keyword(text, wanted) == (text if rest is None else rest)


def test_only_the_head_of_a_text_is_looked_at() -> None:
    blanks = " " * (folding.HEAD - 4)
    assert folding.words(blanks + "AUTO 1", limit=2) == ("auto",)
    assert folding.words(blanks + "AUTO", limit=2) == ("auto",)
    assert folding.words(blanks + " AUTO", limit=2) == ()  # cut: not taken for the word AUT
    assert folding.words(blanks + "AUTOMAT", limit=2) == ()  # nor this for the word AUTO
    assert folding.words(blanks + "AUTOMAT") == ("automat",)
    assert folding.strip_keyword(blanks + "AUTOMAT", ("auto",)) == blanks + "AUTOMAT"


@pytest.mark.parametrize("text", ("a" * 5_000_000, " " * 5_000_000, "\u0301\u0316" * 2_500_000, "ł" * 5_000_000))
def test_of_a_huge_text_no_more_than_the_head_is_folded(text: str) -> None:
    folding._fold_character.cache_clear()
    assert folding.words(text, limit=5) == ()
    looked_up = folding._fold_character.cache_info()
    assert looked_up.hits + looked_up.misses <= folding.HEAD


def test_what_folds_to_nothing_but_separators_is_one() -> None:
    def folded(character: str) -> list[str]:
        plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
        return [part for part in plain if unicodedata.category(part) not in ("Mn", "Me", "Cf")]

    def separates(character: str) -> bool:
        parts = folded(character)
        return bool(parts) and all(part.isspace() or part in ".,:;-_/#*!?" for part in parts)

    every = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) not in ("Cn", "Co", "Cs")]
    wrong = [character for character in every if separates(character) is not (folding.words(f"a{character}b") == ("a", "b"))]
    assert wrong == []


ANY = st.text(st.characters(exclude_categories=()))


@given(ANY)
@example("ʹ͏℀")
def test_words_are_folded_and_hold_no_separator(text: str) -> None:
    found = folding.words(text)
    assert all(found)
    assert folding.words(" ".join(found)) == found
    assert folding.words(text, limit=3) == found[:3]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_composed_or_not_a_word_is_the_same(text: str) -> None:
    assert folding.words(unicodedata.normalize("NFC", text)) == folding.words(unicodedata.normalize("NFD", text))


@given(ANY, ANY)
def test_a_keyword_is_found_before_any_text(keyword: str, rest: str) -> None:
    wanted = folding.words(keyword)
    text = f"{keyword} {rest}"
    assert folding.starts_with(folding.words(text, len(wanted)), wanted) is bool(wanted)
    left = folding.strip_keyword(text, wanted)
    assert text.endswith(left)
    if wanted:
        assert folding.words(left) == folding.words(rest)
