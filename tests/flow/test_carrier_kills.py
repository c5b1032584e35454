"""Acknowledged means committed, over SMPP: kills and cut connections lose nothing, and what comes again is shown as a copy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from odzew.clock import Clock
from proof import trace
from proof.order import UNSAFE, Verdict, judge
from proof.smpp_kills import How, Outcome, Run
from proof.smpp_order import answers, octets_of, traced
from proof.stand import EngineName

KILLS = 1
CUTS = 2
PDUS = 120
Begin = Callable[[How], Awaitable[Run]]


@pytest.fixture
def engine(database_url: str) -> EngineName:
    """The engine of `database_url`."""
    return "sqlite" if database_url.startswith("sqlite") else "postgres"


@pytest.fixture
async def begin(database_url: str, engine: EngineName, tmp_path: Path, real_clock: Clock) -> AsyncIterator[Begin]:
    """Begins a run; its SMSC and its client are gone when the test ends."""
    begun: list[Run] = []

    async def begin(how: How) -> Run:
        begun.append(Run(database_url, engine, tmp_path, real_clock, how, hurried=True))
        await begun[-1].prepare()
        return begun[-1]

    yield begin
    for run in begun:
        await run.close()


def _nothing_lost(found: Outcome) -> None:
    judged = found.judged
    assert judged.messages > 0
    assert judged.long > 0
    assert (judged.not_taken, judged.missing, judged.twice, judged.other, judged.unrecognised) == (0, 0, 0, 0, 0)
    assert judged.on_purpose_kept == judged.on_purpose > 0
    assert found.not_delivered == 0
    assert found.delivered_again <= found.in_flight


@pytest.mark.parametrize("how", ["in the flow", "client down"])
async def test_kills_lose_nothing(begin: Begin, how: How) -> None:
    run = await begin(how)
    for _ in range(KILLS):
        await run.kill_once()
    await run.last()
    found = await run.find()
    _nothing_lost(found)
    assert found.judged.sent_again >= KILLS  # so each kill was in the flow


async def test_cut_connections_lose_and_repeat_nothing(begin: Begin) -> None:
    run = await begin("cut")
    await run.cut(CUTS, calm=0.0)
    found = await run.find()
    _nothing_lost(found)
    assert found.judged.copies > 0
    assert found.delivered_again == 0


async def test_one_of_two_binds_cut_loses_nothing(begin: Begin) -> None:
    run = await begin("one of two cut")
    await run.cut(CUTS, calm=0.0)
    found = await run.find()
    assert (found.judged.not_taken, found.judged.missing, found.judged.other, found.not_delivered) == (0, 0, 0, 0)
    assert found.judged.on_purpose_kept == found.judged.on_purpose > 0


async def test_the_counts_can_fail(begin: Begin) -> None:
    run = await begin("cut")
    run.network.wanted["+48600999999", "acknowledged, and never there"] = 1
    await run.cut(1, calm=0.0)
    found = await run.find()
    assert (found.judged.missing, found.not_delivered) == (1, 1)


async def test_acknowledged_means_on_the_disk(tmp_path: Path, real_clock: Clock) -> None:
    acknowledged, verdict = await traced(real_clock, tmp_path, pdus=PDUS)
    assert verdict.answered == acknowledged == PDUS
    assert verdict.batches > 1
    assert (verdict.early, verdict.unwritten) == ([], [])


async def test_a_database_that_does_not_wait_for_the_disk_is_found_out(tmp_path: Path, real_clock: Clock) -> None:
    acknowledged, verdict = await traced(real_clock, tmp_path, UNSAFE, pdus=PDUS)
    assert len(verdict.early) == acknowledged > 0


# --- the judge ----------------------------------------------------------------------------------------------------------

WAL = "7</d/odzew.db-wal>"
SOCKET = "9<TCP:[127.0.0.1:1->127.0.0.1:2]>"


def _moved(call: str, pdu: bytes, thread: int = 11) -> str:
    text = "".join(f"\\{octet:03o}" for octet in pdu)
    return f'{thread} {call}({SOCKET}, "{text}", 65536) = {len(pdu)}'


BIND = _moved("write", b"\0\0\0\x10\0\0\0\x09\0\0\0\0\0\0\0\x01")
ASKED = _moved("read", b"\0\0\0\x1c\0\0\0\x05\0\0\0\0\0\0\0\x07mark-000001-")
WRITTEN = f'12 pwrite64({WAL}, "page mark-000001-", 4096, 32) = 4096'
SYNCED = f"12 fdatasync({WAL}) = 0"
ANSWERED = _moved("write", b"\0\0\0\x11\x80\0\0\x05\0\0\0\0\0\0\0\x07\0")
REFUSED = _moved("write", b"\0\0\0\x11\x80\0\0\x05\0\0\0\x14\0\0\0\x07\0")
OF_ANOTHER = _moved("write", b"\0\0\0\x11\x80\0\0\x05\0\0\0\0\0\0\0\x08\0")


def _judged(*lines: str) -> Verdict:
    calls = trace.read(lines)
    return judge(calls, answers(calls))


def test_judge() -> None:
    assert _judged(BIND, ASKED, WRITTEN, SYNCED, ANSWERED) == Verdict(1, [], [], 1, 1)
    assert _judged(BIND, ASKED, WRITTEN, ANSWERED, SYNCED).early == ["mark-000001-"]
    assert _judged(BIND, ASKED, SYNCED, WRITTEN, ANSWERED).early == ["mark-000001-"]
    assert _judged(BIND, ASKED, SYNCED, ANSWERED).unwritten == ["mark-000001-"]
    assert _judged(BIND, ASKED, WRITTEN, REFUSED).answered == 0
    assert _judged(BIND, ASKED, WRITTEN, OF_ANOTHER).answered == 0
    assert _judged(ASKED, WRITTEN, ANSWERED).answered == 0  # no connection of ours to an SMSC


def test_octets_of() -> None:
    assert octets_of(r'9<x>, [{iov_base="\0\1a\\\"", iov_len=5}, {iov_base="\200\n7\0018", iov_len=5}]') == b'\0\x01a\\"\x80\n7\x018'
