"""A session that takes messages: bind, deliver_sm and data_sm in every cut, and the answer only after the commit."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from odzew.ingest.smpp.session import SessionEnded
from odzew.model import Part
from odzew.wire.pdu import HEADER, Command, Status, header, pack, read_bind
from odzew.wire.tlv import Tag
from tests.ingest.smpp.peer import deliver, receipt, turn, turns, until
from tests.ingest.smpp.rig import Rig

OK = int(Status.ROK)


async def test_the_bind_says_who_we_are(rig: Rig) -> None:
    session, talk = await rig.bound(system_type="VMA", interface_version=0x33, addr_ton=1, addr_npi=2, address_range="^48")
    assert session.state == "bound"
    bind = read_bind(talk.heard[0])
    assert (bind.command, bind.system_id, bind.password) == (Command.BIND_TRANSCEIVER, "odzew", "secret")
    assert (bind.system_type, bind.interface_version, bind.addr_ton, bind.addr_npi, bind.address_range) == ("VMA", 0x33, 1, 2, "^48")


async def test_a_receiver(rig: Rig) -> None:
    _, talk = await rig.bound(bind="receiver")
    assert header(talk.heard[0]).command == Command.BIND_RECEIVER


@pytest.mark.parametrize("command", [Command.DELIVER_SM, Command.DATA_SM])
async def test_a_message_and_its_answer(rig: Rig, command: int) -> None:
    _, talk = await rig.bound(trust_time=True)
    pdu = deliver(b"hello", 0x7FFF_FFFF, command)
    talk.say(pdu)
    await until(lambda: talk.answers(command) == {0x7FFF_FFFF: OK})
    (arrival,) = rig.shelf.arrivals
    assert (arrival.source_id, arrival.sender, arrival.recipient, arrival.text) == (7, "+48500600700", "+48799448855", "hello")
    assert (arrival.role, arrival.form, arrival.part, arrival.fault, arrival.trust_time) == ("message", "text", None, None, True)
    assert (arrival.raw, arrival.session_id) == (pdu, 5)
    assert arrival.digest == hashlib.sha256(pdu[HEADER:]).digest()
    assert talk.heard[-1][HEADER:] == b"\0"  # an empty message_id, SMPP 3.4 s.4.6.2


@pytest.mark.parametrize("command", [Command.DELIVER_SM, Command.DATA_SM])
async def test_a_receipt_is_set_aside(rig: Rig, command: int) -> None:
    session, talk = await rig.bound()
    talk.say(receipt(9, command))
    await until(lambda: talk.answers(command) == {9: OK})
    assert [arrival.role for arrival in rig.shelf.arrivals] == ["receipt"]
    assert (session.progress().messages, session.progress().receipts) == (0, 1)


async def test_a_part_names_its_place(rig: Rig) -> None:
    _, talk = await rig.bound()
    talk.say(deliver(b"\x05\x00\x03\x11\x02\x01half", 1, esm_class=0x40))
    talk.say(deliver(b"half", 2, tlvs={Tag.SAR_MSG_REF_NUM: [b"\0\x15"], Tag.SAR_TOTAL_SEGMENTS: [b"\2"], Tag.SAR_SEGMENT_SEQNUM: [b"\2"]}))
    await until(lambda: talk.answers() == {1: OK, 2: OK})
    assert [arrival.part for arrival in rig.shelf.arrivals] == [Part("u8:17", 2, 1), Part("sar:21", 2, 2)]
    assert {arrival.role for arrival in rig.shelf.arrivals} == {"message"}


# --- when it is answered -----------------------------------------------------------------------------------------------


async def test_nothing_is_answered_before_it_is_stored(rig: Rig) -> None:
    rig.shelf.patient = True
    _, talk = await rig.bound()
    talk.say(deliver(sequence=1), deliver(sequence=2))
    await until(lambda: len(rig.shelf.waiting) == 1)
    await turns()
    assert talk.answers() == {}
    rig.shelf.release()
    await until(lambda: talk.answers() == {1: OK, 2: OK})


async def test_one_call_and_one_write_for_all_of_one_read(rig: Rig) -> None:
    _, talk = await rig.bound()
    talk.say(*(deliver(b"%d" % n, n) for n in range(1, 101)))
    await until(lambda: len(talk.answers()) == 100)
    assert [len(call) for call in rig.shelf.calls] == [100]
    assert [arrival.text for arrival in rig.shelf.arrivals] == [str(n) for n in range(1, 101)]


async def test_answers_out_of_step_with_the_order_of_arrival(rig: Rig) -> None:
    rig.shelf.patient = True
    _, talk = await rig.bound()
    for n in (1, 2):
        talk.say(deliver(sequence=n))
        await rig.waits(n)
    rig.shelf.waiting.reverse()
    rig.shelf.release(1)
    await talk.answered(2)
    assert talk.answers() == {2: OK}
    rig.shelf.release()
    await talk.answered(1)
    assert talk.answers() == {2: OK, 1: OK}


async def test_what_the_session_counts(rig: Rig) -> None:
    session, talk = await rig.bound()
    talk.say(deliver(sequence=1), receipt(2), deliver(sequence=3))
    await until(lambda: len(talk.answers()) == 3)
    rig.clock.advance(5)
    progress = session.progress()
    assert (progress.messages, progress.receipts, progress.refused, progress.malformed) == (2, 1, 0, 0)
    assert progress.last_message_at == rig.clock.now() - 5_000_000
    assert (progress.settled, progress.last_link_at, progress.fault) == (3, None, "")


# --- how it is cut -----------------------------------------------------------------------------------------------------


async def in_pieces(rig: Rig, stream: bytes, size: int) -> list[str]:
    """What is stored of a stream that comes in pieces of `size` octets, each in a read of its own."""
    _, talk = await rig.bound()
    for start in range(0, len(stream), size):
        talk.say(stream[start : start + size])
        await turns(6)
    await until(lambda: len(talk.answers()) == 3)
    return [arrival.text for arrival in rig.shelf.arrivals]


@pytest.mark.parametrize("size", [1, 3, 15, 16, 17, 61])
async def test_half_pdus(rig: Rig, size: int) -> None:
    stream = deliver(b"one", 1) + deliver(b"two", 2) + deliver(b"three", 3)
    assert await in_pieces(rig, stream, size) == ["one", "two", "three"]


async def test_a_pdu_longer_than_one_read(rig: Rig) -> None:
    _, talk = await rig.bound()
    text = b"x" * 60_000
    talk.say(*(deliver(b"", n, tlvs={Tag.MESSAGE_PAYLOAD: [text]}) for n in range(1, 9)))
    await until(lambda: len(talk.answers()) == 8)
    assert {arrival.text for arrival in rig.shelf.arrivals} == {text.decode()}


# --- being bound -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.RINVPASWD, Status.RINVSYSID, Status.RALYBND, Status.RBINDFAIL, 0x0401])
async def test_a_refused_bind_says_why(rig: Rig, status: int) -> None:
    rig.smsc.bind_statuses = [status]
    with pytest.raises(SessionEnded, match=f"the bind was refused: .*0x{status:08X}"):
        await rig.connect()
    await until(lambda: rig.smsc.talk.gone)


async def test_a_bind_that_is_nacked(rig: Rig) -> None:
    rig.smsc.answers_binds = False
    rig.smsc.before_bind = []
    connecting = asyncio.ensure_future(rig.connect())
    await until(lambda: bool(rig.smsc.talks and rig.smsc.talk.heard))
    rig.smsc.talk.say(pack(Command.GENERIC_NACK, Status.RINVCMDID, 1))
    with pytest.raises(SessionEnded, match="ESME_RINVCMDID"):
        await connecting


async def test_a_bind_that_is_not_answered(rig: Rig) -> None:
    rig.smsc.answers_binds = False
    connecting = asyncio.ensure_future(rig.connect(bind_seconds=4))
    await until(lambda: bool(rig.smsc.talks and rig.smsc.talk.heard))
    rig.clock.advance(4)
    with pytest.raises(SessionEnded, match="not answered within 4 s"):
        await connecting
    await until(lambda: rig.smsc.talk.gone)


async def test_a_network_that_hangs_up_at_the_bind(rig: Rig) -> None:
    rig.smsc.answers_binds = False
    connecting = asyncio.ensure_future(rig.connect())
    await until(lambda: bool(rig.smsc.talks and rig.smsc.talk.heard))
    rig.smsc.talk.close()
    with pytest.raises(SessionEnded, match="the network closed the connection"):
        await connecting


@pytest.mark.parametrize("sequence", [0, 2, 0xFFFF_FFFF])
async def test_the_answer_to_another_bind_is_none(rig: Rig, sequence: int) -> None:
    rig.smsc.answers_binds = False
    connecting = asyncio.ensure_future(rig.connect())
    await until(lambda: bool(rig.smsc.talks and rig.smsc.talk.heard))
    rig.smsc.talk.say(pack(Command.BIND_TRANSCEIVER_RESP, 0, sequence, b"X\0"))
    await turns()
    assert not connecting.done()
    rig.smsc.talk.say(pack(Command.BIND_TRANSCEIVER_RESP, 0, 1, b"no NUL"))
    session, _ = await connecting
    assert session.state == "bound"


async def test_a_deliver_before_the_bind_resp_is_taken(rig: Rig) -> None:
    rig.smsc.before_bind = [deliver(b"early", 1)]
    _, talk = await rig.bound()
    await until(lambda: talk.answers() == {1: OK})
    assert [(arrival.text, arrival.session_id) for arrival in rig.shelf.arrivals] == [("early", None)]


async def test_a_deliver_with_the_bind_resp_waits_for_the_session_s_id(rig: Rig) -> None:
    rig.smsc.with_bind = [deliver(b"at once", 1)]
    session, talk = await rig.connect()
    talk.say(deliver(b"and more", 2))
    await turns()
    assert rig.shelf.calls == []
    session.begin(6)
    await until(lambda: talk.answers() == {1: OK, 2: OK})
    assert [(arrival.text, arrival.session_id) for arrival in rig.shelf.arrivals] == [("at once", 6), ("and more", 6)]


async def test_a_session_that_is_lost_before_it_begins(rig: Rig) -> None:
    rig.smsc.with_bind = [deliver(b"at once", 1)]
    session, talk = await rig.connect()
    talk.reset()
    await session.stop(1)
    session.begin(6)
    await turn()
    assert (session.state, rig.shelf.calls, session.candidates()) == ("closed", [], [])
