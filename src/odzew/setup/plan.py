"""What applying a document would change: `Change` for people, `Plan` for the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from msgspec import UNSET

from odzew.model import Account, Keyword, Number, Source, Target, Token, User
from odzew.setup.reading import Table
from odzew.setup.tables import ForwardTable

HIDDEN = "(hidden)"
Shown = dict[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing created, updated or removed. `fields` has (name, before, after) as they may be shown: no secret is in them."""

    kind: str
    name: str
    action: Literal["create", "update", "remove"]
    fields: tuple[tuple[str, str, str], ...] = ()

    def __str__(self) -> str:
        """One line: `update account acme: language en -> pl`."""
        line = f"{self.action} {self.kind} {self.name}"
        if self.action == "update":
            told = ", ".join(f"{name} {before or '(none)'} -> {after or '(none)'}" for name, before, after in self.fields)
        else:
            told = ", ".join(f"{name} {after}" for name, _, after in self.fields)
        return f"{line}: {told}" if told else line


def difference(kind: str, name: str, before: Shown | None, after: Shown) -> Change:
    """The change from what is shown of a thing before (None: there was none) to what is shown after."""
    if before is None:
        return Change(kind, name, "create", tuple((key, "", value) for key, value in after.items() if value))
    fields = tuple((key, before.get(key, ""), value) for key, value in after.items() if before.get(key, "") != value)
    return Change(kind, name, "update", fields)


def shown(value: Any) -> str:
    """A value as it is shown in a change."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(shown(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}={shown(item)}" for key, item in value.items())
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if text.isprintable() else ascii(text)


def given(table: Table, names: Iterable[str]) -> dict[str, Any]:
    """Those of the keys that the file gives."""
    return {name: value for name in names if (value := getattr(table, name)) is not UNSET}


def shown_of(thing: object, names: Iterable[str]) -> Shown:
    """Fields of a thing as they are shown."""
    return {name: shown(getattr(thing, name)) for name in names}


@dataclass(frozen=True, slots=True)
class Level:
    """Where forwards stand: an account, a number or a keyword. `account_id` None: nobody's, so it can have none."""

    level: Literal["account", "number", "keyword"]
    id: int
    account_id: int | None
    label: str
    forwards: tuple[ForwardTable, ...]


@dataclass(slots=True)
class Plan:
    """What is to be written. New things have negative ids, by which the other new things refer to them.

    `passwords` has the clear password of each log-in whose hash is to be set; `unmade` the tokens, by id, whose value is still
    to be made (their `sha256` is empty).
    """

    accounts: list[Account] = field(default_factory=list)
    users: list[User] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    tokens: list[Token] = field(default_factory=list)
    unmade: set[int] = field(default_factory=set)
    numbers: list[Number] = field(default_factory=list)
    keywords: list[Keyword] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    removed_targets: list[Target] = field(default_factory=list)
    installation: dict[str, Any] = field(default_factory=dict)
    account_ids: dict[str, int] = field(default_factory=dict)
    """Every account by name, present and new."""
    account_names: dict[int, str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    lowest: int = 0
    """No id that is taken is lower."""

    def new_id(self) -> int:
        """A negative id that no other new thing has."""
        self.lowest -= 1
        return self.lowest

    @property
    def directory_moves(self) -> bool:
        """Whether anything but targets changes."""
        things = (self.accounts, self.users, self.tokens, self.numbers, self.keywords, self.sources, self.installation)
        return any(bool(thing) for thing in things)

    @property
    def targets_move(self) -> bool:
        """Whether a target changes."""
        return bool(self.targets or self.removed_targets)
