"""The controller `account` (contract 4)."""

from __future__ import annotations

from odzew.api.answers import Answer
from odzew.api.call import Call
from odzew.wire.published import HELP_FIELDS, ITEMS


async def limits(call: Call) -> Answer:
    """What may be sent: nothing is counted until the product sends."""
    return call.document({"account": {"type": "postpaid"}, ITEMS: []})


async def help_(call: Call) -> Answer:
    """Whom to ask, from the settings; null where nothing is set."""
    given = dict(call.services.limits.help)
    return call.document({name: given.get(name) or None for name in HELP_FIELDS})
