"""What a log line may say of an exception: its kind and its places. Its words may quote a message."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable

import asyncpg
import pytest
import structlog

from odzew.clock import FixedClock
from odzew.logs import configure
from odzew.store.postgres import translate

PLANTED = "planted-text"


def _ours() -> None:
    structlog.get_logger("odzew.x").exception("it_failed")


def _theirs() -> None:
    logging.getLogger("uvicorn.error").error("it_failed", exc_info=sys.exc_info())


def _the_loop_s() -> None:
    logging.getLogger("asyncio").error("it_failed\nfuture: <Task exception=ValueError(%r)>", PLANTED, exc_info=sys.exc_info())


@pytest.mark.parametrize("say", [_ours, _theirs, _the_loop_s])
def test_an_exception_is_told_without_its_words(say: Callable[[], None], capfd: pytest.CaptureFixture[str]) -> None:
    configure("json", "info", FixedClock())
    try:
        raise ValueError(PLANTED)
    except ValueError:
        say()
    log = capfd.readouterr().err
    line = json.loads(log)
    assert (line["event"], line["level"], line["error"]) == ("it_failed", "error", "ValueError")
    assert line["where"][0].startswith("test_an_exception_is_told_without_its_words:")
    assert PLANTED not in log


async def test_a_task_that_nobody_asked_is_told_in_the_same_form(capfd: pytest.CaptureFixture[str]) -> None:
    configure("json", "info", FixedClock())
    asyncio.get_running_loop().call_exception_handler({"message": "it_failed", "exception": ValueError(PLANTED), "protocol": PLANTED})
    log = capfd.readouterr().err
    assert json.loads(log)["event"] == "it_failed"
    assert PLANTED not in log


def test_the_words_of_a_database_quote_no_row() -> None:
    """PostgreSQL names the values in the details of an error, and the driver those that it cannot send."""
    refused = asyncpg.UniqueViolationError("duplicate key")
    refused.detail = f"Key (phone)=({PLANTED}) already exists."
    assert PLANTED in str(refused)
    assert PLANTED not in str(translate(refused))
    assert PLANTED not in str(translate(asyncpg.DataError(f"invalid input for query argument $1: {PLANTED!r}")))
