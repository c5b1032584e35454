"""Acknowledged means on the disk, over SMPP: no deliver_sm_resp ESME_ROK leaves before an fdatasync of SQLite's log has ended.

As the proof `order`, under strace. Every PDU holds a mark of its own, also each part of a long message; the answer to it is the
deliver_sm_resp with its sequence number on the same socket.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from odzew.clock import Clock
from odzew.simulate.smsc import Smsc
from odzew.simulate.smsc_messages import ShortText
from odzew.wire.pdu import Command, Framer, Status, header
from proof import smpp_words, trace, words
from proof.order import MARK, UNSAFE, Verdict, is_received, is_sent, judge, marks_of, under_strace
from proof.report import Report
from proof.server import SERVE
from proof.smpp_network import WINDOW
from proof.stand import database, directory, prepare

PDUS: Final = 4_000
PART: Final = 100  # septets of each part: a mark, and letters
PARTS: Final = 3
WITHIN: Final = 60.0
_ESCAPES: Final = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}
_strings = re.compile(rb'"((?:[^"\\]|\\.)*)"').findall
_escape = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)


def octets_of(text: str) -> bytes:
    """The octets in all strings of a call, as strace writes them."""
    return b"".join(_escape.sub(_octet, one) for one in _strings(text.encode("latin-1", "replace")))


def _octet(found: re.Match[bytes]) -> bytes:
    word = found[1]
    return bytes((int(word, 8),)) if word.isdigit() else _ESCAPES.get(word, word)


def answers(calls: Iterable[trace.Call]) -> dict[str, int]:
    """Where the answer ESME_ROK to the PDU that holds each mark begins to be sent."""
    asked: dict[tuple[int, int], list[str]] = {}
    found: dict[str, int] = {}
    framers: defaultdict[tuple[int, bool], Framer] = defaultdict(Framer)
    for call, received in _smpp(calls):
        for pdu in framers[call.descriptor, received].feed(octets_of(call.text)):
            head = header(pdu)
            if received and head.command == Command.DELIVER_SM:
                asked[call.descriptor, head.sequence] = marks_of(pdu.decode("latin-1"))
            elif not received and head.command == Command.DELIVER_SM_RESP:
                marks = asked.pop((call.descriptor, head.sequence), [])
                if head.status == Status.ROK:
                    found |= dict.fromkeys(marks, call.begun)
    return found


def _smpp(calls: Iterable[trace.Call]) -> Iterator[tuple[trace.Call, bool]]:
    """The calls that moved octets on our connection to an SMSC, and whether they came in. It is the one on which we speak first."""
    ours: dict[str, bool] = {}
    for call in calls:
        moves = is_received(call) or is_sent(call)
        if not moves or not call.result or call.result < 0:
            continue
        if call.file not in ours:
            ours[call.file] = is_sent(call) and octets_of(call.text)[4:8] == int(Command.BIND_TRANSCEIVER).to_bytes(4, "big")
        if ours[call.file]:
            yield call, is_received(call)


def messages(pdus: int) -> list[ShortText]:
    """Messages of one PDU and of three in turn, so many PDUs in all."""
    made: list[ShortText] = []
    number = 0
    while number < pdus:
        parts = PARTS if len(made) % 2 and number + PARTS <= pdus else 1
        text = "".join(MARK.format(number + part).ljust(PART, "x") for part in range(parts))
        made.append(ShortText(f"+48600{number:06d}", words.own_number(1), text, "gsm7+udh8" if parts > 1 else "gsm7", part_size=PART))
        number += parts
    return made


async def traced(clock: Clock, place: Path, program: tuple[str, ...] = SERVE, pdus: int = PDUS) -> tuple[int, Verdict]:
    """Runs a server under strace, sends to it, ends it, and judges: (PDUs acknowledged, verdict)."""
    with database("sqlite", place) as url:
        smsc = await Smsc(clock, system_id=smpp_words.SYSTEM_ID, window=WINDOW).start()
        try:
            await prepare(url, place, smpp_words.setup_text(smsc.port))
            async with under_strace(clock, place, url, program) as (_server, calls), clock.deadline(WITHIN):
                await smsc.bound()
                await smsc.send(*messages(pdus))
            return smsc.ledger.totals().taken, judge(calls, answers(calls))
        finally:
            await smsc.stop()


async def run(clock: Clock) -> bool:
    report = Report("carrier-order", clock)
    with directory() as place:
        acknowledged, verdict = await traced(clock, place)
    report.hold("sqlite: PDUs acknowledged and found in the trace", verdict.answered, at_least=acknowledged)
    report.hold("sqlite: answered before an fdatasync of the log had ended", len(verdict.early), at_most=0)
    report.hold("sqlite: answered and never written to the log", len(verdict.unwritten), at_most=0)
    report.say("sqlite: batches, that is fdatasyncs that answers waited for", verdict.batches)
    with directory() as place:
        acknowledged, verdict = await traced(clock, place, UNSAFE)
    report.hold("control with synchronous = OFF: the check finds PDUs answered early", len(verdict.early), at_least=acknowledged)
    return report.save()
