"""A late part: the message that was made with a gap gets its text under the same id (contract 5.12)."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from typing import Any

from odzew.inbox import join
from odzew.inbox.classify import Claim, classify
from odzew.inbox.meaning import case_of, claim, claims_of, owe_for
from odzew.inbox.withhold import withhold
from odzew.model import Arrival, Message, Owed
from odzew.store import inbox_index
from odzew.store import messages as store_messages
from odzew.store.db import Request
from odzew.store.directory import Directory
from odzew.store.parts import PartSet
from odzew.wire import clean, folding


def complete(
    filled: Sequence[tuple[PartSet, Arrival]], now: int, directory: Directory
) -> Generator[Request, Any, tuple[list[Message], list[Owed]]]:
    """Gives messages that were made with a gap what their sets say now. The sets, and the senders of replies, are locked.

    What is whole by it is offered to the API again and owed as a completion (as new, where it was withheld or nobody's before). What has
    a further gap is changed, and no more.
    """
    ids = [one.message_id for one, _ in filled if one.message_id is not None]
    found = (yield from store_messages.get(ids, hold=True)) if ids else {}
    changed: list[Message] = []
    owed: list[Owed] = []
    for one, arrival in filled:
        message = found.get(one.message_id or 0)
        if message is None:
            continue
        before = revision_of(message)
        unclaimed = message.account_id is None
        message.incomplete = not join.is_whole(one)
        yield from reword(message, arrival, directory)
        whole = not message.incomplete
        why = "a missing part came" + ("" if whole else ", another is still missing")
        offer = whole or (unclaimed and message.account_id is not None)
        first = unclaimed or message.withheld is not None
        if offer:
            yield from withhold([message], directory)
        yield from store_messages.correct(message, now, why, before, offer)
        changed.append(message)
        if offer:
            owed += yield from owe_for([message], now, directory, completion=not first)
    yield from inbox_index.changed([message.id for message in changed])
    return changed, owed


def reword(message: Message, arrival: Arrival, directory: Directory) -> Generator[Request, Any, None]:
    """Gives a message another text. Nobody's becomes somebody's if the text now says so; whose it is already it stays."""
    message.text, message.form = clean.text(arrival.text), arrival.form
    if message.account_id is None:
        (claimed,) = yield from claims_of([message], directory)
        claim(message, claimed)
        return
    claimed = classify(case_of(message), directory)
    if claimed.keyword is not None and claimed.account_id == message.account_id:
        claim(message, Claim(message.kind, message.account_id, claimed.rule, claimed.number, claimed.keyword, message.answers))
        return
    keyword = directory.keywords_by_id.get(message.keyword_id or 0)
    if keyword is not None and keyword.strip_keyword:
        message.text = folding.strip_keyword(message.text, keyword.words)


def revision_of(message: Message) -> str:
    """What a revision keeps of what a message was, as JSON."""
    kept = {name: getattr(message, name) for name in ("kind", "account_id", "text", "rule", "form")}
    return json.dumps(kept | {"incomplete": bool(message.incomplete)})
