"""`contacts/import` (contract 4): many contacts into a group, in transactions of bounded size.

What is interrupted is ended by the same call again: a number that is among the contacts is not added twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from odzew.api.answers import Answer
from odzew.api.call import Call
from odzew.api.groups import name_of
from odzew.api.params import INVALID, REQUIRED
from odzew.errors import ContractError
from odzew.store import groups
from odzew.store.people import bring
from odzew.wire.contact import ContactError, read
from odzew.wire.folding import searchable
from odzew.wire.published import IMPORT_FIELDS

CONTACT: Final = "contact"
MOST: Final = 50_000  # rows of one call
BATCH: Final = 250  # rows in one transaction, and read in one go: about 10 ms of a processor


async def import_(call: Call) -> Answer:
    """Brings the rows that can be read into the group of that name and counts the others. ContractError 1006, 1008, 2000."""
    call.need_numbers()
    rows = call.parameters.rows(CONTACT)
    name = name_of(call.parameters, "group_name")
    if not rows:
        raise ContractError(REQUIRED, CONTACT)
    if len(rows) > MOST:
        raise ContractError(INVALID, CONTACT)
    db, account = call.services.db, call.account_id
    group = await db.write(groups.add, account, name, searchable)
    correct = 0
    for start in range(0, len(rows), BATCH):
        good = [found for row in rows[start : start + BATCH] if (found := _read(row, call.parameters.country)) is not None]
        # Also where there is none: others get their turn meanwhile.
        await db.write(bring, account, good, name, searchable)
        correct += len(good)
    values = (correct > 0, group, correct, len(rows) - correct)
    return call.document(dict(zip(IMPORT_FIELDS, values, strict=True)))


def _read(row: Any, country: str) -> tuple[str, dict[str, str]] | None:
    if not isinstance(row, Mapping):
        return None
    try:
        return read(row, country)
    except ContactError:
        return None
