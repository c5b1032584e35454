"""What the composition root hands to the panel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from odzew.access.passwords import Verifier
from odzew.access.request import App
from odzew.access.rights import Gate
from odzew.access.sealing import Sealer
from odzew.access.throttle import Throttle
from odzew.clock import Clock
from odzew.inbox.freshness import Freshness
from odzew.inbox.listing import Listing
from odzew.model import Account, Message, SentMessage, Target
from odzew.panel.errands import Errands
from odzew.panel.render import Pages
from odzew.panel.words import Words
from odzew.store.db import Database
from odzew.store.directory import Directory


@dataclass(slots=True, frozen=True)
class Operating:
    """What the operator's pages alone use.

    `described`: the table of settings (`settings.SETTINGS`); `read_sent`: (lines, directory) -> the records of sent messages in them and
    what is wrong with the others (`operations.sent`); `record_sent` stores them; `in_hand`: calls under way, deliveries in memory,
    outcomes not committed yet; `processes`: those that run, on a shared database.
    """

    process: str
    described: Sequence[Any]
    read_sent: Callable[[Sequence[bytes], Directory], tuple[list[SentMessage], Sequence[tuple[int, str]]]]
    record_sent: Callable[[list[SentMessage]], Awaitable[int]]
    in_hand: Callable[[], tuple[int, int, int]]
    processes: Callable[[], Awaitable[list[str]]]


@dataclass(slots=True)
class Services:
    """`try_target` makes one call to a target and gives the whole exchange (`forward.trial`); `sources` gives the state of every bind of
    this process (`ingest.smpp.carriers`); `meaning_of` says an outcome in words; `offer` takes what a correction made owed."""

    db: Database
    directory: Callable[[], Directory]
    clock: Clock
    settings: Mapping[str, Any]
    words: Words
    pages: Pages
    verifier: Verifier
    throttle: Throttle
    sealer: Sealer
    freshness: Freshness
    listing: Listing
    gate: Gate
    hash_password: Callable[[str], str]
    try_target: Callable[[Target, Account, Message | None], Awaitable[Any]]
    meaning_of: Callable[[str], str]
    sources: Callable[[], list[Any]]
    offer: Callable[[Any, Any], None]
    refresh: Callable[[], Awaitable[None]]
    api: App
    operating: Operating
    errands: Errands = field(default_factory=Errands)
    version: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
