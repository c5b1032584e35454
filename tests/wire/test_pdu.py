"""SMPP 3.4: cutting a stream into PDUs, the header, the binds and the answers."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.errors import WireError
from odzew.wire import pdu
from odzew.wire.pdu import BindRequest, Command, Framer, FramingLost, MalformedPdu, Status
from tests.wire.smpp import octets, recreated

LINK = octets("00000010 00000015 00000000 00000001")
LINK_2 = octets("00000010 00000015 00000000 00000002")
DELIVER = pdu.pack(Command.DELIVER_SM, 0, 3, bytes(40))

# --- the header -------------------------------------------------------------------------------------------------------

HEADERS = (
    ("00000010 00000015 00000000 00000001", (16, Command.ENQUIRE_LINK, Status.ROK, 1)),
    ("00000010 80000015 00000000 00000001", (16, Command.ENQUIRE_LINK_RESP, Status.ROK, 1)),
    ("00000010 80000000 00000003 00000000", (16, Command.GENERIC_NACK, Status.RINVCMDID, 0)),
    ("00000011 80000005 00000014 7FFFFFFF 00", (17, Command.DELIVER_SM_RESP, Status.RMSGQFUL, 0x7FFF_FFFF)),
    ("00000010 DEADBEEF 00000401 FFFFFFFF", (16, 0xDEAD_BEEF, 0x401, 0xFFFF_FFFF)),
)


@pytest.mark.parametrize(("text", "expected"), HEADERS)
def test_the_header_is_four_numbers(text: str, expected: tuple[int, int, int, int]) -> None:
    assert pdu.header(octets(text)) == expected


@given(st.binary(max_size=15))
def test_less_than_a_header_is_malformed(short: bytes) -> None:
    with pytest.raises(MalformedPdu) as caught:
        pdu.header(short)
    assert caught.value.status == Status.RINVCMDLEN


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.binary(max_size=50))
def test_what_is_packed_is_read_back(command: int, status: int, sequence: int, body: bytes) -> None:
    packed = pdu.pack(command, status, sequence, body)
    assert pdu.header(packed) == (16 + len(body), command, status, sequence)
    assert packed[16:] == body
    assert Framer().feed(packed) == [packed]


# --- the stream -------------------------------------------------------------------------------------------------------

STREAMS: tuple[tuple[str, list[bytes], list[bytes], int], ...] = (
    ("nothing", [b""], [], 0),
    ("one", [LINK], [LINK], 0),
    ("several in one segment", [LINK + DELIVER + LINK_2], [LINK, DELIVER, LINK_2], 0),
    ("half a length", [LINK[:2]], [], 2),
    ("half a header", [LINK[:9]], [], 9),
    ("all but the last octet", [DELIVER[:-1]], [], 55),
    ("the last octet alone", [DELIVER[:-1], DELIVER[-1:]], [DELIVER], 0),
    ("a half, then its end with another half", [DELIVER[:20], DELIVER[20:] + LINK[:5], LINK[5:]], [DELIVER, LINK], 0),
    ("empty segments between", [DELIVER[:20], b"", DELIVER[20:], b""], [DELIVER], 0),
    ("octet by octet", [(LINK + DELIVER)[at : at + 1] for at in range(72)], [LINK, DELIVER], 0),
)


@pytest.mark.parametrize(("segments", "expected", "waiting"), [row[1:] for row in STREAMS], ids=[row[0] for row in STREAMS])
def test_a_stream_is_cut_into_pdus(segments: list[bytes], expected: list[bytes], waiting: int) -> None:
    framer = Framer()
    assert [found for segment in segments for found in framer.feed(segment)] == expected
    assert framer.waiting == waiting
    assert framer.lost is None


@given(st.lists(st.binary(max_size=60), max_size=12), st.data())
def test_where_a_stream_is_cut_makes_no_difference(bodies: list[bytes], data: st.DataObject) -> None:
    pdus = [pdu.pack(Command.DATA_SM, 0, number, body) for number, body in enumerate(bodies)]
    stream = b"".join(pdus)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    framer = Framer()
    found = [one for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True) for one in framer.feed(stream[start:end])]
    assert found == pdus
    assert framer.waiting == 0


LENGTHS_THAT_NO_PDU_HAS = ("00000000", "00000001", "0000000F", "00100001", "7FFFFFFF", "80000000", "FFFFFFFF", "48545450")


@pytest.mark.parametrize("length", LENGTHS_THAT_NO_PDU_HAS)
def test_a_length_that_no_pdu_has_loses_the_framing_at_once(length: str) -> None:
    framer = Framer()
    assert framer.feed(octets(length)[:3]) == []
    with pytest.raises(FramingLost, match=str(int(length, 16))):
        framer.feed(octets(length)[3:])
    assert framer.lost is not None


@pytest.mark.parametrize("length", LENGTHS_THAT_NO_PDU_HAS)
def test_pdus_before_a_lost_framing_are_not_lost(length: str) -> None:
    framer = Framer()
    assert framer.feed(LINK + DELIVER + octets(length) + LINK_2) == [LINK, DELIVER]
    assert isinstance(framer.lost, FramingLost)
    for later in (b"", LINK, octets(length)):
        with pytest.raises(FramingLost):
            framer.feed(later)
    assert framer.waiting == 0


def test_the_largest_pdu_is_whole_and_one_octet_more_is_lost() -> None:
    largest = pdu.pack(Command.DATA_SM, 0, 1, bytes(pdu.LARGEST - 16))
    assert Framer().feed(largest) == [largest]
    with pytest.raises(FramingLost):
        Framer().feed(pdu.pack(Command.DATA_SM, 0, 1, bytes(pdu.LARGEST - 15)))
    assert Framer(limit=56).feed(DELIVER) == [DELIVER]
    with pytest.raises(FramingLost):
        Framer(limit=55).feed(DELIVER)


def test_a_large_pdu_may_come_octet_by_octet() -> None:
    # Were the octets that wait copied for each one that comes, this would copy 500 GB.
    largest = pdu.pack(Command.DATA_SM, 0, 1, bytes(pdu.LARGEST - 16))
    framer = Framer()
    for at in range(len(largest) - 1):
        assert not framer.feed(largest[at : at + 1])
    assert framer.waiting == pdu.LARGEST - 1
    assert framer.feed(largest[-1:]) == [largest]
    assert framer.waiting == 0


def test_what_a_stream_holds_is_bounded_by_the_largest_pdu() -> None:
    segment = pdu.pack(Command.DATA_SM, 0, 1, bytes(pdu.LARGEST - 16))[:-1]
    framer = Framer()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(8):  # each time a largest PDU that ends with the first octet of the next segment
            for at in range(0, len(segment), 65_536):
                framer.feed(segment[at : at + 65_536])
            assert len(framer.feed(b"\0")) == 1
        framer.feed(segment)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held - before < 1.5 * pdu.LARGEST
    assert peak - before < 5 * pdu.LARGEST


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_any_octets_give_pdus_or_lose_the_framing(segments: list[bytes]) -> None:
    framer = Framer(limit=1000)
    for segment in segments:
        try:
            found = framer.feed(segment)
        except FramingLost:
            assert framer.lost is not None
        else:
            assert all(pdu.header(one).length == len(one) <= 1000 for one in found)
        assert framer.waiting < 1000


# --- answers ----------------------------------------------------------------------------------------------------------

ANSWERS = (
    (Command.DELIVER_SM, Status.ROK, "00000011 80000005 00000000 00000007 00"),
    (Command.DELIVER_SM, Status.RMSGQFUL, "00000011 80000005 00000014 00000007 00"),
    (Command.DELIVER_SM_RESP, Status.ROK, "00000011 80000005 00000000 00000007 00"),
    (Command.DATA_SM, Status.RX_T_APPN, "00000011 80000103 00000064 00000007 00"),
    (Command.ENQUIRE_LINK, Status.ROK, "00000010 80000015 00000000 00000007"),
    (Command.UNBIND, Status.ROK, "00000010 80000006 00000000 00000007"),
    (Command.SUBMIT_SM, Status.ROK, "00000011 80000004 00000000 00000007 00"),
    (Command.SUBMIT_SM, Status.RINVBNDSTS, "00000010 80000004 00000004 00000007"),
    (Command.BIND_RECEIVER, Status.RBINDFAIL, "00000010 80000001 0000000D 00000007"),
    (Command.GENERIC_NACK, Status.RINVCMDID, "00000010 80000000 00000003 00000007"),
    (0, Status.RINVCMDID, "00000010 80000000 00000003 00000007"),
)


@pytest.mark.parametrize(("command", "status", "expected"), ANSWERS)
def test_each_command_has_the_answer_of_its_kind(command: int, status: int, expected: str) -> None:
    assert pdu.response(command, status, 7) == octets(expected)


# --- binds ------------------------------------------------------------------------------------------------------------

BIND = "00000028 00000009 00000000 00000001 6F647A657700 73656372657400 534D5300 34 01 02 5E343800"
BIND_READ = BindRequest(Command.BIND_TRANSCEIVER, 1, "odzew", "secret", "SMS", 0x34, 1, 2, "^48")


def test_a_bind_is_written_as_the_specification_shows_it() -> None:
    assert pdu.bind(BIND_READ) == octets(BIND)
    assert pdu.read_bind(octets(BIND)) == BIND_READ


SHORT_BINDS = (
    ("without address_range", "00000018 00000001 00000000 00000005 610062000034 0000", ("a", "b", "", 0x34, "")),
    ("without numbers of addresses", "00000016 00000001 00000000 00000005 610062000034", ("a", "b", "", 0x34, "")),
    ("address_range without its NUL", "0000001A 00000001 00000000 00000005 610062000033 0000 3438", ("a", "b", "", 0x33, "48")),
    ("a name in Latin-1", "00000017 00000001 00000000 00000005 B3 00 6200 00 34 0000 00", ("³", "b", "", 0x34, "")),
    ("a name in UTF-8", "00000018 00000001 00000000 00000005 C582 00 6200 00 34 0000 00", ("ł", "b", "", 0x34, "")),
)


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in SHORT_BINDS], ids=[row[0] for row in SHORT_BINDS])
def test_a_bind_is_read_as_far_as_it_goes(text: str, expected: tuple[str, str, str, int, str]) -> None:
    found = pdu.read_bind(octets(text))
    assert (found.system_id, found.password, found.system_type, found.interface_version, found.address_range) == expected
    assert (found.command, found.sequence) == (Command.BIND_RECEIVER, 5)


@pytest.mark.parametrize("body", ["", "61", "6100", "610062", "61006200", "6100620063", "610062006300"])
def test_a_bind_without_a_version_is_malformed(body: str) -> None:
    with pytest.raises(MalformedPdu) as caught:
        pdu.read_bind(pdu.pack(Command.BIND_RECEIVER, 0, 1, octets(body)))
    assert caught.value.status in (Status.RINVMSGLEN, Status.RINVCMDLEN)


@pytest.mark.parametrize("word", ["a\0b", "\0", "\ud800"])
def test_a_word_that_a_bind_cannot_carry_is_refused(word: str) -> None:
    with pytest.raises(WireError):
        pdu.bind(BindRequest(Command.BIND_RECEIVER, 1, word, ""))
    with pytest.raises(WireError):
        pdu.bind(BindRequest(Command.BIND_RECEIVER, 1, "", word))
    with pytest.raises(WireError):
        pdu.bind_response(Command.BIND_RECEIVER, 0, 1, word)


words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(words, words, words, st.integers(0, 255), words)
def test_binds_are_read_back(system_id: str, password: str, system_type: str, number: int, address_range: str) -> None:
    request = BindRequest(Command.BIND_RECEIVER, 9, system_id, password, system_type, number, number, number, address_range)
    assert pdu.read_bind(pdu.bind(request)) == request


BIND_ANSWERS: tuple[tuple[str, str, tuple[str, dict[int, list[bytes]]]], ...] = (
    ("with its version", "0000001A 80000001 00000000 00000001 736D736300 0210 0001 34", ("smsc", {0x0210: [b"4"]})),
    ("a name alone", "00000015 80000001 00000000 00000001 736D736300", ("smsc", {})),
    ("a name without its NUL", "00000014 80000001 00000000 00000001 736D7363", ("smsc", {})),
    ("no body", "00000010 80000001 0000000D 00000001", ("", {})),
    ("a parameter cut short", "00000019 80000001 00000000 00000001 736D736300 0210 0001", ("smsc", {})),
)


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in BIND_ANSWERS], ids=[row[0] for row in BIND_ANSWERS])
def test_an_answer_to_a_bind_is_read_as_far_as_it_goes(text: str, expected: tuple[str, dict[int, list[bytes]]]) -> None:
    assert pdu.read_bind_response(octets(text)) == expected


def test_answers_to_binds_that_were_met() -> None:
    assert pdu.read_bind_response(recreated("bind-answer-with-vendor-tag")) == ("Centre1", {0x1002: [b"4"]})
    refused = recreated("bind-refused-with-a-nul")
    assert pdu.header(refused).status == Status.RINVSYSTYP
    assert pdu.read_bind_response(refused) == ("", {})


def test_an_answer_to_a_bind_is_written() -> None:
    accepted = pdu.bind_response(Command.BIND_TRANSCEIVER, Status.ROK, 4, "centre", {0x0210: [b"4"]})
    assert pdu.header(accepted) == (28, Command.BIND_TRANSCEIVER_RESP, Status.ROK, 4)
    assert pdu.read_bind_response(accepted) == ("centre", {0x0210: [b"4"]})
    assert pdu.bind_response(Command.BIND_TRANSCEIVER, Status.RINVPASWD, 4, "centre") == octets("00000010 80000009 0000000E 00000004")


@given(st.binary(max_size=60))
def test_any_body_of_a_bind_or_its_answer_is_read_or_malformed(body: bytes) -> None:
    system_id, _ = pdu.read_bind_response(pdu.pack(Command.BIND_RECEIVER_RESP, 0, 1, body))
    assert "\0" not in system_id
    try:
        status = pdu.read_bind(pdu.pack(Command.BIND_RECEIVER, 0, 1, body)).command - Command.BIND_RECEIVER
    except MalformedPdu as fault:
        status = fault.status
    assert status in (Status.ROK, Status.RINVMSGLEN, Status.RINVCMDLEN)


# --- words for people -------------------------------------------------------------------------------------------------

STATUS_WORDS = (
    (0x00, "ESME_ROK (0x00000000): accepted"),
    (0x0D, "ESME_RBINDFAIL (0x0000000D): bind failed"),
    (0x0E, "ESME_RINVPASWD (0x0000000E): password is wrong"),
    (0x58, "ESME_RTHROTTLED (0x00000058): too many messages a second"),
    (0x22, "0x00000022: not in SMPP 3.4"),
    (0x0400, "0x00000400: an error of the vendor's own"),
    (0x04FF, "0x000004FF: an error of the vendor's own"),
    (0x0500, "0x00000500: not in SMPP 3.4"),
    (0xFFFF_FFFF, "0xFFFFFFFF: not in SMPP 3.4"),
)


@pytest.mark.parametrize(("code", "expected"), STATUS_WORDS)
def test_a_status_in_words(code: int, expected: str) -> None:
    assert pdu.status_words(code) == expected


@pytest.mark.parametrize("status", Status)
def test_every_status_has_words(status: Status) -> None:
    assert pdu.status_words(status).startswith(f"ESME_{status.name} (0x{status:08X}): ")


def test_every_answer_is_its_request_with_the_top_bit() -> None:
    pairs = [(command, Command[f"{command.name}_RESP"]) for command in Command if f"{command.name}_RESP" in Command.__members__]
    assert len(pairs) == 12
    assert all(answer == request | 0x8000_0000 for request, answer in pairs)
