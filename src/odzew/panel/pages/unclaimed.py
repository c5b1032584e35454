"""Messages that are nobody's: read, and given to an account, one or several at once."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final

from starlette.responses import Response

from odzew.errors import NotOurs
from odzew.inbox.correct import Corrected, assign
from odzew.model import KINDS, Account, Kind, Message
from odzew.panel.forms import Form
from odzew.panel.page import BOTH, Page
from odzew.panel.pages.reasons import reason_of
from odzew.panel.visit import Visit
from odzew.store import audit, messages, seen
from odzew.store.db import Request
from odzew.store.directory import Directory, StaleDirectory
from odzew.store.inbox_lines import Wanted

LIMIT: Final = 50
MOST: Final = 500
GIVEN: Final = ("%(num)d message was given to %(account)s.", "%(num)d messages were given to %(account)s.")


async def unclaimed(visit: Visit) -> Response:
    """The list, newest first; a form of it gives the chosen ones to an account."""
    if visit.request.method == "GET":
        return await _shown(visit, visit.fields())
    form = visit.fields(await visit.form())
    ids = form.ids()[:MOST]
    if not ids:
        form.fault("account", "Choose messages first.")
    account = next((one for one in visit.directory.accounts.values() if one.name == form.typed("account")), None)
    if account is None:
        form.fault("account", "Choose the account that they go to.")
    kind: Kind | None = form.choice("kind", ("", *KINDS)) or None  # type: ignore[assignment]  # one of them
    if account is None or not form.valid:
        return await _shown(visit, form, 422)
    try:
        done = await _given(visit, ids, account, kind)
    except NotOurs as error:
        form.errors.setdefault("account", str(error))
        return await _shown(visit, form, 422)
    visit.services.offer(done.messages, done.owed)
    number = len(done.messages)
    said = visit.services.words.counted(visit.language, *GIVEN, number) % {"num": number, "account": account.company or account.name}
    return visit.go("/operator/unclaimed", said)


async def _given(visit: Visit, ids: list[int], account: Account, kind: Kind | None) -> Corrected:
    while True:
        try:
            done: Corrected = await visit.db.write(_give, visit, ids, account, kind, visit.directory)
        except StaleDirectory:
            await visit.services.refresh()
            continue
        return done


def _give(visit: Visit, ids: list[int], account: Account, kind: Kind | None, directory: Directory) -> Generator[Request, Any, Corrected]:
    done = yield from assign(ids, account, kind, directory)
    for message in done.messages:
        yield from audit.add(
            account.id, visit.user.login, visit.address, "messages.assigned", f"message {message.id}", {"account": None},
            {"account": account.name, "kind": message.kind},
        )  # fmt: skip
    return done


async def _shown(visit: Visit, form: Form, status: int = 200) -> Response:
    asked = visit.fields(dict(visit.query))
    before = asked.whole("before", least=1)
    page = await visit.services.listing.page(Wanted(None), before, LIMIT)
    whole: dict[int, Message] = await visit.db.read(messages.get, [line.id for line in page.lines])
    fresh = [line.id for line in page.lines if not line.seen]
    if fresh and visit.request.method == "GET":
        await visit.db.write(seen.mark, fresh, None)
    accounts = sorted((account.name, account.company or account.name) for account in visit.directory.accounts.values())
    return visit.page(
        "operator/unclaimed.html", status=status, form=form, lines=[(line, whole.get(line.id)) for line in page.lines], before=before,
        older=page.older, reason_of=lambda rule: reason_of(visit, rule),
        accounts=[("", visit.t("choose …")), *accounts], chosen=form.all_typed("id"),
        kinds=[("", visit.t("as its number says")), *((kind, kind.upper()) for kind in KINDS)],
    )  # fmt: skip


PAGES: Final = (Page("/operator/unclaimed", unclaimed, "operator", "operator.unclaimed", BOTH),)
