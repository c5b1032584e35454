"""The octets of deliver_sm and data_sm (SMPP 3.4 s.4.6, 4.7)."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from odzew.errors import WireError
from odzew.wire import deliver
from odzew.wire.deliver import DeliverSm
from odzew.wire.pdu import Command, MalformedPdu, Status, header, pack
from odzew.wire.tlv import Tag
from tests.wire.smpp import octets

HEAD = "00000000 00000005 00000000 00000001"
DATA_HEAD = "00000000 00000103 00000000 00000001"

PARSED = (
    ("nothing but NULs", HEAD + "00 000000 000000 000000 00 00 0000000000", DeliverSm()),
    (
        "every field",
        HEAD + "434D5400 01023100 05063200 440102 3300 3400 0506070803 414243 0204 0001 09",
        DeliverSm(b"CMT", 1, 2, b"1", 5, 6, b"2", 0x44, 1, 2, b"3", b"4", 5, 6, 7, 8, b"ABC", {0x0204: [b"\x09"]}),
    ),
    ("a text with NULs", HEAD + "00 000000 000000 000000 00 00 0000000003 000000", DeliverSm(short_message=b"\0\0\0")),
    ("NULs after the text", HEAD + "00 000000 000000 000000 00 00 0000000001 41 000000", DeliverSm(short_message=b"A")),
    (
        "types of number that look like ends",
        HEAD + "00 000031323300 000034353600 000000 00 00 0000000000",
        DeliverSm(source=b"123", destination=b"456"),
    ),
    ("255 octets of text", HEAD + "00 000000 000000 000000 00 00 00000000FF" + "41" * 255, DeliverSm(short_message=b"A" * 255)),
    (
        "a service_type and an address that are too long",
        HEAD + "41" * 40 + "00 0101" + "34" * 70 + "00 000000 000000 00 00 0000000000",
        DeliverSm(service_type=b"A" * 40, source_ton=1, source_npi=1, source=b"4" * 70),
    ),
    (
        "a data_sm",
        DATA_HEAD + "434D5400 01013100 02023200 400508 0424 0002 4142",
        DeliverSm(b"CMT", 1, 1, b"1", 2, 2, b"2", esm_class=0x40, registered=5, data_coding=8, tlvs={Tag.MESSAGE_PAYLOAD: [b"AB"]}),
    ),
    ("a data_sm of nothing", DATA_HEAD + "00 000000 000000 000000", DeliverSm()),
)


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in PARSED], ids=[row[0] for row in PARSED])
def test_fields_are_read(text: str, expected: DeliverSm) -> None:
    assert deliver.parse(octets(text)) == expected


MALFORMED = (
    ("no body", HEAD, Status.RINVCMDLEN),
    ("no header", "00000000 00000005", Status.RINVCMDLEN),
    ("service_type has no end", HEAD + "434D54", Status.RINVCMDLEN),
    ("it ends after service_type", HEAD + "434D5400", Status.RINVCMDLEN),
    ("it ends within the source", HEAD + "00 0101 343835", Status.RINVCMDLEN),
    ("it ends after the addresses", HEAD + "00 010100 010100", Status.RINVCMDLEN),
    ("it ends within esm_class to priority", HEAD + "00 010100 010100 0000", Status.RINVCMDLEN),
    ("schedule has no end", HEAD + "00 010100 010100 000000 3233", Status.RINVCMDLEN),
    ("it ends after validity", HEAD + "00 010100 010100 000000 0000", Status.RINVCMDLEN),
    ("it ends before sm_length", HEAD + "00 010100 010100 000000 0000 00000000", Status.RINVCMDLEN),
    ("sm_length of one without a text", HEAD + "00 010100 010100 000000 0000 0000000001", Status.RINVMSGLEN),
    ("sm_length of one too many", HEAD + "00 010100 010100 000000 0000 0000000003 4142", Status.RINVMSGLEN),
    ("sm_length 255", HEAD + "00 010100 010100 000000 0000 00000000FF 4142", Status.RINVMSGLEN),
    ("a parameter without its value", HEAD + "00 010100 010100 000000 0000 0000000000 0424 0002 41", Status.RINVPARLEN),
    ("octets that are no parameter", HEAD + "00 010100 010100 000000 0000 0000000000 414243", Status.RINVOPTPARSTREAM),
    ("a data_sm that ends early", DATA_HEAD + "00 010100 010100 0000", Status.RINVCMDLEN),
    ("a data_sm without a source", DATA_HEAD + "00 01", Status.RINVCMDLEN),
    ("a submit_sm", "00000000 00000004 00000000 00000001 00 010100 010100 000000 0000 0000000000", Status.RINVCMDID),
)


@pytest.mark.parametrize(("text", "status"), [row[1:] for row in MALFORMED], ids=[row[0] for row in MALFORMED])
def test_what_cannot_be_followed_is_malformed(text: str, status: Status) -> None:
    with pytest.raises(MalformedPdu) as caught:
        deliver.parse(octets(text))
    assert caught.value.status == status
    assert str(caught.value)


def test_a_pdu_cut_anywhere_in_its_mandatory_fields_is_malformed() -> None:
    whole = octets(PARSED[1][1])
    for end in range(len(whole) - 5):
        with pytest.raises(MalformedPdu):
            deliver.parse(whole[:end])


# --- and back ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "message"), [row[1:] for row in PARSED if "NULs after" not in row[0]])
def test_fields_are_written(text: str, message: DeliverSm) -> None:
    expected = octets(text)
    command = header(expected).command
    written = deliver.encode(message, command, 1)
    assert written == len(written).to_bytes(4, "big") + expected[4:]
    assert header(written) == (len(expected), command, Status.ROK, 1)


def test_the_text_of_a_data_sm_goes_into_its_payload() -> None:
    long = bytes(range(256)) * 4
    found = deliver.parse(deliver.encode(DeliverSm(short_message=long), Command.DATA_SM, 9))
    assert found == DeliverSm(tlvs={Tag.MESSAGE_PAYLOAD: [long]})


REFUSED = (
    ("a source with a NUL", DeliverSm(source=b"4\0")),
    ("a service_type with a NUL", DeliverSm(service_type=b"\0")),
    ("a schedule with a NUL", DeliverSm(schedule=b"1\0")),
    ("256 octets of text", DeliverSm(short_message=bytes(256))),
    ("an esm_class over its octet", DeliverSm(esm_class=256)),
    ("a negative data_coding", DeliverSm(data_coding=-1)),
    ("a type of number over its octet", DeliverSm(source_ton=1000)),
    ("a parameter that is too long", DeliverSm(tlvs={0x0424: [bytes(65_536)]})),
)


@pytest.mark.parametrize("message", [row[1] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_no_pdu_can_carry_is_refused(message: DeliverSm) -> None:
    with pytest.raises(WireError):
        deliver.encode(message)


octet = st.integers(0, 255)
string = st.binary(max_size=30).map(lambda some: some.replace(b"\0", b"."))
parameters = st.dictionaries(st.integers(1, 0xFFFF), st.lists(st.binary(max_size=12), min_size=1, max_size=2), max_size=4)
messages = st.builds(
    DeliverSm, string, octet, octet, string, octet, octet, string, octet, octet, octet, string, string, octet, octet, octet, octet,
    st.binary(max_size=255), parameters,
)  # fmt: skip
data_messages = st.builds(
    DeliverSm, string, octet, octet, string, octet, octet, string, octet, registered=octet, data_coding=octet, tlvs=parameters
)


@given(messages, st.integers(0, 2**32 - 1))
def test_a_deliver_sm_is_read_back(message: DeliverSm, sequence: int) -> None:
    written = deliver.encode(message, Command.DELIVER_SM, sequence)
    assert deliver.parse(written) == message
    assert header(written) == (len(written), Command.DELIVER_SM, 0, sequence)


@given(data_messages)
def test_a_data_sm_is_read_back(message: DeliverSm) -> None:
    assert deliver.parse(deliver.encode(message, Command.DATA_SM)) == message


@given(st.sampled_from([Command.DELIVER_SM, Command.DATA_SM]), st.binary(max_size=120))
@example(Command.DELIVER_SM, b"")
def test_any_body_is_fields_or_malformed(command: Command, body: bytes) -> None:
    try:
        found = deliver.parse(pack(command, 0, 1, body))
    except MalformedPdu:
        found = DeliverSm()
    assert deliver.parse(deliver.encode(found, command)) == found


@given(st.binary(max_size=60))
def test_any_octets_are_fields_or_malformed(some: bytes) -> None:
    try:
        found = deliver.parse(some)
    except MalformedPdu:
        found = DeliverSm()
    assert len(found.short_message) <= len(some)
