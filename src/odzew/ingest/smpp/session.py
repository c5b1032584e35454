"""One SMPP connection, from connect to close: open -> bound -> unbinding -> closed (SMPP 3.4 s.2.2).

Messages go through `intake`; here are the octets, the binding, enquire_link and the leave-taking. Nothing that a peer sends raises
into the event loop, and nothing costs the session but lost framing, silence and a peer that does not read.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from struct import Struct
from typing import Final, Literal, cast

import structlog

from odzew.clock import Clock, Handle
from odzew.errors import OdzewError
from odzew.ingest.smpp.intake import Bring, Intake
from odzew.ingest.smpp.link import Link
from odzew.ingest.smpp.options import SmppOptions
from odzew.ingest.smpp.watch import Watch
from odzew.model import Source
from odzew.store.sessions import Candidate, Progress
from odzew.wire.coding import Reading
from odzew.wire.pdu import BindRequest, Command, Framer, FramingLost, Status, bind, pack, response, status_words

log = structlog.get_logger("odzew.smpp")

State = Literal["open", "bound", "unbinding", "closed"]

READ: Final = 64 << 10  # octets at a time: some hundred messages, so that nobody else waits long for the loop
UNSENT: Final = 1 << 20  # octets of answers that may wait for a peer to read them; then we read no more from it either
CLOSING: Final = 2.0  # seconds for what was written last to go out

_numbers = Struct(">III").unpack_from  # command, status and sequence number, from the fifth octet
_MESSAGES: Final = frozenset({int(Command.DELIVER_SM), int(Command.DATA_SM)})
_BINDS: Final = {"receiver": Command.BIND_RECEIVER, "transceiver": Command.BIND_TRANSCEIVER}
_BINDING: Final = 1  # sequence number of our bind


class SessionEnded(OdzewError):
    """The connection ended, or was refused, before it was bound. The words say why."""

    temporary = True


class Session(asyncio.BufferedProtocol):
    """One connection. `bound` is done when the network has taken us in, or fails with SessionEnded; `ended` is set when all is over.

    After `bound`, `begin` must follow: until then nothing more is read. `why` says in words how it ended; `orderly`: both sides knew.
    """

    def __init__(self, clock: Clock, source: Source, options: SmppOptions, reading: Reading, bring: Bring) -> None:
        self.state: State = "open"
        self.why = ""
        self.orderly = False
        self.bound: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.bound.add_done_callback(lambda bound: bound.cancelled() or bound.exception())  # nobody may be asking any more
        self.ended = asyncio.Event()
        self.on_lost: Callable[[], None] | None = None  # called at once when it ends out of order
        self.counted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()  # messages that the network is to send again, by SMPP status
        self._clock = clock
        self._source = source
        self._options = options
        self._intake = Intake(clock, source, reading, options.window, bring, self._answer, self._drained, self.refused)
        self._watch = Watch()
        self._framer = Framer()
        self._buffer = memoryview(bytearray(READ))
        self._transport: asyncio.Transport | None = None
        self._deaf = False  # what still comes is not looked at
        self._held: list[bytes] | None = None  # what came with the bind_resp, until `begin`
        self._overfull = False
        self._paused = False
        self._then: Callable[[], None] | None = None  # what is done when nothing is in hand any more
        self._resolved = asyncio.Event()
        self._sequence = _BINDING
        self._unbinding: int | None = None
        self._link = Link(clock, options.enquire_link_seconds, options.answer_seconds, self._ask, self._give_up_silent)
        self._lost_at = 0.0
        self._silent = False
        self._last_timer: Handle | None = None
        self._last_link_at: int | None = None

    # --- what its owner does with it ---------------------------------------------------------------------------------

    def ask_to_bind(self, password: str) -> None:
        """Sends the bind. `bound` tells how it went. WireError for a name or password that no PDU can carry."""
        o = self._options
        command = _BINDS[o.bind]
        numbers = (o.interface_version, o.addr_ton, o.addr_npi)
        self._write(bind(BindRequest(command, _BINDING, o.system_id, password, o.system_type, *numbers, o.address_range)))

    def begin(self, session_id: int) -> None:
        """Takes messages from now on, under this id."""
        self._intake.session_id = session_id
        self._release()
        if self.state == "bound":
            self._link.start()

    def leave(self) -> None:
        """Takes no more messages, answers what is in hand, unbinds, closes."""
        if self.state == "bound":
            self.state = "unbinding"
            self._then = self._send_unbind
            self._release()
            self._drained()
        elif self.state == "open":
            self._close("stopped before it was bound")

    async def stop(self, seconds: float) -> None:
        """`leave`, and cut off after `seconds` if it takes longer."""
        self.leave()
        if not await self._clock.wait(self.ended, seconds):
            self.abort("it took too long to end the session")
            await self.ended.wait()

    def abort(self, why: str) -> None:
        """Ends the connection at once. What is in hand is still stored, but not answered."""
        self.why = self.why or why
        self._deaf = True
        if self._transport is not None:
            self._transport.abort()

    def _give_up_silent(self, why: str) -> None:
        self._silent = True
        self.abort(why)

    async def resolved(self) -> None:
        """Waits until the store has said of all in hand what became of it."""
        while self._intake.in_hand:
            self._resolved.clear()
            await self._resolved.wait()

    def progress(self) -> Progress:
        """How far it is, by now."""
        # After a loss, time settles nothing any more.
        settled = self._watch.settled(self._lost_at if self.state == "closed" else self._clock.monotonic())
        return replace(self._intake.progress, settled=settled, last_link_at=self._last_link_at)

    def candidates(self) -> list[Candidate]:
        """After `ended` and `resolved`: what the network may send again. None where both sides ended it in order."""
        return [] if self.orderly and not self._watch.blocked else self._watch.candidates(self._lost_at, self._silent)

    # --- asyncio.BufferedProtocol ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transports are one in all but name
        # So that `pause_writing` tells of the first octet that the system does not take at once. With 0 TLS transports tell too much.
        self._transport.set_write_buffer_limits(high=1, low=0)
        if self._deaf:  # called off while it was being connected
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.state = "closed"
        self._deaf = True
        self._lost_at = self._clock.monotonic()
        self.why = self.why or (f"the connection broke: {type(exc).__name__}" if exc else "the network closed the connection")
        self._link.stop()
        if self._last_timer is not None:
            self._last_timer.cancel()
        self._held = self._then = None
        if not self.bound.done():
            self.bound.set_exception(SessionEnded(self.why))
        if self.on_lost is not None and not self.orderly:
            self.on_lost()
        self.ended.set()

    def pause_writing(self) -> None:
        self._watch.block()

    def resume_writing(self) -> None:
        self._watch.unblock(self._clock.monotonic())
        self._overfull = False
        self._follow_reading()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._deaf:
            return
        self._watch.heard(self._link.heard())
        try:
            try:
                pdus = self._framer.feed(bytes(self._buffer[:nbytes]))
            except FramingLost:
                pdus = []
            self._work(pdus)
            if self._framer.lost is not None:
                self._lose_framing(str(self._framer.lost))
        except Exception:  # a fault of ours: this session alone pays for it
            log.exception("smpp_session_failed", source=self._source.name)
            self.abort("a fault of the gateway's own")

    # --- what came ---------------------------------------------------------------------------------------------------

    def _work(self, pdus: list[bytes]) -> None:
        out: list[bytes] = []
        intake = self._intake
        for pdu in pdus:
            if self._held is not None:
                self._held.append(pdu)
                continue
            command, status, sequence = _numbers(pdu, 4)
            if command in _MESSAGES:
                # Before the bind_resp too: it is taken like any other, for it can be stored and answered as well as any.
                if self.state == "unbinding":
                    answer: bytes | None = intake.refuse(pdu, command, Status.RX_T_APPN, "the session is ending")
                else:
                    answer = intake.take(pdu, command)
            else:
                answer = _CONTROL.get(command, _unknown)(self, command, status, sequence)
            if answer is not None:
                out.append(answer)
        intake.bring()
        if out:
            self._write(b"".join(out))
        if self._then is not None:
            self._drained()

    def _release(self) -> None:
        """Looks at what was held."""
        held, self._held = self._held, None
        if held:
            self._work(held)
        self._follow_reading()

    def _lose_framing(self, why: str) -> None:
        self._deaf = True
        log.warning("smpp_framing_lost", source=self._source.name, why=why)
        self.why = self.why or f"framing lost: {why}"
        self._intake.progress.fault = self.why
        self.state = "unbinding"
        self._then = self._give_nack_and_close
        self._release()
        self._limit_end("framing lost")
        self._drained()

    def _give_nack_and_close(self) -> None:
        self._write(pack(Command.GENERIC_NACK, Status.RINVCMDLEN, 0))
        self._close("framing lost")

    # Each of these takes (command, status, sequence) and gives the answer, if any. What ends the session waits until the answers of
    # the same read have gone out.

    def _on_bind_resp(self, command: int, status: int, sequence: int) -> None:
        if self.state != "open" or self.bound.done() or sequence != _BINDING:
            self.counted["unasked response"] += 1
        elif status:
            self._refused(status)
        else:
            # The rest of its body, the network's name and version, changes nothing; some leave it out.
            self.state = "bound"
            self._held = []
            self._follow_reading()
            self.bound.set_result(None)

    def _on_nack(self, command: int, status: int, sequence: int) -> None:
        self.counted["generic_nack"] += 1
        self._intake.progress.fault = f"generic_nack: {status_words(status)}"
        if self.state == "open" and sequence == _BINDING and not self.bound.done():
            self._refused(status)
        elif sequence == self._unbinding:
            self._then = lambda: self._close("the network did not understand the unbind")

    def _refused(self, status: int) -> None:
        self.bound.set_exception(SessionEnded(f"the bind was refused: {status_words(status)}"))
        self._then = lambda: self._close("the bind was refused")

    def _on_unbind(self, command: int, status: int, sequence: int) -> bytes | None:
        answer = response(Command.UNBIND, Status.ROK, sequence)
        if self._unbinding is not None:  # both at once: nothing is in hand any more, and ours will be answered too
            self.orderly = True
            return answer
        self.state = "unbinding"
        self._then = lambda: self._answer_unbind(answer)
        self._limit_end("the network unbound, and what was in hand was not stored in time")
        return None

    def _answer_unbind(self, answer: bytes) -> None:
        self._write(answer)
        self.orderly = True
        self._close("the network unbound")

    def _on_unbind_resp(self, command: int, status: int, sequence: int) -> None:
        if sequence != self._unbinding:
            self.counted["unasked response"] += 1
            return
        self.orderly = True
        self._then = lambda: self._close("unbound")

    def _on_enquire_link(self, command: int, status: int, sequence: int) -> bytes:
        self._last_link_at = self._clock.now()
        return response(command, Status.ROK, sequence)

    def _on_enquire_link_resp(self, command: int, status: int, sequence: int) -> None:
        self._last_link_at = self._clock.now()

    def _on_notice(self, command: int, status: int, sequence: int) -> None:
        """Has no answer and means nothing to us. An outbind asks for a bind, and we have one."""
        self.counted[Command(command).name.lower()] += 1

    # --- what goes out -----------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        self._write(pack(Command.ENQUIRE_LINK, 0, self._next_sequence()))

    def _next_sequence(self) -> int:
        self._sequence = self._sequence % 0x7FFF_FFFF + 1  # s.3.2
        return self._sequence

    def _answer(self, answers: bytes, stored: list[Candidate]) -> None:
        transport = self._transport
        if self.state == "closed" or transport is None or transport.is_closing():
            if stored:
                self._watch.unwritten(stored)
            return
        self._write(answers)
        if stored:
            self._watch.written(self._clock.monotonic(), stored)

    def _write(self, octets: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(octets)
        if self._watch.blocked and not self._overfull and transport.get_write_buffer_size() > UNSENT:
            self._overfull = True
            self._follow_reading()

    def _follow_reading(self) -> None:
        wanted = self._overfull or self._held is not None
        transport = self._transport
        if wanted is self._paused or transport is None or transport.is_closing():
            return
        self._paused = wanted
        if wanted:
            transport.pause_reading()
        else:
            transport.resume_reading()

    # --- the end -----------------------------------------------------------------------------------------------------

    def _drained(self) -> None:
        """Nothing is in hand: the time for what was put off until then."""
        if self._intake.in_hand:
            return
        self._resolved.set()
        then, self._then = self._then, None
        if then is not None:
            then()

    def _send_unbind(self) -> None:
        self._unbinding = self._next_sequence()
        self._write(pack(Command.UNBIND, 0, self._unbinding))
        self._limit_end("the network did not answer the unbind")

    def _limit_end(self, why: str) -> None:
        self._end_after(self._options.answer_seconds, why)

    def _close(self, why: str) -> None:
        self.why = self.why or why
        self._deaf = True
        if self._transport is not None:
            self._transport.close()
            self._end_after(CLOSING, why)

    def _end_after(self, seconds: float, why: str) -> None:
        """A later limit replaces an earlier one."""
        if self._last_timer is not None:
            self._last_timer.cancel()
        if self.state != "closed":
            self._last_timer = self._clock.call_later(seconds, lambda: self.abort(why))


def _unknown(session: Session, command: int, status: int, sequence: int) -> bytes | None:
    """A request that we do not know, or that nobody sends to an ESME, gets a generic_nack (s.4.3), a stray response nothing."""
    if command & 0x8000_0000:
        session.counted["unasked response"] += 1
        return None
    session.counted["unknown command"] += 1
    return pack(Command.GENERIC_NACK, Status.RINVCMDID, sequence)


_CONTROL: Final[dict[int, Callable[[Session, int, int, int], bytes | None]]] = {
    Command.BIND_RECEIVER_RESP: Session._on_bind_resp,
    Command.BIND_TRANSCEIVER_RESP: Session._on_bind_resp,
    Command.GENERIC_NACK: Session._on_nack,
    Command.UNBIND: Session._on_unbind,
    Command.UNBIND_RESP: Session._on_unbind_resp,
    Command.ENQUIRE_LINK: Session._on_enquire_link,
    Command.ENQUIRE_LINK_RESP: Session._on_enquire_link_resp,
    Command.ALERT_NOTIFICATION: Session._on_notice,
    Command.OUTBIND: Session._on_notice,
}
