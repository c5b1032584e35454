"""The HTTP protocol that the server is to run with, so that "sent" means "in the hands of the kernel".

uvicorn waits for its transport only while more than 64 KiB lie in its buffer. With a read mark that is too generous: a client
who goes away would lose what still lay there. Without a buffer, the end of an answer waits until the kernel has taken it.
(Over TLS the encrypted octets still pass through the 64 KiB of the transport below, which is out of reach.)
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Connection(HttpToolsProtocol):
    """uvicorn's protocol on httptools, without a write buffer of its own. For `uvicorn.Config(http=Connection)`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        # Transports of TLS pause at `high` already, not above it: with 0 they would never go on.
        transport.set_write_buffer_limits(high=0 if transport.get_extra_info("sslcontext") is None else 1)
