"""Acknowledged means on the disk: under strace, an fdatasync of SQLite's log ends between a batch's last write and its first answer.

Every pushed text holds a mark of its own. The mark is found in the first write to the log that holds it (the batch that stores the
message) and in the request; the answer to that request is the next one on the same socket. One thread writes the log, so the first
fdatasync that it begins after the mark was written comes after the last write of that batch.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from odzew.clock import Clock
from proof import trace, words
from proof.http import Connection, push
from proof.report import Report
from proof.server import SERVE, Server
from proof.stand import database, directory, prepare

CALLS: Final = "pwrite64,pwritev,write,writev,fdatasync,fsync,sendto,sendmsg,read,recvfrom,recvmsg"
LONGEST: Final = 40_000  # octets of each call that are kept: a whole request, a whole page
CONNECTIONS: Final = 8
PUSHES: Final = 25  # on each connection
UNSAFE: Final = ("-m", "proof.unsafe")
MARK: Final = "mark-{:06d}-"
marks_of = re.compile(r"mark-\d{6}-").findall
_SYNCS: Final = ("fdatasync", "fsync")
_WRITES: Final = ("pwrite64", "pwritev", "write", "writev")
_SENDS: Final = ("write", "writev", "sendto", "sendmsg")
_CONNECTIONS: Final = ("TCP:", "socket:")
_RECEIVES: Final = ("read", "recvfrom", "recvmsg")


@dataclass
class Verdict:
    """What the trace says. `early`: marks that were answered 200 before their batch was on the disk."""

    answered: int = 0
    early: list[str] = field(default_factory=list)
    unwritten: list[str] = field(default_factory=list)
    batches: int = 0
    syncs: int = 0


def strace() -> str:
    """Where strace is. FileNotFoundError where it is not installed."""
    found = shutil.which("strace")
    if found is None:
        raise FileNotFoundError("strace is not installed: apt-get install strace")
    return found


def judge(calls: list[trace.Call], answers: dict[str, int]) -> Verdict:
    """Finds for each answered mark its write and the end of the fdatasync that follows it. `answers`: where each answer begins."""
    verdict = Verdict()
    written: dict[str, int] = {}
    syncs: list[trace.Call] = []
    for call in calls:
        if not call.file.endswith("-wal"):
            continue
        if call.name in _SYNCS and call.result == 0:
            syncs.append(call)
        elif call.name in _WRITES:
            for mark in marks_of(call.text):
                written.setdefault(mark, call.begun)
    verdict.syncs = len(syncs)
    used: set[int] = set()
    for mark, answered in answers.items():
        verdict.answered += 1
        if mark not in written:
            verdict.unwritten.append(mark)
            continue
        sync = next((one for one in syncs if one.begun > written[mark]), None)
        if sync is None or sync.ended is None or sync.ended >= answered:
            verdict.early.append(mark)
        else:
            used.add(sync.begun)
    verdict.batches = len(used)
    return verdict


def answers(calls: list[trace.Call]) -> dict[str, int]:
    """Where the answer 200 to the request that holds each mark begins to be sent."""
    asked: dict[int, list[str]] = {}
    found: dict[str, int] = {}
    for call in calls:
        if is_received(call):
            asked.setdefault(call.descriptor, []).extend(marks_of(call.text))
        elif is_sent(call) and "HTTP/1.1 " in call.text:
            marks = asked.pop(call.descriptor, [])
            if "HTTP/1.1 200" in call.text:
                found |= dict.fromkeys(marks, call.begun)
    return found


def is_received(call: trace.Call) -> bool:
    """Octets came in from a connection."""
    return call.name in _RECEIVES and call.file.startswith(_CONNECTIONS)


def is_sent(call: trace.Call) -> bool:
    """Octets went out to a connection."""
    return call.name in _SENDS and call.file.startswith(_CONNECTIONS)


async def push_marked(port: int, connections: int, pushes: int) -> int:
    """Pushes over several connections at once, singly and in lists; how many messages were acknowledged."""
    numbers = itertools.count()

    async def one(lane: int) -> int:
        stored = 0
        async with Connection(port) as connection:
            for turn in range(pushes):
                items: list[dict[str, Any]] = [
                    {"from": "+48500600700", "to": words.own_number(1), "text": MARK.format(next(numbers)) + "x" * 20}
                    for _ in range(1 if (turn + lane) % 3 else 20)
                ]
                reply = await connection.exchange(push(items))
                assert reply.status == 200, reply
                stored += len(items)
        return stored

    return sum(await asyncio.gather(*(one(lane) for lane in range(connections))))


async def traced(clock: Clock, place: Path, program: tuple[str, ...] = SERVE, pushes: int = PUSHES) -> tuple[int, Verdict]:
    """Runs a server under strace, pushes, ends it, and judges: (acknowledged, verdict)."""
    with database("sqlite", place) as url:
        await prepare(url, place, words.setup_text())
        async with under_strace(clock, place, url, program) as (server, calls):
            acknowledged = await push_marked(server.port, CONNECTIONS, pushes)
    return acknowledged, judge(calls, answers(calls))


@asynccontextmanager
async def under_strace(
    clock: Clock, place: Path, url: str, program: tuple[str, ...], traced_calls: str = CALLS
) -> AsyncIterator[tuple[Server, list[trace.Call]]]:
    """A server under strace. The list is filled at the end of the block, when the server has been stopped."""
    output = place / "trace"
    calls: list[trace.Call] = []
    # -D: strace stands aside, so that the process that we start, and end, is the server itself.
    wrapper = (strace(), "-D", "-f", "-y", "-s", str(LONGEST), "-e", f"trace={traced_calls}", "-e", "signal=none", "-o", str(output))
    server = await Server(url, clock, wrapped_in=wrapper, program=program).start()
    pid = server.pid
    yield server, calls
    await server.stop()
    await _written_whole(clock, output, pid)
    with output.open(encoding="utf-8", errors="replace") as lines:
        calls += trace.read(lines)


async def _written_whole(clock: Clock, output: Path, pid: int) -> None:
    """strace ends after the server: its last line tells of the end of the process."""
    ended = re.compile(rb"^%d +\+\+\+ (exited|killed)" % pid, re.MULTILINE)
    async with clock.deadline(20.0):
        while not ended.search(_tail(output)):
            await clock.sleep(0.05)


def _tail(file: Path, octets: int = 4096) -> bytes:
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - octets))
        return opened.read()


async def run(clock: Clock) -> bool:
    report = Report("order", clock)
    with directory() as place:
        acknowledged, verdict = await traced(clock, place)
    report.hold("sqlite: messages acknowledged and found in the trace", verdict.answered, at_least=acknowledged)
    report.hold("sqlite: answered before an fdatasync of the log had ended", len(verdict.early), at_most=0)
    report.hold("sqlite: answered and never written to the log", len(verdict.unwritten), at_most=0)
    report.say("sqlite: batches, that is fdatasyncs that answers waited for", verdict.batches)
    with directory() as place:
        acknowledged, verdict = await traced(clock, place, UNSAFE)
    report.hold("control with synchronous = OFF: the check finds messages answered early", len(verdict.early), at_least=acknowledged)
    return report.save()
