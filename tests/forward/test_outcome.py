"""The closed list of outcomes."""

from __future__ import annotations

from typing import get_args

import pytest

from odzew.forward.outcome import OUTCOMES, Outcome, is_success, of_status


def test_every_word_has_one_meaning_and_a_sentence() -> None:
    assert set(OUTCOMES) == set(get_args(Outcome))
    assert all(meaning.text.endswith(".") for meaning in OUTCOMES.values())
    assert len({meaning.text for meaning in OUTCOMES.values()}) == len(OUTCOMES)


def test_only_ok_is_success() -> None:
    assert [word for word in OUTCOMES if is_success(word)] == ["ok"]
    assert not is_success("a word of a newer version")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "ok"), (201, "ok"), (204, "ok"), (299, "ok"),
        (300, "http_3xx"), (301, "http_3xx"), (307, "http_3xx"), (399, "http_3xx"),
        (400, "http_4xx"), (404, "http_4xx"), (410, "http_4xx"), (429, "http_4xx"),
        (500, "http_5xx"), (503, "http_5xx"), (599, "http_5xx"),
        (0, "http_other"), (101, "http_other"), (199, "http_other"), (600, "http_other"), (999, "http_other"),
    ],
)  # fmt: skip
def test_a_status_alone(status: int, outcome: str) -> None:
    assert of_status(status) == outcome
