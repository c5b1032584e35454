"""The HTTP protocol that the server is to run with, so that "sent" means "in the hands of the kernel".

uvicorn waits for its transport only while more than 64 KiB lie in its buffer. With a read mark that is too generous: a client
who goes away would lose what still lay there. Without a buffer, the end of an answer waits until the kernel has taken it.
(Over TLS the encrypted octets still pass through the 64 KiB of the transport below, which is out of reach.)
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle


class Connection(HttpToolsProtocol):
    """uvicorn's protocol on httptools, without a write buffer of its own. For `uvicorn.Config(http=Connection)`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        # Transports of TLS pause at `high` already, not above it: with 0 they would never go on.
        transport.set_write_buffer_limits(high=0 if transport.get_extra_info("sslcontext") is None else 1)
        self._unanswered: list[RequestResponseCycle] = []

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._unanswered = [cycle for cycle in self._unanswered if not cycle.response_complete]
        self._unanswered.append(self.cycle)

    def connection_lost(self, exc: Exception | None) -> None:
        # uvicorn tells only the newest request of a connection. Of several sent at once, the one being answered is an older one.
        for cycle in self._unanswered:
            if not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        super().connection_lost(exc)
