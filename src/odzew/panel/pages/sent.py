"""The record of sent messages, by which replies find their owners: brought from a file, judged first."""

from __future__ import annotations

import asyncio
import csv
import io
import itertools
import json
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.responses import Response

from odzew.model import SentMessage
from odzew.panel.forms import Form
from odzew.panel.page import BOTH, Page
from odzew.panel.visit import Visit
from odzew.store import audit
from odzew.store.db import Unit

COLUMNS: Final = ("account", "message_id", "phone", "from_number", "sent_at", "text")
LARGEST: Final = 8 << 20  # octets
MOST_LINES: Final = 100_000
AT_ONCE: Final = 1_000  # lines read, or records stored, in one go
SHOWN: Final = 10  # records of the preview
TOLD: Final = 50  # faults


@dataclass(slots=True)
class Judged:
    """What a file holds: records that can be stored, and (line, why not) of the others."""

    records: list[SentMessage] = field(default_factory=list)
    failures: list[tuple[int, str]] = field(default_factory=list)


async def sent(visit: Visit) -> Response:
    """The form; sent with a file, what is in it; sent once more, the file is stored."""
    if visit.request.method == "GET":
        return visit.page("operator/sent.html", form=visit.fields(), judged=None, text="", columns=COLUMNS)
    given = await visit.form()
    form = visit.fields(given)
    text = await _text(form, given.get("file"))
    lines = _lines(form, text) if text else []
    if not form.valid:
        return visit.page("operator/sent.html", status=422, form=form, judged=None, text="", columns=COLUMNS)
    judged = await _judged(visit, lines)
    if form.typed("do") != "store" or not judged.records:
        accounts = visit.directory.accounts
        return visit.page(
            "operator/sent.html", form=form, judged=judged, text=text, columns=COLUMNS, shown=judged.records[:SHOWN],
            told=judged.failures[:TOLD], accounts=accounts,
        )  # fmt: skip
    stored = 0
    for start in range(0, len(judged.records), AT_ONCE):
        stored += await visit.services.operating.record_sent(judged.records[start : start + AT_ONCE])
    await visit.db.write(_note, visit, stored, len(judged.failures))
    said = visit.services.words.counted(visit.language, *STORED, stored) % {"num": stored}
    return visit.go("/operator/sent", said)


STORED: Final = ("%(num)d sent message was stored.", "%(num)d sent messages were stored.")


async def _text(form: Form, file: Any) -> str:
    """The text of the file, or what an earlier page carried of it."""
    if not isinstance(file, UploadFile) or not file.filename:
        carried = form.typed("text")
        if not carried:
            form.fault("file", "Choose a file.")
        return carried
    octets = await file.read(LARGEST + 1)
    if len(octets) > LARGEST:
        form.fault("file", "This file is over 8 MiB: bring it with `odzew sent import`.")
        return ""
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        form.fault("file", "This file is not UTF-8.")
        return ""
    if not text.strip():
        form.fault("file", "This file is empty.")
    return text


def _lines(form: Form, text: str) -> list[bytes]:
    """JSON lines, as they are or made of the rows of a CSV file with a head. A surrogate that JSON cannot hold is replaced."""
    lines = text.split("\n") if text.lstrip()[:1] == "{" else _of_csv(form, text)
    if len(lines) > MOST_LINES:
        form.fault("file", "This file has more than %(most)d lines: bring it with `odzew sent import`.", most=MOST_LINES)
    return [line.encode("utf-8", "replace") for line in lines]


def _of_csv(form: Form, text: str) -> list[str]:
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in COLUMNS[:-1] if name not in names]
        if missing:
            form.fault("file", "The first line must name the columns. Missing: %(names)s.", names=", ".join(missing))
            return []
        # The head is a line too, so that line numbers are those of the file.
        rows = itertools.islice(reader, MOST_LINES + 1)
        return ["", *(json.dumps(dict(zip(names, row, strict=False))) if any(row) else "" for row in rows)]
    except csv.Error as error:
        form.fault("file", "This is no CSV file: %(why)s", why=str(error))
        return []


async def _judged(visit: Visit, lines: list[bytes]) -> Judged:
    judged, directory = Judged(), visit.directory
    for start in range(0, len(lines), AT_ONCE):
        batch = lines[start : start + AT_ONCE]
        # In a thread: others get their turn meanwhile.
        records, failures = await asyncio.to_thread(visit.services.operating.read_sent, batch, directory)
        judged.records += records
        judged.failures += [(start + number, why) for number, why in failures]
    return judged


def _note(visit: Visit, stored: int, failed: int) -> Unit:
    after = {"stored": stored, "failed": failed}
    yield from audit.add(None, visit.user.login, visit.address, "messages.sent_imported", "sent messages", None, after)


PAGES: Final = (Page("/operator/sent", sent, "operator", "operator.sent", BOTH, large=True),)
