"""A bare Starlette application under uvicorn with the options of our own listener: it reads the body and answers fixed octets.

Started like our server (`ODZEW_DB`: the file that holds the octets), so that `proof.server` runs both alike.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from pathlib import Path

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from odzew.web import KEEP_ALIVE


def application(octets: bytes) -> Starlette:
    """One route."""

    async def answer(request: Request) -> Response:
        await request.body()
        return Response(octets, media_type="application/json")

    return Starlette(routes=[Route("/messages/recived", answer, methods=["POST"])])


def main() -> None:
    octets = Path(os.environ["ODZEW_DB"]).read_bytes()
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application(octets), http="httptools", ws="none", lifespan="off", log_config=None, access_log=False, proxy_headers=False,
        server_header=False, timeout_keep_alive=KEEP_ALIVE, timeout_graceful_shutdown=1,
    )  # fmt: skip
    print(json.dumps({"addresses": [f"127.0.0.1:{listener.getsockname()[1]}"], "event": "serving"}), file=sys.stderr, flush=True)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve([listener]))


if __name__ == "__main__":
    main()
