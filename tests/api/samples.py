"""The documentation's samples as rows, with its own ids."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from odzew.model import Attachment
from odzew.store import contacts
from odzew.store.db import Database, Request, Rows
from odzew.wire.folding import searchable
from odzew.wire.localtime import parse_from
from tests.builders import PHONE, a_message, store_messages

ACCOUNT = 1


def at(text: str) -> int:
    """The instant of a time in Warsaw."""
    return parse_from(text, "Europe/Warsaw")


SAMPLES = (
    a_message(2477793, ACCOUNT, "eco", "Przyjade o 16", answers="eba39e4fe1", received_at=at("2014-10-21 11:18:03")),
    a_message(303023, ACCOUNT, "nd", "SerwerSMS.pl", received_at=at("2014-10-21 12:37:43")),
    a_message(2204974, ACCOUNT, "ndi", "Dziękuję za informację", received_at=at("2014-10-21 16:47:36")),
    a_message(
        323961872, ACCOUNT, "mms", "", [Attachment("text_0002.txt", "text/plain", b"Jakas tam jeszcze wiadaomosc")],
        received_at=at("2014-10-21 14:09:15"), recipient="+48664078059", title="Temat MMS",
    ),
)  # fmt: skip
PREMIUM = a_message(1042, ACCOUNT, "pre", "AUTO 1", recipient="71200", received_at=at("2014-10-21 18:00:00"))


async def store_samples(db: Database) -> None:
    """The four samples, with their ids."""
    await store_messages(db, *SAMPLES)
    await db.write(_as_documented)


async def store_premium(db: Database) -> None:
    """The sample of a premium message, and its sender among the contacts."""
    await store_messages(db, PREMIUM)
    await store_contact(db)


async def store_contact(db: Database) -> None:
    await db.write(contacts.add, ACCOUNT, PHONE, {"first_name": "Jan", "last_name": "Kowalski"}, [], searchable)


def _as_documented() -> Generator[Request, Any, None]:
    yield Rows("UPDATE attachments SET id = 2518")
    yield Rows("UPDATE attachment_slices SET attachment_id = 2518")
