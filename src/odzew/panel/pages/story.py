"""All that is known of one message, read at once for its page."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from odzew.clock import DAY
from odzew.inbox.owe import level_of, wants
from odzew.inbox.segments import READABLE, reading_of, segment_of
from odzew.inbox.withhold import drops
from odzew.model import UNCLAIMED, Account, Attempt, Message, SentMessage, Target
from odzew.store import attachments as store_attachments
from odzew.store import blacklist, contacts, lookup, sent, target_states
from odzew.store.arrivals import of_message
from odzew.store.attachments import AttachmentHead
from odzew.store.db import Request, Rows
from odzew.store.deliveries import attempts
from odzew.store.directory import Directory
from odzew.store.lookup import DeliveryRow
from odzew.store.neighbours import beside
from odzew.store.sent import SKEW

POSSIBLE: Final = 20  # sent messages that a reply may answer
ROUNDS: Final = 100  # attempts of a delivery that are shown, the last ones
TEXT: Final = "text/plain"


@dataclass(slots=True, frozen=True)
class Came:
    """One arrival of the message. `coding` and `octets` are of its user data, where its protocol keeps it readable."""

    id: int
    source: str
    protocol: str
    role: str
    stored_at: int
    network_time: int | None
    raw: bytes
    coding: str = ""
    octets: bytes = b""
    part: str = ""
    reference: str = ""


@dataclass(slots=True, frozen=True)
class Revised:
    """What the message was before a correction, and what it then became."""

    at: int
    why: str
    text_before: str
    text_after: str
    rule_before: str
    rule_after: str


@dataclass(slots=True)
class Fate:
    """What became of it at one target. `row` None: it was never owed there, for the reason `never`."""

    name: str
    target_id: int
    row: DeliveryRow | None = None
    tried: list[Attempt] = field(default_factory=list)
    left_out: int = 0
    paused_at: int | None = None
    never: str = ""


@dataclass(slots=True)
class Story:
    """The page's content but for the message itself."""

    came: list[Came]
    revised: list[Revised]
    fates: list[Fate]
    attachments: list[AttachmentHead]
    texts: dict[int, str]
    contact: dict[str, Any] | None
    blacklisted: bool
    pulled_at: int | None
    newer: int | None
    older: int | None
    answered: SentMessage | None = None
    possible: list[SentMessage] = field(default_factory=list)

    @property
    def can_be_read_again(self) -> bool:
        """Whether its octets can be decoded again."""
        return any(one.coding for one in self.came) and len({one.source for one in self.came}) == 1


def story_of(message: Message, account: Account, directory: Directory) -> Generator[Request, Any, Story]:
    """Reads it; a unit of work."""
    came = [_came(row, directory) for row in (yield from of_message(message.id))]
    heads = (yield from store_attachments.of_messages([message.id])).get(message.id, [])
    newer, older = yield from beside(message.id, account.id)
    known = yield from contacts.of_senders(account.id, [message.sender])
    story = Story(
        came, _revised((yield from lookup.revisions(message.id)), message), (yield from _fates(message, directory)), heads,
        (yield from _texts(heads)), known.get(message.sender), (yield from blacklist.holds(account.id, message.sender)),
        (yield from lookup.pulled_at(message.id)), newer, older,
    )  # fmt: skip
    if message.kind == "eco":
        since = message.received_at - int(account.reply_window_days * DAY)
        story.possible = yield from sent.sent_to(account.id, message.sender, since, message.received_at + SKEW, POSSIBLE)
        if message.answers is not None:
            story.answered = yield from sent.find(account.id, message.answers)
    return story


def is_unseen(message: Message) -> Generator[Request, Any, bool]:
    """Whether nobody of the account has looked at it."""
    rows = yield Rows(
        "SELECT 1 FROM inbox_index WHERE message_id = ? AND account_id = ? AND seen_at IS NOT NULL", (message.id, message.account_id)
    )
    return not rows


def _came(row: Sequence[Any], directory: Directory) -> Came:
    key, source_id, stored_at, network_time, _, _, raw, role = row
    source = directory.sources_by_id.get(source_id)
    raw, name, protocol = bytes(raw), source.name if source else "", source.protocol if source else ""
    if protocol not in READABLE or role not in ("message", "part", "repeat", "copy"):
        return Came(key, name, protocol, role, stored_at, network_time, raw)
    segment = segment_of(raw, reading_of(source_id, directory))
    part = segment.part
    return Came(
        key, name, protocol, role, stored_at, network_time, raw, segment.coding, segment.octets,
        f"{part.number}/{part.total}" if part else "", part.reference if part else "",
    )  # fmt: skip


def _revised(revisions: Sequence[lookup.Revision], message: Message) -> list[Revised]:
    """Each with what it led to: the next one's `before`, or what the message is now. Newest first."""
    befores = [json.loads(one.before) for one in revisions]
    afters = [*befores, {"text": message.text, "rule": message.rule}][1:]
    return [
        Revised(one.at, one.why, before.get("text", ""), after.get("text", ""), before.get("rule", ""), after.get("rule", ""))
        for one, before, after in zip(revisions, befores, afters, strict=True)
    ][::-1]


def _fates(message: Message, directory: Directory) -> Generator[Request, Any, list[Fate]]:
    rows = yield from lookup.deliveries_of(message.id)
    states = yield from target_states.states(sorted({row.target_id for row in rows}))
    fates: list[Fate] = []
    for row in rows:
        tried = yield from attempts(row.id)
        state = states.get(row.target_id)
        fates.append(Fate(row.target, row.target_id, row, tried[-ROUNDS:], max(0, len(tried) - ROUNDS), state.paused_at if state else None))
    owed = {row.target_id for row in rows}
    level = [] if message.kind == UNCLAIMED else level_of(message, directory)
    return fates + [Fate(target.name, target.id, never=_never(target, message, directory)) for target in level if target.id not in owed]


def _never(target: Target, message: Message, directory: Directory) -> str:
    if message.withheld is not None:
        return "withheld"
    if not target.active:
        return "off"
    if not wants(target, message):
        return "filtered"
    return "perhaps" if drops(message, directory) else "later"


def _texts(heads: Sequence[AttachmentHead]) -> Generator[Request, Any, dict[int, str]]:
    """The texts among the attachments, of each what its first slice holds."""
    found: dict[int, str] = {}
    for head in heads[:50]:
        if head.content_type.lower().startswith(TEXT):
            data = yield from store_attachments.slice_of(head.id, 0)
            found[head.id] = _decoded(data or b"", head.content_type)[:20_000]
    return found


def _decoded(data: bytes, content_type: str) -> str:
    charset = content_type.lower().partition("charset=")[2].partition(";")[0].strip(" \"'") or "utf-8"
    try:
        return data.decode(charset, "replace")
    except (LookupError, ValueError, UnicodeError):
        return data.decode("utf-8", "replace")
