"""The optional parameters of SMPP 3.4 s.3.2.4 and 5.3."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.errors import WireError
from odzew.wire import tlv
from odzew.wire.pdu import MalformedPdu, Status
from odzew.wire.tlv import Tag
from tests.wire.smpp import octets

READABLE: tuple[tuple[str, str, dict[int, list[bytes]]], ...] = (
    ("none", "", {}),
    ("one", "0204 0002 0011", {Tag.USER_MESSAGE_REFERENCE: [b"\0\x11"]}),
    ("in order of arrival", "0427 0001 02  001E 0002 4100", {Tag.MESSAGE_STATE: [b"\2"], Tag.RECEIPTED_MESSAGE_ID: [b"A\0"]}),
    ("one twice", "0381 0001 01  020D 0001 00  0381 0001 02", {Tag.CALLBACK_NUM: [b"\1", b"\2"], Tag.LANGUAGE_INDICATOR: [b"\0"]}),
    ("without a value", "130C 0000", {Tag.ALERT_ON_MESSAGE_DELIVERY: [b""]}),
    ("without a value before another", "130C 0000  0204 0001 05", {0x130C: [b""], 0x0204: [b"\5"]}),
    ("a vendor's own", "1454 0004 00000001  060D 0003 323630", {0x1454: [b"\0\0\0\1"], 0x060D: [b"260"]}),
    ("tag FFFF", "FFFF 0001 00", {0xFFFF: [b"\0"]}),
    ("tag 0 with a value", "0000 0001 41", {0: [b"A"]}),
    ("NULs alone", "00", {}),
    ("more NULs", "00000000000000", {}),
    ("NULs at the end", "0204 0001 05 0000000000", {0x0204: [b"\5"]}),
    ("NULs between", "0204 0001 05 00000000 0205 0001 06", {0x0204: [b"\5"], 0x0205: [b"\6"]}),
)


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in READABLE], ids=[row[0] for row in READABLE])
def test_parameters_are_read(text: str, expected: dict[int, list[bytes]]) -> None:
    assert tlv.parse(octets(text)) == expected
    assert list(tlv.parse(octets(text))) == list(expected)
    assert tlv.parse(b"\xff\xff\xff" + octets(text), 3) == expected


CUT_SHORT = (
    ("a tag alone", "0204", Status.RINVOPTPARSTREAM),
    ("half a tag", "02", Status.RINVOPTPARSTREAM),
    ("half a length", "0204 00", Status.RINVOPTPARSTREAM),
    ("no value", "0204 0002", Status.RINVPARLEN),
    ("half a value", "0204 0002 00", Status.RINVPARLEN),
    ("a length of 65,535", "0424 FFFF 4142", Status.RINVPARLEN),
    ("after a whole one", "0204 0001 05  0424 0010 4142", Status.RINVPARLEN),
    ("something after NULs", "0000 0000 01", Status.RINVOPTPARSTREAM),
)


@pytest.mark.parametrize(("text", "status"), [row[1:] for row in CUT_SHORT], ids=[row[0] for row in CUT_SHORT])
def test_a_parameter_cut_short_is_malformed(text: str, status: Status) -> None:
    with pytest.raises(MalformedPdu) as caught:
        tlv.parse(octets(text))
    assert caught.value.status == status


parameters = st.dictionaries(st.integers(1, 0xFFFF), st.lists(st.binary(max_size=20), min_size=1, max_size=3), max_size=8)


@given(parameters)
def test_what_is_encoded_is_read_back(tlvs: dict[int, list[bytes]]) -> None:
    assert tlv.parse(tlv.encode(tlvs)) == tlvs


@given(st.binary(max_size=100))
def test_any_octets_are_parameters_or_malformed(some: bytes) -> None:
    try:
        found = tlv.parse(some)
    except MalformedPdu as fault:
        found, status = {}, fault.status
    else:
        status = Status.ROK
    assert status in (Status.ROK, Status.RINVOPTPARSTREAM, Status.RINVPARLEN)
    assert tlv.parse(tlv.encode(found)) == found


@pytest.mark.parametrize("tlvs", [{0x10000: [b""]}, {-1: [b""]}, {0x0424: [bytes(65_536)]}], ids=["tag", "negative tag", "value"])
def test_what_no_parameter_can_be_is_refused(tlvs: dict[int, list[bytes]]) -> None:
    with pytest.raises(WireError):
        tlv.encode(tlvs)


NAMES = ((0x0424, "message_payload"), (0x001E, "receipted_message_id"), (0x0210, "sc_interface_version"), (0x060D, "0x060D"), (0, "0x0000"))


@pytest.mark.parametrize(("tag", "expected"), NAMES)
def test_tags_have_names(tag: int, expected: str) -> None:
    assert tlv.name(tag) == expected


NUMBERS: tuple[tuple[dict[int, list[bytes]], int | None], ...] = (
    ({}, None),
    ({0x0204: [b""]}, None),
    ({0x0204: [b"\7"]}, 7),
    ({0x0204: [b"\1\0"]}, 256),
    ({0x0204: [b"\0\0\1\0"]}, 256),
    ({0x0204: [b"\0\0\0\0\1"]}, None),
    ({0x0204: [b"\7", b"\x08"]}, 7),
)


@pytest.mark.parametrize(("tlvs", "expected"), NUMBERS)
def test_a_number_of_any_size(tlvs: dict[int, list[bytes]], expected: int | None) -> None:
    assert tlv.number(tlvs, Tag.USER_MESSAGE_REFERENCE) == expected


WORDS: tuple[tuple[dict[int, list[bytes]], str], ...] = (
    ({}, ""),
    ({0x001E: [b""]}, ""),
    ({0x001E: [b"ab12\0"]}, "ab12"),
    ({0x001E: [b"ab12"]}, "ab12"),
    ({0x001E: [b"ab\0cd"]}, "ab"),
    ({0x001E: [b"\xff"]}, "ÿ"),
)


@pytest.mark.parametrize(("tlvs", "expected"), WORDS)
def test_a_string_with_its_nul_or_without(tlvs: dict[int, list[bytes]], expected: str) -> None:
    assert tlv.words(tlvs, Tag.RECEIPTED_MESSAGE_ID) == expected
