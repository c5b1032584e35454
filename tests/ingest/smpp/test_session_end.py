"""How a session ends: by either side's unbind, by our stop, by lost framing, by a loss; and what may then come twice."""

from __future__ import annotations

import asyncio
from struct import pack as numbers

import pytest

from odzew.ingest.smpp.session import CLOSING
from odzew.wire.pdu import LARGEST, Command, Status, header, pack
from tests.ingest.smpp.peer import deliver, turns, until
from tests.ingest.smpp.rig import Rig

OK, LATER = int(Status.ROK), int(Status.RX_T_APPN)


# --- the network unbinds -----------------------------------------------------------------------------------------------


async def test_an_unbind_in_mid_flow(rig: Rig) -> None:
    """What is in hand is stored and answered, then the unbind, then it is closed."""
    rig.shelf.patient = True
    session, talk = await rig.bound()
    talk.say(deliver(sequence=1), deliver(sequence=2), pack(Command.UNBIND, 0, 3), deliver(sequence=4))
    await until(lambda: talk.answers() == {4: LATER})
    assert (session.state, talk.answers(Command.UNBIND)) == ("unbinding", {})
    rig.shelf.release()
    await until(lambda: talk.gone)
    assert [head.sequence for head in talk.headers[1:]] == [4, 1, 2, 3]
    assert talk.answers() == {1: OK, 2: OK, 4: LATER}
    assert talk.answers(Command.UNBIND) == {3: OK}
    await session.resolved()
    assert (session.orderly, session.why, session.candidates()) == (True, "the network unbound", [])


async def test_an_unbind_with_nothing_in_hand(rig: Rig) -> None:
    session, talk = await rig.bound()
    talk.say(pack(Command.ENQUIRE_LINK, 0, 1), pack(Command.UNBIND, 0, 2), pack(Command.ENQUIRE_LINK, 0, 3))
    await until(lambda: talk.gone)
    assert [head.sequence for head in talk.headers[1:]] == [1, 3, 2]
    assert session.orderly


async def test_an_unbind_while_the_store_is_too_slow(rig: Rig) -> None:
    rig.shelf.patient = True
    session, talk = await rig.bound(answer_seconds=10)
    talk.say(deliver(sequence=1), pack(Command.UNBIND, 0, 2))
    await until(lambda: session.state == "unbinding")
    rig.clock.advance(10)
    await until(lambda: talk.gone)
    rig.shelf.release()
    await session.resolved()
    assert (session.orderly, [key for key, _ in session.candidates()]) == (False, [1])


async def test_a_network_that_unbinds_instead_of_binding(rig: Rig) -> None:
    rig.smsc.before_bind = [pack(Command.UNBIND, 0, 9)]
    with pytest.raises(Exception, match="the network unbound"):
        await rig.connect()
    await until(lambda: rig.smsc.talk.gone)
    assert rig.smsc.talk.answers(Command.UNBIND) == {9: OK}


# --- our stop ----------------------------------------------------------------------------------------------------------


async def test_our_stop_answers_what_is_in_hand_and_unbinds(rig: Rig) -> None:
    rig.shelf.patient = True
    session, talk = await rig.bound()
    talk.say(deliver(sequence=1))
    await until(lambda: bool(rig.shelf.waiting))
    stopping = asyncio.ensure_future(session.stop(20))
    await turns()
    assert talk.of(Command.UNBIND) == []
    talk.say(deliver(sequence=2), pack(Command.ENQUIRE_LINK, 0, 3))
    await until(lambda: talk.answers() == {2: LATER} and talk.answers(Command.ENQUIRE_LINK) == {3: OK})
    rig.shelf.release()
    await stopping
    await until(lambda: talk.gone)
    assert talk.answers() == {1: OK, 2: LATER}
    assert len(talk.of(Command.UNBIND)) == 1
    assert (session.orderly, session.why, session.candidates()) == (True, "unbound", [])


async def test_a_deliver_between_our_unbind_and_its_answer(rig: Rig) -> None:
    """In one segment with the unbind_resp: it is refused for the time being, and the refusal goes out."""
    rig.smsc.before_unbind_resp = [deliver(sequence=5)]
    session, talk = await rig.bound()
    await session.stop(20)
    await until(lambda: talk.gone)
    assert (talk.answers(), rig.shelf.calls, session.orderly) == ({5: LATER}, [], True)


async def test_both_unbind_at_once(rig: Rig) -> None:
    rig.smsc.before_unbind_resp = [pack(Command.UNBIND, 0, 6)]
    session, talk = await rig.bound()
    await session.stop(20)
    await until(lambda: talk.gone)
    assert (talk.answers(Command.UNBIND), session.orderly) == ({6: OK}, True)


async def test_an_unbind_that_is_not_answered(rig: Rig) -> None:
    rig.smsc.answers_unbind = False
    session, talk = await rig.bound(answer_seconds=3)
    stopping = asyncio.ensure_future(session.stop(20))
    await until(lambda: len(talk.of(Command.UNBIND)) == 1)
    rig.clock.advance(3)
    await stopping
    assert (session.orderly, session.why) == (False, "the network did not answer the unbind")


async def test_an_unbind_that_is_nacked(rig: Rig) -> None:
    rig.smsc.answers_unbind = False
    session, talk = await rig.bound()
    stopping = asyncio.ensure_future(session.stop(20))
    await until(lambda: len(talk.of(Command.UNBIND)) == 1)
    talk.say(pack(Command.GENERIC_NACK, Status.RINVCMDID, talk.of(Command.UNBIND)[0].sequence))
    await stopping
    assert (session.orderly, session.why) == (False, "the network did not understand the unbind")


async def test_a_stop_has_its_end(rig: Rig) -> None:
    rig.shelf.patient = True
    session, talk = await rig.bound()
    talk.say(deliver(sequence=1))
    await until(lambda: bool(rig.shelf.waiting))
    stopping = asyncio.ensure_future(session.stop(20))
    await turns()
    rig.clock.advance(20)
    await stopping
    assert session.why == "it took too long to end the session"
    rig.shelf.release()
    await session.resolved()
    assert [key for key, _ in session.candidates()] == [1]


@pytest.mark.parametrize("begun", [False, True])
async def test_a_stop_of_one_that_has_not_begun(rig: Rig, begun: bool) -> None:
    rig.smsc.with_bind = [deliver(sequence=1)]
    session, talk = await rig.connect()
    if begun:
        session.begin(5)
    await session.stop(20)
    await until(lambda: talk.gone)
    assert (talk.answers(), session.orderly) == ({1: OK if begun else LATER}, True)


async def test_one_that_was_called_off_before_it_was_connected(rig: Rig) -> None:
    session = rig.session()
    session.leave()
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: session, "127.0.0.1", rig.smsc.port)
    await session.ended.wait()
    assert session.why == "stopped before it was bound"
    await until(lambda: len(rig.smsc.talks) == 1 and rig.smsc.talk.gone)
    assert rig.smsc.talk.heard == []


# --- lost framing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1, 15, LARGEST + 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF])
async def test_a_length_that_cannot_be_ends_the_session(rig: Rig, length: int) -> None:
    """After what came before it is stored and answered; what comes after it is nothing."""
    rig.shelf.patient = True
    session, talk = await rig.bound()
    talk.say(deliver(b"before", 1), numbers(">IIII", length, Command.DELIVER_SM, 0, 2), deliver(b"after", 3))
    await until(lambda: bool(rig.shelf.waiting))
    talk.say(deliver(b"later", 4))
    await turns()
    rig.shelf.release()
    await until(lambda: talk.gone)
    assert [arrival.text for arrival in rig.shelf.arrivals] == ["before"]
    assert [tuple(head)[1:] for head in talk.headers[1:]] == [
        (Command.DELIVER_SM_RESP, OK, 1),
        (Command.GENERIC_NACK, Status.RINVCMDLEN, 0),
    ]
    assert (session.orderly, session.why) == (False, f"framing lost: a command_length of {length} octets")
    assert [key for key, _ in session.candidates()] == [1]


async def test_a_length_that_cannot_be_is_the_first_thing_said(rig: Rig) -> None:
    rig.smsc.before_bind = [b"HTTP/1.1 400 Bad Request\r\n\r\n"]
    with pytest.raises(Exception, match="framing lost"):
        await rig.connect()


async def test_half_a_pdu_at_the_end(rig: Rig) -> None:
    session, talk = await rig.bound()
    talk.say(deliver(sequence=1), deliver(sequence=2)[:-3])
    await until(lambda: talk.answers() == {1: OK})
    talk.close()
    await session.ended.wait()
    assert (session.why, len(rig.shelf.arrivals)) == ("the network closed the connection", 1)


# --- losses ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_after_a_loss_the_last_answers_are_in_doubt(rig: Rig, how: str) -> None:
    """Those of the last 5 s, and what was stored but not answered; what was not stored is not."""
    session, talk = await rig.bound()
    talk.say(deliver(sequence=1))
    await until(lambda: 1 in talk.answers())
    rig.clock.advance(5)
    talk.say(deliver(sequence=2))
    await until(lambda: 2 in talk.answers())
    rig.shelf.patient = True
    talk.say(deliver(b"in hand", 3))
    await until(lambda: bool(rig.shelf.waiting))
    rig.clock.advance(4.9)
    getattr(talk, how)()
    await session.ended.wait()
    rig.clock.advance(100)  # the store takes its time
    assert session.progress().settled == 1
    rig.shelf.release()
    await session.resolved()
    assert session.progress().settled == 1
    assert session.candidates() == [(2, rig.shelf.arrivals[1].digest), (3, rig.shelf.arrivals[2].digest)]
    assert not session.orderly
    assert len(rig.shelf.arrivals) == 3


async def test_an_unbind_undoes_the_doubt_only_when_it_is_complete(rig: Rig) -> None:
    rig.smsc.answers_unbind = False
    session, talk = await rig.bound()
    talk.say(deliver(sequence=1))
    await until(lambda: 1 in talk.answers())
    session.leave()
    await until(lambda: len(talk.of(Command.UNBIND)) == 1)
    talk.close()
    await session.ended.wait()
    assert (session.orderly, [key for key, _ in session.candidates()]) == (False, [1])


async def test_a_peer_that_keeps_the_connection_after_the_end(rig: Rig) -> None:
    session, talk = await rig.bound()
    talk.say(pack(Command.UNBIND, 0, 2))
    await until(lambda: bool(talk.answers(Command.UNBIND)))
    rig.clock.advance(CLOSING)
    await session.ended.wait()
    assert session.orderly
    assert header(talk.heard[-1]).command == Command.UNBIND_RESP
