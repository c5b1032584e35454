"""From the PDUs of a session to arrivals, and from what became of them to its answers. This is the hot path of the carriers.

All messages of one read go to the store in one call and are answered in one write. Nothing is answered ESME_ROK before its commit.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog

from odzew.clock import Clock
from odzew.errors import OdzewError, StoreFull
from odzew.ingest.smpp.seldom import Seldom
from odzew.model import Arrival, Receipt, Source
from odzew.store.sessions import Candidate, Progress, digest_of
from odzew.wire.coding import Reading
from odzew.wire.deliver import read
from odzew.wire.pdu import Command, MalformedPdu, Status, response

log = structlog.get_logger("odzew.smpp")

Bring = Callable[[list[Arrival]], "asyncio.Future[list[Receipt]]"]
"""`Inbox.bring`. StoreFull and StoreUnavailable are raised, or the future fails with them; nothing is stored then."""
Answer = Callable[[bytes, list[Candidate]], None]
"""Writes answers. The second are the arrivals that they acknowledge."""

_ACCEPTED: Final = {int(command): response(command, 0, 0)[:12] for command in (Command.DELIVER_SM, Command.DATA_SM)}
"""The answer ESME_ROK without its last part: the sequence number and an empty message_id (SMPP 3.4 s.4.6.2, 4.7.2)."""


class _Chunk:
    """The messages of one read, and the answer to each once it is stored."""

    __slots__ = ("answers", "arrivals", "malformed", "receipts")

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.answers: list[bytes] = []
        self.receipts = 0
        self.malformed = 0


class Intake:
    """Takes the messages of one session. `in_hand` are those without an answer yet; `drained` is called whenever there are none left.

    `refused` is told of messages that the network is to send again, by SMPP status.
    """

    def __init__(
        self,
        clock: Clock,
        source: Source,
        reading: Reading,
        window: int,
        bring: Bring,
        answer: Answer,
        drained: Callable[[], None],
        refused: Counter[str],
    ) -> None:
        self.session_id: int | None = None
        self.in_hand = 0
        self.progress = Progress()
        self._clock = clock
        self._source = source
        self._source_id = source.id
        self._trust_time = source.trust_time
        self._reading = reading
        self._window = window
        self._bring = bring
        self._answer = answer
        self._drained = drained
        self._refused_by = refused
        self._chunk: _Chunk | None = None
        self._refusals = Seldom(clock)
        self._faults = Seldom(clock)

    def take(self, pdu: bytes, command: int) -> bytes | None:
        """Adds one deliver_sm or data_sm to the present chunk, or gives the answer that refuses it."""
        if self.in_hand >= self._window:
            return self.refuse(pdu, command, Status.RMSGQFUL, "too many messages wait for their answers")
        chunk = self._chunk
        if chunk is None:
            chunk = self._chunk = _Chunk()
        self.in_hand += 1
        digest = digest_of(pdu)
        try:
            message = read(pdu, self._reading)
        except MalformedPdu as fault:
            self._spoiled(chunk, pdu, digest, str(fault))
            chunk.answers.append(response(command, fault.status, int.from_bytes(pdu[12:16], "big")))
            return None
        except Exception as fault:  # a fault of ours: the network has done nothing wrong, and the octets can be read again later
            log.exception("smpp_unread", source=self._source.name, octets=len(pdu))
            self._spoiled(chunk, pdu, digest, f"could not be read: {type(fault).__name__}")
            chunk.answers.append(_ACCEPTED[command] + pdu[12:16] + b"\0")
            return None
        if message.receipt is not None:
            chunk.receipts += 1
        arrival = Arrival(
            self._source_id, message.sender, message.recipient, pdu, message.text, None, message.network_time, None, (), False,
            message.form, self._trust_time, message.extra, "message" if message.receipt is None else "receipt",
            message.segment.part, None, self.session_id, digest,
        )  # fmt: skip
        chunk.arrivals.append(arrival)
        chunk.answers.append(_ACCEPTED[command] + pdu[12:16] + b"\0")
        return None

    def refuse(self, pdu: bytes, command: int, status: Status, why: str) -> bytes:
        """The answer to one that is not even looked at: the network is to send it again."""
        self._refused(1, why, status)
        return response(command, status, int.from_bytes(pdu[12:16], "big"))

    def bring(self) -> None:
        """Hands the present chunk to the store."""
        chunk, self._chunk = self._chunk, None
        if chunk is None:
            return
        try:
            stored = self._bring(chunk.arrivals)
        except Exception as error:
            self._give_up(chunk, error)
        else:
            stored.add_done_callback(partial(self._resolved, chunk))

    def _spoiled(self, chunk: _Chunk, pdu: bytes, digest: bytes, fault: str) -> None:
        chunk.malformed += 1
        chunk.arrivals.append(Arrival(self._source_id, "", "", pdu, fault=fault, session_id=self.session_id, digest=digest))
        self.progress.fault = f"malformed PDU: {fault}"
        if count := self._faults.count():
            log.warning("smpp_malformed", source=self._source.name, count=count, fault=fault)

    def _resolved(self, chunk: _Chunk, stored: asyncio.Future[list[Receipt]]) -> None:
        error = asyncio.CancelledError() if stored.cancelled() else stored.exception()
        if error is not None:
            self._give_up(chunk, error)
            return
        progress = self.progress
        progress.receipts += chunk.receipts
        progress.malformed += chunk.malformed
        progress.messages += len(chunk.arrivals) - chunk.receipts - chunk.malformed
        progress.last_message_at = self._clock.now()
        kept = [
            (receipt.arrival_id, arrival.digest)
            for receipt, arrival in zip(stored.result(), chunk.arrivals, strict=True)
            if receipt.arrival_id is not None and arrival.digest is not None
        ]
        self._finish(chunk, b"".join(chunk.answers), kept)

    def _give_up(self, chunk: _Chunk, error: BaseException) -> None:
        """Nothing of the chunk is stored: whatever the reason, the network is to send it again."""
        if not isinstance(error, OdzewError) and not isinstance(error, asyncio.CancelledError):
            log.error("smpp_not_stored", source=self._source.name, messages=len(chunk.arrivals), exc_info=error)
        # An OdzewError may be shown; the words of others may quote a message.
        why = str(error) if isinstance(error, OdzewError) else "the message could not be stored"
        status = Status.RMSGQFUL if isinstance(error, StoreFull) else Status.RX_T_APPN
        self._refused(len(chunk.arrivals), why, status)
        octets = status.to_bytes(4, "big")
        self._finish(chunk, b"".join([answer[:8] + octets + answer[12:] for answer in chunk.answers]), [])

    def _finish(self, chunk: _Chunk, answers: bytes, kept: list[Candidate]) -> None:
        self.in_hand -= len(chunk.arrivals)
        self._answer(answers, kept)
        if not self.in_hand:
            self._drained()

    def _refused(self, messages: int, why: str, status: Status) -> None:
        self.progress.refused += messages
        self._refused_by[f"ESME_{status.name}"] += messages
        self.progress.fault = f"refused: {why}"
        if count := self._refusals.count(messages):
            log.warning("smpp_refusing", source=self._source.name, messages=count, why=why)
