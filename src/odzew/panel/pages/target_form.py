"""One target: made, changed, switched, removed. What is valid is decided by the judges of the set-up file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from starlette.responses import Response

from odzew.errors import NotOurs
from odzew.model import ForwardFor, Target
from odzew.panel.forms import Form
from odzew.panel.page import BOTH, POST, Page
from odzew.panel.pages.targets import FOR_NAMES, Place, place_of, shown
from odzew.panel.visit import Visit
from odzew.setup import judges
from odzew.setup.compare_targets import faults_of
from odzew.setup.ways import idle, without
from odzew.store.changes import bump
from odzew.store.dashboard import MOST
from odzew.store.db import Lock, Unit
from odzew.store.directory import Directory, load
from odzew.store.targets import remove_targets, save_targets
from odzew.wire.published import PLACEHOLDERS

WAYS: Final = ("url", "json", "email")
BODIES: Final = ("form", "json")
BASES: Final = ("first", "previous")
EMPTY: Final = Target(0, 0, "account", 0, "sms", "", "")


async def new(visit: Visit) -> Response:
    """Makes one at a level (`level`, `id` and `for` in the address)."""
    level, key = visit.query.get("level", "account"), visit.query.get("id", "")
    place = place_of(visit, level, int(key) if key.isascii() and key.isdecimal() and len(key) < 19 else visit.account.id)
    kind = visit.query.get("for", "")
    start = replace(EMPTY, account_id=visit.account.id, level=place.level, level_id=place.id)
    start = replace(start, for_kind=kind if kind in place.kinds else place.kinds[0])
    if visit.request.method == "GET":
        return await _shown(visit, place, None, visit.fields(_values(start)))
    form = visit.fields(await visit.form())
    chosen: ForwardFor = form.choice("for", place.kinds, place.kinds[0])  # type: ignore[assignment]  # one of them
    target = _read(visit, form, replace(start, for_kind=chosen), form.text("name", most=64) or chosen)
    if form.valid and any(t.name == target.name and t.for_kind == chosen for t in visit.directory.levels.get((place.level, place.id), ())):
        form.fault("name", "There is a forward of this name here already: give this one another.")
    if not form.valid:
        return await _shown(visit, place, None, form, 422)
    key_of = await visit.db.write(_save, visit, target, None)
    await visit.services.refresh()
    return visit.go(f"/targets/{key_of}", visit.t("The forward is saved. Try it with a test."))


async def edit(visit: Visit) -> Response:
    """Shows and changes one."""
    target = own_target(visit)
    place = place_of(visit, target.level, target.level_id)
    if visit.request.method == "GET" or not visit.visitor or not visit.visitor.fits("owner"):
        return await _shown(visit, place, target, visit.fields(_values(target)))
    form = visit.fields(await visit.form())
    changed = _read(visit, form, target, target.name)
    if not form.valid:
        return await _shown(visit, place, target, form, 422)
    await visit.db.write(_save, visit, changed, target)
    await visit.services.refresh()
    return visit.go(f"/targets/{target.id}", visit.t("Saved."))


async def remove(visit: Visit) -> Response:
    """Takes one out of use; what is still owed to it is cancelled."""
    target = own_target(visit)
    await visit.db.write(_remove, visit, target)
    await visit.services.refresh()
    return visit.go("/targets", visit.t("The forward is removed."))


def own_target(visit: Visit) -> Target:
    """The target of the path. NotOurs for another account's, and for one whose place has gone to another account."""
    target = visit.directory.targets.get(visit.path("id"))
    if target is None or target.account_id != visit.account.id:
        raise NotOurs("there is no such forward")
    return target


def _read(visit: Visit, form: Form, before: Target, name: str) -> Target:
    """The target as typed; every fault is noted beside its field."""
    form.judged("name", judges.name, name, "")
    way = form.choice("way", WAYS, "url")
    minutes = _minutes(form)
    target = replace(
        before,
        name=name,
        way=way,  # type: ignore[arg-type]  # one of them
        active=form.flag("active"),
        url=form.judged("url", judges.url, form.text("url"), "") if form.typed("url").strip() else "",
        body=form.choice("body", BODIES, "form"),  # type: ignore[arg-type]  # one of them
        verify=form.judged("verify", judges.expected, form.text("verify", most=1_000) or "OK", "") if form.flag("verified") else None,
        mail_to=form.judged("mail_to", judges.mailboxes, form.lines("mail_to"), ""),
        retry_minutes=minutes,
        retry_basis=form.choice("retry_basis", BASES, "first") if minutes is not None else None,  # type: ignore[arg-type]  # one of them
        concurrency=form.whole("concurrency", least=1, most=1_024),
        completions=form.flag("completions"),
        only_keywords=form.judged("only_keywords", judges.wanted_keywords, form.lines("only_keywords"), ""),
        only_senders=form.judged("only_senders", judges.wanted_senders, form.lines("only_senders"), visit.services.settings["country"]),
        only_text=form.judged("only_text", judges.wanted_texts, form.lines("only_text"), ""),
    )
    for key in idle(target.way):
        target = replace(target, **{key: without(key)})
    if form.valid:
        for key, sentence in faults_of(target):
            form.told(key, sentence)
    return target


def _minutes(form: Form) -> tuple[float, ...] | None:
    """The minutes typed; None: the installation's."""
    if not form.flag("own_schedule"):
        return None
    try:
        values = tuple(float(piece) for piece in form.lines("retry_minutes"))
    except ValueError:
        form.fault("retry_minutes", "These are not numbers of minutes, such as 5, 10, 15, 60.")
        return None
    found: tuple[float, ...] = form.judged("retry_minutes", judges.minutes, values, "")
    return found


def _values(target: Target) -> dict[str, Any]:
    """What the fields show of a target."""
    return {
        "name": target.name, "for": target.for_kind, "way": target.way, "active": "1" if target.active else "", "url": target.url,
        "body": target.body, "verified": "1" if target.verify is not None else "", "verify": target.verify or "OK",
        "mail_to": "\n".join(target.mail_to), "own_schedule": "1" if target.retry_minutes is not None else "",
        "retry_minutes": ", ".join(f"{minute:g}" for minute in target.retry_minutes or ()), "retry_basis": target.retry_basis or "first",
        "concurrency": target.concurrency or "", "completions": "1" if target.completions else "",
        "only_keywords": "\n".join(target.only_keywords), "only_senders": "\n".join(target.only_senders),
        "only_text": "\n".join(target.only_text),
    }  # fmt: skip


async def _shown(visit: Visit, place: Place, target: Target | None, form: Form, status: int = 200) -> Response:
    one = (await shown(visit, [target]))[0] if target else None
    usual = visit.services.settings["retry_minutes"]
    return visit.page(
        "target.html", status=status, place=place, target=target, one=one, form=form, ways=WAYS, names=FOR_NAMES, placeholders=PLACEHOLDERS,
        usual=", ".join(f"{minute:g}" for minute in usual), most=MOST, sealing=visit.services.sealer.usable,
    )  # fmt: skip


def told(target: Target) -> Mapping[str, Any]:
    """A target for the audit log: the same words as in the set-up file, no secret."""
    names = [name for name in Target.__slots__ if name not in ("id", "account_id", "secret", "secret_before", "secret_before_until")]
    return {name: json.loads(json.dumps(getattr(target, name))) for name in names} | {"signed": target.secret is not None}


def _save(visit: Visit, target: Target, before: Target | None) -> Unit:
    """The id of the target."""
    yield Lock(["setup"])
    directory: Directory = yield from load()
    if before is not None:
        present = directory.targets.get(before.id)
        if present is None:
            raise NotOurs("somebody has removed this forward")
        # A secret is changed on its own, perhaps by somebody else at this moment.
        kept = {name: getattr(present, name) for name in ("secret", "secret_before", "secret_before_until") if name not in idle(target.way)}
        target = replace(target, **kept)
    yield from save_targets([target])
    directory = yield from load()
    levels = directory.levels.get((target.level, target.level_id), ())
    key = next(one.id for one in levels if (one.for_kind, one.name) == (target.for_kind, target.name))
    yield from visit.note("target.saved", f"target {key} {target.name}", told(before) if before else None, told(target))
    yield from bump("targets")
    return key


def _remove(visit: Visit, target: Target) -> Unit:
    yield Lock(["setup"])
    yield from remove_targets([target.id])
    yield from visit.note("target.removed", f"target {target.id} {target.name}", told(target), None)
    yield from bump("targets")


PAGES: Final = (
    Page("/targets/new", new, "owner", "target.new", BOTH),
    Page("/targets/{id:int}", edit, "member", "target", BOTH),
    Page("/targets/{id:int}/remove", remove, "owner", "target.remove", POST),
)
