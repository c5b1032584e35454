"""The store fails in the flow: nothing that was acknowledged is lost, the rest is refused for now, and the server goes on by itself."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from odzew.clock import Clock
from odzew.wire.status import Status
from proof.faults import broken_sync, nothing
from proof.faults_flow import Flow, Outcome, tell
from proof.faults_postgres import Postgres
from proof.report import Report
from proof.smpp_network import Judged

SECONDS = (0.5, 1.0, 0.5)
MOST_LINES = 6  # one for reads and one for writes; a few more where connections are won and lost again


def faults(found: Outcome) -> list[str]:
    """What did not go as promised."""
    judged, lines = found.judged, found.log.get("store_unavailable", 0)
    holds = {
        "there was a flow": judged.messages > 0,
        "nothing is lost": (judged.missing, judged.not_taken, judged.other, found.not_delivered) == (0, 0, 0, 0),
        "the client gets nothing twice": found.delivered_again == judged.twice,
        "something was refused, all of it for now": found.refused > 0 and not found.refused_for_good,
        "the server goes on, and ends in order": found.stopped_with == 0,
        "the log does not say it for each try": lines <= MOST_LINES,
        "no stack trace": not found.traces,
    }
    return [what for what, held in holds.items() if not held]


async def test_a_postgres_that_crashes(pg_database: str, tmp_path: Path, real_clock: Clock) -> None:
    operator = await asyncpg.connect(pg_database)
    there = Postgres(pg_database, Path(await operator.fetchval("SHOW data_directory")), real_clock)
    await operator.close()
    flow = Flow(pg_database, tmp_path, real_clock, seconds=SECONDS)
    assert faults(await flow.through(partial(there.restarted, mode="immediate"))) == []


@pytest.mark.parametrize("trouble", ["killed_again_and_again", "no_connection_free"])
async def test_connections_that_are_lost(trouble: str, pg_database: str, tmp_path: Path, real_clock: Clock) -> None:
    there = Postgres(pg_database, tmp_path, real_clock)
    assert faults(await Flow(pg_database, tmp_path, real_clock, seconds=SECONDS).through(getattr(there, trouble))) == []


async def test_a_disk_that_does_not_sync_for_a_while(tmp_path: Path, real_clock: Clock) -> None:
    url = f"sqlite:///{tmp_path / 'odzew.db'}"
    flow = Flow(url, tmp_path, real_clock, seconds=SECONDS, wrapped_in=broken_sync("30..45"))
    assert faults(await flow.through(nothing)) == []


# --- the judge can fail --------------------------------------------------------------------------------------------------

GOOD = Outcome(Judged(messages=10), {int(Status.ROK): 10, int(Status.RX_T_APPN): 3}, stopped_with=0)

BAD = [
    ("lost", replace(GOOD, judged=Judged(messages=10, missing=1))),
    ("never answered with ESME_ROK", replace(GOOD, judged=Judged(messages=10, not_taken=1))),
    ("never delivered", replace(GOOD, not_delivered=1)),
    ("delivered twice", replace(GOOD, delivered_again=1)),
    ("nothing was refused, so it was no trouble", replace(GOOD, answers={int(Status.ROK): 10})),
    ("refused for good", replace(GOOD, answers=GOOD.answers | {int(Status.RSYSERR): 1})),
    ("the server died", replace(GOOD, stopped_with=1)),
    ("the server did not end", replace(GOOD, stopped_with=None)),
    ("a stack trace", replace(GOOD, traces=1)),
]


def test_the_judge_is_content(real_clock: Clock) -> None:
    report = Report("faults", real_clock)
    tell(report, "good", GOOD)
    assert report.held
    assert json.dumps(report._rows)


@pytest.mark.parametrize(("why", "found"), BAD, ids=[why for why, _ in BAD])
def test_the_judge_finds(why: str, found: Outcome, real_clock: Clock) -> None:
    report = Report("faults", real_clock)
    tell(report, why, found)
    assert not report.held
