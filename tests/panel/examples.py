"""A value for every parameter in the path of a page, so that every page can be opened by the tests that open them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from odzew.panel.routes import url_of
from odzew.panel.visit import ROOT
from tests.panel.house import MEMBER, House

Values = dict[str, Any]
EXAMPLES: Final[dict[str, Callable[[House], Values]]] = {
    "contact": lambda house: {"id": 1},
    "group": lambda house: {"id": 1},
    "group.remove": lambda house: {"id": 1},
    "conversation": lambda house: {"id": 1},
    "message": lambda house: {"id": 2},
    "message.change": lambda house: {"id": 2},
    "media": lambda house: {"id": 1},
    "inbox.kind": lambda house: {"kind": "ndi"},
    "inbox.kind.live": lambda house: {"kind": "ndi"},
    "user": lambda house: {"id": house.server.present.directory.users[MEMBER].id},
    "user.remove": lambda house: {"id": house.server.present.directory.users[MEMBER].id},
    "numbers": lambda house: {"service": "nd"},
    "keyword": lambda house: {"id": _keyword(house)},
    "keyword.remove": lambda house: {"id": _keyword(house)},
    "number": lambda house: {"id": house.server.present.directory.numbers["+48664078059"].id},
    "keyword.new": lambda house: {"id": house.server.present.directory.numbers["+48799448855"].id},
    "delivery": lambda house: {"id": 1},
    "forward.keyword": lambda house: {"id": _keyword(house)},
    "forward.number": lambda house: {"id": house.server.present.directory.numbers["+48664078059"].id},
    **{name: lambda house: {"id": _target(house)} for name in ("target", "target.remove", "target.test", "target.secret", "target.resume")},
    "contact.preview": lambda house: {"id": 1},
    "operator.account": lambda house: {"id": house.account_id()},
    "operator.look": lambda house: {"id": house.account_id()},
    "operator.look.delivery": lambda house: {"id": 1},
    "operator.number": lambda house: {"id": house.server.present.directory.numbers["+48799448855"].id},
    "operator.source": lambda house: {"id": house.server.present.directory.sources["push"].id},
    "static": lambda house: {"name": "panel.css"},
}
"""By the name of the page: values of the account `acme`."""


def _keyword(house: House) -> int:
    account = house.account_id()
    return next(one.id for one in house.server.present.directory.keywords_by_id.values() if one.account_id == account)


def _target(house: House) -> int:
    account = house.account_id()
    return next(one.id for one in house.server.present.directory.targets.values() if one.account_id == account)


def values_of(house: House, name: str) -> Values:
    """The values of one page; none where its path has no parameters."""
    example = EXAMPLES.get(name)
    return example(house) if example else {}


def path_to(house: House, name: str) -> str:
    """The path of a page behind `/panel`."""
    return url_of(name, **values_of(house, name)).removeprefix(ROOT)
