"""What a server did to the files of its database and when it answered, from strace: a recording that `proof.replay` plays back."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from odzew.clock import Clock
from proof import trace, words
from proof.order import CALLS, answers, push_marked, under_strace
from proof.replay_disk import Change, Disk
from proof.server import SERVE
from proof.sink import Sink
from proof.smpp_order import octets_of
from proof.stand import database, prepare

TRACED: Final = CALLS + ",ftruncate,openat,open,creat,unlink,unlinkat,rename,renameat,renameat2"
NOT_UNDERSTOOD: Final = ("write", "pwritev", "writev", "rename", "renameat", "renameat2", "creat", "open", "unlinkat")
NOT_KEPT: Final = ("-shm", ".lock")  # not needed after a crash
FAILS: Final = 0.1  # share of calls of the client's URL that fail
RETRY: Final = (0.003,) * 10  # minutes
DELIVERED_WITHIN: Final = 120.0
_numbers = re.compile(r'", (?P<length>\d+), (?P<offset>\d+)\) += ').search
_length = re.compile(r"^[^,]*, (?P<length>\d+)\) += ").search


Kind = Literal["write", "anew", "cut", "name", "sync"]
"""A write, one at the beginning of the file, a new length, a name given or taken, a sync."""


@dataclass(slots=True, frozen=True)
class Step:
    """Something that happened at a line of the trace: to a file of this name, or (`disk` None) a text was acknowledged that holds this
    mark."""

    at: int
    disk: Callable[[Disk], None] | None
    name: str
    kind: Kind = "name"

    @property
    def is_sync(self) -> bool:
        """It makes safe what was done before."""
        return self.kind == "sync"


@dataclass(slots=True)
class Recording:
    """A run of a server. `files`: its directory before, by name. `steps` in order. `pushed`: messages that were answered, as told by
    who pushed them."""

    files: dict[str, bytes]
    steps: list[Step]
    pushed: int = 0

    @property
    def acknowledged(self) -> int:
        return sum(1 for step in self.steps if step.disk is None)

    def without_syncs(self, ending: str) -> Recording:
        """The same if the server had never synced the files whose name ends so."""
        return replace(self, steps=[step for step in self.steps if not (step.is_sync and step.name.endswith(ending))])

    def count(self, ending: str) -> Counter[Kind]:
        """What was done to the file whose name ends so."""
        return Counter(step.kind for step in self.steps if step.disk is not None and step.name.endswith(ending))


async def record(clock: Clock, place: Path, connections: int, pushes: int, program: tuple[str, ...] = SERVE) -> Recording:
    """Runs a server, pushes, lets it deliver everything, and stops it."""
    sink = await Sink(clock, delay=0.004, fails=FAILS).start()
    try:
        with database("sqlite", place) as url:
            file = Path(url.removeprefix("sqlite:///"))
            await prepare(url, place, words.setup_text(1, sink.url, 1, RETRY))
            files = {one.name: one.read_bytes() for one in file.parent.glob(file.name + "*") if not one.name.endswith(NOT_KEPT)}
            async with under_strace(clock, place, url, program, TRACED) as (server, calls):
                acknowledged = await push_marked(server.port, connections, pushes)
                async with clock.deadline(DELIVERED_WITHIN):
                    while len({call.message_id for call in sink.calls if not call.failed}) < acknowledged:
                        await clock.sleep(0.05)
        return Recording(files, steps(calls, str(file.parent), file.name), acknowledged)
    finally:
        await sink.stop()


def steps(calls: Sequence[trace.Call], directory: str, name: str) -> list[Step]:
    """All that was done to the files of a database whose names begin so, and all answers 200, in order.

    A change is there when its call has ended; a sync makes safe what was there when it began; an answer counts from its first octet.
    """
    found = [step for call in calls if (step := _step(call, directory, name)) is not None]
    found += [Step(begun, None, mark) for mark, begun in answers(list(calls)).items()]
    return sorted(found, key=lambda step: step.at)


def _step(call: trace.Call, directory: str, name: str) -> Step | None:
    if call.ended is None or call.result is None or call.result < 0:
        return None
    at, begun = call.ended, call.begun
    path = call.file.removesuffix(" (deleted)")
    if call.name in ("fsync", "fdatasync") and path == directory:
        return Step(at, lambda disk: disk.sync_directory(begun), path, "sync")
    one = os.path.basename(path)
    if os.path.dirname(path) != directory or not one.startswith(name) or one.endswith(NOT_KEPT):
        return None
    if call.name in NOT_UNDERSTOOD:
        raise ValueError(f"a call that this proof does not understand: {call.name}({call.text[:200]}")
    make = _STEPS.get(call.name)
    return None if make is None else make(call, at, begun, one)


def _written(call: trace.Call, at: int, begun: int, name: str) -> Step:
    data, numbers = octets_of(call.text), _numbers(call.text)
    if numbers is None or not len(data) == int(numbers["length"]) == call.result:
        raise ValueError(f"a write that is not whole: {call.text[:100]} ... {call.text[-60:]}")
    change = Change(at, int(numbers["offset"]), data)
    return Step(at, lambda disk: disk.change(name, change), name, "write" if change.offset else "anew")


def _truncated(call: trace.Call, at: int, begun: int, name: str) -> Step:
    numbers = _length(call.text)
    if numbers is None:
        raise ValueError(f"a length that cannot be read: {call.text}")
    change = Change(at, int(numbers["length"]), None)
    return Step(at, lambda disk: disk.change(name, change), name, "cut")


def _opened(call: trace.Call, at: int, begun: int, name: str) -> Step | None:
    return Step(at, lambda disk: disk.create(at, name), name) if "O_CREAT" in call.text else None


def _removed(call: trace.Call, at: int, begun: int, name: str) -> Step:
    return Step(at, lambda disk: disk.remove(at, name), name)


def _synced(call: trace.Call, at: int, begun: int, name: str) -> Step:
    return Step(at, lambda disk: disk.sync(name, begun), name, "sync")


_STEPS: Final[dict[str, Callable[[trace.Call, int, int, str], Step | None]]] = {
    "pwrite64": _written, "ftruncate": _truncated, "openat": _opened, "unlink": _removed, "fsync": _synced, "fdatasync": _synced,
}  # fmt: skip
