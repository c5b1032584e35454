"""The operator's first page, and looking at an account as its owner would."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from odzew.panel.page import POST, Page
from odzew.panel.visit import Visit
from odzew.store.panel_sessions import look_at


async def overview(visit: Visit) -> Response:
    """All accounts at a glance."""
    return visit.page("operator/overview.html")


async def leave(visit: Visit) -> Response:
    """Looks at no account any more."""
    assert visit.visitor is not None
    await visit.db.write(look_at, visit.visitor.session, None)
    return visit.go("/operator")


PAGES: Final = (
    Page("/operator", overview, "operator", "operator"),
    Page("/operator/leave", leave, "operator", "operator.leave", POST),
)
