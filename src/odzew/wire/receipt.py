"""Delivery receipts: what a network says of a message that was sent, as text (SMPP 3.4 appendix B) and as optional parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from odzew.wire import localtime, smpptime, tlv
from odzew.wire.tlv import Tag


@dataclass(slots=True)
class DeliveryReceipt:
    """What a receipt says; "" and None where it does not.

    `state` is one of the words of appendix B (`DELIVRD`, `UNDELIV`, ...) or what the network wrote instead, in capitals. `error` is
    as the network wrote it, or `network:code` from its parameter. The two times are in microseconds; without an offset they are
    the network's own time of day, read as UTC. `text` is the beginning of the message that was sent.
    """

    message_id: str = ""
    state: str = ""
    error: str = ""
    submit_at: int | None = None
    done_at: int | None = None
    text: str = ""

    def words(self) -> dict[str, str]:
        """`id`, `stat`, `err` and `done`, those that are there; the time of `done` as YYYY-MM-DD HH:MM:SS."""
        done = "" if self.done_at is None else localtime.render(self.done_at, "UTC")
        shown = {"id": self.message_id, "stat": self.state, "err": self.error, "done": done}
        return {name: value for name, value in shown.items() if value}


# message_state (SMPP 3.4 s.5.2.28, and two of 5.0 that are met) and the words of appendix B.
STATES: Final = {
    0: "SCHEDULED", 1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD",
    9: "SKIPPED",
}  # fmt: skip
_SPELLINGS: Final = {
    "DELIVERED": "DELIVRD", "DELIVERD": "DELIVRD", "UNDELIVERABLE": "UNDELIV", "UNDELIVERED": "UNDELIV", "UNDELIVRD": "UNDELIV",
    "ACCEPTED": "ACCEPTD", "REJECTED": "REJECTD", "EN_ROUTE": "ENROUTE",
}  # fmt: skip

_FIELD = re.compile(
    r"(?<![^\s,;])(id|sub|dlvrd|(submit|done)[\s_]{0,4}date|stat|err|text)[ \t]{0,4}:",
    re.ASCII | re.IGNORECASE,
)
_STATE_WORDS: Final = "|".join((*STATES.values(), *_SPELLINGS, "FAILED"))
_STATE_ALONE = re.compile(rf"(?<![^\s,;])(?:{_STATE_WORDS})(?![^\s,;])", re.ASCII | re.IGNORECASE)
_BLANKS: Final = " \t\r\n\0,;"
_LONGEST: Final = 1024  # characters looked at: the fields have 120, the text of the message 20
_TELLING: Final = frozenset({"sub", "dlvrd", "submit", "done", "stat", "err"})


def parse(text: str, tlvs: Mapping[int, Sequence[bytes]] | None = None) -> DeliveryReceipt:
    """What `text` and the receipt parameters say; the parameters win. Never fails: what is not there is left out."""
    fields = _fields(text[:_LONGEST])
    state = _token(fields, "stat").upper()
    receipt = DeliveryReceipt(
        message_id=_token(fields, "id"),
        state=_SPELLINGS.get(state, state),
        error=_token(fields, "err"),
        submit_at=_date(fields, "submit"),
        done_at=_date(fields, "done"),
        text=fields.get("text", "") if fields else text[:_LONGEST].strip(_BLANKS),
    )
    if tlvs:
        _add_parameters(receipt, tlvs)
    return receipt


def is_written(text: str) -> bool:
    """Whether `text` has the form of appendix B: it begins with `id:` and has two more of the fields."""
    if text[:8].lstrip()[:2].lower() != "id":
        return False
    fields = _fields(text[:_LONGEST])
    return "id" in fields and len(fields.keys() & _TELLING) >= 2


def write(receipt: DeliveryReceipt, dates: tuple[str, str] = ("", "")) -> str:
    """The text of appendix B. `dates` are submit and done date, as the network would write them."""
    delivered = int(receipt.state == "DELIVRD")
    return (
        f"id:{receipt.message_id} sub:001 dlvrd:{delivered:03} submit date:{dates[0]} done date:{dates[1]} "
        f"stat:{receipt.state} err:{receipt.error or '000'} text:{receipt.text[:20]}"
    )


def _fields(text: str) -> dict[str, str]:
    """Name in small letters (of the dates `submit` and `done`) -> value; the first of each. Everything after `text:` is its value."""
    fields: dict[str, str] = {}
    name, start, end = "", 0, len(text)
    for found in _FIELD.finditer(text):
        if name:
            fields.setdefault(name, text[start : found.start()].strip(_BLANKS))
        name, start = (found[2] or found[1]).lower(), found.end()
        if name == "text":
            end = found.start()
            break
    if name:
        fields.setdefault(name, text[start:].strip(_BLANKS))
    if fields and "stat" not in fields:
        # Some networks leave `stat:` out and write the bare word.
        alone = _STATE_ALONE.search(text, 0, end)
        if alone is not None:
            fields["stat"] = alone[0]
    return fields


def _token(fields: Mapping[str, str], name: str) -> str:
    return fields.get(name, "").partition(" ")[0].strip(_BLANKS)


def _date(fields: Mapping[str, str], name: str) -> int | None:
    written = fields.get(name, "")
    instant = smpptime.in_receipt(written)
    return instant if instant is not None else smpptime.in_receipt(_token(fields, name))


def _add_parameters(receipt: DeliveryReceipt, tlvs: Mapping[int, Sequence[bytes]]) -> None:
    """Puts in what receipted_message_id, message_state and network_error_code say (SMPP 3.4 s.5.3.2.12, .35, .31)."""
    message_id = tlv.words(tlvs, Tag.RECEIPTED_MESSAGE_ID)[:_LONGEST].strip()
    state = tlv.number(tlvs, Tag.MESSAGE_STATE)
    code = tlvs.get(Tag.NETWORK_ERROR_CODE, (b"",))[0]
    if message_id:
        # The same id may be decimal in the text and hexadecimal here; this one is what the answer to submit_sm had.
        receipt.message_id = message_id
    if state is not None:
        receipt.state = STATES.get(state, str(state))
    if code and not receipt.error:
        # Three octets: the network's type, its code. Of another size, or as digits, it is a vendor's own.
        receipt.error = f"{code[0]}:{int.from_bytes(code[1:], 'big')}" if len(code) == 3 and code[0] < 32 else code[:16].hex().upper()
