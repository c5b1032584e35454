"""Contacts from a file: it is sent and kept, shown as it would be read with what is wrong with each row, and only then brought in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.responses import Response

from odzew.errors import NotOurs, sentence_of
from odzew.panel.forms import Form
from odzew.panel.page import BOTH, Page
from odzew.panel.visit import Visit
from odzew.panel.words import spoken
from odzew.store import people, uploads
from odzew.store.db import Unit
from odzew.store.uploads import Upload
from odzew.wire import contact, folding, sheet
from odzew.wire.sheet import Judged, Layout, SheetError, Wrong

BATCH: Final = 500  # rows of one transaction
SAMPLE: Final = 10  # contacts that the preview shows
FAULTS: Final = 50  # rows that it shows as wrong
DELIMITERS: Final = {"semicolon": ";", "comma": ",", "tab": "\t", "bar": "|"}
NAMES: Final = {delimiter: name for name, delimiter in DELIMITERS.items()}


@dataclass(slots=True)
class Findings:
    """What a file holds: how many rows are contacts and how many are not, with the first of each."""

    good: int = 0
    bad: int = 0
    sample: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)


async def choose(visit: Visit) -> Response:
    """The form that sends a file; what was sent is kept for an hour and shown."""
    if visit.request.method == "GET":
        return visit.page("contact_import.html", form=visit.fields())
    given = await visit.form()
    form, file = visit.fields(given), given.get("file")
    if not isinstance(file, UploadFile) or not file.size:
        form.fault("file", "Choose a file with at least one row.")
        return visit.page("contact_import.html", status=422, form=form)
    name = "".join(letter for letter in (file.filename or "") if letter.isprintable())[:100] or "contacts.csv"
    key: int = await visit.db.write(uploads.begin, visit.account.id, visit.user.login, name, visit.services.clock.now())
    number = 0
    while data := await file.read(uploads.PIECE):
        await visit.db.write(uploads.add, key, number, data)
        number += 1
    return visit.go(f"/contacts/import/{key}")


async def preview(visit: Visit) -> Response:
    """How the file is read, which can be changed; `do` says whether it is brought in, dropped, or shown again."""
    upload = await _upload(visit)
    data = b"".join([await visit.db.read(uploads.piece, upload.id, number) for number in range(upload.pieces)])
    if visit.request.method == "GET":
        layout = await asyncio.to_thread(sheet.guess, data)
        return await _shown(visit, upload, data, layout, _form_of(visit, layout))
    form = visit.fields(await visit.form())
    if form.typed("do") == "drop":
        await visit.db.write(uploads.drop, upload.id)
        return visit.go("/contacts", visit.t("The file is forgotten. Nothing was imported."), "info")
    layout = _layout(form)
    group = _group(form)
    if contact.PHONE not in layout.fields:
        form.fault("", "Say which column has the numbers.")
    if form.typed("do") != "import" or not form.valid:
        return await _shown(visit, upload, data, layout, form, 200 if form.valid else 422)
    found = await _look(visit, data, layout)
    if isinstance(found, SheetError) or not found.good:
        return await _shown(visit, upload, data, layout, form, 422)
    created, present = await _bring(visit, data, layout, group)
    await visit.db.write(_end, visit, upload, created, present, found.bad)
    return visit.page(
        "contact_imported.html", upload=upload, group=group, created=created, present=present, bad=found.bad, wrong=found.wrong,
        more=found.bad - len(found.wrong),
    )  # fmt: skip


async def _upload(visit: Visit) -> Upload:
    now = visit.services.clock.now()
    found: Upload | None = await visit.db.read(uploads.find, visit.account.id, visit.user.login, visit.path("id"), now)
    if found is None:
        raise NotOurs("there is no such upload any more")
    return found


async def _look(visit: Visit, data: bytes, layout: Layout) -> Findings | SheetError:
    """Judges the whole file; it takes a second or two of a thread."""
    try:
        return await asyncio.to_thread(_findings, data, layout, visit.services.settings["country"])
    except SheetError as error:
        return error


def _findings(data: bytes, layout: Layout, country: str) -> Findings:
    found = Findings()
    for one in sheet.judged(data, layout, country):
        if isinstance(one, Wrong):
            found.bad += 1
            if len(found.wrong) < FAULTS:
                found.wrong.append(one)
        else:
            found.good += 1
            if len(found.sample) < SAMPLE:
                found.sample.append(one)
    return found


async def _bring(visit: Visit, data: bytes, layout: Layout, group: str) -> people.Brought:
    """Brings the contacts in, a batch at a time."""
    judged = sheet.judged(data, layout, visit.services.settings["country"])
    created = present = 0
    while batch := await asyncio.to_thread(_next, judged):
        done: people.Brought = await visit.db.write(people.bring, visit.account.id, batch, group or None, folding.searchable)
        created, present = created + done[0], present + done[1]
    return created, present


def _next(judged: Iterator[Judged]) -> list[tuple[str, dict[str, str]]]:
    return list(islice((one for one in judged if not isinstance(one, Wrong)), BATCH))


def _form_of(visit: Visit, layout: Layout) -> Form:
    """The form as it is first shown."""
    values: dict[str, Any] = {f"column{place}": name for place, name in enumerate(layout.fields)}
    values |= {"encoding": layout.encoding, "delimiter": NAMES[layout.delimiter], "header": "1" if layout.header else ""}
    return visit.fields(values)


def _layout(form: Form) -> Layout:
    """The layout as chosen. One field can be one column only."""
    columns = form.whole("columns", most=sheet.COLUMNS) or 0
    chosen = [form.choice(f"column{place}", ("", *sheet.FIELDS)) for place in range(columns)]
    for place, name in enumerate(chosen):
        if name and name in chosen[:place]:
            form.fault(f"column{place}", "Another column is this already.")
    encoding = form.choice("encoding", sheet.ENCODINGS, "utf-8")
    delimiter = DELIMITERS.get(form.choice("delimiter", DELIMITERS, "comma"), ",")
    return Layout(encoding, delimiter, form.flag("header"), tuple(chosen))


def _group(form: Form) -> str:
    typed = form.text("group", most=contact.LONGEST_GROUP)
    return (contact.group(typed) or "") if typed else ""


async def _shown(visit: Visit, upload: Upload, data: bytes, layout: Layout, form: Form, status: int = 200) -> Response:
    found = await _look(visit, data, layout)
    fault = spoken(visit.t, sentence_of(found)) if isinstance(found, SheetError) else ""
    findings = Findings() if isinstance(found, SheetError) else found
    head = [] if fault else [cells for _, cells in islice(sheet.rows(sheet.decoded(data[:64_000], layout.encoding), layout.delimiter), 4)]
    width = max([len(layout.fields), *map(len, head)])
    # What may be a number is masked from those who may not see them, until a column is said to be something else.
    open_ones = [place for place, name in enumerate(layout.fields) if name not in ("", contact.PHONE)]
    return visit.page(
        "contact_preview.html", status=status, upload=upload, form=form, layout=layout, found=findings, head=head, width=width,
        open=open_ones, fault=fault, fields=("", *sheet.FIELDS), more=findings.bad - len(findings.wrong),
    )  # fmt: skip


def _end(visit: Visit, upload: Upload, created: int, present: int, bad: int) -> Unit:
    yield from uploads.drop(upload.id)
    after = {"file": upload.name, "new": created, "known": present, "left out": bad}
    yield from visit.note("contact.imported", f"file {upload.name}", None, after)


PAGES: Final = (
    Page("/contacts/import", choose, "member", "contacts.import", BOTH, large=True),
    Page("/contacts/import/{id:int}", preview, "member", "contact.preview", BOTH),
)
