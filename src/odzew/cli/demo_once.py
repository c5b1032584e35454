"""`odzew demo --once`: walks one message of each kind down the whole road and judges every step of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

from odzew.cli.demo_bring import bring
from odzew.cli.demo_lines import Lines
from odzew.cli.demo_messages import CASES, Case, expected_item, expected_values, local, sent_record, without_attachment_ids
from odzew.cli.demo_stage import ACCOUNT, Stage, staged
from odzew.cli.inbox import assign_to
from odzew.clock import SECOND, Clock
from odzew.errors import OdzewError
from odzew.model import Attempt, Message, Owed
from odzew.simulate.client import Called, Failure
from odzew.store.deliveries import Result
from odzew.store.delivery_list import Wanted, page
from odzew.store.engines import open_database
from odzew.store.lookup import DeliveryRow
from odzew.store.messages import unclaimed
from odzew.wire.published import ITEMS, TIME_FIELD

PATIENCE: Final = 20.0  # seconds for any one step
MINUTES: Final = [0.01, 0.03, 0.1]
FAILS_FIRST: Final = "nd"  # the kind whose first call is let fail


class NotHeld(OdzewError):
    """A step did not go as it must."""


class Walk:
    """One walk. Each step is judged; the first that does not hold ends it with NotHeld."""

    def __init__(self, stage: Stage, lines: Lines, calls: list[Called]) -> None:
        self._stage = stage
        self._lines = lines
        self._calls = calls
        self._moved = asyncio.Event()
        self._ended: dict[int, list[tuple[Attempt, Result]]] = {}
        stage.server.on_attempt.append(self._attempted)

    def _attempted(self, owed: Owed, attempt: Attempt, result: Result) -> None:
        self._lines.attempted(owed, attempt, result)
        self._ended.setdefault(owed.message_id, []).append((attempt, result))
        self._moved.set()

    async def whole(self) -> None:
        """Every kind in turn, and then what the database says of it all."""
        await self._report_sent(sent_record(self._stage.clock.now()))
        repeated = 0
        for number, case in enumerate(CASES):
            begun = self._stage.clock.now()
            await self._bring(case)
            if case.assigned:
                await self._assign(case)
            key, received = await self._pull(case, begun)
            fails = case.kind == FAILS_FIRST and not case.assigned
            await self._delivered(case, key, received, 2 if fails else 1)
            repeated += fails
            _hold(len(self._ended) == number + 1, "a message was forwarded that should not be")
        _hold(repeated == 1, "one call was to fail and to be repeated")
        await self._nothing_left(len(self._ended))

    async def _report_sent(self, record: dict[str, Any]) -> None:
        answer = await self._stage.post("/operator/sent", record, self._stage.environment["OPERATOR_TOKEN"])
        _hold(answer == {"stored": 1, "failed": []}, f"the sent message was answered {answer}")
        self._lines.say("sent", f"message {record['message_id']} to {record['phone']} from {record['from_number']} is on record")

    async def _bring(self, case: Case) -> None:
        """The network brings it and hears that it is taken: from here on it is stored."""
        try:
            async with self._stage.clock.deadline(PATIENCE):
                await bring(self._stage, self._lines, case)
        except TimeoutError:
            raise NotHeld(f"the network was not answered in {PATIENCE:g} s") from None

    async def _assign(self, case: Case) -> None:
        """Gives it to the account as `odzew inbox assign` does, over a connection of its own beside the running server."""
        _hold((await self._pull_items()) == [], "an unclaimed message was given out by the API")
        db = open_database(self._stage.db_url, self._stage.clock)
        try:
            listed: list[Message] = await db.read(unclaimed, 0, 10)
            _hold([message.text for message in listed] == [case.text], "the message is not listed as unclaimed")
            key = listed[0].id
            self._lines.say("stored", f"message {key}, unclaimed")
            done = await assign_to(db, [key], ACCOUNT, None)
        finally:
            await db.close()
        _hold([message.kind for message in done.messages] == [case.kind], f"it was not assigned as {case.kind}")
        self._lines.say("assigned", f"message {key} to {ACCOUNT}")

    async def _pull(self, case: Case, begun: int) -> tuple[int, str]:
        """Reads it over the API, once: its id, and the time at which it was received, between `begun` and now."""
        # A change from outside the server is seen within half a second; anything else is there at once.
        items = await self._pull_items()
        until = self._stage.clock.monotonic() + PATIENCE
        while case.assigned and not items and self._stage.clock.monotonic() < until:
            await self._stage.clock.sleep(0.05)
            items = await self._pull_items()
        _hold(len(items) == 1, f"the API gave {len(items)} messages, not 1")
        key, received = int(items[0]["id"]), str(items[0].get(TIME_FIELD))
        if not case.assigned:
            self._lines.say("stored", f"message {key}, {items[0].get('type')}")
        possible = {local(instant) for instant in range(begun, self._stage.clock.now() + SECOND, SECOND)}
        _hold(received in possible, f"message {key} was received at {received}, and not just now")
        wanted = expected_item(case, key, received)
        _hold([without_attachment_ids(item) for item in items] == [wanted], f"the API gave {str(items)[:500]}, not {str(wanted)[:500]}")
        self._lines.say("pulled", f"message {key}, as it was sent")
        _hold((await self._pull_items()) == [], f"message {key} was given out again after it had been read")
        return key, received

    async def _pull_items(self) -> list[dict[str, Any]]:
        answer = await self._stage.pull(read=True)
        _hold(list(answer) == [ITEMS], f"the API answered {str(answer)[:200]}")
        items: list[dict[str, Any]] = answer[ITEMS]
        return items

    async def _delivered(self, case: Case, key: int, received: str, attempts: int) -> None:
        await self._until(
            lambda: any(result.state != "pending" for _, result in self._ended.get(key, ())), f"message {key} was not delivered"
        )
        ended = self._ended[key]
        outcomes = [attempt.outcome for attempt, _ in ended]
        _hold(outcomes == ["http_5xx"] * (attempts - 1) + ["ok"], f"the calls for message {key} ended {outcomes}")
        _hold(ended[-1][1].state == "delivered", f"message {key} ended as {ended[-1][1].state}")
        gaps = [(after[0].started_at - before[0].started_at) / 60e6 for before, after in pairwise(ended)]
        _hold(all(gap >= minutes for gap, minutes in zip(gaps, MINUTES, strict=False)), f"message {key} was repeated early")
        calls = [called for called in self._calls if (called.form if case.is_mms else called.query).get("id") == str(key)]
        _hold(len(calls) == attempts, f"the client's URL was called {len(calls)} times for message {key}")
        wanted = expected_values(case, key, received)
        for called in calls:
            values = called.form if case.is_mms else called.query
            got = {name: value for name, value in values.items() if not name.endswith("[id]")}
            method = "POST" if case.is_mms else "GET"
            _hold((called.method, got) == (method, wanted), f"the client's URL was called with {str(got)[:500]}, not {str(wanted)[:500]}")
        _hold(len({called.headers.get("webhook-id") for called in calls}) == 1, "the repeats do not carry one webhook-id")

    async def _nothing_left(self, number: int) -> None:
        """Everything is delivered in the database too, once the last outcomes are committed."""
        until = self._stage.clock.monotonic() + PATIENCE
        states: list[str] = []
        while self._stage.clock.monotonic() < until:
            rows: list[DeliveryRow]
            rows, _ = await self._stage.server.db.read(page, Wanted(), None, 100)
            states = [row.state for row in rows]
            if "pending" not in states:
                break
            await self._stage.clock.sleep(0.02)
        _hold(states == ["delivered"] * number, f"the deliveries ended as {states}")

    async def _until(self, holds: Callable[[], bool], otherwise: str) -> None:
        until = self._stage.clock.monotonic() + PATIENCE
        while not holds():
            self._moved.clear()
            left = until - self._stage.clock.monotonic()
            if left <= 0 or not await self._stage.clock.wait(self._moved, left):
                raise NotHeld(f"{otherwise} in {PATIENCE:g} s")


def _hold(held: bool, otherwise: str) -> None:
    if not held:
        raise NotHeld(otherwise)


def _first_fails(seen: set[str]) -> Callable[[Called], Failure | None]:
    """The first call for a message of the chosen kind fails, once in all."""

    def fails(called: Called) -> Failure | None:
        if called.query.get("type") != FAILS_FIRST or FAILS_FIRST in seen:
            return None
        seen.add(FAILS_FIRST)
        return "status"

    return fails


async def walk(clock: Clock) -> None:
    """The whole walk, printed. NotHeld, or another error of ours, if a step did not go as it must."""
    lines = Lines(clock)
    calls: list[Called] = []

    def told(called: Called) -> None:
        calls.append(called)
        lines.called(called)

    async with staged(clock, _first_fails(set()), told, MINUTES, network_told=lines.say) as stage:
        lines.say("started", f"on a throw-away database, listening on {stage.url}, with a client's URL at {stage.client.url}")
        try:
            await Walk(stage, lines, calls).whole()
        except OdzewError as error:
            lines.say("wrong", str(error))
            raise
    lines.say("held", "everything: one message of each kind stored, pulled and delivered, one of them at the second call")
