"""A test of a forward: one call with the whole exchange, of a sample or of a message of the account."""

from __future__ import annotations

from pathlib import Path

import pytest

from odzew.clock import Clock
from tests.forward.mail import MailPeer
from tests.forward.receiver import Receiver, answers, ok
from tests.panel.house import MASKED, OTHER, OWNER, House, Seen, running
from tests.panel.rows import differences


def target(house: House, name: str) -> int:
    account = house.account_id()
    return next(one.id for one in house.server.present.directory.targets.values() if one.account_id == account and one.name == name)


async def test_the_whole_exchange_is_shown(tmp_path: Path) -> None:
    receiver = await Receiver(answers(ok(b"<script>alert(1)</script>"))).start()
    async with running(f"sqlite:///{tmp_path}/a.db", tmp_path, Clock(), f"http://127.0.0.1:{receiver.port}") as house:
        anna = await house.browse(OWNER)
        seen = await anna.post(f"/targets/{target(house, 'second')}/test")
        assert seen.status == 200
        for shown in ("The URL answered as expected.", "GET /sms?nr=", "200", "127.0.0.1", "<script>alert(1)</script>"):
            assert shown in seen.shown
        assert "<script>alert" not in seen.text
        assert await differences(house, "target.tested") == ({}, {"outcome": "ok"})
    await receiver.close()
    assert len(receiver.requests) == 1


async def test_a_message_of_the_account_is_sent_and_no_other(house: House) -> None:
    anna, bob = await house.browse(OWNER), await house.browse(OTHER)
    mine, theirs = await house.bring(house.arrival("Zażółć"), house.arrival("GLOBEX x", recipient="+48799448855"))
    path = f"/targets/{target(house, 'second')}/test"
    seen = await anna.post(path, {"message": mine})
    assert (seen.status, "The connection was refused." in seen.shown, f"id={mine}" in seen.shown) == (200, True, True)
    assert (await bob.post(path, {"message": theirs})).status == 404
    seen = await anna.post(path, {"message": theirs})
    assert (seen.status, "There is no such message." in seen.shown) == (422, True)


@pytest.mark.parametrize("typed", ["x", "-1", "0", "9" * 40, "999999", "<script>alert(1)</script>"])
async def test_what_is_no_message_is_said(house: House, typed: str) -> None:
    anna = await house.browse(OWNER)
    seen = await anna.post(f"/targets/{target(house, 'second')}/test", {"message": typed})
    assert (seen.status, "<script>alert" in seen.text) == (422, False)


@pytest.mark.parametrize("way", ["url", "json"])
async def test_an_owner_who_may_not_see_numbers_sees_none_in_what_is_sent_and_answered(tmp_path: Path, way: str) -> None:
    """The client's server says the number back, in its head and in its body."""
    receiver = await Receiver(answers(ok(b"Thank you, +48500600700 or 500600700", b"X-From: 48500600700\r\n"))).start()
    url = f"http://127.0.0.1:{receiver.port}/{'?nr=#NUMER#' if way == 'url' else ''}"
    async with running(f"sqlite:///{tmp_path}/a.db", tmp_path, Clock()) as house:
        for seen, whole in await both_see(house, {"way": way, "url": url}):
            assert "The URL answered as expected." in seen.shown
            assert ("500600700" in seen.text, "+48500***700 or ***700" in seen.shown) == (whole, not whole)
    await receiver.close()
    assert len(receiver.requests) == 2


async def test_nor_in_a_letter_whose_octets_are_encoded(tmp_path: Path) -> None:
    peer = await MailPeer().start()
    mail = {"smtp_host": "127.0.0.1", "smtp_port": str(peer.port), "smtp_tls": "none", "mail_from": "odzew@acme.example"}
    async with running(f"sqlite:///{tmp_path}/a.db", tmp_path, Clock(), **mail) as house:
        for seen, whole in await both_see(house, {"way": "email", "mail_to": "a@acme.example"}):
            assert ("base64" in seen.shown, "which you may not see" in seen.shown) == (whole, not whole)
            assert ("500600700" in seen.text) == whole
    await peer.stop()
    assert len(peer.posts) == 2


async def both_see(house: House, typed: dict[str, str]) -> list[tuple[Seen, bool]]:
    """The test of a forward with a message, as an owner sees it and one who may not see numbers, and whether it is the first."""
    anna = await house.browse(OWNER)
    path, (message,) = f"/targets/{target(house, 'second')}", await house.bring(house.arrival("Zażółć"))
    assert (await anna.post(path, {"for": "sms", "active": ""} | typed)).status == 303
    ewa = house.server.present.directory.users[MASKED]
    assert (await anna.post(f"/account/users/{ewa.id}", {"role": ["panel", "owner"]})).status == 303
    return [(await (await house.browse(who)).post(f"{path}/test", {"message": message}), who == OWNER) for who in (OWNER, MASKED)]
