"""The sources: how each is now, added, changed, switched off. Secrets written here are sealed with the installation's key."""

from __future__ import annotations

import re
import secrets
from typing import Any, Final

from starlette.responses import Response

from odzew.errors import NotOurs
from odzew.model import Source
from odzew.panel.forms import Form
from odzew.panel.page import BOTH, Page
from odzew.panel.source_fields import OPTIONS, PROTOCOLS, SHARED, WITH_PASSWORD, WITH_TOKEN, read_options, typed_of
from odzew.panel.visit import Visit
from odzew.panel.ways_in import ways_in
from odzew.panel.written import Mend, write_entry
from odzew.setup import judges
from odzew.setup.reading import ENV
from odzew.setup.tables import Document

LONGEST_SMPP: Final = 64  # characters of a password that go into a bind
_VARIABLE: Final = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]{0,127}")


async def sources(visit: Visit) -> Response:
    """All of them, live."""
    template = "operator/sources_live.html" if visit.partial else "operator/sources.html"
    return visit.page(template, ways=await ways_in(visit), now=visit.services.clock.now(), protocols=PROTOCOLS)


async def new(visit: Visit) -> Response:
    """Adds one; its protocol is chosen first, and stands in the address."""
    protocol = visit.query.get("protocol", "")
    if protocol not in PROTOCOLS:
        return visit.page("operator/source_new.html", protocols=[(key, visit.t(text)) for key, text in PROTOCOLS.items()])
    if visit.request.method == "GET":
        first = {field.name: field.default for field in OPTIONS[protocol]} | {"active": "1"}
        return _form(visit, None, protocol, visit.fields(first))
    form = visit.fields(await visit.form())
    name = form.judged("name", judges.source_name, form.text("name", required=True, most=64), "")
    if name in visit.directory.sources:
        form.fault("name", "There is a source of this name.")
    return await _saved(visit, form, None, protocol, name)


async def edit(visit: Visit) -> Response:
    """Changes one."""
    source = visit.directory.sources_by_id.get(visit.path("id"))
    if source is None or source.protocol not in PROTOCOLS:
        raise NotOurs("there is no such source")
    if visit.request.method == "GET":
        return _form(visit, source, source.protocol, visit.fields(typed_of(source)))
    return await _saved(visit, visit.fields(await visit.form()), source, source.protocol, source.name)


async def _saved(visit: Visit, form: Form, source: Source | None, protocol: str, name: str) -> Response:
    values: dict[str, Any] = {
        "name": name, "protocol": protocol, "allow_from": list(form.lines("allow_from")), "trust_time": form.flag("trust_time"),
        "active": form.flag("active"), **read_options(form, protocol, source),
    }  # fmt: skip
    token = _token(form, source) if protocol in WITH_TOKEN else ""
    if token:
        values["token"] = token
    mend = _password(visit, form, source) if protocol in WITH_PASSWORD else None
    fields = (*SHARED, *(field.name for field in OPTIONS[protocol]))
    if await write_entry(visit, form, "source", values, fields, mend) is None:
        return _form(visit, source, protocol, form, 422)
    if token and not form.typed("token"):
        return visit.page("operator/source_token.html", name=name, protocol=protocol, token=token)
    return visit.go("/operator/sources", visit.t("Saved."))


def _token(form: Form, source: Source | None) -> str:
    """What is to be its token: as typed, or a new one where it has none or one is asked for; '': it stays."""
    typed = form.text("token", most=256)
    if typed.startswith(ENV):
        form.fault("token", "Type the token itself: only its hash is kept.")
    if typed:
        return typed
    return secrets.token_hex(16) if form.flag("make") or source is None or source.token_sha256 is None else ""


def _password(visit: Visit, form: Form, source: Source | None) -> Mend | None:
    """What writes the password into the document: a reference to the environment as typed, anything else sealed; None: it stays."""
    typed = form.typed("password")
    if not typed:
        return None
    if typed.startswith(ENV):
        if not _VARIABLE.fullmatch(typed):
            form.fault("password", "This does not name a variable of the environment.")
        elif typed.removeprefix(ENV) not in visit.services.environment:
            form.fault("password", "The environment of the service has no such variable.")
        kept = typed
    else:
        form.judged("password", judges.password, typed, "")
        if len(typed) > LONGEST_SMPP or not typed.isprintable():
            form.fault("password", "A password has at most %(most)d characters in one line.", most=LONGEST_SMPP)
        if not visit.services.sealer.usable:
            form.fault("password", "To keep a password, ODZEW_KEY must be set where the service runs. Or write env:NAME.")
        kept = typed if form.errors else visit.services.sealer.seal(typed)

    def mend(document: Document) -> None:
        document.source[0].password = kept  # type: ignore[attr-defined]  # the tables of both protocols have it

    return mend


def _form(visit: Visit, source: Source | None, protocol: str, form: Form, status: int = 200) -> Response:
    rare = [field for field in OPTIONS[protocol] if field.rare]
    return visit.page(
        "operator/source.html", status=status, source=source, protocol=protocol, form=form, about=PROTOCOLS[protocol],
        common=[field for field in OPTIONS[protocol] if not field.rare], rare=rare, with_token=protocol in WITH_TOKEN,
        rare_open=any(field.name in form.errors for field in rare), with_password=protocol in WITH_PASSWORD,
        has_password=bool(source and source.options.get("password")), has_token=bool(source and source.token_sha256),
        reference=_reference(source), pairs_of=lambda words: [(word, word) for word in words],
    )  # fmt: skip


def _reference(source: Source | None) -> str:
    """The variable that the password refers to; '' for none. The password itself is never shown."""
    kept = str(source.options.get("password", "")) if source else ""
    return kept if _VARIABLE.fullmatch(kept) else ""


PAGES: Final = (
    Page("/operator/sources", sources, "operator", "operator.sources"),
    Page("/operator/sources/new", new, "operator", "operator.source.new", BOTH),
    Page("/operator/sources/{id:int}", edit, "operator", "operator.source", BOTH),
)
