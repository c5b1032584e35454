"""Way `url`: the client's URL with its placeholders filled, SMS by GET and MMS by POST (contract 5.1 to 5.3)."""

from __future__ import annotations

from typing import Final

from odzew.clock import SECOND
from odzew.forward.call import Call
from odzew.forward.item import MmsBody, values_of
from odzew.forward.sign import unsigned
from odzew.forward.stencil import Stencil
from odzew.forward.ways.way import Desk, Offer, Prepared, call_of, has_own_tls, headers_of, parse_template, streamed
from odzew.model import Account, Target
from odzew.setup.ways import KEYS

STENCILS: Final = 10_000


class Url:
    """`forward.ways.way.Way` for a URL."""

    def __init__(self) -> None:
        self._stencils: dict[int, Stencil] = {}

    name = "url"
    fields = KEYS["url"]

    def prepare_now(self, offer: Offer, desk: Desk) -> Prepared[Call] | None:
        """A GET that needs no certificates of its own."""
        if offer.message.kind == "mms" or has_own_tls(offer.target):
            return None
        stencil = None if offer.completion else self._stencil(offer.target, offer.account)
        return _get(offer, desk) if stencil is None else stencil.prepare(offer)

    def _stencil(self, target: Target, account: Account) -> Stencil | None:
        """One for each target; a target or an account that was changed is another object."""
        stencil = self._stencils.get(target.id)
        if stencil is None or stencil.target is not target or stencil.account is not account:
            if not Stencil.fits(target):
                return None
            if len(self._stencils) >= STENCILS:
                self._stencils.clear()
            stencil = self._stencils[target.id] = Stencil(target, account)
        return stencil

    async def prepare(self, offer: Offer, desk: Desk) -> Prepared[Call]:
        """A GET has all that it says in its URL; of a POST the body is signed."""
        prepared = await _post(offer, desk) if offer.message.kind == "mms" else _get(offer, desk)
        if has_own_tls(offer.target):
            prepared.sent.trust = await desk.trusts.of(offer.target)
        return prepared


def _get(offer: Offer, desk: Desk) -> Prepared[Call]:
    """Where it is signed, its query is."""
    template = parse_template(offer.target.url)
    values = values_of(offer.message, offer.account)
    request = template.target(values)
    headers = headers_of(template, offer)
    if offer.target.secret is None:
        headers += unsigned(offer.webhook_id, offer.started_at // SECOND)
    else:
        signer = desk.signer(offer)
        signer.update(request.partition("?")[2].encode("ascii"))
        headers += signer.finish()
    return Prepared(call_of("GET", template, request, offer, headers), template.origin + request, values)


async def _post(offer: Offer, desk: Desk) -> Prepared[Call]:
    template = parse_template(offer.target.url)
    values = values_of(offer.message, offer.account)
    request = template.target(values)
    signer = desk.signer(offer)
    parts, read = await desk.parts(offer)
    body = MmsBody(offer.message, offer.account, parts, read, offer.target.body == "json")
    sent = await streamed(body, signer)
    headers = [*headers_of(template, offer), ("Content-Type", body.content_type), *signer.finish()]
    return Prepared(call_of("POST", template, request, offer, headers, sent), template.origin + request, values)


URL: Final = Url()
