"""How the demonstration's networks bring a message, and what they say when it is not taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from odzew.cli.demo_bring import NotTaken, bring
from odzew.cli.demo_lines import Lines
from odzew.cli.demo_messages import CASES, Case
from odzew.cli.demo_stage import NotBound, Stage, _bound, staged
from odzew.clock import Clock, FixedClock
from odzew.simulate.client import never
from odzew.simulate.mmsc import Mmsc
from odzew.simulate.smsc import Smsc
from odzew.wire.status import Status
from tests.simulate.esme import bound


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged(Clock(), never, lambda called: None, [1.0]) as stage:
        yield stage


def case_of(kind: str) -> Case:
    return next(case for case in CASES if case.kind == kind)


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.split(" s  ", 1)[1] for line in capsys.readouterr().out.splitlines()]


async def test_the_service_is_bound_twice_to_a_network_that_asks_for_a_password(stage: Stage) -> None:
    assert [session.mode for session in stage.smsc.sessions] == ["transceiver"] * 2
    assert {request.password for request in stage.smsc.binds} == {stage.environment["SMSC_PASSWORD"]}


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("pre", ["brought    SMPP: +48500600700 -> 71200: AUTO 1", "answered   ESME_ROK"]),
        ("mms", ["brought    MM7, 2 attachments: +48500600700 -> +48664078059: Zdjęcie", "answered   1000 Success"]),
    ],
)
async def test_what_is_taken(kind: str, lines: list[str], stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    await bring(stage, Lines(stage.clock), case_of(kind))
    assert told(capsys) == lines


async def test_the_parts_of_a_long_one(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    await bring(stage, Lines(stage.clock), case_of("ndi"))
    first, last = told(capsys)
    assert first.startswith("brought    SMPP, 3 parts in the order 3, 1, 2: +48500600700 -> +48664078059: Dziękuję")
    assert last == "answered   ESME_ROK for each of 3 parts"


async def test_an_sms_that_is_refused(stage: Stage) -> None:
    smsc = await Smsc(stage.clock).start()
    try:
        async with bound(smsc.port, lambda *_: Status.RX_P_APPN):
            with pytest.raises(NotTaken, match=r"the SMS was answered ESME_RX_P_APPN"):
                await bring(replace(stage, smsc=smsc), Lines(stage.clock), case_of("pre"))
    finally:
        await smsc.stop()


async def test_an_mms_that_is_refused(stage: Stage) -> None:
    mmsc = Mmsc(stage.clock, f"{stage.url}/ingest/mmsc", "mmsc", "wrong")
    with pytest.raises(NotTaken, match="the MMS was answered"):
        await bring(replace(stage, mmsc=mmsc), Lines(stage.clock), case_of("mms"))


async def test_a_network_that_nobody_binds_to(clock: FixedClock) -> None:
    smsc = await Smsc(clock).start()
    waiting = asyncio.create_task(_bound(clock, smsc))
    while clock.next_due() is None:
        turned = asyncio.Event()
        asyncio.get_running_loop().call_soon(turned.set)
        await turned.wait()
    clock.advance(10.0)
    with pytest.raises(NotBound, match="did not bind to the network in 10 s"):
        await waiting
    await smsc.stop()
