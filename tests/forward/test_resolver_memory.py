"""What is remembered of names: bounded, judged again at every call, and of no use to a name that points elsewhere later."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from odzew.clock import FixedClock
from odzew.forward.allowance import parse_allowance
from odzew.forward.guard import Guard
from odzew.forward.outcome import Outcome
from odzew.forward.resolver import ResolverLimits, SystemResolver
from odzew.forward.sender import HttpSender
from tests.forward.conftest import Listen
from tests.forward.receiver import HOST, a_call, answers, ok

Answers = list[list[str]]


class Turning:
    """A name server of the test: each name has its answers, given one after the other, the last one again and again."""

    def __init__(self) -> None:
        self.answers: dict[str, Answers] = {}
        self.asked: list[str] = []

    def __call__(self, host: str) -> list[str]:
        self.asked.append(host)
        turns = self.answers[host]
        return turns.pop(0) if len(turns) > 1 else turns[0]


@pytest.fixture
def server() -> Turning:
    return Turning()


def resolver_of(clock: FixedClock, server: Turning, **limits: int) -> SystemResolver:
    return SystemResolver(clock, ResolverLimits(**limits), server)


def some(count: int, first: int = 0) -> list[str]:
    return [f"93.184.{n >> 8}.{n & 255}" for n in range(first, first + count)]


async def test_names_are_remembered_up_to_a_bound_and_the_oldest_is_forgotten(clock: FixedClock, server: Turning) -> None:
    resolver = resolver_of(clock, server, names=3)
    names = [f"n{number}.example" for number in range(4)]
    server.answers = {name: [some(1)] for name in names}
    for name in names:
        await resolver.resolve(name, 1, 3.0)
    assert resolver.remembered == (3, 3)
    for name in [*names[1:], names[0]]:
        await resolver.resolve(name, 1, 3.0)
    assert server.asked == [*names, names[0]]
    resolver.close()


async def test_addresses_are_remembered_up_to_a_bound(clock: FixedClock, server: Turning) -> None:
    resolver = resolver_of(clock, server, addresses=100)
    for number in range(20):
        server.answers[f"n{number}.example"] = [some(30)]
        await resolver.resolve(f"n{number}.example", 1, 3.0)
        assert resolver.remembered[1] <= 100
    assert resolver.remembered == (3, 90)
    resolver.close()


async def test_a_name_that_is_looked_up_again_takes_no_second_place(clock: FixedClock, server: Turning) -> None:
    resolver = resolver_of(clock, server, names=2)
    server.answers = {"a.example": [some(3), some(2)], "b.example": [some(1)], "c.example": [some(1)]}
    await resolver.resolve("a.example", 1, 3.0)
    await resolver.resolve("b.example", 1, 3.0)
    clock.advance(30.1)
    await resolver.resolve("a.example", 1, 3.0)
    assert resolver.remembered == (2, 3)
    await resolver.resolve("c.example", 1, 3.0)  # b was learned before the second answer for a
    await resolver.resolve("a.example", 1, 3.0)
    assert server.asked == ["a.example", "b.example", "a.example", "c.example"]
    resolver.close()


@pytest.fixture
async def naming(clock: FixedClock, server: Turning) -> AsyncIterator[HttpSender]:
    """A sender whose names come from the test's name server, by way of the product's own resolver."""
    resolver = resolver_of(clock, server)
    sender = HttpSender(clock, resolver, Guard())
    yield sender
    await sender.close()
    resolver.close()


async def outcomes(sender: HttpSender, port: int, clock: FixedClock, waits: list[float], allowed: list[str]) -> list[Outcome]:
    """One call after each wait."""
    found: list[Outcome] = []
    for seconds in waits:
        clock.advance(seconds)
        call = a_call(port)
        call.allowances = [parse_allowance(text) for text in allowed]
        found.append((await sender.send(call)).outcome)
    return found


@pytest.mark.parametrize(
    ("what", "turns", "waits", "expected", "asked"),
    [
        ("to a metadata address", [["127.0.0.1"], ["169.254.169.254"]], [0, 31], ["ok", "blocked"], 2),
        ("to another loopback address", [["127.0.0.1"], ["127.0.0.2"]], [0, 31], ["ok", "blocked"], 2),
        ("by one address more", [["127.0.0.1"], ["127.0.0.1", "169.254.169.254"]], [0, 31], ["ok", "blocked"], 2),
        ("within the cache's time: not looked up", [["127.0.0.1"], ["169.254.169.254"]], [0, 10, 10], ["ok", "ok", "ok"], 1),
        ("after a refusal: that is remembered too", [["169.254.169.254"], ["127.0.0.1"]], [0, 10, 21], ["blocked", "blocked", "ok"], 2),
        ("there and back", [["127.0.0.1"], ["::1"], ["127.0.0.1"]], [0, 31, 31], ["ok", "blocked", "ok"], 3),
    ],
)
async def test_a_name_that_changes(
    naming: HttpSender, listen: Listen, clock: FixedClock, server: Turning, what: str, turns: Answers, waits: list[float],
    expected: list[str], asked: int,
) -> None:  # fmt: skip
    receiver = await listen(answers(*[ok()] * 3))
    server.answers[HOST] = turns
    assert await outcomes(naming, receiver.port, clock, waits, ["127.0.0.1"]) == expected, what
    assert len(server.asked) == asked
    assert len(receiver.requests) == expected.count("ok")


async def test_what_is_remembered_is_judged_by_the_allowances_of_each_call(
    naming: HttpSender, listen: Listen, clock: FixedClock, server: Turning
) -> None:
    receiver = await listen(answers(ok(), ok()))
    server.answers[HOST] = [["127.0.0.1"]]
    allowed = [["127.0.0.1"], [], ["10.0.0.0/8"], ["127.0.0.0/8"]]
    found = [await outcomes(naming, receiver.port, clock, [0.0], one) for one in allowed]
    assert found == [["ok"], ["blocked"], ["blocked"], ["ok"]]
    assert (server.asked, len(receiver.requests)) == ([HOST], 2)


@pytest.mark.parametrize(("count", "expected"), [(100, "blocked"), (101, "dns"), (10_000, "dns")])
async def test_a_name_with_very_many_addresses_is_not_called(
    naming: HttpSender, clock: FixedClock, server: Turning, count: int, expected: str
) -> None:
    server.answers[HOST] = [[*some(count - 1), "127.0.0.1"]]
    assert await outcomes(naming, 8080, clock, [0.0, 0.0], []) == [expected] * 2
    assert len(server.asked) == 1, "it is remembered, so that it is not asked for at every call"
