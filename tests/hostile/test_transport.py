"""What a hostile caller does below the level of requests: heads and bodies that are too long, too slow or never end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from odzew.api.patience import LOOK, PATIENCE
from odzew.clock import FixedClock
from tests.hostile.server import API, PUSH, Product, as_json, head, running, talk

RECEIVED = "/messages/recived"
CHUNKED = "Transfer-Encoding: chunked"

ENDLESS = (
    ("a header", head(RECEIVED)[:-4] + b"\r\nX: ", b"a" * 65_536),
    ("headers", head(RECEIVED)[:-2], b"X: a\r\n" * 10_000),
    ("a path", b"POST /", b"a" * 65_536),
    ("a header's name", b"POST / HTTP/1.1\r\n", b"a" * 65_536),
    ("trailers", head(RECEIVED, CHUNKED) + b"2\r\n{}\r\n0\r\n", b"X: a\r\n" * 10_000),
    ("a chunk's extension", head(RECEIVED, CHUNKED) + b"2;", b"a" * 65_536),
    ("chunks after the answer", head(RECEIVED, CHUNKED), b"10000\r\n" + b" " * 65_536 + b"\r\n"),
    ("blank lines", b"", b"\r\n" * 32_768),
)


@pytest.mark.parametrize(("begin", "more"), [row[1:] for row in ENDLESS], ids=[row[0] for row in ENDLESS])
async def test_what_has_no_end_is_cut_off(product: Product, begin: bytes, more: bytes) -> None:
    answer = await talk(product.client.port, begin, *([more] * 2_000))
    assert answer.split(b" ")[1:2] in ([], [b"400"], [b"413"], [b"431"])
    await product.honest()


SLOW = (
    ("nothing at all", b"", 1),
    ("half a head", head(RECEIVED)[:-9], 1),
    ("no body", head(RECEIVED, "Content-Length: 100"), 2),
    ("half a body", head(RECEIVED, "Content-Length: 100") + b"{", 2),
    ("half a push", head("/ingest/push", "Content-Length: 100", token=PUSH) + b"{", 2),
    ("a chunk without end", head(RECEIVED, CHUNKED) + b"5\r\n{", 2),
    ("a stranger's body", head("/ingest/push", "Content-Length: 100", token="f" * 32) + b"{", 2),
)


@pytest.mark.parametrize(("octets", "patience"), [row[1:] for row in SLOW], ids=[row[0] for row in SLOW])
async def test_who_stops_in_the_middle_is_hung_up_on(tmp_path: Path, octets: bytes, patience: int) -> None:
    clock = FixedClock()
    async with running(f"sqlite:///{tmp_path}/odzew.db", tmp_path, clock) as product:
        before = await product.counts()
        reader, writer = await asyncio.open_connection("127.0.0.1", product.client.port)
        writer.write(octets)
        await writer.drain()
        await product.call(RECEIVED, {})  # answered after those octets have come
        clock.advance(patience * PATIENCE + 2 * LOOK)
        answer = await reader.read()
        assert answer == b"" or answer.startswith(b"HTTP/1.1 401")
        writer.close()
        assert await product.counts() == before


async def test_a_slow_but_steady_body_is_waited_for(tmp_path: Path) -> None:
    clock = FixedClock()
    body = as_json({"limit": 1, "x": "a" * 100_000})
    async with running(f"sqlite:///{tmp_path}/odzew.db", tmp_path, clock) as product:
        reader, writer = await asyncio.open_connection("127.0.0.1", product.client.port)
        writer.write(head(RECEIVED, f"Content-Length: {len(body)}", "Connection: close") + body[:50_000])
        await writer.drain()
        await product.call(RECEIVED, {})
        clock.advance(PATIENCE + LOOK)
        writer.write(body[50_000:])
        assert (await reader.read()).endswith(b'"paging":{"page":1,"count":1}}')
        writer.close()


async def test_an_upgrade_that_is_not_granted_changes_nothing(product: Product) -> None:
    """Java's own client asks for h2c with its requests; their bodies count, and the next one comes over the same connection."""
    body = b'{"limit":7,"page":3}'
    ask = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AA", f"Content-Length: {len(body)}")
    asked = head(RECEIVED, *ask) + body
    last = head(RECEIVED, "Connection: close", f"Content-Length: {len(body)}") + body
    reader, writer = await asyncio.open_connection("127.0.0.1", product.client.port)
    for octets in (asked, asked, last):
        writer.write(octets)
        assert b'"paging":{"page":3,"count":1}' in await reader.readuntil(b"}}")
    writer.close()


async def test_an_upgrade_that_is_found_too_late_is_refused(product: Product) -> None:
    """Hidden behind another request in the same octets: a clear refusal, and never a call without its body."""
    ask = head(RECEIVED, "Connection: upgrade", "Upgrade: h2c", "Content-Length: 2") + b"{}"
    assert (await talk(product.client.port, head(RECEIVED, "Content-Length: 2") + b"{}" + ask)).count(b'{"items"') <= 1
    await product.honest()


@pytest.mark.parametrize("path", [RECEIVED, "/openapi.json", "/healthz"])
async def test_an_old_client_gets_no_chunks(product: Product, path: str) -> None:
    """HTTP/1.0 knows only lengths, and ends of connections."""
    for _ in range(3):
        await product.call("/ingest/push", [{"from": "+48500600700", "to": "+48664078059", "text": "x" * 100}] * 1_000, PUSH)
    answer = await talk(product.client.port, head(path, "Content-Length: 2", version="1.0") + b"{}")
    start, _, body = answer.partition(b"\r\n\r\n")
    assert b"chunked" not in start.lower()
    if path == RECEIVED:
        assert body.startswith(b'{"items":[{"id":1,')
        assert body.endswith(b"}]}")
        assert body.count(b'"id":') == 3_000


async def test_trailers_are_no_headers(product: Product) -> None:
    """They come after a request has been judged by its headers."""
    bare = f"POST {RECEIVED} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n{CHUNKED}\r\n\r\n2\r\n{{}}\r\n0\r\n"
    assert b'"code":1001' in await talk(product.client.port, f"{bare}Authorization: Bearer {API}\r\n\r\n".encode())


async def test_pipelined_requests_are_answered_in_turn(product: Product) -> None:
    one = head(RECEIVED, "Content-Length: 2") + b"{}"
    last = head(RECEIVED, "Content-Length: 2", "Connection: close") + b"{}"
    assert (await talk(product.client.port, one * 300 + last)).count(b'{"items":[]}') == 301


async def test_many_slow_bodies_do_not_fill_the_memory(product: Product) -> None:
    """Strangers send 4 MiB each and never the last octet: from 256 MiB on they are turned away, and small calls go on."""
    octets = head(RECEIVED, f"Content-Length: {4 << 20}", token="f" * 32) + b"x" * ((4 << 20) - 1)
    connections = [await asyncio.open_connection("127.0.0.1", product.client.port) for _ in range(70)]
    answers = []
    for reader, writer in connections:
        writer.write(octets)
        await writer.drain()
        await product.call(RECEIVED, {})  # answered after those octets have come
        answers.append(asyncio.create_task(reader.read(12)))
    await product.honest()
    assert {answer.result() for answer in answers if answer.done()} == {b"HTTP/1.1 429"}
    assert not any(answer.done() for answer in answers[:60])
    for _, writer in connections:
        writer.close()
    await asyncio.gather(*answers, return_exceptions=True)


async def test_a_blank_line_after_the_body_cuts_no_long_answer_off(tmp_path: Path) -> None:
    """Some clients send one. The answer here waits for a client that reads slowly."""
    clock = FixedClock()
    async with running(f"sqlite:///{tmp_path}/odzew.db", tmp_path, clock) as product:
        for _ in range(20):
            await product.call("/ingest/push", [{"from": "+48500600700", "to": "+48664078059", "text": "x" * 1_000}] * 1_000, PUSH)
        reader, writer = await asyncio.open_connection("127.0.0.1", product.client.port, limit=1_024)
        writer.write(head(RECEIVED, "Content-Length: 2", version="1.0") + b"{}")
        assert (await reader.read(12)).startswith(b"HTTP/1.1 200")
        writer.write(b"\r\n")
        await product.honest()
        clock.advance(PATIENCE + 2 * LOOK)
        answer = b""
        while chunk := await reader.read(1 << 20):
            answer += chunk
        assert answer.count(b'"id":') >= 20_000
        assert answer.endswith(b"]}")
        writer.close()
