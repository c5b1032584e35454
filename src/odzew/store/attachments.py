"""Attachments, the reading side: a list of what a message has, and its octets slice by slice."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from odzew.store.db import Request, Rows, one


@dataclass(slots=True, frozen=True)
class AttachmentHead:
    """An attachment but for its octets; `size` counts them."""

    id: int
    name: str
    content_type: str
    size: int


def of_messages(ids: Sequence[int]) -> Generator[Request, Any, dict[int, list[AttachmentHead]]]:
    """The attachments of these messages, by message, each list in its order. Leans on attachments_message."""
    sql = """SELECT message_id, id, name, content_type, size FROM attachments
             WHERE message_id IN_INTS(?) ORDER BY message_id, position"""
    found: dict[int, list[AttachmentHead]] = {}
    for message, key, name, content_type, size in (yield Rows(sql, (list(ids),))):
        found.setdefault(message, []).append(AttachmentHead(key, name, content_type, size))
    return found


def owned(attachment: int) -> Generator[Request, Any, tuple[AttachmentHead, int | None] | None]:
    """An attachment and the account that its message belongs to (None: nobody), or None if there is no such attachment."""
    row = yield from one(
        """SELECT a.id, a.name, a.content_type, a.size, m.account_id FROM attachments a JOIN messages m ON m.id = a.message_id
           WHERE a.id = ?""",
        attachment,
    )
    return None if row is None else (AttachmentHead(*row[:4]), row[4])


def slice_of(attachment: int, position: int) -> Generator[Request, Any, bytes | None]:
    """Slice `position` (from 0, of 256 KiB but for the last) of an attachment, or None after its last."""
    row = yield from one("SELECT data FROM attachment_slices WHERE attachment_id = ? AND position = ?", attachment, position)
    return None if row is None else bytes(row[0])
