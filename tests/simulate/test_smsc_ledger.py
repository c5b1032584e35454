"""The SMSC simulator's ledger: what each answer makes of an entry, and the sums."""

from __future__ import annotations

import pytest

from odzew.simulate.smsc_ledger import TEMPORARY, Entry, Ledger, Totals, all_settled
from odzew.simulate.smsc_messages import ShortText
from odzew.wire.pdu import Command
from odzew.wire.status import Status

TEXT = ShortText("+48600700800", "+48799448855", "x")


def ledger_of(*answers: tuple[int, ...], most_tries: int = 3) -> Ledger:
    """An entry for each row; it was sent and answered so, one after the other. An empty row: it was sent and not answered."""
    ledger = Ledger()
    for row in answers:
        entry = ledger.enter(TEXT, 1, 1, Command.DELIVER_SM, b"")
        ledger.sent(entry, 10.0)
        for place, status in enumerate(row):
            if place:
                ledger.sent(entry, 10.0 + place)
            ledger.answered(entry, status, 10.5 + place, most_tries)
    return ledger


OK, LATER, FULL, NEVER = 0, int(Status.RX_T_APPN), int(Status.RMSGQFUL), int(Status.RX_P_APPN)


@pytest.mark.parametrize(
    ("answers", "settled", "taken", "refusals", "tries"),
    [
        ((), False, False, [], 1),
        ((OK,), True, True, [], 1),
        ((NEVER,), True, False, [], 1),
        ((LATER,), False, False, [LATER], 1),
        ((LATER, OK), True, True, [LATER], 2),
        ((LATER, NEVER), True, False, [LATER], 2),
        ((LATER, FULL, OK), True, True, [LATER, FULL], 3),
        ((LATER, FULL, LATER), True, False, [LATER, FULL, LATER], 3),
    ],
)
def test_what_the_answers_make_of_an_entry(answers: tuple[int, ...], settled: bool, taken: bool, refusals: list[int], tries: int) -> None:
    (entry,) = ledger_of(answers)
    assert (entry.settled, entry.taken, entry.refusals, entry.tries) == (settled, taken, refusals, tries)
    assert entry.status == (answers[-1] if answers else None)
    assert all_settled([entry]) is settled


@pytest.mark.parametrize("status", sorted(TEMPORARY))
def test_whether_it_is_to_be_sent_again(status: int) -> None:
    ledger = Ledger()
    entry = ledger.enter(TEXT, 1, 1, Command.DELIVER_SM, b"")
    ledger.sent(entry, 1.0)
    assert ledger.answered(entry, status, 2.0, most_tries=2) is False
    ledger.sent(entry, 3.0)
    assert ledger.answered(entry, status, 4.0, most_tries=2) is True


def test_the_sums() -> None:
    ledger = ledger_of((OK,), (OK,), (LATER, OK), (NEVER,), (), (FULL, LATER, FULL))
    assert len(ledger) == 6
    assert ledger.settled == 5
    assert ledger.totals() == Totals(
        pdus=6, taken=3, refused=2, open=1, again=3, answers={OK: 3, LATER: 2, FULL: 2, NEVER: 1}  # type: ignore[arg-type]  # equal to a Counter
    )


def test_the_sums_of_nothing() -> None:
    assert Ledger().totals() == Totals()
    assert all_settled([])


def test_entries_are_numbered_in_order_and_know_what_they_are_part_of() -> None:
    ledger = Ledger()
    made = [ledger.enter(TEXT, part, 3, Command.DATA_SM, bytes([part])) for part in (3, 1, 2)]
    assert list(ledger) == made
    assert [(entry.number, entry.part, entry.total, entry.command, entry.message) for entry in made] == [
        (1, 3, 3, Command.DATA_SM, TEXT), (2, 1, 3, Command.DATA_SM, TEXT), (3, 2, 3, Command.DATA_SM, TEXT),
    ]  # fmt: skip


@pytest.mark.parametrize(("sent", "answered", "took"), [(None, None, None), (1.0, None, None), (1.0, 1.25, 0.25)])
def test_how_long_it_took(sent: float | None, answered: float | None, took: float | None) -> None:
    assert Entry(1, TEXT, 1, 1, Command.DELIVER_SM, b"", sent_at=sent, answered_at=answered).took == took
