"""The server's protocol: what was "sent" has left our buffers, in the clear and over TLS."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from uvloop import new_event_loop

from odzew.access.request import Receive, Scope, Send
from tests.api.client import parse
from tests.api.house import House, listening
from tests.builders import TOKEN, a_message, store_messages


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of nobody in particular, with its key."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout", str(path), "-out", f"{path}.crt"]
    subprocess.run(["openssl", "req", "-x509", "-subj", "/CN=localhost", "-days", "3650", *key], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@pytest.mark.parametrize("uvloop", [False, True])
def test_over_tls_long_and_short_answers_come_whole(certificate: Path, uvloop: bool) -> None:
    with asyncio.Runner(loop_factory=new_event_loop if uvloop else None) as runner:
        assert runner.run(_answers_over_tls(certificate)) == [5, 1 << 22, 5]


async def _answers_over_tls(certificate: Path) -> list[int]:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(64 if scope["path"] == "/long" else 0):
            await send({"type": "http.response.body", "body": bytes(65_536), "more_body": True})
        await send({"type": "http.response.body", "body": b"" if scope["path"] == "/long" else b"short"})

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    sizes = []
    async with listening(app, str(certificate)) as port:
        for path in ("/short", "/long", "/short"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            answer = parse(await reader.read())
            assert answer.complete
            sizes.append(len(answer.body))
            writer.close()
    return sizes


async def test_an_answer_ends_only_when_the_kernel_has_it(house: House) -> None:
    """A client who goes away while the last 30 KiB wait for him has not got his answer: nothing of it stays marked."""
    await store_messages(house.db, *[a_message(n, text="x" * 1_000) for n in range(1, 31)])
    loop = asyncio.get_running_loop()
    body = json.dumps({"read": True}).encode()
    head = f"POST /messages/recived HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {len(body)}\r\n\r\n"
    async with listening(house.app, send_buffer=4096) as port:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            await loop.sock_connect(client, ("127.0.0.1", port))
            await loop.sock_sendall(client, head.encode() + body)
            assert (await loop.sock_recv(client, 15)).startswith(b"HTTP/1.1 200")
            assert await house.unread() == []
            # Closed with octets unread: the other side hears of it at once.
        for _ in range(20_000):
            if await house.unread():
                break
        assert len(await house.unread()) == 30
