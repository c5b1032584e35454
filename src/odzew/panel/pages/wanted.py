"""The filters of the inbox: what a visitor asks to see, as the lists and the exports take it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from odzew.errors import NotOurs, NumberError
from odzew.panel.forms import Form
from odzew.panel.visit import Visit
from odzew.store import contact_list, contacts
from odzew.store.contact_list import ContactFilter
from odzew.store.inbox_lines import Wanted
from odzew.wire import folding, msisdn

INCOMPLETE: Final = "incomplete"
TITLES: Final = {
    "": "All messages", "eco": "ECO replies", "nd": "ND/SC", "ndi": "NDI/SCI", "pre": "Premium", "mms": "MMS", INCOMPLETE: "Incomplete",
}  # fmt: skip
FILTERS: Final = ("q", "contact", "sender", "number", "keyword", "from", "to", "unseen")
MOST_DIGITS: Final = 2  # of a searched word that who may not see numbers may have, for numbers are searched too
SUGGESTED: Final = 6  # contacts
_ROW: Final = {name: place for place, name in enumerate(contacts.ROW)}


@dataclass(slots=True, frozen=True)
class Person:
    """A contact that is looked for."""

    id: int
    phone: str
    name: str


def kind_of(visit: Visit, kind: str) -> str:
    """A kind of list. NotOurs if there is none of this name."""
    if kind not in TITLES:
        raise NotOurs("there is no such kind of message")
    return kind


async def read_wanted(visit: Visit, form: Form, kind: str) -> Wanted:
    """What a filter asks for; its faults are noted in the form."""
    wanted = Wanted(
        visit.account.id,
        kinds=() if kind in ("", INCOMPLETE) else (kind,),
        incomplete=kind == INCOMPLETE,
        unseen=form.flag("unseen"),
        since=form.day("from", visit.zone),
        until=form.day("to", visit.zone, 1),
        words=_words(visit, form),
        sender=_sender(visit, form),
    )
    if person := await chosen(visit):
        wanted = replace(wanted, sender=person.phone)
    if number := form.whole("number"):
        wanted = replace(wanted, number_id=number)
    if keyword := form.whole("keyword"):
        wanted = replace(wanted, keyword_id=keyword)
    return wanted


def kept_filters(visit: Visit) -> dict[str, str]:
    """The filters of the page, for its links."""
    return {name: value for name in FILTERS if (value := visit.query.get(name, ""))}


async def chosen(visit: Visit) -> Person | None:
    """The contact that the filter names; NotOurs if it is not the account's."""
    typed = visit.query.get("contact", "")
    if not typed:
        return None
    found = await _people(visit, [int(typed)] if typed.isascii() and typed.isdecimal() and len(typed) < 19 else [])
    if not found:
        raise NotOurs("there is no such contact")
    return found[0]


async def meant(visit: Visit, words: str) -> list[Person]:
    """Contacts whose names have the words that are searched for: the first few."""
    folded = [word for word in folding.words(words) if visit.sees_numbers or not any(map(str.isdigit, word))]
    if not folded:
        return []
    wanted = ContactFilter(visit.account.id, tuple(folded), sort="last_name")
    found: list[tuple[Any, int]] = await visit.db.read(contact_list.window, wanted, SUGGESTED)
    return await _people(visit, [key for _, key in found])


def name_of(contact: dict[str, Any] | None) -> str:
    """How a contact is called: its name, else its company, else ''."""
    if contact is None:
        return ""
    return " ".join(filter(None, (contact["first_name"], contact["last_name"]))) or contact["company"] or ""


def numbers_of(visit: Visit) -> list[tuple[str, str]]:
    """Numbers that messages of the account may have come to: its own, and those with keywords of its own."""
    directory, account = visit.directory, visit.account.id
    shared = {keyword.number_id for keyword in directory.keywords_by_id.values() if keyword.account_id == account}
    found = [number for number in directory.numbers_by_id.values() if number.account_id == account or number.id in shared]
    return [(str(number.id), number.address) for number in sorted(found, key=lambda number: number.address)]


def keywords_of(visit: Visit) -> list[tuple[str, str]]:
    """The account's keywords."""
    mine = [keyword for keyword in visit.directory.keywords_by_id.values() if keyword.account_id == visit.account.id]
    return [(str(keyword.id), keyword.word) for keyword in sorted(mine, key=lambda keyword: keyword.word)]


async def _people(visit: Visit, ids: list[int]) -> list[Person]:
    rows = await visit.db.read(contacts.rows_of, visit.account.id, ids) if ids else []
    named = [(row, {name: row[place] for name, place in _ROW.items()}) for row, _ in rows]
    return [Person(row[_ROW["id"]], row[_ROW["phone"]], name_of(values)) for row, values in named]


def _words(visit: Visit, form: Form) -> str:
    words = form.text("q", most=200)
    if not visit.sees_numbers and any(sum(map(str.isdigit, word)) > MOST_DIGITS for word in words.split()):
        form.fault("q", "You may not search for numbers.")
        return ""
    return words


def _sender(visit: Visit, form: Form) -> str | None:
    """The one spelling of a sender that was typed."""
    typed = form.text("sender", most=msisdn.LONGEST)
    if not typed:
        return None
    if not visit.sees_numbers:
        form.fault("sender", "You may not search for numbers.")
        return None
    try:
        return msisdn.filter_value(typed, visit.services.settings["country"])
    except NumberError:
        form.fault("sender", "This is not a telephone number.")
        return None
