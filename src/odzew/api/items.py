"""One incoming message as a client sees it: the fields of its type in the order of the documentation (contract 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from odzew.clock import SECOND
from odzew.store.db import Row
from odzew.wire.localtime import render
from odzew.wire.published import ATTACHMENTS, CONTACT, CONTACT_FIELDS, FIELDS, RECEIVED, TIME_FIELD

Item = dict[str, Any]

_ATTACHED: Final = (ATTACHMENTS, CONTACT)


def _plain(fields: tuple[str, ...], both: bool) -> tuple[str, ...]:
    plain = [name for name in fields if name not in _ATTACHED]
    if both:
        plain.insert(plain.index(TIME_FIELD) + 1, RECEIVED)
    return tuple(plain)


# (both spellings?, type) -> fields that come before attachments and contact.
_FIELDS: Final = {(both, kind): _plain(fields, both) for kind, fields in FIELDS.items() for both in (False, True)}


def items_of(rows: Sequence[Row], zone: str, both: bool) -> list[Item]:
    """The items of rows of `store.unread`, without attachments and contact. `both`: under both spellings of "received"."""
    items: list[Item] = []
    for key, at, kind, sender, recipient, answers, title, text, blacklisted in rows:
        moment = _moment(at // SECOND, zone)
        values = {
            "id": key, "type": kind, "phone": sender, TIME_FIELD: moment, RECEIVED: moment, "message_id": answers,
            "to_number": recipient, "blacklist": bool(blacklisted), "title": title, "text": text,
        }  # fmt: skip
        items.append({name: values[name] for name in _FIELDS[both, kind]})
    return items


@lru_cache(maxsize=16_384)
def _moment(second: int, zone: str) -> str:
    """Clients poll the same messages again and again; remembering their times halves the work on an item."""
    return render(second * SECOND, zone)


def contact_of(contact: Mapping[str, Any]) -> Item:
    """The key `contact` of an item: always every field, null where nothing is known."""
    return {name: contact[name] for name in CONTACT_FIELDS}
