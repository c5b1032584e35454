"""The record of sent messages, by which a reply finds what it answers."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from typing import Any, Final, NamedTuple

from odzew.clock import DAY, MINUTE
from odzew.model import SentMessage
from odzew.store.db import Many, Request, Rows, one

# A sending platform's clock may run ahead of ours: a message "sent" a minute after its reply is still the one it answers.
SKEW: Final = MINUTE
LONG_AGO: Final = 90 * DAY
_COLUMNS: Final = "account_id, message_id, phone, from_number, sent_at, text"


class Question(NamedTuple):
    """Who answered, to which pool number, and when."""

    pool: str
    sender: str
    at: int


class Answer(NamedTuple):
    """The account whose message was answered; `message_id` None: only the account is known."""

    account_id: int
    message_id: str | None


def record(messages: Sequence[SentMessage]) -> Generator[Request, Any, None]:
    """Stores sent messages; one with a known (account, message_id) takes the newer words."""
    # In the order of the key, so that two processes that store the same ones never wait for each other in a circle; of the
    # same key the last one given comes last.
    rows = sorted(((m.account_id, m.message_id, m.phone, m.from_number, m.sent_at, m.text) for m in messages), key=lambda row: row[:2])
    yield Many(
        """INSERT INTO sent (account_id, message_id, phone, from_number, sent_at, text) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (account_id, message_id) DO UPDATE
           SET phone = excluded.phone, from_number = excluded.from_number, sent_at = excluded.sent_at, text = excluded.text""",
        rows,
    )


def answered(questions: Sequence[Question]) -> Generator[Request, Any, list[Answer | None]]:
    """For each: the newest message sent from that pool number to that sender, within its account's reply window (contract 6).

    Leans on sent_phone.
    """
    sql = """SELECT JSON_INT(value, 0), (
                 SELECT s.id FROM sent s JOIN accounts a ON a.id = s.account_id
                 WHERE s.phone = JSON_TEXT(value, 2) AND s.from_number = JSON_TEXT(value, 1)
                   AND s.sent_at <= JSON_INT(value, 3) + ?
                   AND s.sent_at >= JSON_INT(value, 3) - CAST(a.reply_window_days * 86400000000 AS BIGINT)
                 ORDER BY s.sent_at DESC, s.id DESC LIMIT 1)
             FROM EACH_JSON(?)"""
    rows = yield Rows(sql, (SKEW, _asked(questions)))
    found = {row[0]: row[1] for row in rows if row[1] is not None}
    sent = yield Rows("SELECT id, account_id, message_id FROM sent WHERE id IN_INTS(?)", (list(found.values()),))
    by_id = {row[0]: Answer(row[1], row[2]) for row in sent}
    return [by_id.get(found.get(index, 0)) for index in range(len(questions))]


def only_writer(questions: Sequence[Question]) -> Generator[Request, Any, list[Answer | None]]:
    """For each: the account that wrote to that sender in the 90 days before, if only one did (contract 6). Leans on sent_phone."""
    sql = """SELECT JSON_INT(value, 0), (
                 SELECT CASE WHEN min(s.account_id) = max(s.account_id) THEN min(s.account_id) END FROM sent s
                 WHERE s.phone = JSON_TEXT(value, 2) AND s.sent_at <= JSON_INT(value, 3) + ? AND s.sent_at >= JSON_INT(value, 3) - ?)
             FROM EACH_JSON(?)"""
    rows = yield Rows(sql, (SKEW, LONG_AGO, _asked(questions)))
    found = {row[0]: Answer(row[1], None) for row in rows if row[1] is not None}
    return [found.get(index) for index in range(len(questions))]


def find(account_id: int, message_id: str) -> Generator[Request, Any, SentMessage | None]:
    """One sent message of an account, or None."""
    row = yield from one(f"SELECT {_COLUMNS} FROM sent WHERE account_id = ? AND message_id = ?", account_id, message_id)
    return None if row is None else SentMessage(*row)


def sent_to(account_id: int, phone: str, since: int, until: int, limit: int) -> Generator[Request, Any, list[SentMessage]]:
    """What an account sent to a telephone in this time, both ends included, newest first. Leans on sent_phone."""
    sql = f"""SELECT {_COLUMNS} FROM sent WHERE phone = ? AND account_id = ? AND sent_at >= ? AND sent_at <= ?
              ORDER BY sent_at DESC, id DESC LIMIT ?"""
    return [SentMessage(*row) for row in (yield Rows(sql, (phone, account_id, since, until, limit)))]


def _asked(questions: Sequence[Question]) -> str:
    return json.dumps([[index, *question] for index, question in enumerate(questions)])
