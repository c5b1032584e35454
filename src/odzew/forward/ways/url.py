"""Way `url`: the client's URL with its placeholders filled, SMS by GET and MMS by POST (contract 5.1 to 5.3)."""

from __future__ import annotations

from typing import Final

from odzew.forward.item import MmsBody, values_of
from odzew.forward.ways.way import Desk, Offer, Prepared, call_of, has_own_tls, headers_of, parse_template, streamed
from odzew.setup.ways import KEYS


class Url:
    """`forward.ways.way.Way` for a URL."""

    name = "url"
    fields = KEYS["url"]

    async def prepare(self, offer: Offer, desk: Desk) -> Prepared:
        """A GET has all that it says in its URL; of a POST the body is signed."""
        template = parse_template(offer.target.url)
        values = values_of(offer.message, offer.account)
        request = template.target(values)
        call = call_of("GET", template, request, offer)
        signer = desk.signer(offer)
        headers = headers_of(template, offer)
        if offer.message.kind == "mms":
            parts, read = await desk.parts(offer)
            body = MmsBody(offer.message, offer.account, parts, read, offer.target.body == "json")
            call.method, call.body = "POST", await streamed(body, signer)
            headers.append(("Content-Type", body.content_type))
        elif offer.target.secret is not None:
            signer.update(request.partition("?")[2].encode("ascii"))
        call.headers = headers + signer.finish()
        if has_own_tls(offer.target):
            call.trust = await desk.trusts.of(offer.target)
        return Prepared(call, template.origin + request, values)


URL: Final = Url()
