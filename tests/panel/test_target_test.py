"""A test of a forward: one call with the whole exchange, of a sample or of a message of the account."""

from __future__ import annotations

from pathlib import Path

import pytest

from odzew.clock import Clock
from tests.forward.receiver import Receiver, answers, ok
from tests.panel.house import OTHER, OWNER, House, running
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
