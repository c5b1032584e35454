"""The inbox: all messages of an account, or of one kind, newest first, searched and filtered, with what arrives appearing by itself."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from odzew.errors import NotOurs
from odzew.panel.page import POST, Page
from odzew.panel.pages.wanted import INCOMPLETE, TITLES, chosen, kept_filters, keywords_of, kind_of, meant, name_of, numbers_of, read_wanted
from odzew.panel.render import inside
from odzew.panel.visit import Visit
from odzew.store import contacts
from odzew.store.db import Request, lengthy
from odzew.store.inbox_lines import Line
from odzew.store.lookup import deliveries_of
from odzew.store.messages import get
from odzew.store.resend import Pace, Resent, now, resend
from odzew.store.seen import mark, mark_all, offer_again

LIMIT: Final = 50
MOST: Final = 200  # messages that are chosen at once
RATE: Final = 100.0  # deliveries a second that are sent again
OFFERED: Final = ("%(num)d message is offered to the API again.", "%(num)d messages are offered to the API again.")
RESENT: Final = ("%(num)d delivery is sent again.", "%(num)d deliveries are sent again.")


@dataclass(slots=True)
class Row:
    """A line with the name of its sender in the contacts ('' for none)."""

    line: Line
    name: str


async def index(visit: Visit) -> Response:
    """The list. A wrong filter is said beside its field, and filters nothing."""
    kind = _kind(visit)
    form = visit.fields(dict(visit.query))
    wanted = await read_wanted(visit, form, kind)
    before = form.whole("before", least=1)
    version = visit.services.freshness.version(visit.account.id)
    page = await visit.services.listing.page(wanted, before, LIMIT)
    kept = kept_filters(visit)
    return visit.page(
        "inbox.html", kind=kind, title=TITLES[kind], form=form, rows=await named(visit, page.lines), older=page.older, before=before,
        kept=kept, filtered=bool(kept), numbers=numbers_of(visit), keywords=keywords_of(visit), version=_spelled(version),
        newest=page.lines[0].id if page.lines else 0, live=before is None and form.valid, person=await chosen(visit),
        people=await meant(visit, wanted.words) if before is None else [],
    )  # fmt: skip


async def live(visit: Visit) -> Response:
    """What came since, as rows for the top of the list: nothing (204) while nothing of the account has moved."""
    kind = _kind(visit)
    form = visit.fields(dict(visit.query))
    after = form.whole("after") or 0
    version = visit.services.freshness.version(visit.account.id)
    still = visit.query.get("version") == _spelled(version)
    if still and not visit.db.shared:
        return Response(status_code=204)
    page = await visit.services.listing.newer(await read_wanted(visit, form, kind), after, LIMIT)
    if still and not page.lines:
        return Response(status_code=204)
    return visit.page(
        "inbox_live.html", kind=kind, rows=await named(visit, page.lines), more=page.older is not None, kept=kept_filters(visit),
        newest=page.lines[0].id if page.lines else after, version=_spelled(version),
    )  # fmt: skip


async def change(visit: Visit) -> Response:
    """What is done with the chosen messages: seen, unseen, sent again, offered to the API again; or all of a kind seen."""
    form = visit.fields(await visit.form())
    kind = kind_of(visit, form.typed("kind"))
    back = inside(form.typed("back"), "/inbox")
    ids = form.ids()[:MOST]
    match form.typed("do"):
        case "all":
            upto, kinds = form.whole("upto") or 0, () if kind in ("", INCOMPLETE) else (kind,)
            while await visit.db.write(mark_all, visit.account.id, kinds, upto):
                pass
            return visit.go(back, visit.t("All messages of this list are marked as seen."))
        case "seen" | "unseen" | "offer" | "again" if not ids:
            return visit.go(back, visit.t("Choose messages first."), "info")
        case "seen" | "unseen" as what:
            await visit.db.write(mark, ids, visit.account.id, what == "seen")
            return visit.go(back)
        case "offer":
            return visit.go(back, *await offer(visit, ids))
        case "again":
            return visit.go(back, *await send_again(visit, ids, form.flag("delivered")))
    raise NotOurs("there is no such act")


async def offer(visit: Visit, ids: Sequence[int]) -> tuple[str, str]:
    """Offers messages to the API again; what to say of it."""
    offered: list[int] = await visit.db.write(_offer, visit, ids)
    visit.services.freshness.touch([visit.account.id])
    if not offered:
        return visit.t("The API has not read these yet, so they are offered anyway."), "info"
    return visit.services.words.counted(visit.language, *OFFERED, len(offered)) % {"num": len(offered)}, "success"


async def send_again(visit: Visit, ids: Sequence[int], delivered: bool) -> tuple[str, str]:
    """Sends the deliveries of messages again, `delivered` those too that arrived; what to say of it."""
    done: Resent = await visit.db.write(_send_again, visit, ids, delivered)
    return said_of(visit, done)


def said_of(visit: Visit, done: Resent) -> tuple[str, str]:
    """What became of an order to send again, in words, and of which kind the notice is."""
    parts = []
    if done.sent_again:
        parts.append(visit.services.words.counted(visit.language, *RESENT, done.sent_again) % {"num": done.sent_again})
    for number, text in (
        (done.paused, "Some wait, for their target is paused: %(num)d."),
        (done.still_owed, "Still being forwarded, so left as they are: %(num)d."),
        (done.delivered, "Delivered already: %(num)d."),
        (done.target_off, "Not sent, for their forward is switched off or removed: %(num)d."),
    ):
        if number:
            parts.append(visit.t(text, num=number))
    return " ".join(parts) or visit.t("There is nothing to send again: these messages were owed to nobody."), (
        "success" if done.sent_again else "info"
    )


async def named(visit: Visit, lines: Sequence[Line]) -> list[Row]:
    """The lines with the names of their senders."""
    known: dict[str, dict[str, Any]] = {}
    if lines:
        known = await visit.db.read(contacts.of_senders, visit.account.id, sorted({line.sender for line in lines}))
    return [Row(line, name_of(known.get(line.sender))) for line in lines]


def _kind(visit: Visit) -> str:
    return kind_of(visit, visit.request.path_params.get("kind", ""))


def _spelled(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def _offer(visit: Visit, ids: Sequence[int]) -> Generator[Request, Any, list[int]]:
    offered = yield from offer_again(ids, visit.account.id)
    if offered:
        yield from visit.note("messages.offered", f"messages {', '.join(map(str, offered[:50]))}", None, {"messages": len(offered)})
    return offered


@lengthy
def _send_again(visit: Visit, ids: Sequence[int], delivered: bool) -> Generator[Request, Any, Resent]:
    found = yield from get(ids)
    mine = [key for key in dict.fromkeys(ids) if key in found and found[key].account_id == visit.account.id]
    owed: list[int] = []
    for key in mine:
        owed += [row.id for row in (yield from deliveries_of(key))]
    begun = yield from now()
    done: Resent = yield from resend(owed[:1_000], Pace(begun, RATE), delivered)
    if done.sent_again:
        yield from visit.note("messages.resent", f"messages {', '.join(map(str, mine[:50]))}", None, {"deliveries": done.sent_again})
    return done


PAGES: Final = (
    Page("/inbox", index, "member", "inbox"),
    Page("/inbox/live", live, "member", "inbox.live"),
    Page("/inbox/change", change, "member", "inbox.change", POST),
    Page("/inbox/{kind}", index, "member", "inbox.kind"),
    Page("/inbox/{kind}/live", live, "member", "inbox.kind.live"),
)
