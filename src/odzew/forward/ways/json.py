"""Way `json`: a POST of one JSON event for messages of every kind, as Standard Webhooks 1.0.0 has it."""

from __future__ import annotations

from typing import Final

from odzew.forward.call import Body, Call
from odzew.forward.item import JSON_TYPE, EventBody, compact, event_head, item_of, values_of
from odzew.forward.ways.way import Desk, Offer, Prepared, call_of, has_own_tls, headers_of, parse_template, streamed
from odzew.setup.ways import KEYS
from odzew.store import blacklist
from odzew.store.lookup import revisions


class Json:
    """`forward.ways.way.Way` for events. The data of an event is the item of the pull API."""

    name = "json"
    fields = KEYS["json"]

    def prepare_now(self, offer: Offer, desk: Desk) -> Prepared[Call] | None:
        """An event tells whether its sender is blacklisted, which stands in the database."""
        return None

    async def prepare(self, offer: Offer, desk: Desk) -> Prepared[Call]:
        """The event of a message without attachments is small and made at once; any other is produced in slices."""
        message, account = offer.message, offer.account
        template = parse_template(offer.target.url)
        values = values_of(message, account)
        request = template.target(values)
        signer = desk.signer(offer)
        head = event_head(offer.completion, await _happened(offer, desk))
        item = item_of(message, account, await desk.db.read(blacklist.holds, account.id, message.sender))
        if message.kind == "mms":
            parts, read = await desk.parts(offer)
            body: Body = await streamed(EventBody(head, item, parts, read), signer)
        else:
            body = f"{head}{compact(item)}}}".encode()
            signer.update(body)
        headers = [*headers_of(template, offer), ("Content-Type", JSON_TYPE), *signer.finish()]
        call = call_of("POST", template, request, offer, headers, body)
        if has_own_tls(offer.target):
            call.trust = await desk.trusts.of(offer.target)
        return Prepared(call, template.origin + request, values)


async def _happened(offer: Offer, desk: Desk) -> int:
    """When it happened, whenever it is told: the message was received, or got the whole of its text."""
    if offer.completion:
        changed = await desk.db.read(revisions, offer.message.id)
        if changed:
            return int(changed[-1].at)
    return offer.message.received_at


JSON: Final = Json()
