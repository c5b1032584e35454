"""The numbers of a service with the account's keywords on them: reserved, changed, given back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.responses import Response

from odzew.errors import NotOurs
from odzew.model import KIND_OF_SERVICE, Keyword, Number, Target
from odzew.panel.forms import Form
from odzew.panel.page import BOTH, POST, Page
from odzew.panel.visit import Visit
from odzew.setup import judges
from odzew.setup.compare_numbers import OF_KEYWORD
from odzew.store.changes import bump
from odzew.store.db import Lock, Unit
from odzew.store.directory import Directory, load
from odzew.store.numbers import remove_keyword, save_keywords, save_numbers
from odzew.store.targets import remove_targets
from odzew.wire import folding

TITLES: Final = {"nd": "Numbers ND/SC", "ndi": "Numbers NDI/SCI", "pre": "Premium numbers"}


@dataclass(slots=True, frozen=True)
class Shown:
    """A number with the account's keywords on it, and where each forwards to. `own`: the number is the account's."""

    number: Number
    own: bool
    targets: tuple[Target, ...]
    keywords: list[tuple[Keyword, tuple[Target, ...]]]


async def numbers(visit: Visit) -> Response:
    """The numbers of one service that the account may use: its own, and shared ones that keywords are reserved on."""
    service = _service(visit)
    directory, account = visit.directory, visit.account.id
    found = []
    for number in sorted(directory.numbers_by_id.values(), key=lambda number: number.address):
        if KIND_OF_SERVICE[number.service] != service or number.account_id not in (None, account):
            continue
        mine = [keyword for keyword in directory.keywords.get(number.id, {}).values() if keyword.account_id == account]
        keywords = [(keyword, _of(directory, "keyword", keyword.id)) for keyword in sorted(mine, key=lambda keyword: keyword.word)]
        own = tuple(target for target in _of(directory, "number", number.id) if target.account_id == account)
        found.append(Shown(number, number.account_id == account, own, keywords))
    return visit.page("numbers.html", service=service, title=TITLES[service], numbers=found)


async def new(visit: Visit) -> Response:
    """Reserves a word on a number."""
    number = _number(visit)
    if visit.request.method == "GET":
        return _form(visit, number, None, visit.fields())
    form = visit.fields(await visit.form())
    keyword = _read(visit, form, number, None)
    if keyword is None:
        return _form(visit, number, None, form, 422)
    taken = await visit.db.write(_reserve, visit, keyword, None)
    if taken:
        form.fault("word", "This word is taken on this number.")
        return _form(visit, number, None, form, 422)
    await visit.services.refresh()
    return visit.go(f"/numbers/{KIND_OF_SERVICE[number.service]}", visit.t("The keyword %(word)s is yours.", word=keyword.word))


async def edit(visit: Visit) -> Response:
    """Changes the spelling or the options of a keyword; another word is another keyword."""
    keyword = _keyword(visit)
    number = visit.directory.numbers_by_id[keyword.number_id]
    if visit.request.method == "GET":
        values = {"word": keyword.word} | {name: "1" if getattr(keyword, name) else "" for name in OF_KEYWORD}
        return _form(visit, number, keyword, visit.fields(values))
    form = visit.fields(await visit.form())
    changed = _read(visit, form, number, keyword)
    if changed is not None and changed.words != keyword.words:
        form.fault("word", "This would be another keyword: reserve it anew. Only the spelling can change.")
    if changed is None or not form.valid:
        return _form(visit, number, keyword, form, 422)
    await visit.db.write(_reserve, visit, changed, keyword)
    await visit.services.refresh()
    return visit.go(f"/numbers/{KIND_OF_SERVICE[number.service]}", visit.t("Saved."))


async def remove(visit: Visit) -> Response:
    """Gives a keyword back, with its forwards. Its messages stay."""
    keyword = _keyword(visit)
    number = visit.directory.numbers_by_id[keyword.number_id]
    await visit.db.write(_give_back, visit, keyword)
    await visit.services.refresh()
    return visit.go(f"/numbers/{KIND_OF_SERVICE[number.service]}", visit.t("The keyword %(word)s is free again.", word=keyword.word))


async def options(visit: Visit) -> Response:
    """What becomes of messages to a number of the account's own that match no keyword."""
    number = _number(visit)
    if number.account_id != visit.account.id:
        raise NotOurs("there is no such number")
    service = KIND_OF_SERVICE[number.service]
    if visit.request.method == "GET":
        form = visit.fields({"drop_blacklisted": "1" if number.drop_blacklisted else ""})
        return visit.page("number.html", number=number, form=form, service=service, title=TITLES[service])
    form = visit.fields(await visit.form())
    await visit.db.write(_set, visit, number.address, form.flag("drop_blacklisted"))
    await visit.services.refresh()
    return visit.go(f"/numbers/{service}", visit.t("Saved."))


def _set(visit: Visit, address: str, drop: bool) -> Unit:
    """Changes the number as it is now, if it still is the account's."""
    yield Lock(["setup"])
    directory: Directory = yield from load()
    number = directory.numbers.get(address)
    if number is None or number.account_id != visit.account.id:
        raise NotOurs("there is no such number")
    yield from save_numbers([replace(number, drop_blacklisted=drop)])
    before, after = {"drop blacklisted": number.drop_blacklisted}, {"drop blacklisted": drop}
    yield from visit.note("number.saved", f"number {address}", before, after)
    yield from bump("directory")


def _read(visit: Visit, form: Form, number: Number, before: Keyword | None) -> Keyword | None:
    word = form.judged("word", judges.keyword, form.text("word", required=True, most=160), "")
    if not form.valid:
        return None
    words = folding.words(word)
    known = visit.directory.keywords.get(number.id, {}).get(words)
    if known is not None and (before is None or known.id != before.id):
        form.fault("word", "This word is yours already." if known.account_id == visit.account.id else "This word is taken on this number.")
        return None
    return Keyword(before.id if before else 0, number.id, visit.account.id, word, words, **{name: form.flag(name) for name in OF_KEYWORD})


def _reserve(visit: Visit, keyword: Keyword, before: Keyword | None) -> Unit:
    """Whether somebody else was quicker; nothing is then written."""
    yield Lock(["setup"])
    directory: Directory = yield from load()
    known = directory.keywords.get(keyword.number_id, {}).get(keyword.words)
    if known is not None and known.account_id != keyword.account_id:
        return True
    yield from save_keywords([keyword])
    yield from visit.note("keyword.saved", f"keyword {keyword.word}", _told(before) if before else None, _told(keyword))
    yield from bump("directory")
    return False


def _told(keyword: Keyword) -> dict[str, Any]:
    """A keyword as the audit log has it."""
    return {"word": keyword.word, "leave out": keyword.strip_keyword, "drop blacklisted": keyword.drop_blacklisted}


def _give_back(visit: Visit, keyword: Keyword) -> Unit:
    yield Lock(["setup"])
    directory: Directory = yield from load()
    targets = _of(directory, "keyword", keyword.id)
    yield from remove_targets([target.id for target in targets])
    yield from remove_keyword(keyword.id, visit.account.id)
    yield from visit.note("keyword.removed", f"keyword {keyword.word}", {"forwards": [target.name for target in targets]}, None)
    yield from bump("directory", "targets")


def _of(directory: Directory, level: str, key: int) -> tuple[Target, ...]:
    return directory.levels.get((level, key), ())


def _service(visit: Visit) -> str:
    service: str = visit.path("service")
    if service not in TITLES:
        raise NotOurs("there is no such service")
    return service


def _number(visit: Visit) -> Number:
    """A number that the account may reserve keywords on."""
    number = visit.directory.numbers_by_id.get(visit.path("id"))
    if number is None or number.account_id not in (None, visit.account.id) or number.service == "eco":
        raise NotOurs("there is no such number")
    return number


def _keyword(visit: Visit) -> Keyword:
    keyword = visit.directory.keywords_by_id.get(visit.path("id"))
    if keyword is None or keyword.account_id != visit.account.id:
        raise NotOurs("there is no such keyword")
    return keyword


def _form(visit: Visit, number: Number, keyword: Keyword | None, form: Form, status: int = 200) -> Response:
    service = KIND_OF_SERVICE[number.service]
    return visit.page("keyword.html", status=status, number=number, keyword=keyword, form=form, service=service, title=TITLES[service])


PAGES: Final = (
    Page("/numbers/{service}", numbers, "member", "numbers"),
    Page("/numbers/number/{id:int}", options, "owner", "number", BOTH),
    Page("/numbers/number/{id:int}/keyword", new, "owner", "keyword.new", BOTH),
    Page("/numbers/keyword/{id:int}", edit, "owner", "keyword", BOTH),
    Page("/numbers/keyword/{id:int}/remove", remove, "owner", "keyword.remove", POST),
)
