"""One bind: connecting, waiting longer and longer, the next host, and what is written down before it binds again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest
from structlog.testing import capture_logs

from odzew.clock import FixedClock
from odzew.errors import StoreFull
from odzew.ingest.smpp.bind import FORBIDDEN, LIVED
from odzew.store.db import Database
from odzew.store.leases import Fence, take
from odzew.wire.pdu import Command, Status, pack, read_bind
from tests.ingest.smpp.office import Away, Held, moving, rows
from tests.ingest.smpp.peer import Smsc, deliver, turns, until

Hold = Callable[..., Held]
SESSIONS = "SELECT slot, process, messages, why FROM sessions WHERE ended_at IS NOT NULL ORDER BY id"
SUSPECTS = "SELECT arrival_id FROM suspects ORDER BY arrival_id"


@pytest.fixture
async def smsc() -> AsyncIterator[Smsc]:
    smsc = await Smsc().start()
    yield smsc
    await smsc.stop()


@pytest.fixture
def away(file_db: Database) -> Away:
    return Away(file_db)


@pytest.fixture
async def hold(away: Away, clock: FixedClock, smsc: Smsc) -> AsyncIterator[Hold]:
    held: list[Held] = []

    def hold(addresses: list[str] | None = None, **options: object) -> Held:
        held.append(Held(away, clock, addresses or [smsc.host], **options))
        return held[-1]

    yield hold
    away.away = away.hangs = False
    for one in held:
        await one.stop()


async def test_it_is_bound_and_takes_messages_under_a_session_s_id(hold: Hold, smsc: Smsc, away: Away, clock: FixedClock) -> None:
    held = hold(password="env:SMPP_PASSWORD")
    await held.comes_to("bound")
    assert read_bind(smsc.talk.heard[0]).password == "hidden"
    smsc.talk.say(deliver(sequence=1))
    await smsc.talk.answered(1)
    (opened,) = await rows(away._db, "SELECT id, source_id, slot, process, host, ended_at FROM sessions")
    assert opened[1:] == (7, 0, "here", smsc.host, None)
    assert held.shelf.arrivals[0].session_id == opened[0]
    state = held.state
    assert (state.source, state.slot, state.host, state.bound_at, state.fault) == ("net", 0, smsc.host, clock.now(), "")
    assert state.progress is not None
    assert state.progress.messages == 1


async def test_nothing_is_taken_before_the_session_is_opened(hold: Hold, smsc: Smsc, away: Away) -> None:
    smsc.with_bind = [deliver(sequence=1)]
    held = hold()
    await smsc_answered(smsc, 1)
    assert [arrival.session_id for arrival in held.shelf.arrivals] == [1]


async def smsc_answered(smsc: Smsc, sequence: int) -> None:
    await until(lambda: bool(smsc.talks) and sequence in smsc.talk.answers())


async def test_a_stop_in_order_leaves_no_doubt(hold: Hold, smsc: Smsc, away: Away) -> None:
    held = hold()
    await held.comes_to("bound")
    smsc.talk.say(deliver(sequence=1))
    await smsc.talk.answered(1)
    await held.bind.stop(held.task, 5.0)  # no time passes
    assert (held.task.done(), held.state.phase) == (True, "stopped")
    assert await rows(away._db, SESSIONS) == [(0, "here", 1, "unbound")]
    assert await rows(away._db, SUSPECTS) == []


async def test_a_loss_is_written_down_before_the_next_bind(hold: Hold, smsc: Smsc, away: Away, clock: FixedClock) -> None:
    held = hold()
    await held.comes_to("bound")
    smsc.talk.say(deliver(sequence=1))
    await smsc.talk.answered(1)
    away.away = True
    smsc.talk.reset()
    await until(lambda: away.units.count("end_session") == 1)
    for _ in range(20):
        clock.advance(10)
        await turns()
    assert (len(smsc.talks), held.state.phase) == (1, "ending")
    assert 3 <= away.units.count("end_session") <= 10  # growing waits
    away.away = False
    await moving(clock, until(lambda: len(smsc.talks) == 2))
    await held.comes_to("bound")
    assert await rows(away._db, SUSPECTS) == [(1,)]
    assert [row[2] for row in await rows(away._db, SESSIONS)] == [1]


def _talked(smsc: Smsc, sessions: int) -> bool:
    return len(smsc.talks) == sessions


async def test_refusals_are_counted_over_all_sessions(hold: Hold, smsc: Smsc, clock: FixedClock) -> None:
    held = hold()
    held.shelf.raises = StoreFull("too many")
    for session in (1, 2):
        await held.comes_to("bound")
        smsc.talk.say(deliver(sequence=1))
        await smsc.talk.answered(1)
        assert held.state.refused == {"ESME_RMSGQFUL": session}
        smsc.talk.reset()
        await moving(clock, until(partial(_talked, smsc, session + 1)))
    assert held.state.refused == {"ESME_RMSGQFUL": 2}


async def test_what_is_in_hand_is_waited_for(hold: Hold, smsc: Smsc, away: Away, clock: FixedClock) -> None:
    held = hold()
    await held.comes_to("bound")
    held.shelf.patient = True
    smsc.talk.say(deliver(sequence=1))
    await until(lambda: bool(held.shelf.waiting))
    smsc.talk.reset()
    await held.comes_to("ending")
    clock.advance(100)
    await turns()
    assert (len(smsc.talks), "end_session" in away.units) == (1, False)
    held.shelf.release()
    await until(lambda: "end_session" in away.units)
    await moving(clock, until(lambda: len(smsc.talks) == 2))
    assert await rows(away._db, SUSPECTS) == [(1,)]


async def test_a_session_that_cannot_be_opened_is_unbound(hold: Hold, smsc: Smsc, away: Away, clock: FixedClock) -> None:
    away.away = True
    smsc.with_bind = [deliver(sequence=1)]
    held = hold()
    await held.comes_to("waiting")
    assert len(smsc.talk.of(Command.UNBIND)) == 1
    assert smsc.talk.answers() == {1: Status.RX_T_APPN}
    assert "the session could not be stored: the database is away" in held.state.fault
    away.away = False
    await moving(clock, until(lambda: held.state.phase == "bound"))


async def test_a_store_that_hangs_does_not_keep_the_network_waiting(hold: Hold, smsc: Smsc, away: Away, clock: FixedClock) -> None:
    away.hangs = True
    held = hold(bind_seconds=4)
    await until(lambda: "_open" in away.units)
    clock.advance(4)
    await held.comes_to("waiting")
    assert "the database did not answer" in held.state.fault


# --- waits and hosts ---------------------------------------------------------------------------------------------------


async def waits_of(held: Held, clock: FixedClock, count: int, event: Callable[[], int]) -> list[float]:
    """How long it waits before each of the next tries; `event` counts them."""
    found = []
    for _ in range(count):
        await held.comes_to("waiting")
        before, began = event(), clock.monotonic()
        while event() == before:
            clock.advance(0.1)
            await turns()
        found.append(clock.monotonic() - began)
    return found


async def test_a_refused_bind_is_tried_again_less_and_less_often(hold: Hold, smsc: Smsc, clock: FixedClock) -> None:
    smsc.bind_statuses = [Status.RINVPASWD] * 9
    with capture_logs() as lines:
        held = hold()
        waits = await waits_of(held, clock, 5, lambda: len(smsc.talks))
    assert [round(wait / 1.1) for wait in waits] == pytest.approx([1, 2, 4, 8, 16], abs=1)
    assert waits == sorted(waits)
    assert "ESME_RINVPASWD" in held.state.fault
    assert "password is wrong" in held.state.fault
    assert {line["event"] for line in lines} == {"smpp_not_bound"}


async def test_why_it_is_not_bound_is_written_down_until_it_is(hold: Hold, smsc: Smsc, away: Away, clock: FixedClock) -> None:
    smsc.bind_statuses = [Status.RINVPASWD]
    held = hold()
    await held.comes_to("waiting")
    away.away = True
    await held.bind.settle()  # cannot be written now, and is next time
    away.away = False
    await held.bind.settle()
    ((host, why),) = await rows(away._db, "SELECT host, why FROM unbound WHERE source_id = 7 AND slot = 0")
    assert (host, "password" in why.lower()) == (smsc.host, True)
    clock.advance(2.0)
    await held.comes_to("bound")
    assert await rows(away._db, "SELECT host FROM unbound") == []


async def test_a_bind_that_lived_starts_again_with_the_first_wait(hold: Hold, smsc: Smsc, clock: FixedClock) -> None:
    smsc.bind_statuses = [Status.RALYBND] * 4
    held = hold()
    await waits_of(held, clock, 4, lambda: len(smsc.talks))
    await held.comes_to("bound")
    clock.advance(LIVED + 1)
    smsc.talk.say(pack(Command.UNBIND, 0, 1))
    (wait,) = await waits_of(held, clock, 1, lambda: len(smsc.talks))
    assert wait < 1.5


async def test_a_bind_that_did_not_live_does_not(hold: Hold, smsc: Smsc, clock: FixedClock) -> None:
    held = hold()
    waits = []
    for _ in range(3):
        await held.comes_to("bound")
        smsc.talk.close()
        waits += await waits_of(held, clock, 1, lambda: len(smsc.talks))
    assert waits[-1] > 3.9


async def test_the_next_host_after_a_failure_without_waiting(hold: Hold, smsc: Smsc, clock: FixedClock) -> None:
    gone = await Smsc().start()
    await gone.stop()
    with capture_logs() as lines:
        held = hold([gone.host, smsc.host])
        await held.comes_to("bound")
    assert held.state.host == smsc.host
    assert [(line["event"], line["host"]) for line in lines] == [("smpp_not_bound", gone.host), ("smpp_bound", smsc.host)]
    assert "no connection" in lines[0]["why"]


async def test_a_host_that_hangs_up_at_once_does_not_keep_us_from_the_next(hold: Hold, smsc: Smsc, clock: FixedClock) -> None:
    other = await Smsc().start()
    held = hold([smsc.host, other.host])
    await held.comes_to("bound")
    smsc.talk.close()
    await moving(clock, until(lambda: len(other.talks) == 1))
    await held.comes_to("bound")
    assert held.state.host == other.host
    clock.advance(LIVED + 1)
    other.talk.close()
    await moving(clock, until(lambda: len(smsc.talks) == 2))  # the first one is tried first again
    await held.stop()
    await other.stop()


async def test_a_host_that_does_not_answer(hold: Hold, smsc: Smsc, clock: FixedClock) -> None:
    smsc.answers_binds = False
    held = hold(bind_seconds=5)
    await until(lambda: bool(smsc.talks and smsc.talk.heard))
    clock.advance(5)
    await held.comes_to("waiting")
    assert held.state.fault == "the bind was not answered within 5 s"


@pytest.mark.parametrize("host", ["no-such-host.invalid:2775", f"{'a' * 64}.example:1", "..:1"])
async def test_a_name_without_an_address(hold: Hold, host: str) -> None:
    held = hold([host])
    await held.comes_to("waiting")
    assert held.state.fault.startswith("no connection: ")


@pytest.mark.parametrize(
    ("options", "words"),
    [({"password": "env:NOWHERE"}, "no NOWHERE"), ({"system_id": "a\0b"}, "NUL"), ({"tls": True, "tls_ca": "missing.pem"}, "PEM")],
)
async def test_options_that_cannot_work_are_told(hold: Hold, smsc: Smsc, options: dict[str, object], words: str) -> None:
    held = hold(**options)
    await held.comes_to("waiting")
    assert words in held.state.fault


# --- allowed, forbidden, stopped ---------------------------------------------------------------------------------------


async def test_forbidden_it_unbinds_and_allowed_it_binds_again(hold: Hold, smsc: Smsc, clock: FixedClock) -> None:
    held = hold()
    await held.comes_to("bound")
    held.bind.forbid()
    await until(lambda: smsc.talk.gone)
    await moving(clock, until(lambda: held.state.phase == "elsewhere"))
    assert len(smsc.talk.of(Command.UNBIND)) == 1
    held.bind.allow()
    await until(lambda: len(smsc.talks) == 2)
    await held.comes_to("bound")


async def test_forbidden_it_does_not_wait_for_the_store(hold: Hold, smsc: Smsc, clock: FixedClock) -> None:
    held = hold()
    await held.comes_to("bound")
    held.shelf.patient = True
    smsc.talk.say(deliver(sequence=1))
    await until(lambda: bool(held.shelf.waiting))
    held.bind.forbid()
    clock.advance(FORBIDDEN)
    await until(lambda: smsc.talk.gone)
    assert smsc.talk.answers() == {}
    held.shelf.release()


async def test_forbidden_while_it_connects_it_is_not_bound_after_all(hold: Hold, smsc: Smsc, clock: FixedClock) -> None:
    smsc.answers_binds = False
    held = hold()
    await until(lambda: bool(smsc.talks and smsc.talk.heard))
    held.bind.forbid()
    await until(lambda: smsc.talk.gone)
    await moving(clock, until(lambda: held.state.phase == "elsewhere"))
    assert len(smsc.talks) == 1


@pytest.mark.parametrize("phase", ["connecting", "waiting", "elsewhere"])
async def test_a_stop_in_every_phase(hold: Hold, smsc: Smsc, phase: str) -> None:
    smsc.answers_binds = phase != "connecting"
    smsc.bind_statuses = [Status.RBINDFAIL]
    held = hold()
    if phase == "elsewhere":
        held.bind.forbid()
    await held.comes_to(phase)
    await held.bind.stop(held.task, 5.0)  # no time passes
    assert held.task.done()


async def test_a_stop_while_the_store_is_away_gives_up(hold: Hold, smsc: Smsc, away: Away) -> None:
    held = hold()
    await held.comes_to("bound")
    away.away = True
    smsc.talk.reset()
    await until(lambda: "end_session" in away.units)
    await held.bind.stop(held.task, 5.0)
    assert held.task.done()
    assert await rows(away._db, SESSIONS) == []  # open: the next session takes it for one that died


async def test_a_stop_cuts_off_a_store_that_hangs(hold: Hold, smsc: Smsc, away: Away, clock: FixedClock) -> None:
    held = hold()
    await held.comes_to("bound")
    held.shelf.patient = True
    smsc.talk.say(deliver(sequence=1))
    await until(lambda: bool(held.shelf.waiting))
    with capture_logs() as lines:
        await moving(clock, held.bind.stop(held.task, 5.0))
    assert held.task.done()
    assert "smpp_cut_off" in [line["event"] for line in lines]
    await until(lambda: smsc.talk.gone)


async def test_how_it_ended_is_logged(hold: Hold, smsc: Smsc) -> None:
    with capture_logs() as lines:
        held = hold()
        await held.comes_to("bound")
        smsc.talk.say(deliver(sequence=1), pack(Command.ALERT_NOTIFICATION, 0, 2))
        await smsc.talk.answered(1)
        smsc.talk.reset()
        await held.comes_to("waiting")
    (line,) = [line for line in lines if line["event"] == "smpp_lost"]
    assert (line["log_level"], line["source"], line["slot"], line["messages"], line["may_come_twice"]) == ("warning", "net", 0, 1, 1)
    assert line["alert_notification"] == 1
    assert held.state.fault == line["why"]


async def test_how_far_it_is_is_noted_only_when_that_changed(hold: Hold, smsc: Smsc, away: Away, clock: FixedClock) -> None:
    held = hold()
    await held.bind.settle()
    await held.comes_to("bound")
    smsc.talk.say(deliver(sequence=1))
    await smsc.talk.answered(1)
    for _ in range(3):
        await held.bind.settle()
    assert away.units.count("settle") == 1
    clock.advance(5)
    away.away = True
    await held.bind.settle()
    away.away = False
    await asyncio.gather(held.bind.settle(), turns())
    await held.bind.settle()
    assert away.units.count("settle") == 3
    assert await rows(away._db, "SELECT messages, settled FROM sessions") == [(1, 1)]


async def test_who_does_not_hold_the_slot_any_more_opens_no_session(hold: Hold, smsc: Smsc, away: Away) -> None:
    """It would end the session of who does."""
    await away.write(take, "bind:7:0", "another", 15_000_000)
    held = hold()
    held.bind.fence = Fence("bind:7:0", "here", 1)
    await held.comes_to("waiting")
    assert "another process holds bind:7:0 now" in held.state.fault
    assert len(smsc.talk.of(Command.UNBIND)) == 1
    assert await rows(away._db, "SELECT 1 FROM sessions") == []
