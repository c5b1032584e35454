"""The operator's overview, accounts and numbers."""

from __future__ import annotations

import json

import pytest

from odzew.store import audit, delivery_list
from odzew.store.inbox_lines import EVERYBODY
from tests.panel.house import HOSTILE, MEMBER, OPERATOR, OTHER, OWNER, PASSWORD, House, Person

PAGES = ["", "/accounts", "/accounts/new", "/numbers", "/numbers/new", "/sources", "/sources/new", "/unclaimed", "/sent", "/limits"]
PAGES += ["/settings", "/drift", "/audit"]
ACCOUNT = {"time_zone": "Europe/Warsaw", "language": "pl", "active": "1", "reply_window_days": "7"}


@pytest.fixture
async def ops(house: House) -> Person:
    return await house.browse(OPERATOR)


@pytest.mark.parametrize("login", [OWNER, MEMBER, OTHER])
async def test_pages_are_for_operators_alone(house: House, login: str) -> None:
    person = await house.browse(login)
    assert {(await person.get(f"/operator{path}")).status for path in PAGES} == {403}
    assert (await person.post(f"/operator/look/{house.account_id('globex')}")).status == 403


async def test_every_page_opens_in_both_languages(house: House, ops: Person) -> None:
    for language in ("en", "pl"):
        await ops.post("/language", {"language": language})
        assert {path: (await ops.get(f"/operator{path}")).status for path in PAGES} == dict.fromkeys(PAGES, 200)
    live = [await ops.get(f"/operator{path}", hx_request="true") for path in ("", "/sources", "/limits")]
    assert all(seen.status == 200 and "<html" not in seen.text for seen in live)


async def test_the_overview_counts_everybodys_messages(full_house: House) -> None:
    ops = await full_house.browse(OPERATOR)
    seen = await ops.get("/operator")
    assert "Received today 20 by all accounts" in seen.shown
    assert "Unclaimed, not seen 1" in seen.shown
    assert "push ready" in seen.shown


async def test_an_account_is_added_with_its_first_user_who_can_log_in(house: House, ops: Person) -> None:
    first = {"name": "initech", "company": "Initech", "login": "peter@initech.example", "password": PASSWORD}
    done = await ops.post("/operator/accounts/new", ACCOUNT | first | {"forward_allow": "10.1.2.0/24\n127.0.0.1:8080", "per_second": "2,5"})
    assert done.location == "/operator/accounts", done.shown
    assert "The account initech is there." in (await ops.follow(done)).shown
    account = house.server.present.directory.account_named("initech")
    assert (account.company, account.language, account.forward_allow) == ("Initech", "pl", ("10.1.2.0/24", "127.0.0.1:8080"))
    assert (account.per_second, account.active) == (2.5, True)
    peter = await house.browse("peter@initech.example")
    assert (await peter.get("/account/users")).status == 200


FAULTS = [
    ("name", " ", "Please fill this in."),
    ("name", "acme", "There is an account of this name."),
    ("name", "two\tlines", "must have 1 to 64 characters"),
    ("time_zone", "Europe/Warszawa", "did you mean"),
    ("allow_from", "10.1.2.3/8", "did you mean"),
    ("forward_allow", "everything", "is no address and no network"),
    ("alarm_to", "nobody", "nobody"),
    ("per_second", "many", "This is not a number."),
    ("per_second", "-1", "must be from 0.01 to 10000"),
    ("reply_window_days", "0", "must be from 0.01 to 366"),
    ("company", "env:ODZEW_KEY", "ODZEW_KEY is not set"),
    ("login", OWNER, "belongs to another account"),
    ("language", "xx", "Please choose one of the list."),
]


@pytest.mark.parametrize(("field", "typed", "said"), FAULTS)
async def test_a_fault_is_told_beside_its_field_and_nothing_is_kept(house: House, ops: Person, field: str, typed: str, said: str) -> None:
    fields = ACCOUNT | {"name": "initech", "company": "Kept & typed", "password": PASSWORD, field: typed}
    seen = await ops.post("/operator/accounts/new", fields)
    assert seen.status == 422
    assert said in seen.shown
    assert f'id="e-{field}"' in seen.text
    if field != "company":
        assert 'value="Kept &amp; typed"' in seen.text
    assert "initech" not in {account.name for account in house.server.present.directory.accounts.values()}


async def test_an_account_is_changed_and_the_change_is_written_down(house: House, ops: Person) -> None:
    path = f"/operator/accounts/{house.account_id()}"
    assert "127.0.0.0/8" in (await ops.get(path)).text
    done = await ops.post(path, ACCOUNT | {"company": "Acme S.A.", "forward_allow": "", "allow_from": "127.0.0.0/8"})
    assert done.location == "/operator/accounts", done.shown
    account = house.server.present.directory.account_named("acme")
    assert (account.company, account.forward_allow, account.allow_from) == ("Acme S.A.", (), ("127.0.0.0/8",))
    entries, _ = await house.server.db.read(audit.page, account.id)
    assert (entries[0].action, entries[0].who, entries[0].object) == ("account.saved", OPERATOR, "account acme")
    assert json.loads(entries[0].detail)["after"]["company"] == "Acme S.A."
    assert (await ops.get("/operator/accounts/999")).status == 404
    assert (await ops.post("/operator/accounts/999", ACCOUNT)).status == 404


async def test_an_account_that_is_not_active_lets_nobody_in(house: House, ops: Person) -> None:
    anna = await house.browse(OWNER)
    assert (await anna.get("/inbox")).status == 200
    await ops.post(f"/operator/accounts/{house.account_id()}", ACCOUNT | {"active": ""})
    assert (await anna.get("/inbox")).status == 303
    assert "not active" in (await ops.get("/operator/accounts")).shown


async def test_an_operator_looks_at_an_account_as_its_owner_and_leaves(house: House, ops: Person) -> None:
    await ops.post("/language", {"language": "en"})  # the account's own is Polish
    assert (await ops.get("/account/users")).location == "/operator/accounts"
    done = await ops.post(f"/operator/look/{house.account_id('globex')}")
    assert done.location == "/"
    seen = await ops.get("/account/users")
    assert OTHER in seen.shown
    assert "You look at Globex S.A." in seen.shown
    entries, _ = await house.server.db.read(audit.page, EVERYBODY)
    assert entries[0].action == "account.looked_at"
    assert (await ops.post("/operator/leave")).location == "/operator"
    assert (await ops.get("/account/users")).location == "/operator/accounts"
    assert (await ops.post("/operator/look/999")).status == 404


async def test_a_delivery_is_opened_after_a_question(full_house: House) -> None:
    ops = await full_house.browse(OPERATOR)
    rows, _ = await full_house.server.db.read(delivery_list.page, delivery_list.Wanted(), None, 1)
    path = f"/operator/look/delivery/{rows[0].id}"
    assert "It belongs to this account:" in (await ops.get(path)).shown
    assert (await ops.get(f"/deliveries/{rows[0].id}")).location == "/operator/accounts", "to ask changed nothing"
    done = await ops.post(path)
    assert done.location == f"/deliveries/{rows[0].id}"
    assert (await ops.follow(done)).status == 200
    assert (await ops.get("/operator/look/delivery/999999")).status == 404


async def test_a_number_is_added_given_and_changed(house: House, ops: Person) -> None:
    done = await ops.post("/operator/numbers/new", {"address": "661 000 111", "service": "ndi", "account": "globex", "mms": "1"})
    assert done.location == "/operator/numbers", done.shown
    number = house.server.present.directory.numbers["+48661000111"]
    assert (number.service, number.account_id, number.mms) == ("ndi", house.account_id("globex"), True)
    assert "Globex S.A." in (await ops.get("/operator/numbers")).shown
    done = await ops.post(f"/operator/numbers/{number.id}", {"service": "nd", "account": ""})
    assert done.location == "/operator/numbers", done.shown
    number = house.server.present.directory.numbers["+48661000111"]
    assert (number.service, number.account_id, number.mms) == ("nd", None, False)
    path = f"/operator/numbers/{number.id}"
    assert 'name="drop_blacklisted" value="1" aria' in (await ops.get(path)).text
    await ops.post(path, {"service": "nd", "account": "", "drop_blacklisted": "1"})
    assert house.server.present.directory.numbers["+48661000111"].drop_blacklisted
    assert 'name="drop_blacklisted" value="1" checked' in (await ops.get(path)).text
    assert (await ops.get("/operator/numbers/999")).status == 404


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"address": "", "service": "nd"}, "Please fill this in."),
        ({"address": "not a number", "service": "nd"}, "Nothing was saved."),
        ({"address": "799448855", "service": "nd"}, "There is such a number."),
        ({"address": "661000111", "service": "xx"}, "Please choose one of the list."),
        ({"address": "661000111", "service": "nd", "account": "nobody"}, "Please choose one of the list."),
    ],
)
async def test_a_number_with_a_fault_is_not_added(house: House, ops: Person, fields: dict[str, str], said: str) -> None:
    before = set(house.server.present.directory.numbers)
    seen = await ops.post("/operator/numbers/new", fields)
    assert (seen.status, said in seen.shown) == (422, True), seen.shown
    assert set(house.server.present.directory.numbers) == before


async def test_hostile_texts_in_names_do_nothing(house: House, ops: Person) -> None:
    for text in HOSTILE:
        seen = await ops.post(f"/operator/accounts/{house.account_id()}", ACCOUNT | {"company": text})
        assert seen.status in (303, 422)
        for path in ("", "/accounts", "/numbers", "/audit", f"/accounts/{house.account_id()}"):
            shown = await ops.get(f"/operator{path}")
            assert shown.status == 200
            assert "<script>alert" not in shown.text
            assert "<img src=x" not in shown.text
            assert "<svg onload" not in shown.text


async def test_settings_are_shown_without_secrets(house: House, ops: Person) -> None:
    seen = await ops.get("/operator/settings")
    assert "calls_per_account" in seen.shown
    assert "house.db" in seen.shown
