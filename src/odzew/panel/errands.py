"""Work that a page begins and that goes on when the page is closed: sending many deliveries again. Its end is shown until it is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from odzew.errors import OdzewError

KEPT: Final = 20  # ended ones of an account
State = Literal["running", "done", "failed"]

log = structlog.get_logger("odzew.panel")


@dataclass(slots=True)
class Errand:
    """One of them. `count`: how much was done so far; `why`: a sentence, where it failed."""

    account_id: int
    who: str
    what: str
    begun_at: int
    count: int = 0
    state: State = "running"
    why: str = ""


class Errands:
    """All of this process. What runs when the process stops is left where it is: the rest can be asked for again."""

    def __init__(self) -> None:
        self._known: list[Errand] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def of(self, account_id: int) -> list[Errand]:
        """Those of an account, the newest first."""
        return [errand for errand in reversed(self._known) if errand.account_id == account_id]

    def begin(self, errand: Errand, work: Callable[[Errand], Awaitable[None]]) -> None:
        """Begins it; `work` counts as it goes on."""
        self._known.append(errand)
        ended = [one for one in self._known if one.state != "running" and one.account_id == errand.account_id]
        for one in ended[: max(0, len(ended) - KEPT)]:
            self._known.remove(one)
        task = asyncio.create_task(self._run(errand, work), name="odzew-errand")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Leaves everything where it is."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, errand: Errand, work: Callable[[Errand], Awaitable[None]]) -> None:
        try:
            await work(errand)
            errand.state = "done"
        except OdzewError as error:
            errand.state, errand.why = "failed", str(error)
        except Exception:
            errand.state = "failed"
            log.exception("errand_failed", what=errand.what)
