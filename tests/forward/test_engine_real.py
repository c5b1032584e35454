"""The whole way out: engine, exchange and the real sender against a real web server, on both database engines."""

from __future__ import annotations

from odzew.clock import FixedClock
from odzew.forward.engine import Engine
from odzew.forward.exchange import Exchange
from odzew.forward.sender import HttpSender
from odzew.model import Attachment
from odzew.store import deliveries
from odzew.store.db import Database
from tests.forward.builders import Gateway
from tests.forward.client import Client
from tests.forward.receiver import until

HERE = ("127.0.0.1",)


class Real:
    """A gateway whose own engine stands still, and an engine with the real sender over the same database."""

    def __init__(self, db: Database, clock: FixedClock, sender: HttpSender) -> None:
        self.setting = Gateway(db, clock)
        self.db = self.setting.db
        self.done = 0
        exchange = Exchange(self.db, clock, sender, lambda reference: None)
        self.engine = Engine(self.db, clock, exchange, lambda: self.setting.present.directory, attempted=self._attempted)

    def _attempted(self, *told: object) -> None:
        self.done += 1

    async def after(self, attempts: int) -> None:
        """Waits until so many attempts have been made and stored."""
        await until(lambda: self.done >= attempts)
        await self.setting.quiet()


async def test_a_url_that_fails_and_then_answers(db: Database, clock: FixedClock, sender: HttpSender, client: Client) -> None:
    real = Real(db, clock, sender)
    account = await real.setting.an_account(forward_allow=HERE)
    target = await real.setting.a_target(url=client.url("/in?t=#WIADOMOSC#"), account=account, verify="OK #ID#")
    real.engine.start()
    client.status = 503
    await real.setting.quiet()
    ids = await real.setting.owe(target, 3, offer=False, text="raz + dwa")
    real.engine.look()
    await real.after(3)
    client.status, client.answer = 200, b"nothing of the kind"
    clock.advance(311)
    await real.after(6)
    client.answer = b"OK 1"
    clock.advance(311)
    await real.after(9)
    attempts = {key: await db.read(deliveries.attempts, key) for key in ids}
    assert [a.outcome for a in attempts[ids[0]]] == ["http_5xx", "verify_mismatch", "ok"]
    assert [a.outcome for a in attempts[ids[1]]] == ["http_5xx", "verify_mismatch", "verify_mismatch"]
    assert [a.body for a in attempts[ids[0]]] == [b"OK", b"nothing of the kind", b"OK 1"]
    assert await real.setting.states() == {ids[0]: "delivered", ids[1]: "pending", ids[2]: "pending"}
    assert {request.raw_path for request in client.requests} == {"/in?t=raz%20%2B%20dwa"}
    assert [request.headers["X-Attempt"] for request in client.requests] == ["1/5"] * 3 + ["2/5"] * 3 + ["3/5"] * 3
    await real.engine.stop()


async def test_a_server_that_is_down_costs_an_attempt_and_an_mms_goes_out_whole(
    db: Database, clock: FixedClock, sender: HttpSender, client: Client
) -> None:
    real = Real(db, clock, sender)
    account = await real.setting.an_account(forward_allow=HERE)
    down = await real.setting.a_target(url="http://client.example:1024/", account=account)
    up = await real.setting.a_target(url=client.url("/mms"), account=account, for_kind="mms")
    real.engine.start()
    await real.setting.quiet()
    data = bytes(range(256)) * 4096
    await real.setting.owe(up, 1, offer=False, kind="mms", title="Temat", attachments=[Attachment("a.jpg", "image/jpeg", data)])
    [refused] = await real.setting.owe(down, 1, offer=False)
    real.engine.look()
    await real.after(2)
    assert [a.outcome for a in await db.read(deliveries.attempts, refused)] == ["refused"]
    assert dict(client.forms[0])["title"] == "Temat"
    assert client.requests[0].content_length == len(client.bodies[0]) > len(data)
    await real.engine.stop()
