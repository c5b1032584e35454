"""Which path is which action, and in which format it is answered."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple

from odzew.api import account, blacklist, contacts, groups, messages, premium
from odzew.api.answers import Answer
from odzew.api.call import Call, Handler
from odzew.api.contacts_import import import_
from odzew.api.formats import FORMATS, Format
from odzew.errors import ContractError
from odzew.wire.published import ACTION_ALIASES, LIST_ACTION, LIST_ALIAS, SEND_ACTIONS

NO_PERMISSION: Final = 1005
ERROR: Final = "error"


async def only_sends(call: Call) -> Answer:
    """An action of the original service that sends or pays: 1005 until the product sends (contract 4)."""
    raise ContractError(NO_PERMISSION)


_BY_ACTION: Final = MappingProxyType(
    {
        LIST_ACTION: messages.index,
        LIST_ALIAS: messages.index_both,
        "messages/send_nd": messages.send_nd,
        "messages/send_ndi": messages.send_ndi,
        "blacklist/index": blacklist.index,
        "blacklist/add": blacklist.add,
        "blacklist/delete": blacklist.delete,
        "blacklist/check": blacklist.check,
        "contacts/add": contacts.add,
        "contacts/edit": contacts.edit,
        "contacts/view": contacts.view,
        "contacts/delete": contacts.delete,
        "contacts/index": contacts.index,
        "contacts/import": import_,
        "groups/index": groups.index,
        "groups/add": groups.add,
        "groups/view": groups.view,
        "groups/edit": groups.edit,
        "groups/delete": groups.delete,
        "groups/check": groups.check,
        "premium/index": premium.index,
        "account/limits": account.limits,
        "account/help": account.help_,
    }
)
ACTIONS: Final[MappingProxyType[str, Handler]] = MappingProxyType(
    {
        **dict.fromkeys(SEND_ACTIONS, only_sends),
        **{alias: _BY_ACTION[action] for alias, action in ACTION_ALIASES.items() if action in _BY_ACTION},
        **_BY_ACTION,
    }
)
"""Every action that is answered, aliases among them."""


class Route(NamedTuple):
    """What a path means: its format, and a handler with the name of its action (None: unknown) or the code of an error page."""

    format: Format
    handler: Handler | None = None
    error: str | None = None
    action: str = ""


_ROUTES: Final = MappingProxyType(
    {f"/{action}{suffix}": Route(form, handler, None, action) for action, handler in ACTIONS.items() for suffix, form in FORMATS.items()}
)


def route_of(path: str) -> Route:
    """The route of a path. The suffix alone decides the format; with an unknown one the action is unknown."""
    return _ROUTES.get(path) or _odd(path)


def _odd(path: str) -> Route:
    """Paths that are no plain action: error pages, doubled and trailing slashes, and what nobody knows."""
    trimmed = path.strip("/")
    if known := _ROUTES.get(f"/{trimmed}"):
        return known
    suffix = next((suffix for suffix in FORMATS if suffix and trimmed.endswith(suffix)), "")
    trimmed, form = trimmed.removesuffix(suffix), FORMATS[suffix]
    controller, _, code = trimmed.partition("/")
    return Route(form, error=code) if controller == ERROR else Route(form)
