"""A client's web server as clients run it: aiohttp on loopback."""

from __future__ import annotations

from typing import Any

from aiohttp import web


class Client:
    """A client's web server: keeps each request as it read it, and answers what the test says."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.forms: list[list[tuple[str, Any]]] = []
        self.status = 200
        self.answer = b"OK"
        self.port = 0
        self._runner: web.AppRunner | None = None

    async def start(self) -> Client:
        application = web.Application(client_max_size=64 << 20)
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        self.bodies.append(await request.read())
        self.forms.append(list((await request.post()).items()))
        return web.Response(status=self.status, body=self.answer)

    def url(self, rest: str) -> str:
        return f"http://client.example:{self.port}{rest}"
