"""The operator's first page, and leaving an account that was looked at."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.responses import Response

from odzew.panel.page import POST, Page
from odzew.panel.pages.dashboard import by_day, by_hour, day_of
from odzew.panel.visit import Visit
from odzew.panel.ways_in import ways_in
from odzew.store import dashboard as units
from odzew.store.inbox_lines import EVERYBODY
from odzew.store.panel_sessions import look_at
from odzew.store.target_states import TargetState, states

MOST: Final = 20  # targets that are listed


async def overview(visit: Visit) -> Response:
    """All accounts at a glance: totals, what wants attention, sources, the queue and the processes."""
    services, now = visit.services, visit.services.clock.now()
    hourly, daily, unclaimed, deliveries, known, ways, processes = await asyncio.gather(
        by_hour(services.listing, EVERYBODY, now),
        by_day(services.listing, EVERYBODY, now, visit.zone),
        services.listing.unseen(None),
        visit.db.read(units.deliveries, EVERYBODY),
        visit.db.read(states),
        ways_in(visit),
        services.operating.processes(),
    )
    failing = _failing(visit, known)
    return visit.page(
        "operator/overview_live.html" if visit.partial else "operator/overview.html", hourly=hourly, daily=daily,
        today=sum(values[-1] for _, values in daily.series), unclaimed=sum(unclaimed.values()), deliveries=deliveries,
        failing=failing[:MOST], more=len(failing) - MOST, ways=ways, in_hand=services.operating.in_hand(),
        processes=processes or [services.operating.process],
        accounts=visit.directory.accounts, day=day_of(visit, now),
    )  # fmt: skip


async def leave(visit: Visit) -> Response:
    """Looks at no account any more."""
    assert visit.visitor is not None
    await visit.db.write(look_at, visit.visitor.session, None)
    return visit.go("/operator")


def _failing(visit: Visit, known: dict[int, TargetState]) -> list[tuple[object, TargetState]]:
    """Targets that are paused or fail, the longest first."""
    bad = [state for state in known.values() if state.failing_since is not None or state.paused_at is not None]
    bad.sort(key=lambda state: state.failing_since or state.paused_at or 0)
    found = [(visit.directory.targets.get(state.target_id), state) for state in bad]
    return [(target, state) for target, state in found if target is not None]


PAGES: Final = (
    Page("/operator", overview, "operator", "operator"),
    Page("/operator/leave", leave, "operator", "operator.leave", POST),
)
