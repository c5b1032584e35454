"""The messages of `odzew demo`: one of each kind, as networks bring them, with what a client must get of each."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Final

from odzew.cli.demo_stage import OWN, POOL, PREMIUM, SHARED
from odzew.clock import SECOND, to_datetime
from odzew.model import Attachment
from odzew.simulate.smsc_messages import ShortText
from odzew.wire import localtime
from odzew.wire.published import TIME_FIELD

SENDER: Final = "+48500600700"
ZONE: Final = "Europe/Warsaw"
SENT_ID: Final = "eba39e4fe1"
PICTURE: Final = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 1200  # 300 KiB: two slices in the database
NOTE: Final = "Zażółć gęślą jaźń".encode()
# Over 134 units of UTF-16, so three parts.
LONG: Final = (
    "Dziękuję za informację 😀 Odpowiadam długo, żeby z jednej wiadomości zrobiły się trzy części, "
    "a sieć przyniosła je w złej kolejności: zażółć gęślą jaźń 👍"
)


@dataclass(slots=True, frozen=True)
class Case:
    """One message. `shape` and `order` are those of an SMS (simulate.smsc_shapes); with a `title` it is an MMS.

    `assigned`: nobody claims it, so it is given to the account by hand.
    """

    kind: str
    recipient: str
    text: str = ""
    sender: str = SENDER
    keyword: str = ""
    answers: str | None = None
    assigned: bool = False
    shape: str = "auto"
    order: tuple[int, ...] = ()
    title: str = ""
    attachments: tuple[Attachment, ...] = ()

    @property
    def is_mms(self) -> bool:
        return bool(self.title)

    @property
    def about(self) -> str:
        """The message in one line."""
        return f"{self.sender} -> {self.recipient}: {self.text or self.title}"

    def short_text(self) -> ShortText:
        """The SMS as the SMSC simulator sends it."""
        return ShortText(self.sender, self.recipient, self.text, self.shape, self.order)


CASES: Final = (
    Case("eco", POOL, "Przyjadę o 16", answers=SENT_ID),
    Case("nd", SHARED, "demo jedno & drugie + 100% #NUMER#", keyword="DEMO"),
    Case("ndi", OWN, LONG, shape="ucs2+udh8", order=(3, 1, 2)),
    Case("pre", PREMIUM, "AUTO 1", keyword="AUTO"),
    Case(
        "mms", OWN, title="Zdjęcie",
        attachments=(Attachment("note.txt", "text/plain", NOTE), Attachment("picture.png", "image/png", PICTURE)),
    ),
    Case("nd", SHARED, "nikt nie ma takiego hasła", assigned=True),
)  # fmt: skip
"""One of each kind, and one that nobody claims."""


def sent_record(now: int, phone: str = SENDER, message_id: str = SENT_ID) -> dict[str, Any]:
    """The message that the reply to the pool answers, as a sending platform reports it."""
    sent_at = to_datetime(now // SECOND * SECOND - 600 * SECOND).isoformat()
    return {"account": "demo", "message_id": message_id, "phone": phone, "from_number": POOL, "sent_at": sent_at, "text": "Kiedy?"}


def expected_item(case: Case, key: int, received: str) -> dict[str, Any]:
    """What the pull API must give of it (contract 2), but for the ids of attachments. `received`: local time, as it is published."""
    item: dict[str, Any] = {"id": key, "type": case.kind, "phone": case.sender, TIME_FIELD: received}
    if case.kind == "eco":
        item["message_id"] = case.answers
    if case.kind in ("pre", "mms"):
        item["to_number"] = case.recipient
    item["blacklist"] = False
    if case.is_mms:
        return {**item, "title": case.title, "attachments": _attachments(case)}
    return {**item, "text": case.text}


def without_attachment_ids(item: dict[str, Any]) -> dict[str, Any]:
    """A pulled item as `expected_item` gives it."""
    if "attachments" not in item:
        return item
    parts = [{name: value for name, value in part.items() if name != "id"} for part in item["attachments"]]
    return {**item, "attachments": parts}


def expected_values(case: Case, key: int, received: str) -> dict[str, str]:
    """What the client's URL must be called with: the query of an SMS, the form of an MMS (contract 5.2, 5.3)."""
    if not case.is_mms:
        number = case.sender.removeprefix("+") if case.kind == "pre" else case.sender
        return {
            "nr": number, "text": case.text, "date": received, "id": str(key), "answers": case.answers or "",
            "to": case.recipient, "type": case.kind, "keyword": case.keyword,
        }  # fmt: skip
    values = {"id": str(key), "type": "mms", "phone": case.sender, "to_number": case.recipient}
    values |= {TIME_FIELD: received, "title": case.title}
    for place, part in enumerate(_attachments(case)):
        values.update({f"attachments[{place}][{name}]": part[name] for name in ("name", "content_type", "data")})
    return values


def local(instant: int) -> str:
    """An instant as clients see it."""
    return localtime.render(instant, ZONE)


def _attachments(case: Case) -> list[dict[str, str]]:
    return [
        {"name": one.name, "content_type": one.content_type, "data": base64.b64encode(one.data).decode("ascii")} for one in case.attachments
    ]
