"""The pages of the inbox on PostgreSQL, where other processes write too and nothing is known in memory."""

from __future__ import annotations

from pathlib import Path

from odzew.clock import FixedClock
from tests.panel.house import OWNER, fill, running
from tests.panel.test_inbox import polled, rows, unseen


async def test_the_inbox_stands_on_postgresql(pg_migrated: str, tmp_path: Path, clock: FixedClock) -> None:
    async with running(pg_migrated, tmp_path, clock) as house:
        await fill(house)
        anna = await house.browse(OWNER)
        seen = await anna.get("/inbox")
        ids = rows(seen)
        assert len(ids) == len(unseen(seen)) == 18
        for key in (ids[0], ids[9], ids[-1]):
            for page in ("messages", "conversations"):
                assert (await anna.get(f"/{page}/{key}")).status == 200
        assert len(unseen(await anna.get("/inbox"))) < 18
        assert rows(await anna.get("/inbox?q=czy%20przesylka")) != []
        assert "Jan Kowalski" in (await anna.get("/inbox?q=kowalski")).shown
        assert len((await anna.get("/inbox/export.csv")).body.splitlines()) > 18
        assert (await anna.get("/media/1", range="bytes=0-3")).body == b"\x89PNG"
        path = polled(seen)
        assert (await anna.get(path, hx_request="true")).status == 204
        (new,) = await house.bring(house.arrival("nowa"))
        assert rows(await anna.get(path, hx_request="true")) == [new]
        assert (await anna.post(f"/messages/{new}/change", {"do": "block"})).status == 303
        assert (await anna.post("/inbox/change", {"do": "offer", "id": ids})).status == 303
        assert (await anna.post("/inbox/change", {"do": "again", "id": ids, "delivered": 1})).status == 303
