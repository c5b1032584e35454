"""Every setting of the service with its help, its value and its default. They are set where it runs; this page only shows them."""

from __future__ import annotations

import re
from typing import Any, Final

from starlette.responses import Response

from odzew.panel.page import Page
from odzew.panel.visit import Visit

HIDDEN: Final = "•••"
_SECRET: Final = re.compile(r"password|secret|token")
_IN_URL: Final = re.compile(r"(?<=://)([^/@:]*):[^/]*@")  # of the database: name:password@
_IN_QUERY: Final = re.compile(r"([?&][^=&]*(?:password|secret|key)[^=&]*=)[^&]*", re.IGNORECASE)


async def settings(visit: Visit) -> Response:
    """The table."""
    given = visit.services.settings
    rows = [(one, shown(one.name, given[one.name]), shown(one.name, one.default)) for one in visit.services.operating.described]
    return visit.page("operator/settings.html", rows=rows, version=visit.services.version, key=visit.services.sealer.usable)


def shown(name: str, value: Any) -> str:
    """A value as it may be shown: a secret never, a list with commas."""
    if isinstance(value, list | tuple):
        return ", ".join(shown(name, one) for one in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    if _SECRET.search(name) and not isinstance(value, int):
        return HIDDEN if text else ""
    return _IN_QUERY.sub(rf"\1{HIDDEN}", _IN_URL.sub(rf"\1:{HIDDEN}@", text))


PAGES: Final = (Page("/operator/settings", settings, "operator", "operator.settings"),)
