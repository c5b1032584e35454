"""What a deliver_sm or data_sm means: a message, a part of one, an acknowledgement or a receipt."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.model import Form, Part, Segment
from odzew.wire import deliver, gsm7
from odzew.wire.coding import Reading
from odzew.wire.deliver import DeliverSm, ShortMessage
from odzew.wire.pdu import Command, MalformedPdu, pack
from odzew.wire.receipt import DeliveryReceipt
from odzew.wire.tlv import Tag
from tests.wire.smpp import CORPUS, a_deliver_sm, octets, recreated

DEFAULT = Reading()


def read(pdu: bytes, **reading: Any) -> ShortMessage:
    return deliver.read(pdu, Reading(**reading) if reading else DEFAULT)


def utf16(text: str) -> bytes:
    return text.encode("utf-16-be")


# --- messages ---------------------------------------------------------------------------------------------------------


def test_a_plain_message_has_nothing_unusual() -> None:
    octets_of_it = gsm7.encode("Kto pyta? 5 €")
    assert read(a_deliver_sm(octets_of_it)) == ShortMessage(
        sender="+48500600700", recipient="+48799448811", segment=Segment("gsm7", octets_of_it), text="Kto pyta? 5 €", form="text"
    )


TEXTS: tuple[tuple[str, bytes, dict[str, Any], str, Form], ...] = (
    # data_coding and text -> the text, its form
    ("an empty text", a_deliver_sm(b""), {}, "", "text"),
    ("the GSM alphabet", a_deliver_sm(b"5 \x1b\x65 \x05"), {}, "5 € é", "text"),
    ("ASCII", a_deliver_sm(b"{a_b}", data_coding=1), {}, "{a_b}", "text"),
    ("Latin-1", a_deliver_sm(b"Gr\xfc\xdfe", data_coding=3), {}, "Grüße", "text"),
    ("UCS-2", a_deliver_sm(utf16("Zażółć"), data_coding=8), {}, "Zażółć", "text"),
    ("UCS-2 with a surrogate pair", a_deliver_sm(utf16("a😀"), data_coding=8), {}, "a😀", "text"),
    ("the other byte order", a_deliver_sm("Żuk".encode("utf-16-le"), data_coding=8), {"ucs2_order": "little"}, "Żuk", "text"),
    ("UTF-8 where the network means it", a_deliver_sm("ż".encode(), data_coding=8), {"codings": {8: "utf8"}}, "ż", "text"),
    ("a default alphabet of Latin-1", a_deliver_sm(b"\xe9"), {"default_alphabet": "latin1"}, "é", "text"),
    ("binary", a_deliver_sm(b"\x01\xab", data_coding=4), {}, "01AB", "binary"),
    ("what cannot be read", a_deliver_sm(b"\x01\xab", data_coding=9), {}, "01AB", "undecoded"),
    ("message_payload alone", a_deliver_sm(b"", tlvs={Tag.MESSAGE_PAYLOAD: [b"A" * 400]}), {}, "A" * 400, "text"),
    ("a longer message_payload", a_deliver_sm(b"AB", tlvs={Tag.MESSAGE_PAYLOAD: [b"ABC"]}), {}, "ABC", "text"),
    ("a shorter message_payload", a_deliver_sm(b"ABC", tlvs={Tag.MESSAGE_PAYLOAD: [b"AB"]}), {}, "ABC", "text"),
    ("an empty message_payload", a_deliver_sm(b"ABC", tlvs={Tag.MESSAGE_PAYLOAD: [b""]}), {}, "ABC", "text"),
    ("a header with ports", a_deliver_sm(octets("06 05 04 0B84 23F0 41"), esm_class=0x40), {}, "A", "text"),
    ("a header that is too long", a_deliver_sm(octets("FF 41"), esm_class=0x40), {}, "FF41", "undecoded"),
    ("a header announced, but no text", a_deliver_sm(b"", esm_class=0x40), {}, "", "text"),
    ("octets like a header, not announced", a_deliver_sm(octets("05 00 03 07 02 01 41"), data_coding=3), {}, "\5\0\3\7\2\1A", "text"),
)


@pytest.mark.parametrize(("pdu", "reading", "text", "form"), [row[1:] for row in TEXTS], ids=[row[0] for row in TEXTS])
def test_a_message_of_one_part_has_its_text(pdu: bytes, reading: dict[str, Any], text: str, form: Form) -> None:
    found = read(pdu, **reading)
    assert (found.text, found.form) == (text, form)
    assert found.segment.part is None
    assert found.receipt is None


UDH_8 = octets("05 00 03 11 03 02")
UDH_16 = octets("06 08 04 1001 03 02")
SAR: dict[int, list[bytes]] = {Tag.SAR_MSG_REF_NUM: [b"\0\x15"], Tag.SAR_TOTAL_SEGMENTS: [b"\3"], Tag.SAR_SEGMENT_SEQNUM: [b"\2"]}

PARTS = (
    ("8 bits", a_deliver_sm(UDH_8 + b"AB", esm_class=0x40), Part("u8:17", 3, 2)),
    ("16 bits", a_deliver_sm(UDH_16 + b"AB", esm_class=0x40), Part("u16:4097", 3, 2)),
    ("in message_payload", a_deliver_sm(b"", esm_class=0x40, tlvs={Tag.MESSAGE_PAYLOAD: [UDH_8 + b"AB"]}), Part("u8:17", 3, 2)),
    ("SAR parameters", a_deliver_sm(b"AB", tlvs=SAR), Part("sar:21", 3, 2)),
    ("SAR parameters and message_payload", a_deliver_sm(b"", tlvs={**SAR, Tag.MESSAGE_PAYLOAD: [b"AB"]}), Part("sar:21", 3, 2)),
    ("a reference of one octet", a_deliver_sm(b"AB", tlvs={**SAR, Tag.SAR_MSG_REF_NUM: [b"\x15"]}), Part("sar:21", 3, 2)),
    ("a header wins over SAR parameters", a_deliver_sm(UDH_8 + b"AB", esm_class=0x40, tlvs=SAR), Part("u8:17", 3, 2)),
    ("a header without parts leaves it to SAR", a_deliver_sm(octets("03 24 01 01 41 42"), esm_class=0x40, tlvs=SAR), Part("sar:21", 3, 2)),
    ("a data_sm", a_deliver_sm(b"AB", tlvs=SAR, command=Command.DATA_SM), Part("sar:21", 3, 2)),
    ("with reply path", a_deliver_sm(UDH_8 + b"AB", esm_class=0xC0), Part("u8:17", 3, 2)),
)


@pytest.mark.parametrize(("pdu", "part"), [row[1:] for row in PARTS], ids=[row[0] for row in PARTS])
def test_a_part_of_a_long_message_waits_for_the_others(pdu: bytes, part: Part) -> None:
    found = read(pdu)
    assert found.segment.part == part
    assert found.segment.octets == b"AB"
    assert (found.text, found.form) == ("", "text")


NO_PARTS: tuple[dict[int, list[bytes]], ...] = (
    {Tag.SAR_MSG_REF_NUM: [b"\0\x15"]},
    {Tag.SAR_MSG_REF_NUM: [b"\0\x15"], Tag.SAR_TOTAL_SEGMENTS: [b"\3"]},
    {**SAR, Tag.SAR_SEGMENT_SEQNUM: [b"\4"]},
    {**SAR, Tag.SAR_SEGMENT_SEQNUM: [b"\0"]},
    {**SAR, Tag.SAR_SEGMENT_SEQNUM: [b""]},
    {**SAR, Tag.SAR_TOTAL_SEGMENTS: [b"\0"]},
    {**SAR, Tag.SAR_TOTAL_SEGMENTS: [b"\1\0"]},
    {**SAR, Tag.SAR_MSG_REF_NUM: [b""]},
    {**SAR, Tag.SAR_TOTAL_SEGMENTS: [b"\1"], Tag.SAR_SEGMENT_SEQNUM: [b"\1"]},
)


@pytest.mark.parametrize("tlvs", NO_PARTS)
def test_sar_parameters_that_make_no_part_leave_a_whole_message(tlvs: dict[int, list[bytes]]) -> None:
    found = read(a_deliver_sm(b"AB", tlvs=tlvs))
    assert found.segment.part is None
    assert found.text == "AB"


def test_addresses_follow_their_type_of_number() -> None:
    found = read(a_deliver_sm(source=(2, b"500600700"), destination=(1, b"71200")), national_number_prefix="+48")
    assert (found.sender, found.recipient) == ("+48500600700", "71200")
    found = read(a_deliver_sm(source=(5, b"BANK"), destination=(0, b"48799448811"), command=Command.DATA_SM))
    assert (found.sender, found.recipient) == ("BANK", "48799448811")


TIMES = ((b"", None), (b"261123161959704+", 1_795_447_199_700_000), (b"000000020000000R", None), (b"\xff", None))


@pytest.mark.parametrize(("schedule", "expected"), TIMES)
def test_the_networks_time_where_it_is_told(schedule: bytes, expected: int | None) -> None:
    assert read(a_deliver_sm(schedule=schedule)).network_time == expected


# --- what is unusual --------------------------------------------------------------------------------------------------

EXTRA: tuple[tuple[str, bytes, dict[str, str]], ...] = (
    ("nothing", a_deliver_sm(), {}),
    ("UCS-2 is usual", a_deliver_sm(utf16("a"), data_coding=8), {}),
    ("a header is usual", a_deliver_sm(UDH_8, esm_class=0x40), {}),
    ("so is the way the network carries it", a_deliver_sm(esm_class=0x03), {}),
    ("parts by SAR are usual", a_deliver_sm(tlvs=SAR), {}),
    ("data_coding", a_deliver_sm(data_coding=3), {"data_coding": "3"}),
    ("a message class", a_deliver_sm(data_coding=0xF0), {"data_coding": "240", "message_class": "0"}),
    ("reply path", a_deliver_sm(esm_class=0x80), {"esm_class": "0x80"}),
    ("protocol_id", a_deliver_sm(protocol_id=0x7F), {"protocol_id": "127"}),
    ("service_type", a_deliver_sm(service_type=b"WAP"), {"service_type": "WAP"}),
    ("ports", a_deliver_sm(octets("06 05 04 0B84 23F0 41"), esm_class=0x40), {"ports": "9200:2948"}),
    ("parameters", a_deliver_sm(tlvs={0x0204: [b"\0\7"], 0x1454: [b"\xab"]}), {"user_message_reference": "0007", "0x1454": "AB"}),
    ("one parameter twice", a_deliver_sm(tlvs={0x0381: [b"\1", b"\2"]}), {"callback_num": "01,02"}),
    ("a text beside a payload", a_deliver_sm(b"AB", tlvs={0x0424: [b"ABC"]}), {"short_message": "4142"}),
    ("a payload beside a text", a_deliver_sm(b"ABC", tlvs={0x0424: [b"AB"]}), {"message_payload": "4142"}),
    ("SAR that makes no sense", a_deliver_sm(tlvs={0x020E: [b"\2"]}), {"sar_total_segments": "02"}),
)


@pytest.mark.parametrize(("pdu", "expected"), [row[1:] for row in EXTRA], ids=[row[0] for row in EXTRA])
def test_what_is_unusual_is_told(pdu: bytes, expected: dict[str, str]) -> None:
    assert read(pdu).extra == expected


def test_faults_are_told() -> None:
    assert "header" in read(a_deliver_sm(octets("FF 41"), esm_class=0x40)).extra["faults"]
    assert "odd" in read(a_deliver_sm(b"abc", data_coding=8)).extra["faults"]


def test_what_is_told_of_parameters_is_bounded() -> None:
    many = {tag: [bytes(1000)] * 50 for tag in range(0x2000, 0x2100)}
    extra = read(a_deliver_sm(tlvs=many, service_type=b"A" * 1000)).extra
    assert extra["more_parameters"] == "192"
    assert len(extra) == 64 + 2
    assert sum(map(len, extra.values())) < 64 * 4 * 130 + 100
    assert extra["0x2000"].startswith("00" * 64 + "…,")


# --- receipts and acknowledgements ------------------------------------------------------------------------------------

TEXT = b"id:77 sub:001 dlvrd:001 submit date:1701240904 done date:1701241005 stat:DELIVRD err:000 text:x"
BOTH: dict[int, list[bytes]] = {Tag.RECEIPTED_MESSAGE_ID: [b"77\0"], Tag.MESSAGE_STATE: [b"\2"]}
WORDS = {"id": "77", "stat": "DELIVRD", "err": "000", "done": "2017-01-24 10:05:00"}

RECEIPTS = (
    ("of the network", a_deliver_sm(TEXT, esm_class=0x04), "77", "DELIVRD"),
    ("of the network, with a mode", a_deliver_sm(TEXT, esm_class=0x07), "77", "DELIVRD"),
    ("of the phone", a_deliver_sm(TEXT, esm_class=0x08), "77", "DELIVRD"),
    ("on the way", a_deliver_sm(TEXT, esm_class=0x20), "77", "DELIVRD"),
    ("in UCS-2", a_deliver_sm(utf16(TEXT.decode()), esm_class=0x04, data_coding=8), "77", "DELIVRD"),
    ("in ASCII, called UCS-2", a_deliver_sm(TEXT, esm_class=0x04, data_coding=8), "77", "DELIVRD"),
    ("in ASCII, called binary", a_deliver_sm(TEXT, esm_class=0x04, data_coding=4), "77", "DELIVRD"),
    ("with an id that GSM would change", a_deliver_sm(b"id:a_b@c{d} stat:EXPIRED", esm_class=0x04), "a_b@c{d}", "EXPIRED"),
    ("in message_payload", a_deliver_sm(b"", esm_class=0x04, tlvs={0x0424: [TEXT]}), "77", "DELIVRD"),
    ("as a data_sm", a_deliver_sm(TEXT, esm_class=0x04, command=Command.DATA_SM), "77", "DELIVRD"),
    ("by parameters alone", a_deliver_sm(b"", tlvs=BOTH), "77", "DELIVRD"),
    ("by parameters, beside a text", a_deliver_sm(b"Hello", tlvs=BOTH), "77", "DELIVRD"),
    ("with SAR parameters", a_deliver_sm(TEXT, esm_class=0x04, tlvs=SAR), "77", "DELIVRD"),
    ("with a header", a_deliver_sm(UDH_8 + TEXT, esm_class=0x44), "77", "DELIVRD"),
    ("with a broken header", a_deliver_sm(b"", esm_class=0x44, tlvs=BOTH), "77", "DELIVRD"),
    ("of a reserved type, by its text", a_deliver_sm(TEXT, esm_class=0x24), "77", "DELIVRD"),
    ("that cannot be read", a_deliver_sm(b"\xff\xfe", esm_class=0x04), "", ""),
    ("that is empty", a_deliver_sm(b"", esm_class=0x04), "", ""),
    ("an acknowledgement by the user, without a text", a_deliver_sm(b"", esm_class=0x10), "", ""),
)


@pytest.mark.parametrize(("pdu", "message_id", "state"), [row[1:] for row in RECEIPTS], ids=[row[0] for row in RECEIPTS])
def test_receipts_are_no_messages(pdu: bytes, message_id: str, state: str) -> None:
    found = read(pdu)
    assert found.receipt is not None
    assert (found.receipt.message_id, found.receipt.state) == (message_id, state)
    assert (found.text, found.form, found.segment.part, found.acknowledgement) == ("", "text", None, False)


def test_a_receipt_in_words() -> None:
    found = read(a_deliver_sm(TEXT, esm_class=0x04))
    assert found.receipt == DeliveryReceipt("77", "DELIVRD", "000", 1_485_248_640_000_000, 1_485_252_300_000_000, "x")
    assert found.extra == {"esm_class": "0x04", **WORDS}


MESSAGES = (
    ("with the text of a receipt, which only a setting makes one", a_deliver_sm(TEXT), TEXT.decode(), False),
    ("with one of the two parameters", a_deliver_sm(tlvs={Tag.RECEIPTED_MESSAGE_ID: [b"77\0"]}), "Test", False),
    ("with the other", a_deliver_sm(tlvs={Tag.MESSAGE_STATE: [b"\2"]}), "Test", False),
    ("of a reserved type", a_deliver_sm(esm_class=0x0C), "Test", False),
    ("that acknowledges, with text", a_deliver_sm(b"Yes", esm_class=0x10), "Yes", True),
    ("that acknowledges, with a header", a_deliver_sm(octets("03 24 01 01") + b"Yes", esm_class=0x50), "Yes", True),
    ("that acknowledges, with the text of a receipt", a_deliver_sm(b"id:1 stat:2", esm_class=0x10), "id:1 stat:2", True),
    ("that ends a conversation, with text", a_deliver_sm(b"Bye", esm_class=0x18), "Bye", True),
)


@pytest.mark.parametrize(("pdu", "text", "acknowledgement"), [row[1:] for row in MESSAGES], ids=[row[0] for row in MESSAGES])
def test_messages_are_no_receipts(pdu: bytes, text: str, acknowledgement: bool) -> None:
    found = read(pdu)
    assert found.receipt is None
    assert (found.text, found.acknowledgement) == (text, acknowledgement)


def test_a_source_may_say_that_a_text_is_a_receipt_by_its_form_alone() -> None:
    found = read(a_deliver_sm(TEXT), text_receipts=True)
    assert found.receipt is not None
    assert (found.receipt.message_id, found.text, found.extra) == ("77", "", WORDS)
    assert read(a_deliver_sm(b"id:77 is mine"), text_receipts=True).text == "id:77 is mine"
    assert read(a_deliver_sm(UDH_8 + TEXT, esm_class=0x40), text_receipts=True).receipt is None


# --- anything ---------------------------------------------------------------------------------------------------------

readings = st.builds(
    Reading,
    default_alphabet=st.sampled_from(["gsm7", "gsm7-packed", "latin1", "ascii", "utf8", "ucs2"]),
    ucs2_order=st.sampled_from(["big", "little"]),
    national_number_prefix=st.sampled_from(["", "48"]),
    text_receipts=st.booleans(),
)


def is_sound(pdu: bytes, reading: Reading) -> bool:
    """Whether a PDU is malformed, or has a meaning that holds together. No other error is caught."""
    try:
        found = deliver.read(pdu, reading)
    except MalformedPdu:
        return True
    part = found.segment.part
    return (
        found.form in ("text", "binary", "undecoded")
        and all(isinstance(word, str) for pair in found.extra.items() for word in pair)
        and (found.receipt is None or (found.text, part, found.acknowledgement) == ("", None, False))
        and (part is None or (found.text == "" and 1 <= part.number <= part.total <= 255))
    )


@given(st.sampled_from([Command.DELIVER_SM, Command.DATA_SM]), st.binary(max_size=200), readings)
def test_any_body_has_a_meaning_or_is_malformed(command: Command, body: bytes, reading: Reading) -> None:
    assert is_sound(pack(command, 0, 1, body), reading)


octet = st.integers(0, 255)
address = st.text("0123456789+AZ", max_size=20).map(str.encode)
tags = st.sampled_from([int(tag) for tag in Tag] + [0x1454, 0xFFFF])


@given(
    st.builds(
        DeliverSm, source_ton=octet, source=address, destination_ton=octet, destination=address, esm_class=octet, data_coding=octet,
        short_message=st.binary(max_size=140) | st.just(TEXT),
        tlvs=st.dictionaries(tags, st.lists(st.binary(max_size=40), min_size=1, max_size=2), max_size=6),
    ),
    st.sampled_from([Command.DELIVER_SM, Command.DATA_SM]),
    readings,
)  # fmt: skip
def test_any_fields_have_a_meaning(message: DeliverSm, command: Command, reading: Reading) -> None:
    assert is_sound(deliver.encode(message, command), reading)


@given(
    st.sampled_from(sorted(file.stem for file in CORPUS.glob("*.hex"))).map(recreated),
    st.lists(st.tuples(st.sampled_from(["set", "cut", "insert", "double"]), st.integers(0, 400), octet), min_size=1, max_size=6),
    readings,
)
def test_any_change_of_a_pdu_leaves_a_meaning_or_a_malformed_pdu(pdu: bytes, changes: list[tuple[str, int, int]], reading: Reading) -> None:
    some = bytearray(pdu)
    for change, place, value in changes:
        at = 16 + place % max(1, len(some) - 16)
        if change == "set":
            some[at : at + 1] = bytes((value,))
        elif change == "cut":
            del some[at : at + 1 + value % 8]
        elif change == "insert":
            some[at:at] = bytes((value,))
        else:
            some[at:at] = some[at : at + value]
    assert is_sound(bytes(some), reading)
