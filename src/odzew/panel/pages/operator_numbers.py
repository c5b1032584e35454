"""The numbers that we serve: whose they are, for which service, with or without MMS."""

from __future__ import annotations

from typing import Any, Final, get_args

from starlette.responses import Response

from odzew.errors import NotOurs
from odzew.model import Keyword, Number, Service
from odzew.panel.forms import Form
from odzew.panel.page import BOTH, Page
from odzew.panel.visit import Visit
from odzew.panel.written import write_entry
from odzew.setup import judges

FIELDS: Final = ("address", "service", "account", "mms", "drop_blacklisted")
SERVICES: Final[dict[str, str]] = {
    "eco": "ECO: replies to what was sent", "nd": "ND: shared, told apart by keywords", "sc": "SC: short code, shared",
    "ndi": "NDI: one account's own", "sci": "SCI: short code, one account's own", "pr": "PR: Premium, shared",
    "pri": "PRI: Premium, one account's own",
}  # fmt: skip
assert set(SERVICES) == set(get_args(Service))


async def numbers(visit: Visit) -> Response:
    """The list."""
    listed = sorted(visit.directory.numbers.values(), key=lambda number: (number.service, number.address))
    counts = {key: len(keywords) for key, keywords in visit.directory.keywords.items()}
    return visit.page("operator/numbers.html", numbers=listed, counts=counts, accounts=visit.directory.accounts)


async def new(visit: Visit) -> Response:
    """Adds one."""
    if visit.request.method == "GET":
        return _form(visit, None, visit.fields({"service": "nd"}))
    form = visit.fields(await visit.form())
    values = _read(visit, form)
    values["address"] = form.text("address", required=True, most=30)
    address = form.judged("address", judges.phone, values["address"], visit.services.settings["country"])
    if address in visit.directory.numbers:
        form.fault("address", "There is such a number.")
    if await write_entry(visit, form, "number", values, FIELDS) is None:
        return _form(visit, None, form, 422)
    return visit.go("/operator/numbers", visit.t("The number %(number)s is there.", number=address))


async def edit(visit: Visit) -> Response:
    """Changes one; messages that came to it stay whose they are."""
    number = visit.directory.numbers_by_id.get(visit.path("id"))
    if number is None:
        raise NotOurs("there is no such number")
    if visit.request.method == "GET":
        owner = visit.directory.accounts.get(number.account_id or 0)
        first = {
            "service": number.service, "account": owner.name if owner else "", "mms": "1" if number.mms else "",
            "drop_blacklisted": "1" if number.drop_blacklisted else "",
        }  # fmt: skip
        return _form(visit, number, visit.fields(first))
    form = visit.fields(await visit.form())
    if await write_entry(visit, form, "number", _read(visit, form) | {"address": number.address}, FIELDS) is None:
        return _form(visit, number, form, 422)
    return visit.go("/operator/numbers", visit.t("Saved."))


def _read(visit: Visit, form: Form) -> dict[str, Any]:
    names = [account.name for account in visit.directory.accounts.values()]
    return {
        "service": form.choice("service", SERVICES), "account": form.choice("account", ("", *names)), "mms": form.flag("mms"),
        "drop_blacklisted": form.flag("drop_blacklisted"),
    }  # fmt: skip


def _form(visit: Visit, number: Number | None, form: Form, status: int = 200) -> Response:
    keywords: list[Keyword] = sorted(visit.directory.keywords.get(number.id, {}).values(), key=lambda one: one.word) if number else []
    named = sorted((account.name, account.company or account.name) for account in visit.directory.accounts.values())
    return visit.page(
        "operator/number.html", status=status, number=number, form=form, keywords=keywords, accounts=visit.directory.accounts,
        services=[(key, visit.t(text)) for key, text in SERVICES.items()], owners=[("", visit.t("nobody: shared")), *named],
    )  # fmt: skip


PAGES: Final = (
    Page("/operator/numbers", numbers, "operator", "operator.numbers"),
    Page("/operator/numbers/new", new, "operator", "operator.number.new", BOTH),
    Page("/operator/numbers/{id:int}", edit, "operator", "operator.number", BOTH),
)
