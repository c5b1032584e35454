"""What the inbox's filters find, as a file: CSV for spreadsheets, JSON for programs. Both are streamed as they are read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.responses import Response, StreamingResponse

from odzew.clock import to_datetime
from odzew.errors import NotOurs
from odzew.model import Message
from odzew.panel.page import Page
from odzew.panel.pages.wanted import TITLES, chosen, kept_filters, kind_of, name_of, read_wanted
from odzew.panel.render import masked
from odzew.panel.visit import Visit
from odzew.store import contacts
from odzew.store.inbox_lines import Wanted
from odzew.wire.localtime import zone_of

COUNTED: Final = 1_000  # more are told as so many and more: counting is not to make anybody wait
COLUMNS: Final = ("id", "kind", "received_at", "from", "contact", "to", "keyword", "title", "text", "answers", "incomplete", "withheld")
MARK: Final = "\ufeff"  # by which a spreadsheet knows UTF-8
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
SEPARATORS: Final = {"pl": ";"}
"""What stands between cells where a spreadsheet of that language takes no comma for it."""

Record = dict[str, Any]


async def export(visit: Visit) -> Response:
    """How many there are, and in which form they are wanted."""
    kind = kind_of(visit, visit.query.get("kind", ""))
    form = visit.fields(dict(visit.query))
    wanted = await read_wanted(visit, form, kind)
    count = await visit.services.listing.count(wanted, COUNTED + 1) if form.valid else 0
    return visit.page(
        "export.html", kind=kind, title=TITLES[kind], form=form, count=count, most=COUNTED, kept=kept_filters(visit),
        person=await chosen(visit), status=200 if form.valid else 422,
    )  # fmt: skip


async def as_csv(visit: Visit) -> Response:
    """Comma-separated values in UTF-8 with a mark at the start (semicolons in Polish); no cell begins a formula."""
    return _file(visit, csv_of(records(visit, await _asked(visit)), SEPARATORS.get(visit.language, ",")), "csv", "text/csv; charset=utf-8")


async def as_json(visit: Visit) -> Response:
    """One array of objects, a line each."""
    return _file(visit, json_of(records(visit, await _asked(visit))), "json", "application/json")


async def records(visit: Visit, wanted: Wanted) -> AsyncIterator[list[Record]]:
    """The messages, a window at a time; numbers as the visitor may see them."""
    zone = zone_of(visit.zone)
    async for window in visit.services.listing.windows(wanted):
        known: dict[str, Any] = await visit.db.read(contacts.of_senders, visit.account.id, sorted({one.sender for one in window}))
        yield [
            _record(one, name_of(known.get(one.sender)), to_datetime(one.received_at).astimezone(zone).isoformat(), visit.sees_numbers)
            for one in window
        ]


async def csv_of(windows: AsyncIterator[list[Record]], separator: str) -> AsyncIterator[bytes]:
    """Lines of cells, the names of the columns first."""
    yield (MARK + separator.join(COLUMNS) + "\r\n").encode()
    async for window in windows:
        out = io.StringIO()
        csv.writer(out, delimiter=separator).writerows([cell(record[name]) for name in COLUMNS] for record in window)
        yield out.getvalue().encode("utf-8", "replace")


async def json_of(windows: AsyncIterator[list[Record]]) -> AsyncIterator[bytes]:
    """An array. A download that broke off is no JSON."""
    before = "[\n"
    async for window in windows:
        for record in window:
            yield (before + json.dumps(record, ensure_ascii=False)).encode("utf-8", "replace")
            before = ",\n"
    yield b"[]\n" if before == "[\n" else b"\n]\n"


def cell(value: Any) -> str:
    """A value as a cell that no spreadsheet takes for a formula."""
    text = "" if value is None else ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return "'" + text if text.startswith(FORMULA) else text


def _record(message: Message, name: str, received: str, whole: bool) -> Record:
    return {
        "id": message.id, "kind": message.kind, "received_at": received, "from": masked(message.sender, whole), "contact": name,
        "to": message.recipient, "keyword": message.keyword, "title": message.title, "text": message.text, "answers": message.answers,
        "incomplete": bool(message.incomplete), "withheld": message.withheld,
    }  # fmt: skip


async def _asked(visit: Visit) -> Wanted:
    """The filters; NotOurs for what the page would not have let through."""
    form = visit.fields(dict(visit.query))
    wanted = await read_wanted(visit, form, kind_of(visit, visit.query.get("kind", "")))
    if not form.valid:
        raise NotOurs("there is no such export")
    return wanted


def _file(visit: Visit, content: AsyncIterator[bytes], ending: str, content_type: str) -> Response:
    today = to_datetime(visit.services.clock.now()).astimezone(zone_of(visit.zone)).date().isoformat()
    headers = {"content-disposition": f'attachment; filename="messages-{today}.{ending}"', "content-type": content_type}
    return StreamingResponse(content, headers=headers)


PAGES: Final = (
    Page("/inbox/export", export, "member", "export"),
    Page("/inbox/export.csv", as_csv, "member", "export.csv"),
    Page("/inbox/export.json", as_json, "member", "export.json"),
)
