"""The error tree. An error knows two things: is it temporary, and what may the user read.

    OdzewError
    ├─ SettingError        a setting or an option of the command line is wrong
    ├─ SetupError          the set-up file is wrong; carries every fault found
    ├─ WireError           octets or words that cannot be read
    │  ├─ NumberError      not a telephone number
    │  └─ TemplateError    a target's URL template, or what it fills to, is wrong
    ├─ ContractError       a numbered error of the published API (contract section 3)
    ├─ StoreError          the database refused
    │  ├─ StoreUnavailable temporary: gone, locked or restarting
    │  ├─ StoreFull        temporary: the disk or our own queue is full
    │  └─ StoreVersion     the database is not of this version of the program
    ├─ Busy                temporary: too many at once (answered 429)
    └─ NotOurs             a thing that was asked for does not exist or is not the caller's

What happens to one call to a client's URL is an outcome, never an exception (`forward.outcome`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self


class Sentence(str):
    """A sentence for people that can be said in another language too: an English text, and what it was made of.

    `Sentence("must have %(least)d to %(most)d characters", least=1, most=64)`: by its `template` a translation is found, the `values`
    fill it. A value may be a sentence itself.
    """

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, /, **values: object) -> Self:
        found = super().__new__(cls, template % values if values else template)
        found.template, found.values = template, values
        return found


def sentence_of(error: Exception) -> str:
    """What an error says: the `Sentence` that it was raised with, or its text."""
    said = error.args[0] if error.args else None
    return said if isinstance(said, Sentence) else str(error)


class OdzewError(Exception):
    """Base of all our errors; `str(error)` may be shown to the user."""

    temporary = False


class SettingError(OdzewError):
    """A setting or an option of the command line is wrong."""


class SetupError(OdzewError):
    """The set-up file is wrong. `faults` has one sentence for each fault found."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class WireError(OdzewError):
    """Octets or words that cannot be read."""


class NumberError(WireError):
    """Not a telephone number."""


class TemplateError(WireError):
    """A URL template, or what it fills to, is wrong."""


class ContractError(OdzewError):
    """A numbered error of the published API (contract section 3).

    `code` is the number; its type and text stand in `wire.published`. `field` names the parameter, for 1006 and 2000.
    """

    def __init__(self, code: int, field: str | None = None) -> None:
        super().__init__(f"error {code}" + (f" in {field}" if field else ""))
        self.code = code
        self.field = field


class StoreError(OdzewError):
    """The database refused."""


class StoreUnavailable(StoreError):
    """The database is gone, locked or restarting: the same call may succeed later."""

    temporary = True


class StoreFull(StoreError):
    """The disk, or the queue in front of the database, is full: the same call may succeed later."""

    temporary = True


class StoreVersion(StoreError):
    """The database was made by a newer version of the program, or needs a migration first."""


class Busy(OdzewError):
    """Too many at once; try again after `retry_after` seconds."""

    temporary = True

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotOurs(OdzewError):
    """What was asked for does not exist, or belongs to somebody else (the two are never told apart)."""
