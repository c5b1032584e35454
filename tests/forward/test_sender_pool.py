"""When the sender uses a connection again, and when it must not."""

from __future__ import annotations

import asyncio

import pytest

from odzew.clock import FixedClock
from odzew.forward.guard import Guard
from odzew.forward.sender import HttpSender, SenderLimits
from tests.forward.conftest import Listen
from tests.forward.receiver import Receiver, TableResolver, Visit, a_call, answers, ok, until


async def test_a_kept_connection_is_closed_after_thirty_seconds(sender: HttpSender, listen: Listen, clock: FixedClock) -> None:
    receiver = await listen(answers(ok(), ok()))
    await sender.send(a_call(receiver.port))
    clock.advance(29.9)
    assert (await sender.send(a_call(receiver.port))).reused
    clock.advance(29.9)
    assert sender.idle == 1
    clock.advance(0.2)
    assert sender.idle == 0
    await until(lambda: receiver.open == 0)
    assert clock.next_due() is None, "no timer is left"


async def test_the_idle_race_is_run_once_more_on_a_fresh_connection(sender: HttpSender, listen: Listen) -> None:
    async def one_answer_then_close(visit: Visit) -> None:
        await visit.request()
        visit.say(ok(b"first"))
        await visit.request()  # the second request arrives, and the connection goes without a word

    receiver = await listen(one_answer_then_close, answers(ok(b"again")))
    assert (await sender.send(a_call(receiver.port))).body == b"first"
    answer = await sender.send(a_call(receiver.port, b"/second"))
    assert (answer.outcome, answer.body, answer.reused) == ("ok", b"again", False)
    assert [request.split()[1] for request in receiver.requests] == [b"/in?t=1", b"/second", b"/second"]


async def test_a_fresh_connection_is_not_tried_twice(sender: HttpSender, listen: Listen) -> None:
    async def close_at_once(visit: Visit) -> None:
        await visit.request()

    receiver = await listen(close_at_once)
    answer = await sender.send(a_call(receiver.port))
    assert (answer.outcome, answer.status) == ("reset", None)
    assert len(receiver.visits) == 1


async def test_a_kept_connection_that_fails_twice_is_a_failure(sender: HttpSender, listen: Listen) -> None:
    async def one_answer_then_reset(visit: Visit) -> None:
        await visit.request()
        visit.say(ok())
        await visit.request()
        visit.reset()

    async def reset(visit: Visit) -> None:
        await visit.request()
        visit.reset()

    receiver = await listen(one_answer_then_reset, reset)
    await sender.send(a_call(receiver.port))
    assert (await sender.send(a_call(receiver.port))).outcome == "reset"
    assert len(receiver.visits) == 2


async def test_an_answer_that_has_begun_is_not_asked_for_again(sender: HttpSender, listen: Listen) -> None:
    async def one_and_a_bit(visit: Visit) -> None:
        await visit.request()
        visit.say(ok())
        await visit.request()
        visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nO")
        await visit.writer.drain()

    receiver = await listen(one_and_a_bit)
    await sender.send(a_call(receiver.port))
    assert (await sender.send(a_call(receiver.port))).outcome == "reset"
    assert len(receiver.visits) == 1


async def test_what_comes_unasked_is_never_the_next_answer(sender: HttpSender, listen: Listen) -> None:
    go_on = asyncio.Event()

    async def talkative(visit: Visit) -> None:
        await visit.request()
        visit.say(ok())
        await go_on.wait()
        visit.say(ok(b"unasked"))
        await visit.gone()

    receiver = await listen(talkative, answers(ok(b"asked")))
    await sender.send(a_call(receiver.port))
    go_on.set()
    await until(lambda: receiver.open == 0)
    answer = await sender.send(a_call(receiver.port))
    assert (answer.body, answer.reused) == (b"asked", False)


@pytest.mark.parametrize("surplus", [ok(b"second"), b"HTTP/1.1 2", b"\x00\x01garbage", b"x"])
async def test_a_surplus_after_the_answer_is_dropped_with_its_connection(sender: HttpSender, listen: Listen, surplus: bytes) -> None:
    receiver = await listen(answers(ok() + surplus), answers(ok(b"clean")))
    assert (await sender.send(a_call(receiver.port))).body == b"OK"
    answer = await sender.send(a_call(receiver.port))
    assert (answer.body, answer.reused) == (b"clean", False)


async def test_a_connection_that_the_peer_has_closed_is_not_used(sender: HttpSender, listen: Listen) -> None:
    async def answer_and_close(visit: Visit) -> None:
        await visit.request()
        visit.say(ok())

    receiver = await listen(answer_and_close, answers(ok(b"fresh")))
    await sender.send(a_call(receiver.port))
    await until(lambda: receiver.open == 0)
    answer = await sender.send(a_call(receiver.port))
    assert (answer.body, answer.reused) == (b"fresh", False)


async def test_calls_at_once_have_connections_of_their_own_and_those_are_capped_when_idle(
    clock: FixedClock, resolver: TableResolver
) -> None:
    sender = HttpSender(clock, resolver, Guard(), SenderLimits(idle_per_host=3, idle_in_all=4))
    held: list[Visit] = []

    async def together(visit: Visit) -> None:
        await visit.request()
        held.append(visit)
        await until(lambda: len(held) == 6)
        visit.say(ok())
        await visit.gone()

    receiver = await Receiver(together).start()
    outcomes = [answer.outcome for answer in await asyncio.gather(*(sender.send(a_call(receiver.port)) for _ in range(6)))]
    assert outcomes == ["ok"] * 6
    assert sender.idle == 3
    await until(lambda: receiver.open == 3)
    await sender.close()
    assert sender.idle == 0
    await until(lambda: receiver.open == 0)
    await receiver.close()


async def test_a_call_that_is_called_off_closes_its_connection(sender: HttpSender, listen: Listen, clock: FixedClock) -> None:
    receiver = await listen(answers(b""))
    task = asyncio.create_task(sender.send(a_call(receiver.port)))
    await until(lambda: bool(receiver.requests))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: receiver.open == 0)
    assert clock.next_due() is None
