"""What the SMSC simulator puts on the wire: each shape octet by octet, and that every sample is read back as it was meant."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.errors import SettingError, WireError
from odzew.model import Segment
from odzew.simulate.smsc_messages import MOST_PARTS, ShortText, pdus
from odzew.simulate.smsc_samples import SAMPLES, Sample, every
from odzew.simulate.smsc_shapes import ALPHABETS, CARRIAGES, Shape, read_shape
from odzew.wire import deliver, segment
from odzew.wire.deliver import DeliverSm
from odzew.wire.pdu import Command, pack
from odzew.wire.segment import Reading
from odzew.wire.tlv import Tag

PHONE, OURS = "+48600700800", "+48799448855"


def short(text: str, shape: str = "auto", **more: Any) -> ShortText:
    return ShortText(PHONE, OURS, text, shape, **more)


def fields(message: ShortText, reference: int = 17) -> list[DeliverSm]:
    return [deliver.parse(pack(pdu.command, 0, 1, pdu.body)) for _, pdu in pdus(message, reference).sent]


def one(message: ShortText) -> DeliverSm:
    (found,) = fields(message)
    return found


# --- octets ------------------------------------------------------------------------------------------------------------


def test_a_whole_body_octet_by_octet() -> None:
    made = pdus(short("Hi €"), 1)
    assert (made.total, [number for number, _ in made.sent]) == (1, [1])
    assert made.sent[0][1].command == Command.DELIVER_SM
    assert made.sent[0][1].body == (
        b"\0"
        b"\x01\x0148600700800\0"
        b"\x01\x0148799448855\0"
        b"\0\0\0\0\0"  # esm_class, protocol_id, priority, and two empty times
        b"\0\0\0\0"  # registered, replace, data_coding, default id
        b"\x05Hi \x1be"
    )


def test_a_data_sm_octet_by_octet() -> None:
    ((_, pdu),) = pdus(short("Hi", "data_sm"), 1).sent
    assert pdu.command == Command.DATA_SM
    assert pdu.body == b"\0\x01\x0148600700800\0\x01\x0148799448855\0\0\0\0\x04\x24\0\x02Hi"


@pytest.mark.parametrize(
    ("shape", "text", "data_coding", "octets"),
    [
        ("auto", "Ala", 0x00, b"Ala"),
        ("auto", "Żal", 0x08, b"\x01\x7b\0a\0l"),
        ("auto", "", 0x00, b""),
        ("gsm7", "@£{€", 0x00, b"\x00\x01\x1b\x28\x1b\x65"),
        ("packed", "hellohello", 0x00, bytes.fromhex("E8329BFD4697D9EC37")),
        ("ascii", "@{", 0x01, b"@{"),
        ("latin1", "é", 0x03, b"\xe9"),
        ("binary", "ł", 0x04, b"\xc5\x82"),
        ("cyrillic", "Я", 0x06, b"\xcf"),
        ("hebrew", "ש", 0x07, b"\xf9"),
        ("ucs2", "👍", 0x08, b"\xd8\x3d\xdc\x4d"),
        ("ucs2", "\ud83d", 0x08, b"\xd8\x3d"),
        ("ucs2-le", "ż", 0x08, b"\x7c\x01"),
        ("gsm7+flash", "a", 0x10, b"a"),
        ("ucs2+flash", "a", 0x18, b"\0a"),
        ("binary+flash", "a", 0x14, b"a"),
    ],
)
def test_alphabets(shape: str, text: str, data_coding: int, octets: bytes) -> None:
    found = one(short(text, shape))
    assert (found.data_coding, found.short_message, found.esm_class, found.tlvs) == (data_coding, octets, 0, {})


@pytest.mark.parametrize(
    ("shape", "header"),
    [
        ("turkish", "06 24 01 01 25 01 01"),
        ("turkish-single", "03 24 01 01"),
        ("spanish", "03 24 01 02"),
        ("portuguese", "06 24 01 03 25 01 03"),
        ("urdu", "06 24 01 0d 25 01 0d"),
        ("gsm7+ports", "06 05 04 0b84 23f0"),
        ("gsm7+udh8", "05 00 03 11 01 01"),
        ("gsm7+udh16", "06 08 04 1011 01 01"),
        ("gsm7+udh8+ports", "0b 05 04 0b84 23f0 00 03 11 01 01"),
        ("turkish+udh16", "0c 24 01 01 08 04 1011 01 01 25 01 01"),
    ],
)
def test_headers(shape: str, header: str) -> None:
    found = one(short("", shape, reference=0x1011))
    assert (found.short_message.hex(), found.esm_class) == (bytes.fromhex(header).hex(), 0x40)


def test_parts_with_an_8_bit_reference() -> None:
    parts = fields(short("a" * 153 + "b" * 153 + "c"), 0x1A2B)
    assert [part.short_message[:6].hex() for part in parts] == ["0500032b0301", "0500032b0302", "0500032b0303"]
    assert [part.short_message[6:] for part in parts] == [b"a" * 153, b"b" * 153, b"c"]


def test_parts_told_by_parameters() -> None:
    parts = fields(short("ż" * 100, "sar"), 0x1A2B)
    assert [part.esm_class for part in parts] == [0, 0]
    assert [[part.tlvs[tag][0].hex() for tag in sorted(part.tlvs)] for part in parts] == [["1a2b", "02", "01"], ["1a2b", "02", "02"]]
    assert [len(part.short_message) for part in parts] == [134, 66]


def test_parts_in_message_payload() -> None:
    parts = fields(short("ż" * 100, "payload-udh16"), 0x1A2B)
    assert [part.short_message for part in parts] == [b"", b""]
    assert [part.tlvs[Tag.MESSAGE_PAYLOAD][0][:7].hex() for part in parts] == ["0608041a2b0201", "0608041a2b0202"]


def test_a_payload_holds_what_no_short_message_does() -> None:
    found = one(short("a" * 3000, "payload"))
    assert (found.short_message, found.tlvs[Tag.MESSAGE_PAYLOAD]) == (b"", [b"a" * 3000])


@pytest.mark.parametrize(
    ("shape", "largest"),
    [
        ("gsm7", 153), ("gsm7+udh16", 152), ("packed", 153), ("ucs2", 134), ("ucs2+udh16", 132), ("latin1", 134), ("turkish", 146),
        ("gsm7+ports", 146), ("gsm7+sar", 153),
    ],
)  # fmt: skip
def test_how_much_a_part_holds(shape: str, largest: int) -> None:
    """Octets of text; of the GSM alphabets septets (3GPP 23.040 9.2.3.24.1)."""
    sent = pdus(short("a" * 1000, shape if "udh" in shape or "sar" in shape else shape + "+udh8"), 1).sent
    reading = Reading("gsm7-packed") if shape == "packed" else Reading()
    found = [deliver.read(pack(pdu.command, 0, 1, pdu.body), reading).segment.octets for _, pdu in sent]
    assert {len(octets) for octets in found[:-1]} == {largest}
    assert len(b"".join(found)) == (2000 if "ucs2" in shape else 1000)


@pytest.mark.parametrize(
    ("text", "total"), [("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("ż" * 70, 1), ("ż" * 71, 2)]
)
def test_a_handset_makes_parts_only_when_it_must(text: str, total: int) -> None:
    assert pdus(short(text), 1).total == total


def test_the_parts_may_be_sized_and_ordered() -> None:
    made = pdus(short("abcdefg", "udh8", part_size=2, order=(4, 1, 1)), 1)
    assert (made.total, [number for number, _ in made.sent]) == (4, [4, 1, 1])
    assert [part.short_message[6:] for part in fields(short("abcdefg", "udh8", part_size=2, order=(4, 1, 1)))] == [b"g", b"ab", b"ab"]


# --- addresses, receipts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "more", "found"),
    [
        ("+48600700800", {}, (1, 1, b"48600700800")),
        ("48600700800", {}, (0, 1, b"48600700800")),
        ("71200", {}, (0, 1, b"71200")),
        ("BANK", {}, (5, 0, b"BANK")),
        ("Żuk", {}, (5, 0, "Żuk".encode())),
        ("600700800", {"ton": 2}, (2, 1, b"600700800")),
        ("600700800", {"ton": 3, "npi": 8}, (3, 8, b"600700800")),
        ("123", {"ton": 4}, (4, 1, b"123")),
        ("123", {"ton": 5}, (5, 0, b"123")),
        ("123", {"ton": 6}, (6, 1, b"123")),
        ("123", {"ton": 7}, (7, 1, b"123")),
        ("+48600700800", {"ton": 0, "npi": 0}, (0, 0, b"48600700800")),
    ],
)
def test_every_type_of_number(sender: str, more: dict[str, Any], found: tuple[int, int, bytes]) -> None:
    fields_ = one(ShortText(sender, "71200", "x", **more))
    assert (fields_.source_ton, fields_.source_npi, fields_.source) == found
    assert (fields_.destination_ton, fields_.destination_npi, fields_.destination) == (0, 1, b"71200")


@pytest.mark.parametrize(
    ("shape", "esm_class", "text", "parameters"),
    [
        ("receipt", 0x04, True, True),
        ("receipt-text", 0x00, True, False),
        ("receipt-tlv", 0x00, False, True),
        ("delivery-ack", 0x08, False, False),
        ("user-ack", 0x10, False, False),
        ("intermediate", 0x20, True, False),
    ],
)
def test_receipts_and_acknowledgements(shape: str, esm_class: int, text: bool, parameters: bool) -> None:
    found = one(short("Kiedy?", shape, reference=0xAB))
    assert found.esm_class == esm_class
    assert found.short_message.startswith(b"id:AB sub:001 dlvrd:001 submit date:1410211115") is text
    assert found.tlvs == ({Tag.RECEIPTED_MESSAGE_ID: [b"AB\0"], Tag.MESSAGE_STATE: [b"\x02"]} if parameters else {})


def test_what_else_may_be_said() -> None:
    found = one(short("x", data_coding=0xF5, service_type="CMT"))
    assert (found.data_coding, found.service_type) == (0xF5, b"CMT")


# --- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (short("ż", "gsm7"), "no character of the GSM 7 bit alphabet: U[+]017C"),
        (short("ł", "latin1"), "latin-1 has no 'ł'"),
        (short("\ud800", "binary"), "utf-8 has no"),
        (short("a" * 255, "single"), "255 octets do not fit in one short_message"),
        (short("ż" * 128, "ucs2+single"), "256 octets do not fit"),
        (short("a" * (153 * 255 + 1)), f"makes 256 parts, over {MOST_PARTS}"),
        (short("a" * 256, "udh8", part_size=1), "makes 256 parts"),
        (short("a" * 400, order=(1, 4)), "names one that is not there: the text makes 3"),
        (short("a", order=(0,)), "names one that is not there: the text makes 1"),
    ],
    ids=["alphabet", "latin1", "surrogate", "octets", "octets of ucs2", "parts", "sized parts", "order", "order from 0"],
)
def test_texts_that_a_shape_cannot_carry(message: ShortText, says: str) -> None:
    with pytest.raises(WireError, match=says):
        pdus(message, 1)


@pytest.mark.parametrize(
    ("words", "shape"),
    [
        ("auto", Shape()),
        ("ucs2+udh16", Shape("ucs2", "udh16")),
        ("udh16+ucs2", Shape("ucs2", "udh16")),
        ("data_sm+receipt", Shape(command="data_sm", role="receipt")),
        ("flash+ports+latin1", Shape("latin1", extras=frozenset({"flash", "ports"}))),
    ],
)
def test_shapes_are_words(words: str, shape: Shape) -> None:
    assert read_shape(words) == shape


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "'' is no word of a shape: use auto, gsm7, packed"),
        ("ucs3", "'ucs3' is no word"),
        ("ucs2+", "'' is no word"),
        ("ucs2+gsm7", "'gsm7' and 'ucs2' exclude each other"),
        ("udh8+sar", "'sar' and 'udh8' exclude each other"),
        ("receipt+user-ack", "exclude each other"),
    ],
)
def test_words_that_make_no_shape(words: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        read_shape(words)


# --- read back ---------------------------------------------------------------------------------------------------------

SPECIAL = {
    "packed": Reading("gsm7-packed"), "packed+udh8": Reading("gsm7-packed"), "ucs2-le": Reading(ucs2_order="little"),
    "receipt-text": Reading(text_receipts=True),
}  # fmt: skip


def read_back(message: ShortText, reading: Reading) -> tuple[str, str]:
    """Text and form of a message whose parts, in whatever order they came, are put together."""
    made = pdus(message, 99)
    parts: list[Segment | None] = [None] * made.total
    for number, pdu in made.sent:
        parts[number - 1] = deliver.read(pack(pdu.command, 0, 1, pdu.body), reading).segment
    decoded = segment.decode(parts, made.total)
    return decoded.text, decoded.form


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.shape} {sample.text[:12]!r}")
def test_every_sample_is_read_back(sample: Sample) -> None:
    reading = SPECIAL[sample.shape] if sample.special else Reading()
    message = short(sample.text, sample.shape, order=sample.order)
    role = read_shape(sample.shape).role
    if role in ("message", "user-ack"):
        text, form = read_back(message, reading)
        assert (text, form) == ((sample.text.encode().hex().upper(), "binary") if sample.shape == "binary" else (sample.text, "text"))
        return
    ((_, pdu),) = pdus(message, 99).sent
    read = deliver.read(pack(pdu.command, 0, 1, pdu.body), reading)
    assert read.receipt is not None
    assert read.receipt.message_id == ("" if role == "delivery-ack" else "63")


def test_the_samples_have_every_shape_and_lose_no_part() -> None:
    words = {word for sample in SAMPLES for word in sample.shape.split("+")}
    assert set(CARRIAGES) - {"single"} <= words
    assert {"data_sm", "receipt", "receipt-tlv", "receipt-text", "delivery-ack", "user-ack", "intermediate", "flash", "ports"} <= words
    for message in every(PHONE, OURS, special=True):
        made = pdus(message, 1)
        assert {number for number, _ in made.sent} == set(range(1, made.total + 1))


def test_what_is_special_is_only_sent_when_asked_for() -> None:
    assert len(every(PHONE, OURS, special=True)) == len(SAMPLES)
    assert not {"packed", "ucs2-le", "receipt-text"} & {message.shape for message in every(PHONE, OURS)}


GSM_TEXT = st.text("@£$¥èéùì Aabc{}[]~|^\\€\nΔΩ", min_size=1, max_size=600)


@given(GSM_TEXT, st.sampled_from(["udh8", "udh16", "sar", "payload", "payload-udh8"]), st.integers(2, 160))
def test_any_text_cut_anywhere_is_read_back(text: str, carriage: str, size: int) -> None:
    size = max(size, -(-2 * len(text) // MOST_PARTS))
    assert read_back(short(text, f"gsm7+{carriage}", part_size=min(size, 140)), Reading()) == (text, "text")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200), st.sampled_from(["udh8", "sar", "payload-udh16"]))
def test_any_unicode_text_is_read_back(text: str, carriage: str) -> None:
    if not text.startswith(("\ufeff", "\ufffe")):  # a byte order mark at the start is no text
        assert read_back(short(text, f"ucs2+{carriage}"), Reading()) == (text, "text")


@pytest.mark.parametrize("language", [name for name, alphabet in ALPHABETS.items() if alphabet.single and alphabet.locking])
def test_every_language_has_its_tables(language: str) -> None:
    assert read_back(short("ABC 123 abc€", f"{language}+single"), Reading())[1] == "text"
