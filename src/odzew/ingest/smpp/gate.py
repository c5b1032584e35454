"""Between the sessions of one source and the store: what comes over the others waits while the loss of one is not stored.

A network with several binds sends again, over the others and at once, what one had not answered when it was lost. It can be told as
a repetition only once it is written down what may come twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from odzew.clock import Clock
from odzew.ingest.smpp.intake import Bring
from odzew.model import Arrival, Receipt

HELD: Final = 10.0
"""Seconds for which messages wait here at most. A store that is away for longer refuses them itself."""

_Brought = asyncio.Future[list[Receipt]]


@dataclass(slots=True, eq=False)
class _Loss:
    """The loss of a session of this slot, until it is stored."""

    slot: int


@dataclass(slots=True, eq=False)
class _Waiting:
    slot: int
    arrivals: list[Arrival]
    brought: _Brought
    losses: set[_Loss] | None = None  # that it waits for; None: not looked at yet


class Gate:
    """`several`: the source has more than one bind; with one, everything goes straight through."""

    def __init__(self, clock: Clock, bring: Bring, several: bool = False) -> None:
        self._clock = clock
        self._bring = bring
        self._several = several
        self._losses: set[_Loss] = set()
        self._waiting: list[_Waiting] = []
        self._planned = False

    def lost(self, slot: int) -> Callable[[], None]:
        """A session is lost: others wait from now on. What is given back is called when that is stored; time does it too."""
        loss = _Loss(slot)
        self._losses.add(loss)
        over = partial(self._over, loss)
        self._clock.call_later(HELD, over)
        return over

    def bring(self, slot: int, arrivals: list[Arrival]) -> _Brought:
        """As the store's own `bring`; what that would raise may come by the future."""
        if not self._several:
            return self._bring(arrivals)
        loop = asyncio.get_running_loop()
        brought: _Brought = loop.create_future()
        self._waiting.append(_Waiting(slot, arrivals, brought))
        if not self._planned:
            self._planned = True
            # The loss of another session may be among what the system tells us at the same time: that is heard of first.
            loop.call_soon(loop.call_soon, self._look)
        return brought

    def _look(self) -> None:
        self._planned = False
        for waiting in self._waiting:
            if waiting.losses is None:
                waiting.losses = {loss for loss in self._losses if loss.slot != waiting.slot}
        self._hand_over()

    def _over(self, loss: _Loss) -> None:
        self._losses.discard(loss)
        for waiting in self._waiting:
            if waiting.losses is not None:
                waiting.losses.discard(loss)
        self._hand_over()

    def _hand_over(self) -> None:
        ready = [waiting for waiting in self._waiting if waiting.losses is not None and not waiting.losses]
        self._waiting = [waiting for waiting in self._waiting if waiting.losses is None or waiting.losses]
        for waiting in ready:
            try:
                stored = self._bring(waiting.arrivals)
            except Exception as error:
                waiting.brought.set_exception(error)
            else:
                stored.add_done_callback(partial(_hand_on, waiting.brought))


def _hand_on(brought: _Brought, stored: _Brought) -> None:
    if brought.done():
        return
    if stored.cancelled():
        brought.cancel()
    elif (error := stored.exception()) is not None:
        brought.set_exception(error)
    else:
        brought.set_result(stored.result())
