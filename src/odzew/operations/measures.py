"""All that is measured in one process, from the database to the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from odzew.access.request import App
from odzew.clock import Clock
from odzew.metrics import Metrics
from odzew.operations.counts import Counts
from odzew.operations.gauges import Gauges
from odzew.operations.metrics import create_metrics
from odzew.operations.process import watch_process
from odzew.store.db import Database, MakeUnit
from odzew.store.directory import Directory
from odzew.store.measured import Measured


class Measures:
    """Made before whatever is measured: `db` is what the others are to use, `counts` is told of what happens, and `gauges.known` is
    where the rest is known, filled in when it is there.

    `outcomes` is the unit that commits outcomes of calls (`forward.ledger.write`).
    """

    def __init__(self, db: Database, clock: Clock, directory: Callable[[], Directory], version: str, outcomes: MakeUnit) -> None:
        self.metrics = Metrics()
        self.counts = Counts(self.metrics, directory)
        self.db = Measured(db, clock, self.counts.committed(outcomes), self.counts.store_failed)
        self.gauges = Gauges(self.metrics, self.db, clock, directory, version)
        self._directory = directory
        watch_process(self.metrics, clock)

    def app(self, allowed_from: Sequence[str]) -> App:
        """The application of `/metrics`, for these networks. SettingError for what is none."""
        return create_metrics(self.metrics, self.gauges, self._directory, allowed_from)
