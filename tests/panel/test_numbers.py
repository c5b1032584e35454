"""Numbers and keywords: what the account has, reserving a word, giving it back."""

from __future__ import annotations

import pytest

from odzew.store.db import statement
from tests.panel.house import HOSTILE, MEMBER, OTHER, OWNER, House
from tests.panel.rows import audited, differences

SHARED, OWN = "+48799448855", "+48664078059"
LISTED = "+48500600799"  # on acme's blacklist


def number(house: House, address: str = SHARED) -> int:
    return house.server.present.directory.numbers[address].id


def keyword(house: House, word: str) -> int:
    return next(one.id for one in house.server.present.directory.keywords_by_id.values() if one.word == word)


async def withheld(house: House) -> list[str]:
    """The texts of what is withheld."""
    return [row[0] for row in await house.server.db.read(statement, "SELECT text FROM messages WHERE withheld = 'blacklist'")]


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


async def test_a_keyword_withholds_what_blacklisted_senders_write(house: House) -> None:
    anna, path = await house.browse(OWNER), f"/numbers/keyword/{keyword(house, 'ACME')}"
    assert 'name="drop_blacklisted" value="1" aria' in (await anna.get(path)).text
    seen = await anna.follow(await anna.post(path, {"word": "ACME", "drop_blacklisted": "1"}))
    assert seen.shown.count("blacklisted senders are withheld") == 1
    assert 'name="drop_blacklisted" value="1" checked' in (await anna.get(path)).text
    await house.bring(house.arrival("acme 1", LISTED, SHARED), house.arrival("acme 2", recipient=SHARED), house.arrival("3", LISTED))
    assert await withheld(house) == ["acme 1"]
    before, after = await differences(house, "keyword.saved")
    assert (before, after) == ({"drop blacklisted": False}, {"drop blacklisted": True})


async def test_an_own_number_withholds_what_blacklisted_senders_write(house: House) -> None:
    anna, path = await house.browse(OWNER), f"/numbers/number/{number(house, OWN)}"
    assert 'name="drop_blacklisted" value="1" aria' in (await anna.get(path)).text
    assert "blacklisted senders are withheld" not in (await anna.get("/numbers/ndi")).shown
    seen = await anna.follow(await anna.post(path, {"drop_blacklisted": "1"}))
    assert "blacklisted senders are withheld" in seen.shown
    assert 'name="drop_blacklisted" value="1" checked' in (await anna.get(path)).text
    await house.bring(house.arrival("1", LISTED), house.arrival("2"), house.arrival("acme 3", LISTED, SHARED))
    assert await withheld(house) == ["1"]
    before, after = await differences(house, "number.saved")
    assert (before, after) == ({"drop blacklisted": False}, {"drop blacklisted": True})
    found = house.server.present.directory.numbers[OWN]
    assert (found.service, found.account_id, found.mms) == ("ndi", house.account_id(), True)
    await anna.post(path, {})
    assert house.server.present.directory.withholding is False


async def test_only_the_owner_of_a_number_has_its_options(house: House) -> None:
    anna, bob, jan = await house.browse(OWNER), await house.browse(OTHER), await house.browse(MEMBER)
    for person, key, status in (
        (anna, number(house), 404), (anna, number(house, "+48500500501"), 404), (anna, 999, 404), (bob, number(house, OWN), 404),
        (jan, number(house, OWN), 403),
    ):  # fmt: skip
        for answer in (await person.get(f"/numbers/number/{key}"), await person.post(f"/numbers/number/{key}", {"drop_blacklisted": "1"})):
            assert answer.status == status
    assert house.server.present.directory.withholding is False


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
