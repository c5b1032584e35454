"""One contact as somebody brings it: a row of an import, of a form or of a table of text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from odzew.errors import NumberError, WireError
from odzew.wire import clean, msisdn
from odzew.wire.published import CONTACT_FIELDS

PHONE: Final = "phone"
TEXTS: Final = tuple(name for name in CONTACT_FIELDS if name != PHONE)
LONGEST: Final = {name: 4_000 if name == "description" else 250 for name in TEXTS}
"""Characters that a text may have."""
LONGEST_GROUP: Final = 100
"""Characters that the name of a group may have (contract 4)."""


class ContactError(WireError):
    """A row that is no contact. `field` is what is wrong; `missing`: it is not there."""

    def __init__(self, field: str, missing: bool = False) -> None:
        super().__init__(f"{field} is missing" if missing else f"{field} is wrong")
        self.field = field
        self.missing = missing


def read(row: Mapping[str, object], country: str) -> tuple[str, dict[str, str]]:
    """The number, as it is compared everywhere, and the texts that are there, by name. Other fields are ignored. ContactError."""
    raw = _plain(row, PHONE)
    if raw is None:
        raise ContactError(PHONE, missing=True)
    try:
        phone = msisdn.filter_value(raw, country)
    except NumberError:
        raise ContactError(PHONE) from None
    found = ((name, text(name, _plain(row, name))) for name in TEXTS)
    return phone, {name: value for name, value in found if value is not None}


def text(name: str, value: str | None) -> str | None:
    """A text of a contact as it is kept; None stays None. ContactError: too long."""
    if value is not None and len(value) > LONGEST[name]:
        raise ContactError(name)
    return None if value is None else clean.text(value)


def group(name: str) -> str | None:
    """The name of a group as it is kept; None: there is nothing of it, or it is too long."""
    kept = clean.text(name).strip()
    return kept if 0 < len(kept) <= LONGEST_GROUP else None


def _plain(row: Mapping[str, object], name: str) -> str | None:
    """A text or a whole number as its digits; null and empty are nothing."""
    value = row.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    raise ContactError(name)
