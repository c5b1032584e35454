"""Times as SMPP writes them (SMPP 3.4 s.7.1.1, appendix B)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.wire import localtime, smpptime

ABSOLUTE = (
    ("020610233429000+", "2002-06-10T23:34:29Z"),
    ("261123161959704+", "2026-11-23T15:19:59.7Z"),
    ("261123161959708-", "2026-11-23T18:19:59.7Z"),
    ("261123003000023+", "2026-11-22T18:45:00Z"),
    ("240229235959948+", "2024-02-29T11:59:59.9Z"),
    ("000101000000000+", "2000-01-01T00:00:00Z"),
)

NOT_ABSOLUTE = (
    "", "\0", "020610233429000R", "000000020000000R", "020610233429", "02061023342900+", "0206102334290000+", "021310233429000+",
    "020631233429000+", "020610243429000+", "020610233429049+", "230229000000000+", "x20610233429000+", "٠٢٠٦١٠٢٣٣٤٢٩٠٠٠+",
    " 020610233429000+",
)  # fmt: skip

IN_RECEIPTS = (
    ("1701240904", "2017-01-24T09:04:00Z"),
    ("170124090459", "2017-01-24T09:04:59Z"),
    ("201701240904", "2017-01-24T09:04:00Z"),
    ("20170124090459", "2017-01-24T09:04:59Z"),
    ("2017-01-24 09:04:59", "2017-01-24T09:04:59Z"),
    ("2017-01-24T09:04", "2017-01-24T09:04:00Z"),
    ("2017-01-24 09:04:59.123", "2017-01-24T09:04:59Z"),
    ("180711070003912+", "2018-07-11T04:00:03.9Z"),
)

NOT_IN_RECEIPTS = (
    "", "0", "0000000000", "NULL", "N/A", "17012409", "170124090", "9999999999", "17012409045", "19690101000000", "1701240904\n",
)  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ABSOLUTE)
def test_the_absolute_form(text: str, expected: str) -> None:
    assert smpptime.absolute(text) == localtime.parse_rfc3339(expected)


@pytest.mark.parametrize("text", NOT_ABSOLUTE)
def test_what_is_not_the_absolute_form_is_no_time(text: str) -> None:
    assert smpptime.absolute(text) is None


@pytest.mark.parametrize(("text", "expected"), IN_RECEIPTS)
def test_dates_in_receipts(text: str, expected: str) -> None:
    assert smpptime.in_receipt(text) == localtime.parse_rfc3339(expected)


@pytest.mark.parametrize("text", NOT_IN_RECEIPTS)
def test_what_is_no_date_in_a_receipt(text: str) -> None:
    assert smpptime.in_receipt(text) is None


@given(st.text(max_size=24) | st.text("0123456789+-R :T.", max_size=24))
def test_any_text_is_a_time_or_none(text: str) -> None:
    for instant in (smpptime.absolute(text), smpptime.in_receipt(text)):
        assert instant is None or localtime.render(instant, "UTC")
