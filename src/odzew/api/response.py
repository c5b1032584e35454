"""Sending an answer: whole or in pieces, while watching whether the client is still there.

uvicorn's `send` returns silently when the client is gone, so its `receive` is watched beside the sending.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

from odzew.access.request import CallerGone, Receive, Send, respond
from odzew.api.answers import Answer, Streamed, Whole
from odzew.clock import Clock

_TEXT: Final = b"text/plain; charset=utf-8"

log = structlog.get_logger("odzew.api")


class Responder:
    """Sends answers. A client that takes nothing of a streamed one for `stall` seconds is gone."""

    def __init__(self, clock: Clock, stall: float) -> None:
        self._clock = clock
        self._stall = stall

    async def send(self, answer: Answer, content_type: bytes, receive: Receive, send: Send) -> None:
        """Sends it. What it raises happened before the first octet; afterwards the connection is broken instead.

        An answer whose client matters to somebody is told that it was sent, or that it broke, exactly once.
        """
        if isinstance(answer, Whole) and answer.ending is None:
            await respond(send, 200, answer.body, ((b"content-type", content_type),))
            return
        ending = answer.ending
        gone = asyncio.get_running_loop().create_task(until_gone(receive))
        sent = False
        try:
            if isinstance(answer, Whole):
                await self._watched(answer.body, content_type, gone, send)
            else:
                await self._streamed(answer, content_type, gone, send)
            sent = True
        finally:
            gone.cancel()
            if ending is not None:
                (ending.sent if sent else ending.broken)()
            if isinstance(answer, Streamed) and not sent:
                await _closed(answer.pieces)

    async def _watched(self, body: bytes, content_type: bytes, gone: asyncio.Task[None], send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _headers(content_type, len(body))})
        async with _breaking():
            await self._piece(send, body, gone)
            await self._finish(send, gone)

    async def _streamed(self, answer: Streamed, content_type: bytes, gone: asyncio.Task[None], send: Send) -> None:
        first = await anext(answer.pieces)
        await send({"type": "http.response.start", "status": 200, "headers": _headers(content_type, None)})
        async with _breaking():
            await self._piece(send, first, gone)
            async for piece in answer.pieces:
                await self._piece(send, piece, gone)
            await self._finish(send, gone)

    async def _piece(self, send: Send, body: bytes, gone: asyncio.Task[None]) -> None:
        async with self._clock.deadline(self._stall):
            await send({"type": "http.response.body", "body": body, "more_body": True})
        if gone.done():
            raise CallerGone

    async def _finish(self, send: Send, gone: asyncio.Task[None]) -> None:
        # uvicorn waits for its buffer at the start of the next send: only after this one has it left for the kernel.
        await self._piece(send, b"", gone)
        await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def _breaking() -> AsyncIterator[None]:
    """Once the status has been sent, not ending the body is all that can tell the client of a fault."""
    try:
        yield
    except CallerGone:
        raise
    except TimeoutError:
        raise CallerGone from None
    except Exception:
        log.exception("api_broke_off")
        raise CallerGone from None


async def plain(send: Send, status: int, text: str, retry_after: int | None = None) -> None:
    """An answer of a few words, for what never reached the API."""
    again = [] if retry_after is None else [(b"retry-after", b"%d" % retry_after)]
    await respond(send, status, text.encode(), [(b"content-type", _TEXT), *again])


async def until_gone(receive: Receive) -> None:
    """Returns when the client has gone away. To be run beside the sending, after the body has been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _closed(pieces: AsyncIterator[bytes]) -> None:
    close = getattr(pieces, "aclose", None)
    if close is not None:
        with suppress(RuntimeError):
            await close()


def _headers(content_type: bytes, length: int | None) -> list[tuple[bytes, bytes]]:
    headers = [(b"content-type", content_type)]
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    return headers
