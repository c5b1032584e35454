"""The composition root: settings -> database -> inbox -> ways in, forwarding, one web application; start and stop in order."""

from __future__ import annotations

import asyncio
import functools
import os
import secrets
import socket
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

import structlog

from odzew import __version__
from odzew.access.passwords import Verifier
from odzew.access.rights import Gate
from odzew.access.sealing import VARIABLE, Sealer, is_sealed
from odzew.access.throttle import Throttle
from odzew.access.usage import Usage
from odzew.api.app import create_api
from odzew.api.call import Limits
from odzew.api.openapi import OpenApi
from odzew.clock import Clock
from odzew.errors import SettingError, StoreError
from odzew.forward.call import SenderLimits
from odzew.forward.engine import Engine, EngineLimits
from odzew.forward.exchange import Exchange
from odzew.forward.guard import Guard
from odzew.forward.ledger import write as write_outcomes
from odzew.forward.mail import MailServer, SmtpSender, mail_tls
from odzew.forward.note import send_note
from odzew.forward.outcome import meaning_of
from odzew.forward.resolver import SystemResolver
from odzew.forward.schedule import Schedule
from odzew.forward.sender import HttpSender
from odzew.forward.shards import MOVED, Everything, Holding, Shards
from odzew.forward.target_health import TargetHealth
from odzew.forward.trust import Trusts, trusted
from odzew.inbox.batch import Received
from odzew.inbox.correct import Corrected, record_sent
from odzew.inbox.freshness import Freshness
from odzew.inbox.read import Reader
from odzew.inbox.receive import Inbox
from odzew.inbox.tidy import Tidy
from odzew.ingest.app import create_ingest
from odzew.ingest.smpp.carriers import Carriers
from odzew.ingest.tally import Tallies
from odzew.logs import configure
from odzew.model import Attempt, Message, Owed, SentMessage
from odzew.operations.alarms import Alarms
from odzew.operations.calls import create_calls
from odzew.operations.gauges import Forwarding, Known, Waiting
from odzew.operations.health import create_health
from odzew.operations.measures import Measures
from odzew.operations.sent import create_sent
from odzew.serve.panel import create_panel
from odzew.settings import Settings
from odzew.store.changes import Changes
from odzew.store.db import Database
from odzew.store.deliveries import Result
from odzew.store.directory import Directory, Present, StaleDirectory
from odzew.store.engines import open_database
from odzew.store.leases import Lease, alive
from odzew.store.migrate import NEWEST
from odzew.store.postgres import PostgresDatabase
from odzew.store.sqlite import SqliteDatabase
from odzew.web import App, Listeners, by_first_segment, certificate, front, logged, not_here
from odzew.wire.msisdn import is_country
from odzew.wire.published import HELP_FIELDS

log = structlog.get_logger("odzew.serve")

PROCESS: Final = "process:"
ROLES: Final[dict[str, tuple[str, ...]]] = {
    "api": ("", "openapi.json", "operator"), "panel": ("panel",), "ingest": ("ingest",), "forward": (),
}  # fmt: skip
"""What a process may be there for, and the first segments of the paths that it serves then. All but the API's own."""
AGAIN: Final = 1.0  # seconds until a change of the set-up that could not be read is read again
SWEEP: Final = 5.0  # seconds between looks for pulls of processes that are gone


class Server:
    """One server process. `on_attempt` are told of every call to a client's URL."""

    def __init__(self, settings: Settings, clock: Clock, environment: Mapping[str, str] = os.environ) -> None:
        self.settings = settings
        self.clock = clock
        self.on_attempt: list[Callable[[Owed, Attempt, Result], None]] = []
        self.process = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._environment = environment
        self._sealer = Sealer(environment.get(VARIABLE, ""))
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self._closing = AsyncExitStack()

    # --- start -------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Opens everything and serves. Errors of ours say what is wrong; what was opened is closed then."""
        configure(self.settings["log_format"], self.settings["log_level"], self.clock)
        try:
            await self._open()
        except BaseException:
            await self._closing.aclose()
            raise
        log.info("serving", addresses=[f"{host}:{port}" for host, port in self.addresses], version=__version__, process=self.process)

    async def _open(self) -> None:
        """Each part leaves behind how it is closed; they are closed in the opposite order."""
        schedule = Schedule(self.settings["retry_minutes"], self.settings["retry_basis"])
        tls = trusted(self.settings["extra_ca"])
        pair = certificate(self.settings["tls_cert"], self.settings["tls_key"])
        unknown = sorted(set(self.settings["roles"]) - set(ROLES))
        if unknown or not self.settings["roles"]:
            raise SettingError(f"roles are some of {', '.join(ROLES)}, not {', '.join(unknown) or 'none'}")
        if not is_country(self.settings["country"]):
            raise SettingError(f"country is two capital letters, such as PL, not {self.settings['country']!r}")
        self.listeners = Listeners(self.settings["listen"], pair, self.settings["stop_seconds"], self.clock)
        self._closing.push_async_callback(self.listeners.stop)
        self.db: Database = open_database(self.settings["db"], self.clock)
        self._closing.push_async_callback(self.db.close)
        await self._prepare_database()
        self.measures = Measures(self.db, self.clock, self._directory, __version__, write_outcomes)
        self.db = self.measures.db
        self.on_attempt.append(self.measures.counts.attempted)
        self.present = Present(self.db)
        await self.present.refresh()
        self.changes = Changes(self.db, self.clock)
        await self.changes.start()
        self.freshness = Freshness(self.db.shared)
        self.reader = Reader(self.db, self.clock, self.freshness, self.process)
        limits = SenderLimits(connect=self.settings["connect_seconds"], total=self.settings["answer_seconds"])
        self._compose_forwarding(schedule, limits, tls)
        self.inbox = Inbox(self.db, self.present, self._stored, self.settings["country"], self._forwards_here, clock=self.clock)
        self.carriers = Carriers(self.db, self.clock, self._directory, self.inbox.bring, self.process, self._environment)
        self.tallies, self.usage = Tallies(self.db, self.clock, self.process), Usage(self.db, self.clock)
        self._closing.push_async_callback(self.tallies.write)
        self._closing.push_async_callback(self.usage.write, everything=True)
        self.measures.gauges.known = self._known()
        self._subscribe()
        await self.health.refresh()
        await self._hold_leases()
        self._run(self.health.run(), "odzew-health")
        self._run(self.alarms.run(), "odzew-alarms")
        self._closing.push_async_callback(self.alarms.close)
        self._closing.push_async_callback(self.health.flush)
        self._closing.push_async_callback(self.engine.stop, self.settings["stop_seconds"])
        await self.reader.take_back_open(await self._live_processes())
        self._closing.push_async_callback(self.reader.close)
        self._closing.push_async_callback(self.inbox.close)
        self._run(self.changes.run(), "odzew-changes")
        tidy = Tidy(self.db, self.clock, self.present, self._stored, self.settings["country"], self._forwards_here)
        self._run(tidy.run(), "odzew-tidy")
        self._run(self.tallies.run(), "odzew-tallies")
        self._run(self.usage.run(), "odzew-usage")
        app = self._compose_web()
        self._closing.push_async_callback(self.listeners.stop)
        await self.listeners.start(app)
        # The last to start and the first to stop: a network that is bound is to be answered.
        self._closing.push_async_callback(self.carriers.stop, self.settings["stop_seconds"])
        if self._has("ingest"):
            await self.carriers.start()

    def _directory(self) -> Directory:
        return self.present.directory

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens, real ports."""
        return self.listeners.addresses

    async def _prepare_database(self) -> None:
        if isinstance(self.db, SqliteDatabase):
            if set(self.settings["roles"]) != set(ROLES):
                raise SettingError("on SQLite one process does everything: leave roles as they are, or use PostgreSQL")
            self.db.lock_server()
        if isinstance(self.db, PostgresDatabase):
            await self.db.require_durable()
        version = await self.db.version()
        if version < NEWEST:
            log.info("migrating", found=version, newest=NEWEST)
        # Also where nothing is missing: a database of a newer program is refused there.
        for name in await self.db.migrate():
            log.info("migrated", migration=name)

    def _compose_forwarding(self, schedule: Schedule, limits: SenderLimits, tls: Any) -> None:
        self.resolver = SystemResolver(self.clock)
        self._closing.callback(self.resolver.close)
        self.sender = HttpSender(self.clock, self.resolver, Guard(self.listeners.judged()), limits, tls)
        self._closing.push_async_callback(self.sender.close)
        extra = self.settings["extra_ca"] or None
        self.mail: SmtpSender | None = None
        if self.settings["smtp_host"]:
            names = ("smtp_host", "mail_from", "smtp_port", "smtp_user", "smtp_password", "smtp_tls")
            self.mail = SmtpSender(self.clock, self.resolver, MailServer(*(self.settings[name] for name in names)), mail_tls(extra))
        send = None if self.mail is None else functools.partial(send_note, self.mail, self.clock)
        self.alarms = Alarms(self.clock, self._directory, self.settings["alarm_to"], send, self.db)
        self.health = TargetHealth(self.db, self.clock, self.alarms.of_target)
        self.on_attempt.append(self.health.attempted)
        self.exchange = Exchange(self.db, self.clock, self.sender, self._secret_of, self.mail, Trusts(extra))
        numbers = EngineLimits(
            self.settings["calls"], self.settings["calls_per_account"], self.settings["calls_per_target"],
            per_second=self.settings["forward_per_second"],
        )  # fmt: skip
        self.shards = Shards(self.db, self.clock, self.process, self.settings["lease_seconds"]) if self.db.shared else None
        self.holding: Holding = self.shards or Everything()
        self.engine = Engine(
            self.db, self.clock, self.exchange, self._directory, numbers, schedule, self._attempted, self.holding, limits.total,
            self.health.is_paused, self.health.ended,
        )  # fmt: skip
        if self.shards is not None:
            self.shards.engine = self.engine

    def _compose_web(self) -> App:
        settings, directory = self.settings, self._directory
        self.verifier = Verifier(self.clock, at_once=settings["password_verifications"], waiting=settings["password_waiting"])
        self._closing.callback(self.verifier.close)
        self.throttle = Throttle(self.clock)
        gate = Gate(directory, self.verifier, self.throttle)
        limits = Limits(
            body=settings["api_body"], phones=settings["phones"], country=settings["country"],
            help=tuple((name, settings[f"help_{name}"]) for name in HELP_FIELDS),
        )
        api = create_api(
            db=self.db, reader=self.reader, gate=gate, directory=directory, receive=self.inbox.receive, clock=self.clock, limits=limits,
            called=self.measures.counts.called, noted=self.usage.noted,
        )
        health = create_health(__version__, self.db, self.clock, lambda: self._stopping)
        table: dict[str, App] = {
            "ingest": create_ingest(
                directory, self.inbox.receive, settings["country"], settings["ingest_body"], self._environment, self.tallies
            ),
            "operator": create_calls(
                gate, directory, self.db, meaning_of,
                create_sent(gate, directory, self.record_sent, settings["country"], settings["ingest_body"]),
            ),
            "metrics": self.measures.app(settings["metrics_from"]),
            "healthz": health,
            "readyz": health,
            "openapi.json": OpenApi(),
            "panel": self._panel(gate, api),
            "": front(api),
        }
        for role, segments in ROLES.items():
            if not self._has(role):
                table.update(dict.fromkeys(segments, not_here))
        app = by_first_segment(table, api if self._has("api") else not_here)
        return logged(app) if settings["log_access"] else app

    def _panel(self, gate: Gate, api: App) -> App:
        panel = create_panel(
            db=self.db, directory=self._directory, clock=self.clock, settings=self.settings, environment=self._environment, gate=gate,
            verifier=self.verifier, throttle=self.throttle, sealer=self._sealer, exchange=self.exchange, freshness=self.freshness,
            sources=self.carriers.states, offer=self._offer, refresh=self._refresh, api=api, version=__version__,
            process=self.process, record_sent=self.record_sent, in_hand=lambda: self.engine.in_hand, processes=self._live_processes,
        )  # fmt: skip
        self._closing.push_async_callback(panel.close)
        return panel

    def _known(self) -> Known:
        """Where the metrics find what is known anyway."""
        return Known(
            forwarding=lambda: Forwarding(self.engine.runs, *self.engine.in_hand),
            inbox=lambda: Waiting(*self.inbox.waiting),
            binds=self.carriers.states,
            tallies=self.tallies.states,
            refusals=lambda: self.tallies.refusals,
            leases=lambda: {} if self.shards is None else {"shard": len(self.shards.held)},
            is_served=lambda target: not self.health.is_paused(target),
        )

    def _subscribe(self) -> None:
        self.changes.subscribe("directory", lambda: self._run(self._follow(), "odzew-directory"))
        self.changes.subscribe("targets", lambda: self._run(self._follow(), "odzew-directory"))
        self.changes.subscribe("due", self.engine.look)
        self.changes.subscribe("messages", self.freshness.touch_all)
        self.changes.hear("due", lambda target: self.engine.expect(int(target)))
        if self.shards is not None:
            self.changes.hear(MOVED, lambda _: self.shards.wake() if self.shards is not None else None)

    async def _hold_leases(self) -> None:
        """SQLite: this process is the only one and forwards to all. PostgreSQL: it makes itself known, and forwards to its share."""
        if not self.db.shared:
            self._closing.push_async_callback(self._end_tasks)
        else:
            here = Lease(self.db, self.clock, PROCESS + self.process, self.process)
            self._closing.push_async_callback(here.close)
            if self.shards is not None and self._has("forward"):
                self._closing.push_async_callback(self.shards.close)
            self._closing.push_async_callback(self._end_tasks)  # so, at the stop, nobody renews any more when they are given back
            await here.renew()
            self._run(here.run(), "odzew-lease")
            self._run(self._sweep(), "odzew-sweep")
        if not self._has("forward"):
            return
        if self.shards is not None:
            await self.shards.look()
            self._run(self.shards.run(), "odzew-shards")
        self.engine.start()

    def _has(self, role: str) -> bool:
        return role in self.settings["roles"]

    def _forwards_here(self, target_id: int) -> bool:
        return self.engine.runs and self.holding.holds(target_id)

    # --- while it runs -----------------------------------------------------------------------------------------------

    def _run(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks = [task for task in self._tasks if not task.done()]
        self._tasks.append(asyncio.create_task(work, name=name))

    def _stored(self, received: Received) -> None:
        self._offer(received.messages, received.owed)

    def _offer(self, messages: Sequence[Message], owed: Sequence[Owed]) -> None:
        self.freshness.touch({message.account_id for message in messages if message.account_id is not None})
        self.engine.offer(owed)

    async def record_sent(self, records: list[SentMessage]) -> int:
        """Stores sent messages; replies that they claim are owed and offered at once. How many were stored."""
        while True:
            try:
                done: Corrected = await self.db.write(record_sent, records, self.present.directory)
            except StaleDirectory:
                await self.present.refresh()
                continue
            self._offer(done.messages, done.owed)
            return done.stored

    async def _follow(self) -> None:
        """Takes over a change of the set-up. Where the database is away, as soon as it is back: nobody tells of the change again."""
        while not await self._took_over():
            await self.clock.sleep(AGAIN)

    async def _refresh(self) -> None:
        await self._took_over()

    async def _took_over(self) -> bool:
        try:
            await self.present.refresh()
        except StoreError as error:
            tell = log.warning if error.temporary else log.error
            tell("directory_not_read", error=str(error))
            return False
        known = await self.health.refresh()
        self.engine.wake()
        self.carriers.follow()
        return known

    def _secret_of(self, reference: str) -> str | None:
        return self._sealer.open(reference) if is_sealed(reference) else self._environment.get(reference.removeprefix("env:"))

    def _attempted(self, owed: Owed, attempt: Attempt, result: Result) -> None:
        for listener in self.on_attempt:
            listener(owed, attempt, result)
        if result.state == "delivered" and self.settings["log_level"] != "debug":
            return  # even to refuse a line costs a logger several microseconds
        tell = log.debug if result.state == "delivered" else log.warning if result.state == "exhausted" else log.info
        tell(
            "attempt", delivery=owed.delivery_id, message=owed.message_id, target=owed.target_id, number=attempt.number,
            outcome=attempt.outcome, status=attempt.status, took_ms=attempt.took_us // 1000, state=result.state,
        )  # fmt: skip

    async def _live_processes(self) -> list[str]:
        found: list[str] = await self.db.read(alive, PROCESS) if self.db.shared else []
        return found

    async def _sweep(self) -> None:
        """Takes back what processes that are gone had marked read without a whole answer."""
        while True:
            await self.clock.sleep(SWEEP)
            try:
                await self.reader.take_back_open(await self._live_processes())
            except StoreError as error:
                log.warning("sweep_failed", error=str(error))

    # --- stop --------------------------------------------------------------------------------------------------------

    async def stop(self) -> None:
        """Takes no more, finishes what was taken, and closes everything, in order."""
        log.info("stopping")
        self._stopping = True
        await self._closing.aclose()
        log.info("stopped")

    async def _end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
