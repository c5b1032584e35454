"""Composes the Customer Panel: what of the running server it may use."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from odzew.access.passwords import Verifier, hash_password
from odzew.access.request import App
from odzew.access.rights import Gate
from odzew.access.sealing import Sealer
from odzew.access.throttle import Throttle
from odzew.clock import Clock
from odzew.forward.exchange import Exchange
from odzew.forward.outcome import meaning_of
from odzew.forward.trial import trial
from odzew.inbox.freshness import Freshness
from odzew.inbox.listing import Listing
from odzew.model import SentMessage
from odzew.operations.sent import Failure, lines_of, read_sent_lines
from odzew.panel.app import Panel
from odzew.panel.badges import Badges
from odzew.panel.menu import menu
from odzew.panel.render import Pages
from odzew.panel.routes import PAGES, url_of
from odzew.panel.services import Operating, Services
from odzew.panel.visit import ROOT
from odzew.panel.words import Words
from odzew.settings import SETTINGS
from odzew.store.db import Database
from odzew.store.directory import Directory


def create_panel(
    *,
    db: Database,
    directory: Callable[[], Directory],
    clock: Clock,
    settings: Mapping[str, Any],
    environment: Mapping[str, str],
    gate: Gate,
    verifier: Verifier,
    throttle: Throttle,
    sealer: Sealer,
    exchange: Exchange,
    freshness: Freshness,
    sources: Callable[[], list[Any]],
    offer: Callable[[Any, Any], None],
    refresh: Callable[[], Coroutine[Any, Any, None]],
    api: App,
    version: str,
    process: str,
    record_sent: Callable[[list[SentMessage]], Coroutine[Any, Any, int]],
    in_hand: Callable[[], tuple[int, int, int]],
    processes: Callable[[], Coroutine[Any, Any, list[str]]],
) -> Panel:
    """The panel's application."""
    words = Words()
    operating = Operating(process, SETTINGS, functools.partial(_read_sent, settings["country"]), record_sent, in_hand, processes)
    services = Services(
        db=db, directory=directory, clock=clock, settings=settings, words=words, pages=Pages(words, ROOT, url_of, menu), verifier=verifier,
        throttle=throttle, sealer=sealer, freshness=freshness, listing=Listing(db, clock), gate=gate, hash_password=hash_password,
        try_target=functools.partial(trial, exchange, clock), meaning_of=meaning_of, sources=sources, offer=offer, refresh=refresh, api=api,
        operating=operating, version=version, environment=environment,
    )  # fmt: skip
    return Panel(services, PAGES, Badges(services))


def _read_sent(country: str, lines: Sequence[bytes], directory: Directory) -> tuple[list[SentMessage], list[Failure]]:
    return read_sent_lines(lines_of(lines), directory, country)
