"""One message: what it says, how it came, whose it is and why, what it answers, and what became of it at every target."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final

from starlette.responses import Response

from odzew.errors import NotOurs
from odzew.inbox.correct import reanswer
from odzew.inbox.redecode import Redecoded, redecode
from odzew.model import Message
from odzew.panel.attempts import hidden_of, spans_of
from odzew.panel.page import POST, Page
from odzew.panel.pages.inbox import RATE, offer, said_of, send_again
from odzew.panel.pages.media import showing_of
from odzew.panel.pages.reasons import correction_of, reason_of, withheld_of
from odzew.panel.pages.story import Story, is_unseen, story_of
from odzew.panel.pages.wanted import name_of
from odzew.panel.visit import Visit
from odzew.store import blacklist, contacts
from odzew.store.db import Request
from odzew.store.directory import Directory, StaleDirectory
from odzew.store.lookup import delivery
from odzew.store.messages import get
from odzew.store.resend import AGAIN, Pace, Resent, now, resend
from odzew.store.seen import mark
from odzew.wire import contact as wire_contact
from odzew.wire import folding

LARGEST: Final = (1 << 62) - 1


async def message(visit: Visit) -> Response:
    """The page. Who opens it has seen the message; an operator looks without leaving a trace."""
    found = await own(visit)
    assert visit.visitor is not None
    if not visit.visitor.is_operator and await visit.db.read(is_unseen, found):
        await visit.db.write(mark, [found.id], visit.account.id)
    return await _shown(visit, found)


async def change(visit: Visit) -> Response:
    """An act on the message: sent again, offered again, decoded again, what it answers, its sender in the contacts or on the blacklist."""
    found = await own(visit)
    form = visit.fields(await visit.form())
    here = f"/messages/{found.id}"
    match form.typed("do"):
        case "again":
            return visit.go(here, *await _resent(visit, found, form.whole("delivery")))
        case "offer":
            return visit.go(here, *await offer(visit, [found.id]))
        case "decode":
            return visit.go(here, *await _decoded(visit, found))
        case "answer":
            chosen = form.text("answers", most=64) or None
            await visit.db.write(_reanswered, visit, found, chosen)
            return visit.go(here, visit.t("What this message answers is corrected."))
        case "contact" if found.sender.startswith("+"):
            texts = {name: form.text(name, required=name == "first_name", most=wire_contact.LONGEST[name]) for name in NAMES}
            if not form.valid:
                return await _shown(visit, found, 422, form)
            await visit.db.write(_befriended, visit, found, {name: text for name, text in texts.items() if text})
            return visit.go(here, visit.t("The sender is in your contacts now."))
        case "block" | "unblock" as act:
            await visit.db.write(_blocked, visit, found, act == "block")
            text = "The sender is on your blacklist now." if act == "block" else "The sender is no longer on your blacklist."
            return visit.go(here, visit.t(text))
    raise NotOurs("there is no such act")


NAMES: Final = ("first_name", "last_name", "company")


async def own(visit: Visit) -> Message:
    """The message of the path. NotOurs unless it is the account's."""
    key = visit.path("id")
    found: dict[int, Message] = await visit.db.read(get, [key]) if key <= LARGEST else {}
    if key not in found or found[key].account_id != visit.account.id:
        raise NotOurs("there is no such message")
    return found[key]


async def _shown(visit: Visit, found: Message, status: int = 200, form: Any = None) -> Response:
    story: Story = await visit.db.read(story_of, found, visit.account, visit.directory)
    number = visit.directory.numbers_by_id.get(found.number_id or 0)
    return visit.page(
        "message.html", status=status, message=found, story=story, form=form or visit.fields(), name=name_of(story.contact), number=number,
        reason=reason_of(visit, found.rule), withheld=withheld_of(visit, found),
        corrections=[correction_of(visit, one.why) for one in story.revised],
        showings={head.id: showing_of(head.content_type) for head in story.attachments}, spans=spans_of,
        hidden=hidden_of(found, visit.sees_numbers),
        can_send_all=sum(fate.row is not None and fate.row.state in AGAIN for fate in story.fates) > 1,
    )  # fmt: skip


async def _resent(visit: Visit, found: Message, key: int | None) -> tuple[str, str]:
    """Sends one delivery of the message again, or all of them that did not arrive."""
    if key is None:
        return await send_again(visit, [found.id], False)
    row = await visit.db.read(delivery, key)
    if row is None or row.message_id != found.id:
        raise NotOurs("there is no such delivery")
    return said_of(visit, await visit.db.write(_send_one, visit, key))


async def _decoded(visit: Visit, found: Message) -> tuple[str, str]:
    done: Redecoded | None = None
    while done is None:
        try:
            done = await visit.db.write(_decode, visit, found, visit.directory)
        except StaleDirectory:
            await visit.services.refresh()
        except NotOurs:
            return visit.t("This message has no octets that could be decoded again."), "warning"
    if not done.changed:
        return visit.t("Decoded again: it says the same as before."), "info"
    visit.services.offer([changed for changed, _ in done.changed], done.owed)
    return visit.t("Decoded again: what it said before is kept below."), "success"


def _decode(visit: Visit, found: Message, directory: Directory) -> Generator[Request, Any, Redecoded]:
    done = yield from redecode([found.id], directory)
    for changed, before in done.changed:
        yield from visit.note("message.decoded", f"message {found.id}", {"text": before}, {"text": changed.text})
    return done


def _send_one(visit: Visit, key: int) -> Generator[Request, Any, Resent]:
    begun = yield from now()
    done: Resent = yield from resend([key], Pace(begun, RATE), True)
    if done.sent_again:
        yield from visit.note("delivery.resent", f"delivery {key}")
    return done


def _reanswered(visit: Visit, found: Message, chosen: str | None) -> Generator[Request, Any, None]:
    changed = yield from reanswer(found.id, visit.account.id, chosen)
    yield from visit.note("message.answer", f"message {found.id}", {"answers": found.answers}, {"answers": changed.answers})


def _befriended(visit: Visit, found: Message, texts: dict[str, str]) -> Generator[Request, Any, None]:
    if (yield from contacts.of_senders(visit.account.id, [found.sender])):
        return  # somebody was quicker
    key = yield from contacts.add(visit.account.id, found.sender, texts, (), folding.searchable)
    yield from visit.note("contact.added", f"contact {key}", None, {"phone": found.sender, **texts})


def _blocked(visit: Visit, found: Message, on: bool) -> Generator[Request, Any, None]:
    if on:
        yield from blacklist.add(visit.account.id, found.sender)
    else:
        yield from blacklist.delete(visit.account.id, found.sender)
    yield from visit.note("blacklist.added" if on else "blacklist.removed", found.sender)


PAGES: Final = (
    Page("/messages/{id:int}", message, "member", "message"),
    Page("/messages/{id:int}/change", change, "member", "message.change", POST),
)
