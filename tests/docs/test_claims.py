"""Tables of examples in the pages, held against the program."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from odzew.clock import MINUTE, SECOND
from odzew.forward.call import KIB, SenderLimits
from odzew.forward.engine import EngineLimits
from odzew.forward.guard import FIRST_FREE_PORT, LAST_PORT
from odzew.forward.schedule import DEFAULT_MINUTES, Schedule
from odzew.settings import BY_NAME
from odzew.store.migrate import MIGRATIONS
from odzew.wire import folding
from tests.docs.house import set_up
from tests.docs.pages import page

KEYWORDS = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| (yes|no)", page("receiving.md").section("Keywords"), re.MULTILINE)
REPEATS = page("forwarding.md").section("Repeats")
TABLES = sorted({name for engine in MIGRATIONS.values() for _, _, sql in engine for name in re.findall(r"CREATE TABLE (\w+)", sql)})
SQL = re.findall(r'^sqlite3 \S+ "([A-Z][^"]+)"', page("storage.md").text, re.MULTILINE)


def minutes_of(schedule: Schedule) -> str:
    return ", ".join(f"{seconds * SECOND / MINUTE:g}" for seconds in schedule.offsets())


@pytest.mark.parametrize(("keyword", "text", "verdict"), KEYWORDS)
def test_the_keyword_matches_as_told(keyword: str, text: str, verdict: str) -> None:
    assert folding.starts_with(folding.words(text), folding.words(keyword)) == (verdict == "yes")


def test_there_are_keywords_of_both_kinds() -> None:
    assert {verdict for _, _, verdict in KEYWORDS} == {"yes", "no"}


@pytest.mark.parametrize(
    ("told", "schedule"),
    (
        ('`retry_minutes = [5, 10, 15, 60]`, `retry_basis = "first"` (default)', Schedule()),
        ('the same with `retry_basis = "previous"`', Schedule(DEFAULT_MINUTES, "previous")),
        ("`retry_minutes = [0.5, 2]`", Schedule((0.5, 2.0))),
    ),
    ids=("default", "previous", "fractions"),
)
def test_the_calls_are_made_as_told(told: str, schedule: Schedule) -> None:
    assert f"| {told} | {minutes_of(schedule)} |" in REPEATS


def test_the_default_schedule_is_the_setting() -> None:
    assert BY_NAME["retry_minutes"].default == DEFAULT_MINUTES
    assert "**5, 10, 15 and 60 minutes after the first attempt**" in REPEATS


def test_the_limits_of_a_call_are_as_told() -> None:
    told = page("forwarding.md").section("The call")
    limits, engine = SenderLimits(), EngineLimits()
    assert f"| name look-up | {limits.dns:g} s |" in told
    assert f"| connection | {limits.connect:g} s (`connect_seconds`) |" in told
    assert f"{limits.total:g} s (`answer_seconds`), 1 s more for each 256 KiB sent, at most {limits.total_at_most:g} s" in told
    assert f"{limits.answer // KIB} KiB are read, {limits.kept // KIB} KiB are kept" in told
    assert f"{engine.calls_per_target} for each target" in told
    assert f"{engine.calls_per_account} for each account, {engine.calls} in all" in told
    assert f"Ports are 80, 443 and {FIRST_FREE_PORT} to {LAST_PORT}" in page("forwarding.md").text


@pytest.mark.parametrize("name", [*TABLES, "migrations"])
def test_every_table_of_the_database_is_documented(name: str) -> None:
    assert f"`{name}`" in page("storage.md").section("Tables")


async def test_the_backup_of_sqlite_is_whole(tmp_path: Path) -> None:
    path, copy = tmp_path / "odzew.db", tmp_path / "copy.db"
    await set_up(path, '[[account]]\nname = "acme"\n', {})
    backup, check = SQL
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(backup.replace("/var/backups/odzew.db", str(copy)))
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute(check).fetchall() == [("ok",)]
        assert connection.execute("SELECT name FROM accounts").fetchall() == [("acme",)]
