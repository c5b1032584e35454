"""The menu of one visit: the lines of `navigation` that the visitor may open, with what is current and what is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from odzew.panel.navigation import CUSTOMER, OPERATOR, Entry
from odzew.panel.routes import BY_NAME, url_of
from odzew.panel.visit import Visit


@dataclass(slots=True, frozen=True)
class Line:
    """A line as it is shown. `open`: it or one under it is current."""

    text: str
    href: str
    icon: str
    current: bool
    open: bool
    count: int
    under: tuple[Line, ...]


def menu(visit: Visit) -> list[list[Line]]:
    """Groups of lines: the account's, then the operator's."""
    visitor = visit.visitor
    if visitor is None:
        return []
    groups = [[_line(visit, entry) for entry in entries if _shown(visit, entry)] for entries in (CUSTOMER, OPERATOR)]
    return [group for group in groups if group]


def _shown(visit: Visit, entry: Entry) -> bool:
    page = BY_NAME.get(entry.page)
    visitor = visit.visitor
    if page is None or visitor is None or (entry.who == "operator") != (page.who == "operator"):
        return False
    return visitor.fits(page.who) and visitor.fits(entry.who)


def _line(visit: Visit, entry: Entry) -> Line:
    values: dict[str, Any] = dict(entry.values)
    href = url_of(entry.page, **values)
    here = visit.request.url.path
    under = tuple(_line(visit, line) for line in entry.under if _shown(visit, line))
    current = here == href
    name = _name_of(visit)
    belongs = name == entry.page or name in entry.also or any(name == line.page for line in entry.under)
    return Line(
        entry.text, href, entry.icon, current and not under, current or belongs or any(line.current for line in under),
        visit.badges.get(entry.badge, 0), under,
    )  # fmt: skip


def _name_of(visit: Visit) -> Any:
    route = visit.request.scope.get("route")
    return getattr(route, "name", "")
