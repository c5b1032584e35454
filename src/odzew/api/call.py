"""One call of the API as its controller sees it, and what every controller may use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from odzew.access.rights import NUMBERS, Caller
from odzew.api.answers import Answer, Streamed, Whole
from odzew.api.formats import Format
from odzew.api.params import Parameters
from odzew.errors import ContractError
from odzew.inbox.read import Reader
from odzew.model import Arrival, Receipt
from odzew.store.db import Database
from odzew.store.directory import Directory
from odzew.wire.published import PAGING_FIELDS, SUCCESS

NO_NUMBERS: Final = 1008
PIECE: Final = 64 * 1024  # octets of a streamed answer that are sent at once
DEFAULT_LIMIT: Final = 100
GREATEST_LIMIT: Final = 1_000


@dataclass(slots=True, frozen=True)
class Limits:
    """Settings of the API. `body` in octets, `stall` in seconds: a client that takes nothing for so long is gone."""

    body: int = 4 << 20
    phones: int = 10_000
    stall: float = 60.0
    country: str = "PL"
    help: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Services:
    """What the composition root hands to the controllers."""

    db: Database
    reader: Reader
    directory: Callable[[], Directory]
    receive: Callable[[list[Arrival]], Awaitable[list[Receipt]]]
    limits: Limits


@dataclass(slots=True)
class Call:
    """A caller with rights, its parameters and the format of the answer."""

    caller: Caller
    parameters: Parameters
    format: Format
    services: Services

    @property
    def account_id(self) -> int:
        return self.caller.account.id

    def need_numbers(self) -> None:
        """ContractError 1008 for a caller who may not see telephone numbers."""
        if not self.caller.may(NUMBERS):
            raise ContractError(NO_NUMBERS)

    def document(self, value: Mapping[str, Any]) -> Whole:
        """A whole document in the format of the call."""
        return Whole(self.format.document(value))

    def success(self, done: bool = True) -> Whole:
        """`{"success":true}` or false."""
        return self.document({SUCCESS: done})

    def paging(self) -> tuple[int, int] | None:
        """(page, limit), or None where neither is asked for. ContractError 1006."""
        page, limit = self.parameters.integer("page"), self.parameters.integer("limit")
        if page is None and limit is None:
            return None
        return page or 1, min(limit or DEFAULT_LIMIT, GREATEST_LIMIT)

    async def listed(self, batches: AsyncIterator[Sequence[Mapping[str, Any]]], paging: Mapping[str, Any] | None) -> Answer:
        """A list of items, whole if it is small. Nothing is held of it beyond a batch."""
        return await gathered(self._pieces(batches, paging))

    async def _pieces(self, batches: AsyncIterator[Sequence[Mapping[str, Any]]], paging: Mapping[str, Any] | None) -> AsyncIterator[bytes]:
        yield self.format.head
        between = b""
        async for items in batches:
            if items:
                yield between + self.format.items(items)
                between = self.format.between
        yield self.format.tail(paging)


Handler = Callable[[Call], Awaitable[Answer]]


def paging_of(page: int, pages: int) -> dict[str, int]:
    """The key `paging` of an answer."""
    return dict(zip(PAGING_FIELDS, (page, pages), strict=True))


async def gathered(pieces: AsyncIterator[bytes]) -> Answer:
    """The pieces in one where they are small together, else streamed in pieces of about 64 KiB."""
    large = in_large_pieces(pieces)
    first = await anext(large)
    second = await anext(large, None)
    return Whole(first) if second is None else Streamed(_chained(first, second, large))


async def in_large_pieces(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same octets in pieces of at least 64 KiB but for the last."""
    waiting = bytearray()
    async for piece in pieces:
        waiting += piece
        if len(waiting) >= PIECE:
            yield bytes(waiting)
            waiting = bytearray()
    if waiting:
        yield bytes(waiting)


async def _chained(first: bytes, second: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    yield second
    async for piece in rest:
        yield piece
