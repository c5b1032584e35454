"""The audit log: every act has words in every language, and who may not see telephone numbers sees none there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from odzew.panel.acts import ACTS, SUBJECTS, THINGS, WHOLE, shown, thing
from odzew.panel.words import LANGUAGES, Words
from odzew.panel.written import ACTIONS
from odzew.store import audit
from tests.panel.house import MASKED, MEMBER, OPERATOR, OTHER, OWNER, House
from tests.panel.texts import PANEL, PROGRAM

WRITERS: Final = {"note": 0, "add": 3, "add_audit": 3}
"""Calls that write an act, and which of their arguments it is."""
ACT: Final = re.compile(r"[a-z]+(?:\.[a-z_]+)?").fullmatch
MADE_FROM_CHANGES: Final = "written.py"
PASSED_ON: Final = "visit.py"


def written(source: str) -> Iterator[str]:
    """Every act that a source can write down; '?' for one that cannot be read there."""
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and _name(call) in WRITERS and len(call.args) > WRITERS[_name(call)] and _is_audit(call):
            yield from _acts(call.args[WRITERS[_name(call)]])


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""


def _is_audit(call: ast.Call) -> bool:
    """`add` and `note` are words of much else: the log's are `audit.add`, imported or not, and a visit's `note`."""
    if _name(call) != "add":
        return _name(call) != "note" or isinstance(call.func, ast.Attribute)
    owner = call.func.value.id if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) else "audit"
    return owner == "audit"


def _acts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from _acts(node.body)
        yield from _acts(node.orelse)
    else:
        yield node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) and ACT(node.value) else "?"


def of_changes() -> Iterator[str]:
    """The acts that `written.note_changes` makes of a kind of thing and what became of it."""
    for path in sorted((PANEL.parent / "setup").glob("compare*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
                kind = str(call.args[0].value)
                if _name(call) == "difference":
                    yield from (f"{kind}.{ACTIONS[action]}" for action in ("create", "update"))
                elif _name(call) == "Change":
                    yield f"{kind}.{ACTIONS[ast.literal_eval(call.args[2])]}"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('yield from visit.note("target.saved", "target 1")', ["target.saved"]),
        ('yield from visit.note("a.on" if on else "a.off")', ["a.on", "a.off"]),
        ('yield from audit.add(None, who, address, "account.looked_at")', ["account.looked_at"]),
        ('yield from add(None, who, address, "x.y", "thing")', ["x.y"]),
        ("yield from visit.note(action)", ["?"]),
        ("note(attempt, answer)", []),
        ("yield from contacts.add(1, phone, texts, (), folding)", []),
        ("seen.add(1)", []),
    ],
)
def test_acts_are_found_in_a_source(source: str, found: list[str]) -> None:
    assert list(written(source)) == found


def test_every_act_that_the_code_writes_has_words_and_no_words_are_left_over() -> None:
    found = {(act, path.name) for path in PROGRAM for act in written(path.read_text("utf-8"))}
    assert {name for act, name in found if act == "?"} == {MADE_FROM_CHANGES, PASSED_ON}
    acts = {act for act, _ in found if act != "?"} | set(of_changes())
    assert len(acts) > 30, "the sources are read"
    assert acts == set(ACTS)


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_acts_subjects_and_things_are_translated(language: str) -> None:
    texts = Words().translation(language).texts
    assert not [text for table in (ACTS, SUBJECTS, THINGS, WHOLE) for text in table.values() if text not in texts]


@pytest.mark.parametrize("act", ACTS)
def test_each_act_is_found_by_its_subject_alone(act: str) -> None:
    assert len([subject for subject in SUBJECTS if act.startswith(subject)]) == 1


OBJECTS = [
    ("target 12 crm", "forward 12 crm", "przekazywanie 12 crm"),
    ("user anna@acme.example", "user anna@acme.example", "użytkownik anna@acme.example"),
    ("3 numbers", "3 numbers", "3 numery"),
    ("1 numbers", "1 number", "1 numer"),
    ("deliveries of a filter", "all deliveries that a filter found", "wszystkie doręczenia znalezione filtrem"),
    ("+48500600700", "+48500600700", "+48500600700"),
    ("user", "user", "user"),
    ("something else", "something else", "something else"),
    ("", "", ""),
]


@pytest.mark.parametrize(("text", "english", "polish"), OBJECTS)
def test_what_was_changed_is_said_in_words(text: str, english: str, polish: str) -> None:
    words = Words()

    def say(language: str) -> str:
        return thing(lambda one: words.of(language, one), lambda one, many, n: words.counted(language, one, many, n), text)

    assert (say("en"), say("pl")) == (english, polish)


VALUES: list[tuple[Any, Any]] = [
    ("+48500600700", "+48500***700"),
    ("from +48500600700 and +48500600701", "from +48500***700 and +48500***701"),
    (["+48500600700", 5, None], ["+48500***700", 5, None]),
    ({"+48500600700": {"phone": "+48500600701"}}, {"+48500***700": {"phone": "+48500***701"}}),
    ("delivery 48500600700", "delivery 48500600700"),
    (True, True),
]


@pytest.mark.parametrize(("value", "masked"), VALUES)
def test_a_telephone_number_is_masked_wherever_it_stands(value: Any, masked: Any) -> None:
    assert (shown(value, True), shown(value, False)) == (value, masked)


async def test_the_audit_log_is_filtered(house: House) -> None:
    anna = await house.browse(OWNER)
    await anna.post("/account", {"name": "Anna", "language": "en"})
    await anna.post("/groups", {"name": "klienci"})
    group, user = "Added a group group", "Changed a user user anna@acme.example"
    seen = await anna.get("/account/audit")
    assert (group in seen.shown, user in seen.shown) == (True, True)
    seen = await anna.get("/account/audit?about=group")
    assert (group in seen.shown, user in seen.shown) == (True, False)
    assert group not in (await anna.get(f"/account/audit?who={MEMBER}")).shown
    assert (await anna.get("/account/audit?about=x&before=y&who=%00")).status == 200
    bob = await house.browse(OTHER)
    assert group not in (await bob.get("/account/audit")).shown


async def test_it_is_told_in_polish_and_an_act_without_words_by_its_name(house: House) -> None:
    bob = await house.enter(OTHER)
    await bob.post("/groups", {"name": "klienci"})
    await house.server.db.write(audit.add, house.account_id("globex"), OTHER, "::1", "future.<b>", "thing <b>")
    seen = await bob.get("/account/audit")
    assert ("Dodano grupę grupa" in seen.shown, "future.<b>" in seen.shown, "<b>" in seen.text) == (True, True, False)
    ops = await house.enter(OPERATOR)
    assert "Added a group group" in (await ops.get("/operator/audit?about=group")).shown


async def test_an_owner_who_may_not_see_numbers_sees_none_in_the_log(house: House) -> None:
    anna = await house.enter(OWNER)
    await anna.post("/blacklist", {"phones": "+48500600700"})
    ewa = house.server.present.directory.users[MASKED]
    seen = await anna.get("/account/audit")
    assert "+48500600700" in seen.shown
    assert (await anna.post(f"/account/users/{ewa.id}", {"role": ["panel", "owner"]})).status == 303
    seen = await (await house.browse(MASKED)).get("/account/audit")
    assert (seen.status, "+48500***700" in seen.shown, "500600700" in seen.text) == (200, True, False)
