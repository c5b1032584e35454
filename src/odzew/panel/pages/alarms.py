"""Past alarms: what happened to which target, and whether the mail server took the letter that told of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from odzew.clock import HOUR
from odzew.panel.alarm_words import kind_of, said
from odzew.panel.page import Page
from odzew.panel.visit import Visit
from odzew.store import alarms
from odzew.store.alarms import AlarmRow, Letter, Whose
from odzew.store.inbox_lines import EVERYBODY

LIMIT: Final = 50
LOST: Final = 2 * HOUR
"""Letters about one subject come an hour apart at most: what is not told of after two was forgotten by a server that stopped short."""


async def of_account(visit: Visit) -> Response:
    """Alarms about the targets of the account that is looked at, and the letters to its own addresses."""
    return await _listed(visit, visit.account.id, "alarms", ("account",))


async def of_all(visit: Visit) -> Response:
    """All alarms and letters."""
    return await _listed(visit, EVERYBODY, "operator.alarms", alarms.EVERYBODYS)


async def _listed(visit: Visit, account_id: int, page: str, whose: tuple[Whose, ...]) -> Response:
    before = visit.fields(dict(visit.query)).whole("before", least=1, most=(1 << 62) - 1)
    rows, older = await visit.db.read(alarms.page, account_id, before, LIMIT, whose)
    names = {key: account.company or account.name for key, account in visit.directory.accounts.items()}
    return visit.page(
        "alarms.html", rows=[_row(visit, row) for row in rows], older=older, before=before, page=page,
        accounts=names if account_id == EVERYBODY else None,
    )  # fmt: skip


def _row(visit: Visit, row: AlarmRow) -> Mapping[str, Any]:
    """What the page shows of an alarm."""
    target = visit.directory.targets.get(row.target_id or 0)
    if target is not None and target.account_id != row.account_id:
        target = None
    words, colour = kind_of(visit.t, row.kind)
    waits = row.told_at is None and visit.services.clock.now() - row.at < LOST
    return {
        "alarm": row, "target": target, "kind": words, "colour": colour, "words": said(visit.t, row.words),
        "letters": [_letter(letter, visit.sees_numbers) for letter in row.letters.values()],
        "why": "" if row.letters else "waits" if waits else "lost" if row.told_at is None else "nobody",
    }  # fmt: skip


def _letter(letter: Letter, whole: bool) -> Mapping[str, Any]:
    """A letter with its addresses as they may be seen, also in what the mail server said of them."""
    text = letter.said
    for address in sorted(letter.addresses, key=len, reverse=True):
        text = text.replace(address, masked(address, whole))
    return {"letter": letter, "addresses": [masked(address, whole) for address in letter.addresses], "said": text}


def masked(address: str, whole: bool) -> str:
    """An e-mail address as it may be seen: `j***@acme.example`."""
    name, _, host = address.rpartition("@")
    return address if whole else f"{name[:1]}***@{host}"


PAGES: Final = (
    Page("/account/alarms", of_account, "owner", "alarms"),
    Page("/operator/alarms", of_all, "operator", "operator.alarms"),
)
