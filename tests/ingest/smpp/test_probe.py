"""The try of a bind: None if all is well, else a sentence that says what is not."""

from __future__ import annotations

import asyncio

import pytest

from odzew.clock import FixedClock
from odzew.ingest.smpp.probe import probe
from odzew.wire.pdu import Command, Status
from tests.ingest.smpp.peer import Smsc, deliver, until
from tests.ingest.smpp.rig import Rig, a_source


async def test_all_is_well(rig: Rig) -> None:
    assert await probe(a_source([rig.smsc.host]), {}, rig.clock) is None
    assert len(rig.smsc.talk.of(Command.UNBIND)) == 1


async def test_what_the_network_sends_meanwhile_it_is_to_send_again(rig: Rig) -> None:
    rig.smsc.before_bind = [deliver(sequence=1)]
    rig.smsc.with_bind = [deliver(sequence=2)]
    assert await probe(a_source([rig.smsc.host]), {}, rig.clock) is None
    assert rig.smsc.talk.answers() == {1: Status.RX_T_APPN, 2: Status.RX_T_APPN}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status.RINVPASWD, "ESME_RINVPASWD (0x0000000E): password is wrong"),
        (Status.RALYBND, "ESME_RALYBND (0x00000005): already bound"),
        (0x0401, "0x00000401: an error of the vendor's own"),
    ],
)
async def test_a_refused_bind(rig: Rig, status: int, words: str) -> None:
    rig.smsc.bind_statuses = [status]
    assert await probe(a_source([rig.smsc.host]), {}, rig.clock) == f"{rig.smsc.host}: the bind was refused: {words}."


async def test_every_host_is_tried(rig: Rig) -> None:
    gone = await Smsc().start()
    await gone.stop()
    other = await Smsc().start()
    other.bind_statuses = [Status.RINVSYSID]
    said = await probe(a_source([gone.host, rig.smsc.host, other.host]), {}, rig.clock)
    assert said is not None
    first, second = said.split("; ")
    assert first.startswith(f"{gone.host}: no connection: ")
    assert second == f"{other.host}: the bind was refused: ESME_RINVSYSID (0x0000000F): system id is wrong."
    assert len(rig.smsc.talks) == 1
    await other.stop()


async def test_a_host_that_says_nothing(rig: Rig) -> None:
    rig.smsc.answers_binds = False
    trying = asyncio.ensure_future(probe(a_source([rig.smsc.host], bind_seconds=3), {}, rig.clock))
    await until(lambda: bool(rig.smsc.talks and rig.smsc.talk.heard))
    rig.clock.advance(3)
    assert await trying == f"{rig.smsc.host}: the bind was not answered within 3 s."


async def test_a_host_that_does_not_unbind(rig: Rig) -> None:
    rig.smsc.answers_unbind = False
    trying = asyncio.ensure_future(probe(a_source([rig.smsc.host]), {}, rig.clock))
    await until(lambda: bool(rig.smsc.talks and rig.smsc.talk.of(Command.UNBIND)))
    rig.clock.advance(10)
    said = await trying
    assert said is not None
    assert "bound, but not unbound in order" in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"password": "env:SMPP_PASSWORD"}, "the environment has no SMPP_PASSWORD"),
        ({"hosts": []}, "needs hosts"),
        ({"tls": True, "tls_cert": "missing.pem"}, "no readable PEM file"),
    ],
)
async def test_options_that_cannot_work(options: dict[str, object], words: str) -> None:
    said = await probe(a_source(["127.0.0.1:1"], **options), {}, FixedClock())
    assert said is not None
    assert words in said
    assert said.endswith(".")
