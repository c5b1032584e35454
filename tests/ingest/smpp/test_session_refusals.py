"""What a session refuses: for the time being where the store cannot take it, for good where it cannot be read. Never the session."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from odzew.errors import OdzewError, StoreFull, StoreUnavailable
from odzew.ingest.smpp import intake
from odzew.wire.pdu import Command, Status, pack
from tests.ingest.smpp.peer import deliver, nuls, receipt, turns, until
from tests.ingest.smpp.rig import Rig

OK, FULL, LATER = int(Status.ROK), int(Status.RMSGQFUL), int(Status.RX_T_APPN)

REASONS = (
    (StoreFull("too many"), FULL, "refused: too many"),
    (StoreUnavailable("gone"), LATER, "refused: gone"),
    (OdzewError("odd"), LATER, "refused: odd"),
    # The words of an error that is not ours may quote a message.
    (RuntimeError("private words"), LATER, "refused: the message could not be stored"),
)


@pytest.mark.parametrize("how", ["raises", "fails"])
@pytest.mark.parametrize(("error", "status", "words"), REASONS, ids=[type(row[0]).__name__ for row in REASONS])
async def test_what_is_not_stored_is_refused_for_the_time_being(rig: Rig, error: Exception, status: int, words: str, how: str) -> None:
    session, talk = await rig.bound()
    setattr(rig.shelf, how, error)
    talk.say(deliver(sequence=1), receipt(2, Command.DATA_SM), nuls(deliver(sequence=3)))
    await until(lambda: len(talk.answers() | talk.answers(Command.DATA_SM)) == 3)
    assert talk.answers() | talk.answers(Command.DATA_SM) == {1: status, 2: status, 3: status}
    assert [len(pdu) for pdu in talk.heard[1:]] == [17, 17, 17]
    setattr(rig.shelf, how, None)
    talk.say(deliver(sequence=4))
    await until(lambda: talk.answers().get(4) == OK)
    progress = session.progress()
    assert (progress.messages, progress.receipts, progress.refused, progress.malformed, progress.fault) == (1, 0, 3, 0, words)


async def test_a_store_that_calls_it_off(rig: Rig) -> None:
    rig.shelf.patient = True
    _, talk = await rig.bound()
    talk.say(deliver(sequence=1))
    await until(lambda: bool(rig.shelf.waiting))
    rig.shelf.waiting.pop()[1].cancel()
    await talk.answered(1)
    assert talk.answers() == {1: LATER}


async def test_refusals_are_logged_now_and_then(rig: Rig) -> None:
    rig.shelf.raises = StoreUnavailable("gone")
    _, talk = await rig.bound(enquire_link_seconds=3600)
    with capture_logs() as lines:
        for n in range(1, 4):
            talk.say(deliver(sequence=n))
            await talk.answered(n)
        rig.clock.advance(60)
        talk.say(deliver(sequence=4))
        await talk.answered(4)
    told = [(line["event"], line["messages"], line["why"]) for line in lines]
    assert told == [("smpp_refusing", 1, "gone"), ("smpp_refusing", 3, "gone")]


# --- the window --------------------------------------------------------------------------------------------------------


async def test_the_newest_over_the_window_are_refused_at_once(rig: Rig) -> None:
    rig.shelf.patient = True
    session, talk = await rig.bound(window=3)
    talk.say(*(deliver(sequence=n) for n in range(1, 6)), pack(Command.ENQUIRE_LINK, 0, 99))
    await until(lambda: len(talk.answers()) == 2 and talk.answers(Command.ENQUIRE_LINK) == {99: OK})
    assert talk.answers() == {4: FULL, 5: FULL}
    rig.shelf.release()
    await until(lambda: talk.answers() == {1: OK, 2: OK, 3: OK, 4: FULL, 5: FULL})
    talk.say(deliver(sequence=6))
    await until(lambda: bool(rig.shelf.waiting))
    assert session.progress().refused == 2


async def test_the_window_is_one_over_all_reads(rig: Rig) -> None:
    rig.shelf.patient = True
    _, talk = await rig.bound(window=2)
    for n in (1, 2, 3):
        talk.say(deliver(sequence=n))
        await turns()
    await talk.answered(3)
    assert talk.answers() == {3: FULL}


# --- what cannot be read -----------------------------------------------------------------------------------------------

MALFORMED = (
    ("no NUL anywhere", nuls(deliver(sequence=1))),
    ("no body", pack(Command.DELIVER_SM, 0, 1)),
    ("cut short", pack(Command.DELIVER_SM, 0, 1, deliver()[16:40])),
    ("sm_length too long", pack(Command.DELIVER_SM, 0, 1, deliver(b"")[16:-1] + b"\xff")),
    ("a parameter that overruns", pack(Command.DELIVER_SM, 0, 1, deliver()[16:] + b"\x04\x24\xff\xff")),
    ("data_sm without a body", pack(Command.DATA_SM, 0, 1)),
)


@pytest.mark.parametrize("pdu", [row[1] for row in MALFORMED], ids=[row[0] for row in MALFORMED])
async def test_a_malformed_pdu_is_kept_raw_and_answered_with_its_error(rig: Rig, pdu: bytes) -> None:
    rig.shelf.patient = True
    session, talk = await rig.bound()
    talk.say(pdu, deliver(b"next", 2))
    await until(lambda: bool(rig.shelf.waiting))
    await turns()
    assert len(talk.heard) == 1  # not even the error before it is stored
    rig.shelf.release()
    await until(lambda: 2 in talk.answers())
    status = (talk.answers() | talk.answers(Command.DATA_SM))[1]
    assert status not in (OK, LATER, FULL)
    kept, after = rig.shelf.arrivals
    assert (kept.raw, kept.text, kept.session_id) == (pdu, "", 5)
    assert kept.fault
    assert (after.text, after.fault) == ("next", None)
    assert session.state == "bound"
    assert (session.progress().malformed, session.progress().messages) == (1, 1)
    assert session.progress().fault == f"malformed PDU: {kept.fault}"


async def test_a_fault_of_our_own_reading_loses_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """No PDU is known that brings this about, so the reading itself has to be broken."""

    def broken(pdu: bytes, reading: object) -> None:
        raise IndexError("private words")

    _, talk = await rig.bound()
    monkeypatch.setattr(intake, "read", broken)
    with capture_logs() as lines:
        talk.say(deliver(sequence=1))
        await until(lambda: talk.answers() == {1: OK})
    assert [arrival.fault for arrival in rig.shelf.arrivals] == ["could not be read: IndexError"]
    assert [line["event"] for line in lines] == ["smpp_unread", "smpp_malformed"]


async def test_refusals_are_counted_by_what_the_network_was_told(rig: Rig) -> None:
    session, talk = await rig.bound()
    for n, error in enumerate((StoreFull("too many"), StoreUnavailable("gone"), StoreUnavailable("gone")), 1):
        rig.shelf.raises = error
        talk.say(deliver(sequence=n))
        await talk.answered(n)
    assert session.refused == {"ESME_RMSGQFUL": 1, "ESME_RX_T_APPN": 2}
