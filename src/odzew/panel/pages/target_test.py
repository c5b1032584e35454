"""Trying a forward: the filled URL as it is typed, and one call that shows the whole exchange. Secrets, and the end of a pause."""

from __future__ import annotations

import base64
import secrets
from dataclasses import replace
from typing import Any, Final

from starlette.responses import Response

from odzew.clock import DAY
from odzew.errors import NotOurs, TemplateError, sentence_of
from odzew.model import Message, Target
from odzew.panel.attempts import hidden_of
from odzew.panel.page import POST, Page
from odzew.panel.pages.target_form import own_target
from odzew.panel.visit import Visit
from odzew.panel.words import spoken
from odzew.store import messages
from odzew.store.changes import bump
from odzew.store.db import Lock, Unit
from odzew.store.directory import Directory, load
from odzew.store.resend import drop_all, put_off_all
from odzew.store.target_states import resume
from odzew.store.targets import save_targets
from odzew.wire.template import Template

OVERLAP: Final = 7 * DAY  # microseconds that the secret before still signs
RATE: Final = 100.0  # deliveries a second after a pause
SAMPLE: Final = {
    "NUMER": "+48500600700", "WIADOMOSC": "kawa o 16 + ciastko?", "DATA": "2026-11-23 11:18:03", "ID": "2477793", "SMSID": "eba39e4fe1",
    "NUMERDO": "+48799448855", "TYP": "eco", "HASLO": "TEST", "TYTUL": "Temat", "LIMIT": "",
}  # fmt: skip


async def preview(visit: Visit) -> Response:
    """The URL that is typed, filled with a sample, or what is wrong with it."""
    url, filled, fault = visit.query.get("url", "")[:4_000], "", ""
    try:
        filled = Template.parse(url).fill(SAMPLE) if url.strip() else ""
    except TemplateError as error:
        fault = spoken(visit.t, sentence_of(error))
    return visit.page("target_preview.html", filled=filled, fault=fault)


async def test(visit: Visit) -> Response:
    """One call now, with a sample or with a message of the account (`message`)."""
    target, form = own_target(visit), visit.fields(await visit.form())
    key = form.whole("message", least=1)
    message: Message | None = None
    if key is not None:
        found: dict[int, Message] = await visit.db.read(messages.get, [key])
        message = found.get(key)
        if message is None or message.account_id != visit.account.id:
            form.fault("message", "There is no such message.")
    result = await visit.services.try_target(target, visit.account, message) if form.valid else None
    if result is not None:
        await visit.db.write(_noted, visit, target, {"outcome": result.outcome})
    status = 200 if form.valid else 422
    return visit.page(
        "target_test.html", status=status, target=target, result=result, form=form, message=message, body=_shown(result),
        hidden=hidden_of(message, visit.sees_numbers), unread=target.way == "email" and message is not None and not visit.sees_numbers,
    )  # fmt: skip


async def secret(visit: Visit) -> Response:
    """Makes a signing secret and shows it once; a new one overlaps with the one before for a week; or takes it off."""
    target, form = own_target(visit), visit.fields(await visit.form())
    if target.way == "email":
        raise NotOurs("an e-mail is not signed")
    if form.typed("do") == "off":
        await visit.db.write(_set_secret, visit, target, None)
        await visit.services.refresh()
        return visit.go(f"/targets/{target.id}", visit.t("Calls are not signed any more."))
    if target.way == "url" and not Template.parse(target.url).query_only:
        text = visit.t("Only the query is signed: a signed forward has its placeholders there, and none in the path.")
        return visit.go(f"/targets/{target.id}", text, "danger")
    value = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode("ascii")
    await visit.db.write(_set_secret, visit, target, visit.services.sealer.seal(value))
    await visit.services.refresh()
    return visit.page("target_secret.html", target=target, value=value, overlap=target.secret is not None)


async def resumed(visit: Visit) -> Response:
    """Ends a pause: what was missed is sent now, or dropped."""
    target, form = own_target(visit), visit.fields(await visit.form())
    drop = form.typed("missed") == "drop"
    missed = await (drop_all(visit.db, target.id) if drop else put_off_all(visit.db, target.id, RATE))
    if not await visit.db.write(_resume, visit, target, missed):
        return visit.go(f"/targets/{target.id}", visit.t("It was not paused."), "info")
    return visit.go(f"/targets/{target.id}", visit.t("It is called again."))


def _shown(result: Any) -> dict[str, str]:
    """The octets of an exchange as texts."""
    if result is None:
        return {}
    return {"sent": result.body.decode("utf-8", "replace"), "answer": result.answer.decode("utf-8", "replace")}


def _set_secret(visit: Visit, target: Target, sealed: str | None) -> Unit:
    yield Lock(["setup"])
    directory: Directory = yield from load()
    present = directory.targets.get(target.id)
    if present is None:
        raise NotOurs("somebody has removed this forward")
    before = present.secret if sealed is not None else None
    until = visit.services.clock.now() + OVERLAP if before is not None else None
    yield from save_targets([replace(present, secret=sealed, secret_before=before, secret_before_until=until)])
    was = {"signed": present.secret is not None}
    yield from visit.note("target.secret", f"target {target.id} {target.name}", was, {"signed": bool(sealed)})
    yield from bump("targets")


def _resume(visit: Visit, target: Target, missed: int) -> Unit:
    done = yield from resume(target.id)
    if done:
        yield from visit.note("target.resumed", f"target {target.id} {target.name}", None, {"missed": missed})
    return done


def _noted(visit: Visit, target: Target, after: dict[str, Any]) -> Unit:
    yield from visit.note("target.tested", f"target {target.id} {target.name}", None, after)


PAGES: Final = (
    Page("/targets/preview", preview, "member", "target.preview"),
    Page("/targets/{id:int}/test", test, "owner", "target.test", POST),
    Page("/targets/{id:int}/secret", secret, "owner", "target.secret", POST),
    Page("/targets/{id:int}/resume", resumed, "owner", "target.resume", POST),
)
