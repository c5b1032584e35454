"""An ESME that is no honest one, and many faults at once: the SMSC simulator stays up, and every message is still brought."""

from __future__ import annotations

import asyncio
import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odzew.clock import FixedClock
from odzew.simulate.smsc import Smsc
from odzew.simulate.smsc_faults import FAULTS, PIECES
from odzew.wire.pdu import Command, header, pack
from odzew.wire.status import Status
from tests.simulate.esme import Esme, bound, connected, silent
from tests.simulate.network import running, texts

COMMANDS = st.sampled_from([*map(int, Command), 0, 0x7F, 0xF7, 0x8000_00F7, 0xFFFF_FFFF])
PDUS = st.builds(pack, COMMANDS, st.integers(0, 0xFFFF_FFFF), st.integers(0, 0xFFFF_FFFF), st.binary(max_size=60))


async def still_serves(smsc: Smsc) -> None:
    """Somebody honest binds and is brought a message."""
    async with bound(smsc.port):
        (entry,) = await smsc.send(*texts(1))
        assert entry.taken


@settings(max_examples=40)
@given(st.lists(PDUS, max_size=12))
def test_any_pdus_leave_it_standing(sent: list[bytes]) -> None:
    async def work() -> None:
        async with running(FixedClock(), window=1) as smsc:
            async with connected(smsc.port, silent) as esme:
                esme.writer.write(b"".join(sent))
                esme.writer.write_eof()
                await esme.ended.wait()
            await smsc.until(lambda: not smsc.sessions)
            assert smsc.out == 0
            await still_serves(smsc)

    asyncio.run(work())


@settings(max_examples=40)
@given(st.binary(max_size=200), st.booleans())
def test_any_octets_leave_it_standing(sent: bytes, binds: bool) -> None:
    async def work() -> None:
        async with running(FixedClock()) as smsc:
            async with connected(smsc.port) as esme:
                if binds:
                    await esme.bind()
                esme.writer.write(sent)
                esme.writer.write_eof()
                await esme.ended.wait()
            await smsc.until(lambda: not smsc.sessions)
            assert smsc.out == 0
            await still_serves(smsc)

    asyncio.run(work())


@pytest.mark.parametrize("status", [*map(int, Status), 0x400, 0xFFFF_FFFF])
async def test_every_answer_is_the_end_of_a_message_or_brings_it_again(status: int, clock: FixedClock) -> None:
    seen = itertools.count()
    async with running(clock) as smsc, bound(smsc.port, lambda *_: status if next(seen) == 0 else 0):
        await smsc.bound()
        (entry,) = smsc.post(*texts(1))
        await smsc.until(lambda: entry.answered_at is not None)
        clock.advance(1.0)
        await smsc.settled()
        again = status in (Status.RMSGQFUL, Status.RTHROTTLED, Status.RX_T_APPN, Status.RINVBNDSTS)
        assert (entry.tries, entry.taken) == ((2, True) if again else (1, status == 0))


async def test_an_answer_that_comes_twice_counts_once(clock: FixedClock) -> None:
    async with running(clock) as smsc, bound(smsc.port, silent) as esme:
        await smsc.bound()
        first, second = smsc.post(*texts(2))
        await esme.until(lambda: len(esme.got) == 2)
        esme.writer.write(pack(Command.DELIVER_SM_RESP, 0, header(esme.got[0]).sequence, b"\0") * 2)
        await smsc.until(lambda: bool(smsc.notes))
        assert (first.taken, second.settled, smsc.out, smsc.notes[0].what) == (True, False, 1, "answer to nothing")


async def test_an_answer_of_another_command_is_one_all_the_same(clock: FixedClock) -> None:
    async with running(clock) as smsc, bound(smsc.port, silent) as esme:
        await smsc.bound()
        (entry,) = smsc.post(*texts(1))
        await esme.until(lambda: len(esme.got) == 1)
        esme.writer.write(pack(Command.DATA_SM_RESP, 0, header(esme.got[0]).sequence, b"\0"))
        await smsc.settled()
        assert entry.taken


# Faults after which the ESME of this test would wait for ever: it knows no time.
WAITS = {"bind-silent", "bind-wrong-sequence", "black-hole"}
TOGETHER = sorted({*FAULTS, *PIECES} - WAITS - {"sequence-same", "sequence-zero", "sequence-high"})


@pytest.mark.parametrize("seed", range(12))
async def test_many_faults_at_once(seed: int, clock: FixedClock) -> None:
    """The ESME binds anew whenever it has lost its connection, and refuses some messages for now."""
    chance = random.Random(seed)
    chosen = chance.sample(TOGETHER, 6)
    words = [f"{name}={chance.randint(1, 25)}" if name in FAULTS and FAULTS[name].turn == "at" else name for name in chosen]
    async with running(clock, faults=words, window=chance.randint(1, 8), pause=0.5) as smsc:
        entries = smsc.post(*texts(30))
        connections = 0
        while not all(entry.settled for entry in entries):
            connections += 1
            assert connections < 20, words
            async with connected(smsc.port, lambda *_: Status.RX_T_APPN if chance.random() < 0.2 else 0) as esme:
                await _work(esme, smsc, clock)
        assert all(entry.taken for entry in entries)
        assert smsc.out == 0


async def _work(esme: Esme, smsc: Smsc, clock: FixedClock) -> None:
    """Takes messages until the connection ends or everything is settled."""
    binding = asyncio.create_task(esme.bind())
    while not (esme.ended.is_set() or smsc.ledger.settled == len(smsc.ledger)):
        turned = asyncio.Event()
        asyncio.get_running_loop().call_soon(turned.set)
        await turned.wait()
        if binding.done() and not binding.exception() and binding.result():
            break  # refused
        clock.advance(0.01)
    binding.cancel()
    await asyncio.gather(binding, return_exceptions=True)
