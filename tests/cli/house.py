"""A set-up on a SQLite file, as an operator has it, and the command line used on it as an operator uses it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from odzew.cli.main import app
from odzew.clock import Clock
from odzew.inbox.batch import Received
from odzew.inbox.receive import Inbox
from odzew.model import Arrival, Receipt
from odzew.store.db import Database
from odzew.store.directory import Present
from odzew.store.engines import open_database

SENDER, POOL, SHARED, OWN = "+48500600700", "+48500500501", "+48799448855", "+48664078059"

SETUP = """\
[[account]]
name = "acme"
company = "Acme sp. z o.o."
  [[account.user]]
  login = "webapi_acme"
  password = "secret"
  roles = ["api"]
  [[account.token]]
  name = "crm"
  value = "11111111111111111111111111111111"
  [[account.forward]]
  for = "sms"
  url = "http://192.0.2.1/sms?nr=#NUMER#&id=#ID#"

[[account]]
name = "other"

[[operator_token]]
name = "platform"
value = "00000000000000000000000000000000"

[[number]]
address = "+48500500501"
service = "eco"

[[number]]
address = "+48799448855"
service = "nd"
  [[number.keyword]]
  word = "AUTO"
  account = "acme"

[[number]]
address = "+48664078059"
service = "ndi"
account = "other"

[[source]]
name = "aggregator"
protocol = "http"
token = "aggregator-token"
"""


class House:
    """One database file in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.url = f"sqlite:///{directory / 'odzew.db'}"

    def run(self, *words: object, input: str | bytes | None = None, **environment: str) -> Result:
        """Runs a verb on this database. Whatever is no error of ours, and no end of the program, is raised here."""
        runner = CliRunner(env={"ODZEW_DB": self.url, "ODZEW_SETTINGS": None, **environment})
        return runner.invoke(app, [str(word) for word in words], input=input, catch_exceptions=False)

    def says(self, *words: object, **more: Any) -> str:
        """What a verb prints that ends with 0."""
        result = self.run(*words, **more)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *words: object) -> Any:
        """What a verb prints with --json."""
        return json.loads(self.says(*words, "--json"))

    def refuses(self, *words: object, code: int = 1, **more: Any) -> str:
        """What a verb complains of on the standard error; it must end with `code`."""
        result = self.run(*words, **more)
        assert result.exit_code == code, result.output
        return result.stderr

    def apply(self, text: str = SETUP) -> House:
        """Applies a set-up through the command line."""
        file = self.directory / "setup.toml"
        file.write_text(text, encoding="utf-8")
        self.says("apply", file)
        return self

    def with_db(self, work: Callable[[Database], Any]) -> Any:
        """Runs `work(db)`, a coroutine function, on a connection of its own."""

        async def whole() -> Any:
            db = open_database(self.url, Clock())
            try:
                return await work(db)
            finally:
                await db.close()

        return asyncio.run(whole())

    def read(self, unit: Callable[..., Any], *args: Any) -> Any:
        return self.with_db(lambda db: db.read(unit, *args))

    def write(self, unit: Callable[..., Any], *args: Any) -> Any:
        return self.with_db(lambda db: db.write(unit, *args))

    def receive(self, *arrivals: Arrival) -> list[Receipt]:
        """Takes arrivals in, as a server would."""

        async def work(db: Database) -> list[Receipt]:
            present = Present(db)
            await present.refresh()
            inbox = Inbox(db, present, _nothing)
            receipts = await inbox.receive(list(arrivals))
            await inbox.close()
            return receipts

        receipts: list[Receipt] = self.with_db(work)
        return receipts


def _nothing(_received: Received) -> None:
    """Nobody forwards here."""


def an_arrival(text: str = "AUTO 1", to: str = SHARED, sender: str = SENDER, **fields: Any) -> Arrival:
    """One SMS by the aggregator."""
    values: dict[str, Any] = {"raw": text.encode("utf-8", "surrogatepass")} | fields
    return Arrival(1, sender, to, text=text, **values)
