"""`/metrics`: who may read it, in which format, and what it says when the database is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from odzew.access.request import Scope
from odzew.clock import FixedClock
from odzew.errors import SettingError
from odzew.operations.gauges import FRESH, PATIENCE
from odzew.store.db import MakeUnit
from odzew.store.directory import Directory
from odzew.store.sqlite import SqliteDatabase
from tests.databases import migrated_file
from tests.operations.metrics_house import HERE, House, without_database

PROXY = "10.0.0.1"
STRANGER = "198.51.100.7"


@pytest.fixture
async def house(tmp_path: Path, clock: FixedClock) -> AsyncIterator[House]:
    db = SqliteDatabase(str(migrated_file(tmp_path / "metrics.db")), clock)
    directory = Directory(installation={"trusted_proxies": [PROXY]})
    yield House(db, clock, lambda: directory)
    await db.close()


# who is connected, X-Forwarded-For, the networks of the setting -> whether it is let in
ACCESS: tuple[tuple[str, str | None, tuple[str, ...], bool], ...] = (
    (HERE, None, ("127.0.0.0/8", "::1"), True),
    ("::1", None, ("127.0.0.0/8", "::1"), True),
    ("::ffff:127.0.0.1", None, ("127.0.0.0/8",), True),
    (STRANGER, None, ("127.0.0.0/8", "::1"), False),
    (STRANGER, None, ("198.51.100.0/24",), True),
    (STRANGER, HERE, ("127.0.0.0/8",), False),
    ("", None, ("127.0.0.0/8",), False),
    ("", None, ("0.0.0.0/0", "::/0"), False),
    (HERE, None, (), False),
    # Through a proxy that is known: who is behind it decides.
    (PROXY, HERE, ("127.0.0.0/8",), True),
    (PROXY, STRANGER, ("127.0.0.0/8", PROXY), False),
    (PROXY, f"{HERE}, {STRANGER}", ("127.0.0.0/8",), False),
    (PROXY, None, (PROXY,), True),
    # Through one that nobody told us of, such as one on this machine: it might be anybody.
    (HERE, STRANGER, ("127.0.0.0/8",), False),
    (HERE, HERE, ("127.0.0.0/8",), False),
    (HERE, "", ("127.0.0.0/8",), False),
)


@pytest.mark.parametrize(("peer", "forwarded", "networks", "let_in"), ACCESS)
async def test_who_may_read(house: House, peer: str, forwarded: str | None, networks: tuple[str, ...], let_in: bool) -> None:
    headers = {} if forwarded is None else {"x_forwarded_for": forwarded}
    answer = await house.get(address=peer, allowed=networks, **headers)
    assert answer.status == (200 if let_in else 403)
    assert (b"odzew_build_info" in answer.body) is let_in


async def test_a_known_proxy_on_this_machine(house: House) -> None:
    house.directory().installation["trusted_proxies"] = ["127.0.0.1"]
    assert (await house.get(x_forwarded_for=STRANGER)).status == 403
    assert (await house.get(allowed=("198.51.100.0/24",), x_forwarded_for=STRANGER)).status == 200


async def test_a_socket_without_an_address_is_nobody(house: House) -> None:
    answers: list[Any] = []

    async def send(event: Any) -> None:
        answers.append(event)

    scope: Scope = {"type": "http", "method": "GET", "path": "/metrics", "headers": [], "client": None}
    await house.app(("0.0.0.0/0",))(scope, asyncio.Future, send)
    assert answers[0]["status"] == 403


@pytest.mark.parametrize("word", ["everybody", "10.0.0.0/33", "localhost"])
def test_what_is_no_network_is_refused_at_the_start(word: str) -> None:
    with pytest.raises(SettingError, match="is no network"):
        without_database(FixedClock()).app((word,))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    (("GET", "/metrics", 200), ("HEAD", "/metrics", 200), ("POST", "/metrics", 405), ("GET", "/metrics/", 404), ("GET", "/metrics/x", 404)),
)
async def test_other_requests(house: House, method: str, path: str, status: int) -> None:
    assert (await house.get(method, path)).status == status
    assert (await house.get(method, path, address=STRANGER)).status == 403


@pytest.mark.parametrize(
    ("accept", "kind", "parse"),
    (
        ("*/*", b"text/plain; version=0.0.4; charset=utf-8", read_text),
        ("application/openmetrics-text;q=0.5,*/*;q=0.1", b"application/openmetrics-text; version=1.0.0; charset=utf-8", read_openmetrics),
    ),
    ids=("text", "openmetrics"),
)
async def test_the_whole_page_can_be_read(house: House, accept: str, kind: bytes, parse: Any) -> None:
    answer = await house.get(accept=accept)
    assert (answer.headers[b"content-type"], answer.headers[b"cache-control"]) == (kind, b"no-store")
    names = {sample.name for family in parse(answer.body.decode()) for sample in family.samples}
    assert {"odzew_build_info", "odzew_messages_total", "odzew_commit_seconds_bucket", "process_cpu_seconds_total"} <= names


async def test_the_process_tells_of_itself(house: House) -> None:
    assert house.value("process_start_time_seconds") == house.clock.now() / 1e6
    assert house.value("process_resident_memory_bytes") > 1 << 20
    assert house.value("process_cpu_seconds_total") > 0
    assert 3 <= house.value("process_open_fds") <= house.value("process_max_fds")


async def test_a_database_that_is_away(house: House) -> None:
    await house.get()
    assert (house.value("odzew_database_up"), house.value("odzew_targets_owed")) == (1, 0)
    await house.db.close()
    house.clock.advance(FRESH)
    assert (await house.get()).status == 200
    assert house.value("odzew_database_up") == 0
    assert house.values("odzew_targets_owed") == {}, "nobody knows"
    assert house.values("odzew_store_errors_total")[("unavailable",)] == 1


async def test_nothing_is_said_of_the_database_before_anybody_asked_it(house: House) -> None:
    assert house.values("odzew_database_up") == house.values("odzew_oldest_owed_seconds") == {}


class Silent(SqliteDatabase):
    """A database behind a network that swallows everything. `asked` counts."""

    def __init__(self, path: str, clock: FixedClock) -> None:
        super().__init__(path, clock)
        self.asked = 0
        self.first = asyncio.Event()

    async def read(self, unit: MakeUnit, *args: Any) -> Any:
        self.asked += 1
        self.first.set()
        return await asyncio.get_running_loop().create_future()


async def test_a_silent_database_is_waited_for_a_while_and_asked_once(tmp_path: Path, clock: FixedClock) -> None:
    db = Silent(str(tmp_path / "silent.db"), clock)
    house = House(db, clock, Directory)
    first = asyncio.create_task(house.get())
    await db.first.wait()
    assert (await house.get()).status == 200, "another one does not wait behind the first"
    clock.advance(PATIENCE)
    assert (await first).status == 200
    assert (db.asked, house.value("odzew_database_up")) == (1, 0)
    await db.close()


async def test_many_who_ask_cost_one_look(tmp_path: Path, clock: FixedClock) -> None:
    db = Silent(str(tmp_path / "asked.db"), clock)
    house = House(db, clock, Directory)
    asking = [asyncio.create_task(house.get()) for _ in range(20)]
    await db.first.wait()
    clock.advance(PATIENCE)
    assert {answer.status for answer in await asyncio.gather(*asking)} == {200}
    assert db.asked == 1
    await db.close()


async def test_a_fault_of_ours_is_told_and_no_more(house: House) -> None:
    def broken() -> Any:
        raise RuntimeError("secret words")

    house.metrics.read("gauge", "odzew_broken", "Broken.", (), broken)
    answer = await house.get()
    assert (answer.status, answer.body) == (503, b"Not available now.\n")
