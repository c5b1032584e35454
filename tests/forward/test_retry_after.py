"""Retry-After: what a busy URL asks for is heard for up to a minute, and the contract's times stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.clock import SECOND, FixedClock
from odzew.forward.call import Answer, Call
from odzew.forward.retry_after import LONGEST, seconds_of
from odzew.forward.sender import HttpSender
from tests.forward.builders import ScriptedSender
from tests.forward.conftest import Listen, Open
from tests.forward.receiver import a_call, answers

NOW = 1_413_883_083 * SECOND  # Tue, 21 Oct 2014 09:18:03 GMT

# the header, the seconds that are heard
HEARD: tuple[tuple[bytes, float | None], ...] = (
    (b"0", 0.0),
    (b"5", 5.0),
    (b" 7 ", 7.0),
    (b"3600", LONGEST),
    (b"9" * 400, LONGEST),
    (b"Tue, 21 Oct 2014 09:18:13 GMT", 10.0),
    (b"Tue, 21 Oct 2014 09:18:03 GMT", 0.0),
    (b"Mon, 20 Oct 2014 09:18:03 GMT", 0.0),
    (b"Wed, 21 Oct 2015 07:28:00 GMT", LONGEST),
    (b"Tue, 21 Oct 2014 09:18:13", None),
    (b"soon", None),
    (b"-5", None),
    (b"5.5", None),
    (b"", None),
    (b"\xb2", None),
)


@pytest.mark.parametrize(("header", "seconds"), HEARD)
def test_heard(header: bytes, seconds: float | None) -> None:
    assert seconds_of(header, NOW) == seconds


@given(st.binary(max_size=60))
def test_any_header_is_a_time_in_bounds_or_none(header: bytes) -> None:
    seconds = seconds_of(header, NOW)
    assert seconds is None or 0.0 <= seconds <= LONGEST


@pytest.mark.parametrize(
    ("status", "seconds"), [("429 Too Many Requests", 30.0), ("503 Service Unavailable", 30.0), ("500 Oops", None), ("200 OK", None)]
)
async def test_it_is_heard_with_statuses_that_say_busy(sender: HttpSender, listen: Listen, status: str, seconds: float | None) -> None:
    receiver = await listen(answers(f"HTTP/1.1 {status}\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n".encode()))
    answer = await sender.send(a_call(receiver.port))
    assert (answer.status, answer.retry_after) == (int(status[:3]), seconds)


class Busy(ScriptedSender):
    """Answers 503 with Retry-After to its first call, 200 to the others."""

    def begin(self, call: Call, done: object) -> None:
        """Every call needs a task here."""

    async def send(self, call: Call) -> Answer:
        answer = await super().send(call)
        if len(self.made) == 1:
            answer.status, answer.outcome, answer.retry_after = 503, "http_5xx", 20.0
        return answer


async def test_nothing_is_called_until_then_and_then_everything(gateway: Open, clock: FixedClock) -> None:
    here = await gateway(sender=Busy(clock))
    target, other = await here.a_target("busy.example"), await here.a_target("other.example")
    [first] = await here.owe(target)
    await here.quiet()
    waiting = await here.owe(target, 5)
    elsewhere = await here.owe(other, 2)
    await here.advance(seconds=19)
    assert here.sender.delivered_to("busy.example") == [first]
    assert sorted(here.sender.delivered_to("other.example")) == elsewhere
    await here.advance(seconds=2)
    assert here.sender.delivered_to("busy.example") == [first, *waiting]
    await here.advance(minutes=6)
    assert here.sender.delivered_to("busy.example")[-1] == first, "its own repeat keeps the contract's time"
