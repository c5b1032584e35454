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
from odzew.forward.ways.way import Offer, Prepared, call_of, has_own_tls, headers_of, parse_template
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
    """The calls of one target for one account. `fits` says for which attempts."""

    __slots__ = ("_call", "_form", "_getters", "_head", "_names", "_origin", "account", "target")

    def __init__(self, target: Target, account: Account, offer: Offer) -> None:
        self.target = target
        self.account = account
        template = parse_template(target.url)
        self._names = template.query.names
        self._getters = tuple(_ENCODED.get(name) for name in self._names)
        self._form = template.path.form.replace("%", "%%") + (template.query.form if self._names else template.query.form.replace("%", "%%"))
        self._origin = template.origin
        self._call = call_of("GET", template, "/", offer, headers_of(template, offer))
        head = request_head(self._call, read_host(template.host))
        self._head = head[len(b"GET / ") : -len(b"\r\n")].decode("latin-1")
