"""The npm package `smpp`, version 0.5.1, on both sides: as the SMSC that our client binds to, and as the ESME that reads our simulator."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from odzew.clock import Clock
from odzew.simulate.smsc import Smsc
from odzew.simulate.smsc_messages import ShortText
from odzew.simulate.smsc_samples import LONG_ESCAPES, SAMPLES, Sample
from odzew.simulate.smsc_shapes import read_shape
from proof import words
from proof.http import Connection, poll
from proof.report import Report
from proof.server import ROOT, Server, die_with_parent
from proof.stand import database, directory, prepare

PACKAGE: Final = "smpp"
VERSION: Final = "0.5.1"
ENDS_WITHIN: Final = 60.0  # seconds
PATIENCE: Final = 20.0
PREFIXES: Final = {"plain": "4860000", "TLS": "4860001"}

# What the package has no alphabet for; its name for the GSM alphabet is ASCII, so it reads data_coding 1 by that too. And it decodes
# each part by itself, so an escape that is cut in two is lost on it.
UNREAD: Final = ("ascii", "packed", "ucs2-le", "receipt-text", "cyrillic", "hebrew")
# It sends texts of national tables under data_coding 1, which by SMPP is ASCII: what a source's `alphabets` are for.
ALPHABETS: Final = 'alphabets = { "1" = "gsm7" }\n'


def install(place: Path) -> Path:
    """Puts the package into a directory below `place`. FileNotFoundError where there is no node or npm."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise FileNotFoundError("node and npm are not installed: apt-get install nodejs npm")
    command = [npm, "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", f"{PACKAGE}@{VERSION}"]
    subprocess.run(command, cwd=place, check=True, stdout=subprocess.DEVNULL)
    return place / "node_modules"


class Script:
    """A script of ours in node that writes a JSON value on each line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def next(self) -> dict[str, Any] | None:
        """The next value; None at its end."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        return json.loads(line) if line else None

    async def rest(self) -> list[dict[str, Any]]:
        found = []
        while (value := await self.next()) is not None:
            found.append(value)
        return found


@asynccontextmanager
async def script(modules: Path, name: str, *arguments: object) -> AsyncIterator[Script]:
    """Runs it; it is ended at the latest when it is left."""
    environment = {"PATH": os.environ.get("PATH", ""), "NODE_PATH": str(modules)}
    process = await asyncio.create_subprocess_exec(
        "node", str(ROOT / "proof" / name), *(str(one) for one in arguments), env=environment,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, preexec_fn=die_with_parent,
    )  # fmt: skip
    try:
        yield Script(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def certificate(place: Path) -> tuple[str, str]:
    """A certificate for the loopback address and its key."""
    pem, key = str(place / "smsc.pem"), str(place / "smsc.key")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-out", pem, "-keyout", key]
    subprocess.run([*command, *subject], check=True, capture_output=True)
    return pem, key


def source(name: str, port: int, more: str = "") -> str:
    """An SMPP source of the set-up file."""
    return (
        f'[[source]]\nname = "{name}"\nprotocol = "smpp"\nhosts = ["127.0.0.1:{port}"]\nsystem_id = "me"\npassword = "secret"\n'
        f"reconnect_seconds = 0.2\n{more}"
    )


# --- as SMSC -----------------------------------------------------------------------------------------------------------


async def as_smsc(report: Report, clock: Clock, modules: Path) -> None:
    """Our client is bound to it, plainly and by TLS; every text that it sends must be found exactly over the pull API."""
    recipient = words.own_number(1)
    with directory() as place, database("sqlite", place) as url:
        pem, key = certificate(place)
        async with (
            script(modules, "peers_smsc.js", recipient.removeprefix("+"), PREFIXES["plain"]) as plain,
            script(modules, "peers_smsc.js", recipient.removeprefix("+"), PREFIXES["TLS"], pem, key) as tls,
        ):
            ports = [(await one.next() or {})["port"] for one in (plain, tls)]
            sources = source("npm", ports[0], ALPHABETS) + source("npm-tls", ports[1], f'{ALPHABETS}tls = true\ntls_ca = "{pem}"\n')
            await prepare(url, place, words.setup_text() + sources)
            server = await Server(url, clock).start()
            try:
                async with clock.deadline(ENDS_WITHIN):
                    said = await asyncio.gather(plain.rest(), tls.rest())
                stored = await texts_of(server.port)
            finally:
                await server.stop()
    for way, values in zip(PREFIXES, said, strict=True):
        _judge(report, way, values, stored)


def _judge(report: Report, way: str, values: list[dict[str, Any]], stored: dict[str, list[str]]) -> None:
    cases = [value for value in values if "case" in value]
    wrong = [one["case"] for one in cases if stored.get(one["sender"], []) != ([] if one["expected"] is None else [one["expected"]])]
    unanswered = [one["case"] for one in cases if any(one["statuses"])]
    report.hold(f"npm {PACKAGE} {VERSION} as SMSC, {way}: cases (texts, binary, a receipt)", len(cases), at_least=19, cases=[
        one["case"] for one in cases
    ])  # fmt: skip
    report.hold(f"npm {PACKAGE} {VERSION} as SMSC, {way}: not exactly what was sent", len(wrong), at_most=0, wrong=wrong)
    report.hold(f"npm {PACKAGE} {VERSION} as SMSC, {way}: not answered ESME_ROK", len(unanswered), at_most=0)
    links = [value["link"] for value in values if "link" in value]
    report.hold(f"npm {PACKAGE} {VERSION} as SMSC, {way}: its enquire_link answered", int(links == [0]), at_least=1)
    errors = [value["error"] for value in values if "error" in value]
    report.hold(f"npm {PACKAGE} {VERSION} as SMSC, {way}: errors that it told of", len(errors), at_most=0, errors=errors)


async def texts_of(port: int) -> dict[str, list[str]]:
    """Sender -> the texts of all stored messages, over the pull API."""
    async with Connection(port) as connection:
        body = b"".join([piece async for piece in connection.stream(poll())])
    found: dict[str, list[str]] = {}
    (items,) = json.loads(body).values()
    for item in items:
        found.setdefault(item["phone"], []).append(item["text"])
    return found


# --- as ESME -----------------------------------------------------------------------------------------------------------


async def as_esme(report: Report, clock: Clock, modules: Path) -> None:
    """It binds to our simulator and reads one message of each shape that it has an alphabet for."""
    samples = [one for one in SAMPLES if not set(UNREAD) & set(one.shape.split("+")) and one.text != LONG_ESCAPES]
    wrong: list[str] = []
    for number, sample in enumerate(samples):
        smsc = await Smsc(clock, system_id="me", password="secret").start()
        try:
            entries = smsc.post(ShortText(f"+4860000{number:04d}", "+48799448855", sample.text, sample.shape, sample.order))
            async with script(modules, "peers_esme.js", smsc.port, len(entries)) as esme, clock.deadline(PATIENCE):
                said = [value for value in await esme.rest() if "command" in value]
            if not (all(entry.taken for entry in entries) and _is_read(sample, said, f"4860000{number:04d}")):
                wrong.append(sample.shape)
        finally:
            await smsc.stop()
    report.hold(f"our SMSC simulator, read by npm {PACKAGE} {VERSION}: shapes", len(samples), at_least=30)
    report.hold(f"our SMSC simulator, read by npm {PACKAGE} {VERSION}: read otherwise than meant", len(wrong), at_most=0, wrong=wrong)


def _is_read(sample: Sample, said: list[dict[str, Any]], sender: str) -> bool:
    """Whether what the package read is the sample."""
    role = read_shape(sample.shape).role
    if any(one["source"] != [1, sender] for one in said):
        return False
    if role in ("receipt", "receipt-tlv", "intermediate", "delivery-ack"):
        (one,) = said
        with_text = one["text"] and one["text"].startswith("id:1 sub:001")
        return bool(with_text or one["receipt"] == ["1", 2] or one["esm_class"] == 0x08)
    parts: dict[int, str] = {}
    for one in said:
        text = one["text"]
        parts[_number(one)] = bytes.fromhex(text["hex"]).decode() if isinstance(text, dict) else text
    whole = "".join(parts[number] for number in sorted(parts))
    return whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le") == sample.text  # a pair cut in two is one again


def _number(one: dict[str, Any]) -> int:
    """Which part it is."""
    for element in one["udh"]:
        if element.startswith(("0003", "0804")):
            return int(element[-2:], 16)
    return int(one["sar"][2] or 1)
