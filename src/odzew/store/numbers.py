"""The write side of numbers, keywords and sources (read side: `store.directory`). Callers bump `directory`."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from typing import Any

from odzew.model import Keyword, Number, Source
from odzew.store.db import Many, Request, Rows


def save_numbers(numbers: Sequence[Number]) -> Generator[Request, Any, dict[str, int]]:
    """Creates or updates each by its address; gives their ids by address. The ids of the given objects do not matter."""
    yield Many(
        """INSERT INTO numbers (address, service, account_id, mms, drop_blacklisted) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (address) DO UPDATE
           SET service = excluded.service, account_id = excluded.account_id, mms = excluded.mms,
               drop_blacklisted = excluded.drop_blacklisted""",
        [(number.address, number.service, number.account_id, int(number.mms), int(number.drop_blacklisted)) for number in numbers],
    )
    rows = yield Rows("SELECT address, id FROM numbers WHERE address IN_TEXTS(?)", ([number.address for number in numbers],))
    return {row[0]: row[1] for row in rows}


def save_keywords(keywords: Sequence[Keyword]) -> Generator[Request, Any, dict[tuple[int, tuple[str, ...]], int]]:
    """Creates or updates each by its number and folded words; gives their ids by (number's id, words)."""
    yield Many(
        """INSERT INTO keywords (number_id, account_id, word, words, strip_keyword, drop_blacklisted) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (number_id, words) DO UPDATE
           SET account_id = excluded.account_id, word = excluded.word, strip_keyword = excluded.strip_keyword,
               drop_blacklisted = excluded.drop_blacklisted""",
        [(k.number_id, k.account_id, k.word, " ".join(k.words), int(k.strip_keyword), int(k.drop_blacklisted)) for k in keywords],
    )
    rows = yield Rows(
        "SELECT number_id, words, id FROM keywords WHERE number_id IN_INTS(?)", (sorted({keyword.number_id for keyword in keywords}),)
    )
    return {(row[0], tuple(row[1].split(" "))): row[2] for row in rows}


def save_sources(sources: Sequence[Source]) -> Generator[Request, Any, None]:
    """Creates or updates each by its name."""
    yield Many(
        """INSERT INTO sources (name, protocol, token_sha256, allow_from, trust_time, active, options) VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (name) DO UPDATE
           SET protocol = excluded.protocol, token_sha256 = excluded.token_sha256, allow_from = excluded.allow_from,
               trust_time = excluded.trust_time, active = excluded.active, options = excluded.options""",
        [_source_row(source) for source in sources],
    )


def _source_row(source: Source) -> tuple[Any, ...]:
    return (
        source.name, source.protocol, source.token_sha256, json.dumps(source.allow_from), int(source.trust_time),
        int(source.active), json.dumps(source.options),
    )  # fmt: skip


def remove_keyword(keyword_id: int, account_id: int) -> Generator[Request, Any, bool]:
    """Gives a keyword of the account back; whether there was one. Its messages keep the word that they came with."""
    rows = yield Rows("DELETE FROM keywords WHERE id = ? AND account_id = ? RETURNING id", (keyword_id, account_id))
    return bool(rows)
