"""What was alarmed about in the last 90 days, and what became of the letters that told of it."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from odzew.clock import DAY
from odzew.store.db import Many, Request, Rows
from odzew.store.inbox_lines import EVERYBODY

KEPT: Final = 90 * DAY
LONGEST: Final = 2_000
"""Characters that are kept of one text."""

Whose = Literal["operator", "account"]
LetterState = Literal["taken", "refused", "no_server"]
EVERYBODYS: Final[tuple[Whose, ...]] = ("account", "operator")


@dataclass(slots=True, frozen=True)
class Letter:
    """One e-mail to the addresses of the operator or of the account.

    `taken`: the mail server has it, and `said` names the addresses that it refused; `refused`: it was not taken, `said` says why, and it is
    tried again while the server runs; `no_server`: no mail server is set. `at` is the last try.
    """

    whose: Whose
    addresses: tuple[str, ...]
    state: LetterState
    at: int
    tries: int = 1
    said: str = ""


@dataclass(slots=True, frozen=True)
class AlarmRow:
    """One alarm. `times`: so many of the kind about the same were counted together, from `at` on; `words` are those of the last.

    `account_id` None: it concerns the operator alone. `told_at` None: its letters are not due yet. `id` 0: not stored yet.
    """

    id: int
    at: int
    account_id: int | None
    target_id: int | None
    kind: str
    about: str
    words: str
    times: int = 1
    told_at: int | None = None
    letters: Mapping[Whose, Letter] = field(default_factory=dict)


def keep(rows: Sequence[AlarmRow]) -> Generator[Request, Any, list[int]]:
    """Stores alarms that are new, and what has changed of the others: the ids of all, in their order."""
    ids = []
    for row in rows:
        ids.append(row.id or (yield from _insert(row)))
    known = [(_plain(row.words), row.times, row.told_at, row.id) for row in rows if row.id]
    if known:
        yield Many("UPDATE alarms SET words = ?, times = ?, told_at = ? WHERE id = ?", known)
    letters = [(key, letter) for key, row in zip(ids, rows, strict=True) for letter in row.letters.values()]
    if letters:
        yield Many(
            """INSERT INTO alarm_letters (alarm_id, whose, addresses, state, at, tries, said) VALUES (?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (alarm_id, whose) DO UPDATE SET addresses = excluded.addresses, state = excluded.state, at = excluded.at,
                   tries = excluded.tries, said = excluded.said""",
            [(key, one.whose, json.dumps(one.addresses), one.state, one.at, one.tries, _plain(one.said)) for key, one in letters],
        )
    return ids


def page(
    account_id: int, before: int | None = None, limit: int = 50, whose: Sequence[Whose] = EVERYBODYS
) -> Generator[Request, Any, tuple[list[AlarmRow], int | None]]:
    """The newest alarms of an account, or of all and the operator's own (EVERYBODY), with the letters to the addresses of `whose`; and
    the id after which the next page goes on. Leans on alarms_account."""
    only, some = ("", ()) if account_id == EVERYBODY else ("account_id = ? AND ", (account_id,))
    sql = f"""SELECT id, at, account_id, target_id, kind, about, words, times, told_at FROM alarms
              WHERE {only}id < ? ORDER BY id DESC LIMIT ?"""
    rows = yield Rows(sql, (*some, 1 << 62 if before is None else before, limit))
    letters: dict[int, dict[Whose, Letter]] = {row[0]: {} for row in rows}
    found = yield Rows(
        """SELECT alarm_id, whose, addresses, state, at, tries, said FROM alarm_letters
           WHERE alarm_id IN_INTS(?) AND whose IN_TEXTS(?) ORDER BY alarm_id, whose""",
        (list(letters), list(whose)),
    )
    for key, name, addresses, *more in found:
        letters[key][name] = Letter(name, tuple(json.loads(addresses)), *more)
    return [replace(AlarmRow(*row), letters=letters[row[0]]) for row in rows], rows[-1][0] if len(rows) == limit else None


def sweep(now: int) -> Generator[Request, Any, int]:
    """Forgets alarms that are older than 90 days: how many. Leans on alarms_at."""
    rows = yield Rows("DELETE FROM alarms WHERE at < ? RETURNING id", (now - KEPT,))
    if rows:
        yield Rows("DELETE FROM alarm_letters WHERE alarm_id IN_INTS(?)", ([row[0] for row in rows],))
    return len(rows)


def _insert(row: AlarmRow) -> Generator[Request, Any, int]:
    rows = yield Rows(
        """INSERT INTO alarms (at, account_id, target_id, kind, about, words, times, told_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
           RETURNING id""",
        (row.at, row.account_id, row.target_id, row.kind, _plain(row.about), _plain(row.words), row.times, row.told_at),
    )
    return int(rows[0][0])


def _plain(text: str) -> str:
    """What both engines can keep of it."""
    return text[:LONGEST].replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
