"""The inbox: all messages of an account, or of one kind, newest first, searched and filtered, with what arrives appearing by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from starlette.responses import Response

from odzew.clock import from_datetime
from odzew.errors import NotOurs
from odzew.panel.forms import Form
from odzew.panel.page import POST, Page
from odzew.panel.render import inside
from odzew.panel.visit import Visit
from odzew.store import contacts
from odzew.store.inbox_lines import Line, Wanted
from odzew.store.seen import MOST, mark, mark_all, offer_again
from odzew.wire.localtime import zone_of

LIMIT: Final = 50
INCOMPLETE: Final = "incomplete"
TITLES: Final = {
    "": "All messages", "eco": "ECO replies", "nd": "ND/SC", "ndi": "NDI/SCI", "pre": "Premium", "mms": "MMS", INCOMPLETE: "Incomplete",
}  # fmt: skip
FILTERS: Final = ("q", "number", "keyword", "from", "to", "unseen")
MOST_DIGITS: Final = 2  # of a searched word that who may not see numbers may have, for numbers are searched too


@dataclass(slots=True)
class Row:
    """A line with the name of its sender in the contacts ('' for none)."""

    line: Line
    name: str


async def index(visit: Visit) -> Response:
    """The list. A wrong filter is said beside its field, and filters nothing."""
    kind = _kind(visit)
    form = visit.fields(dict(visit.query))
    wanted = read_wanted(visit, form, kind)
    before = form.whole("before", least=1)
    version = visit.services.freshness.version(visit.account.id)
    page = await visit.services.listing.page(wanted, before, LIMIT)
    kept = kept_filters(visit)
    return visit.page(
        "inbox.html", kind=kind, title=TITLES[kind], form=form, rows=await named(visit, page.lines), older=page.older, before=before,
        kept=kept, filtered=bool(kept), numbers=_numbers(visit), keywords=_keywords(visit), newest=page.lines[0].id if page.lines else 0,
        live=before is None and form.valid, version=_spelled(version),
    )  # fmt: skip


async def live(visit: Visit) -> Response:
    """What came since, as rows for the top of the list: nothing (204) while nothing of the account has moved."""
    kind = _kind(visit)
    form = visit.fields(dict(visit.query))
    after = form.whole("after") or 0
    version = visit.services.freshness.version(visit.account.id)
    if visit.query.get("version") == _spelled(version) and not visit.db.shared:
        return Response(status_code=204)
    page = await visit.services.listing.newer(read_wanted(visit, form, kind), after, LIMIT)
    if not page.lines and visit.query.get("version") == _spelled(version):
        return Response(status_code=204)
    return visit.page(
        "inbox_live.html", kind=kind, rows=await named(visit, page.lines), more=page.older is not None, kept=kept_filters(visit),
        newest=page.lines[0].id if page.lines else after, version=_spelled(version),
    )  # fmt: skip


async def change(visit: Visit) -> Response:
    """What is done with the chosen messages: seen, unseen, offered to the API again; or all of a kind seen."""
    form = visit.fields(await visit.form())
    kind = form.choice("kind", TITLES)
    back = inside(form.typed("back"), "/inbox")
    ids = [int(text) for text in form.all_typed("id") if text.isascii() and text.isdecimal() and len(text) < 19][:MOST]
    match form.typed("do"):
        case "all":
            upto, kinds = form.whole("upto") or 0, () if kind in ("", INCOMPLETE) else (kind,)
            while await visit.db.write(mark_all, visit.account.id, kinds, upto):
                pass
            return visit.go(back, visit.t("All messages of this list are marked as seen."))
        case _ if not ids:
            return visit.go(back, visit.t("Choose messages first."), "info")
        case "seen" | "unseen" as what:
            await visit.db.write(mark, ids, visit.account.id, what == "seen")
            return visit.go(back)
        case "offer":
            offered = await visit.db.write(_offer, visit, ids)
            visit.services.freshness.touch([visit.account.id])
            return visit.go(back, visit.services.words.counted(visit.language, *OFFERED, len(offered)) % {"num": len(offered)})
    raise NotOurs("there is no such act")


OFFERED: Final = ("%(num)d message is offered to the API again.", "%(num)d messages are offered to the API again.")


def read_wanted(visit: Visit, form: Form, kind: str) -> Wanted:
    """What a filter asks for; its faults are noted in the form."""
    wanted = Wanted(
        visit.account.id,
        kinds=() if kind in ("", INCOMPLETE) else (kind,),
        incomplete=kind == INCOMPLETE,
        unseen=form.flag("unseen"),
        since=_instant(visit, form, "from", 0),
        until=_instant(visit, form, "to", 1),
        words=_words(visit, form),
    )
    if number := form.whole("number"):
        wanted = replace(wanted, number_id=number)
    if keyword := form.whole("keyword"):
        wanted = replace(wanted, keyword_id=keyword)
    return wanted


def kept_filters(visit: Visit) -> dict[str, str]:
    """The filters of the page, for its links."""
    return {name: value for name in FILTERS if (value := visit.query.get(name, ""))}


async def named(visit: Visit, lines: Sequence[Line]) -> list[Row]:
    """The lines with the names of their senders."""
    known: dict[str, dict[str, Any]] = {}
    if lines:
        known = await visit.db.read(contacts.of_senders, visit.account.id, sorted({line.sender for line in lines}))
    return [Row(line, name_of(known.get(line.sender))) for line in lines]


def name_of(contact: dict[str, Any] | None) -> str:
    """How a contact is called: its name, else its company, else ''."""
    if contact is None:
        return ""
    return " ".join(filter(None, (contact["first_name"], contact["last_name"]))) or contact["company"] or ""


def _words(visit: Visit, form: Form) -> str:
    words = form.text("q", most=200)
    if not visit.sees_numbers and any(sum(map(str.isdigit, word)) > MOST_DIGITS for word in words.split()):
        form.fault("q", "You may not search for numbers.")
        return ""
    return words


def _instant(visit: Visit, form: Form, name: str, days: int) -> int | None:
    """The beginning of a day in the account's zone, `days` later; None where none was typed."""
    text = form.text(name, most=10)
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days)
        return from_datetime(datetime(day.year, day.month, day.day, tzinfo=zone_of(visit.zone)))
    except (ValueError, OverflowError):
        form.fault(name, "This is not a date.")
        return None


def _kind(visit: Visit) -> str:
    kind: str = visit.request.path_params.get("kind", "")
    if kind not in TITLES:
        raise NotOurs("there is no such kind of message")
    return kind


def _numbers(visit: Visit) -> list[tuple[str, str]]:
    """Numbers that messages of the account may have come to: its own, and those with keywords of its own."""
    directory, account = visit.directory, visit.account.id
    shared = {keyword.number_id for keyword in directory.keywords_by_id.values() if keyword.account_id == account}
    found = [number for number in directory.numbers_by_id.values() if number.account_id == account or number.id in shared]
    return [(str(number.id), number.address) for number in sorted(found, key=lambda number: number.address)]


def _keywords(visit: Visit) -> list[tuple[str, str]]:
    mine = [keyword for keyword in visit.directory.keywords_by_id.values() if keyword.account_id == visit.account.id]
    return [(str(keyword.id), keyword.word) for keyword in sorted(mine, key=lambda keyword: keyword.word)]


def _spelled(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def _offer(visit: Visit, ids: Sequence[int]):  # type: ignore[no-untyped-def]
    offered = yield from offer_again(ids, visit.account.id)
    if offered:
        yield from visit.note("messages.offered", f"messages {', '.join(map(str, offered[:50]))}", None, {"messages": len(offered)})
    return offered


PAGES: Final = (
    Page("/inbox", index, "member", "inbox"),
    Page("/inbox/live", live, "member", "inbox.live"),
    Page("/inbox/change", change, "member", "inbox.change", POST),
    Page("/inbox/{kind}", index, "member", "inbox.kind"),
    Page("/inbox/{kind}/live", live, "member", "inbox.kind.live"),
)
