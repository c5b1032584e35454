"""One configured bind of a source, for as long as it is wanted: connect, be bound, take messages, and when it is lost, again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, Literal

import structlog

from odzew.clock import Clock
from odzew.errors import OdzewError, StoreError
from odzew.ingest.smpp.connect import connect
from odzew.ingest.smpp.gate import Gate
from odzew.ingest.smpp.intake import Bring
from odzew.ingest.smpp.options import Host, SmppOptions
from odzew.ingest.smpp.session import Session
from odzew.ingest.smpp.waits import Waits
from odzew.model import Source
from odzew.store.db import Database, Request
from odzew.store.leases import Fence, check
from odzew.store.sessions import Progress, end_session, not_bound, open_session, settle
from odzew.wire.coding import Reading

log = structlog.get_logger("odzew.smpp")

Phase = Literal["elsewhere", "connecting", "bound", "ending", "waiting", "stopped"]
"""What a bind does: another process holds it, it connects and binds, it is bound, it is being ended, it waits for its next try."""

LIVED: Final = 10.0  # seconds after which a bind has lived, so that the next wait is the first again
FORBIDDEN: Final = 2.0  # seconds that a session is left to end in order when its lease runs out


@dataclass(slots=True, frozen=True)
class Surroundings:
    """What all binds of a process share."""

    db: Database
    clock: Clock
    bring: Bring
    process: str
    environment: Mapping[str, str]


@dataclass(slots=True)
class BindState:
    """What is known of one bind now. Instants are microseconds; `progress` is the present session's, or the last one's.

    `fault`: what went wrong last, in words; of a bind that is not bound, why it is not. `refused`: messages that the network was told
    to send again, by SMPP status, over all sessions of this bind in this process.
    """

    source_id: int
    source: str
    slot: int
    phase: Phase = "elsewhere"
    host: str = ""
    bound_at: int | None = None
    fault: str = ""
    progress: Progress | None = None
    refused: Counter[str] = field(default_factory=Counter)


def _open(fence: Fence | None, source_id: int, slot: int, process: str, host: str) -> Generator[Request, Any, int]:
    """`open_session` takes an open session of the slot for one that died; so nobody may call it who does not hold the slot."""
    if fence is not None:
        yield from check(fence)
    return (yield from open_session(source_id, slot, process, host))


class Bind:
    """`run` it in a task; it does nothing until `allow`. `forbid`: another process may take it over in a moment.

    `fence` is the proof of holding it, where several processes could.
    """

    def __init__(
        self, source: Source, slot: int, options: SmppOptions, reading: Reading, around: Surroundings, gate: Gate | None = None
    ) -> None:
        self.fence: Fence | None = None
        self._source = source
        self._slot = slot
        self._options = options
        self._reading = reading
        self._around = around
        self._gate = gate or Gate(around.clock, around.bring)
        self._clock = around.clock
        self._log = log.bind(source=source.name, slot=slot)
        self._allowed = asyncio.Event()
        self._stopping = asyncio.Event()
        self._session: Session | None = None
        self._session_id: int | None = None
        self._noted: Progress | None = None
        self._untold: tuple[str, str] | None = None  # the host that could not be bound to, and why
        self._state = BindState(source.id, source.name, slot)

    # --- from outside ------------------------------------------------------------------------------------------------

    def allow(self) -> None:
        """This process may hold the bind."""
        self._allowed.set()

    def forbid(self) -> None:
        """It may not hold it any more: what is connected is ended, in order if that is quick."""
        self._allowed.clear()
        session = self._session
        if session is not None:
            session.leave()
            self._clock.call_later(FORBIDDEN, lambda: session.abort("another process may hold the bind"))

    async def stop(self, task: asyncio.Task[None], seconds: float) -> None:
        """Ends it in order: what is in hand is answered first. After `seconds` it is cut off."""
        until = self._clock.monotonic() + seconds
        self._stopping.set()
        self._allowed.set()
        session = self._session
        if session is not None and session.state in ("bound", "unbinding"):
            await session.stop(seconds)
        elif self._state.phase == "connecting":
            task.cancel()
        try:
            # A session that was cut off is written down all the same.
            async with self._clock.deadline(max(1.0, until - self._clock.monotonic())):
                await asyncio.wait([task])
        except TimeoutError:
            self._log.warning("smpp_cut_off")
            task.cancel()
            await asyncio.wait([task])

    def state(self) -> BindState:
        """What is known of it now."""
        state = replace(self._state)
        if self._session is not None:
            state.progress = self._session.progress()
            state.fault = state.progress.fault or state.fault
            state.refused = state.refused + self._session.refused
        return state

    async def settle(self) -> None:
        """Notes in the database how far the session is, if anything changed. A store that is away is tried again the next time."""
        session, session_id = self._session, self._session_id
        if session is None or session_id is None:
            await self._tell_fault()
            return
        progress = session.progress()
        if progress == self._noted:
            return
        try:
            await self._around.db.write(settle, session_id, progress)
        except StoreError as error:
            self._log.debug("smpp_not_settled", error=str(error))
        else:
            self._noted = progress

    async def _tell_fault(self) -> None:
        """Notes in the database why it is not bound."""
        untold, self._untold = self._untold, None
        if untold is None:
            return
        try:
            await self._around.db.write(not_bound, self._source.id, self._slot, *untold)
        except StoreError as error:
            self._untold = self._untold or untold
            self._log.debug("smpp_not_settled", error=str(error))

    # --- its task ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until `stop`."""
        hosts = self._options.addresses()
        waits = Waits(self._options.reconnect_seconds)
        turn = 0
        while not self._stopping.is_set():
            self._state.phase = "elsewhere"
            await self._allowed.wait()
            if self._stopping.is_set():
                break
            lived = await self._attempt(hosts[turn % len(hosts)])
            if lived is not None and lived >= LIVED:
                turn = 0
                waits.reset()
            else:
                turn += 1
            if lived is not None or turn % len(hosts) == 0:  # a host that fails does not keep us from the next one
                self._state.phase = "waiting"
                await self._clock.wait(self._stopping, waits.next())
        self._state.phase = "stopped"

    async def _attempt(self, host: Host) -> float | None:
        """One connection from its beginning to its end: how many seconds it was bound, None if it was not."""
        self._state.phase, self._state.host = "connecting", str(host)
        session = Session(self._clock, self._source, self._options, self._reading, partial(self._gate.bring, self._slot))
        self._session = session
        holds: list[Callable[[], None]] = []
        session.on_lost = lambda: holds.append(self._gate.lost(self._slot))
        try:
            await connect(self._clock, self._options, host, session, self._options.secret(self._around.environment))
            return await self._hold(session, host)
        except OdzewError as error:
            self._state.fault = str(error)
            self._log.warning("smpp_not_bound", host=str(host), why=str(error))
            self._untold = (str(host), str(error))
            return None
        except Exception:  # a fault of ours must not end the bind for good
            self._log.exception("smpp_bind_failed", host=str(host))
            return None
        finally:
            session.abort("the bind is over")
            session.on_lost = None
            for let_go in holds:
                let_go()
            self._state.progress = session.progress()
            self._state.refused.update(session.refused)
            self._session = self._session_id = self._state.bound_at = self._noted = None

    async def _hold(self, session: Session, host: Host) -> float:
        """Takes messages until the session ends, and writes down how it ended. How many seconds. StoreError if it could not be begun."""
        begun = self._clock.monotonic()
        try:
            async with self._clock.deadline(self._options.bind_seconds):
                session_id = await self._around.db.write(
                    _open, self.fence, self._source.id, self._slot, self._around.process, str(host)
                )  # fmt: skip
        except (StoreError, TimeoutError) as error:
            # Without it nobody could tell later what of this session may come twice.
            await session.stop(self._options.answer_seconds)
            raise StoreError(f"bound, but the session could not be stored: {str(error) or 'the database did not answer'}") from None
        self._session_id = session_id
        self._state.phase, self._state.bound_at, self._state.fault = "bound", self._clock.now(), ""
        self._untold = None
        session.begin(session_id)
        self._log.info("smpp_bound", host=str(host), session=session_id)
        if self._stopping.is_set() or not self._allowed.is_set():
            session.leave()
        await session.ended.wait()
        lived = self._clock.monotonic() - begun
        self._state.phase = "ending"
        await session.resolved()
        self._session_id = None  # so that nothing is settled after its end
        self._tell_end(session, session_id)
        await self._end(session, session_id)
        return lived

    def _tell_end(self, session: Session, session_id: int) -> None:
        progress = session.progress()
        tell = self._log.info if session.orderly else self._log.warning
        tell(
            "smpp_unbound" if session.orderly else "smpp_lost", session=session_id, why=session.why, messages=progress.messages,
            receipts=progress.receipts, refused=progress.refused, malformed=progress.malformed, may_come_twice=len(session.candidates()),
            **{name.replace(" ", "_"): count for name, count in session.counted.items()},
        )  # fmt: skip
        if not session.orderly:
            self._state.fault = session.why

    async def _end(self, session: Session, session_id: int) -> None:
        """Stores what may come twice. Until that is done there is no new bind, for there it would come."""
        waits = Waits(self._options.reconnect_seconds)
        candidates, progress = session.candidates(), session.progress()
        while True:
            last = self._stopping.is_set()
            try:
                await self._around.db.write(end_session, session_id, candidates, session.why, progress)
            except StoreError as error:
                self._log.warning("smpp_not_ended", session=session_id, error=str(error))
                if last:  # the next session finds it open and takes it for one that died
                    return
            else:
                return
            await self._clock.wait(self._stopping, waits.next())
