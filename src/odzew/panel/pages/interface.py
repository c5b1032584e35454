"""The HTTPS XML API: where it is, what there is, and samples of programs that use it and that receive forwards."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from odzew.panel.page import Page
from odzew.panel.visit import Visit
from odzew.wire.published import LIST_ACTION

LANGUAGES: Final = (("curl", "curl"), ("php", "PHP"), ("python", "Python"), ("node", "Node.js"))


async def interface(visit: Visit) -> Response:
    """What the API is, with the next steps."""
    tokens = sum(1 for token in visit.directory.tokens.values() if token.account_id == visit.account.id)
    programs = sum(1 for user in visit.directory.users.values() if user.account_id == visit.account.id and "api" in user.roles)
    return visit.page("interface.html", base=base_of(visit), action=LIST_ACTION, tokens=tokens, programs=programs)


async def samples(visit: Visit) -> Response:
    """Code to copy: reading messages, and receiving them with the signature verified."""
    return visit.page("samples.html", base=base_of(visit), action=LIST_ACTION, programs=LANGUAGES)


def base_of(visit: Visit) -> str:
    """The installation's own address, as the browser reached it."""
    url = visit.request.base_url
    return f"{url.scheme}://{url.netloc}"


PAGES: Final = (
    Page("/interface", interface, "member", "interface"),
    Page("/interface/samples", samples, "member", "samples"),
)
