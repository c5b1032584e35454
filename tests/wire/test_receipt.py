"""Delivery receipts, as the specification shows them (SMPP 3.4 appendix B) and as networks write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.wire import localtime, receipt
from odzew.wire.receipt import DeliveryReceipt
from odzew.wire.tlv import Tag


def at(text: str) -> int:
    return localtime.parse_rfc3339(text.replace(" ", "T") + "Z")


NINE_04 = at("2017-01-24 09:04:00")
TEN_05 = at("2017-01-24 10:05:00")

WRITTEN = (
    (
        "as the specification has it",
        "id:1526758174 sub:001 dlvrd:001 submit date:1701240904 done date:1701241005 stat:DELIVRD err:000 Text:Wizyta jutro o 12:00",
        DeliveryReceipt("1526758174", "DELIVRD", "000", NINE_04, TEN_05, "Wizyta jutro o 12:00"),
    ),
    (
        "without sub and dlvrd",
        "id:1526758174 submit date:1701240904 done date:1701241005 stat:DELIVRD err:000 text:hello",
        DeliveryReceipt("1526758174", "DELIVRD", "000", NINE_04, TEN_05, "hello"),
    ),
    (
        "without text",
        "id:0654354026 submit date:1701240904 done date:1701241005 stat:DELIVRD err:000",
        DeliveryReceipt("0654354026", "DELIVRD", "000", NINE_04, TEN_05, ""),
    ),
    (
        "with seconds, and an id in hexadecimal",
        "id:a29f6845555647139e5c8f3b817f2c9a sub:001 dlvrd:001 submit date:170124090400 done date:170124100500 stat:DELIVRD err:000 text:",
        DeliveryReceipt("a29f6845555647139e5c8f3b817f2c9a", "DELIVRD", "000", NINE_04, TEN_05, ""),
    ),
    (
        "without the word stat",
        "id:ce5bc5a9-4f7d sub:000 dlvrd:000 submit date:170124090400 done date:170124100500 DELIVRD err:000 Text:",
        DeliveryReceipt("ce5bc5a9-4f7d", "DELIVRD", "000", NINE_04, TEN_05, ""),
    ),
    (
        "with times in the absolute form",
        "id:rdwjwxns18krxr sub:000 dlvrd:000 submit date:170124100400004+ done date:170124110500004+ stat:UNDELIV err:000",
        DeliveryReceipt("rdwjwxns18krxr", "UNDELIV", "000", NINE_04, TEN_05, ""),
    ),
    (
        "capitals, underscores, times with dashes",
        "ID:77 SUB:001 DLVRD:000 SUBMIT_DATE:2017-01-24 09:04:00 DONE_DATE:2017-01-24 10:05:00 STAT:expired ERR:0x0B TEXT:X",
        DeliveryReceipt("77", "EXPIRED", "0x0B", NINE_04, TEN_05, "X"),
    ),
    (
        "blanks after the colons",
        "id: 77 sub: 001 dlvrd: 001 submit date: 1701240904 done date: 1701241005 stat: DELIVRD err: 0 text: x",
        DeliveryReceipt("77", "DELIVRD", "0", NINE_04, TEN_05, "x"),
    ),
    (
        "in another order, one field in each line",
        "stat:REJECTD\r\nerr:00F1\r\nid:77\r\ndone date:1701241005\r\n",
        DeliveryReceipt("77", "REJECTD", "00F1", None, TEN_05, ""),
    ),
    (
        "commas between",
        "id:77,sub:001,dlvrd:001,submit date:1701240904,done date:1701241005,stat:DELIVRD,err:000,text:a,b",
        DeliveryReceipt("77", "DELIVRD", "000", NINE_04, TEN_05, "a,b"),
    ),
    (
        "submitdate in one word",
        "id:77 submitdate:1701240904 donedate:1701241005 stat:DELIVRD",
        DeliveryReceipt("77", "DELIVRD", "", NINE_04, TEN_05, ""),
    ),
    (
        "whole words of state",
        "id:77 stat:UNDELIVERABLE err:-",
        DeliveryReceipt("77", "UNDELIV", "-", None, None, ""),
    ),
    (
        "a state of the vendor's own",
        "id:77 stat:BLOCKED err:1011",
        DeliveryReceipt("77", "BLOCKED", "1011", None, None, ""),
    ),
    (
        "a vendor's own field",
        "id:77 sub:001 dlvrd:001 submit date:1701240904 done date:1701241005 stat:DELIVRD err:000 mccmnc:26001 text:x",
        DeliveryReceipt("77", "DELIVRD", "000", NINE_04, TEN_05, "x"),
    ),
    (
        "what looks like fields after text",
        "id:77 stat:DELIVRD err:000 text:id:88 stat:EXPIRED done date:1701241005 text:y",
        DeliveryReceipt("77", "DELIVRD", "000", None, None, "id:88 stat:EXPIRED done date:1701241005 text:y"),
    ),
    (
        "fields twice",
        "id:77 id:88 stat:DELIVRD stat:EXPIRED",
        DeliveryReceipt("77", "DELIVRD", "", None, None, ""),
    ),
    (
        "empty fields, and dates that are none",
        "id: sub: dlvrd: submit date: done date:0000000000 stat: err: text:",
        DeliveryReceipt("", "", "", None, None, ""),
    ),
    (
        "a NUL at the end",
        "id:0000719023 submit date:1701240904 done date:1701241005 stat:DELIVRD err:000\0",
        DeliveryReceipt("0000719023", "DELIVRD", "000", NINE_04, TEN_05, ""),
    ),
    (
        "an id with colons, underscores and braces",
        "id:{a_b:c}@d stat:ACCEPTED",
        DeliveryReceipt("{a_b:c}@d", "ACCEPTD", "", None, None, ""),
    ),
    ("no field at all", "Your message was delivered", DeliveryReceipt(text="Your message was delivered")),
    ("nothing", "", DeliveryReceipt()),
)


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in WRITTEN], ids=[row[0] for row in WRITTEN])
def test_the_text_of_a_receipt(text: str, expected: DeliveryReceipt) -> None:
    assert receipt.parse(text) == expected


TEXT = "id:77 sub:001 dlvrd:000 submit date:1701240904 done date:1701241005 stat:UNDELIV err:011 text:x"
PARAMETERS: tuple[tuple[str, dict[int, list[bytes]], tuple[str, str, str]], ...] = (
    ("none", {}, ("77", "UNDELIV", "011")),
    ("the id of the answer to submit_sm", {Tag.RECEIPTED_MESSAGE_ID: [b"4d\0"]}, ("4d", "UNDELIV", "011")),
    ("an empty id", {Tag.RECEIPTED_MESSAGE_ID: [b"\0"]}, ("77", "UNDELIV", "011")),
    ("the state", {Tag.MESSAGE_STATE: [b"\3"]}, ("77", "EXPIRED", "011")),
    ("a state of SMPP 5.0", {Tag.MESSAGE_STATE: [b"\0"]}, ("77", "SCHEDULED", "011")),
    ("a state that nobody knows", {Tag.MESSAGE_STATE: [b"\x63"]}, ("77", "99", "011")),
    ("a state without a value", {Tag.MESSAGE_STATE: [b""]}, ("77", "UNDELIV", "011")),
    ("the network's error beside one in the text", {Tag.NETWORK_ERROR_CODE: [b"\3\0\x22"]}, ("77", "UNDELIV", "011")),
)


@pytest.mark.parametrize(("tlvs", "expected"), [row[1:] for row in PARAMETERS], ids=[row[0] for row in PARAMETERS])
def test_parameters_win_over_the_text(tlvs: dict[int, list[bytes]], expected: tuple[str, str, str]) -> None:
    found = receipt.parse(TEXT, tlvs)
    assert (found.message_id, found.state, found.error) == expected


NETWORK_ERRORS = (
    (b"\3\0\x22", "3:34"),
    (b"\1\1\0", "1:256"),
    (b"000", "303030"),
    (b"\3\0", "0300"),
    (b"\3\0\0\0", "03000000"),
    (b"", ""),
)


@pytest.mark.parametrize(("value", "expected"), NETWORK_ERRORS)
def test_the_networks_error_where_the_text_has_none(value: bytes, expected: str) -> None:
    assert receipt.parse("", {Tag.NETWORK_ERROR_CODE: [value]}).error == expected


IS_WRITTEN = (
    (TEXT, True),
    ("id:1 sub:001 dlvrd:001", True),
    ("ID:1 STAT:DELIVRD ERR:000", True),
    (" id:1 stat:DELIVRD done date:1701241005", True),
    ("id:1 DELIVRD err:000", True),
    ("id:1 stat:DELIVRD", False),
    ("id:1", False),
    ("My id:1 sub:001 dlvrd:001", False),
    ("id 1 sub 001 dlvrd 001", False),
    ("sub:001 dlvrd:001 stat:DELIVRD", False),
    ("Ideal: stat:1 err:2 sub:3", False),
    ("id:1 text:sub:001 dlvrd:001 stat:DELIVRD", False),
    ("", False),
)


@pytest.mark.parametrize(("text", "expected"), IS_WRITTEN)
def test_whether_a_text_has_the_form_of_a_receipt(text: str, expected: bool) -> None:
    assert receipt.is_written(text) is expected


WORDS: tuple[tuple[DeliveryReceipt, dict[str, str]], ...] = (
    (DeliveryReceipt(), {}),
    (
        DeliveryReceipt("77", "DELIVRD", "000", NINE_04, TEN_05, "x"),
        {"id": "77", "stat": "DELIVRD", "err": "000", "done": "2017-01-24 10:05:00"},
    ),
    (DeliveryReceipt(state="EXPIRED"), {"stat": "EXPIRED"}),
)


@pytest.mark.parametrize(("one", "expected"), WORDS)
def test_a_receipt_in_words(one: DeliveryReceipt, expected: dict[str, str]) -> None:
    assert one.words() == expected


tokens = st.text("0123456789abcdefABCDEF-_.", min_size=1, max_size=40)


@given(tokens, st.sampled_from(sorted(receipt.STATES.values())), tokens, st.text("abc :.", max_size=20).map(str.strip))
def test_what_is_written_is_read_back(message_id: str, state: str, error: str, text: str) -> None:
    one = DeliveryReceipt(message_id, state, error, NINE_04, TEN_05, text)
    written = receipt.write(one, ("1701240904", "170124100500"))
    assert receipt.parse(written) == one
    assert receipt.is_written(written)


pieces = st.lists(
    st.sampled_from(["id:", "sub:", "dlvrd:", "submit date:", "done date:", "stat:", "err:", "text:", "DELIVRD", "1701240904", *" \n,:"])
    | st.text(max_size=6),
    max_size=30,
).map("".join)


@given(pieces, st.dictionaries(st.sampled_from([0x001E, 0x0427, 0x0423, 0x0424]), st.lists(st.binary(max_size=6), min_size=1, max_size=2)))
def test_any_text_and_parameters_give_a_receipt(text: str, tlvs: dict[int, list[bytes]]) -> None:
    found = receipt.parse(text, tlvs)
    assert len(found.message_id) <= 1024
    assert all(found.words().values())
    assert not receipt.is_written(text) or text.lstrip()[:2].lower() == "id"


def test_a_long_text_costs_no_more_than_its_beginning() -> None:
    long = "id:1 stat:DELIVRD err:000 " + "submit " * 100_000
    assert receipt.parse(long).state == "DELIVRD"
    assert len(receipt.parse("x" * 1_000_000).text) == 1024
