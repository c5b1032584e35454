"""`odzew demo`: it runs from nothing, and `--once` can tell right from wrong."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

import pytest

from odzew.cli.demo_lines import Lines
from odzew.cli.demo_messages import CASES, LONG, Case, expected_item, expected_values, local, without_attachment_ids
from odzew.cli.demo_once import MINUTES, NotHeld, Walk, walk
from odzew.cli.demo_stage import SECRETS, SETUP, staged
from odzew.clock import Clock
from odzew.model import KINDS
from odzew.setup.document import read_document
from odzew.simulate.client import Called, Failure
from odzew.simulate.smsc_messages import pdus
from odzew.wire.published import TIME_FIELD
from tests.cli.program import Program

NOW = 1_413_883_083_500_000  # 2014-10-21 11:18:03.5 in Warsaw


def test_once_walks_every_kind_and_ends_with_0() -> None:
    with Program("demo", "--once") as program:
        assert program.end() == 0, "".join(program.lines)
    steps = [line.split()[2] for line in program.lines]
    wanted = {
        "bound": 2, "brought": 6, "answered": 6, "stored": 6, "pulled": 6, "delivered": 6, "failed": 1, "repeated": 1, "assigned": 1,
        "ended": 2,
    }  # fmt: skip
    assert {step: steps.count(step) for step in wanted} == wanted
    assert steps[-1] == "held"
    assert all(re.match(r" +\d+\.\d{3} s  ", line) for line in program.lines)
    kinds = {line.split()[-1] for line in program.lines if line.split()[2] == "stored"}
    assert kinds == {*KINDS, "unclaimed"}
    brought = [line.split("brought")[1].split(":")[0].strip() for line in program.lines if line.split()[2] == "brought"]
    assert brought == ["SMPP", "SMPP", "SMPP, 3 parts in the order 3, 1, 2", "SMPP", "MM7, 2 attachments", "SMPP"]


def test_it_runs_until_it_is_stopped_and_its_own_calls_work() -> None:
    with Program("demo") as program:
        program.until(lambda line: "delivered" in line and "message 1" in line)
        (curl,) = [line for line in program.lines if line.strip().startswith("curl -s -d")]
        assert program.stop() == 0
    words = shlex.split(curl)
    assert words[:2] == ["curl", "-s"]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/messages/\w+\.json", words[-1])
    assert program.lines[-1] == "Ended; the database is gone.\n"
    with Program("demo", "--seconds", 0) as program:
        assert program.end() == 0


async def walked(fails: Callable[[Called], Failure | None], change: Callable[[Called], None] = lambda called: None) -> None:
    """A walk to a client's URL that behaves otherwise than the demonstration's own."""
    clock = Clock()
    calls: list[Called] = []

    def told(called: Called) -> None:
        change(called)
        calls.append(called)

    async with staged(clock, fails, told, MINUTES) as stage:
        await Walk(stage, Lines(clock), calls).whole()


def fail(kind: str, how: Failure, times: int) -> Callable[[Called], Failure | None]:
    """The first `times` calls for messages of that kind fail."""
    seen: list[Called] = []

    def fails(called: Called) -> Failure | None:
        if called.query.get("type") != kind or len(seen) >= times:
            return None
        seen.append(called)
        return how

    return fails


@pytest.mark.parametrize(
    ("fails", "says"),
    [
        (fail("eco", "status", 1), r"calls for message 1 ended \['http_5xx', 'ok'\]"),
        (fail("nd", "status", 0), r"calls for message 2 ended \['ok'\]"),
        (fail("nd", "body", 1), r"calls for message 2 ended \['verify_mismatch', 'ok'\]"),
    ],
)
async def test_a_client_that_fails_otherwise_is_noticed(fails: Callable[[Called], Failure | None], says: str) -> None:
    with pytest.raises(NotHeld, match=says):
        await walked(fails)


def _wrong_text(called: Called) -> None:
    called.target = called.target.replace("text=", "text=x")


def _other_id(called: Called) -> None:
    called.target = called.target.replace("id=1", "id=9")


@pytest.mark.parametrize(("change", "says"), [(_wrong_text, "was called with"), (_other_id, "was called 0 times for message 1")])
async def test_a_wrong_value_at_the_client_is_noticed(change: Callable[[Called], None], says: str) -> None:
    with pytest.raises(NotHeld, match=says):
        await walked(fail("nd", "status", 1), change)


async def test_what_is_wrong_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    await walk(Clock())
    assert "wrong" not in capsys.readouterr().out


def test_the_set_up_of_the_demo_is_one_that_an_operator_could_apply() -> None:
    secrets = {name: f"{number:032x}" for number, name in enumerate(SECRETS)}
    document = read_document(SETUP.format(port=8090, url="http://127.0.0.1:8090", minutes=MINUTES, smsc=2775).encode(), secrets)
    assert [number.service for number in document.number] == ["eco", "nd", "ndi", "pr"]
    assert [source.protocol for source in document.source] == ["smpp", "mm7", "http"]


def case_of(kind: str) -> Case:
    return next(case for case in CASES if case.kind == kind)


def test_the_long_text_is_what_gateways_garble() -> None:
    case = case_of("ndi")
    made = pdus(case.short_text(), 1)
    assert (made.total, [number for number, _ in made.sent]) == (3, [3, 1, 2])
    assert {"ż", "ł", "ę", "😀", "👍"} <= set(case.text)


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("eco", {"message_id": "eba39e4fe1", "blacklist": False, "text": "Przyjadę o 16"}),
        ("nd", {"blacklist": False, "text": "demo jedno & drugie + 100% #NUMER#"}),
        ("ndi", {"blacklist": False, "text": LONG}),
        ("pre", {"to_number": "71200", "blacklist": False, "text": "AUTO 1"}),
    ],
)
def test_what_the_api_must_give(kind: str, item: dict[str, Any]) -> None:
    head = {"id": 7, "type": kind, "phone": "+48500600700", TIME_FIELD: "2014-10-21 11:18:03"}
    assert list(expected_item(case_of(kind), 7, local(NOW)).items()) == [*head.items(), *item.items()]


def test_what_the_clients_url_must_get() -> None:
    assert expected_values(case_of("pre"), 7, local(NOW)) == {
        "nr": "48500600700", "text": "AUTO 1", "date": "2014-10-21 11:18:03", "id": "7", "answers": "", "to": "71200",
        "type": "pre", "keyword": "AUTO",
    }  # fmt: skip
    mms = expected_values(case_of("mms"), 7, local(NOW))
    assert (mms["title"], mms["attachments[0][name]"], mms["attachments[1][content_type]"]) == ("Zdjęcie", "note.txt", "image/png")


def test_ids_of_attachments_are_the_databases_own() -> None:
    item = expected_item(case_of("mms"), 7, local(NOW))
    parts = item["attachments"]
    assert without_attachment_ids({**item, "attachments": [{"id": n, **part} for n, part in enumerate(parts)]}) == item
    assert without_attachment_ids({"id": 1}) == {"id": 1}
