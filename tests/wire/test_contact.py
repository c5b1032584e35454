"""One contact as somebody brings it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.store.contacts import TEXTS as STORED
from odzew.wire import contact
from odzew.wire.contact import TEXTS, ContactError, read
from odzew.wire.folding import searchable, words

GOOD: tuple[tuple[dict[str, Any], str, dict[str, str]], ...] = (
    ({"phone": "500600700"}, "+48500600700", {}), ({"phone": 500600700, "id": 3}, "+48500600700", {}),
    ({"phone": "0048 500-600-700", "city": "Łódź"}, "+48500600700", {"city": "Łódź"}), ({"phone": "Alfa"}, "Alfa", {}),
    ({"phone": "71200", "email": "", "tax_id": None, "company": 7}, "71200", {"company": "7"}),
    ({"phone": "Alfa", "city": "a\0b\ud800"}, "Alfa", {"city": "a\ufffdb\ufffd"}),
    ({"phone": "Alfa", "city": "x" * 250, "description": "y" * 4_000}, "Alfa", {"city": "x" * 250, "description": "y" * 4_000}),
)  # fmt: skip
BAD: tuple[tuple[dict[str, Any], str, bool], ...] = (
    ({}, "phone", True), ({"phone": ""}, "phone", True), ({"phone": None}, "phone", True), ({"Phone": "500600700"}, "phone", True),
    ({"phone": "+"}, "phone", False), ({"phone": "   "}, "phone", False), ({"phone": "a\n"}, "phone", False),
    ({"phone": ["500600700"]}, "phone", False), ({"phone": True}, "phone", False), ({"phone": 1.5}, "phone", False),
    ({"phone": "x" * 65}, "phone", False), ({"phone": "Alfa", "city": "x" * 251}, "city", False),
    ({"phone": "Alfa", "description": "x" * 4_001}, "description", False), ({"phone": "Alfa", "email": {}}, "email", False),
)  # fmt: skip


def test_what_is_a_contact() -> None:
    for row, phone, texts in GOOD:
        assert read(row, "PL") == (phone, texts), row


def test_what_is_none() -> None:
    for row, field, missing in BAD:
        with pytest.raises(ContactError) as caught:
            read(row, "PL")
        assert (caught.value.field, caught.value.missing) == (field, missing), row


def test_the_texts_are_those_that_are_stored() -> None:
    assert sorted(TEXTS) == sorted(STORED)


def test_the_name_of_a_group() -> None:
    for name, kept in ((" a ", "a"), ("a\0", "a\ufffd"), ("x" * 100, "x" * 100), ("x" * 101, None), (" \t", None), ("", None)):
        assert contact.group(name) == kept, name


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["phone", *TEXTS, "other"]), _ANYTHING))
def test_any_row_is_a_contact_or_a_fault(row: dict[str, Any]) -> None:
    try:
        phone, texts = read(row, "PL")
    except ContactError:
        return
    assert phone
    assert set(texts) <= set(TEXTS)


def test_what_a_search_looks_through() -> None:
    assert searchable("+48500600700", None, "", "Łódź", "jan@a.pl", "!") == "+48500600700 lodz jan@a pl"
    assert searchable() == searchable(None) == ""


@given(st.lists(st.text(), max_size=4))
def test_every_word_of_a_text_is_found(texts: list[str]) -> None:
    folded = searchable(*texts).split(" ")
    assert [word for text in texts for word in words(text)] == [word for word in folded if word]
