"""A conversation: what the account received from the sender of a message, and what it sent to them."""

from __future__ import annotations

import re
from typing import Final

from starlette.responses import Response

from odzew.panel.page import Page
from odzew.panel.pages.inbox import named
from odzew.panel.pages.message import own
from odzew.panel.visit import Visit
from odzew.store import seen
from odzew.store.conversation import Place, Talk

LIMIT: Final = 40
_place = re.compile(r"(\d{1,19})\.(\d{1,19})\.(\d{1,19})").fullmatch
_LARGEST: Final = 1 << 62


async def conversation(visit: Visit) -> Response:
    """A page of it, the newest last, as people read; it begins with the newest page. Its messages are then seen."""
    found = await own(visit)
    before = place_of(visit.query.get("before", ""))
    talk: Talk = await visit.services.listing.conversation(visit.account.id, found.sender, before, LIMIT)
    lines = [said.line for said in talk.said if said.line is not None]
    assert visit.visitor is not None
    unseen = [line.id for line in lines if not line.seen]
    if unseen and not visit.visitor.is_operator:
        await visit.db.write(seen.mark, unseen, visit.account.id)
    names = {row.name for row in await named(visit, lines[:1])} or {""}
    older = ".".join(map(str, talk.older)) if talk.older else ""
    return visit.page("conversation.html", message=found, said=talk.said[::-1], older=older, before=before, name=names.pop())


def place_of(typed: str) -> Place | None:
    """Where a page begins, as its link says; None: at the newest."""
    found = _place(typed)
    return Place(*(min(int(part), _LARGEST) for part in found.groups())) if found else None


PAGES: Final = (Page("/conversations/{id:int}", conversation, "member", "conversation"),)
