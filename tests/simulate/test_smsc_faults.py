"""How the SMSC simulator misbehaves: what each fault puts on the wire, when, and that every message is still brought."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest

from odzew.clock import FixedClock
from odzew.errors import SettingError
from odzew.simulate.smsc import Smsc
from odzew.simulate.smsc_faults import FAULTS, PIECES, Faults, told
from odzew.simulate.smsc_messages import ShortText
from odzew.wire import deliver
from odzew.wire.pdu import Command, FramingLost, Header, MalformedPdu, header
from odzew.wire.status import Status
from tests.simulate.esme import Esme, bound, connected, silent
from tests.simulate.network import running, texts


def faulty(clock: FixedClock, *faults: str, window: int = 10) -> AbstractAsyncContextManager[Smsc]:
    return running(clock, faults=faults, window=window)


async def the_rest_is_taken(smsc: Smsc) -> None:
    """An ESME that binds anew gets everything that is still owed."""
    async with bound(smsc.port):
        await smsc.settled()
    assert all(entry.taken for entry in smsc.ledger)


# --- at the beginning of a connection ----------------------------------------------------------------------------------


async def test_slam(clock: FixedClock) -> None:
    async with faulty(clock, "slam=2") as smsc:
        for _ in range(2):
            async with connected(smsc.port) as esme:
                await esme.ended.wait()
                assert (esme.got, esme.others) == ([], [])
        smsc.post(*texts(1))
        await the_rest_is_taken(smsc)


async def test_outbind_comes_before_anything_else(clock: FixedClock) -> None:
    async with faulty(clock, "outbind") as smsc, connected(smsc.port) as esme:
        await esme.until(lambda: bool(esme.others))
        assert (header(esme.others[0]).command, esme.others[0][16:]) == (Command.OUTBIND, b"smsc\0secret\0")
        esme.others.clear()
        assert await esme.bind() == 0


async def test_a_message_before_the_bind(clock: FixedClock) -> None:
    async with faulty(clock, "deliver-before-bind") as smsc:
        (first, second) = smsc.post(*texts(2))
        async with connected(smsc.port, lambda *_: Status.RINVBNDSTS) as esme:
            await esme.until(lambda: bool(esme.got))
            await smsc.until(lambda: bool(first.refusals))
            assert (first.settled, second.tries, esme.others) == (False, 0, [])
            esme.answers = lambda *_: 0
            await esme.bind()
            clock.advance(1.0)
            await smsc.settled()
        assert (first.refusals, first.tries, first.taken, second.taken) == ([Status.RINVBNDSTS], 2, True, True)


async def test_a_message_before_the_answer_to_the_bind(clock: FixedClock) -> None:
    order: list[str] = []

    def answers(_head: Header, _pdu: bytes) -> int:
        order.append("message before the answer" if not esme.others else "message")
        return 0

    async with faulty(clock, "deliver-before-answer") as smsc:
        smsc.post(*texts(2))
        async with connected(smsc.port, answers) as esme:
            assert await esme.bind() == 0
            await smsc.settled()
    assert order == ["message before the answer", "message"]


@pytest.mark.parametrize(
    ("fault", "command", "status"),
    [("bind-refused", Command.BIND_TRANSCEIVER_RESP, Status.RBINDFAIL), ("bind-nack", Command.GENERIC_NACK, Status.RINVCMDID)],
)
async def test_a_bind_that_is_refused_once(fault: str, command: Command, status: Status, clock: FixedClock) -> None:
    async with faulty(clock, fault) as smsc:
        async with connected(smsc.port) as esme:
            assert await esme.bind() == status
            assert header(esme.others[0]).command == command
            assert not smsc.sessions[0].bound
        smsc.post(*texts(1))
        await the_rest_is_taken(smsc)


async def test_a_bind_that_is_not_answered(clock: FixedClock) -> None:
    async with faulty(clock, "bind-silent") as smsc, connected(smsc.port) as esme:
        asking = asyncio.create_task(esme.bind())
        esme.ask(Command.ENQUIRE_LINK, 9)
        await esme.answer_to(9)
        assert not asking.done()
        asking.cancel()
        esme.others.clear()
        assert await esme.bind() == 0


async def test_a_bind_answered_under_another_number(clock: FixedClock) -> None:
    async with faulty(clock, "bind-wrong-sequence") as smsc, connected(smsc.port) as esme:
        asking = asyncio.create_task(esme.bind())
        await esme.answer_to(8)
        asking.cancel()
        assert not smsc.sessions[0].bound


# --- in the flow -------------------------------------------------------------------------------------------------------

ENDING = ("unbind", "close", "reset", "half-pdu")


@pytest.mark.parametrize("fault", ENDING)
@pytest.mark.parametrize("number", [1, 4, 10])
async def test_a_session_that_ends_after_n_messages(fault: str, number: int, clock: FixedClock) -> None:
    async with faulty(clock, f"{fault}={number}") as smsc:
        entries = smsc.post(*texts(10))
        async with bound(smsc.port, silent) as esme:
            await esme.ended.wait()
            whole = number - 1 if fault == "half-pdu" else number
            assert len(esme.got) <= whole if fault == "reset" else len(esme.got) == whole
            assert bool(esme.framer.waiting) is (fault == "half-pdu")
            assert (Command.UNBIND in esme.commands()) is (fault == "unbind")
        await smsc.until(lambda: not smsc.sessions)
        assert [entry.tries for entry in entries] == [1] * number + [0] * (10 - number)
        assert smsc.faults.seen == [fault]
        await the_rest_is_taken(smsc)
        assert [entry.tries for entry in entries] == [2] * number + [1] * (10 - number)


async def test_several_ends_in_one_run(clock: FixedClock) -> None:
    async with faulty(clock, "close=3", "unbind=8", "half-pdu=12") as smsc:
        entries = smsc.post(*texts(20))
        ended = 0
        while not all(entry.settled for entry in entries):
            async with bound(smsc.port):
                await smsc.until(lambda: smsc.ledger.settled == 20 or not smsc.sessions)
                ended += 1
        assert (ended, smsc.faults.seen) == (4, ["close", "unbind", "half-pdu"])


async def test_a_black_hole_says_and_hears_nothing_more(clock: FixedClock) -> None:
    async with faulty(clock, "black-hole=2") as smsc:
        entries = smsc.post(*texts(5))
        async with bound(smsc.port) as esme:
            await smsc.until(lambda: smsc.sessions[0].mute)
            esme.ask(Command.ENQUIRE_LINK, 9)
            await esme.writer.drain()
            async with bound(smsc.port) as other:
                await smsc.until(lambda: smsc.ledger.settled == 3)
                assert (len(other.got), not esme.ended.is_set(), esme.commands()) == (3, True, [])
        await the_rest_is_taken(smsc)
        assert [entry.tries for entry in entries] == [2, 2, 1, 1, 1]


@pytest.mark.parametrize(
    ("fault", "length"), [("zero-length", b"\0\0\0\0"), ("short-length", b"\0\0\0\x0f"), ("huge-length", b"\x7f\xff\xff\xff")]
)
async def test_lengths_that_no_pdu_has(fault: str, length: bytes, clock: FixedClock) -> None:
    async with faulty(clock, f"{fault}=2") as smsc:
        smsc.post(*texts(4))
        async with bound(smsc.port) as esme:
            await esme.ended.wait()
            assert isinstance(esme.framer.lost, FramingLost)
            assert str(int.from_bytes(length, "big")) in str(esme.framer.lost)
            assert len(esme.got) == 2  # what came before it
        await the_rest_is_taken(smsc)


@pytest.mark.parametrize(
    ("fault", "command", "sequence"),
    [
        ("nack", Command.GENERIC_NACK, 0x00FF_FFFF),
        ("unknown-answer", 0x8000_00F7, 0x00FF_FFFE),
        ("stray-answer", Command.SUBMIT_SM_RESP, 0x00FF_FFFD),
        ("alert", Command.ALERT_NOTIFICATION, 1),
    ],
)
async def test_what_needs_no_answer(fault: str, command: int, sequence: int, clock: FixedClock) -> None:
    async with faulty(clock, fault) as smsc, bound(smsc.port) as esme:
        await smsc.send(*texts(3))
        await esme.until(lambda: command in esme.commands())
        assert [header(pdu).sequence for pdu in esme.others if header(pdu).command == command] == [sequence]
        assert (len(esme.got), smsc.notes) == (3, [])


@pytest.mark.parametrize(
    ("fault", "command"), [("unknown-command", 0xF7), ("wrong-side", Command.QUERY_SM), ("bind-back", Command.BIND_RECEIVER)]
)
async def test_what_is_to_be_refused_and_how_it_was(fault: str, command: int, clock: FixedClock) -> None:
    async with faulty(clock, fault) as smsc, bound(smsc.port) as esme:
        await smsc.send(*texts(3))
        await smsc.until(lambda: bool(smsc.notes))
        assert command in esme.commands()
        assert [(note.what, header(note.pdu).command) for note in smsc.notes] == [(fault, Command.GENERIC_NACK)]


@pytest.mark.parametrize("fault", ["malformed-address", "malformed-length", "malformed-tlv", "empty-body"])
async def test_a_malformed_message_is_one_and_its_answer_is_noted(fault: str, clock: FixedClock) -> None:
    def answers(_head: Header, pdu: bytes) -> int:
        try:
            deliver.parse(pdu)
        except MalformedPdu as error:
            return error.status
        return 0

    async with faulty(clock, f"{fault}=2") as smsc, bound(smsc.port, answers) as esme:
        await smsc.send(*texts(3))
        await smsc.until(lambda: bool(smsc.notes))
        (note,) = smsc.notes
        assert (note.what, header(note.pdu).command, len(esme.got)) == (fault, Command.DELIVER_SM_RESP, 4)
        assert header(note.pdu).status in (Status.RINVCMDLEN, Status.RINVMSGLEN, Status.RINVPARLEN)
        assert smsc.ledger.totals().taken == 3


# --- always ------------------------------------------------------------------------------------------------------------


async def test_unknown_tlvs_on_every_message(clock: FixedClock) -> None:
    async with faulty(clock, "vendor-tlvs") as smsc, bound(smsc.port) as esme:
        await smsc.send(*texts(2), ShortText("+48600700800", "71200", "x", "payload"))
        found = [deliver.parse(pdu).tlvs.keys() for pdu in esme.got]
        vendors = {0x1454, 0x060D, 0x2001, 0x3FFF}
        assert found == [vendors, vendors, vendors | {0x0424}]


@pytest.mark.parametrize(
    ("fault", "numbers"),
    [
        ("sequence-same", [1, 1, 1, 1]),
        ("sequence-zero", [0, 1, 2, 3]),
        ("sequence-high", [0x7FFF_FFFE, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001]),
    ],
)
async def test_sequence_numbers_that_should_not_be(fault: str, numbers: list[int], clock: FixedClock) -> None:
    async with faulty(clock, fault) as smsc, bound(smsc.port) as esme:
        entries = await smsc.send(*texts(4))
        assert [header(pdu).sequence for pdu in esme.got] == numbers
        assert all(entry.taken for entry in entries)
        assert smsc.notes == []


async def test_links_that_are_not_answered(clock: FixedClock) -> None:
    async with faulty(clock, "no-link-answer") as smsc, bound(smsc.port) as esme:
        esme.ask(Command.ENQUIRE_LINK, 9)
        await smsc.send(*texts(3))
        esme.ask(Command.UNBIND, 10)
        await esme.answer_to(10)
        assert esme.commands() == [Command.UNBIND_RESP]


async def test_links_that_are_answered_under_another_number(clock: FixedClock) -> None:
    async with faulty(clock, "link-wrong-sequence") as smsc, bound(smsc.port) as esme:
        esme.ask(Command.ENQUIRE_LINK, 9)
        assert header(await esme.answer_to(16)).command == Command.ENQUIRE_LINK_RESP


@pytest.mark.parametrize("fault", sorted(PIECES))
async def test_octets_in_small_pieces(fault: str, clock: FixedClock) -> None:
    async with faulty(clock, fault) as smsc, bound(smsc.port) as esme:
        entries = await smsc.send(*texts(3))
        assert [pdu[16:] for pdu in esme.got] == [entry.body for entry in entries]
        assert esme.reads > 3  # how many segments the system makes one read of is its own affair


async def test_a_closing_waits_for_the_pieces(clock: FixedClock) -> None:
    async with faulty(clock, "dribble", "close=3") as smsc:
        smsc.post(*texts(3))
        async with bound(smsc.port) as esme:
            await esme.ended.wait()
            assert len(esme.got) == 3


async def test_many_messages_in_one_segment(clock: FixedClock) -> None:
    async with faulty(clock, window=50) as smsc:
        smsc.post(*texts(50))
        async with bound(smsc.port, silent) as esme:
            await esme.until(lambda: len(esme.got) == 50)
            assert esme.reads <= 3


# --- how they are asked for --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("anger", "'anger' is no fault: use one of slam, outbind, "),
        ("", "'' is no fault"),
        ("unbind=", "after = there is a whole number from 1 up"),
        ("unbind=0", "after = there is a whole number"),
        ("unbind=-1", "after = there is a whole number"),
        ("unbind=x", "after = there is a whole number"),
        ("unbind=²", "after = there is a whole number"),
        ("unbind=99999999999", "after = there is a whole number"),
        ("vendor-tlvs=2", "'vendor-tlvs' takes no number"),
        ("dribble=2", "'dribble' is no fault"),
    ],
)
def test_faults_that_cannot_be_asked_for(word: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        Faults([word])


def test_every_fault_tells_what_it_does() -> None:
    lines = told()
    assert len(lines) == len(FAULTS) + len(PIECES)
    assert ("unbind=N", "unbinds in mid-flow, after N messages") in lines
    assert ("slam=N", "closes the connection as soon as it is there, the first N times") in lines
    assert ("dribble", "sends every octet in a segment of its own, always") in lines


@pytest.mark.parametrize("fault", sorted({*FAULTS, *PIECES} - {"bind-silent", "bind-wrong-sequence", "black-hole"}))
async def test_whatever_the_fault_every_message_is_brought(fault: str, clock: FixedClock) -> None:
    """The ESME only binds anew whenever it has lost its connection or was refused."""
    async with faulty(clock, fault) as smsc:
        entries = smsc.post(*texts(5))
        for _ in range(3):
            async with connected(smsc.port) as esme:
                await _works(esme, smsc)
        assert [entry.taken for entry in entries] == [True] * 5


async def _works(esme: Esme, smsc: Smsc) -> None:
    binding = asyncio.create_task(esme.bind())
    ending = asyncio.create_task(esme.ended.wait())
    await asyncio.wait([binding, ending], return_when=asyncio.FIRST_COMPLETED)
    if binding.done() and not binding.exception() and binding.result() == 0:
        settled = asyncio.create_task(smsc.settled())
        await asyncio.wait([settled, ending], return_when=asyncio.FIRST_COMPLETED)
        settled.cancel()
    for task in (binding, ending):
        task.cancel()
    await asyncio.gather(binding, ending, return_exceptions=True)
