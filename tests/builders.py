"""Rows for tests, written through units of work. Each builder names only what a test cares about."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from typing import Any

from odzew.access.tokens import hash_token
from odzew.model import Attachment, Kind, Message
from odzew.store import messages
from odzew.store.changes import bump
from odzew.store.db import Database, Request, Rows, one

TOKEN = "0123456789abcdef0123456789abcdef"
PHONE = "+48500600700"
RECEIVED = 1_413_883_083_000_000  # 2014-10-21 11:18:03 in Warsaw


def an_account(name: str = "acme", **columns: Any) -> Generator[Request, Any, int]:
    """An account; lists are given as tuples. Gives its id."""
    return _insert("accounts", name=name, **columns)


def a_token(
    account_id: int | None, value: str = TOKEN, roles: Sequence[str] = ("api", "numbers"), name: str = "crm", **columns: Any
) -> Generator[Request, Any, int]:
    """A bearer token of an account, or of the operator (None). Gives its id."""
    return _insert("tokens", account_id=account_id, name=name, sha256=hash_token(value), roles=tuple(roles), created_at=0, **columns)


def a_user(
    account_id: int | None, login: str, password_hash: str, roles: Sequence[str] = ("api", "numbers"), **columns: Any
) -> Generator[Request, Any, int]:
    """A user of an account, or of the operator (None). Gives its id."""
    return _insert("users", account_id=account_id, login=login, password_hash=password_hash, roles=tuple(roles), **columns)


def a_number(address: str, service: str, account_id: int | None = None, **columns: Any) -> Generator[Request, Any, int]:
    """A number that we serve. Gives its id."""
    return _insert("numbers", address=address, service=service, account_id=account_id, **columns)


def a_keyword(number_id: int, account_id: int, word: str, words: str) -> Generator[Request, Any, int]:
    """A keyword on a number; `words` is its folded form. Gives its id."""
    return _insert("keywords", number_id=number_id, account_id=account_id, word=word, words=words)


def a_group(account_id: int, name: str) -> Generator[Request, Any, int]:
    """A group of contacts. Gives its id."""
    return _insert("groups", account_id=account_id, name=name)


def a_message(
    id: int, account_id: int | None = 1, kind: Kind = "nd", text: str = "text", attachments: Sequence[Attachment] = (), **fields: Any
) -> tuple[Message, Sequence[Attachment]]:
    """A message with what it carries, for `store_messages`."""
    values: dict[str, Any] = {"sender": PHONE, "recipient": "+48799448855", "received_at": RECEIVED + id * 1_000_000} | fields
    return Message(id, kind, account_id, text=text, **values), attachments


def the_messages(built: Sequence[tuple[Message, Sequence[Attachment]]]) -> Generator[Request, Any, None]:
    """Stores built messages."""
    yield from messages.add([message for message, _ in built])
    if owned := [(message.id, attachments) for message, attachments in built if attachments]:
        yield from messages.add_attachments(owned)


async def store_messages(db: Database, *built: tuple[Message, Sequence[Attachment]]) -> None:
    """Stores built messages, as `inbox.receive` would."""
    await db.write(the_messages, built)


def _insert(table: str, **columns: Any) -> Generator[Request, Any, int]:
    values = [json.dumps(value) if isinstance(value, tuple) else value for value in columns.values()]
    sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) RETURNING id"
    row = yield from one(sql, *values)
    assert row is not None
    yield from bump("directory")
    return int(row[0])


def unread_ids() -> Generator[Request, Any, list[int]]:
    """Ids of the messages without a read mark."""
    return [row[0] for row in (yield Rows("SELECT id FROM messages WHERE pulled_at IS NULL ORDER BY id"))]
