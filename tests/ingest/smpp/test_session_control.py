"""All else that a network says: links, nacks, notices, commands that nobody sends to an ESME. None of it costs the session."""

from __future__ import annotations

import pytest

from odzew.wire.pdu import Command, Status, header, pack
from tests.ingest.smpp.peer import deliver, turns, until
from tests.ingest.smpp.rig import Rig

OK = int(Status.ROK)

NACKED = (
    Command.SUBMIT_SM, Command.SUBMIT_MULTI, Command.QUERY_SM, Command.CANCEL_SM, Command.REPLACE_SM, Command.BIND_TRANSCEIVER,
    Command.BIND_RECEIVER, Command.BIND_TRANSMITTER, 0, 0x0A, 0x0111, 0x7FFF_FFFF,
)  # fmt: skip
PASSED_OVER = (
    (Command.ALERT_NOTIFICATION, "alert_notification"),
    (Command.OUTBIND, "outbind"),
    (Command.GENERIC_NACK, "generic_nack"),
    (Command.SUBMIT_SM_RESP, "unasked response"),
    (Command.DELIVER_SM_RESP, "unasked response"),
    (Command.BIND_TRANSCEIVER_RESP, "unasked response"),
    (Command.BIND_RECEIVER_RESP, "unasked response"),
    (Command.UNBIND_RESP, "unasked response"),
    (0xFFFF_FFFF, "unasked response"),
    (0x8000_0111, "unasked response"),
)


@pytest.mark.parametrize("body", [b"", b"something\0"])
@pytest.mark.parametrize("command", NACKED, ids=hex)
async def test_a_command_that_is_not_ours_gets_a_nack(rig: Rig, command: int, body: bytes) -> None:
    session, talk = await rig.bound()
    talk.say(pack(command, 0, 4711, body), deliver(sequence=2))
    await until(lambda: talk.answers() == {2: OK})
    assert [tuple(head) for head in talk.of(Command.GENERIC_NACK)] == [(16, Command.GENERIC_NACK, Status.RINVCMDID, 4711)]
    assert session.counted == {"unknown command": 1}


@pytest.mark.parametrize(("command", "counted"), PASSED_OVER, ids=[hex(row[0]) for row in PASSED_OVER])
async def test_what_asks_for_no_answer_gets_none(rig: Rig, command: int, counted: str) -> None:
    session, talk = await rig.bound()
    talk.say(pack(command, Status.RSYSERR, 1, b"x\0"), deliver(sequence=2))
    await until(lambda: talk.answers() == {2: OK})
    await turns()
    assert len(talk.heard) == 2  # the bind and this answer
    assert session.counted == {counted: 1}
    assert session.state == "bound"


async def test_a_nack_is_told(rig: Rig) -> None:
    session, talk = await rig.bound()
    talk.say(pack(Command.GENERIC_NACK, Status.RINVCMDLEN, 3))
    await until(lambda: session.counted["generic_nack"] == 1)
    assert session.progress().fault == "generic_nack: ESME_RINVCMDLEN (0x00000002): command length is wrong"


@pytest.mark.parametrize("sequence", [0, 1, 0x7FFF_FFFF, 0xFFFF_FFFF])
async def test_their_enquire_link_is_answered(rig: Rig, sequence: int) -> None:
    session, talk = await rig.bound()
    talk.say(pack(Command.ENQUIRE_LINK, 0, sequence))
    await until(lambda: talk.answers(Command.ENQUIRE_LINK) == {sequence: OK})
    assert session.progress().last_link_at == rig.clock.now()


async def test_their_enquire_link_is_answered_before_the_bind_is(rig: Rig) -> None:
    rig.smsc.before_bind = [pack(Command.ENQUIRE_LINK, 0, 8), pack(Command.OUTBIND, 0, 9, b"a\0b\0")]
    session, talk = await rig.bound()
    await until(lambda: talk.answers(Command.ENQUIRE_LINK) == {8: OK})
    assert session.counted == {"outbind": 1}


# --- our enquire_link --------------------------------------------------------------------------------------------------


async def test_a_silent_network_is_asked(rig: Rig) -> None:
    session, talk = await rig.bound(enquire_link_seconds=30)
    rig.clock.advance(29)
    await turns()
    assert talk.of(Command.ENQUIRE_LINK) == []
    rig.clock.advance(1)
    await until(lambda: len(talk.of(Command.ENQUIRE_LINK)) == 1)
    await until(lambda: session.progress().last_link_at == rig.clock.now())
    rig.clock.advance(30)
    await until(lambda: len(talk.of(Command.ENQUIRE_LINK)) == 2)
    sequences = [head.sequence for head in talk.headers]
    assert len(set(sequences)) == len(sequences)


async def test_one_that_talks_is_not(rig: Rig) -> None:
    _, talk = await rig.bound(enquire_link_seconds=30)
    for n in range(1, 9):
        rig.clock.advance(20)
        talk.say(deliver(sequence=n))
        await talk.answered(n)
    assert talk.of(Command.ENQUIRE_LINK) == []


async def test_two_without_an_answer_and_the_connection_is_lost(rig: Rig) -> None:
    rig.smsc.answers_links = False
    session, talk = await rig.bound(enquire_link_seconds=30, answer_seconds=10)
    rig.clock.advance(30 + 10)
    await until(lambda: len(talk.of(Command.ENQUIRE_LINK)) == 2)
    assert session.state == "bound"
    rig.clock.advance(10)
    await until(lambda: talk.gone)
    assert (session.state, session.orderly, session.why) == ("closed", False, "2 enquire_links were not answered")


async def test_anything_heard_is_an_answer(rig: Rig) -> None:
    rig.smsc.answers_links = False
    session, talk = await rig.bound(enquire_link_seconds=30, answer_seconds=10)
    for n in range(1, 5):
        rig.clock.advance(30 + 10)
        talk.say(deliver(sequence=n))
        await talk.answered(n)
    assert session.state == "bound"
    assert len(talk.of(Command.ENQUIRE_LINK)) >= 4


async def test_no_answer_carries_a_body_but_an_empty_message_id(rig: Rig) -> None:
    _, talk = await rig.bound()
    talk.say(pack(Command.ENQUIRE_LINK, 0, 1, b"body"), deliver(sequence=2))
    await until(lambda: 2 in talk.answers())
    assert {header(pdu).command: len(pdu) for pdu in talk.heard[1:]} == {Command.ENQUIRE_LINK_RESP: 16, Command.DELIVER_SM_RESP: 17}
