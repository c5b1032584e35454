"""One HTTP/1.1 connection to one judged address (RFC 9112), one exchange at a time.

The octets of the answer are counted as they come: the head by itself, the body by itself and everything together, because headers,
trailers, chunk extensions and interim answers can each be endless.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable
from typing import Final, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from odzew.clock import Clock
from odzew.errors import OdzewError
from odzew.forward.call import Body, SenderLimits, StreamedBody, Trace
from odzew.forward.outcome import Outcome

PoolKey = tuple[str, str, int, str]

_NO_BODY: Final = frozenset({204, 304})
_SWITCHING: Final = 101


class BodyLengthError(OdzewError):
    """A streamed body was not as long as it said."""


class Connection(asyncio.Protocol):
    """A connection, idle or in an exchange. After `exchange`, or when `begin` says that it is over, its result stands in the public fields.

    `failure` None: an answer came (`status`, `body()`). `key` names the pool it belongs to, `idle_until` is the pool's.
    """

    def __init__(self, key: PoolKey, clock: Clock, limits: SenderLimits) -> None:
        self.key = key
        self.reused = False
        self.dead = False
        self.idle_until = 0.0
        self.failure: Outcome | None = None
        self.detail = ""
        self.status = 0
        self.cut = False
        self.first_octet_at: float | None = None
        self.retry_after = b""
        self.trace: Trace | None = None
        self._clock = clock
        self._limits = limits
        self._transport: asyncio.Transport | None = None
        self._ended_by: Callable[[], None] | None = None  # told once that the exchange is over; None: nobody has asked for anything
        self._writable: asyncio.Future[None] | None = None
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        self._reset()

    def _reset(self) -> None:
        self.failure = None
        self.detail = ""
        self.status = 0
        self.cut = False
        self.first_octet_at = None
        self.retry_after = b""
        self._parts: list[bytes] = []
        self._body_octets = 0
        self._head_octets = 0
        self._octets = 0
        self._interim = 0
        self._measured = False
        self._head_done = False
        self._complete = False
        self._until_close = False
        self._keep = False
        self._sent = False

    # --- the exchange ---------------------------------------------------------------------------------------------------

    async def exchange(self, head: bytes, body: Body) -> None:
        """Sends a request and waits for its answer, its failure or `expire`. Raises only what the body's own slices raise."""
        if self.dead or self._transport is None:
            self._reset()
            self.failure, self.detail = "reset", "the connection was closed"
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reset()
        self._ended_by = lambda: None if waiter.done() else waiter.set_result(None)
        whole = False
        try:
            if body is None:
                self._transport.write(head)
            elif isinstance(body, StreamedBody):
                await self._stream(self._transport, waiter, head, body)
            else:
                self._transport.write(head + body)
            self._sent = not waiter.done()
            await waiter
            whole = True
        finally:
            self._ended_by = None
            if not whole or not self.is_reusable():
                self.abort()

    def begin(self, ended: Callable[[], None]) -> bool:
        """Takes an exchange without a body: its request follows by `say`. Nothing is waited for: `ended` is called once, later, when it is
        over, however. Whoever is told closes a connection that is not reusable.

        False: the connection is gone.
        """
        transport = self._transport
        if self.dead or transport is None or transport.is_closing():
            return False
        self._reset()
        self._ended_by = ended
        return True

    def say(self, head: bytes) -> None:
        """The request of an exchange that was begun."""
        if self._ended_by is not None and self._transport is not None and not self._transport.is_closing():
            self._transport.write(head)
            self._sent = True

    def body(self) -> bytes:
        """What was read of the answer's body."""
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)

    def is_reusable(self) -> bool:
        """True when another request may follow: the answer was whole, nothing came after it and nothing is left to send."""
        return self._keep and self._sent and self._complete and not self.dead and self.failure is None

    @property
    def is_asked(self) -> bool:
        """Whether an exchange is under way."""
        return self._ended_by is not None

    def expire(self) -> None:
        """The time for the exchange is over."""
        self._fail("timeout_response", "the answer broke off" if self._head_done else "no answer came")

    def abort(self) -> None:
        """Closes the connection at once, whatever it is doing."""
        self.dead = True
        if self._transport is not None:
            self._transport.abort()

    async def _stream(self, transport: asyncio.Transport, waiter: asyncio.Future[None], head: bytes, body: StreamedBody) -> None:
        """Sends the slices as fast as the peer takes them; stops when the exchange has ended before them."""
        transport.write(head)
        left = body.length
        slices = aiter(body.slices)
        try:
            while not waiter.done() and left >= 0:
                part = await anext(slices, None)
                if part is None:
                    break
                left -= len(part)
                if left >= 0:
                    transport.write(part)
                if self._writable is not None:
                    await self._writable
        finally:
            if isinstance(slices, AsyncGenerator):
                await slices.aclose()  # what it reads from is given back now, not when it is collected
        if left and not waiter.done():
            raise BodyLengthError(f"a body of {body.length} octets was not as long as it said")

    def _fail(self, outcome: Outcome, detail: str) -> None:
        asked = self._ended_by is not None
        if asked:
            self.failure, self.detail = outcome, detail
        self.abort()
        if asked:
            self._release()

    def _end(self) -> None:
        """The answer is as whole as it will be."""
        transport = self._transport
        if self._sent and transport is not None and transport.get_write_buffer_size():
            self._sent = False  # an answer that overtook its request: what is left of the request must not follow
        self._release()

    def _release(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        ended_by, self._ended_by = self._ended_by, None
        if ended_by is not None:
            ended_by()  # the last thing that is done here: the next request may already be on its way then

    # --- asyncio.Protocol -------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transports are one in all but name

    def connection_lost(self, exc: Exception | None) -> None:
        self.dead = True
        if exc is None or self._ended_by is None:
            self._ended()
        elif isinstance(exc, ssl.SSLError):  # TLS 1.3: a client certificate is refused only after the handshake
            self._fail("tls", f"TLS broke: {exc.reason or exc}")
        else:
            self._fail("reset", f"the connection broke: {exc}" if str(exc) else "the connection broke")
        self._parser = None  # it refers back to us

    def eof_received(self) -> bool:
        self._ended()
        return False

    def pause_writing(self) -> None:
        if self._writable is None:
            self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)

    def data_received(self, data: bytes) -> None:
        if self._ended_by is None:
            self.abort()  # nobody asked: what comes unasked must never be taken for the next answer
            return
        if self.first_octet_at is None:
            self.first_octet_at = self._clock.monotonic()
        try:
            self._feed(data)
        except HttpParserUpgrade:
            self._fail("protocol", "the answer switches to another protocol")
        except HttpParserError as error:
            if not self._complete:
                self._fail("protocol", f"the answer is not HTTP: {error}")
                return
            self._keep = False
        if self._complete or self.cut:
            self._end()

    def _feed(self, data: bytes) -> None:
        parser = self._parser
        if parser is None:
            return
        limits = self._limits
        self._octets += len(data)
        if not self._head_done:
            room = limits.head - self._head_octets
            first, data = data[:room], data[room:]
            self._head_octets += len(first)
            if self.trace is not None:
                self.trace.answer += first
            parser.feed_data(first)
            if self._interim > limits.interim:
                self._fail("protocol", f"more than {limits.interim} interim answers")
                return
            if not self._head_done and self._head_octets >= limits.head:
                self._fail("too_large", f"the headers are longer than {limits.head} octets")
                return
        if data:
            parser.feed_data(data)
        if self._octets > limits.head + limits.answer and not self._complete:
            self._cut_off()

    def _ended(self) -> None:
        """The peer has said its last octet."""
        if self._ended_by is None:
            self.abort()
        elif self._head_done and self._until_close:
            self._complete = True
            self._end()
        else:
            self._fail("reset", f"the connection was closed {'without' if self.first_octet_at is None else 'within'} an answer")

    def _cut_off(self) -> None:
        """More is coming than is read: what was read is the answer."""
        self.cut = True
        self._keep = False

    # --- HttpResponseParser -------------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._complete:
            self._keep = False  # a second answer to one request

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_done:
            return
        lowered = name.lower()
        if lowered == b"content-length":
            self._measured = True
        elif lowered == b"retry-after":
            self.retry_after = value
        elif lowered == b"transfer-encoding":
            self._measured = value.strip().lower().endswith(b"chunked")

    def on_headers_complete(self) -> None:
        parser = self._parser
        if parser is None or self._complete:
            return
        status = parser.get_status_code()
        if 100 <= status < 200 and status != _SWITCHING:
            self._interim += 1
            self._measured = False
            return
        self.status = status
        self._head_done = True
        self._keep = parser.should_keep_alive()
        self._until_close = not self._measured and status not in _NO_BODY

    def on_body(self, body: bytes) -> None:
        if self._complete or self.cut:
            return
        room = self._limits.answer - self._body_octets
        if len(body) > room:
            body = body[:room]
            self._cut_off()
        if body:
            self._body_octets += len(body)
            self._parts.append(body)

    def on_message_complete(self) -> None:
        if self._head_done:
            self._complete = True
