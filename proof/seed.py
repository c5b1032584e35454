"""Fills a database with messages through `inbox.receive`: `python -m proof.seed --count N [--db URL]`, or `make seed N=...`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from odzew.clock import Clock
from odzew.inbox.freshness import Freshness
from odzew.inbox.read import Ask, Reader
from odzew.inbox.receive import Inbox
from odzew.model import Arrival, Attachment, Receipt
from odzew.store.db import Database
from odzew.store.directory import Present
from odzew.store.unread import Filter
from proof import words
from proof.stand import directory, opened, prepare

LIST: Final = 1_000  # arrivals handed over at once
AT_ONCE: Final = 3  # such lists under way: one is being committed while the next is made
KINDS: Final = ("nd", "ndi", "pre", "eco", "mms")


@dataclass(slots=True, frozen=True)
class Mix:
    """What is seeded. `kinds`: shares by kind; `text`: characters of a text; `unread`: messages that are left unread at the end."""

    count: int
    accounts: int = 1
    unread: int | None = None
    text: int = 60
    kinds: dict[str, int] = field(default_factory=lambda: {"nd": 6, "ndi": 3, "pre": 1})


def arrivals(mix: Mix, source_id: int, start: int, end: int) -> list[Arrival]:
    """The arrivals with the numbers from `start` to before `end`; the n-th is always the same."""
    pattern = [kind for kind in KINDS for _ in range(mix.kinds.get(kind, 0))]
    found = []
    for n in range(start, end):
        account = n % mix.accounts + 1
        kind = pattern[n // mix.accounts % len(pattern)]
        head = f"{words.keyword_of(account)} message {n} " if kind in ("nd", "pre") else f"message {n} "
        text = head + "abcdefghi " * (max(0, mix.text - len(head)) // 10 + 1)
        text = text[: max(mix.text, len(head))]
        recipient = {"nd": words.SHARED, "pre": words.PREMIUM, "eco": words.POOL}.get(kind) or words.own_number(account, n % words.OWN)
        sender = f"+48600{n % 1_000_000:06d}"
        raw = f'{{"from":"{sender}","to":"{recipient}","text":"{text}"}}'.encode()
        attached = (Attachment("note.txt", "text/plain", text.encode()),) if kind == "mms" else ()
        ref, mms = f"seed-{n}", kind == "mms"
        found.append(Arrival(source_id, sender, recipient, raw, text, ref=ref, title="seed", attachments=attached, mms=mms))
    return found


async def fill(db: Database, mix: Mix, clock: Clock, tell: bool = False) -> float:
    """Stores them, marks all but the last `unread` as read through the API's own reader, and gives messages stored per second."""
    present = Present(db)
    await present.refresh()
    source_id = present.directory.sources[words.SOURCE].id
    inbox = Inbox(db, present, lambda received: None)
    left_unread = mix.count if mix.unread is None else min(mix.unread, mix.count)
    begun = clock.monotonic()
    await _store(inbox, mix, source_id, 0, mix.count - left_unread, tell)
    storing = clock.monotonic() - begun
    for account in present.directory.accounts.values() if left_unread < mix.count else ():
        await _mark_read(db, clock, account.id)
    begun = clock.monotonic()
    await _store(inbox, mix, source_id, mix.count - left_unread, mix.count, tell)
    storing += clock.monotonic() - begun
    await inbox.close()
    return mix.count / storing if storing else 0.0


async def _store(inbox: Inbox, mix: Mix, source_id: int, start: int, end: int, tell: bool) -> None:
    waiting: set[asyncio.Task[list[Receipt]]] = set()
    for first in range(start, end, LIST):
        made = arrivals(mix, source_id, first, min(first + LIST, end))
        waiting.add(asyncio.create_task(inbox.receive(made)))
        while len(waiting) >= AT_ONCE:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        if tell and first and first % 250_000 == 0:
            print(f"   {first} stored", file=sys.stderr, flush=True)
    for task in waiting:
        await task


async def _mark_read(db: Database, clock: Clock, account_id: int) -> None:
    reader = Reader(db, clock, Freshness(db.shared), "seed")
    reading = await reader.open(Ask(Filter(account_id), read=True))
    while await reading.next() is not None:
        pass
    reading.sent()
    await reader.close()


async def _main(asked: argparse.Namespace) -> None:
    kinds = {kind: int(share) for kind, share in (pair.split("=") for pair in asked.kinds.split(","))}
    unread = None if asked.unread is None else round(asked.count * asked.unread)
    mix = Mix(asked.count, asked.accounts, unread, asked.text, kinds)
    with directory() as place:
        await prepare(asked.db, place, words.setup_text(asked.accounts))
    async with opened(asked.db) as db:
        speed = await fill(db, mix, Clock(), tell=True)
    print(f"{asked.count} messages in {asked.db}, {speed:.0f} stored per second")
    print(f"serve them:  odzew serve --db {asked.db}      token of account1: {words.token_of(1)}")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m proof.seed", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="messages to store")
    parser.add_argument("--db", default=f"sqlite:///{Path('seeded.db')}", help="URL of the database; made if it is not there")
    parser.add_argument("--accounts", type=int, default=1, help="accounts that share them (up to 999)")
    parser.add_argument("--unread", type=float, help="share of them that is left unread, 0 to 1 (default: all)")
    parser.add_argument("--text", type=int, default=60, help="characters of a text")
    parser.add_argument("--kinds", default="nd=6,ndi=3,pre=1", help=f"shares of the kinds {', '.join(KINDS)}")
    asyncio.run(_main(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
