"""What the calls to one URL have in common, made once, so that a call costs little more than its own values.

Of most targets: a GET that is not signed, with its placeholders in the query. What it makes is octet for octet what `ways.url` makes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from odzew.clock import SECOND
from odzew.forward.call import Call
from odzew.forward.item import values_of
from odzew.forward.literal import read_host
from odzew.forward.request import request_head
from odzew.forward.ways.way import Offer, Prepared, allowances_of, has_own_tls, parse_template
from odzew.model import Account, Message, Target
from odzew.wire import localtime
from odzew.wire.template import encode

_encode_known: Final = lru_cache(maxsize=4096)(encode)
"""For values of which there are few: our own numbers, the words of kinds and keywords."""


@lru_cache(maxsize=4096)
def _encoded_second(second: int, zone: str) -> str:
    return encode(localtime.render(second * SECOND, zone))


_ENCODED: Final[dict[str, Callable[[Message, Account], str]]] = {
    "NUMER": lambda message, account: encode(message.sender.removeprefix("+") if message.kind == "pre" else message.sender),
    "WIADOMOSC": lambda message, account: encode(message.text),
    "DATA": lambda message, account: _encoded_second(message.received_at // SECOND, account.time_zone),
    "ID": lambda message, account: str(message.id),
    "NUMERDO": lambda message, account: _encode_known(message.recipient),
}
"""Placeholders whose values are encoded without the detour of a table of all values."""


class Stencil:
    """The calls of one target for one account, as they are set up now. `fits` says for which attempts."""

    __slots__ = ("_allowances", "_encoded", "_form", "_lines", "_names", "_origin", "_template", "account", "target")

    def __init__(self, target: Target, account: Account) -> None:
        self.target = target
        self.account = account
        self._template = template = parse_template(target.url)
        path, query = template.path.form.replace("%", "%%"), template.query
        self._form = path + (query.form if query.names else query.form.replace("%", "%%"))
        self._names = query.names
        self._encoded = [_ENCODED.get(name) for name in query.names]
        self._origin = template.origin
        self._allowances = allowances_of(account)
        common = Call("GET", template.scheme, template.host, template.port, b"/")
        self._lines = request_head(common, read_host(template.host)).removeprefix(b"GET / ").removesuffix(b"\r\n").decode("ascii")

    @staticmethod
    def fits(target: Target) -> bool:
        """Whether it makes what the way of the target would make of an attempt, but for one of a completion."""
        template = parse_template(target.url)
        plain = target.secret is None and not has_own_tls(target) and template.authorization is None
        return plain and template.query_only and "#" not in (target.verify or "")

    def prepare(self, offer: Offer) -> Prepared[Call]:
        """What is sent for one attempt. No values are given for verification: what is expected is the same for all."""
        message, account, template = offer.message, self.account, self._template
        filled = [
            encode(values_of(message, account)[name]) if encoded is None else encoded(message, account)
            for encoded, name in zip(self._encoded, self._names, strict=True)
        ]
        request = self._form % tuple(filled)
        number = f"{offer.number}/{offer.attempts}"
        at = str(offer.started_at // SECOND)
        headers = (("X-Attempt", number), ("webhook-id", offer.webhook_id), ("webhook-timestamp", at))
        head = (
            f"GET {request} {self._lines}X-Attempt: {number}\r\nwebhook-id: {offer.webhook_id}\r\nwebhook-timestamp: {at}\r\n\r\n"
        ).encode("ascii")
        call = Call(
            "GET", template.scheme, template.host, template.port, request.encode("ascii"), headers, None, self._allowances, account.id,
            None, None, None, head,
        )  # fmt: skip
        return Prepared(call, self._origin + request, {})
