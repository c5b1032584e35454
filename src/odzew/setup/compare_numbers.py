"""Numbers and keywords of a document against those that are there."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from msgspec import UNSET

from odzew.errors import Sentence
from odzew.model import Keyword, Number
from odzew.setup.plan import Level, Plan, Shown, difference, given, shown_of
from odzew.setup.reading import did_you_mean, placed
from odzew.setup.tables import Document, KeywordTable, NumberTable
from odzew.store.directory import Directory
from odzew.wire import folding

OF_NUMBER: Final = ("mms", "drop_blacklisted")
OF_KEYWORD: Final = ("strip_keyword", "drop_blacklisted")


def compare_numbers(plan: Plan, directory: Directory, document: Document) -> tuple[list[Level], list[str]]:
    """Adds to `plan` what numbers and keywords change. Gives the levels that the document names, and the faults."""
    levels: list[Level] = []
    faults: list[str] = []
    for table in document.number:
        number = _number(plan, directory, table, faults)
        levels.append(Level("number", number.id, number.account_id, number.address, table.forward))
        if table.forward and number.account_id is None:
            sentence = Sentence("nobody's number has no forward: give it an account, or its keywords forwards")
            faults.append(placed(f"{table.place}.forward", sentence))
        for entry in table.keyword:
            keyword = _keyword(plan, directory, number, entry, faults)
            if keyword is not None:
                label = f"{number.address}/{keyword.word}"
                levels.append(Level("keyword", keyword.id, keyword.account_id, label, entry.forward))
    return levels, faults


def _number(plan: Plan, directory: Directory, table: NumberTable, faults: list[str]) -> Number:
    before = directory.numbers.get(table.address)
    after = replace(before or Number(plan.new_id(), table.address, table.service), service=table.service, **given(table, OF_NUMBER))
    if table.account is not UNSET:
        after = replace(after, account_id=_account(plan, table.account, f"{table.place}.account", faults) if table.account else None)
    if after != before:
        plan.numbers.append(after)
        names = ("service", *OF_NUMBER)
        told_before = _owned(plan, before.account_id, shown_of(before, names)) if before else None
        told = _owned(plan, after.account_id, shown_of(after, names))
        plan.changes.append(difference("number", after.address, told_before, told))
    return after


def _keyword(plan: Plan, directory: Directory, number: Number, table: KeywordTable, faults: list[str]) -> Keyword | None:
    words = folding.words(table.word)
    before = directory.keywords.get(number.id, {}).get(words)
    if table.account is not UNSET:
        owner = _account(plan, table.account, f"{table.place}.account", faults)
    else:
        owner = before.account_id if before else number.account_id
    if owner is None:
        if table.account is UNSET:
            faults.append(placed(f"{table.place}.account", Sentence("is missing: a keyword on a shared number belongs to an account")))
        return None
    new = Keyword(plan.new_id(), number.id, owner, table.word, words)
    after = replace(before or new, account_id=owner, word=table.word, **given(table, OF_KEYWORD))
    if after != before:
        plan.keywords.append(after)
        names = ("word", *OF_KEYWORD)
        told_before = _owned(plan, before.account_id, shown_of(before, names)) if before else None
        told = _owned(plan, after.account_id, shown_of(after, names))
        plan.changes.append(difference("keyword", f"{number.address}/{table.word}", told_before, told))
    return after


def _account(plan: Plan, name: str, place: str, faults: list[str]) -> int | None:
    key = plan.account_ids.get(name)
    if key is None:
        sentence = Sentence("there is no account %(typed)r%(near)s", typed=name, near=did_you_mean(name, plan.account_ids))
        faults.append(placed(place, sentence))
    return key


def _owned(plan: Plan, account: int | None, told: Shown) -> Shown:
    return {"account": "" if account is None else plan.account_names.get(account, ""), **told}
