"""`odzew simulate smsc` as a process (the simulator itself is tested in tests/simulate)."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Callable

import pytest

from odzew.simulate.smsc_samples import every
from odzew.wire import deliver
from odzew.wire.pdu import Header
from odzew.wire.segment import Reading
from odzew.wire.status import Status
from tests.cli.house import House
from tests.cli.program import Program
from tests.simulate.esme import bound, connected, taken


def port_of(program: Program) -> int:
    found = re.search(r"127\.0\.0\.1:(\d+)", program.until(lambda line: "An SMSC at" in line))
    assert found
    return int(found[1])


def bind(port: int, answers: Callable[[Header, bytes], int | None] = taken, times: int = 1) -> list[str]:
    """Binds so many times, each until the network unbinds; the texts that came."""

    async def work() -> list[str]:
        got: list[str] = []
        for _ in range(times):
            async with bound(port, answers) as esme:
                await esme.ended.wait()
                got += [deliver.read(pdu, Reading()).text for pdu in esme.got]
        return got

    return asyncio.run(work())


def told(program: Program) -> list[str]:
    """The lines after the first, without times."""
    return [re.sub(r" in [\d.]+ ms", "", line.rstrip()) for line in program.lines[1:]]


def test_it_sends_tells_and_ends() -> None:
    words = ("--count", 2, "--text", "no. {n} ż", "--shape", "auto", "--shape", "ucs2+udh8")
    with Program("simulate", "smsc", "--port", 0, *words) as program:
        assert bind(port_of(program)) == ["no. 1 ż", "no. 2 ż", "no. 3 ż", "no. 4 ż"]
        assert program.end() == 0
    assert told(program) == [
        "bound    session 1 as transceiver, system_id me",
        "ended    session 1: we unbound; 0 unanswered",
        "     1  auto: ESME_ROK (0x00000000): accepted",
        "     2  ucs2+udh8: ESME_ROK (0x00000000): accepted",
        "     3  auto: ESME_ROK (0x00000000): accepted",
        "     4  ucs2+udh8: ESME_ROK (0x00000000): accepted",
        "messages: 4, PDUs: 4; 4 taken, 0 refused, 0 not answered",
        "  4 x ESME_ROK (0x00000000): accepted",
    ]


def test_the_parts_of_a_long_text_in_the_order_given() -> None:
    words = ("--text", "x" * 400, "--shape", "gsm7+udh16", "--order", "3,1,2")
    with Program("simulate", "smsc", "--port", 0, *words) as program:
        bind(port_of(program))
        assert program.end() == 0
    assert [line for line in told(program) if "part" in line] == [
        f"     {number}  gsm7+udh16 part {part} of 3: ESME_ROK (0x00000000): accepted" for number, part in enumerate((3, 1, 2), 1)
    ]


def test_every_shape_over_sessions_that_the_network_unbinds() -> None:
    with Program("simulate", "smsc", "--port", 0, "--shape", "every", "--fault", "unbind=5", "--fault", "unbind=9") as program:
        bind(port_of(program), times=3)
        assert program.end() == 0
    assert [line for line in told(program) if line.startswith("fault")] == ["fault    unbind on session 1", "fault    unbind on session 2"]
    messages = len(every("1", "2"))
    assert any(re.fullmatch(rf"messages: {messages}, PDUs: \d+; \d+ taken, 0 refused, 0 not answered", line) for line in told(program))


def test_what_was_refused_for_good_ends_with_1() -> None:
    with Program("simulate", "smsc", "--port", 0, "--count", 2) as program:
        bind(port_of(program), lambda *_: int(Status.RX_P_APPN))
        assert program.end() == 1
    assert told(program)[-3:] == [
        "messages: 2, PDUs: 2; 0 taken, 2 refused, 0 not answered",
        "  2 x ESME_RX_P_APPN (0x00000065): receiver has a permanent error",
        "odzew: not every message was taken",
    ]


def test_what_was_refused_for_now_is_sent_again() -> None:
    seen: list[int] = []

    def once(head: Header, _pdu: bytes) -> int:
        seen.append(head.sequence)
        return 0 if len(seen) > 1 else int(Status.RMSGQFUL)

    with Program("simulate", "smsc", "--port", 0, "--pause", 0, "--rate", 1000) as program:
        bind(port_of(program), once)
        assert program.end() == 0
    assert "     1  auto: ESME_ROK (0x00000000): accepted, sent 2 times" in told(program)
    assert "  1 were sent again" in told(program)


def test_of_many_messages_only_the_first_are_told_one_by_one() -> None:
    with Program("simulate", "smsc", "--port", 0, "--count", 30) as program:
        assert len(bind(port_of(program))) == 30
        assert program.end() == 0
    assert "        and 10 more" in told(program)


def test_it_ends_after_its_seconds_and_says_what_was_not_sent() -> None:
    with Program("simulate", "smsc", "--port", 0, "--seconds", 0) as program:
        assert program.end() == 1
    assert told(program) == ["messages: 1, PDUs: 0; 0 taken, 0 refused, 0 not answered", "odzew: not every message was taken"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_messages_it_only_takes_binds_until_it_is_stopped(number: signal.Signals) -> None:
    async def binds(port: int) -> list[int]:
        async with connected(port) as esme:
            wrong = await esme.bind(password="wrong")
        async with connected(port) as esme:
            return [wrong, await esme.bind()]

    with Program("simulate", "smsc", "--port", 0, "--count", 0, "--system-id", "me", "--password", "secret") as program:
        assert asyncio.run(binds(port_of(program))) == [Status.RINVPASWD, Status.ROK]
        assert program.stop(number) == 0
    assert "refused  the bind of me: RINVPASWD" in told(program)
    assert "secret" not in "".join(program.lines)


def test_an_answer_that_never_comes() -> None:
    with Program("simulate", "smsc", "--port", 0, "--seconds", 1) as program:
        bind(port_of(program), lambda *_: None)
        assert program.end() == 1
    assert "     1  auto: not answered" in told(program)


def test_the_lists(empty_house: House) -> None:
    said = empty_house.says("simulate", "smsc", "--list")
    for words in ("  ucs2  ", "  payload-udh8  ", "  receipt-tlv  ", "  every  ", "  unbind=N  ", "  dribble  "):
        assert words in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--shape", "ucs3"], "'ucs3' is no word of a shape"),
        (["--fault", "anger"], "'anger' is no fault"),
        (["--order", "1,x"], "--order is numbers of parts"),
        (["--tls-cert", "x"], "--tls-cert and --tls-key belong together"),
        (["--tls-cert", "x", "--tls-key", "y"], "cannot be used"),
        (["--count", "-1"], "Error"),
        (["--port", "65536"], "Error"),
    ],
)
def test_wrong_usage(words: list[str], says: str, empty_house: House) -> None:
    assert says in empty_house.refuses("simulate", "smsc", "--seconds", "0", *words, code=2)


@pytest.mark.parametrize(
    ("words", "says"), [(["--shape", "gsm7", "--text", "ż"], "GSM 7 bit"), (["--order", "2"], "names one that is not there")]
)
def test_what_cannot_be_sent_is_said_before_anybody_binds(words: list[str], says: str, empty_house: House) -> None:
    assert says in empty_house.refuses("simulate", "smsc", *words, code=1)


def test_a_port_that_is_taken(empty_house: House) -> None:
    with Program("simulate", "smsc", "--port", 0, "--count", 0) as program:
        assert "cannot listen on" in empty_house.refuses("simulate", "smsc", "--port", str(port_of(program)), code=2)
