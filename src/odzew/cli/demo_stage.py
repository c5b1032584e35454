"""The stage of `odzew demo`: a throw-away database, the whole service on it, networks on one side and a client's URL on the other."""

from __future__ import annotations

import secrets
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from odzew import settings
from odzew.access.passwords import hash_password
from odzew.access.sealing import VARIABLE, new_key
from odzew.access.tokens import make_token
from odzew.clock import Clock
from odzew.errors import OdzewError
from odzew.serve import Server
from odzew.setup.apply import apply
from odzew.setup.document import read_document
from odzew.simulate.client import Called, Client, Fails
from odzew.simulate.http import Address, request
from odzew.simulate.mmsc import Mmsc
from odzew.simulate.smsc import Smsc, Told, nobody
from odzew.store.engines import open_database
from odzew.wire.published import LIST_ACTION

PREFERRED: Final = ("127.0.0.1", 8080)
ACCOUNT: Final = "demo"
LOGIN: Final = "webapi_demo"
PERSON, OPERATOR = "demo@example.com", "operator@example.com"
POOL, SHARED, OWN, PREMIUM = "+48500500501", "+48799448855", "+48664078059", "71200"

# The log tells only what went wrong on our side: the lines of the demonstration tell the rest.
SYSTEM_ID: Final = "demo"
BINDS: Final = 2
BOUND_WITHIN: Final = 10.0  # seconds
SECRETS: Final = ("OPERATOR_TOKEN", "TOKEN", "PASSWORD", "PANEL_PASSWORD", "SOURCE_TOKEN", "SMSC_PASSWORD", "MMSC_PASSWORD")
QUIET: Final = {"log_format": "text", "log_level": "error", "answer_seconds": 3.0, "stop_seconds": 3.0}

SETUP: Final = """\
[[operator]]
login = "operator@example.com"
password = "env:PANEL_PASSWORD"

[[operator_token]]
name = "sending-platform"
value = "env:OPERATOR_TOKEN"

[[account]]
name = "demo"
company = "Demo sp. z o.o."
forward_allow = ["127.0.0.1:{port}"]

  [[account.token]]
  name = "demo"
  value = "env:TOKEN"

  [[account.user]]
  login = "webapi_demo"
  password = "env:PASSWORD"
  roles = ["api", "numbers"]

  [[account.user]]
  login = "demo@example.com"
  password = "env:PANEL_PASSWORD"
  roles = ["panel", "owner", "numbers"]

  [[account.forward]]
  for = "sms"
  url = "{url}/sms?nr=#NUMER#&text=#WIADOMOSC#&date=#DATA#&id=#ID#&answers=#SMSID#&to=#NUMERDO#&type=#TYP#&keyword=#HASLO#"
  verify = "OK"
  retry_minutes = {minutes}

  [[account.forward]]
  for = "mms"
  url = "{url}/mms"
  verify = "OK"
  retry_minutes = {minutes}

[[number]]
address = "+48500500501"
service = "eco"

[[number]]
address = "+48799448855"
service = "nd"
  [[number.keyword]]
  word = "DEMO"
  account = "demo"

[[number]]
address = "+48664078059"
service = "ndi"
account = "demo"
mms = true

[[number]]
address = "71200"
service = "pr"
  [[number.keyword]]
  word = "AUTO"
  account = "demo"

[[source]]
name = "network"
protocol = "smpp"
hosts = ["127.0.0.1:{smsc}"]
system_id = "demo"
password = "env:SMSC_PASSWORD"
binds = 2
reconnect_seconds = 0.1

[[source]]
name = "mmsc"
protocol = "mm7"
username = "mmsc"
password = "env:MMSC_PASSWORD"

[[source]]
name = "aggregator"
protocol = "http"
token = "env:SOURCE_TOKEN"
"""
"""What an operator would give to `odzew apply`."""


@dataclass(slots=True)
class Stage:
    """Everything that runs. `environment` has the secrets that the set-up refers to."""

    clock: Clock
    db_url: str
    address: Address
    server: Server
    client: Client
    smsc: Smsc
    mmsc: Mmsc
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    async def pull(self, **parameters: Any) -> dict[str, Any]:
        """Calls the pull API for incoming messages, in JSON, with the account's token. OdzewError if there is no answer."""
        answer: dict[str, Any] = await self.post(f"/{LIST_ACTION}.json", parameters, self.environment["TOKEN"])
        return answer

    async def post(self, path: str, value: Any, token: str) -> Any:
        """Posts JSON with a bearer token and gives the JSON that comes back."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return (await request(self.clock, self.address, "POST", path, msgspec.json.encode(value), headers)).json()


class NotBound(OdzewError):
    """The service did not bind to the network."""


@asynccontextmanager
async def staged(
    clock: Clock,
    fails: Fails,
    told: Callable[[Called], None],
    minutes: list[float],
    prefer: Address | None = None,
    network_told: Told = nobody,
) -> AsyncIterator[Stage]:
    """Sets the stage and clears it away. `minutes`: when a failed call is repeated; `prefer`: where to listen if it is free."""
    environment = {name: secrets.token_hex(16) for name in SECRETS} | {VARIABLE: new_key()}
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="odzew-demo-", ignore_cleanup_errors=True))
        db_url = f"sqlite:///{Path(directory, 'odzew.db')}"
        client = await Client(fails, told).start()
        stack.push_async_callback(client.stop)
        smsc = Smsc(clock, system_id=SYSTEM_ID, password=environment["SMSC_PASSWORD"], told=network_told)
        await smsc.start()
        stack.push_async_callback(smsc.stop)
        document = SETUP.format(port=client.port, url=client.url, minutes=minutes, smsc=smsc.port)
        await _set_up(db_url, clock, document, environment)
        given = {"db": db_url, "listen": _listen(prefer), **QUIET}
        server = Server(settings.read(given, environment={}), clock, environment)
        await server.start()
        stack.push_async_callback(server.stop)
        address = server.addresses[0]
        mmsc = Mmsc(clock, f"http://{address[0]}:{address[1]}/ingest/mmsc", "mmsc", environment["MMSC_PASSWORD"])
        await _bound(clock, smsc)
        yield Stage(clock, db_url, address, server, client, smsc, mmsc, environment)


async def _bound(clock: Clock, smsc: Smsc) -> None:
    try:
        async with clock.deadline(BOUND_WITHIN):
            await smsc.bound(BINDS)
    except TimeoutError:
        raise NotBound(f"the service did not bind to the network in {BOUND_WITHIN:g} s") from None


async def _set_up(db_url: str, clock: Clock, document: str, environment: dict[str, str]) -> None:
    db = open_database(db_url, clock)
    try:
        await db.migrate()
        await apply(read_document(document.encode(), environment), db, hash_password=hash_password, make_token=make_token)
    finally:
        await db.close()


def _listen(prefer: Address | None) -> str:
    return f"{prefer[0]}:{prefer[1]}" if prefer is not None and _is_free(prefer) else "127.0.0.1:0"


def _is_free(address: Address) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError:
            return False
    return True
