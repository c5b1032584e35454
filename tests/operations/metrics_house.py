"""The metrics of a process over a real database, and their values as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from odzew.clock import FixedClock
from odzew.forward.ledger import write
from odzew.operations.measures import Measures
from odzew.store.db import Database
from odzew.store.directory import Directory
from tests.ingest.asgi import Answer, call

HERE = "127.0.0.1"
LOCAL = ("127.0.0.0/8", "::1")


class NoDatabase:
    """Stands where none is asked."""

    engine = "sqlite"


class House(Measures):
    """`values` gives what stands under a name now, by the values of its labels in the order of their names."""

    def __init__(self, db: Database, clock: FixedClock, directory: Callable[[], Directory]) -> None:
        super().__init__(db, clock, directory, "1.2.3", write)
        self.clock = clock
        self.directory = directory

    async def get(
        self, method: str = "GET", path: str = "/metrics", address: str = HERE, allowed: tuple[str, ...] = LOCAL, **headers: str
    ) -> Answer:
        """One request; in the names of headers `_` stands for `-`."""
        lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        return await call(self.app(allowed), method, path, headers=lines, address=address)

    def values(self, name: str) -> dict[tuple[str, ...], float]:
        families = text_string_to_metric_families(self.metrics.render().decode())
        found = [sample for family in families for sample in family.samples if sample.name == name]
        return {tuple(value for _, value in sorted(sample.labels.items())): sample.value for sample in found}

    def value(self, name: str) -> float:
        ((_, value),) = self.values(name).items()
        return value


def without_database(clock: FixedClock) -> House:
    """For what is counted or known in memory."""
    return House(NoDatabase(), clock, Directory)  # type: ignore[arg-type]  # it is no database
