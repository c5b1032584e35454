"""Numbers and keywords: what the account has, reserving a word, giving it back."""

from __future__ import annotations

import pytest

from odzew.store.db import statement
from tests.panel.house import HOSTILE, MEMBER, OTHER, OWNER, House
from tests.panel.rows import audited, differences

SHARED = "+48799448855"


def number(house: House, address: str = SHARED) -> int:
    return house.server.present.directory.numbers[address].id


def keyword(house: House, word: str) -> int:
    return next(one.id for one in house.server.present.directory.keywords_by_id.values() if one.word == word)


def words(house: House) -> set[str]:
    return {one.word for one in house.server.present.directory.keywords_by_id.values()}


async def test_each_service_shows_its_numbers_and_the_account_s_keywords(house: House) -> None:
    anna, bob = await house.browse(OWNER), await house.browse(OTHER)
    for service, theirs in (("nd", (SHARED, "ACME")), ("ndi", ("+48664078059",)), ("pre", ("71200", "AUTO"))):
        seen = await anna.get(f"/numbers/{service}")
        assert (seen.status, [text for text in theirs if text not in seen.shown]) == (200, [])
        assert "GLOBEX" not in seen.shown
    seen = await bob.get("/numbers/ndi")
    assert ("+48664078059" in seen.shown, "Brak numerów tego rodzaju" in seen.shown) == (False, True)
    for service in ("eco", "x", "%00"):
        assert (await anna.get(f"/numbers/{service}")).status == 404


async def test_a_word_is_reserved_changed_and_given_back(house: House) -> None:
    anna = await house.browse(OWNER)
    path = f"/numbers/number/{number(house)}/keyword"
    seen = await anna.follow(await anna.post(path, {"word": "Łódź Kaliska", "strip_keyword": "1"}))
    assert ("The keyword Łódź Kaliska is yours." in seen.shown, "left out of the text" in seen.shown) == (True, True)
    (key,) = await house.bring(house.arrival("lodz kaliska proszę o informację", recipient=SHARED))
    rows = await house.server.db.read(statement, "SELECT account_id, text FROM messages WHERE id = ?", key)
    assert rows == [(house.account_id(), "proszę o informację")]
    path = f"/numbers/keyword/{keyword(house, 'Łódź Kaliska')}"
    assert 'value="Łódź Kaliska"' in (await anna.get(path)).text
    assert (await anna.post(path, {"word": "LODZ KALISKA"})).status == 303
    before, after = await differences(house, "keyword.saved")
    assert (before, after) == ({"word": "Łódź Kaliska", "leave out": True}, {"word": "LODZ KALISKA", "leave out": False})
    assert (await anna.post(f"{path}/remove")).status == 303
    assert ("LODZ KALISKA" in words(house), (await anna.get(path)).status) == (False, 404)
    assert len(await audited(house, "keyword.removed")) == 1


async def test_forwards_of_a_keyword_end_with_it(house: House) -> None:
    anna = await house.browse(OWNER)
    before = len(house.server.present.directory.targets)
    assert (await anna.post(f"/numbers/keyword/{keyword(house, 'ACME')}/remove")).status == 303
    assert len([one for one in house.server.present.directory.targets.values() if one.level == "keyword"]) == 0
    assert len(house.server.present.directory.targets) == before - 1


WRONG = (
    ("", "Please fill this in."), ("globex", "This word is taken on this number."), ("acme!", "This word is yours already."),
    ("...", ""), ("x" * 161, "too long"), ("a\0", "cannot be stored"),
)  # fmt: skip


@pytest.mark.parametrize(("typed", "said"), WRONG)
async def test_a_wrong_word_is_said_and_kept(house: House, typed: str, said: str) -> None:
    anna, before = await house.browse(OWNER), words(house)
    seen = await anna.post(f"/numbers/number/{number(house)}/keyword", {"word": typed, "strip_keyword": "1"})
    assert (seen.status, said in seen.shown, 'id="e-word"' in seen.text) == (422, True, True)
    assert 'name="strip_keyword" value="1" checked' in seen.text
    assert (words(house), await audited(house, "keyword.saved")) == (before, [])


async def test_another_word_is_another_keyword(house: House) -> None:
    anna = await house.browse(OWNER)
    seen = await anna.post(f"/numbers/keyword/{keyword(house, 'ACME')}", {"word": "ACME2"})
    assert (seen.status, "This would be another keyword" in seen.shown, 'value="ACME2"' in seen.text) == (422, True, True)


async def test_what_is_another_account_s_is_not_there(house: House) -> None:
    anna, bob, jan = await house.browse(OWNER), await house.browse(OTHER), await house.browse(MEMBER)
    theirs = f"/numbers/keyword/{keyword(house, 'GLOBEX')}"
    assert [(await anna.get(theirs)).status, (await anna.post(theirs, {"word": "globex"})).status] == [404, 404]
    assert (await anna.post(f"{theirs}/remove")).status == 404
    for address in ("+48664078059", "+48500500501"):
        assert (await bob.post(f"/numbers/number/{number(house, address)}/keyword", {"word": "x"})).status == 404
    assert (await bob.get("/numbers/number/999/keyword")).status == 404
    assert (await jan.post(f"/numbers/number/{number(house)}/keyword", {"word": "x"})).status == 403
    assert "Reserve a keyword" not in (await jan.get("/numbers/nd")).shown


async def test_hostile_words_do_nothing(house: House) -> None:
    anna = await house.browse(OWNER)
    for text in HOSTILE:
        seen = await anna.post(f"/numbers/number/{number(house)}/keyword", {"word": text})
        assert seen.status in (303, 422)
        for page in (seen, await anna.get("/numbers/nd"), await anna.get("/inbox")):
            assert ("<script>alert" in page.text, "<img src=x" in page.text, "<svg onload" in page.text) == (False, False, False)
