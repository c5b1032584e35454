"""One entry of the set-up as a form gives it: judged and written as `odzew apply` does it with a file.

So there is one judge of every value, one comparison and one way to write.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final, Literal

from odzew.errors import Sentence, SetupError
from odzew.setup.apply import write
from odzew.setup.consistency import faults_between
from odzew.setup.plan import Plan
from odzew.setup.reading import Reader, placed
from odzew.setup.tables import Document
from odzew.store.db import Request

Section = Literal["account", "number", "source"]
_PLACE: Final = re.compile(r"(?:[a-z_]+\[\d+\]\.?)*([a-z_]*)(?:\[\d+\])?")


def entry(section: Section, values: Mapping[str, Any], country: str) -> Document:
    """A document with one entry alone. SetupError with every fault found.

    `env:NAME` is not looked up here, so that no page can be made to show the environment: such a value is a fault.
    """
    reader = Reader({}, country)
    document = reader.table(Document, {section: [dict(values)]})
    faults = reader.faults + faults_between(document)
    if faults:
        raise SetupError(faults)
    return document


def by_field(faults: Sequence[str]) -> list[tuple[str, str]]:
    """(field, sentence) of each fault; '' for one that is of none. `account[0].user[0].login: is missing` is of `login`."""
    found = []
    for fault in faults:
        values = fault.values if isinstance(fault, Sentence) else {}
        at = _PLACE.fullmatch(str(values.get("place", "")))
        sentence = values.get("sentence")
        found.append((at[1], sentence) if at and isinstance(sentence, str) else ("", fault))
    return found


def save(document: Document, hashes: Mapping[str, str]) -> Generator[Request, Any, Plan]:
    """Writes it: what was changed. `hashes` has the password hash of each new log-in. SetupError: nothing was written."""
    plan, _ = yield from write(document, False, hashes, {}, _no_hash)
    return plan


def _no_hash(_password: str) -> str:
    raise SetupError([placed("login", Sentence("this user was changed at the same moment; please try again"))])
