"""The pages `error/<code>`, and the words of an error in the language of the account (contract 3)."""

from __future__ import annotations

from typing import Any, Final

from odzew.errors import ContractError
from odzew.wire import clean
from odzew.wire.published import ERROR_FIELD, ERROR_FIELDS, ERRORS, error_text

REQUIRED: Final = 2000
UNKNOWN: Final = 2002
LONGEST_FIELD: Final = 64  # characters of a parameter's name


def envelope(error: ContractError, language: str) -> dict[str, Any]:
    """The fields of an error; `field` where it names a parameter."""
    values = (error.code, ERRORS[error.code].type, error_text(error.code, language))
    fields: dict[str, Any] = dict(zip(ERROR_FIELDS, values, strict=True))
    if error.field:
        fields[ERROR_FIELD] = clean.text(error.field)[:LONGEST_FIELD]
    return fields


def page(code: str) -> ContractError:
    """The error that `error/<code>` shows: that of the code, 2002 for an unknown one, 2000 for none."""
    if not code:
        return ContractError(REQUIRED)
    # Four ASCII digits: other spellings of a number are no code of ours.
    known = int(code) if len(code) == len(str(REQUIRED)) and code.isascii() and code.isdigit() else UNKNOWN
    return ContractError(known if known in ERRORS else UNKNOWN)
