"""The ways in which an SMSC simulator misbehaves on demand, each seen at real networks or known from their clients' complaints."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from odzew.errors import SettingError
from odzew.simulate.smsc_session import Moment, Session
from odzew.wire import tlv
from odzew.wire.pdu import HEADER, Command, bind_response, header, pack, response
from odzew.wire.status import Status

Act = Callable[[Session, bytes], bytes | None]
"""(session, the PDU that it is about) -> what is written in place of what would be; None: that is written as ever."""

Turn = Literal["at", "first", "all"]
"""When: at the N-th message, once; the first N times that it can be; always."""

MOST: Final = 1_000_000_000
TELLS: Final[dict[Turn, str]] = {"at": "after N messages", "first": "the first N times", "all": "always"}


@dataclass(slots=True, frozen=True)
class Fault:
    """One way to misbehave. `number` is the N of its turn where none is given."""

    name: str
    help: str
    moment: Moment
    turn: Turn
    act: Act
    number: int = 1


def _at(name: str, help_text: str, act: Act, moment: Moment = "sent") -> Fault:
    return Fault(name, help_text, moment, "at", act)


def _first(name: str, help_text: str, moment: Moment, act: Act) -> Fault:
    return Fault(name, help_text, moment, "first", act)


def _all(name: str, help_text: str, moment: Moment, act: Act) -> Fault:
    return Fault(name, help_text, moment, "all", act)


def _says(what: str, command: int, body: bytes = b"") -> Act:
    """Sends one PDU beside the messages; what comes back is noted under `what`."""
    return lambda session, _pdu: session.extra(what, command, body)


def _malformed(name: str, what: str, body: bytes) -> Fault:
    return _at(name, f"sends a deliver_sm that {what}", _says(name, Command.DELIVER_SM, body))


def _raw(octets: bytes) -> Act:
    return lambda _session, _pdu: octets


def _slam(session: Session, _pdu: bytes) -> bytes:
    session.abort("closed at once")
    return b""


def _deliver(session: Session, _pdu: bytes) -> bytes:
    return session.early()


def _deliver_and_bind(session: Session, pdu: bytes) -> bytes:
    return session.early() + session.bind_answer(pdu)


def _refuse(session: Session, pdu: bytes) -> bytes:
    head = header(pdu)
    return bind_response(head.command, Status.RBINDFAIL, head.sequence)


def _nack_bind(session: Session, pdu: bytes) -> bytes:
    return pack(Command.GENERIC_NACK, Status.RINVCMDID, header(pdu).sequence)


def _bind_wrong_sequence(session: Session, pdu: bytes) -> bytes:
    head = header(pdu)
    return bind_response(head.command, 0, head.sequence + 7, "odd")


def _link_wrong_sequence(session: Session, pdu: bytes) -> bytes:
    head = header(pdu)
    return response(head.command, 0, head.sequence + 7)


def _unbind(session: Session, _pdu: bytes) -> bytes:
    return session.unbind()


def _close(session: Session, _pdu: bytes) -> bytes:
    session.end_when_written("closed in mid-flow")
    return b""


def _reset(session: Session, _pdu: bytes) -> bytes:
    session.abort("reset in mid-flow")
    return b""


def _half(session: Session, pdu: bytes) -> bytes:
    session.end_when_written("closed in the middle of a PDU")
    return pdu[: len(pdu) // 2]


def _black_hole(session: Session, _pdu: bytes) -> bytes:
    session.go_mute()
    return b""


def _numbered(numbers: Callable[[], Iterable[int]]) -> Act:
    def act(session: Session, _pdu: bytes) -> None:
        session.sequences = iter(numbers())

    return act


def _vendor(session: Session, pdu: bytes) -> bytes:
    head = header(pdu)
    tlvs = {0x1454: [b"vendor"], 0x060D: [b"\x01\x02"], 0x2001: [b""], 0x3FFF: [b"\xff" * 40]}
    return pack(head.command, head.status, head.sequence, pdu[HEADER:] + tlv.encode(tlvs))


# The body of a deliver_sm up to its sm_length, from 48600700800 to 3390 (SMPP 3.4 s.4.6.1).
_FIELDS: Final = b"\0\x01\x0148600700800\0\0\x013390\0" + bytes(8)
_LONG_TEXT: Final = _FIELDS + b"\xf0hello"
_LONG_TLV: Final = _FIELDS + b"\0\x04\x24\xff\xffhello"
_HUGE: Final = b"\x7f\xff\xff\xff\x00\x00\x00\x05" + bytes(8)

FAULTS: Final[dict[str, Fault]] = {
    fault.name: fault
    for fault in (
        _first("slam", "closes the connection as soon as it is there", "connected", _slam),
        _first("outbind", "sends outbind on the new connection", "connected", _says("outbind", Command.OUTBIND, b"smsc\0secret\0")),
        _first("deliver-before-bind", "sends a message as soon as the connection is there", "connected", _deliver),
        _first("deliver-before-answer", "sends a message before it answers the bind", "binding", _deliver_and_bind),
        _first("bind-refused", "answers the bind with ESME_RBINDFAIL", "binding", _refuse),
        _first("bind-nack", "answers the bind with generic_nack", "binding", _nack_bind),
        _first("bind-silent", "does not answer the bind", "binding", _raw(b"")),
        _first("bind-wrong-sequence", "answers the bind under another sequence number", "binding", _bind_wrong_sequence),
        _at("unbind", "unbinds in mid-flow", _unbind),
        _at("close", "closes in mid-flow", _close),
        _at("reset", "resets the connection in mid-flow", _reset),
        _at("half-pdu", "sends half a PDU and closes", _half, "sending"),
        _at("black-hole", "keeps the connection, says nothing more and hears nothing", _black_hole),
        _at("nack", "sends a generic_nack for nothing", _raw(pack(Command.GENERIC_NACK, Status.RINVCMDID, 0x00FF_FFFF))),
        _at("zero-length", "sends a PDU with command_length 0", _raw(bytes(16))),
        _at("short-length", "sends a PDU with command_length 15", _raw(b"\0\0\0\x0f\0\0\0\x05" + bytes(8))),
        _at("huge-length", "sends a PDU with command_length 2 GiB", _raw(_HUGE)),
        _at("unknown-command", "sends a command that does not exist", _says("unknown-command", 0xF7, b"\x01\x02\x03")),
        _at("unknown-answer", "sends an answer that does not exist", _raw(pack(0x8000_00F7, 0, 0x00FF_FFFE, b"\x01"))),
        _at("stray-answer", "answers a message that was never sent", _raw(pack(Command.SUBMIT_SM_RESP, 0, 0x00FF_FFFD, b"1\0"))),
        _at("wrong-side", "sends a request that only an ESME may send", _says("wrong-side", Command.QUERY_SM, b"1\0\0\0\0")),
        _at("bind-back", "sends a bind to the ESME", _says("bind-back", Command.BIND_RECEIVER, b"x\0y\0\0\x34\0\0\0")),
        _at("alert", "sends an alert_notification", _raw(pack(Command.ALERT_NOTIFICATION, 0, 1, b"\x01\x0148600\0\0\0x\0"))),
        _malformed("malformed-address", "ends in the address", _FIELDS[:8]),
        _malformed("malformed-length", "has a sm_length that overruns", _LONG_TEXT),
        _malformed("malformed-tlv", "has a TLV that overruns", _LONG_TLV),
        _malformed("empty-body", "has no body", b""),
        _all("vendor-tlvs", "adds unknown TLVs to every message", "sending", _vendor),
        _all("no-link-answer", "never answers an enquire_link", "linking", _raw(b"")),
        _all("link-wrong-sequence", "answers enquire_link under another sequence number", "linking", _link_wrong_sequence),
        _all("sequence-same", "gives every message one sequence number", "connected", _numbered(lambda: itertools.repeat(1))),
        _all("sequence-zero", "counts messages from 0", "connected", _numbered(itertools.count)),
        _all("sequence-high", "counts messages over 7FFFFFFF", "connected", _numbered(lambda: itertools.count(0x7FFF_FFFE))),
    )
}  # fmt: skip

PIECES: Final[dict[str, tuple[int, str]]] = {
    "dribble": (1, "sends every octet in a segment of its own"),
    "pieces": (7, "sends 7 octets in a segment"),
}
"""Ways of cutting: how many octets go in a segment."""


@dataclass(slots=True)
class Chosen:
    """A fault that was asked for. `left` is how often it may still step in."""

    fault: Fault
    number: int
    left: int


class Faults:
    """The faults that were asked for, as `NAME` or `NAME=N`. SettingError for one that there is not."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._chosen: dict[Moment, list[Chosen]] = {}
        self._piece = 0
        self.seen: list[str] = []  # those that stepped in, in order
        for word in words:
            self._choose(*_parts(word))

    def _choose(self, name: str, number: int | None) -> None:
        if name in PIECES and number is None:
            self._piece = PIECES[name][0]
            return
        fault = FAULTS.get(name)
        if fault is None or (fault.turn == "all" and number is not None):
            known = ", ".join((*FAULTS, *PIECES))
            raise SettingError(f"{name!r} takes no number" if fault else f"{name!r} is no fault: use one of {known}")
        wanted = fault.number if number is None else number
        left = {"at": 1, "first": wanted, "all": MOST}[fault.turn]
        self._chosen.setdefault(fault.moment, []).append(Chosen(fault, wanted, left))

    def segments(self, octets: bytes) -> list[bytes]:
        """How octets are cut into segments."""
        size = self._piece
        return [octets[at : at + size] for at in range(0, len(octets), size)] if size else [octets]

    def at(self, moment: Moment, session: Session, pdu: bytes, sent: int) -> bytes | None:
        """What the faults of this moment write; `sent` is how many messages have gone out, this one among them."""
        written: bytes | None = None
        for chosen in self._chosen.get(moment, ()):
            if not chosen.left or (chosen.fault.turn == "at" and sent < chosen.number):
                continue
            chosen.left -= 1
            if chosen.fault.turn != "all":
                self.seen.append(chosen.fault.name)
            octets = chosen.fault.act(session, pdu if written is None or moment == "sent" else written)
            if octets is not None:
                # Beside a message several may speak; in place of one PDU the last word counts.
                written = (written or b"") + octets if moment in ("sent", "connected") else octets
        return written


def told() -> list[tuple[str, str]]:
    """Each by name, with what it does and when."""
    rows = [(f"{fault.name}{'' if fault.turn == 'all' else '=N'}", f"{fault.help}, {TELLS[fault.turn]}") for fault in FAULTS.values()]
    return rows + [(name, f"{text}, {TELLS['all']}") for name, (_size, text) in PIECES.items()]


def _parts(word: str) -> tuple[str, int | None]:
    name, equals, digits = word.partition("=")
    if not equals:
        return name, None
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10 and int(digits)):
        raise SettingError(f"{word!r}: after = there is a whole number from 1 up")
    return name, int(digits)
