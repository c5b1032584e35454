"""One spelling for every number (contract 1, "numbers")."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from odzew.errors import NumberError
from odzew.wire import msisdn

NUMBERS = (
    # the spellings of the contract
    ("500600700", "+48500600700"),
    ("48500600700", "+48500600700"),
    ("0048500600700", "+48500600700"),
    (" 48500600700", "+48500600700"),
    ("%2B48500600700", "+48500600700"),
    ("%2b48500600700", "+48500600700"),
    ("+48 500-600-700", "+48500600700"),
    ("+48500600700", "+48500600700"),
    # spellings of people
    (" 500 600 700 ", "+48500600700"),
    ("(22) 123-45-67", "+48221234567"),
    ("500.600.700", "+48500600700"),
    ("500/600/700", "+48500600700"),
    ("+48\u00a0500\u2011600\u2011700", "+48500600700"),
    ("00 48 500 600 700", "+48500600700"),
    ("\t+48500600700\n", "+48500600700"),
    # other countries
    ("+4915112345678", "+4915112345678"),
    ("004915112345678", "+4915112345678"),
    ("4915112345678", "+4915112345678"),  # the networks leave the plus out
    ("+44 (0)20 7946 0958", "+442079460958"),
    ("0044 (0)20 7946 0958", "+442079460958"),
    ("12025550123", "+12025550123"),
    ("+6834000", "+6834000"),  # E.164 of seven digits
    # digits of other scripts
    ("５００６００７００", "+48500600700"),
    ("＋４８５００６００７００", "+48500600700"),
    ("٥٠٠٦٠٠٧٠٠", "+48500600700"),
    # short codes stay; a plus before one is nobody's
    ("71200", "71200"),
    ("7120", "7120"),
    ("112", "112"),
    ("601234", "601234"),
    ("1234567", "1234567"),
    ("12345678", "12345678"),
    (" 71200 ", "71200"),
    ("7 1200", "71200"),
    ("+71200", "71200"),
    ("%2B71200", "71200"),
    ("٧١٢٠٠", "71200"),
)

NO_NUMBERS = (
    "", " ", "+", "-", "1", "12", "+1", "00", "000", "0500600700", "+0500600700", "00048500600700", "5006007001", "1234567890123456",
    "+1234567890123456", "9" * 60, "++48500600700", "48+500600700", "48500600700+", "500600700,600700800", "500600700;ext=5", "500600700x5",
    "+48500600700/TYPE=PLMN", "tel:+48500600700", "ACME", "500600700\0", "500\n600700", "%2B", "%2B%2B48500600700", "5OO600700", "\ud800",
    "½", "①②③④", "²³¹",
)  # fmt: skip

# What a message's sender may be beside a number, exactly as it came.
SENDERS = (
    "ACME", "Acme Sp.", " ACME ", "5OO600700", "tel:+48500600700", "Żółw", "A", "+48500600700/TYPE=PLMN", "x" * 64, "0500600700", "+", "12",
    "1234567890123456", "500600700,600700800", "①②③④",
)  # fmt: skip

NO_SENDERS = ("", " ", "\t\n", "ACME\0", "AC\nME", "AC\x7fME", "AC\x85ME", "x" * 65, "1" * 65, "x" * 1_000_000)

NO_FILTERS = (
    *NO_SENDERS, "+", "-", "12", "0500600700", "5006007001", "1234567890123456", "%2B", "%2B1", "( )", "0500-600-700", "٠٥٠٠٦٠٠٧٠٠",
)  # fmt: skip


@pytest.mark.parametrize(("raw", "number"), NUMBERS)
def test_number(raw: str, number: str) -> None:
    assert msisdn.normalise(raw) == number
    assert msisdn.sender(raw) == number
    assert msisdn.filter_value(raw) == number
    assert msisdn.normalise(number) == number


@pytest.mark.parametrize("raw", NO_NUMBERS)
def test_no_number(raw: str) -> None:
    with pytest.raises(NumberError):
        msisdn.normalise(raw)


@pytest.mark.parametrize("raw", SENDERS)
def test_sender_as_received(raw: str) -> None:
    assert msisdn.sender(raw) == raw


def test_of_a_sender_only_what_cannot_be_kept_is_lost() -> None:
    assert msisdn.sender("AC\ud800ME") == "AC\ufffdME"


@pytest.mark.parametrize("raw", NO_SENDERS)
def test_no_sender(raw: str) -> None:
    with pytest.raises(NumberError):
        msisdn.sender(raw)


@pytest.mark.parametrize("raw", ("ACME", "Acme Sp.", " ACME ", "5OO600700", "tel:+48500600700"))
def test_filter_of_an_alphanumeric_sender_is_its_exact_spelling(raw: str) -> None:
    assert msisdn.filter_value(raw) == msisdn.sender(raw) == raw


@pytest.mark.parametrize("raw", NO_FILTERS)
def test_no_filter(raw: str) -> None:
    with pytest.raises(NumberError):
        msisdn.filter_value(raw)


@pytest.mark.parametrize(
    ("raw", "country", "number"),
    (
        ("20 12 34 56", "DK", "+4520123456"),  # a whole number of eight digits there, a short code here
        ("20123456", "PL", "20123456"),
        ("1234", "DK", "1234"),
        ("07911 123456", "GB", "+447911123456"),
        ("6161234", "IS", "+3546161234"),
        ("48500600700", "DE", "+4948500600700"),
        ("0048500600700", "DE", "+48500600700"),
        ("48500600700", "XX", "+48500600700"),
        ("71200", "XX", "71200"),
    ),
)
def test_the_country_decides_what_is_written_without_a_code(raw: str, country: str, number: str) -> None:
    assert msisdn.normalise(raw, country) == number


ANY = st.text(st.characters(exclude_categories=()), max_size=70)
DIALLED = st.text("0123456789+-()/. %2B٥５", max_size=24)
WRITTEN = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}")


@given(ANY | DIALLED, st.sampled_from(("PL", "DE", "GB", "US", "XX", "")))
@example("+(0)" + "9" * 17, "PL")
def test_any_text_is_a_number_or_an_error(raw: str, country: str) -> None:
    try:
        number = msisdn.normalise(raw, country)
    except NumberError:
        return
    assert WRITTEN.fullmatch(number)
    assert msisdn.sender(raw, country) == number


@given(ANY | DIALLED)
def test_a_number_stays_what_it_is(raw: str) -> None:
    try:
        number = msisdn.normalise(raw)
    except NumberError:
        return
    assert msisdn.normalise(number) == number


@given(ANY | DIALLED)
def test_any_sender_can_be_stored_and_stays_what_it_is(raw: str) -> None:
    try:
        kept = msisdn.sender(raw)
    except NumberError:
        return
    assert 0 < len(kept) <= msisdn.LONGEST
    assert "\0" not in kept.encode().decode()
    assert msisdn.sender(kept) == kept


@given(ANY | DIALLED)
def test_a_filter_finds_its_sender_or_is_refused(raw: str) -> None:
    try:
        wanted = msisdn.filter_value(raw)
    except NumberError:
        return
    assert wanted == msisdn.sender(raw)


@given(st.from_regex(r"\+48[5-8][0-9]{8}", fullmatch=True))
def test_every_spelling_of_a_number_means_the_same(number: str) -> None:
    bare = number[1:]
    spellings = (bare, "00" + bare, " " + bare, "%2B" + bare, bare[2:], f"+48 {bare[2:5]}-{bare[5:8]}-{bare[8:]}")
    assert {msisdn.normalise(spelling) for spelling in spellings} == {number}
