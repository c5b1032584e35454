"""Calls on a kept connection without a task: what they answer is what `send` answers, and each is told once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from odzew.clock import FixedClock
from odzew.forward.call import Answer, Call
from odzew.forward.sender import HttpSender
from tests.forward.conftest import Listen
from tests.forward.receiver import Receiver, TableResolver, Visit, a_call, answers, ok, until


@dataclass
class Told:
    """What a caller is told, and how often."""

    answers: list[Answer] = field(default_factory=list)

    def __call__(self, answer: Answer) -> None:
        self.answers.append(answer)

    async def once(self) -> Answer:
        await until(lambda: bool(self.answers))
        assert len(self.answers) == 1
        return self.answers[0]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def resolver() -> TableResolver:
    """Names that were resolved are remembered."""
    resolver = TableResolver()
    resolver.remembers = True
    return resolver


async def warm(sender: HttpSender, receiver: Receiver) -> None:
    """Leaves a kept connection."""
    assert (await sender.send(a_call(receiver.port))).outcome == "ok"


def second(answer: bytes) -> Callable[[Visit], object]:
    return answers(ok(), answer)


ANSWERS = (
    pytest.param(ok(b"fine"), id="ok"),
    pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", id="no body"),
    pytest.param(b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno", id="500"),
    pytest.param(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", id="retry-after"),
    pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nOK", id="closed after it"),
    pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n", id="chunked"),
    pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + ok(), id="interim"),
    pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 20 + ok(), id="too many interim"),
    pytest.param(ok(b"x" * 100_000), id="long body"),
    pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 40_000 + b"\r\n\r\n", id="long head"),
    pytest.param(b"what is this\r\n\r\n", id="no HTTP"),
    pytest.param(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", id="upgrade"),
    pytest.param(ok() + ok(b"unasked"), id="two answers"),
    pytest.param(b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.2/\r\nContent-Length: 0\r\n\r\n", id="redirect"),
)


def _seen(answer: Answer) -> tuple[object, ...]:
    return answer.outcome, answer.status, answer.body, answer.kept, answer.cut, answer.address, answer.detail, answer.retry_after


@pytest.mark.parametrize("octets", ANSWERS)
async def test_it_answers_as_send_does(sender: HttpSender, listen: Listen, told: Told, octets: bytes) -> None:
    receiver = await listen(second(octets), second(octets))
    await warm(sender, receiver)
    assert sender.begin(a_call(receiver.port, b"/second"), told) is not None
    begun = await told.once()
    kept = sender.idle
    await sender.close()
    again = await listen(second(octets))
    fresh = HttpSender(FixedClock(), TableResolver(), sender._guard)
    await warm(fresh, again)
    sent = await fresh.send(a_call(again.port, b"/second"))
    assert _seen(begun) == _seen(sent)
    assert kept == fresh.idle, "a connection is kept by one as by the other"
    assert begun.reused
    assert receiver.requests[1].startswith(b"GET /second HTTP/1.1\r\nHost: client.example:")
    await fresh.close()


async def test_nothing_is_begun_without_a_kept_connection(sender: HttpSender, listen: Listen, told: Told) -> None:
    receiver = await listen(answers(ok()))
    assert sender.begin(a_call(receiver.port), told) is None
    assert (receiver.requests, told.answers) == ([], [])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"body": b"text"}, id="a body"),
        pytest.param({"deadline": 1.0}, id="a deadline of its own"),
        pytest.param({"host": "elsewhere.example"}, id="a name that must be asked for"),
        pytest.param({"host": "127.0.0.1."}, id="no connection of this name"),
        pytest.param({"host": "169.254.1.1"}, id="a forbidden address"),
        pytest.param({"headers": [("X", "a\r\nb")]}, id="a header that would break it"),
        pytest.param({"target": b"no path"}, id="a target that would break it"),
    ],
)
async def test_what_it_leaves_to_send(sender: HttpSender, listen: Listen, told: Told, change: dict[str, object]) -> None:
    receiver = await listen(answers(ok(), ok()))
    await warm(sender, receiver)
    call = a_call(receiver.port)
    for name, value in change.items():
        setattr(call, name, value)
    assert sender.begin(call, told) is None
    assert len(receiver.requests) == 1
    assert sender.idle == 1, "the kept connection stays"


async def test_time_is_over(sender: HttpSender, listen: Listen, told: Told, clock: FixedClock) -> None:
    receiver = await listen(answers(ok(), b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"))
    await warm(sender, receiver)
    assert sender.begin(a_call(receiver.port), told) is not None
    await until(lambda: len(receiver.requests) == 2)
    clock.advance(9.9)
    assert not told.answers
    clock.advance(0.2)
    answer = await told.once()
    assert answer.outcome == "timeout_response"
    assert sender.idle == 0
    clock.advance(60)
    assert clock.next_due() is None, "no timer is left"


async def test_each_has_its_own_time(sender: HttpSender, listen: Listen, clock: FixedClock) -> None:
    async def two_then_silence(visit: Visit) -> None:
        await visit.request()
        visit.say(ok())
        await visit.request()
        await visit.gone()

    receiver = await listen(two_then_silence)
    await asyncio.gather(sender.send(a_call(receiver.port)), sender.send(a_call(receiver.port)))
    first, later = Told(), Told()
    assert sender.begin(a_call(receiver.port), first) is not None
    clock.advance(4)
    assert sender.begin(a_call(receiver.port), later) is not None
    await until(lambda: len(receiver.requests) == 4)
    clock.advance(6.1)
    assert (await first.once()).outcome == "timeout_response"
    assert not later.answers
    clock.advance(4)
    assert (await later.once()).outcome == "timeout_response"


async def test_the_idle_race_is_run_once_more_on_a_fresh_connection(sender: HttpSender, listen: Listen, told: Told) -> None:
    async def one_answer_then_close(visit: Visit) -> None:
        await visit.request()
        visit.say(ok())
        await visit.request()

    receiver = await listen(one_answer_then_close, answers(ok(b"again")))
    await warm(sender, receiver)
    assert sender.begin(a_call(receiver.port, b"/second"), told) is not None
    answer = await told.once()
    assert (answer.outcome, answer.body, answer.reused) == ("ok", b"again", False)
    assert [request.split()[1] for request in receiver.requests] == [b"/in?t=1", b"/second", b"/second"]


async def _cut_within(visit: Visit) -> None:
    await visit.request()
    visit.say(ok())
    await visit.request()
    visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")


async def test_an_answer_that_breaks_off_is_not_asked_for_again(sender: HttpSender, listen: Listen, told: Told) -> None:
    receiver = await listen(_cut_within)
    await warm(sender, receiver)
    assert sender.begin(a_call(receiver.port), told) is not None
    assert (await told.once()).outcome == "reset"
    assert len(receiver.visits) == 1


async def test_what_is_called_off_tells_nobody(sender: HttpSender, listen: Listen, told: Told) -> None:
    receiver = await listen(answers(ok(), ok()))
    await warm(sender, receiver)
    flight = sender.begin(a_call(receiver.port), told)
    assert flight is not None
    flight.cancel()
    await until(lambda: receiver.open == 0)
    assert (told.answers, sender.idle) == ([], 0)


async def test_a_second_try_that_is_called_off_tells_nobody(sender: HttpSender, listen: Listen, told: Told) -> None:
    async def one_answer_then_close(visit: Visit) -> None:
        await visit.request()
        visit.say(ok())
        await visit.request()

    async def silence(visit: Visit) -> None:
        await visit.request()
        await visit.gone()

    receiver = await listen(one_answer_then_close, silence)
    await warm(sender, receiver)
    flight = sender.begin(a_call(receiver.port), told)
    assert flight is not None
    await until(lambda: len(receiver.requests) == 3)
    flight.cancel()
    await until(lambda: receiver.open == 0)
    assert not told.answers


async def test_close_calls_off_what_was_begun(sender: HttpSender, listen: Listen, told: Told) -> None:
    receiver = await listen(answers(ok()))
    await warm(sender, receiver)
    assert sender.begin(a_call(receiver.port), told) is not None
    await sender.close()
    await until(lambda: receiver.open == 0)
    assert not told.answers


async def test_requests_of_one_turn_leave_together_in_order(sender: HttpSender, listen: Listen) -> None:
    receiver = await listen(answers(ok(), ok()))
    await asyncio.gather(*(sender.send(a_call(receiver.port)) for _ in range(3)))
    told = [Told() for _ in range(3)]
    calls: list[Call] = [a_call(receiver.port, b"/%d" % number) for number in range(3)]
    assert all(sender.begin(call, one) is not None for call, one in zip(calls, told, strict=True))
    assert [(await one.once()).outcome for one in told] == ["ok"] * 3
    assert sender.idle == 3
