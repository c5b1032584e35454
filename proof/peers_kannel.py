"""Kannel 1.4.5 from Debian in front of `/ingest/<source>`: with its own fake SMSC, and bound to our SMSC simulator over SMPP."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from odzew.clock import Clock
from odzew.simulate.smsc import Smsc
from odzew.simulate.smsc_messages import ShortText
from proof import words
from proof.peers_node import texts_of
from proof.report import Report
from proof.server import Server, die_with_parent
from proof.stand import database, directory, prepare

TOKEN: Final = "ca" * 16
STARTS_WITHIN: Final = 20.0  # seconds
ENDS_WITHIN: Final = 60.0
LOOPBACK: Final = "127.0.0.1"

CONFIGURATION: Final = """\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = secret
smsbox-port = {smsbox}
smsbox-interface = 127.0.0.1
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
log-level = 1

group = smsc
smsc = fake
smsc-id = fake
port = {fake}
connect-allow-ip = 127.0.0.1

group = smsc
smsc = smpp
smsc-id = smpp
host = 127.0.0.1
port = {smpp}
smsc-username = "me"
smsc-password = "secret"
system-type = ""
transceiver-mode = true
interface-version = 34
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
http-request-retry = 100
http-queue-delay = 1

group = sms-service
keyword-regex = .*
catch-all = true
get-url = "http://127.0.0.1:{http}/ingest/kannel?token={token}&from=%p&to=%P&text=%b&coding=%c&charset=%C&udh=%u&time=%t&id=%I&smsc=%i"
max-messages = 0
omit-empty = true
"""
"""The lines of docs/kannel.md, and around them what Kannel needs to run on the loopback interface alone."""

# Lines of the fake SMSC: from, to, kind, message.
FAKE: Final = {
    "+48600000001": ("text", "Ala ma kota", "Ala ma kota"),
    "+48600000002": ("text", "a+b & c=d %20 #x ?y;", "a+b & c=d %20 #x ?y;"),
    "+48600000003": ("text", "x" * 150, "x" * 150),
    "+48600000004": ("text", "word " * 20 + "end", "word " * 20 + "end"),
}
_PAIRS: Final = "x" * 65 + "👍" + "y" * 65 + "😀" + "koniec"
_LONG: Final = ("Czesc pierwsza {1} " + "abcdefghij " * 40)[:400]
_POLISH: Final = "Zażółć gęślą jaźń 👍😀🇵🇱"
SMPP: Final = (
    ShortText("+48600001001", "", "Ala ma kota", "gsm7"),
    ShortText("+48600001002", "", "Cena 10€ [ok] {a|b} ^~ \\ £$Δ", "gsm7"),
    ShortText("+48600001003", "", _POLISH, "ucs2"),
    ShortText("+48600001004", "", "café ñ ü", "latin1"),
    ShortText("+48600001005", "", _LONG, "gsm7+udh8", (3, 1, 2)),
    ShortText("+48600001006", "", _LONG, "gsm7+udh16"),
    ShortText("+48600001007", "", _PAIRS, "ucs2+udh8", (2, 3, 1)),
    ShortText("+48600001008", "", _LONG, "gsm7+payload"),
)


def installed() -> tuple[str, str]:
    """bearerbox and smsbox. FileNotFoundError where they are not."""
    path = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"
    found = [shutil.which(name, path=path) for name in ("bearerbox", "smsbox")]
    if None in found:
        raise FileNotFoundError("Kannel is not installed: apt-get install kannel")
    return str(found[0]), str(found[1])


def version(bearerbox: str) -> str:
    """As it tells it."""
    said = subprocess.run([bearerbox, "--version"], check=False, capture_output=True, text=True).stdout
    found = re.search(r"version `([\d.]+)'", said)
    return found[1] if found else "unknown"


async def in_front(report: Report, clock: Clock) -> None:
    """Messages of both SMSCs go through Kannel to a server of ours; each must be found exactly over the pull API."""
    boxes = installed()
    name = f"Kannel {version(boxes[0])} (Debian)"
    recipient = words.own_number(1)
    with directory() as place, database("sqlite", place) as url:
        setup = words.setup_text() + f'[[source]]\nname = "kannel"\nprotocol = "kannel"\ntoken = "{TOKEN}"\n'
        await prepare(url, place, setup)
        server = await Server(url, clock).start()
        smsc = await Smsc(clock, system_id="me", password="secret").start()
        try:
            async with kannel(clock, place, boxes, server.port, smsc.port) as fake, clock.deadline(ENDS_WITHIN):
                await smsc.bound()
                for sender, (kind, text, _) in FAKE.items():
                    fake.write(f"{sender} {recipient} {kind} {text}\n".encode())
                entries = await smsc.send(*(_to(message, recipient) for message in SMPP))
                stored = await _all_of(clock, server.port, len(FAKE) + len(SMPP))
        finally:
            await smsc.stop()
            await server.stop()
    wanted = {"its fake SMSC": {sender: text for sender, (_, _, text) in FAKE.items()}}
    wanted["our SMSC simulator over SMPP"] = {message.sender: message.text for message in SMPP}
    for way, texts in wanted.items():
        wrong = [sender for sender, text in texts.items() if stored.get(sender) != [text]]
        found = [stored.get(sender) for sender in wrong]
        report.say(f"{name} in front of /ingest, from {way}: messages", len(texts))
        report.hold(f"{name} in front of /ingest, from {way}: not exactly what was sent", len(wrong), at_most=0, wrong=wrong, found=found)
    report.hold(f"our SMSC simulator: not taken by {name}", sum(not entry.taken for entry in entries), at_most=0)


def _to(message: ShortText, recipient: str) -> ShortText:
    return ShortText(message.sender, recipient, message.text, message.shape, message.order)


async def _all_of(clock: Clock, port: int, count: int) -> dict[str, list[str]]:
    """What is stored, once there is so much of it. What is still missing after a while will be found missing."""
    until = clock.monotonic() + STARTS_WITHIN
    while True:
        stored = await texts_of(port)
        if sum(map(len, stored.values())) >= count or clock.monotonic() > until:
            return stored
        await clock.sleep(0.2)


@asynccontextmanager
async def kannel(clock: Clock, place: Path, boxes: tuple[str, str], http: int, smpp: int) -> AsyncIterator[asyncio.StreamWriter]:
    """Both boxes; gives the connection of the fake SMSC."""
    ports = dict(zip(("admin", "smsbox", "fake"), _free_ports(3), strict=True))
    file = place / "kannel.conf"
    file.write_text(CONFIGURATION.format(**ports, http=http, smpp=smpp, token=TOKEN), encoding="utf-8")
    bearerbox = await _run(boxes[0], file)
    smsbox: asyncio.subprocess.Process | None = None
    writer: asyncio.StreamWriter | None = None
    try:
        await _listening(clock, ports["smsbox"])
        smsbox = await _run(boxes[1], file)
        writer = await _connection(clock, ports["fake"])
        yield writer
    finally:
        if writer is not None:
            writer.close()
        for process in (smsbox, bearerbox):
            if process is not None and process.returncode is None:
                process.kill()
                await process.wait()


async def _run(box: str, file: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        box, str(file), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        cwd=file.parent, preexec_fn=die_with_parent,
    )  # fmt: skip


async def _listening(clock: Clock, port: int) -> None:
    (await _connection(clock, port)).close()


async def _connection(clock: Clock, port: int) -> asyncio.StreamWriter:
    """Connects as soon as somebody listens."""
    async with clock.deadline(STARTS_WITHIN):
        while True:
            try:
                _, writer = await asyncio.open_connection(LOOPBACK, port)
                return writer
            except OSError:
                await clock.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    """Ports that nobody had a moment ago: Kannel cannot be told to take any."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
