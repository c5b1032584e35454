"""Deliveries sent again, singly, of one message, or by filter: what the command line and `POST /operator/resend` share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from odzew.clock import Clock
from odzew.errors import NotOurs, SettingError, WireError
from odzew.setup.check import target_place
from odzew.store.db import Database, MakeUnit
from odzew.store.delivery_list import ENDED, Wanted
from odzew.store.directory import Directory
from odzew.store.resend import AT_ONCE, Pace, Place, Resent, now, of_message, resend, resend_window
from odzew.wire.localtime import parse_rfc3339

RATE: Final = 100.0
"""Deliveries a second, where nothing else is said."""
LEAST_RATE, MOST_RATE = 0.01, 10_000.0
REST: Final = 4.0
"""A command beside a server has the database for a fifth of the time: between transactions it waits so many times as long as one took."""
MOST_IDS: Final = 10_000
LARGEST: Final = (1 << 62) - 1
STATES: Final = (*ENDED, "delivered")
FILTERS: Final = ("account", "target", "state", "from", "to")
KEYS: Final = ("deliveries", "message", *FILTERS, "rate", "again", "dry_run")

Run = Callable[..., Awaitable[Any]]
"""How a unit of work is run."""


@dataclass(slots=True, frozen=True)
class Order:
    """What is to be sent again: named deliveries, those of a message, or what a filter finds."""

    ids: tuple[int, ...] = ()
    message: int | None = None
    wanted: Wanted | None = None
    rate: float = RATE
    delivered: bool = False
    dry_run: bool = False


async def send_again(db: Database, order: Order, told: Callable[[int], None] = lambda count: None, clock: Clock | None = None) -> Resent:
    """Carries it out in short transactions; `told` hears how many were sent again so far. NotOurs for a message without deliveries.

    With a `clock` it leaves the database to others between them: so is it called by a process beside a server.
    """
    begun: int = await db.read(now)
    done = Resent()
    run = db.read if order.dry_run else _resting(db.write, clock) if clock is not None else db.write
    if order.wanted is not None:
        # What ends from now on, perhaps after having been sent again by this very order, is not its concern.
        until = begun + 1 if order.wanted.until is None else min(order.wanted.until, begun + 1)
        wanted = replace(order.wanted, until=until)
        place: Place | None = (0, 0)
        while place is not None:
            part, place = await run(resend_window, wanted, place, Pace(begun, order.rate, done.sent_again), order.dry_run)
            done.add(part)
            told(done.sent_again)
        return done
    ids = list(order.ids) if order.message is None else await db.read(of_message, order.message)
    if not ids:
        raise NotOurs(f"message {order.message} has no deliveries")
    for start in range(0, len(ids), AT_ONCE):
        pace = Pace(begun, order.rate, done.sent_again)
        done.add(await run(resend, ids[start : start + AT_ONCE], pace, order.delivered, order.dry_run))
        told(done.sent_again)
    return done


def _resting(run: Run, clock: Clock) -> Run:
    """As `run`, but it waits before it runs again, several times as long as it took.

    SQLite gives its lock to whoever happens to ask in the right moment: transactions on end would keep a server out for all their time.
    """
    rest = 0.0

    async def run_after_rest(unit: MakeUnit, *args: Any) -> Any:
        nonlocal rest
        if rest > 0:
            await clock.sleep(rest)
        asked = clock.monotonic()
        value = await run(unit, *args)
        rest = REST * (clock.monotonic() - asked)
        return value

    return run_after_rest


def read_order(values: Mapping[str, Any], directory: Directory) -> Order:
    """The order that JSON or the options of a command give. SettingError says what is wrong; NotOurs for an unknown name."""
    given = {name: value for name, value in values.items() if value is not None and value is not False and value != []}
    if unknown := sorted(set(given) - set(KEYS)):
        raise SettingError(f"unknown: {', '.join(map(str, unknown))[:200]}")
    ways = ("deliveries" in given) + ("message" in given) + any(name in given for name in FILTERS)
    if ways != 1:
        raise SettingError("say what to send again: ids of deliveries, or a message, or a filter (account, target, state, from, to)")
    rate, again, dry_run = _rate(given.get("rate", RATE)), _flag(given, "again"), _flag(given, "dry_run")
    if "deliveries" in given:
        return Order(_ids(given["deliveries"]), rate=rate, delivered=again, dry_run=dry_run)
    if "message" in given:
        return Order(message=_id(given["message"], "message"), rate=rate, delivered=again, dry_run=dry_run)
    wanted = read_wanted({"state": "exhausted", **{name: given[name] for name in FILTERS if name in given}}, directory)
    if wanted.state not in STATES:
        raise SettingError(f"what is sent again has ended: state is one of {', '.join(STATES)}")
    if wanted.state == "delivered" and not again:
        raise SettingError("these were delivered: to send them all the same, say again")
    return Order(wanted=wanted, rate=rate, delivered=again, dry_run=dry_run)


def read_wanted(values: Mapping[str, Any], directory: Directory) -> Wanted:
    """A filter: account and target by name (a target also by its id), `state`, `from` and `to`. SettingError, NotOurs."""
    account = None if values.get("account") is None else directory.account_named(_text(values["account"], "account")).id
    target = None if values.get("target") is None else find_target(directory, _text(values["target"], "target"), account)
    state: Any = values.get("state")
    if state is not None and state not in ("pending", *STATES):
        raise SettingError(f"{state!r} is no state of a delivery: use one of pending, {', '.join(STATES)}")
    return Wanted(state, account, target, _instant(values.get("from"), "from"), _instant(values.get("to"), "to"))


def find_target(directory: Directory, text: str, account_id: int | None = None) -> int:
    """The id of the target that is named so: by its place and name (`acme sms`, `+48799448855/AUTO sms`), by its name alone, perhaps
    within an account, or by its id, also where it was removed. NotOurs if there is none, or if there are several.
    """
    if text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= LARGEST:
        return int(text)
    targets = [one for one in directory.targets.values() if account_id in (None, one.account_id)]
    found = [one for one in targets if target_place(directory, one) == f"target {text}"] or [one for one in targets if one.name == text]
    if not found:
        raise NotOurs(f"there is no target {text!r}")
    if len(found) > 1:
        several = ", ".join(f"{one.id} ({target_place(directory, one).removeprefix('target ')})" for one in found[:20])
        raise NotOurs(f"several targets are named {text!r}: use the id of one: {several}")
    return found[0].id


def _ids(value: Any) -> tuple[int, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    if len(values) > MOST_IDS:
        raise SettingError(f"at most {MOST_IDS} deliveries can be named at once")
    return tuple(dict.fromkeys(_id(one, "deliveries") for one in values))


def _id(value: Any, name: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST:
        return value
    raise SettingError(f"{name}: an id is a whole number from 1 up")


def _rate(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and LEAST_RATE <= value <= MOST_RATE:
        return float(value)
    raise SettingError(f"rate is a number of deliveries a second, from {LEAST_RATE:g} to {MOST_RATE:g}")


def _flag(values: Mapping[str, Any], name: str) -> bool:
    if values.get(name, False) in (True, False) and isinstance(values.get(name, False), bool):
        return bool(values.get(name, False))
    raise SettingError(f"{name} is true or false")


def _text(value: Any, name: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)[:40]
    if isinstance(value, str) and value and "\0" not in value:
        return value
    raise SettingError(f"{name} is a name")


def _instant(value: Any, name: str) -> int | None:
    if value is None:
        return None
    try:
        return parse_rfc3339(value if "T" in value or "t" in value else f"{value}T00:00:00Z")
    except (WireError, TypeError):
        raise SettingError(f"{name} is a day such as 2026-11-23 (UTC), or a time such as 2026-11-23T14:00:00+01:00") from None
