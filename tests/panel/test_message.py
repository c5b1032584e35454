"""One message: what its page says of where it came from, whose it is, what it answers and what became of it; and what is done with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from odzew.clock import HOUR, MINUTE, Clock, FixedClock
from odzew.model import Attachment, SentMessage
from odzew.simulate.client import Client, never
from odzew.store.audit import page as audit_page
from odzew.store.changes import bump
from odzew.store.db import statement
from tests.inbox.pdus import arrival as pdu_arrival
from tests.inbox.pdus import arrivals, carrier, pdus, raw_pdu
from tests.panel.attempts import Attempts
from tests.panel.house import HOSTILE, MASKED, OTHER, OWNER, PNG, House, Person, Seen, mms, running

JAN = "+48500600700"
POOL = "+48500500501"


async def one(house: House, text: str = "Przyjadę o 16", **more: Any) -> int:
    (key,) = await house.bring(house.arrival(text, **more))
    assert key is not None
    return key


async def sent(house: House, clock: FixedClock, *records: tuple[str, int, str]) -> None:
    """Sent messages: (id, age, text)."""
    acme = house.account_id()
    await house.server.record_sent([SentMessage(acme, key, JAN, POOL, clock.now() - age, text) for key, age, text in records])


async def act(person: Person, key: int, do: str, **more: Any) -> Seen:
    return await person.post(f"/messages/{key}/change", {"do": do} | more)


async def said(person: Person, key: int, do: str, **more: Any) -> str:
    """What the next page says at its top."""
    return (await person.follow(await act(person, key, do, **more))).shown


async def audits(house: House) -> list[tuple[str, str]]:
    entries, _ = await house.server.db.read(audit_page, house.account_id())
    return [(entry.action, entry.object) for entry in entries if not entry.action.startswith("login")]


async def test_it_says_what_it_says_and_whose_it_is(house: House) -> None:
    key = await one(house, "ACME Chcę\n\twziąć udział", recipient="+48799448855")
    anna = await house.browse(OWNER)
    seen = await anna.get(f"/messages/{key}")
    assert seen.status == 200
    assert "ACME Chcę\n\twziąć udział" in seen.text
    for shown in (
        "Jan Kowalski",
        JAN,
        "ND/SC",
        "Kowalski i Synowie",
        "push (http)",
        "begins with your keyword ACME on the number +48799448855",
    ):
        assert shown in seen.shown
    assert "41 43 4d 45 20" in seen.shown  # its octets


async def test_who_opens_it_has_seen_it_once(house: House) -> None:
    first, second = await one(house), await one(house)
    anna = await house.browse(OWNER)
    await anna.get(f"/messages/{first}")
    seen = await anna.get("/inbox?unseen=1")
    assert f'id="m{second}"' in seen.text
    assert f'id="m{first}"' not in seen.text
    await anna.post("/inbox/change", {"do": "unseen", "id": first})
    assert f'id="m{first}"' in (await anna.get("/inbox?unseen=1")).text


async def test_another_s_message_is_not_there(house: House) -> None:
    mine, others, nobodys = (
        await one(house),
        await one(house, "GLOBEX a", recipient="+48799448855"),
        await one(house, "a", recipient="+48799448855"),
    )
    anna, bob = await house.browse(OWNER), await house.browse(OTHER)
    for person, key, status in ((anna, mine, 200), (anna, others, 404), (anna, nobodys, 404), (bob, mine, 404), (bob, others, 200)):
        assert (await person.get(f"/messages/{key}")).status == status
        assert (await act(person, key, "block")).status == (303 if status == 200 else 404)
    for path in ("/messages/0", f"/messages/{'9' * 30}", f"/messages/{1 << 62}", "/messages/-1", "/messages/x"):
        assert (await anna.get(path)).status == 404


async def test_newer_and_older_lead_through_the_account_s_own(house: House) -> None:
    ids = [await one(house, text, recipient="+48799448855") for text in ("ACME 1", "GLOBEX 2", "ACME 3", "nobody's 4", "ACME 5")]
    anna = await house.browse(OWNER)
    for newer, key, older in ((ids[2], ids[0], None), (ids[4], ids[2], ids[0]), (None, ids[4], ids[2])):
        seen = await anna.get(f"/messages/{key}")
        assert [f'messages/{other}" rel="{way}"' in seen.text for other, way in ((newer, "prev"), (older, "next"))] == [
            newer is not None, older is not None,
        ]  # fmt: skip
        assert seen.text.count('rel="prev"') + seen.text.count('rel="next"') == (newer is not None) + (older is not None)


# --- what it answers --------------------------------------------------------------------------------------------------


async def test_a_reply_shows_what_it_answers_and_can_be_corrected(house: House, clock: FixedClock) -> None:
    await sent(house, clock, ("00000000a1", 2 * HOUR, "O której Pan przyjedzie?"), ("00000000a2", HOUR, "Kod rabatowy"))
    key = await one(house, recipient=POOL)
    anna = await house.browse(OWNER)
    seen = await anna.get(f"/messages/{key}")
    assert "It answers your message 00000000a2, sent from +48500500501." in seen.shown
    assert 'value="00000000a2" checked' in seen.text
    assert "O której Pan przyjedzie?" in seen.shown
    assert "is corrected" in await said(anna, key, "answer", answers="00000000a1")
    seen = await anna.get(f"/messages/{key}")
    assert 'value="00000000a1" checked' in seen.text
    assert "Somebody chose that it answers your message 00000000a1." in seen.shown
    assert "What it answers was chosen by hand." in seen.shown
    await act(anna, key, "answer", answers="")
    assert "answers none of your messages" in (await anna.get(f"/messages/{key}")).shown
    assert await audits(house) == [("message.answer", f"message {key}")] * 2
    assert await house.server.db.read(statement, "SELECT answers, account_id FROM messages") == [(None, house.account_id())]


async def test_only_what_was_sent_to_the_writer_can_be_chosen(house: House, clock: FixedClock) -> None:
    await sent(house, clock, ("00000000a1", MINUTE, "a"))
    globex = house.account_id("globex")
    await house.server.record_sent(
        [
            SentMessage(house.account_id(), "00000000b1", "+48500600999", POOL, clock.now(), "b"),
            SentMessage(globex, "00000000c1", JAN, POOL, 5, "c"),
        ]
    )
    key = await one(house, recipient=POOL)
    anna = await house.browse(OWNER)
    for wrong in ("00000000b1", "00000000c1", "nothing", "'"):
        assert (await act(anna, key, "answer", answers=wrong)).status == 404
    assert "00000000c1" not in (await anna.get(f"/messages/{key}")).text
    assert await house.server.db.read(statement, "SELECT answers FROM messages") == [("00000000a1",)]


# --- its sender -------------------------------------------------------------------------------------------------------


async def test_the_sender_is_taken_into_the_contacts(house: House) -> None:
    key = await one(house, sender="+48500600702")
    anna = await house.browse(OWNER)
    faulty = await act(anna, key, "contact", first_name="", last_name="Nowak", company="x" * 251)
    assert faulty.status == 422
    assert "Please fill this in." in faulty.shown
    assert 'value="Nowak"' in faulty.text
    assert "in your contacts now" in await said(anna, key, "contact", first_name="Ewa", last_name="Nowak", company="")
    seen = await anna.get(f"/messages/{key}")
    assert "Ewa Nowak" in seen.shown
    assert "Add to contacts" not in seen.shown
    await act(anna, key, "contact", first_name="Ewa")
    assert await house.server.db.read(statement, "SELECT count(*) FROM contacts WHERE phone = '+48500600702'") == [(1,)]
    assert (await anna.get("/inbox?q=nowak")).text.count("Ewa Nowak") > 0


async def test_a_name_cannot_be_a_contact(house: House) -> None:
    key = await one(house, sender="INFO")
    anna = await house.browse(OWNER)
    assert "Add to contacts" not in (await anna.get(f"/messages/{key}")).shown
    assert (await act(anna, key, "contact", first_name="x")).status == 404


async def test_the_sender_is_put_on_the_blacklist_and_taken_off(house: House) -> None:
    key = await one(house)
    anna = await house.browse(OWNER)
    assert "on your blacklist now" in await said(anna, key, "block")
    assert "on your blacklist" in (await anna.get(f"/messages/{key}")).shown
    assert "no longer on your blacklist" in await said(anna, key, "unblock")
    assert await audits(house) == [("blacklist.removed", JAN), ("blacklist.added", JAN)]


# --- what became of it ------------------------------------------------------------------------------------------------


async def test_every_attempt_is_shown_with_its_answer_and_sent_again(tmp_path: Path) -> None:
    client = await Client(fails=lambda called: "status" if called.number <= 2 else None).start()
    async with running(f"sqlite:///{tmp_path}/a.db", tmp_path, Clock(), client.url, retry_minutes="0.001") as house:
        attempts = Attempts(house)
        key = await one(house)
        await attempts.are(2)
        anna = await house.browse(OWNER)
        seen = await anna.get(f"/messages/{key}")
        for shown in ("second", "exhausted", "Attempt 1", "Attempt 2", "500", "server failed (5xx)", "127.0.0.1", "nr=%2B48500600700"):
            assert shown in seen.shown
        ((delivery,),) = await house.server.db.read(statement, "SELECT id FROM deliveries")
        assert "1 delivery is sent again." in await said(anna, key, "again", delivery=delivery)
        await attempts.are(1)
        seen = await anna.get(f"/messages/{key}")
        assert "answered as expected" in seen.shown
        assert "OK" in seen.shown
        assert ("delivery.resent", f"delivery {delivery}") in await audits(house)
        other = await one(house)
        assert (await act(anna, other, "again", delivery=delivery)).status == 404
        assert (await act(anna, other, "again", delivery=999)).status == 404
    await client.stop()


async def test_what_is_still_owed_is_not_sent_again(house: House) -> None:
    attempts = Attempts(house)
    key = await one(house)
    await attempts.are(1)
    anna = await house.browse(OWNER)
    seen = await anna.get(f"/messages/{key}")
    for shown in ("waiting", "next attempt", "The connection was refused."):
        assert shown in seen.shown
    assert "Still being forwarded" in await said(anna, key, "again")


async def test_who_may_not_see_numbers_sees_none_on_the_page(tmp_path: Path) -> None:
    client = await Client(fails=never).start()
    async with running(f"sqlite:///{tmp_path}/a.db", tmp_path, Clock(), client.url) as house:
        attempts = Attempts(house)
        key = await one(house)
        await attempts.are(1)
        await house.server.db.write(statement, "UPDATE attempts SET body = ?", b"taken from +48500600700, 500600700 thank you")
        ewa = await house.browse(MASKED)
        for path in (f"/messages/{key}", f"/conversations/{key}", "/deliveries", "/deliveries/1"):
            seen = await ewa.get(path)
            assert seen.status == 200
            assert "500600700" not in seen.text
            assert "+48500***700" in seen.shown
        seen = await ewa.get(f"/messages/{key}")
        assert "They hold the telephone number" in seen.shown
        assert "taken from" in seen.shown
    await client.stop()


async def test_why_it_was_not_forwarded_is_said(house: House) -> None:
    key = await one(house)
    anna = await house.browse(OWNER)
    db = house.server.db
    await db.write(statement, "DELETE FROM owed")
    await db.write(statement, "DELETE FROM deliveries")
    for change, shown in (
        ("active = 1", "It was set up, or switched on, after the message came."),
        ("only_text = '[\"tak\"]'", "Its filters leave this message out."),
        ("active = 0", "This forward is switched off."),
        ("for_kind = 'mms'", "Nobody is owed this message"),
    ):
        await db.write(statement, f"UPDATE targets SET {change}")
        await db.write(bumped)
        await house.server.present.refresh()
        assert shown in (await anna.get(f"/messages/{key}")).shown


def bumped() -> Any:
    """The set-up has changed."""
    yield from bump("directory")


# --- how it came ------------------------------------------------------------------------------------------------------


async def test_a_message_is_decoded_again_when_its_source_is_set_right(house: House) -> None:
    server = house.server
    source = await carrier(server.db, server.present)
    (key,) = await house.bring(pdu_arrival(raw_pdu("Grüße".encode("latin-1"), destination=b"48664078059"), source))
    assert key is not None
    anna = await house.browse(OWNER)
    seen = await anna.get(f"/messages/{key}")
    for shown in ("smsc (smpp)", "gsm7", "47 72 fc df 65", "Decode again"):
        assert shown in seen.shown
    assert "says the same as before" in await said(anna, key, "decode")
    await carrier(server.db, server.present, default_alphabet="latin1")
    assert "is kept below" in await said(anna, key, "decode")
    seen = await anna.get(f"/messages/{key}")
    assert "Grüße" in seen.shown
    assert "Its octets were decoded again." in seen.shown
    assert await audits(house) == [("message.decoded", f"message {key}")]


async def test_the_parts_of_a_long_message_are_all_shown(house: House) -> None:
    source = await carrier(house.server.db, house.server.present)
    ids = await house.bring(*arrivals(pdus("Zażółć gęślą", "utf-16-be", to=b"48664078059", size=10), source_id=source))
    anna = await house.browse(OWNER)
    seen = await anna.get(f"/messages/{ids[-1]}")
    assert "Zażółć gęślą" in seen.shown
    for shown in ("1/3", "2/3", "3/3", "u8:1", "utf-16-be"):
        assert shown in seen.shown


async def test_what_did_not_come_over_smpp_has_no_octets_to_decode(house: House) -> None:
    key = await one(house)
    anna = await house.browse(OWNER)
    assert "Decode again" not in (await anna.get(f"/messages/{key}")).shown
    assert "no octets that could be decoded" in await said(anna, key, "decode")


async def test_what_the_api_has_read_can_be_offered_again(house: House) -> None:
    key = await one(house)
    anna = await house.browse(OWNER)
    assert "Offer to the API again" not in (await anna.get(f"/messages/{key}")).shown
    await house.server.db.write(statement, "UPDATE messages SET pulled_at = 5")
    assert "Offer to the API again" in (await anna.get(f"/messages/{key}")).shown
    assert "1 message is offered to the API again." in await said(anna, key, "offer")
    assert await house.server.db.read(statement, "SELECT pulled_at FROM messages") == [(None,)]


async def test_what_is_no_act_is_not_found(house: House) -> None:
    key = await one(house)
    anna = await house.browse(OWNER)
    for do in ("", "explode", "seen", "<script>"):
        assert (await act(anna, key, do)).status == 404


# --- MMS and what strangers write -------------------------------------------------------------------------------------


async def test_an_mms_shows_pictures_sounds_and_texts_and_downloads_the_rest(house: House) -> None:
    picture, evil = Attachment("a.png", "image/png", PNG), Attachment('"><script>.svg', "image/svg+xml", b"<svg onload='alert(1)'/>")
    films = Attachment("f.mp4", "video/mp4", b"film"), Attachment("p.html", "text/html", b"<script>alert(1)</script>")
    (first, second) = await house.bring(mms(house), house.arrival("", mms=True, title="", attachments=(picture, evil, *films)))
    anna = await house.browse(OWNER)
    seen = await anna.get(f"/messages/{first}")
    assert "Wakacje" in seen.shown
    assert "Pozdrowienia z gór" in seen.shown
    assert (seen.text.count('<img src="/panel/media/'), seen.text.count("<audio "), seen.text.count("<video ")) == (1, 1, 0)
    seen = await anna.get(f"/messages/{second}")
    assert (seen.text.count('<img src="/panel/media/'), seen.text.count("<audio "), seen.text.count("<video ")) == (1, 0, 1)
    assert seen.text.count("only to be downloaded") == 2
    assert "<script>" not in seen.text
    assert "alert(1)" not in seen.text


async def test_strangers_texts_do_nothing_anywhere(house: House) -> None:
    ids = await house.bring(*[house.arrival(text) for text in HOSTILE])
    await house.server.db.write(statement, "UPDATE messages SET title = text, keyword = text, rule = text, answers = text")
    await house.server.db.write(statement, "UPDATE targets SET name = '<script>alert(2)</script>'")
    await house.server.db.write(
        statement, "INSERT INTO revisions (message_id, at, why, before) SELECT id, 5, text, ? FROM messages",
        '{"text": "</del><script>alert(3)</script>", "rule": "<b>"}',
    )  # fmt: skip
    anna = await house.browse(OWNER)
    for key in ids:
        for page in ("messages", "conversations"):
            seen = await anna.get(f"/{page}/{key}")
            assert seen.status == 200
            for evil in ("<script>alert", "<img src=x", "<svg onload", "\u202e", "\u2066", "\x1b", "</textarea></title>"):
                assert evil not in seen.text
