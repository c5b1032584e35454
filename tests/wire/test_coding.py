"""What each data_coding means (SMPP 3.4 s.5.2.19, 3GPP 23.038 s.4), and what a source may say otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.wire import coding
from odzew.wire.coding import Coding, Reading

PLAIN = Reading()

# data_coding, word, message class.
CODINGS = (
    (0x00, "gsm7", None),
    (0x01, "ascii", None),
    (0x02, "binary", None),
    (0x03, "latin1", None),
    (0x04, "binary", None),
    (0x05, "shift_jis", None),
    (0x06, "iso8859-5", None),
    (0x07, "iso8859-8", None),
    (0x08, "utf-16-be", None),
    (0x09, "unknown", None),  # pictograms
    (0x0A, "iso2022_jp", None),
    (0x0B, "unknown", None),  # reserved
    (0x0C, "unknown", None),
    (0x0D, "euc_jp", None),
    (0x0E, "euc_kr", None),
    (0x0F, "unknown", None),
    # general data coding: bit 4 says that bits 0 and 1 are a class, bits 2 and 3 the alphabet
    (0x10, "gsm7", 0),
    (0x11, "gsm7", 1),
    (0x13, "gsm7", 3),
    (0x14, "binary", 0),
    (0x18, "utf-16-be", 0),
    (0x19, "utf-16-be", 1),
    (0x1C, "gsm7", 0),  # a reserved alphabet is the default one
    (0x20, "unknown", None),  # compressed
    (0x28, "unknown", None),
    (0x31, "unknown", 1),
    (0x3A, "unknown", 2),
    # the same, marked for automatic deletion
    (0x40, "gsm7", None),
    (0x41, "gsm7", None),
    (0x44, "binary", None),
    (0x48, "utf-16-be", None),
    (0x50, "gsm7", 0),
    (0x5A, "utf-16-be", 2),
    (0x60, "unknown", None),
    # reserved groups are the default alphabet
    (0x80, "gsm7", None),
    (0xB8, "gsm7", None),
    # message waiting: discard, store, store in UCS-2
    (0xC0, "gsm7", None),
    (0xC8, "gsm7", None),
    (0xD0, "gsm7", None),
    (0xDF, "gsm7", None),
    (0xE0, "utf-16-be", None),
    (0xE8, "utf-16-be", None),
    # data coding and message class
    (0xF0, "gsm7", 0),
    (0xF1, "gsm7", 1),
    (0xF3, "gsm7", 3),
    (0xF4, "binary", 0),
    (0xF5, "binary", 1),
    (0xF6, "binary", 2),
)

# default alphabet, data_coding, word, packed.
DEFAULTS = (
    ("gsm7", 0x00, "gsm7", False),
    ("gsm7-packed", 0x00, "gsm7", True),
    ("gsm7-packed", 0x11, "gsm7", True),
    ("gsm7-packed", 0xF0, "gsm7", True),
    ("gsm7-packed", 0x08, "utf-16-be", False),
    ("gsm7-packed", 0xF4, "binary", False),
    ("latin1", 0x00, "latin1", False),
    ("latin1", 0x80, "latin1", False),
    ("latin1", 0xF0, "gsm7", False),  # this one names the GSM alphabet
    ("ascii", 0x00, "ascii", False),
    ("utf8", 0x00, "utf8", False),
    ("ucs2", 0x00, "utf-16-be", False),
    ("cp037", 0x00, "unknown", False),
)


@pytest.mark.parametrize(("value", "word", "message_class"), CODINGS)
def test_data_coding(value: int, word: str, message_class: int | None) -> None:
    assert coding.of(value, PLAIN) == Coding(word, message_class, False)


@pytest.mark.parametrize(("default", "value", "word", "packed"), DEFAULTS)
def test_default_alphabet(default: str, value: int, word: str, packed: bool) -> None:
    found = coding.of(value, Reading(default_alphabet=default))
    assert (found.word, found.packed) == (word, packed)


@pytest.mark.parametrize("value", (0x08, 0x18, 0x48, 0xE0))
def test_byte_order(value: int) -> None:
    assert coding.of(value, Reading(ucs2_order="little")).word == "utf-16-le"
    assert coding.of(value, Reading(ucs2_order="big")).word == "utf-16-be"
    assert coding.of(value, Reading(ucs2_order="middle")).word == "utf-16-be"


def test_a_source_may_mean_something_else_by_any_data_coding() -> None:
    reading = Reading(
        ucs2_order="little", codings={0: "utf8", 8: "utf8", 1: "latin1", 0x11: "gsm7-packed", 0x18: "ucs2", 4: "utf-16-be", 0xF0: "binary"}
    )
    assert coding.of(0, reading) == Coding("utf8")
    assert coding.of(8, reading) == Coding("utf8")
    assert coding.of(1, reading) == Coding("latin1")
    assert coding.of(0x11, reading) == Coding("gsm7", 1, True)
    assert coding.of(0x18, reading) == Coding("utf-16-le", 0)
    assert coding.of(4, reading) == Coding("utf-16-be")
    assert coding.of(0xF0, reading) == Coding("binary", 0)
    assert coding.of(3, reading) == Coding("latin1")


def test_one_coding_named_unpacked_on_a_network_that_packs() -> None:
    reading = Reading(default_alphabet="gsm7-packed", codings={0xF1: "gsm7"})
    assert coding.of(0, reading).packed
    assert not coding.of(0xF1, reading).packed


# The options of a source, the reading they ask for.
OPTIONS: tuple[tuple[dict[str, object], Reading], ...] = (
    ({}, Reading()),
    ({"default_alphabet": "latin1"}, Reading(default_alphabet="latin1")),
    ({"default_alphabet": "LATIN1"}, Reading()),
    ({"default_alphabet": "binary"}, Reading()),
    ({"default_alphabet": 7}, Reading()),
    ({"default_alphabet": None}, Reading()),
    ({"default_alphabet": ["latin1"]}, Reading()),
    ({"ucs2_order": "little"}, Reading(ucs2_order="little")),
    ({"ucs2_order": "native"}, Reading()),
    ({"ucs2_order": {}}, Reading()),
    ({"national_number_prefix": "48"}, Reading(national_number_prefix="48")),
    ({"national_number_prefix": 48}, Reading()),
    ({"text_receipts": True}, Reading(text_receipts=True)),
    ({"text_receipts": "no"}, Reading()),
    ({"text_receipts": 1}, Reading()),
    ({"alphabets": {"8": "utf8"}}, Reading(codings={8: "utf8"})),
    ({"alphabets": {"0xF0": "latin1", "245": "binary", 3: "cp1250"}}, Reading(codings={0xF0: "latin1", 245: "binary", 3: "cp1250"})),
    ({"alphabets": {"8": "klingon", "256": "utf8", "-1": "utf8", "": "utf8", "x": "utf8", "9": 9, None: "utf8"}}, Reading()),
    ({"alphabets": ["8"]}, Reading()),
    ({"hosts": ["localhost:2775"], "system_id": "odzew"}, Reading()),
)


@pytest.mark.parametrize(("options", "reading"), OPTIONS)
def test_reading_of_a_sources_options(options: dict[str, object], reading: Reading) -> None:
    assert Reading.of(options) == reading


@pytest.mark.parametrize("word", sorted(coding.ALPHABETS))
def test_every_alphabet_has_a_coding(word: str) -> None:
    found = coding.of(5, Reading.of({"alphabets": {"5": word}}))
    assert found.word in coding.WORDS
    assert found.word == word or word in ("gsm7-packed", "ucs2")


@pytest.mark.parametrize("word", sorted(set(coding.WORDS) - {"gsm7", "binary", "unknown"}))
def test_every_other_word_is_a_codec(word: str) -> None:
    assert "Odzew 16".encode(word).decode(word) == "Odzew 16"


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda some: st.lists(some, max_size=3), max_leaves=4)


@given(
    st.dictionaries(
        st.sampled_from(("default_alphabet", "ucs2_order", "alphabets", "national_number_prefix", "text_receipts")),
        JSON | st.dictionaries(st.text(max_size=4), JSON, max_size=4),
    ),
    st.integers(0, 255),
)
def test_any_options_give_a_reading(options: dict[str, object], value: int) -> None:
    assert coding.of(value, Reading.of(options)).word in coding.WORDS


def test_readings_are_equal_by_what_was_asked_for() -> None:
    assert Reading.of({"default_alphabet": "utf8"}) == Reading(default_alphabet="utf8") != Reading()
    assert "table" not in repr(Reading())
