"""The first page: what came in, what was forwarded, what wants attention. Every number is a link to its list."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from odzew.panel.page import Page
from odzew.panel.visit import Visit


async def dashboard(visit: Visit) -> Response:
    """The account at a glance; an operator who looks at no account has an overview of their own."""
    if visit.visitor is not None and visit.visitor.account is None:
        return visit.go("/operator")
    return visit.page("dashboard.html")


PAGES: Final = (Page("/", dashboard, "user", "dashboard"),)
