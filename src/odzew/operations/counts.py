"""What is counted as it happens: arrivals, messages, commits, attempts, deliveries, calls of the API. docs/metrics.md tells each.

What a commit holds is counted after it, at the seam of the store (`store.measured`): what was rolled back was never there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, Protocol, get_args

from odzew.errors import StoreError, StoreFull, StoreUnavailable
from odzew.inbox.batch import Received, store
from odzew.inbox.correct import Corrected, record_sent
from odzew.inbox.overdue import Swept, sweep
from odzew.metrics import Counter, Metrics
from odzew.model import KINDS, UNCLAIMED, Arrival, Attempt, DeliveryState, Owed
from odzew.store.db import MakeUnit
from odzew.store.deliveries import Ending, Result
from odzew.store.directory import Directory
from odzew.store.leases import Fence, Fenced
from odzew.store.measured import Committed

SECOND: Final = 1e6  # microseconds
QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
LONG: Final = (*QUICK, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0)
SIZES: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
OWN_SOURCE: Final = 0  # of what the API itself brings (send_nd, send_ndi)
API: Final = "api"  # its name here
REMOVED: Final = "removed"  # that of a source which is no longer in the set-up
OK: Final = "ok"

_FAULTS: Final = ((Fenced, "fenced"), (StoreUnavailable, "unavailable"), (StoreFull, "full"), (StoreError, "other"))
_MESSAGES: Final = frozenset((*KINDS, UNCLAIMED))


class Outcome(Protocol):
    """What is asked of one outcome on its way into the database (`forward.ledger.Waiting`)."""

    @property
    def entry(self) -> Result | Ending: ...

    @property
    def fence(self) -> Fence | None: ...


class Counts:
    """Counts what it is told of. `directory` gives the present one, for the names of sources."""

    def __init__(self, metrics: Metrics, directory: Callable[[], Directory]) -> None:
        self._directory = directory
        self._arrived: dict[tuple[int, str, bool, bool], tuple[Counter, ...]] = {}
        of = metrics.counter
        self._arrivals = of("odzew_arrivals_total", "What sources brought, by what it is. Counted after its commit.", "source", "role")
        self._messages = of("odzew_messages_total", "Messages made of arrivals.", "kind")
        self._owed = of("odzew_deliveries_owed_total", "Deliveries owed to targets for messages that came.").of()
        self._ended = of("odzew_deliveries_ended_total", "Deliveries that ended by a call, or instead of one.", "state")
        self._attempts = of("odzew_attempts_total", "Calls to clients that ended, by outcome.", "outcome")
        self._fenced = of("odzew_outcomes_fenced_total", "Outcomes dropped because the target is another process's by now.").of()
        self._errors = of("odzew_store_errors_total", "What the database refused.", "reason")
        self._calls = of("odzew_api_calls_total", "Calls of the pull API: `ok`, the error's number, or an HTTP status.", "action", "code")
        hist = metrics.histogram
        self._took = hist("odzew_attempt_seconds", "How long calls to clients took.", QUICK).of()
        delivered = hist(
            "odzew_delivery_seconds",
            "From when a delivery was owed to the answer that ended it well, by the first call; by a repeat: from the start of the first.",
            LONG, "call",
        )  # fmt: skip
        self._delivered_first, self._delivered_later = delivered.of("first"), delivered.of("repeat")
        self._sizes = hist("odzew_commit_size", "Arrivals, or outcomes of calls, in one commit.", SIZES, "what")
        self._times = hist("odzew_commit_seconds", "How long a commit of those took, its wait for the database included.", QUICK, "what")
        self._show_from_the_start()

    def _show_from_the_start(self) -> None:
        """What has not happened yet is 0, not absent: the first one would otherwise be no increase."""
        for kind in _MESSAGES:
            self._messages.of(kind)
        for state in set(get_args(DeliveryState)) - {"pending"}:
            self._ended.of(state)
        for _, reason in _FAULTS:
            self._errors.of(reason)
        for what in ("receive", "outcomes"):
            self._sizes.of(what)
            self._times.of(what)

    # --- at the store's seam -----------------------------------------------------------------------------------------

    def committed(self, outcomes: MakeUnit) -> Mapping[MakeUnit, Committed]:
        """For `Measured`: whom it tells of which commits. `outcomes` is the unit that writes a group of results and endings."""
        return {store: self._stored, sweep: self._swept, record_sent: self._claimed, outcomes: self._recorded}

    def store_failed(self, error: StoreError) -> None:
        """The database refused something."""
        self._errors.of(next(reason for kind, reason in _FAULTS if isinstance(error, kind))).inc()

    def _stored(self, args: tuple[Any, ...], received: Received, seconds: float) -> None:
        arrivals: Sequence[Arrival] = args[0]
        arrived = self._arrived
        for arrival, receipt in zip(arrivals, received.receipts, strict=True):
            key = (arrival.source_id, receipt.kind, receipt.duplicate, arrival.part is not None and arrival.part.total > 1)
            for counter in arrived.get(key) or self._arrived_as(*key):
                counter.inc()
        self._owed.add(len(received.owed))
        self._sizes.of("receive").observe(len(arrivals))
        self._times.of("receive").observe(seconds)

    def _arrived_as(self, source_id: int, kind: str, duplicate: bool, is_part: bool) -> tuple[Counter, ...]:
        """What an arrival with such a receipt counts as. A receipt names a message's kind once for each message: where it was made."""
        if kind not in _MESSAGES:
            role = kind
        elif duplicate:
            role = "repeat"
        else:
            role = "part" if is_part else "message"
        counters: tuple[Counter, ...] = (self._arrivals.of(self._source(source_id), role),)
        if kind in _MESSAGES and not duplicate:
            counters += (self._messages.of(kind),)
        self._arrived[source_id, kind, duplicate, is_part] = counters
        return counters

    def _swept(self, args: tuple[Any, ...], swept: Swept, seconds: float) -> None:
        for message in swept.messages:
            self._messages.of(message.kind).inc()
        self._owed.add(len(swept.owed))

    def _claimed(self, args: tuple[Any, ...], claimed: Corrected, seconds: float) -> None:
        self._owed.add(len(claimed.owed))

    def _recorded(self, args: tuple[Any, ...], gone: Collection[Fence], seconds: float) -> None:
        outcomes: Sequence[Outcome] = args[0]
        ended = self._ended.children
        for outcome in outcomes:
            entry = outcome.entry
            if gone and outcome.fence in gone:
                self._fenced.inc()
            elif entry.state != "pending":
                ended[(entry.state,)].inc()
        self._sizes.of("outcomes").observe(len(outcomes))
        self._times.of("outcomes").observe(seconds)

    def _source(self, source_id: int) -> str:
        if source_id == OWN_SOURCE:
            return API
        source = self._directory().sources_by_id.get(source_id)
        return REMOVED if source is None else source.name

    # --- elsewhere ---------------------------------------------------------------------------------------------------

    def attempted(self, owed: Owed, attempt: Attempt, result: Result) -> None:
        """A call to a client has ended (as `on_attempt` of the server)."""
        self._attempts.of(attempt.outcome).inc()
        self._took.observe(attempt.took_us / SECOND)
        if result.state == "delivered":
            began = owed.due_at if owed.first_at is None else owed.first_at
            latency = attempt.started_at + attempt.took_us - began
            (self._delivered_first if owed.slot == 0 else self._delivered_later).observe(max(0, latency) / SECOND)

    def called(self, action: str, code: int | None) -> None:
        """The API has answered a call: an action of its table or '', and None, the error's number or the HTTP status."""
        self._calls.of(action, OK if code is None else str(code)).inc()
