"""Names to addresses: bounded, shared fairly, and never waited for too long."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from odzew.clock import FixedClock
from odzew.forward.resolver import MOST_ADDRESSES, NameFailure, ResolverLimits, SystemResolver, system_lookup


class NameServer:
    """A name server of the test: it answers from a table; names that start with `slow` wait until they are let go."""

    def __init__(self) -> None:
        self.answers: dict[str, list[str] | Exception] = {}
        self.asked: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()
        self.let_go = threading.Event()

    def __call__(self, host: str) -> list[str]:
        with self._lock:
            self.asked.append(host)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if host.startswith("slow"):
                self.let_go.wait()
            answer = self.answers.get(host, ["93.184.215.14"])
            if isinstance(answer, Exception):
                raise answer
            return answer
        finally:
            with self._lock:
                self.at_once -= 1


@pytest.fixture
def server() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.let_go.set()


Make = Callable[..., SystemResolver]


@pytest.fixture
async def make(clock: FixedClock, server: NameServer) -> AsyncIterator[Make]:
    made: list[SystemResolver] = []

    def make(**limits: float) -> SystemResolver:
        made.append(SystemResolver(clock, ResolverLimits(**limits), server))  # type: ignore[arg-type]  # a row of numbers
        return made[-1]

    yield make
    for resolver in made:
        resolver.close()


async def outcome(resolver: SystemResolver, host: str, account: int = 1, seconds: float = 3.0) -> str:
    try:
        return " ".join(await resolver.resolve(host, account, seconds))
    except NameFailure as failure:
        return failure.outcome


async def until(condition: Callable[[], bool]) -> None:
    """Lets the loop and the threads run, a few turns at least, until something has happened."""
    loop = asyncio.get_running_loop()
    turns = 0
    while turns < 5 or not condition():
        await loop.run_in_executor(None, lambda: None)
        turns += 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (["93.184.215.14"], "93.184.215.14"),
        (["93.184.215.14", "93.184.215.14", "2606:2800::1"], "93.184.215.14 2606:2800::1"),
        ([], "dns"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "dns"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), "dns"),
        (OSError(24, "Too many open files"), "dns"),
        (UnicodeError("label empty or too long"), "dns"),
        (ValueError("embedded null byte"), "dns"),
        (RuntimeError("a fault of the library"), "dns"),
        ([f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(MOST_ADDRESSES + 1)], "dns"),
    ],
)
async def test_answers(make: Make, server: NameServer, answer: list[str] | Exception, expected: str) -> None:
    server.answers["a.example"] = answer
    assert await outcome(make(), "a.example") == expected


async def test_every_address_is_given_up_to_the_cap(make: Make, server: NameServer) -> None:
    server.answers["a.example"] = [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(MOST_ADDRESSES)]
    assert len(await make().resolve("a.example", 1, 3.0)) == MOST_ADDRESSES


async def test_an_answer_is_remembered_for_thirty_seconds(make: Make, server: NameServer, clock: FixedClock) -> None:
    resolver = make()
    for _ in range(3):
        await resolver.resolve("a.example", 1, 3.0)
    clock.advance(29.9)
    await resolver.resolve("a.example", 2, 3.0)
    assert server.asked == ["a.example"]
    clock.advance(0.2)
    server.answers["a.example"] = ["93.184.215.15"]
    assert await outcome(resolver, "a.example") == "93.184.215.15"
    assert server.asked == ["a.example"] * 2


async def test_a_failure_is_remembered_for_a_second(make: Make, server: NameServer, clock: FixedClock) -> None:
    resolver = make()
    server.answers["a.example"] = socket.gaierror(socket.EAI_AGAIN, "later")
    assert [await outcome(resolver, "a.example") for _ in range(3)] == ["dns"] * 3
    assert len(server.asked) == 1
    clock.advance(1.1)
    del server.answers["a.example"]
    assert await outcome(resolver, "a.example") == "93.184.215.14"


async def test_waiting_stops_after_three_seconds(make: Make, server: NameServer, clock: FixedClock) -> None:
    resolver = make()
    waiting = asyncio.create_task(outcome(resolver, "slow.example"))
    await until(lambda: bool(server.asked))
    clock.advance(2.9)
    await until(lambda: True)
    assert not waiting.done()
    clock.advance(0.2)
    assert await waiting == "timeout_dns"
    assert resolver.running == 1
    server.let_go.set()
    await until(lambda: resolver.running == 0)
    assert await outcome(resolver, "slow.example") == "93.184.215.14"
    assert len(server.asked) == 1, "the late answer was used"


async def test_at_most_two_look_ups_at_once_for_an_account(make: Make, server: NameServer, clock: FixedClock) -> None:
    resolver = make()
    slow = [asyncio.create_task(outcome(resolver, f"slow{n}.example")) for n in range(5)]
    await until(lambda: len(server.asked) == 2)
    assert await outcome(resolver, "quick.example", account=2) == "93.184.215.14"
    assert len(server.asked) == 3
    server.let_go.set()
    assert await asyncio.gather(*slow) == ["93.184.215.14"] * 5
    assert server.most_at_once <= 3


async def test_abandoned_look_ups_keep_the_place_of_their_account_and_nobody_elses(
    make: Make, server: NameServer, clock: FixedClock
) -> None:
    resolver = make()
    slow = [asyncio.create_task(outcome(resolver, f"slow{n}.example")) for n in range(2)]
    await until(lambda: len(server.asked) == 2)
    clock.advance(3.1)
    assert await asyncio.gather(*slow) == ["timeout_dns"] * 2
    own = asyncio.create_task(outcome(resolver, "quick.example"))
    await until(lambda: True)
    assert await outcome(resolver, "other.example", account=2) == "93.184.215.14"
    clock.advance(3.1)
    assert await own == "timeout_dns"
    assert "quick.example" not in server.asked, "one that nobody waits for is not started"
    server.let_go.set()
    await until(lambda: resolver.running == 0)
    assert await outcome(resolver, "quick.example") == "93.184.215.14"


async def test_many_accounts_with_dead_name_servers_leave_threads_for_the_others(make: Make, server: NameServer, clock: FixedClock) -> None:
    resolver = make()
    slow = [asyncio.create_task(outcome(resolver, f"slow{n}.example", account=n // 4)) for n in range(160)]
    await until(lambda: len(server.asked) == 80)
    assert await outcome(resolver, "quick.example", account=99) == "93.184.215.14"
    clock.advance(3.1)
    assert await asyncio.gather(*slow) == ["timeout_dns"] * 160
    assert server.most_at_once == 81


async def test_waiting_ends_in_time_when_every_thread_is_stuck(make: Make, server: NameServer, clock: FixedClock) -> None:
    resolver = make(threads=4)
    slow = [asyncio.create_task(outcome(resolver, f"slow{n}.example", account=n // 2)) for n in range(4)]
    await until(lambda: len(server.asked) == 4)
    late = asyncio.create_task(outcome(resolver, "quick.example", account=9))
    await until(lambda: resolver.running == 5)
    clock.advance(3.1)
    assert await asyncio.gather(*slow, late) == ["timeout_dns"] * 5
    assert server.most_at_once == 4
    server.let_go.set()
    await until(lambda: resolver.running == 0)
    assert await outcome(resolver, "quick.example", account=9) == "93.184.215.14"


async def test_equal_names_are_looked_up_once(make: Make, server: NameServer) -> None:
    resolver = make()
    waiting = [asyncio.create_task(outcome(resolver, "slow.example", account=n % 3)) for n in range(9)]
    await until(lambda: bool(server.asked))
    server.let_go.set()
    assert await asyncio.gather(*waiting) == ["93.184.215.14"] * 9
    assert server.asked == ["slow.example"]


async def test_a_name_queued_for_one_account_joins_the_look_up_of_another(make: Make, server: NameServer) -> None:
    resolver = make(per_account=1)
    first = asyncio.create_task(outcome(resolver, "slow1.example", account=1))
    await until(lambda: "slow1.example" in server.asked)
    queued = asyncio.create_task(outcome(resolver, "slow2.example", account=1))
    await until(lambda: True)
    other = asyncio.create_task(outcome(resolver, "slow2.example", account=2))
    await until(lambda: len(server.asked) == 2)
    server.let_go.set()
    assert set(await asyncio.gather(first, queued, other)) == {"93.184.215.14"}
    assert server.asked.count("slow2.example") == 1


async def test_one_who_is_called_off_does_not_disturb_the_others(make: Make, server: NameServer) -> None:
    resolver = make()
    waiting = [asyncio.create_task(outcome(resolver, "slow.example")) for _ in range(3)]
    await until(lambda: bool(server.asked))
    waiting[1].cancel()
    await until(waiting[1].done)
    server.let_go.set()
    assert [await waiting[0], await waiting[2]] == ["93.184.215.14"] * 2
    assert waiting[1].cancelled()


def test_the_system_knows_itself() -> None:
    assert "127.0.0.1" in system_lookup("localhost")
    assert system_lookup("127.0.0.1") == ["127.0.0.1"]
