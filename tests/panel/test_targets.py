"""Forwards: what applies where, the form and its judges, the preview, secrets, removal."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import pytest

from odzew.model import Target
from odzew.store.db import statement
from tests.panel.house import HOSTILE, MEMBER, OTHER, OWNER, House
from tests.panel.rows import audited, differences

URL = "http://127.0.0.1:9/in?n=#NUMER#&t=#WIADOMOSC#"
FORM = {"active": "1", "for": "nd", "name": "crm", "way": "url", "url": URL, "body": "form", "retry_basis": "first", "only_senders": ""}


def targets(house: House, account: str = "acme") -> dict[str, Target]:
    """By kind and name."""
    found = [one for one in house.server.present.directory.targets.values() if one.account_id == house.account_id(account)]
    return {f"{one.level} {one.for_kind} {one.name}": one for one in found}


def keyword(house: House, word: str) -> int:
    return next(one.id for one in house.server.present.directory.keywords_by_id.values() if one.word == word)


async def test_a_forward_is_made_changed_and_removed(house: House) -> None:
    anna = await house.browse(OWNER)
    more = {"only_senders": "+48500600700\n500 600 701", "own_schedule": "1", "retry_minutes": "1, 2.5"}
    answer = await anna.post("/targets/new", FORM | more)
    target = targets(house)["account nd crm"]
    assert (answer.status, answer.location) == (303, f"/targets/{target.id}")
    assert (target.url, target.only_senders, target.retry_minutes) == (URL, ("+48500600700", "+48500600701"), (1.0, 2.5))
    seen = await anna.get(answer.location)
    assert ('value="1, 2.5"' in seen.text, "+48500600701" in seen.text) == (True, True)
    assert (await anna.post(answer.location, FORM | {"active": "", "verified": "1", "verify": "YES"})).status == 303
    target = targets(house)["account nd crm"]
    assert (target.active, target.verify, target.retry_minutes, target.only_senders) == (False, "YES", None, ())
    before, after = await differences(house, "target.saved")
    assert (before["active"], after["active"], after["verify"]) == (True, False, "YES")
    assert (await anna.post(f"{answer.location}/remove")).location == "/targets"
    assert ("account nd crm" in targets(house), (await anna.get(answer.location)).status) == (False, 404)
    assert len(await audited(house, "target.removed")) == 1


WAYS = (
    ({"way": "json", "url": "http://127.0.0.1:9/in"}, "json", "http://127.0.0.1:9/in", ()),
    ({"way": "email", "mail_to": "a@acme.example\nb@acme.example"}, "email", "", ("a@acme.example", "b@acme.example")),
)


@pytest.mark.parametrize(("changed", "way", "url", "mail_to"), WAYS)
async def test_each_way_keeps_what_is_its_own(
    house: House, changed: dict[str, str], way: str, url: str, mail_to: tuple[str, ...]
) -> None:  # fmt: skip
    anna = await house.browse(OWNER)
    assert (await anna.post("/targets/new", FORM | changed)).status == 303
    target = targets(house)["account nd crm"]
    assert (target.way, target.url, target.mail_to) == (way, url, mail_to)


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"url": ""}, "url"), ({"url": "ftp://a.example/"}, "url"), ({"url": "https://a.example/#NOPE#"}, "url"),
    ({"url": "https://a b/"}, "url"), ({"url": "x" * 4_097}, "url"), ({"way": "email", "mail_to": ""}, "mail_to"),
    ({"way": "email", "mail_to": "not an address"}, "mail_to"), ({"way": "fax"}, "way"), ({"for": "x"}, "for"),
    ({"name": "x" * 65}, "name"), ({"own_schedule": "1", "retry_minutes": "soon"}, "retry_minutes"),
    ({"own_schedule": "1", "retry_minutes": "5, 1"}, "retry_minutes"), ({"concurrency": "0"}, "concurrency"),
    ({"concurrency": "many"}, "concurrency"), ({"only_senders": "+" * 99}, "only_senders"), ({"body": "yaml"}, "body"),
    ({"verified": "1", "verify": "x" * 1_001}, "verify"),
)  # fmt: skip


@pytest.mark.parametrize(("changed", "field"), WRONG)
async def test_a_fault_stands_beside_its_field_and_what_was_typed_stays(house: House, changed: dict[str, Any], field: str) -> None:
    anna = await house.browse(OWNER)
    seen = await anna.post("/targets/new", FORM | {"only_text": "kawa"} | changed)
    assert (seen.status, f'id="e-{field}"' in seen.text) == (422, True)
    assert "kawa" in seen.text
    assert not await audited(house, "target.saved")


async def test_a_name_is_there_once_at_a_place(house: House) -> None:
    anna = await house.browse(OWNER)
    seen = await anna.post("/targets/new", FORM | {"for": "sms", "name": "second"})
    assert (seen.status, "a forward of this name here already" in seen.shown) == (422, True)


async def test_the_places_say_what_counts(house: House) -> None:
    anna = await house.browse(OWNER)
    number = house.server.present.directory.numbers["+48664078059"].id
    for path, said in (
        ("/targets", "second"), ("/interface/eco", "SMS response ECO"), ("/inbox/mms/options", "Additional options"),
        (f"/numbers/keyword/{keyword(house, 'ACME')}/forward", "this counts"), (f"/numbers/number/{number}/forward", "this counts"),
    ):  # fmt: skip
        seen = await anna.get(path)
        assert (path, seen.status, said in seen.shown) == (path, 200, True)
        assert "globex.example" not in seen.text
    seen = await anna.get(f"/numbers/keyword/{keyword(house, 'ACME')}/forward")
    assert seen.shown.count("this counts") == 1


async def test_what_is_another_account_s_is_not_there(house: House) -> None:
    bob, jan = await house.browse(OTHER), await house.browse(MEMBER)
    key = targets(house)["account eco eco"].id
    number = house.server.present.directory.numbers["+48664078059"].id
    for path in (
        f"/targets/{key}", f"/numbers/keyword/{keyword(house, 'ACME')}/forward", f"/numbers/number/{number}/forward", "/targets/999",
        f"/targets/new?level=number&id={number}", "/targets/new?level=x", f"/targets/new?level=account&id={house.account_id()}",
    ):  # fmt: skip
        assert (path, (await bob.get(path)).status) == (path, 404)
    for act in ("", "/remove", "/test", "/secret", "/resume"):
        assert (act, (await bob.post(f"/targets/{key}{act}", FORM)).status) == (act, 404)
    assert (await bob.post(f"/targets/new?level=number&id={number}", FORM)).status == 404
    assert (await jan.get(f"/targets/{key}")).status == 200
    before = targets(house)
    for act in ("/remove", "/test", "/secret", "/resume"):
        assert (act, (await jan.post(f"/targets/{key}{act}")).status) == (act, 403)
    await jan.post(f"/targets/{key}", FORM | {"url": "http://127.0.0.1:9/changed"})
    assert targets(house) == before


async def test_the_preview_fills_the_url_or_says_what_is_wrong(house: House) -> None:
    anna = await house.browse(OWNER)
    seen = await anna.get(f"/targets/preview?{urlencode({'url': 'https://a.example/?t=#WIADOMOSC#'})}")
    assert "kawa%20o%2016%20%2B%20ciastko%3F" in seen.text or "kawa+o+16+%2B+ciastko%3F" in seen.text
    assert "text-danger" in (await anna.get(f"/targets/preview?{urlencode({'url': 'https://a.example/#NOPE#'})}")).text
    for text in (*HOSTILE, "", "x" * 5_000):
        seen = await anna.get(f"/targets/preview?{urlencode({'url': text})}")
        assert (seen.status, "<script>alert" in seen.text, "<img src=x" in seen.text) == (200, False, False)


async def test_a_secret_is_shown_once_and_overlaps_with_the_one_before(house: House) -> None:
    anna = await house.browse(OWNER)
    key = targets(house)["account sms second"].id
    seen = await anna.post(f"/targets/{key}/secret")
    (value,) = re.findall(r'value="(whsec_[A-Za-z0-9+/=]+)"', seen.text)
    target = targets(house)["account sms second"]
    assert (target.secret is not None, value in str(target.secret), target.secret_before) == (True, False, None)
    assert value not in (await anna.get(f"/targets/{key}")).text
    await anna.post(f"/targets/{key}/secret")
    again = targets(house)["account sms second"]
    assert (again.secret_before, again.secret != target.secret) == (target.secret, True)
    await anna.post(f"/targets/{key}", FORM | {"url": URL})  # a change of the form leaves the secrets
    assert targets(house)["account sms second"].secret == again.secret
    assert (await anna.post(f"/targets/{key}/secret", {"do": "off"})).status == 303
    assert targets(house)["account sms second"].secret is None
    assert value not in str([entry.detail for entry in await audited(house, "target.secret")])


async def test_a_secret_needs_its_placeholders_in_the_query(house: House) -> None:
    anna = await house.browse(OWNER)
    answer = await anna.post("/targets/new", FORM | {"url": "http://127.0.0.1:9/in/#ID#"})
    seen = await anna.follow(await anna.post(f"{answer.location}/secret"))
    assert "Only the query is signed" in seen.shown
    answer = await anna.post("/targets/new", FORM | {"name": "mail", "way": "email", "mail_to": "a@acme.example"})
    assert (await anna.post(f"{answer.location}/secret")).status == 404


async def test_a_pause_ends(house: House) -> None:
    anna = await house.browse(OWNER)
    key = targets(house)["account sms second"].id
    assert "It was not paused." in (await anna.follow(await anna.post(f"/targets/{key}/resume"))).shown
    sql = "INSERT INTO target_states (target_id, failing_since, paused_at, last_outcome) VALUES (?, 1, 2, 'refused')"
    for missed in ("send", "drop"):
        await house.server.db.write(statement, sql, key)
        assert "paused" in (await anna.get(f"/targets/{key}")).shown
        seen = await anna.follow(await anna.post(f"/targets/{key}/resume", {"missed": missed}))
        assert "It is called again." in seen.shown
        await house.server.db.write(statement, "DELETE FROM target_states")
    assert len(await audited(house, "target.resumed")) == 2


async def test_hostile_texts_do_nothing(house: House) -> None:
    anna = await house.browse(OWNER)
    for number, text in enumerate(HOSTILE):
        typed = FORM | {"name": f"{number} {text}"[:60], "only_text": text, "verified": "1", "verify": text}
        answer = await anna.post("/targets/new", typed)
        first = answer if answer.status == 422 else await anna.get(answer.location)
        for seen in (first, await anna.get("/targets"), await anna.get("/deliveries")):
            assert ("<script>alert" in seen.text, "<img src=x" in seen.text, "<svg onload" in seen.text) == (False, False, False)
