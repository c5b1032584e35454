"""While the database is away the engine tries again and again, and leaves it to others to say so once (`store.outage`)."""

from __future__ import annotations

from structlog.testing import capture_logs

from tests.forward.conftest import Open


async def test_a_hundred_targets_make_no_line_each_second(gateway: Open) -> None:
    here = await gateway()
    for number in range(100):
        await here.owe(await here.a_target(f"{number}.example"), 1, offer=False)
    here.db.away = {"read"}
    with capture_logs() as log:
        here.engine.look()
        await here.advance(seconds=30)
    assert [line for line in log if line["log_level"] != "debug"] == []
    here.db.away = set()
    await here.advance(seconds=5)
    assert set((await here.states()).values()) == {"delivered"}


async def test_outcomes_that_wait_make_no_line_for_each_try(gateway: Open) -> None:
    here = await gateway()
    target = await here.a_target()
    await here.owe(target, 3)
    here.db.away = {"write"}
    with capture_logs() as log:
        await here.advance(seconds=30)
    assert [line for line in log if line["log_level"] != "debug"] == []
    here.db.away = set()
    await here.advance(seconds=5)
    assert set((await here.states()).values()) == {"delivered"}
    assert len(here.sender.made) == 3, "nobody is called twice"
