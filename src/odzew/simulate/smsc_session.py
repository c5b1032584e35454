"""One connection of an SMSC simulator: the bind, the messages that are out, the answers, and what the ESME asks."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, Literal, Protocol, cast

from odzew.clock import Clock, Handle
from odzew.simulate.smsc_ledger import Entry
from odzew.wire import tlv
from odzew.wire.pdu import BindRequest, Command, Framer, FramingLost, bind_response, header, pack, read_bind, response
from odzew.wire.status import MalformedPdu, Status

Moment = Literal["connected", "binding", "sending", "sent", "linking"]
"""When a fault may step in: a connection is there; a bind came; a message goes out; it has gone out; an enquire_link came."""

RESPONSE: Final = 0x8000_0000
BINDS: Final = {
    int(Command.BIND_RECEIVER): "receiver",
    int(Command.BIND_TRANSMITTER): "transmitter",
    int(Command.BIND_TRANSCEIVER): "transceiver",
}
RECEIVES: Final = ("receiver", "transceiver")
VERSION: Final = {int(tlv.Tag.SC_INTERFACE_VERSION): [b"\x34"]}


class Centre(Protocol):
    """What a session needs of the SMSC that it belongs to."""

    system_id: str
    clock: Clock

    def admits(self, request: BindRequest) -> int:
        """The status that a bind is answered with."""

    def joined(self, session: Session) -> None:
        """It is bound."""

    def left(self, session: Session, unanswered: list[Entry], why: str) -> None:
        """It has ended; what was out on it is to be sent again."""

    def sent(self, entry: Entry) -> None:
        """It goes out."""

    def answered(self, entries: list[tuple[Entry, int]]) -> None:
        """These were answered, each with a status."""

    def submitted(self, pdu: bytes) -> None:
        """The ESME sent a message."""

    def noted(self, session: Session, what: str, pdu: bytes) -> None:
        """Something else came: the answer to what a fault sent, or a PDU that belongs to nothing."""

    def next(self) -> Entry | None:
        """The next message of the queue, taken out of it."""

    def fault(self, moment: Moment, session: Session, pdu: bytes) -> bytes | None:
        """What is written in place of what would be; None: no fault steps in."""

    def segments(self, octets: bytes) -> list[bytes]:
        """How octets are cut into pieces of the connection."""


class Session(asyncio.Protocol):
    """The server's end of one connection. `mode` is the bind, empty before it and after an unbind."""

    def __init__(self, centre: Centre, number: int) -> None:
        self._centre = centre
        self.number = number
        self.mode = ""
        self.system_id = ""
        self.mute = False  # a black hole: what comes is not looked at, and nothing is said
        self.sequences: Iterator[int] = itertools.count(1)
        self.out: dict[int, list[Entry]] = {}
        self.links_sent = 0
        self.links_answered = 0
        self._extra: dict[int, str] = {}
        self._framer = Framer()
        self._transport: asyncio.Transport | None = None
        self._held: list[bytes] | None = None
        self._segments: deque[bytes] = deque()
        self._linking: Handle | None = None
        self._why = "the connection was lost"
        self._closes = False
        self._unbinding = False

    @property
    def receives(self) -> bool:
        """Messages can be sent over it."""
        return self.mode in RECEIVES and not self._unbinding and not self.mute and not self._closes

    @property
    def bound(self) -> bool:
        return bool(self.mode)

    # --- out ---------------------------------------------------------------------------------------------------------

    def deliver(self, entries: Sequence[Entry]) -> list[Entry]:
        """Sends messages in one segment; gives back those that a fault has kept from going out."""
        self._held = []
        kept: list[Entry] = []
        for place, entry in enumerate(entries):
            if not self.receives:
                kept = list(entries[place:])
                break
            self._write(self.delivery(entry))
            self._write(self._centre.fault("sent", self, b"") or b"")
        self._release()
        return kept

    def delivery(self, entry: Entry) -> bytes:
        """The octets by which an entry goes out now; from here on its answer is waited for."""
        sequence = next(self.sequences)
        self.out.setdefault(sequence, []).append(entry)
        self._centre.sent(entry)
        pdu = pack(entry.command, 0, sequence, entry.body)
        changed = self._centre.fault("sending", self, pdu)
        return pdu if changed is None else changed

    def early(self) -> bytes:
        """The next message of the queue before its time, whatever the bind."""
        entry = self._centre.next()
        return b"" if entry is None else self.delivery(entry)

    def go_mute(self) -> None:
        """From now on nothing is said and nothing is heard; the connection stays."""
        self.mute = True

    def extra(self, what: str, command: int, body: bytes = b"") -> bytes:
        """A PDU beside the messages. Its answer is noted under `what`."""
        sequence = next(self.sequences)
        self._extra[sequence] = what
        return pack(command, 0, sequence, body)

    def unbind(self) -> bytes:
        """An unbind of ours: nothing more goes out, and the answer to it ends the connection."""
        self._unbinding = True
        self._why = "we unbound"
        return self.extra("unbind", Command.UNBIND)

    def write(self, octets: bytes) -> None:
        """Sends octets as they are."""
        self._write(octets)

    def end_when_written(self, why: str) -> None:
        """Closes once all that was written has gone."""
        self._why = why
        self._closes = True
        if self._held is None and not self._segments and self._transport is not None:
            self._transport.close()

    def abort(self, why: str) -> None:
        """Breaks the connection at once."""
        self._why = why
        self._closes = True
        self._segments.clear()
        if self._transport is not None:
            self._transport.abort()

    def _write(self, octets: bytes) -> None:
        if not octets or self.mute or self._transport is None:
            return
        if self._held is not None:
            self._held.append(octets)
        else:
            self._carry(octets)

    def _release(self) -> None:
        held, self._held = self._held or [], None
        if held:
            self._carry(b"".join(held))
        elif self._closes:
            self.end_when_written(self._why)

    def _carry(self, octets: bytes) -> None:
        segments = self._centre.segments(octets)
        if len(segments) == 1 and not self._segments and self._transport is not None:
            self._transport.write(octets)
            if self._closes:
                self._transport.close()
            return
        waiting = bool(self._segments)
        self._segments += segments
        if not waiting:
            self._next_segment()

    def _next_segment(self) -> None:
        """One piece in each turn of the loop, so that each is a segment of its own (asyncio sets TCP_NODELAY)."""
        if self._transport is None or not self._segments:
            return
        self._transport.write(self._segments.popleft())
        if self._segments:
            asyncio.get_running_loop().call_soon(self._next_segment)
        elif self._closes:
            self._transport.close()

    # --- enquire_link of ours ----------------------------------------------------------------------------------------

    def ask_every(self, seconds: float) -> None:
        """Sends an enquire_link every so often, and breaks the connection when one was not answered before the next."""

        def ask() -> None:
            if self.links_sent > self.links_answered:
                self.abort("an enquire_link was not answered")
                return
            self.links_sent += 1
            self._write(self.extra("enquire_link", Command.ENQUIRE_LINK))
            self._linking = self._centre.clock.call_later(seconds, ask)

        self._linking = self._centre.clock.call_later(seconds, ask)

    # --- in ----------------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transports are one in all but name
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._write(self._centre.fault("connected", self, b"") or b"")

    def data_received(self, data: bytes) -> None:
        if self.mute:
            return
        try:
            pdus = self._framer.feed(data)
        except FramingLost as error:
            self._write(response_to_nothing())
            self.end_when_written(str(error))
            return
        answers: list[tuple[Entry, int]] = []
        for pdu in pdus:
            self._read(pdu, answers)
        if answers:
            self._centre.answered(answers)

    def _read(self, pdu: bytes, answers: list[tuple[Entry, int]]) -> None:
        head = header(pdu)
        if head.command & RESPONSE:
            self._answer(pdu, answers)
        elif head.command in BINDS:
            changed = self._centre.fault("binding", self, pdu)
            self._write(self.bind_answer(pdu) if changed is None else changed)
        elif head.command == Command.ENQUIRE_LINK:
            changed = self._centre.fault("linking", self, pdu)
            self._write(response(head.command, 0, head.sequence) if changed is None else changed)
        elif head.command == Command.UNBIND:
            self._write(response(head.command, Status.ROK if self.bound else Status.RINVBNDSTS, head.sequence))
            self._leave("the ESME unbound")
        elif head.command == Command.SUBMIT_SM:
            self._write(self._submit_answer(pdu))
        else:
            self._centre.noted(self, "unknown", pdu)
            self._write(pack(Command.GENERIC_NACK, Status.RINVCMDID, head.sequence))

    def _answer(self, pdu: bytes, answers: list[tuple[Entry, int]]) -> None:
        head = header(pdu)
        if head.sequence in self._extra:
            what = self._extra.pop(head.sequence)
            if what == "enquire_link" and head.command == Command.ENQUIRE_LINK_RESP:
                self.links_answered += 1
                return
            self._centre.noted(self, what, pdu)
            if what == "unbind":
                self.end_when_written("we unbound")
        elif head.sequence in self.out:
            waiting = self.out[head.sequence]
            status = head.status or (int(Status.RUNKNOWNERR) if head.command == Command.GENERIC_NACK else 0)
            answers.append((waiting.pop(0), status))
            if not waiting:
                del self.out[head.sequence]
        else:
            self._centre.noted(self, "answer to nothing", pdu)

    def bind_answer(self, pdu: bytes) -> bytes:
        """Takes or refuses a bind; the octets that say so."""
        head = header(pdu)
        try:
            request = read_bind(pdu)
        except MalformedPdu as error:
            return bind_response(head.command, error.status, head.sequence)
        status = int(Status.RALYBND) if self.bound else self._centre.admits(request)
        if status:
            return bind_response(head.command, status, head.sequence)
        self.system_id = request.system_id
        self.mode = BINDS[head.command]
        # The answer goes out before any message does: these begin in a later turn of the loop.
        asyncio.get_running_loop().call_soon(self._centre.joined, self)
        return bind_response(head.command, 0, head.sequence, self._centre.system_id, VERSION)

    def _submit_answer(self, pdu: bytes) -> bytes:
        head = header(pdu)
        if self.mode not in ("transmitter", "transceiver"):
            return response(Command.SUBMIT_SM, Status.RINVBNDSTS, head.sequence)
        self._centre.submitted(pdu)
        return pack(Command.SUBMIT_SM_RESP, 0, head.sequence, b"%X\0" % head.sequence)

    def _leave(self, why: str) -> None:
        self.mode = ""
        self.end_when_written(why)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._linking is not None:
            self._linking.cancel()
        unanswered = [entry for entries in self.out.values() for entry in entries]
        self.out.clear()
        self.mode = ""
        self._transport = None
        self._segments.clear()
        self._centre.left(self, unanswered, self._why)


def response_to_nothing() -> bytes:
    """What is said when the framing is lost (SMPP 3.4 s.4.3.1): the sequence number cannot be known."""
    return pack(Command.GENERIC_NACK, Status.RINVCMDLEN, 0)
