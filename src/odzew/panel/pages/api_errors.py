"""Calls of the API that were refused: which action, which error, who, from where."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from odzew.panel.page import Page
from odzew.panel.visit import Visit
from odzew.store import usage
from odzew.wire.published import error_text

LIMIT: Final = 50


async def api_errors(visit: Visit) -> Response:
    """The newest 1,000 are kept."""
    before = visit.fields(dict(visit.query)).whole("before", least=1)
    found: list[usage.ApiError] = await visit.db.read(usage.errors, visit.account.id, before, LIMIT + 1)
    older = found[LIMIT - 1].id if len(found) > LIMIT else None
    rows = [(error, error_text(error.code, visit.language)) for error in found[:LIMIT]]
    return visit.page("api_errors.html", rows=rows, older=older, before=before)


PAGES: Final = (Page("/interface/errors", api_errors, "member", "api.errors"),)
