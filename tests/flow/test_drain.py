"""Reading with `read`, by many clients at once, over real sockets: none twice, none missing; a broken answer is offered again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from odzew.clock import Clock
from odzew.store.db import statement
from proof import words
from proof.drain import Scene, drain
from proof.seed import Mix, fill
from proof.stand import opened, prepare
from tests.flow.conftest import Start

MESSAGES = 2_000
LONG = 8_000  # characters of a text
WHOLE = MESSAGES * LONG  # octets of an answer of everything: far more than sockets hold


async def _seeded(url: str, place: Path, clock: Clock, mix: Mix) -> None:
    await prepare(url, place, words.setup_text())
    async with opened(url) as db:
        await fill(db, mix, clock)


async def test_eight_clients_at_once_get_each_message_once(database_url: str, tmp_path: Path, real_clock: Clock, start: Start) -> None:
    await _seeded(database_url, tmp_path, real_clock, Mix(MESSAGES))
    server = await start(database_url)
    seen = await drain(server.port)
    assert len(seen) == MESSAGES
    assert set(seen.values()) == {1}


async def test_what_a_client_did_not_get_whole_is_offered_again(database_url: str, tmp_path: Path, real_clock: Clock, start: Start) -> None:
    await _seeded(database_url, tmp_path, real_clock, Mix(MESSAGES, text=LONG, kinds={"ndi": 1}))
    server = await start(database_url)
    scene = Scene(server.port, real_clock)
    for _ in range(3):
        await scene.read_all(cut_after=WHOLE // 10)
    assert len(scene.cuts) == 3
    assert scene.complete == {}
    seen: Counter[int] = Counter()
    async with real_clock.deadline(20.0):  # what was marked is taken back while we ask
        while len(seen) < MESSAGES:
            await drain(server.port, seen=seen)
    assert set(seen.values()) == {1}


async def test_a_killed_server_offers_again_what_was_on_its_way(database_url: str, tmp_path: Path, real_clock: Clock, start: Start) -> None:
    await _seeded(database_url, tmp_path, real_clock, Mix(MESSAGES, text=LONG, kinds={"ndi": 1}))
    server = await start(database_url)
    await Scene(server.port, real_clock).read_all(cut_after=1, kill=server)
    async with opened(database_url) as db:
        assert await db.read(statement, "SELECT id FROM pulls") != []
        # What fifteen seconds would do: on PostgreSQL the dead process counts as live until its lease runs out.
        await db.write(statement, "UPDATE leases SET expires_at = 0")
    server = await start(database_url)
    seen = await drain(server.port)
    assert len(seen) == MESSAGES
    assert set(seen.values()) == {1}
