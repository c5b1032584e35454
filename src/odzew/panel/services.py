"""What the composition root hands to the panel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
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
from odzew.model import Account, Message, Target
from odzew.panel.errands import Errands
from odzew.panel.render import Pages
from odzew.panel.words import Words
from odzew.store.db import Database
from odzew.store.directory import Directory


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
    errands: Errands = field(default_factory=Errands)
    version: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
