"""The page of past alarms: to an owner those of the account, to an operator all; masked, translated, a page at a time."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from odzew.clock import DAY, HOUR, MINUTE, FixedClock
from odzew.forward.plan import CUT_SHORT, NO_MORE
from odzew.forward.target_health import WORDS, TargetHealth
from odzew.inbox.tidy import Tidy
from odzew.model import Attempt, Owed
from odzew.panel.alarm_words import KINDS, REASONS, SENTENCES, said
from odzew.panel.pages.alarms import LIMIT, masked
from odzew.panel.routes import url_of
from odzew.panel.words import Words
from odzew.store.alarms import AlarmRow, Letter, Whose, keep, page
from odzew.store.deliveries import Result
from odzew.store.inbox_lines import EVERYBODY
from odzew.store.sqlite import SqliteDatabase
from tests.panel.conftest import together
from tests.panel.house import HOSTILE, LOOKING, OPERATOR, OTHER, OWNER, House

POLISH: Final = Words().translation("pl")
FAILS: Final = "fails: 5 attempts in a row, the last one: The URL's server failed (5xx)."
SHOWN: Final = "5 attempts in a row failed, the last one: The URL's server failed (5xx)."


def target_of(house: House) -> int:
    return next(key for key, one in house.server.present.directory.targets.items() if one.account_id == house.account_id())


def an_alarm(house: House, **more: Any) -> AlarmRow:
    """A target of acme fails; operator and owner were told."""
    now, target = house.server.clock.now(), target_of(house)
    letters: dict[Whose, Letter] = {
        "account": Letter("account", ("it@acme.example",), "refused", now, 2, "smtp_5xx: it@acme.example: 550 unknown"),
        "operator": Letter("operator", ("noc@odzew.example",), "taken", now),
    }
    row = AlarmRow(0, now, house.account_id(), target, "failing", f"target {target} ('sms' of acme)", FAILS, 3, now, letters)
    return replace(row, **more)


async def test_nothing_yet(house: House) -> None:
    for login, path in ((OWNER, "/account/alarms"), (OPERATOR, "/operator/alarms")):
        seen = await (await house.browse(login)).get(path)
        assert (seen.status, "No alarms" in seen.shown) == (200, True)


async def test_the_owner_sees_the_accounts_own_letters_alone(house: House) -> None:
    await house.server.db.write(keep, [an_alarm(house)])
    seen = await (await house.browse(OWNER)).get("/account/alarms")
    for words in ("It fails", "3 times", SHOWN, "not taken", "2 tries", "it@acme.example", "smtp_5xx: it@acme.example: 550 unknown"):
        assert words in seen.shown
    assert "noc@odzew.example" not in seen.text
    assert f'href="{url_of("target", id=target_of(house))}"' in seen.text
    other = await (await house.browse(OTHER)).get("/account/alarms")
    assert "Brak alarmów" in other.shown


async def test_the_operator_sees_all(house: House) -> None:
    gone = an_alarm(house, target_id=99, about="target 99 ('old' of acme)")
    source = an_alarm(house, account_id=None, target_id=None, about="source carrier-a", letters={})
    await house.server.db.write(keep, [an_alarm(house), gone, source])
    seen = await (await house.browse(OPERATOR)).get("/operator/alarms")
    for words in ("Acme sp. z o.o.", "noc@odzew.example", "it@acme.example", "taken by the mail server", source.about, gone.about, "eco"):
        assert words in seen.shown, words


async def test_who_may_not_see_numbers_sees_masked_addresses(house: House) -> None:
    anna = await house.browse(OWNER)
    key = house.server.present.directory.users[OWNER].id
    assert (await anna.post(f"/account/users/{key}", {"role": ["panel", "owner"]})).status == 303
    await house.server.db.write(keep, [an_alarm(house)])
    seen = await anna.get("/account/alarms")
    assert "it@acme.example" not in seen.text
    assert "smtp_5xx: i***@acme.example: 550 unknown" in seen.shown


@pytest.mark.parametrize(
    ("told", "age", "words"),
    [
        (False, 0, "waits: it leaves"),
        (False, 119 * MINUTE, "waits: it leaves"),
        (False, 2 * HOUR, "none: the server stopped"),
        (True, 0, "none: no address is set"),
    ],
)
async def test_without_a_letter_it_says_why(house: House, told: bool, age: int, words: str) -> None:
    now = house.server.clock.now()
    await house.server.db.write(keep, [an_alarm(house, at=now - age, told_at=now if told else None, letters={})])
    assert words in (await (await house.browse(OWNER)).get("/account/alarms")).shown


async def test_pages_go_on_by_older(house: House) -> None:
    rows = [an_alarm(house, words=f"alarm number {number}.") for number in range(LIMIT + 3)]
    await house.server.db.write(keep, rows)
    anna = await house.browse(OWNER)
    first = await anna.get("/account/alarms")
    (older,) = re.findall(r'href="/panel(/account/alarms\?before=\d+)"', first.text)
    second = await anna.get(older)
    numbers = [[int(one) for one in re.findall(r"alarm number (\d+)\.", seen.text)] for seen in (first, second)]
    assert [numbers[0][0], numbers[0][-1], *numbers[1]] == [LIMIT + 2, 3, 2, 1, 0]
    assert (await anna.get("/account/alarms?before=x")).status == 200


async def test_an_alarm_of_the_running_server_is_listed_at_once_and_forgotten_in_time(house: House, clock: FixedClock) -> None:
    anna, server = await house.browse(OWNER), house.server
    server.alarms.of_target("failing", house.account_id(), target_of(house), FAILS, clock.now())
    while SHOWN not in (seen := await anna.get("/account/alarms")).shown:
        pass
    assert "waits: it leaves a minute after the first alarm" in seen.shown
    clock.set_wall(clock.now() + 90 * DAY + 1)
    tidying = asyncio.create_task(Tidy(server.db, clock, server.present, lambda received: None).run())
    rows = [None]
    for _ in range(5_000):
        if not (rows := (await server.db.read(page, EVERYBODY))[0]):
            break
    tidying.cancel()
    await asyncio.gather(tidying, return_exceptions=True)
    assert rows == []


async def test_hostile_words_do_nothing(house: House) -> None:
    letter = {"account": Letter("account", (f'"{HOSTILE[0]}"@x.example',), "refused", 0, 1, HOSTILE[1])}
    rows = [an_alarm(house, about=word, words=word, kind=word, letters=letter, target_id=None) for word in HOSTILE]
    await house.server.db.write(keep, rows)
    seen = await (await house.browse(OWNER)).get("/account/alarms")
    assert seen.status == 200
    assert not [word for word in ("<script>alert", "<img src=x", "<svg onload", "\u202e") if word in seen.text]


@together
async def test_an_operator_who_looks_at_an_account_sees_it_as_its_owner(open_house: House) -> None:
    seen = await (await open_house.enter(LOOKING)).get("/account/alarms")
    assert (seen.status, "No alarms" in seen.shown) == (200, True)


async def test_every_alarm_of_a_target_is_said_in_polish(tmp_path: Path) -> None:
    """Whatever `TargetHealth` tells, made by it."""
    told: list[tuple[str, str]] = []
    db = SqliteDatabase(str(tmp_path / "health.db"), clock := FixedClock())
    health = TargetHealth(db, clock, lambda kind, account, target, words, at: told.append((kind, words)))
    day = 24 * HOUR
    for number in range(60):
        attempt = Attempt(1, number, number * day // 8, 5, "http_5xx")
        health.attempted(Owed(1, 7, 1, 1, 0), attempt, Result(attempt, 7, "exhausted", 0, 0, None))
    attempt = Attempt(1, 99, 99 * day, 5, "ok")
    health.attempted(Owed(1, 7, 1, 1, 0), attempt, Result(attempt, 7, "delivered", 0, 0, None))
    for why in (CUT_SHORT, NO_MORE):
        health.ended(7, 1, why, 0)
    await db.close()
    assert {kind for kind, _ in told} == {*WORDS, "exhausted"} == set(KINDS)

    def polish(text: str, **values: str) -> str:
        found = POLISH.texts.get(text, text)
        return found % values if values else found

    spoken = {said(polish, words) for _, words in told}
    assert f"Dalszej próby nie będzie: {POLISH.texts['It was owed for too long.']}" in spoken
    assert "Nieudane próby z rzędu: 5, ostatnia: Błąd serwera pod tym adresem (5xx)." in spoken
    assert not [words for words in spoken if re.search(r"\b(the|attempt|is|again)\b", words)]


def test_all_that_stands_in_the_tables_has_polish() -> None:
    texts = (*filter(None, SENTENCES.values()), *REASONS.values(), *(words for words, _ in KINDS.values()))
    assert not [text for text in texts if text not in POLISH.texts]


@pytest.mark.parametrize("words", ["", "what a newer version says", "fails: ", "100 % of %(outcome)s", "answers again and again"])
def test_what_is_no_known_sentence_stays_as_it_is(words: str) -> None:
    assert said(lambda text, **values: text % values if values else text, words) == words


@pytest.mark.parametrize(
    ("address", "shown"), [("jan@acme.example", "j***@acme.example"), ("a@b.pl", "a***@b.pl"), ('"a@b"@c.pl', '"***@c.pl'), ("", "***@")]
)
def test_an_address_is_masked(address: str, shown: str) -> None:
    assert (masked(address, False), masked(address, True)) == (shown, address)
