"""A network that does not read its answers: what waits for it is bounded, and what it did not read is in doubt."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import pytest

from odzew.clock import FixedClock
from odzew.ingest.smpp.session import UNSENT
from odzew.wire.pdu import Command, pack
from tests.ingest.smpp.peer import deliver, turns, until
from tests.ingest.smpp.rig import Rig

LINK = pack(Command.ENQUIRE_LINK, 0, 1)
NACKED = pack(0x0A, 0, 1)


@pytest.fixture
async def deaf(clock: FixedClock) -> AsyncIterator[Rig]:
    rig = Rig(clock)
    await rig.smsc.start()
    yield rig
    await rig.close()


def stop_reading(rig: Rig) -> None:
    """From now on the SMSC reads nothing, and the system keeps little for either side."""
    ours = rig.sessions[-1]._transport
    theirs = rig.smsc.talk.writer.transport
    assert ours is not None
    for transport in (ours, theirs):
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, option, 64 << 10)
    theirs.pause_reading()  # type: ignore[attr-defined]  # a real transport has it


def read_again(rig: Rig) -> None:
    rig.smsc.talk.writer.transport.resume_reading()  # type: ignore[attr-defined]  # as above


async def fill(rig: Rig) -> int:
    """Sends until the session reads no more. How many octets it took."""
    talk, sent = rig.smsc.talk, 0
    while talk.writer.transport.get_write_buffer_size() < 512 << 10:
        talk.say(LINK * 1024)
        sent += len(LINK) * 1024
        await turns(20)
        assert sent < 64 << 20, "it reads for ever"
    return sent


async def test_who_does_not_read_is_not_read(deaf: Rig) -> None:
    session, talk = await deaf.bound()
    stop_reading(deaf)
    sent = await fill(deaf)
    assert session._transport is not None
    assert session._transport.get_write_buffer_size() < UNSENT + (256 << 10)
    read_again(deaf)
    await until(lambda: len(talk.answers(Command.ENQUIRE_LINK)) == 1 and len(talk.heard) == 1 + sent // 16)
    assert session.state == "bound"


async def test_who_neither_reads_nor_speaks_is_lost(deaf: Rig) -> None:
    session, _ = await deaf.bound(enquire_link_seconds=30, answer_seconds=10)
    stop_reading(deaf)
    await fill(deaf)
    deaf.clock.advance(50)
    await session.ended.wait()
    assert session.why == "2 enquire_links were not answered"


async def test_an_answer_that_was_never_read_stays_in_doubt(deaf: Rig) -> None:
    """However long ago it was written into our own buffer."""
    session, talk = await deaf.bound(enquire_link_seconds=3600)
    talk.say(deliver(sequence=1))
    await talk.answered(1)
    stop_reading(deaf)
    while not session._watch.blocked:
        talk.say(NACKED * 256)
        await turns(8)
    talk.say(deliver(sequence=2))
    await until(lambda: len(deaf.shelf.arrivals) == 2)
    deaf.clock.advance(600)
    assert session.progress().settled == 1
    talk.reset()
    await session.ended.wait()
    await session.resolved()
    assert [key for key, _ in session.candidates()] == [2]


async def test_an_answer_counts_from_when_it_went_out(deaf: Rig) -> None:
    session, talk = await deaf.bound(enquire_link_seconds=3600)
    stop_reading(deaf)
    while not session._watch.blocked:
        talk.say(NACKED * 256)
        await turns(8)
    talk.say(deliver(sequence=2))
    await until(lambda: len(deaf.shelf.arrivals) == 1)
    deaf.clock.advance(600)
    read_again(deaf)
    await talk.answered(2)
    await until(lambda: not session._watch.blocked)
    deaf.clock.advance(4)
    assert session.progress().settled == 0
    deaf.clock.advance(1)
    assert session.progress().settled == 1
