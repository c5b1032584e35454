"""The sender against receivers that mean harm, or are broken: every call ends within its limits with an outcome."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odzew.clock import FixedClock
from odzew.forward.guard import Guard
from odzew.forward.outcome import OUTCOMES
from odzew.forward.sender import HttpSender, SenderLimits, StreamedBody
from tests.forward.conftest import Listen
from tests.forward.receiver import HOST, Receiver, Script, TableResolver, Visit, a_call, after, answers, ok, until

START = b"HTTP/1.1 200 OK\r\n"
CHUNKED = START + b"Transfer-Encoding: chunked\r\n\r\n"

# What is said to a request before the connection is closed, and the outcome.
CLOSED_AFTER: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "reset"),
    ("half a status line", b"HTTP/1.1 2", "reset"),
    ("half a head", START + b"X: 1\r\n", "reset"),
    ("a body shorter than its length", START + b"Content-Length: 10\r\n\r\nOK", "reset"),
    ("a chunk shorter than its size", CHUNKED + b"10\r\nOK", "reset"),
    ("no last chunk", CHUNKED + b"2\r\nOK\r\n", "reset"),
    ("only an interim answer", b"HTTP/1.1 100 Continue\r\n\r\n", "reset"),
]

# What is said to a request by a receiver that then keeps the connection open, and the outcome.
MALFORMED: list[tuple[str, bytes, str]] = [
    ("no HTTP at all", b"SSH-2.0-OpenSSH_9.2\r\n", "protocol"),
    ("octets", bytes(range(256)), "protocol"),
    ("HTTP/2", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", "protocol"),
    ("a request", b"GET / HTTP/1.1\r\n\r\n", "protocol"),
    ("an older shape", b"<html>OK</html>", "protocol"),
    ("ICY", b"ICY 200 OK\r\n\r\n", "protocol"),
    ("a status of letters", b"HTTP/1.1 OK\r\n\r\n", "protocol"),
    ("a status of four digits", b"HTTP/1.1 2000 OK\r\n\r\n", "protocol"),
    ("a version of the future", b"HTTP/9.9 200 OK\r\n\r\n", "protocol"),
    ("a negative length", START + b"Content-Length: -1\r\n\r\n", "protocol"),
    ("a length of letters", START + b"Content-Length: two\r\n\r\nOK", "protocol"),
    ("a huge length", START + b"Content-Length: 99999999999999999999999\r\n\r\nOK", "protocol"),
    ("two lengths", START + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nOK", "protocol"),
    ("length and chunks", START + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n", "protocol"),
    ("a chunk size of letters", CHUNKED + b"xyz\r\nOK\r\n", "protocol"),
    ("a huge chunk size", CHUNKED + b"fffffffffffffffff\r\nOK", "protocol"),
    ("a negative chunk size", CHUNKED + b"-2\r\nOK\r\n", "protocol"),
    ("a chunk longer than its size", CHUNKED + b"1\r\nOK\r\n0\r\n\r\n", "protocol"),
    ("a header without a colon", START + b"nonsense\r\n\r\n", "protocol"),
    ("a space before the colon", START + b"Content-Length : 2\r\n\r\nOK", "protocol"),
    ("a NUL in a header", START + b"X: a\x00b\r\n\r\n", "protocol"),
    ("a switch of protocol", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", "protocol"),
    ("a switch to nothing", b"HTTP/1.1 101 Switching Protocols\r\nContent-Length: 0\r\n\r\n", "http_other"),
    ("interim answers without end", b"HTTP/1.1 102 Processing\r\n\r\n" * 100, "protocol"),
    ("many interim answers, then one", b"HTTP/1.1 102 Processing\r\n\r\n" * 17 + ok(), "protocol"),
    ("headers of 40 KiB", START + b"X: 123456\r\n" * 4000 + b"Content-Length: 0\r\n\r\n", "too_large"),
    ("one header of 40 KiB", START + b"X: " + b"x" * 40_000 + b"\r\n\r\n", "too_large"),
    ("a header name of 40 KiB", START + b"x" * 40_000, "too_large"),
    ("a reason of 40 KiB", b"HTTP/1.1 200 " + b"x" * 40_000, "too_large"),
    ("interim answers with 40 KiB of headers", (b"HTTP/1.1 102 P\r\nX: " + b"x" * 10_000 + b"\r\n\r\n") * 4, "too_large"),
]

# What is said again and again, after what, until the caller closes: outcome and octets read.
ENDLESS: list[tuple[str, bytes, bytes, str, int]] = [
    ("a body by length", START + b"Content-Length: 999999999999\r\n\r\n", b"x" * 1000, "ok", 65536),
    ("a body until closed", START + b"\r\n", b"x" * 1000, "ok", 65536),
    ("chunks", CHUNKED, b"3e8\r\n" + b"x" * 1000 + b"\r\n", "ok", 65536),
    ("a chunk extension", CHUNKED + b"1;a=", b"x" * 1000, "ok", 0),
    ("trailers", CHUNKED + b"2\r\nOK\r\n0\r\n", b"X: 1\r\n", "ok", 2),
    ("one trailer", CHUNKED + b"2\r\nOK\r\n0\r\nX: ", b"x" * 1000, "ok", 2),
    ("headers", START, b"X: 1\r\n" * 100, "too_large", 0),
    ("one header", START + b"X: ", b"x" * 1000, "too_large", 0),
    ("interim answers", b"", b"HTTP/1.1 102 P\r\n\r\n", "protocol", 0),
    ("empty lines", b"", b"\r\n" * 100, "too_large", 0),
]


def says_and_closes(octets: bytes) -> Script:
    async def script(visit: Visit) -> None:
        await visit.request()
        visit.say(octets)

    return script


@pytest.mark.parametrize(("what", "octets", "outcome"), CLOSED_AFTER, ids=[row[0] for row in CLOSED_AFTER])
async def test_answers_that_break_off(sender: HttpSender, listen: Listen, what: str, octets: bytes, outcome: str) -> None:
    receiver = await listen(says_and_closes(octets))
    answer = await sender.send(a_call(receiver.port))
    assert answer.outcome == outcome, what
    assert "closed" in answer.detail
    assert sender.idle == 0


@pytest.mark.parametrize(("what", "octets", "outcome"), MALFORMED, ids=[row[0] for row in MALFORMED])
async def test_malformed_answers(sender: HttpSender, listen: Listen, what: str, octets: bytes, outcome: str) -> None:
    receiver = await listen(answers(octets))
    answer = await sender.send(a_call(receiver.port))
    assert answer.outcome == outcome, what
    await until(lambda: receiver.open == 0)
    assert sender.idle == 0


@pytest.mark.parametrize(("what", "start", "again", "outcome", "read"), ENDLESS, ids=[row[0] for row in ENDLESS])
async def test_endless_answers(sender: HttpSender, listen: Listen, what: str, start: bytes, again: bytes, outcome: str, read: int) -> None:
    said = 0

    async def endless(visit: Visit) -> None:
        nonlocal said
        await visit.request()
        visit.say(start)
        while True:
            visit.say(again)
            said += len(again)
            await visit.writer.drain()

    receiver = await listen(endless)
    answer = await sender.send(a_call(receiver.port))
    assert (answer.outcome, len(answer.body)) == (outcome, read), what
    assert answer.cut == (outcome == "ok")
    await until(lambda: receiver.open == 0)


@pytest.mark.parametrize(
    "octets", [b"", b"HTTP/1.1 ", START + b"Content-Length: 2\r\n\r\nO", CHUNKED + b"2\r\nOK\r\n", START + b"\r\nOK"], ids=repr
)
async def test_an_answer_that_stops_ends_with_the_time(sender: HttpSender, listen: Listen, clock: FixedClock, octets: bytes) -> None:
    receiver = await listen(answers(octets))
    answer = await after(sender.send(a_call(receiver.port)), clock, lambda: bool(receiver.requests), 10.0)
    assert (answer.outcome, answer.total_us) == ("timeout_response", 10_000_000)
    await until(lambda: receiver.open == 0)
    assert clock.next_due() is None


async def test_a_dripping_answer_does_not_stretch_the_time(sender: HttpSender, listen: Listen, clock: FixedClock) -> None:
    async def drip(visit: Visit) -> None:
        await visit.request()
        visit.say(START + b"Content-Length: 1000\r\n\r\n")
        while True:
            visit.say(b".")
            await until(lambda: True)
            clock.advance(1.0)

    receiver = await listen(drip)
    answer = await sender.send(a_call(receiver.port))
    assert (answer.outcome, answer.status, answer.total_us) == ("timeout_response", 200, 10_000_000)
    assert 0 < len(answer.body) < 12
    await until(receiver.visits[0].writer.transport.is_closing)


async def test_a_receiver_that_does_not_read_ends_with_the_time(sender: HttpSender, listen: Listen, clock: FixedClock) -> None:
    sent = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100_000_000:
            sent += 65536
            yield b"x" * 65536

    async def deaf(visit: Visit) -> None:
        visit.writer.transport.pause_reading()  # type: ignore[attr-defined]  # the transport of a socket can
        await leave.wait()

    leave = asyncio.Event()
    receiver = await listen(deaf)
    task = asyncio.create_task(sender.send(a_call(receiver.port, body=StreamedBody(100_007_936, parts()))))
    before = -1
    while before != sent or not sent:  # until the sockets are full
        before = sent
        await until(lambda: True)
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
    assert sent < 50_000_000, "it is not held whole"
    clock.advance(60.0)
    answer = await task
    assert (answer.outcome, answer.total_us) == ("timeout_response", 60_000_000)
    leave.set()


async def test_a_reset(sender: HttpSender, listen: Listen) -> None:
    async def reset(visit: Visit) -> None:
        await visit.request()
        visit.reset()

    receiver = await listen(reset)
    assert (await sender.send(a_call(receiver.port))).outcome == "reset"
    assert len(receiver.visits) == 1


async def test_nobody_listens(sender: HttpSender) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        answer = await sender.send(a_call(unheard.getsockname()[1]))
    assert (answer.outcome, answer.address, answer.status) == ("refused", "127.0.0.1", None)


async def test_a_connection_that_is_not_taken_ends_after_three_seconds(sender: HttpSender, clock: FixedClock) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(2)]
        for client in waiting:  # one is queued; from then on nobody is answered
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        await loop.run_in_executor(None, lambda: None)
        answer = await after(sender.send(a_call(full.getsockname()[1])), clock, lambda: clock.next_due() == 3.0, 3.0)
        for client in waiting:
            client.close()
    assert (answer.outcome, answer.total_us, answer.address) == ("timeout_connect", 3_000_000, "127.0.0.1")


async def test_the_next_address_is_tried_when_one_refuses(sender: HttpSender, listen: Listen, resolver: TableResolver) -> None:
    receiver = await listen(answers(ok()))
    resolver.table[HOST] = ["::1", "127.0.0.1"]
    answer = await sender.send(a_call(receiver.port))
    assert (answer.outcome, answer.address) == ("ok", "127.0.0.1")


async def test_of_very_many_addresses_only_a_few_are_tried(sender: HttpSender, listen: Listen, resolver: TableResolver) -> None:
    receiver = await listen(answers(ok()))
    resolver.table[HOST] = ["::1"] * 5000 + ["127.0.0.1"]
    assert (await sender.send(a_call(receiver.port))).outcome == "refused"
    assert receiver.visits == []


async def test_a_name_without_address(sender: HttpSender) -> None:
    answer = await sender.send(a_call(8080, host="nowhere.example"))
    assert (answer.outcome, answer.detail) == ("dns", "nowhere.example has no address")


async def test_no_file_descriptor_is_left_is_an_error_of_ours(clock: FixedClock, resolver: TableResolver) -> None:
    resource = pytest.importorskip("resource")
    sender = HttpSender(clock, resolver, Guard())
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as last:
        highest = last.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
    try:
        answer = await sender.send(a_call(8080))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert answer.outcome == "internal"
    assert "open files" in answer.detail


shapes = st.lists(
    st.sampled_from([START, CHUNKED, ok(), b"\r\n", b"HTTP/1.1 100 C\r\n\r\n", b"Content-Length: 3\r\n", b"2\r\nOK\r\n", b"0\r\n\r\n"])
    | st.binary(max_size=9),
    max_size=8,
).map(b"".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(st.lists(shapes, min_size=1, max_size=4))
def test_any_octets_end_a_call_with_an_outcome(parts: list[bytes]) -> None:
    async def run() -> None:
        sender = HttpSender(FixedClock(), TableResolver(), Guard(), SenderLimits(), tls=None)

        async def script(visit: Visit) -> None:
            await visit.request()
            for part in parts:
                visit.say(part)
                await until(lambda: True)

        receiver = await Receiver(script).start()
        for _ in range(2):
            answer = await sender.send(a_call(receiver.port))
            assert answer.outcome in OUTCOMES
            assert (answer.outcome == "ok") == (answer.status is not None and 200 <= answer.status < 300 and not answer.detail)
        await sender.close()
        await receiver.close()

    asyncio.run(run())
