"""To whom a message is owed: the most specific level that has a forward for its kind, switched on or off (contract 5)."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.inbox.owe import targets_of
from odzew.model import ForwardFor, Kind, Message, Target
from tests.inbox.directory import A, B, a_directory, a_target, with_targets

NUMBER = 5
KEYWORD = 6


def a_message(kind: Kind = "ndi", account: int | None = A, number: int | None = NUMBER, keyword: int | None = KEYWORD) -> Message:
    return Message(1, kind, account, "+48500600700", "+48664000002", "text", 0, number_id=number, keyword_id=keyword)


def owed(message: Message, *targets: Target) -> list[str]:
    return [target.name for target in targets_of(message, with_targets(a_directory(), *targets))]


def on_keyword(name: str = "keyword", **fields: Any) -> Target:
    return a_target(1, "keyword", KEYWORD, name=name, **fields)


def on_number(name: str = "number", **fields: Any) -> Target:
    return a_target(2, "number", NUMBER, name=name, **fields)


def on_account(name: str = "account", **fields: Any) -> Target:
    return a_target(3, "account", A, name=name, **fields)


MMS: dict[str, Any] = {"for_kind": "mms"}
OFF: dict[str, Any] = {"active": False}

# what is meant, the message, the targets, who gets it
CASES: tuple[tuple[str, Message, tuple[Target, ...], list[str]], ...] = (
    ("none", a_message(), (), []),
    ("the account's", a_message(), (on_account(),), ["account"]),
    ("the number's before the account's", a_message(), (on_account(), on_number()), ["number"]),
    ("the keyword's before all", a_message(), (on_account(), on_number(), on_keyword()), ["keyword"]),
    ("levels never add up", a_message(), (on_number(), on_keyword("one"), on_keyword("two")), ["one", "two"]),
    ("a switched-off level still applies", a_message(), (on_account(), on_keyword(**OFF)), []),
    ("a switched-off number still applies", a_message(), (on_account(), on_number(**OFF)), []),
    ("one on and one off", a_message(), (on_keyword("off", **OFF), on_keyword("on"), on_account()), ["on"]),
    ("a forward for MMS says nothing of SMS", a_message(), (on_keyword(**MMS), on_number()), ["number"]),
    ("a switched-off one for MMS neither", a_message(), (on_keyword(**MMS, **OFF), on_account()), ["account"]),
    ("MMS: the most specific for MMS", a_message("mms"), (on_keyword(), on_number(**MMS), on_account(**MMS)), ["number"]),
    ("MMS: an SMS forward is none", a_message("mms"), (on_keyword(), on_number(), on_account()), []),
    ("no keyword matched", a_message(keyword=None), (on_keyword(), on_number()), ["number"]),
    ("no number", a_message("eco", number=None, keyword=None), (on_number(), on_account()), ["account"]),
    ("another keyword's", a_message(keyword=7), (on_keyword(),), []),
    ("another account's number", a_message(account=B), (on_number(), on_account()), []),
    ("another account's target", a_message(account=B), (on_keyword(), a_target(9, "account", B, B, name="B")), ["B"]),
    ("unclaimed", a_message("unclaimed", account=None), (on_number(), on_account()), []),
    ("account: its own service and every SMS are one level", a_message("eco", keyword=None),
     (on_account("every"), on_account("eco", for_kind="eco")), ["every", "eco"]),
    ("account: its own service is off, every SMS is on", a_message("eco", keyword=None),
     (on_account("every"), on_account("eco", for_kind="eco", **OFF)), ["every"]),
    ("account: another service", a_message("nd"), (on_account(for_kind="eco"),), []),
)  # fmt: skip


@pytest.mark.parametrize(("message", "targets", "expected"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_owed(message: Message, targets: tuple[Target, ...], expected: list[str]) -> None:
    assert owed(message, *targets) == expected


SERVICES: tuple[Kind, ...] = ("eco", "nd", "ndi", "pre", "mms")
FORWARDS: tuple[ForwardFor, ...] = ("sms", "mms", "eco", "nd", "ndi", "pre")


@pytest.mark.parametrize(("kind", "forward"), list(product(SERVICES, FORWARDS)))
def test_what_a_forward_of_an_account_is_for(kind: Kind, forward: ForwardFor) -> None:
    meant = forward == kind or (forward == "sms" and kind != "mms")
    assert bool(owed(a_message(kind), on_account(for_kind=forward))) is meant


TARGETS = st.lists(
    st.builds(
        lambda key, level, kind, active: a_target(
            key, level, {"keyword": KEYWORD, "number": NUMBER, "account": A}[level], for_kind=kind, active=active
        ),
        st.integers(1, 1000), st.sampled_from(["keyword", "number", "account"]), st.sampled_from(["sms", "mms"]), st.booleans(),
    ),
    unique_by=lambda target: target.id,
)  # fmt: skip


@given(TARGETS, st.sampled_from(["ndi", "mms"]))
def test_never_more_than_one_level_and_never_one_that_is_off(targets: list[Target], kind: Kind) -> None:
    found = targets_of(a_message(kind), with_targets(a_directory(), *targets))
    assert len({target.level for target in found}) <= 1
    assert all(target.active and target.for_kind == ("mms" if kind == "mms" else "sms") for target in found)
