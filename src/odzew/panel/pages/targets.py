"""Where messages are forwarded to: all targets of the account, and those of one place, with what applies there and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from odzew.errors import NotOurs
from odzew.model import KIND_OF_SERVICE, ForwardFor, Level, Target
from odzew.panel.page import Page
from odzew.panel.visit import Visit
from odzew.store.dashboard import MOST, waiting
from odzew.store.target_states import TargetState, states

FOR_NAMES: Final[dict[str, str]] = {
    "sms": "all SMS", "eco": "ECO replies", "nd": "ND/SC", "ndi": "NDI/SCI", "pre": "Premium", "mms": "MMS",
}  # fmt: skip


@dataclass(slots=True, frozen=True)
class Place:
    """A level that forwards belong to: a keyword, a number, or the account.

    `label` is how people call it, `kinds` what may be forwarded.
    """

    level: Level
    id: int
    label: str
    kinds: tuple[ForwardFor, ...]


@dataclass(slots=True, frozen=True)
class Shown:
    """A target with how it does. `waiting` and `due`: what is owed to it (at most 1,000), and when the next is due."""

    target: Target
    place: Place
    state: TargetState | None
    waiting: int
    due: int | None


async def index(visit: Visit) -> Response:
    """All targets of the account, in the order of their levels."""
    mine = [target for target in visit.directory.targets.values() if target.account_id == visit.account.id]
    mine.sort(key=lambda target: (("account", "number", "keyword").index(target.level), target.level_id, target.for_kind, target.name))
    return visit.page("targets.html", targets=await shown(visit, mine), names=FOR_NAMES, most=MOST)


async def eco(visit: Visit) -> Response:
    """Settings interface: SMS response ECO."""
    return await _at(visit, place_of(visit, "account", visit.account.id), "eco", "SMS response ECO")


async def mms(visit: Visit) -> Response:
    """Inbox MMS: Additional options."""
    return await _at(visit, place_of(visit, "account", visit.account.id), "mms", "Additional options")


async def keyword(visit: Visit) -> Response:
    """The forwards of a keyword."""
    return await _at(visit, place_of(visit, "keyword", visit.path("id")), "sms", "Forward")


async def number(visit: Visit) -> Response:
    """The forwards of a number of one's own."""
    return await _at(visit, place_of(visit, "number", visit.path("id")), "sms", "Forward")


def place_of(visit: Visit, level: str, key: int) -> Place:
    """A level of the account. NotOurs for another's."""
    directory, account = visit.directory, visit.account
    if level == "keyword":
        found = directory.keywords_by_id.get(key)
        if found is not None and found.account_id == account.id:
            at = directory.numbers_by_id[found.number_id]
            return Place("keyword", key, f"{found.word} · {at.address}", ("sms", "mms") if at.mms else ("sms",))
    elif level == "number":
        own = directory.numbers_by_id.get(key)
        if own is not None and own.account_id == account.id:
            return Place("number", key, own.address, ("sms", "mms") if own.mms else ("sms",))
    elif level == "account" and key == account.id:
        return Place("account", key, account.company or account.name, ("sms", "eco", "nd", "ndi", "pre", "mms"))
    raise NotOurs("there is no such place for a forward")


async def shown(visit: Visit, targets: list[Target]) -> list[Shown]:
    """Targets with how they do."""
    ids = [target.id for target in targets]
    known: dict[int, TargetState] = await visit.db.read(states, ids)
    owed: dict[int, tuple[int, int]] = await visit.db.read(waiting, ids)
    found = []
    for target in targets:
        count, due = owed.get(target.id, (0, None))
        found.append(Shown(target, _labelled(visit, target), known.get(target.id), count, due))
    return found


async def _at(visit: Visit, place: Place, kind: str, title: str) -> Response:
    """The levels that this place's messages go by, the applying one marked, with the targets of each."""
    levels: list[tuple[Place, list[Shown], bool]] = []
    applied = False
    for one, kinds in _levels(visit, place, kind):
        there = visit.directory.levels.get((one.level, one.id), ())
        targets = [target for target in there if target.for_kind in kinds and target.account_id == visit.account.id]
        applies = bool(targets) and not applied
        applied = applied or applies
        levels.append((one, await shown(visit, targets), applies))
    return visit.page("forward.html", place=place, kind=kind, title=title, levels=levels, names=FOR_NAMES, most=MOST)


def _levels(visit: Visit, place: Place, kind: str) -> list[tuple[Place, tuple[str, ...]]]:
    """From the most specific one on, with the kinds of forwards that count there (contract 5)."""
    directory, account = visit.directory, place_of(visit, "account", visit.account.id)
    if place.level == "account":
        return [(place, (kind,) if kind == "mms" else (kind, "sms"))]
    found = [(place, (kind,))]
    number_id = place.id if place.level == "number" else directory.keywords_by_id[place.id].number_id
    at = directory.numbers_by_id[number_id]
    if place.level == "keyword" and at.account_id == visit.account.id:
        found.append((place_of(visit, "number", number_id), (kind,)))
    return [*found, (account, ("mms",) if kind == "mms" else (KIND_OF_SERVICE[at.service], "sms"))]


def _labelled(visit: Visit, target: Target) -> Place:
    try:
        return place_of(visit, target.level, target.level_id)
    except NotOurs:  # its number or keyword has gone to another account since
        return Place(target.level, target.level_id, "–", (target.for_kind,))


PAGES: Final = (
    Page("/targets", index, "member", "targets"),
    Page("/interface/eco", eco, "member", "forward.eco"),
    Page("/inbox/mms/options", mms, "member", "forward.mms"),
    Page("/numbers/keyword/{id:int}/forward", keyword, "member", "forward.keyword"),
    Page("/numbers/number/{id:int}/forward", number, "member", "forward.number"),
)
