"""What no encoding can carry becomes U+FFFD, and nothing else changes."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.wire import clean

ANY = st.text(st.characters(exclude_categories=()))

TEXTS = (
    ("", ""),
    ("Przyjade o 16", "Przyjade o 16"),
    ("Dziękuję", "Dziękuję"),
    ("\0", "\ufffd"),
    ("a\0b\0", "a\ufffdb\ufffd"),
    ("\ud83d\ude00", "😀"),  # a pair as two code units
    ("😀", "😀"),
    ("\ud83d", "\ufffd"),
    ("\ude00", "\ufffd"),
    ("\ude00\ud83d", "\ufffd\ufffd"),
    ("\ud83d\ud83d\ude00", "\ufffd😀"),
    ("\ud83dx\ude00", "\ufffdx\ufffd"),
    ("\0\ud83d\ude00\0", "\ufffd😀\ufffd"),
    ("\x01\x1f\x7f\ufffe", "\x01\x1f\x7f\ufffe"),  # storable: only XML minds
)

XMLS = (
    ("a<b&c", "a<b&c"),
    ("\t\n\r", "\t\n\r"),
    ("\x01a\x08\x0b\x0c\x1f", "\ufffda\ufffd\ufffd\ufffd\ufffd"),
    ("\ufffe\uffff", "\ufffd\ufffd"),
    ("\x7f\x85", "\x7f\x85"),
    ("\ud83d\ude00", "😀"),
    ("\udead\0", "\ufffd\ufffd"),
    ("\U0010ffff", "\U0010ffff"),
)


@pytest.mark.parametrize(("raw", "kept"), TEXTS)
def test_text(raw: str, kept: str) -> None:
    assert clean.text(raw) == kept


@pytest.mark.parametrize(("raw", "kept"), XMLS)
def test_xml(raw: str, kept: str) -> None:
    assert clean.xml(raw) == kept


@given(ANY)
def test_a_clean_text_can_be_stored_and_stays_as_it_is(value: str) -> None:
    kept = clean.text(value)
    assert "\0" not in kept
    assert kept.encode().decode() == kept
    assert clean.text(kept) == kept


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_what_can_be_stored_is_not_touched(value: str) -> None:
    assert clean.text(value) is value


@given(ANY)
def test_an_xml_text_always_parses(value: str) -> None:
    escaped = clean.xml(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    assert (ElementTree.fromstring(f"<text>{escaped}</text>").text or "") == clean.xml(value)
