"""Which rule takes a text: what would happen to a message, without sending one."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from odzew.errors import NumberError
from odzew.inbox.classify import Case, classify, needs_answer
from odzew.inbox.owe import level_of, wants
from odzew.inbox.withhold import drops
from odzew.model import KIND_OF_SERVICE, Message
from odzew.panel.page import Page
from odzew.panel.visit import Visit
from odzew.store import blacklist
from odzew.wire import msisdn

SENDER: Final = "+48500600700"


async def rule(visit: Visit) -> Response:
    """The form, and the verdict where it was sent. Of other accounts only that the message is not the visitor's."""
    form = visit.fields(dict(visit.query))
    if "text" not in visit.query:
        return visit.page("rule.html", form=form, verdict=None, numbers=_numbers(visit))
    recipient = form.choice("to", [value for value, _ in _numbers(visit)])
    sender, text = form.text("from", most=60) or SENDER, form.text("text", most=2_000)
    mms = form.flag("mms")
    try:
        sender = msisdn.filter_value(sender, visit.services.settings["country"])
    except NumberError:
        form.fault("from", "This is not a telephone number.")
    if not form.valid:
        return visit.page("rule.html", status=422, form=form, verdict=None, numbers=_numbers(visit))
    case = Case(recipient, (text,), mms)
    claim = classify(case, visit.directory)
    account = visit.account.id
    message = Message(
        0, claim.kind, claim.account_id, sender, recipient, text, visit.services.clock.now(), claim.number.id if claim.number else None,
        claim.keyword.id if claim.keyword else None, claim.keyword.word if claim.keyword else "",
    )  # fmt: skip
    mine = claim.account_id == account
    level = level_of(message, visit.directory) if mine else []
    withheld = mine and drops(message, visit.directory) and await visit.db.read(blacklist.holds, account, sender)
    verdict = {
        "mine": mine, "withheld": withheld, "nobody": claim.account_id is None, "rule": claim.rule, "kind": claim.kind,
        "reply": needs_answer(case, visit.directory), "keyword": claim.keyword,
        "targets": [(target, target.active and wants(target, message)) for target in level],
    }  # fmt: skip
    return visit.page("rule.html", form=form, verdict=verdict, numbers=_numbers(visit))


def _numbers(visit: Visit) -> list[tuple[str, str]]:
    """Numbers that the account may use."""
    found = [number for number in visit.directory.numbers_by_id.values() if number.account_id in (None, visit.account.id)]
    found.sort(key=lambda number: number.address)
    return [(number.address, f"{number.address} ({KIND_OF_SERVICE[number.service]})") for number in found]


PAGES: Final = (Page("/rule", rule, "member", "rule"),)
