"""The SMSC simulator's flow: window and rate, what is sent again, and the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from odzew.clock import FixedClock
from odzew.simulate.smsc import Smsc
from odzew.wire.pdu import Command, Header, header, pack
from odzew.wire.status import Status
from tests.simulate.esme import Esme, bound, connected, silent, taken
from tests.simulate.network import read, running, texts

# --- the flow ----------------------------------------------------------------------------------------------------------


async def test_messages_go_to_whoever_is_bound_and_are_entered(clock: FixedClock) -> None:
    async with running(clock) as smsc, bound(smsc.port) as esme:
        entries = await smsc.send(*texts(25))
        assert [read(pdu) for pdu in esme.got] == [f"text {number}" for number in range(1, 26)]
        assert [(one.number, one.part, one.total, one.tries, one.taken) for one in entries] == [(n, 1, 1, 1, True) for n in range(1, 26)]
        totals = smsc.ledger.totals()
        assert (totals.pdus, totals.taken, totals.refused, totals.open, totals.again, totals.answers) == (25, 25, 0, 0, 0, {0: 25})


async def test_messages_wait_for_a_bind(clock: FixedClock) -> None:
    async with running(clock) as smsc:
        entries = smsc.post(*texts(3))
        async with connected(smsc.port) as transmitter:
            await transmitter.bind(Command.BIND_TRANSMITTER)
            async with bound(smsc.port) as esme:
                await smsc.settled(entries)
                assert (len(esme.got), transmitter.got) == (3, [])


async def test_the_window_is_over_all_sessions(clock: FixedClock) -> None:
    async with running(clock, window=4) as smsc, bound(smsc.port, silent) as one, bound(smsc.port, silent) as two:
        await smsc.bound(2)
        smsc.post(*texts(10))
        await one.until(lambda: len(one.got) == 2)
        await two.until(lambda: len(two.got) == 2)
        assert smsc.out == 4
        # One answer makes room for one message.
        one.writer.write(pack(Command.DELIVER_SM_RESP, 0, header(one.got[0]).sequence, b"\0"))
        await smsc.until(lambda: smsc.ledger.settled == 1)
        await one.until(lambda: len(one.got) == 3)
        assert smsc.out == 4


async def test_the_rate_holds_whatever_the_answers_do(clock: FixedClock) -> None:
    async with running(clock, rate=10.0, window=1000) as smsc, bound(smsc.port, silent) as esme:
        await smsc.bound()
        smsc.post(*texts(30))
        seen = []
        for _ in range(4):
            seen.append(smsc.out)
            clock.advance(0.5)
        assert seen == [1, 6, 11, 16]
        clock.advance(5.0)
        assert smsc.out == 30
        await esme.until(lambda: len(esme.got) == 30)


async def test_a_rate_over_the_tick_sends_several_at_once(clock: FixedClock) -> None:
    async with running(clock, rate=5000.0, window=100_000) as smsc, bound(smsc.port, silent):
        await smsc.bound()
        smsc.post(*texts(2000))
        clock.advance(0.2)
        assert smsc.out == 1001
        clock.advance(0.2)
        assert smsc.out == 2000


async def test_the_window_caps_an_open_loop_too(clock: FixedClock) -> None:
    async with running(clock, rate=10.0, window=3) as smsc, bound(smsc.port, silent):
        await smsc.bound()
        smsc.post(*texts(30))
        clock.advance(60.0)
        assert smsc.out == 3


# --- answers -----------------------------------------------------------------------------------------------------------


def first_then(first: int, times: int = 1) -> Callable[[Header, bytes], int]:
    """The first messages are answered with a status, all others taken."""
    seen: list[int] = []

    def answers(head: Header, _pdu: bytes) -> int:
        seen.append(head.sequence)
        return first if len(seen) <= times else 0

    return answers


@pytest.mark.parametrize("status", [Status.RMSGQFUL, Status.RX_T_APPN, Status.RTHROTTLED])
async def test_what_is_refused_for_now_is_sent_again_after_the_pause(status: Status, clock: FixedClock) -> None:
    async with running(clock, pause=2.0) as smsc, bound(smsc.port, first_then(status)) as esme:
        await smsc.bound()
        (entry,) = smsc.post(*texts(1))
        await smsc.until(lambda: bool(entry.refusals))
        clock.advance(1.9)
        assert (entry.tries, entry.settled, smsc.out) == (1, False, 0)
        clock.advance(0.2)
        await smsc.settled([entry])
        assert (entry.tries, entry.refusals, entry.taken) == (2, [status], True)
        assert [pdu[16:] for pdu in esme.got] == [entry.body] * 2
        assert header(esme.got[0]).sequence != header(esme.got[1]).sequence
        assert smsc.ledger.totals().answers == {status: 1, 0: 1}


@pytest.mark.parametrize("status", [Status.RX_P_APPN, Status.RX_R_APPN, Status.RSYSERR, Status.RINVMSGLEN, 0x400])
async def test_what_is_refused_for_good_is_not(status: int, clock: FixedClock) -> None:
    async with running(clock) as smsc, bound(smsc.port, first_then(status)):
        refused, taken_ = await smsc.send(*texts(2))
        assert (refused.status, refused.settled, refused.taken, refused.tries) == (status, True, False, 1)
        assert taken_.taken
        totals = smsc.ledger.totals()
        assert (totals.taken, totals.refused, totals.answers) == (1, 1, {status: 1, 0: 1})


async def test_there_is_an_end_to_trying(clock: FixedClock) -> None:
    async with running(clock, most_tries=3, pause=1.0) as smsc, bound(smsc.port, lambda *_: Status.RMSGQFUL):
        await smsc.bound()
        (entry,) = smsc.post(*texts(1))
        for tries in (1, 2, 3):
            await smsc.until(lambda: len(entry.refusals) == tries)  # noqa: B023  # awaited at once
            clock.advance(1.0)
        assert (entry.settled, entry.taken, entry.tries) == (True, False, 3)
        assert smsc.ledger.totals().refused == 1


async def test_a_generic_nack_is_an_answer(clock: FixedClock) -> None:
    def nacks(head: Header, _pdu: bytes) -> None:
        esme.writer.write(pack(Command.GENERIC_NACK, Status.RINVCMDID, head.sequence))

    async with running(clock) as smsc, bound(smsc.port, nacks) as esme:
        (entry,) = await smsc.send(*texts(1))
        assert (entry.status, entry.taken) == (Status.RINVCMDID, False)


async def test_answers_out_of_order(clock: FixedClock) -> None:
    async with running(clock) as smsc, bound(smsc.port, silent) as esme:
        await smsc.bound()
        entries = smsc.post(*texts(3))
        await esme.until(lambda: len(esme.got) == 3)
        for pdu, status in zip(reversed(esme.got), (0, Status.RX_P_APPN, 0), strict=True):
            esme.writer.write(pack(Command.DELIVER_SM_RESP, status, header(pdu).sequence, b"\0"))
        await smsc.settled()
        assert [entry.status for entry in entries] == [0, Status.RX_P_APPN, 0]


async def test_an_answer_to_nothing_is_noted(clock: FixedClock) -> None:
    async with running(clock) as smsc, bound(smsc.port) as esme:
        esme.ask(Command.DELIVER_SM_RESP, 77, b"\0")
        await smsc.until(lambda: bool(smsc.notes))
        assert [(note.session, note.what, header(note.pdu).sequence) for note in smsc.notes] == [(1, "answer to nothing", 77)]


async def test_how_long_an_answer_took(clock: FixedClock) -> None:
    async with running(clock) as smsc, bound(smsc.port, silent) as esme:
        await smsc.bound()
        (entry,) = smsc.post(*texts(1))
        await esme.until(lambda: len(esme.got) == 1)
        assert entry.took is None
        clock.advance(0.25)
        esme.writer.write(pack(Command.DELIVER_SM_RESP, 0, header(esme.got[0]).sequence, b"\0"))
        await smsc.settled()
        assert entry.took == 0.25


# --- what a lost connection leaves -------------------------------------------------------------------------------------


async def _closes(esme: Esme, smsc: Smsc) -> None:
    esme.writer.close()


async def _resets(esme: Esme, smsc: Smsc) -> None:
    esme.writer.transport.abort()


async def _unbinds(esme: Esme, smsc: Smsc) -> None:
    esme.ask(Command.UNBIND, 99)


async def _is_lost(esme: Esme, smsc: Smsc) -> None:
    smsc.lose()


async def _is_unbound(esme: Esme, smsc: Smsc) -> None:
    await smsc.unbind()


@pytest.mark.parametrize("ends", [_closes, _resets, _unbinds, _is_lost, _is_unbound])
async def test_what_is_unanswered_goes_out_first_on_the_next_session(ends: Any, clock: FixedClock) -> None:
    async with running(clock, window=3) as smsc:
        entries = smsc.post(*texts(6))
        async with bound(smsc.port, silent) as first:
            await first.until(lambda: len(first.got) == 3)
            # The second is answered, the first and the third are not.
            first.writer.write(pack(Command.DELIVER_SM_RESP, 0, header(first.got[1]).sequence, b"\0"))
            await first.until(lambda: len(first.got) == 4)
            await ends(first, smsc)
            await first.ended.wait()
        await smsc.until(lambda: not smsc.sessions)
        assert smsc.out == 0
        async with bound(smsc.port) as second:
            await smsc.settled(entries)
            assert [read(pdu)[-1] for pdu in second.got] == ["1", "3", "4", "5", "6"]
        assert [entry.tries for entry in entries] == [2, 1, 2, 2, 1, 1]
        assert smsc.ledger.totals().again == 3


async def test_a_lost_session_leaves_its_work_to_the_others(clock: FixedClock) -> None:
    async with running(clock, window=4) as smsc, bound(smsc.port, silent) as lost, bound(smsc.port, taken) as kept:
        await smsc.bound(2)
        entries = smsc.post(*texts(8))
        await lost.until(lambda: bool(lost.got))
        lost.writer.transport.abort()
        await smsc.settled(entries)
        assert {read(pdu) for pdu in kept.got} == {f"text {number}" for number in range(1, 9)}


async def test_a_stop_ends_everything(clock: FixedClock) -> None:
    smsc = await Smsc(clock, rate=1.0, pause=5.0, links=3.0).start()
    async with bound(smsc.port, lambda *_: Status.RMSGQFUL) as esme:
        await smsc.bound()
        (entry, *_) = smsc.post(*texts(10))
        await smsc.until(lambda: bool(entry.refusals))
        await smsc.stop()
        await esme.ended.wait()
        clock.advance(100.0)
        assert (len(esme.got), smsc.out) == (1, 0)
        with pytest.raises(OSError):  # noqa: PT011  # the system's own words
            await asyncio.open_connection("127.0.0.1", smsc.port)
