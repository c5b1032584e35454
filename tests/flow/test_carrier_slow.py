"""A store that is blocked: messages over SMPP are refused for now, come again, and are all there once, in the same session."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from odzew.clock import Clock
from odzew.simulate.smsc import Smsc
from odzew.wire.status import Status
from proof import smpp_words
from proof.smpp_network import Network, judge, stored
from proof.smpp_slow import blocked
from proof.stand import EngineName, opened, prepare
from tests.flow.conftest import Start

WINDOW = 20
MESSAGES = 60


@pytest.fixture
async def smsc(real_clock: Clock) -> AsyncIterator[Smsc]:
    """An SMSC that sends again at once what was refused for now."""
    smsc = await Smsc(real_clock, system_id=smpp_words.SYSTEM_ID, window=MESSAGES, pause=0.05).start()
    yield smsc
    await smsc.stop()


async def test_what_does_not_fit_in_the_window_is_refused_for_now(
    database_url: str, tmp_path: Path, real_clock: Clock, start: Start, smsc: Smsc
) -> None:
    engine: EngineName = "sqlite" if database_url.startswith("sqlite") else "postgres"
    await prepare(database_url, tmp_path, smpp_words.setup_text(smsc.port, window=WINDOW))
    network = Network(real_clock, 1, smsc)
    server = await start(database_url)
    async with real_clock.deadline(30.0):
        await smsc.bound()
        await smsc.send(network.message())  # only now the session is surely stored
        async with blocked(database_url, engine):
            network.post(MESSAGES)
            await smsc.until(lambda: smsc.ledger.totals().answers[Status.RMSGQFUL] >= MESSAGES - WINDOW)
            assert smsc.ledger.totals().taken == 1
        await smsc.settled()
    assert await server.stop() == 0
    async with opened(database_url) as db:
        found = judge(network, await db.read(stored))
    assert (found.not_taken, found.missing, found.twice, found.other, found.stored_again) == (0, 0, 0, 0, 0)
    assert len(smsc.binds) == 1
