"""Addresses of mailboxes: what may stand in an envelope, and nothing that could end a line or a bracket of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.errors import WireError
from odzew.wire import mailbox

GOOD = (
    ("jan@acme.example", "jan@acme.example"),
    ("Jan.Kowalski+sms@Acme.Example", "Jan.Kowalski+sms@acme.example"),
    ("a@b", "a@b"),
    ("o'neill@xn--d-0ga.example", "o'neill@xn--d-0ga.example"),
    ("x" * 64 + "@acme.example", "x" * 64 + "@acme.example"),
)
BAD = (
    "", "@", "jan", "jan@", "@acme.example", "jan@acme..example", "jan@-acme.example", "jan@acme-.example", ".jan@acme.example",
    "jan.@acme.example", "ja..n@acme.example", "jan@acme.example\r\nDATA", "jan@acme.example\n", "jan@acme.example>", "<jan@acme.example>",
    "Jan <jan@acme.example>", "jan kowalski@acme.example", '"jan"@acme.example', "jan@acme.example,anna@acme.example", "jan@[192.0.2.1]",
    "żółw@acme.example", "jan@żółw.example", "x" * 65 + "@acme.example", "jan@" + "a" * 64 + ".example", "jan@" + "a." * 130 + "example",
)  # fmt: skip


@pytest.mark.parametrize(("text", "address"), GOOD)
def test_addresses(text: str, address: str) -> None:
    assert mailbox.parse(text) == address


@pytest.mark.parametrize("text", BAD)
def test_no_addresses(text: str) -> None:
    with pytest.raises(WireError, match="no address"):
        mailbox.parse(text)


@given(st.one_of(st.text(), st.from_regex(r"\A[^@]{1,10}@[^@]{1,10}\Z")))
def test_what_is_taken_can_stand_in_an_envelope(text: str) -> None:
    try:
        address = mailbox.parse(text)
    except WireError:
        return
    assert address.isascii()
    assert not set(address) & set("<>\r\n\0 ,;:\"()[]\\")
    assert mailbox.parse(address) == address
