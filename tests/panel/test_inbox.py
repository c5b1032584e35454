"""The inbox: what its lists hold, how they are searched, what is done with chosen messages, what appears by itself."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

from odzew.clock import DAY, FixedClock, to_datetime
from odzew.store.audit import page as audit_page
from odzew.store.db import statement
from tests.panel.attempts import Attempts
from tests.panel.house import HOSTILE, MASKED, OPERATOR, OTHER, OWNER, House, Person, Seen, mms

JAN, ZOFIA = "+48500600700", "+48500600701"


def rows(seen: Seen) -> list[int]:
    """The ids of the messages in a list, as it shows them."""
    return [int(key) for key in re.findall(r'<li class="mail[^"]*" id="m(\d+)"', seen.text)]


def unseen(seen: Seen) -> list[int]:
    return [int(key) for key in re.findall(r'<li class="mail mail-unseen[^"]*" id="m(\d+)"', seen.text)]


async def bring(house: House, *texts: str, **more: Any) -> list[int]:
    return [key for key in await house.bring(*[house.arrival(text, **more) for text in texts]) if key]


async def shelf(house: House) -> dict[str, int]:
    """One message of each kind, by name."""
    given = {
        "nd": house.arrival("ACME biorę udział", JAN, "+48799448855"), "eco": house.arrival("Przyjadę o 16", JAN, "+48500500501"),
        "ndi": house.arrival("Zażółć gęślą jaźń", ZOFIA), "pre": house.arrival("AUTO 1", "+48500600702", "71200"), "mms": mms(house),
        "others": house.arrival("GLOBEX nie dla was", JAN, "+48799448855"), "nobody's": house.arrival("co to", JAN, "+48799448855"),
    }  # fmt: skip
    return {name: key for name, key in zip(given, await house.bring(*given.values()), strict=True) if key}


async def test_an_empty_inbox_says_what_to_do_first(house: House) -> None:
    anna = await house.browse(OWNER)
    seen = await anna.get("/inbox")
    assert (seen.status, rows(seen)) == (200, [])
    assert "No messages yet" in seen.shown


LISTS = (
    ("/inbox", ("nd", "eco", "ndi", "pre", "mms")), ("/inbox/nd", ("nd",)), ("/inbox/eco", ("eco",)), ("/inbox/ndi", ("ndi",)),
    ("/inbox/pre", ("pre",)), ("/inbox/mms", ("mms",)), ("/inbox/incomplete", ()),
    ("/inbox?q=przyjade", ("eco",)), ("/inbox?q=ZAZ", ("ndi",)), ("/inbox?q=ja%20za", ("ndi",)), ("/inbox?q=wakacje", ("mms",)),
    ("/inbox?q=48500600702", ("pre",)), ("/inbox/eco?q=zaz", ()), ("/inbox?q=nigdzie", ()),
    (f"/inbox?sender={quote(ZOFIA)}", ("ndi",)), ("/inbox?sender=500%20600%20701", ("ndi",)), ("/inbox?sender=INFO", ()),
    ("/inbox?from=2000-01-01&to=2100-01-01", ("nd", "eco", "ndi", "pre", "mms")), ("/inbox?to=2000-01-01", ()),
    ("/inbox?unseen=1", ("nd", "eco", "ndi", "pre", "mms")),
)  # fmt: skip


async def test_each_list_has_what_it_says_and_only_the_account_s(house: House) -> None:
    ids = await shelf(house)
    anna = await house.browse(OWNER)
    for path, names in LISTS:
        seen = await anna.get(path)
        assert (path, seen.status, sorted(rows(seen))) == (path, 200, sorted(ids[name] for name in names))
    bob = await house.browse(OTHER)
    assert rows(await bob.get("/inbox")) == [ids["others"]]


async def test_numbers_and_keywords_are_filters(house: House) -> None:
    ids = await shelf(house)
    anna = await house.browse(OWNER)
    directory = house.server.present.directory
    shared = directory.numbers["+48799448855"].id
    keyword = next(one.id for one in directory.keywords_by_id.values() if one.word == "AUTO")
    assert rows(await anna.get(f"/inbox?number={shared}")) == [ids["nd"]]
    assert rows(await anna.get(f"/inbox?keyword={keyword}")) == [ids["pre"]]
    assert rows(await anna.get(f"/inbox?keyword={keyword}&number={shared}")) == []


async def test_a_day_is_one_of_the_account_s_zone(house: House, clock: FixedClock) -> None:
    (old,) = await bring(house, "dawno")
    clock.set_wall(clock.now() + 2 * DAY)
    (new,) = await bring(house, "teraz")
    anna = await house.browse(OWNER)
    day = to_datetime(clock.now()).date().isoformat()
    assert rows(await anna.get(f"/inbox?from={day}&to={day}")) == [new]
    assert rows(await anna.get(f"/inbox?to={day}")) == [new, old]


async def test_a_line_says_who_wrote_and_how_it_stands(house: House) -> None:
    ids = await shelf(house)
    attempts = Attempts(house)
    await attempts.are(0)
    anna = await house.browse(OWNER)
    seen = await anna.get("/inbox")
    assert "Jan Kowalski" in seen.shown
    assert "Zofia Łęcka" in seen.shown
    assert "+48500600702" in seen.shown  # is in no contacts
    assert "3 attachments" in seen.text
    assert unseen(seen) == rows(seen)
    assert f'href="/panel/messages/{ids["eco"]}"' in seen.text
    await house.server.db.write(statement, "UPDATE messages SET pulled_at = 5")
    assert "Read by the API" in (await anna.get("/inbox")).text


WRONG = (
    ("from", "yesterday", "This is not a date."), ("to", "2026-13-01", "This is not a date."), ("to", "9999-12-31", "This is not a date."),
    ("sender", "12", "This is not a telephone number."), ("sender", "+" * 99, "at most 64 characters"),
    ("number", "x", "not a whole number"), ("q", "x" * 201, "at most 200 characters"),
)  # fmt: skip


async def test_a_wrong_filter_is_said_and_kept(house: House) -> None:
    await shelf(house)
    anna = await house.browse(OWNER)
    for name, typed, said in WRONG:
        seen = await anna.get(f"/inbox?{urlencode({name: typed})}")
        assert seen.status == 200
        assert said in seen.shown
        assert f'value="{typed}"' in seen.text or name == "number"
        assert (await anna.get(f"/inbox/live?{urlencode({name: typed, 'after': 0})}")).status == 200


async def test_what_is_not_there_is_not_found(house: House) -> None:
    anna = await house.browse(OWNER)
    for path in ("/unclaimed", "/x", "/%00", "?contact=999", "?contact=x", f"?contact={'9' * 30}", "/x/live", "/unclaimed/live"):
        assert (path, (await anna.get(f"/inbox{path}")).status) == (path, 404)


async def test_a_name_finds_the_contact_and_the_contact_what_they_wrote(house: House) -> None:
    ids = await shelf(house)
    anna = await house.browse(OWNER)
    seen = await anna.get("/inbox?q=lecka")
    assert rows(seen) == []
    found = re.search(r'href="(/panel/inbox\?contact=\d+)"', seen.text)
    assert found is not None
    seen = await anna.get(found.group(1).removeprefix("/panel"))
    assert rows(seen) == [ids["ndi"]]
    assert "From: Zofia Łęcka from anybody" in seen.shown
    bob = await house.browse(OTHER)
    assert (await bob.get(found.group(1).removeprefix("/panel"))).status == 404


async def test_who_may_not_see_numbers_sees_and_finds_none(house: House) -> None:
    ids = await shelf(house)
    ewa = await house.browse(MASKED)
    seen = await ewa.get("/inbox")
    assert sorted(rows(seen)) == sorted(ids[name] for name in ("nd", "eco", "ndi", "pre", "mms"))
    assert "500600" not in seen.text.replace("+48500***", "")
    assert "+48500***702" in seen.shown
    for query in ("q=48500600702", "q=600", "q=jan%20500600702", f"sender={quote(JAN)}"):
        refused = await ewa.get(f"/inbox?{query}")
        assert "You may not search for numbers." in refused.shown or "sender" in query
        assert ids["pre"] in rows(refused) or "sender" in query
    assert re.findall(r"contact=\d+", (await ewa.get("/inbox?q=60")).text) == []
    assert rows(await ewa.get("/inbox?q=kowal")) == []
    assert "Jan Kowalski" in (await ewa.get("/inbox?q=kowal")).shown


async def test_strangers_texts_do_nothing(house: House) -> None:
    await bring(house, *HOSTILE)
    anna = await house.browse(OWNER)
    for path in ("/inbox", *(f"/inbox?{urlencode({'q': text})}" for text in HOSTILE)):
        seen = await anna.get(path)
        assert seen.status == 200
        for evil in ("<script>alert", "<img src=x", "<svg onload"):
            assert evil not in seen.text
    seen = await anna.get("/inbox")
    assert len(rows(seen)) == len(HOSTILE)
    assert "{{7*7}}" in seen.text
    assert not {"\u202e", "\u2066", "\u200b", "\x1b", "\x07"} & set(seen.text)


async def test_older_pages_follow_each_other_without_gaps(house: House) -> None:
    ids = await bring(house, *[f"tekst {number}" for number in range(120)])
    anna = await house.browse(OWNER)
    found: list[int] = []
    path: str | None = "/inbox?q=tekst"
    while path:
        seen = await anna.get(path)
        found += rows(seen)
        older = re.search(r'href="/panel(/inbox\?[^"]*before=[^"]*)"', seen.text)
        path = older.group(1).replace("&amp;", "&") if older else None
    assert found == ids[::-1]


# --- what is done with messages ---------------------------------------------------------------------------------------


async def choose(anna: Person, do: str, *ids: int, **more: Any) -> Seen:
    return await anna.post("/inbox/change", {"do": do, "id": list(ids), "kind": "", "back": "/inbox?q=a"} | more)


async def test_chosen_ones_are_marked_and_unmarked(house: House) -> None:
    first, second, third = await bring(house, "a", "b", "c")
    anna = await house.browse(OWNER)
    answer = await choose(anna, "seen", first, third)
    assert (answer.status, answer.location) == (303, "/inbox?q=a")
    assert unseen(await anna.get("/inbox")) == [second]
    await choose(anna, "unseen", first)
    assert unseen(await anna.get("/inbox")) == [second, first]
    answer = await choose(anna, "all", upto=second)
    assert "marked as seen" in (await anna.follow(answer)).shown
    assert unseen(await anna.get("/inbox")) == []
    assert rows(await anna.get("/inbox")) == [third, second, first]


async def test_all_of_a_kind_leaves_the_others(house: House) -> None:
    ids = await shelf(house)
    anna = await house.browse(OWNER)
    await choose(anna, "all", kind="eco", upto=ids["mms"])
    assert ids["eco"] not in unseen(await anna.get("/inbox"))
    assert len(unseen(await anna.get("/inbox"))) == 4


async def test_nobody_marks_what_is_another_s(house: House) -> None:
    ids = await shelf(house)
    bob = await house.browse(OTHER)
    for do in ("seen", "offer", "again"):
        await choose(bob, do, *ids.values())
    anna = await house.browse(OWNER)
    assert len(unseen(await anna.get("/inbox"))) == 5
    assert await audits(house, "messages.") == []


async def audits(house: House, action: str, name: str = "acme") -> list[tuple[str, str]]:
    entries, _ = await house.server.db.read(audit_page, house.account_id(name))
    return [(entry.action, entry.object) for entry in entries if entry.action.startswith(action)]


async def test_what_the_api_has_read_is_offered_again_and_written_down(house: House) -> None:
    first, second = await bring(house, "a", "b")
    await house.server.db.write(statement, "UPDATE messages SET pulled_at = 5, pull_id = 1 WHERE id = ?", first)
    anna = await house.browse(OWNER)
    answer = await choose(anna, "offer", first, second)
    assert "1 message is offered to the API again." in (await anna.follow(answer)).shown
    assert await house.server.db.read(statement, "SELECT pulled_at FROM messages") == [(None,), (None,)]
    assert await audits(house, "messages.") == [("messages.offered", f"messages {first}")]
    answer = await choose(anna, "offer", first)
    assert "offered anyway" in (await anna.follow(answer)).shown


async def test_chosen_ones_are_sent_again(house: House) -> None:
    attempts = Attempts(house)
    first, second = await bring(house, "a", "b")
    await attempts.are(2)
    db = house.server.db
    await db.write(statement, "DELETE FROM owed")
    await db.write(statement, "UPDATE deliveries SET state = 'exhausted', ended_at = 5 WHERE message_id = ?", first)
    await db.write(statement, "UPDATE deliveries SET state = 'delivered', ended_at = 5 WHERE message_id = ?", second)
    anna = await house.browse(OWNER)
    said = (await anna.follow(await choose(anna, "again", first, second))).shown
    assert "1 delivery is sent again." in said
    assert "Delivered already: 1." in said
    assert await audits(house, "messages.resent") == [("messages.resent", f"messages {first}, {second}")]
    said = (await anna.follow(await choose(anna, "again", second, delivered=1))).shown
    assert "1 delivery is sent again." in said


BAD: tuple[dict[str, Any], ...] = (
    {"do": "explode", "id": 1}, {"do": "", "id": 1}, {"do": "seen", "id": 1, "kind": "x"}, {"do": "all", "kind": "unclaimed"},
)  # fmt: skip


async def test_what_is_no_act_is_not_found(house: House) -> None:
    anna = await house.browse(OWNER)
    for fields in BAD:
        assert (fields, (await anna.post("/inbox/change", fields)).status) == (fields, 404)


async def test_nothing_chosen_is_said(house: House) -> None:
    anna = await house.browse(OWNER)
    for ids in ((), ("x",), ("-1",), ("9" * 40,), ("١",)):
        answer = await anna.post("/inbox/change", {"do": "seen", "id": list(ids)})
        assert "Choose messages first." in (await anna.follow(answer)).shown


async def test_an_act_leads_nowhere_else(house: House) -> None:
    anna = await house.browse(OWNER)
    answer = await anna.post("/inbox/change", {"do": "seen", "id": 1, "back": "//evil.example"})
    assert answer.headers["location"] == "/panel/inbox"


# --- live -------------------------------------------------------------------------------------------------------------


def polled(seen: Seen) -> str:
    found = re.search(r'id="live" hx-get="/panel([^"]+)"', seen.text)
    assert found is not None
    return found.group(1).replace("&amp;", "&")


async def test_what_arrives_appears_by_itself(house: House) -> None:
    await bring(house, "a")
    anna = await house.browse(OWNER)
    path = polled(await anna.get("/inbox"))
    assert (await anna.get(path, hx_request="true")).status == 204
    ids = await bring(house, "nowa <b>", "nowsza")
    came = await anna.get(path, hx_request="true")
    assert (came.status, rows(came), unseen(came)) == (200, ids[::-1], ids[::-1])
    assert "<html" not in came.text
    assert "nowa &lt;b&gt;" in came.text
    again = polled(came)
    assert again != path
    assert (await anna.get(again, hx_request="true")).status == 204


async def test_only_what_the_filter_wants_appears(house: House) -> None:
    anna = await house.browse(OWNER)
    path = polled(await anna.get("/inbox/ndi?q=piec"))
    ids = await bring(house, "inna", "prosto z pieca", "ACME z pieca")
    came = await anna.get(path, hx_request="true")
    assert rows(came) == ids[:0:-1]
    await bring(house, "znowu inna")
    assert rows(await anna.get(polled(came), hx_request="true")) == []


async def test_more_than_fit_are_told(house: House) -> None:
    anna = await house.browse(OWNER)
    path = polled(await anna.get("/inbox"))
    await bring(house, *map(str, range(60)))
    came = await anna.get(path, hx_request="true")
    assert len(rows(came)) == 50
    assert "There are more new messages" in came.shown


async def test_an_older_page_and_a_wrong_filter_stand_still(house: House) -> None:
    ids = await bring(house, "a", "b")
    anna = await house.browse(OWNER)
    for path in (f"/inbox?before={ids[1]}", "/inbox?from=x"):
        assert 'id="live"' not in (await anna.get(path)).text


async def test_an_operator_looks_at_an_account_without_seeing_it_for_them(house: House) -> None:
    (key,) = await bring(house, "a")
    ops = await house.browse(OPERATOR)
    assert (await ops.get("/inbox")).status == 303  # chooses an account first
    await house.server.db.write(statement, "UPDATE panel_sessions SET account_id = ?", house.account_id())
    assert rows(await ops.get("/inbox")) == [key]
    assert (await ops.get(f"/messages/{key}")).status == 200
    assert unseen(await ops.get("/inbox")) == [key]
