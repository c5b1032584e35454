"""The first page: what came in, what was forwarded, what wants attention. Every number is a link to its list."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.responses import Response

from odzew.clock import DAY, HOUR, from_datetime, to_datetime
from odzew.inbox.listing import Listing
from odzew.model import KINDS, Target
from odzew.panel.page import Page
from odzew.panel.visit import Visit
from odzew.panel.ways_in import ways_in
from odzew.store import dashboard as units
from odzew.store.target_states import TargetState, states
from odzew.wire.localtime import zone_of

HOURS: Final = 48
DAYS: Final = 30
KIND_NAMES: Final = {"eco": "ECO", "nd": "ND/SC", "ndi": "NDI/SCI", "pre": "Premium", "mms": "MMS", "unclaimed": "unclaimed"}


@dataclass(slots=True, frozen=True)
class Chart:
    """Messages by time and kind: `steps` are seconds since 1970 of each bar's beginning, `series` (kind, numbers) of those that came."""

    steps: list[int]
    series: list[tuple[str, list[int]]]

    @property
    def data(self) -> dict[str, Any]:
        """What the script draws."""
        return {"steps": self.steps, "series": [{"name": KIND_NAMES[kind], "kind": kind, "values": values} for kind, values in self.series]}

    @property
    def total(self) -> int:
        return sum(sum(values) for _, values in self.series)


async def dashboard(visit: Visit) -> Response:
    """The account at a glance; an operator who looks at no account has an overview of their own."""
    if visit.visitor is None or visit.visitor.account is None:
        return visit.go("/operator")
    account, now = visit.account.id, visit.services.clock.now()
    hourly, daily, unseen, deliveries, answered, ways = await asyncio.gather(
        by_hour(visit.services.listing, account, now),
        by_day(visit.services.listing, account, now, visit.zone),
        visit.services.listing.unseen(account),
        visit.db.read(units.deliveries, account),
        visit.db.read(units.answered, account, now - DAY),
        ways_in(visit),
    )
    targets = [target for target in visit.directory.targets.values() if target.account_id == account]
    values = {
        "hourly": hourly, "daily": daily, "today": sum(values[-1] for _, values in daily.series), "unseen": sum(unseen.values()),
        "deliveries": deliveries, "answered": answered, "failing": await failing_of(visit, targets), "targets": targets,
        "connected": all(way.well for way in ways) if any(way.source.active for way in ways) else None,
        "new": not daily.total and not targets,
        "day": day_of(visit, now),
    }  # fmt: skip
    return visit.page("dashboard_live.html" if visit.partial else "dashboard.html", **values)


async def by_hour(listing: Listing, account_id: int, now: int) -> Chart:
    """The last 48 hours."""
    first = now // HOUR * HOUR - (HOURS - 1) * HOUR
    counts = await listing.per_hour(account_id, first, now + 1)
    steps = [first + step * HOUR for step in range(HOURS)]
    return _chart(steps, [((count.hour - first) // HOUR, count.kind, count.messages) for count in counts])


async def by_day(listing: Listing, account_id: int, now: int, zone: str) -> Chart:
    """The last 30 days, each from midnight in the account's zone (to the hour)."""
    here = to_datetime(now).astimezone(zone_of(zone))
    days = [(here - timedelta(days=back)).date() for back in range(DAYS - 1, -1, -1)]
    steps = [from_datetime(datetime(day.year, day.month, day.day, tzinfo=zone_of(zone))) for day in days]
    place = {day: number for number, day in enumerate(days)}
    counts = await listing.per_hour(account_id, steps[0], now + 1)
    found = [(place.get(to_datetime(count.hour).astimezone(zone_of(zone)).date()), count.kind, count.messages) for count in counts]
    return _chart(steps, [(step, kind, number) for step, kind, number in found if step is not None])


async def failing_of(visit: Visit, targets: list[Target]) -> list[tuple[Target, TargetState]]:
    """The targets that are failing or paused, with their state."""
    known: dict[int, TargetState] = await visit.db.read(states, [target.id for target in targets])
    found = [(target, known[target.id]) for target in targets if target.id in known]
    return [(target, state) for target, state in found if state.failing_since is not None or state.paused_at is not None]


def day_of(visit: Visit, now: int) -> str:
    """Today in the account's zone, as filters want it."""
    return to_datetime(now).astimezone(zone_of(visit.zone)).date().isoformat()


def _chart(steps: list[int], counts: list[tuple[int, str, int]]) -> Chart:
    series: dict[str, list[int]] = {}
    for step, kind, number in counts:
        if 0 <= step < len(steps):
            series.setdefault(kind, [0] * len(steps))[step] += number
    return Chart([step // 1_000_000 for step in steps], [(kind, series[kind]) for kind in (*KINDS, "unclaimed") if kind in series])


PAGES: Final = (Page("/", dashboard, "user", "dashboard"),)
