"""A source that pushes single messages at a steady rate, in a process of its own, so that nothing but the server can delay it.

`python -m proof.steady PORT RATE` pushes until its standard input ends and then prints, for each push, when it was due and how long
after that it was acknowledged (JSON, seconds).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
from typing import Final

import uvloop

from odzew.clock import Clock
from proof import words
from proof.http import Connection, push
from proof.server import ROOT, die_with_parent

CONNECTIONS: Final = 200  # so many that a push never waits for another one's answer


class Steady:
    """The process, seen from the proof."""

    def __init__(self, port: int, rate: int) -> None:
        self._arguments = (str(port), str(rate))
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> Steady:
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "proof.steady", *self._arguments, env=environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            preexec_fn=die_with_parent,
        )  # fmt: skip
        return self

    async def stop(self) -> list[tuple[float, float]]:
        """(due, took) of each push."""
        assert self._process is not None
        out, _ = await self._process.communicate(b"")  # which ends its input
        if self._process.returncode:
            raise AssertionError("the steady pushes failed")
        return [(due, took) for due, took in json.loads(out)]


async def _pushes(port: int, rate: int) -> list[tuple[float, float]]:
    clock, stop = Clock(), asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
    free: asyncio.Queue[Connection] = asyncio.Queue()
    found: list[tuple[float, float]] = []
    tasks: set[asyncio.Task[None]] = set()
    begun = clock.monotonic()

    async def one(number: int, due: float) -> None:
        connection = await free.get()
        item = {"from": "+48500600700", "to": words.SHARED, "text": f"{words.keyword_of(1)} beside {number}", "id": f"beside-{number}"}
        reply = await connection.exchange(push(item))
        found.append((round(due - begun, 3), round(clock.monotonic() - due, 6)))
        if reply.status != 200:
            raise AssertionError(reply)
        free.put_nowait(connection)

    for _ in range(CONNECTIONS):
        free.put_nowait(await Connection(port).__aenter__())
    begun = clock.monotonic()
    for number in itertools.count():
        due = begun + number / rate
        if (wait := due - clock.monotonic()) > 0 and await clock.wait(stop, wait):
            break
        task = asyncio.create_task(one(number, due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    while not free.empty():
        free.get_nowait().close()
    return found


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(_pushes(int(sys.argv[1]), int(sys.argv[2])))))
