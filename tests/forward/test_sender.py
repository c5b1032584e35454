"""The sender against receivers that behave: what is sent, what is read, and when a connection is used again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from aiohttp import web

from odzew import __version__
from odzew.clock import FixedClock
from odzew.forward.connection import BodyLengthError
from odzew.forward.literal import read_host
from odzew.forward.request import request_head
from odzew.forward.sender import HttpSender, SenderLimits, StreamedBody
from tests.forward.conftest import Listen
from tests.forward.receiver import Visit, a_call, after, answers, ok, until


async def slices(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


# --- what is sent ------------------------------------------------------------------------------------------------------------


async def test_a_get_octet_for_octet(sender: HttpSender, listen: Listen) -> None:
    receiver = await listen(answers(ok()))
    target = b"/in?nr=%2B48500600700&t=Przyjad%C4%99%20o%2016&x=a;b&y=%zz"
    answer = await sender.send(a_call(receiver.port, target, headers=[("webhook-id", "d1"), ("X-Attempt", "1/5")]))
    assert (answer.outcome, answer.status, answer.body, answer.kept, answer.address) == ("ok", 200, b"OK", b"OK", "127.0.0.1")
    assert receiver.requests == [
        b"GET " + target + b" HTTP/1.1\r\n"
        b"Host: client.example:" + str(receiver.port).encode() + b"\r\n"
        b"User-Agent: Odzew/" + __version__.encode() + b"\r\n"
        b"Accept: */*\r\nAccept-Encoding: identity\r\n"
        b"webhook-id: d1\r\nX-Attempt: 1/5\r\n\r\n"
    ]


@pytest.mark.parametrize("body", [b"", b"id=1&type=mms", b"x" * 3_000_000])
async def test_a_post_with_a_body(sender: HttpSender, listen: Listen, body: bytes) -> None:
    receiver = await listen(answers(ok()))
    answer = await sender.send(a_call(receiver.port, body=body, headers=[("Content-Type", "application/x-www-form-urlencoded")]))
    assert answer.outcome == "ok"
    head, _, sent = receiver.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /in?t=1 HTTP/1.1\r\n")
    assert b"Content-Length: %d" % len(body) in head
    assert sent == body


async def test_a_post_in_slices(sender: HttpSender, listen: Listen) -> None:
    receiver = await listen(answers(ok()))
    parts = [bytes([n]) * 100_000 for n in range(40)] + [b""]
    answer = await sender.send(a_call(receiver.port, body=StreamedBody(4_000_000, slices(*parts))))
    assert answer.outcome == "ok"
    assert receiver.requests[0].partition(b"\r\n\r\n")[2] == b"".join(parts)


@pytest.mark.parametrize("length", [5, 7])
async def test_slices_that_are_not_as_long_as_they_said_are_an_error_of_ours(sender: HttpSender, listen: Listen, length: int) -> None:
    receiver = await listen(answers(ok()))
    with pytest.raises(BodyLengthError):
        await sender.send(a_call(receiver.port, body=StreamedBody(length, slices(b"abc", b"def"))))
    await until(lambda: receiver.open == 0)
    assert receiver.requests == []
    assert sender.idle == 0


async def test_an_error_in_the_slices_is_the_callers_and_closes_the_connection(sender: HttpSender, listen: Listen) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"abc"
        raise LookupError("the attachment is gone")

    receiver = await listen(answers(ok()))
    with pytest.raises(LookupError):
        await sender.send(a_call(receiver.port, body=StreamedBody(6, broken())))
    await until(lambda: receiver.open == 0)


async def test_an_answer_before_the_request_is_complete_ends_the_call(sender: HttpSender, listen: Listen) -> None:
    """A receiver that refuses after the head: its answer counts, the rest of the body is not sent, the connection is not kept."""
    given_back: list[bool] = []

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 65536
        finally:
            given_back.append(True)

    async def refuse(visit: Visit) -> None:
        await visit.reader.readuntil(b"\r\n\r\n")
        visit.say(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        await visit.gone()

    receiver = await listen(refuse)
    answer = await sender.send(a_call(receiver.port, body=StreamedBody(10**12, endless())))
    assert (answer.outcome, answer.status, answer.body) == ("http_4xx", 413, b"no")
    assert given_back == [True]
    assert sender.idle == 0


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("client.example", 80, b"client.example"),
        ("client.example", 8080, b"client.example:8080"),
        ("client.example.", 8080, b"client.example:8080"),
        ("[2606:2800:0::1]", 80, b"[2606:2800::1]"),
        ("2606:2800::1", 8080, b"[2606:2800::1]:8080"),
        ("łódź.example", 80, b"xn--d-uga0v4h.example"),
    ],
)
def test_the_host_header(host: str, port: int, expected: bytes) -> None:
    assert b"\r\nHost: " + expected + b"\r\n" in request_head(a_call(port, host=host), read_host(host))


@pytest.mark.parametrize(
    ("target", "outcome"),
    [
        (b"", "template"), (b"in", "template"), (b"?a=1", "template"), (b"http://other.example/", "template"), (b"/a b", "template"),
        (b"/a\r\nX: 1", "template"), (b"/a\n", "template"), (b"/\x00", "template"), (b"/\xc5\xbc", "template"), (b"/\x7f", "template"),
    ],
)  # fmt: skip
async def test_a_target_that_would_break_the_request_is_not_sent(sender: HttpSender, listen: Listen, target: bytes, outcome: str) -> None:
    receiver = await listen(answers(ok()))
    assert (await sender.send(a_call(receiver.port, target))).outcome == outcome
    assert receiver.visits == []


@pytest.mark.parametrize(
    "header", [("X", "a\r\nY: b"), ("X", "a\nb"), ("X\r", "a"), ("X", "a\x00"), ("X", "\u0141"), ("X", "\x85"), ("X", "\x7f")]
)
async def test_a_header_that_would_break_the_request_is_not_sent(sender: HttpSender, listen: Listen, header: tuple[str, str]) -> None:
    receiver = await listen(answers(ok()))
    assert (await sender.send(a_call(receiver.port, headers=[header]))).outcome == "internal"
    assert receiver.visits == []


# --- what is read ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("octets", "status", "body"),
    [
        (ok(b"OK"), 200, b"OK"),
        (ok(b""), 200, b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", 304, b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n", 200, b"OK"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1;a=b\r\nO\r\n01\r\nK\r\n0\r\nX-T: 1\r\n\r\n", 200, b"OK"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + ok(), 200, b"OK"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 5\r\n\r\n" + ok(), 200, b"OK"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", 302, b""),
        (b"HTTP/1.1 500 \r\nContent-Length: 4\r\n\r\noops", 500, b"oops"),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, b""),
        (ok(b"\x1f\x8b\x08\x00", b"Content-Encoding: gzip\r\n"), 200, b"\x1f\x8b\x08\x00"),
    ],
)
async def test_answers_that_leave_the_connection_open(sender: HttpSender, listen: Listen, octets: bytes, status: int, body: bytes) -> None:
    receiver = await listen(answers(octets, ok(b"next")))
    answer = await sender.send(a_call(receiver.port))
    assert (answer.status, answer.body, answer.cut, answer.reused) == (status, body, False, False)
    following = await sender.send(a_call(receiver.port))
    assert (following.body, following.reused) == (b"next", True)
    assert len(receiver.visits) == 1


@pytest.mark.parametrize("octets", [ok(), b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n"])
async def test_an_answer_octet_by_octet(sender: HttpSender, listen: Listen, octets: bytes) -> None:
    async def drip(visit: Visit) -> None:
        await visit.request()
        for octet in octets:
            visit.say(bytes([octet]))
            await until(lambda: True)
        await visit.gone()

    receiver = await listen(drip)
    answer = await sender.send(a_call(receiver.port))
    assert (answer.outcome, answer.body) == ("ok", b"OK")


@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 200 OK\r\n\r\nOK",
        b"HTTP/1.0 200 OK\r\n\r\nOK",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nOK",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nOK",
        ok(b"OK", b"Connection: close\r\n"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nOK",
    ],
)
async def test_answers_that_end_the_connection(sender: HttpSender, listen: Listen, octets: bytes) -> None:
    async def answer_and_close(visit: Visit) -> None:
        await visit.request()
        visit.say(octets)

    receiver = await listen(answer_and_close)
    for _ in range(2):
        answer = await sender.send(a_call(receiver.port))
        assert (answer.outcome, answer.body, answer.reused) == ("ok", b"OK", False)
    assert sender.idle == 0
    assert len(receiver.visits) == 2


@pytest.mark.parametrize(
    ("length", "read", "cut"),
    [(4096, 4096, False), (4097, 4097, False), (65536, 65536, False), (65537, 65536, True), (5_000_000, 65536, True)],
)
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
async def test_64_kib_are_read_and_4_kept(sender: HttpSender, listen: Listen, length: int, read: int, cut: bool, framing: str) -> None:
    body = b"OK" + b"." * (length - 2)
    start = b"HTTP/1.1 200 OK\r\n"
    octets = {
        "length": ok(body),
        "chunked": start + b"Transfer-Encoding: chunked\r\n\r\n" + b"%x\r\n" % length + body + b"\r\n0\r\n\r\n",
        "close": start + b"\r\n" + body,
    }[framing]

    async def script(visit: Visit) -> None:
        await visit.request()
        visit.say(octets)
        if framing == "close":
            await visit.writer.drain()
        else:
            await visit.gone()

    receiver = await listen(script)
    answer = await sender.send(a_call(receiver.port))
    assert (answer.outcome, answer.body, answer.cut) == ("ok", body[:read], cut)
    assert answer.kept == body[:4096]
    assert sender.idle == (0 if cut or framing == "close" else 1)


async def test_timings(sender: HttpSender, listen: Listen, clock: FixedClock) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        clock.advance(0.25)
        visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        await until(seen)
        clock.advance(0.5)
        visit.say(b"OK")
        await visit.gone()

    receiver = await listen(script)
    turns = iter(range(50))

    def seen() -> bool:
        return next(turns) == 49  # loopback: the head has long been read

    answer = await sender.send(a_call(receiver.port))
    assert (answer.first_byte_us, answer.total_us) == (250_000, 750_000)
    assert answer.timings == "dns=0 connect=0 tls=0 first_byte=250000 total=750000"


async def test_the_callers_deadline_shortens_the_call(sender: HttpSender, listen: Listen, clock: FixedClock) -> None:
    receiver = await listen(answers(b""))
    answer = await after(sender.send(a_call(receiver.port, deadline=2.0)), clock, lambda: bool(receiver.requests), 2.0)
    assert (answer.outcome, answer.total_us) == ("timeout_response", 2_000_000)


@pytest.mark.parametrize(("octets", "seconds"), [(0, 10.0), (262144, 11.0), (10 * 262144, 20.0), (50 * 262144, 60.0), (10**9, 60.0)])
def test_the_time_for_a_call_grows_with_what_is_sent(octets: int, seconds: float) -> None:
    assert SenderLimits().deadline(octets) == seconds


# --- against servers of others ---------------------------------------------------------------------------------------------------


async def test_with_aiohttp(sender: HttpSender) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        return web.json_response({"path": request.raw_path, "body": (await request.read()).decode()})

    app = web.Application(client_max_size=10**8)
    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    first = await sender.send(a_call(port, b"/a?b=%20"))
    second = await sender.send(a_call(port, body=b"x=1"))
    third = await sender.send(a_call(port, body=StreamedBody(6, slices(b"abc", b"def"))))
    assert first.body == b'{"path": "/a?b=%20", "body": ""}'
    assert second.body == b'{"path": "/in?t=1", "body": "x=1"}'
    assert third.body == b'{"path": "/in?t=1", "body": "abcdef"}'
    assert (first.reused, second.reused, third.reused) == (False, True, False)
    await sender.close()
    await runner.cleanup()


async def test_with_uvicorn(sender: HttpSender) -> None:
    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]  # an ASGI callable
        await send({"type": "http.response.body", "body": b"OK"})  # type: ignore[operator]  # an ASGI callable

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    results = [await sender.send(a_call(port)) for _ in range(3)]
    assert [(answer.outcome, answer.body, answer.reused) for answer in results] == [("ok", b"OK", n > 0) for n in range(3)]
    await sender.close()
    server.should_exit = True
    await serving
