"""The messages of `odzew demo`: one of each kind, as an aggregator pushes them, with what a client must get of each."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Final

from odzew.cli.demo_stage import OWN, POOL, PREMIUM, SHARED
from odzew.clock import SECOND, to_datetime
from odzew.wire import localtime
from odzew.wire.published import TIME_FIELD

SENDER: Final = "+48500600700"
ZONE: Final = "Europe/Warsaw"
SENT_ID: Final = "eba39e4fe1"
PICTURE: Final = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 1200  # 300 KiB: two slices in the database
NOTE: Final = "Zażółć gęślą jaźń".encode()


@dataclass(slots=True, frozen=True)
class Case:
    """One message to push. `assigned`: nobody claims it, so it is given to the account by hand."""

    kind: str
    pushed: dict[str, Any]
    keyword: str = ""
    answers: str | None = None
    assigned: bool = False

    @property
    def is_mms(self) -> bool:
        return self.kind == "mms"


def cases(now: int) -> list[Case]:
    """One of each kind, and one that nobody claims; received `now`, to the second."""

    def push(to: str, text: str, **more: Any) -> dict[str, Any]:
        return {"from": SENDER, "to": to, "text": text, "received": to_datetime(now // SECOND * SECOND).isoformat(), **more}

    attachments = [
        {"name": "note.txt", "content_type": "text/plain", "data": base64.b64encode(NOTE).decode("ascii")},
        {"name": "picture.png", "content_type": "image/png", "data": base64.b64encode(PICTURE).decode("ascii")},
    ]
    mms = push(OWN, "", title="Zdjęcie", attachments=attachments)
    del mms["text"]
    return [
        Case("eco", push(POOL, "Przyjadę o 16"), answers=SENT_ID),
        Case("nd", push(SHARED, "demo jedno & drugie + 100% #NUMER#"), keyword="DEMO"),
        Case("ndi", push(OWN, "Dziękuję za informację 😀")),
        Case("pre", push(PREMIUM, "AUTO 1"), keyword="AUTO"),
        Case("mms", mms),
        Case("nd", push(SHARED, "nikt nie ma takiego hasła"), assigned=True),
    ]


def sent_record(now: int) -> dict[str, Any]:
    """The message that the reply to the pool answers, as a sending platform reports it."""
    sent_at = to_datetime(now // SECOND * SECOND - 600 * SECOND).isoformat()
    return {"account": "demo", "message_id": SENT_ID, "phone": SENDER, "from_number": POOL, "sent_at": sent_at, "text": "Kiedy?"}


def expected_item(case: Case, key: int) -> dict[str, Any]:
    """What the pull API must give of it (contract 2), but for the ids of attachments."""
    pushed = case.pushed
    item: dict[str, Any] = {"id": key, "type": case.kind, "phone": pushed["from"], TIME_FIELD: _local(pushed["received"])}
    if case.kind == "eco":
        item["message_id"] = case.answers
    if case.kind in ("pre", "mms"):
        item["to_number"] = pushed["to"]
    item["blacklist"] = False
    if case.is_mms:
        return {**item, "title": pushed["title"], "attachments": pushed["attachments"]}
    return {**item, "text": pushed["text"]}


def without_attachment_ids(item: dict[str, Any]) -> dict[str, Any]:
    """A pulled item as `expected_item` gives it."""
    if "attachments" not in item:
        return item
    parts = [{name: value for name, value in part.items() if name != "id"} for part in item["attachments"]]
    return {**item, "attachments": parts}


def expected_values(case: Case, key: int) -> dict[str, str]:
    """What the client's URL must be called with: the query of an SMS, the form of an MMS (contract 5.2, 5.3)."""
    pushed = case.pushed
    received = _local(pushed["received"])
    if not case.is_mms:
        number = pushed["from"].removeprefix("+") if case.kind == "pre" else pushed["from"]
        return {
            "nr": number, "text": pushed["text"], "date": received, "id": str(key), "answers": case.answers or "",
            "to": pushed["to"], "type": case.kind, "keyword": case.keyword,
        }  # fmt: skip
    values = {"id": str(key), "type": "mms", "phone": pushed["from"], "to_number": pushed["to"]}
    values |= {TIME_FIELD: received, "title": pushed["title"]}
    for number, part in enumerate(pushed["attachments"]):
        values.update({f"attachments[{number}][{name}]": part[name] for name in ("name", "content_type", "data")})
    return values


def _local(text: str) -> str:
    return localtime.render(localtime.parse_rfc3339(text), ZONE)
