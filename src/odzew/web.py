"""Listening: sockets, one uvicorn in our own loop, and which application answers a path."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ipaddress
import logging
import resource
import socket
import ssl
from collections.abc import Awaitable, Callable, Generator, Mapping, MutableMapping, Sequence
from typing import Any, Final

import structlog
import uvicorn

from odzew.access.request import respond
from odzew.api.patience import patient
from odzew.clock import Clock
from odzew.errors import SettingError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger("odzew.web")

BACKLOG: Final = 2_048  # connections that wait to be taken
KEEP_ALIVE: Final = 30  # seconds that an idle connection is kept for the next poll


def by_first_segment(table: Mapping[str, App], everything_else: App) -> App:
    """The application whose name is the first segment of the path (`/ingest/...`), or `everything_else`."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        end = path.find("/", 1)
        chosen = table.get(path[1:end] if end > 0 else path[1:], everything_else)
        await chosen(scope, receive, send)

    return app


def bind(listen: str) -> socket.socket:
    """A socket that listens on `host:port` or `[host]:port` once it is served. SettingError if that cannot be."""
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (port.isascii() and port.isdecimal() and len(port) < 6 and int(port) < 65_536) or not host:
        raise SettingError(f"{listen!r} is no address to listen on: use host:port, such as 127.0.0.1:8080")
    found: socket.socket | None = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        found = socket.socket(family, kind, protocol)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        found.bind(address)
        found.listen(BACKLOG)  # at once: of two that are only bound to one address, the second would fail later
    except (OSError, ValueError) as error:  # ValueError: a name that no look-up takes
        if found is not None:
            found.close()
        raise SettingError(f"cannot listen on {listen}: {getattr(error, 'strerror', None) or 'that is no host'}") from None
    found.setblocking(False)
    return found


def logged(app: App) -> App:
    """The same application with a log line for each request: no parameters, which hold secrets and texts."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(event: MutableMapping[str, Any]) -> None:
            if event["type"] == "http.response.start":
                log.info("request", method=scope["method"], path=scope["path"], status=event["status"])
            await send(event)

        await app(scope, receive, tell)

    return wrapped


def certificate(pem: str, key: str) -> tuple[str, str] | None:
    """The pair to serve HTTPS with, None for plain HTTP. SettingError for half a pair: whoever names one means HTTPS."""
    if bool(pem) != bool(key):
        raise SettingError("tls_cert and tls_key belong together: give both, or neither for plain HTTP")
    return (pem, key) if pem else None


async def not_here(_scope: Scope, _receive: Receive, send: Send) -> None:
    """What belongs to a role that this process does not have."""
    await respond(send, 404, b"This process does not serve that: see the setting roles.\n")


def front(api: App) -> App:
    """`GET /` goes to the panel, all else without a first segment is the API's (contract 1)."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/" or scope["method"] not in ("GET", "HEAD"):
            await api(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 307, "headers": [(b"location", b"/panel/"), (b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    return app


def collect_less_often() -> None:
    """Looking for circles of garbage took a fifth of a busy server's time: what is there at the start stays, and little is circular."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def raise_file_limit() -> None:
    """The customary soft limit, 1,024 files, is a few minutes' work for a hostile caller."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # not where the system forbids it
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class _Uvicorn(uvicorn.Server):
    """uvicorn without hands on the signals of the process, which are the composition root's; it says when it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serves = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serves.set()


class Listeners:
    """All listening sockets of the process and the server on them."""

    def __init__(self, listen: Sequence[str], tls: tuple[str, str] | None, patience: float, clock: Clock) -> None:
        self._tls = tls
        self._clock = clock
        self._patience = patience
        self._server: _Uvicorn | None = None
        self._serving: asyncio.Task[None] | None = None
        self._sockets: list[socket.socket] = []
        if not listen:
            raise SettingError("listen names no address: use host:port, such as 127.0.0.1:8080")
        try:
            for one in listen:
                self._sockets.append(bind(one))
        except SettingError:
            self._close_sockets()
            raise

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens: (address, port)."""
        return [found.getsockname()[:2] for found in self._sockets]

    @property
    def scheme(self) -> str:
        return "https" if self._tls else "http"

    def judged(self) -> list[tuple[str, int]]:
        """The same for the guard of the forwarding: our own listeners are never called."""
        return [(str(ipaddress.ip_address(host.partition("%")[0])), port) for host, port in self.addresses]

    async def start(self, app: App) -> None:
        """Begins to serve and returns when it does. SettingError for a certificate that cannot be used."""
        certificate, key = self._tls or (None, None)
        config = uvicorn.Config(
            app,
            http=patient(self._clock),  # a `Connection`: a read mark must not rest on what still lies in a buffer of ours
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # whose X-Forwarded-For is believed is judged by access.addresses
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=max(1, round(self._patience)),
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        # Its warnings tell of what callers do wrong, a line for each of their requests.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        try:
            config.load()
        except (OSError, ssl.SSLError) as error:
            self._close_sockets()
            raise SettingError(f"the certificate {certificate} with the key {key} cannot be used: {error}") from None
        self._server = _Uvicorn(config)
        self._serving = asyncio.create_task(self._server.serve(self._sockets), name="odzew-web")
        begun = asyncio.create_task(self._server.serves.wait())
        await asyncio.wait((begun, self._serving), return_when=asyncio.FIRST_COMPLETED)
        begun.cancel()
        if self._serving.done():
            await self._serving

    async def stop(self) -> None:
        """Takes no more connections, lets the requests in hand end, and closes."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        self._close_sockets()

    def _close_sockets(self) -> None:
        for found in self._sockets:
            found.close()
