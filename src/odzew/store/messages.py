"""Messages and their attachments: the writing side, and what the operator lists."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Final

from odzew.model import Attachment, Message
from odzew.store.db import Many, Request, Rows, reserve

SLICE: Final = 256 * 1024  # octets of an attachment in one row

_COLUMNS = """id, kind, account_id, sender, recipient, text, received_at, number_id, keyword_id, keyword, answers, title, rule, form,
    incomplete"""
_MESSAGE = f"{_COLUMNS}, withheld"


def add(messages: Sequence[Message]) -> Generator[Request, Any, None]:
    """Stores new messages. What is withheld has the API's mark from the beginning, so the indexes of unread ones never hold it."""
    marks = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
    yield Many(f"INSERT INTO messages ({_COLUMNS}) VALUES ({marks})", [_row(one) for one in messages if one.withheld is None])
    if withheld := [(*_row(one), one.withheld, one.received_at) for one in messages if one.withheld is not None]:
        yield Many(f"INSERT INTO messages ({_MESSAGE}, pulled_at) VALUES ({marks}, ?, ?)", withheld)


def _row(m: Message) -> tuple[Any, ...]:
    return (
        m.id, m.kind, m.account_id, m.sender, m.recipient, m.text, m.received_at,
        m.number_id, m.keyword_id, m.keyword, m.answers, m.title, m.rule, m.form, int(m.incomplete),
    )  # fmt: skip


def add_attachments(owned: Sequence[tuple[int, Sequence[Attachment]]]) -> Generator[Request, Any, None]:
    """Stores the attachments of each (message id, attachments) in slices of 256 KiB."""
    ids = iter((yield from reserve("attachments", sum(len(attachments) for _, attachments in owned))))
    heads: list[tuple[Any, ...]] = []
    slices: list[tuple[Any, ...]] = []
    for message, attachments in owned:
        for position, attachment in enumerate(attachments):
            key, data = next(ids), attachment.data
            heads.append((key, message, position, attachment.name, attachment.content_type, len(data)))
            slices += [(key, n, data[start : start + SLICE]) for n, start in enumerate(range(0, len(data), SLICE))]
    yield Many("INSERT INTO attachments (id, message_id, position, name, content_type, size) VALUES (?, ?, ?, ?, ?, ?)", heads)
    yield Many("INSERT INTO attachment_slices (attachment_id, position, data) VALUES (?, ?, ?)", slices)


def get(ids: Sequence[int], hold: bool = False) -> Generator[Request, Any, dict[int, Message]]:
    """Messages by id; those that do not exist are left out. `hold`: nobody else changes them until the commit."""
    sql = f"SELECT {_MESSAGE} FROM messages WHERE id IN_INTS(?) ORDER BY id {'FOR_UPDATE' if hold else ''}"
    rows = yield Rows(sql, (list(ids),))
    return {row[0]: Message(*row) for row in rows}


def unclaimed(after: int, limit: int) -> Generator[Request, Any, list[Message]]:
    """Messages that nobody claimed, in order of storing. Leans on messages_unclaimed."""
    sql = f"SELECT {_MESSAGE} FROM messages WHERE account_id IS NULL AND id > ? ORDER BY id LIMIT ?"
    return [Message(*row) for row in (yield Rows(sql, (after, limit)))]


def unclaimed_from(senders: Sequence[str], since: int) -> Generator[Request, Any, list[Message]]:
    """Messages of these senders, received since then, that nobody claimed. Leans on messages_unclaimed."""
    sql = f"""SELECT {_MESSAGE} FROM messages
              WHERE account_id IS NULL AND sender IN_TEXTS(?) AND received_at >= ? ORDER BY id FOR_UPDATE"""
    return [Message(*row) for row in (yield Rows(sql, (list(senders), since)))]


def newest(after: int | None, limit: int) -> Generator[Request, Any, list[Message]]:
    """The newest messages by id, older than `after` where it is given."""
    sql = f"SELECT {_MESSAGE} FROM messages WHERE id < ? ORDER BY id DESC LIMIT ?"
    return [Message(*row) for row in (yield Rows(sql, (after or 1 << 62, limit)))]


def flagged(before: int | None, limit: int) -> Generator[Request, Any, list[Message]]:
    """The newest messages with a part missing or octets that could not be decoded. Leans on messages_flagged."""
    sql = f"""SELECT {_MESSAGE} FROM messages WHERE (incomplete = 1 OR form = 'undecoded') AND id < ? ORDER BY id DESC LIMIT ?"""
    return [Message(*row) for row in (yield Rows(sql, (before or 1 << 62, limit)))]


def correct(message: Message, at: int, why: str, before: str, offer: bool = True) -> Generator[Request, Any, None]:
    """Writes a message's new meaning and keeps the old one (`before`, JSON) as a revision. `offer`: to the API, as if new, or it is
    withheld as the message now says."""
    offered = [None if message.withheld is None else at, message.withheld] if offer else []
    yield Rows("INSERT INTO revisions (message_id, at, why, before) VALUES (?, ?, ?, ?)", (message.id, at, why, before))
    yield Rows(
        f"""UPDATE messages SET kind = ?, account_id = ?, text = ?, number_id = ?, keyword_id = ?, keyword = ?, answers = ?, rule = ?,
                   form = ?, incomplete = ?{", pulled_at = ?, pull_id = NULL, withheld = ?" if offer else ""}
            WHERE id = ?""",
        (
            message.kind, message.account_id, message.text, message.number_id, message.keyword_id, message.keyword,
            message.answers, message.rule, message.form, int(message.incomplete), *offered, message.id,
        ),
    )  # fmt: skip
