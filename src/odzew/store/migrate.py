"""The numbered migrations: `NNNN_name.{sqlite,postgres}.sql`, one transaction each, never edited after a release."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

from odzew.errors import StoreVersion

Migration = tuple[int, str, str]


def _read(engine: str) -> tuple[Migration, ...]:
    found = []
    for entry in (files("odzew.store") / "migrations").iterdir():
        if entry.name.endswith(f".{engine}.sql"):
            name = entry.name.removesuffix(f".{engine}.sql")
            found.append((int(name[:4]), name, entry.read_text(encoding="utf-8")))
    return tuple(sorted(found))


MIGRATIONS: Final = {engine: _read(engine) for engine in ("sqlite", "postgres")}
NEWEST: Final = max(number for number, _, _ in MIGRATIONS["sqlite"])


def applied_names(known: Sequence[Sequence[Any]]) -> dict[int, str]:
    """The migrations that a database says it has, by number."""
    return {row[0]: row[1] for row in known}


def refuse_newer(known: Sequence[Sequence[Any]]) -> None:
    """StoreVersion if the database has a migration that this program does not know."""
    newest = max((row[0] for row in known), default=0)
    if newest > NEWEST:
        raise StoreVersion(
            f"the database has migration {newest}, this program knows only {NEWEST}: it was used by a newer version of odzew, run that one"
        )
