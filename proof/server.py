"""A real server process, as an operator would start it, and what the system knows of it."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from odzew.clock import Clock

ROOT: Final = Path(__file__).resolve().parents[1]
STARTS_WITHIN: Final = 30.0  # seconds
ENDS_WITHIN: Final = 30.0
SERVE: Final = ("-m", "odzew.cli.main", "serve")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


_libc: Final = ctypes.CDLL(None)
_PR_SET_PDEATHSIG: Final = 1


def die_with_parent() -> None:
    """Called in a new process: it is killed when ours ends, however that ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class NotServing(Exception):
    """The process did not come up, or did not go down, in time; the text ends with what it wrote last."""


class Server:
    """One process of `odzew serve` on a port of its own. `wrapped_in`: a command that runs it, such as strace."""

    def __init__(
        self,
        db: str,
        clock: Clock,
        settings: Mapping[str, str] | None = None,
        wrapped_in: Sequence[str] = (),
        program: Sequence[str] = SERVE,
    ) -> None:
        self._db = db
        self._clock = clock
        self._settings = dict(settings or {})
        self._wrapped_in = tuple(wrapped_in)
        self._program = tuple(program)
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self.port = 0
        self.written: deque[str] = deque(maxlen=200)
        self._serves = asyncio.Event()

    async def start(self) -> Server:
        """Returns when it serves. NotServing."""
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "ODZEW_DB": self._db}
        environment |= {"ODZEW_LISTEN": "127.0.0.1:0"} | {f"ODZEW_{name.upper()}": value for name, value in self._settings.items()}
        self._serves.clear()
        self._process = await asyncio.create_subprocess_exec(
            *self._wrapped_in, sys.executable, *self._program, env=environment,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            preexec_fn=die_with_parent,
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read())
        if not await self._clock.wait(self._serves, STARTS_WITHIN) or not self.port:
            await self.kill()
            raise NotServing("\n".join(["the server did not start:", *self.written]))
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def kill(self) -> None:
        """kill -9, and returns when the process is gone."""
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.kill()
        await self.ended()

    async def stop(self) -> int:
        """SIGTERM, and returns its exit code. NotServing if it does not end."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        """Waits until the process ends by itself; its exit code."""
        assert self._process is not None
        assert self._reading is not None
        try:
            async with self._clock.deadline(ENDS_WITHIN):
                code = await self._process.wait()
                await self._reading
        except TimeoutError:
            raise NotServing("\n".join(["the server did not end:", *self.written])) from None
        self.port = 0
        return code

    async def _read(self) -> None:
        """Reads its log: the line `serving` says where it listens."""
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            text = line.decode("utf-8", "replace").rstrip()
            self.written.append(text)
            if not self._serves.is_set() and '"serving"' in text:
                self.port = int(json.loads(text)["addresses"][0].rpartition(":")[2])
                self._serves.set()
        self._serves.set()

    # --- what the system says of it ----------------------------------------------------------------------------------

    def peak_rss(self) -> int:
        """Largest resident memory so far, octets (VmHWM)."""
        return self._status("VmHWM:") * 1024

    def rss(self) -> int:
        """Resident memory now, octets."""
        return self._status("VmRSS:") * 1024

    def reset_peak(self) -> None:
        """Lets `peak_rss` count anew from the present memory."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="ascii")

    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def _status(self, name: str) -> int:
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name))
