"""Where a hostile client listens. `python -m proof.hostile_peer ROW DIRECTORY`: one of them in a process of its own, so that its
work delays nobody; it prints its port, and goes on until its standard input ends."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Final

import uvloop

from odzew.clock import Clock
from proof.hostile_certificates import Certificates
from proof.hostile_names import ADDRESS
from proof.hostile_rows import ROWS, WELL, Row, Visit
from proof.server import ROOT, die_with_parent

KNOWN: Final = (*ROWS, WELL)


class Peer:
    """Plays the row's script to each connection. `visits`: how many there were; `faults`: those of the script itself."""

    def __init__(self, row: Row, clock: Clock, certificates: Certificates | None = None) -> None:
        self.row = row
        self.port = 0
        self.visits = 0
        self.faults: list[Exception] = []
        self._clock = clock
        self._certificates = certificates
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> Peer:
        tls = self._certificates.shown(self.row.certificate) if self._certificates and self.row.certificate else None
        self._server = await asyncio.start_server(self._serve, ADDRESS, 0, ssl=tls, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        self._open.add(writer)
        try:
            if self.row.script is not None:
                await self.row.script(Visit(reader, writer, self._clock))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except Exception as fault:
            self.faults.append(fault)
        finally:
            self._open.discard(writer)
            writer.close()


class PeerProcess:
    """The process, seen from the proof; for `async with`."""

    def __init__(self, row: Row, place: Path) -> None:
        self._arguments = (str(KNOWN.index(row)), str(place))
        self._process: asyncio.subprocess.Process | None = None
        self.port = 0

    async def __aenter__(self) -> PeerProcess:
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "proof.hostile_peer", *self._arguments, env=environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, preexec_fn=die_with_parent,
        )  # fmt: skip
        assert self._process.stdout is not None
        self.port = int(await self._process.stdout.readline())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process is not None
        await self._process.communicate(b"")  # which ends its input
        if self._process.returncode and fault is None:
            raise AssertionError("the hostile client failed")


async def _serve(row: Row, place: Path) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
    peer = await Peer(row, Clock(), Certificates(place)).start()
    print(peer.port, flush=True)
    await stop.wait()
    await peer.stop()
    if peer.faults:
        raise peer.faults[0]


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(KNOWN[int(sys.argv[1])], Path(sys.argv[2])))
