"""Lists: columns for people, JSON for programs, and nothing that moves a cursor in either."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.cli.listing import WIDEST, cell, instant, print_fields, print_json, print_rows, table, visible, visible_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zażółć 😀", "Zażółć 😀"),
        ("two\nlines\r\n", "two\\nlines\\r\\n"),
        ("a\tb", "a\\tb"),
        ("\x1b[2Jgone", "\\u001b[2Jgone"),
        ("\x9b31m", "\\u009b31m"),
        ("a\x00b\x7f", "a\\u0000b\\u007f"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2028", "\\u2028"),
        ("half \ud83d", "half \\ud83d"),
    ],
)
def test_what_would_move_the_cursor_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters(codec=None)))
def test_no_control_character_is_ever_printed(text: str) -> None:
    for shown in (visible(text), cell(text), visible_json(json.dumps([text], ensure_ascii=False))):
        assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in shown)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)


@given(VALUES)
def test_json_says_the_same_after_its_escapes(value: object) -> None:
    assert json.loads(visible_json(json.dumps(value, ensure_ascii=False, indent=2))) == value


def test_json_is_printed_unescaped_where_it_can_be(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"text": "Zażółć\x9b"})
    assert capsys.readouterr().out == '{\n  "text": "Zażółć\\u009b"\n}\n'


def test_columns_are_as_wide_as_they_must_be() -> None:
    assert table([{"id": 1, "text": "a"}, {"id": 1000, "text": None}]) == ["id    text", "1     a", "1000"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (True, "yes"), (False, "no"), (7, "7"), (["a", "b"], "a, b"), ("x" * WIDEST, "x" * WIDEST), ("x" * 49, "x" * 47 + "…")],
)
def test_cells(value: object, shown: str) -> None:
    assert cell(value) == shown


def test_an_empty_list_is_said_aside_and_is_an_empty_list_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([], False, "Nothing.")
    assert capsys.readouterr() == ("", "Nothing.\n")
    print_rows([], True, "Nothing.")
    assert capsys.readouterr() == ("[]\n", "")


def test_fields_leave_out_what_is_empty_and_put_members_of_lists_below_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    print_fields({"name": "acme", "active": True, "title": None, "text": "", "numbers": ["1", "2"], "users": []})
    assert capsys.readouterr().out == "name     acme\nactive   yes\nnumbers  1\n         2\n"


@pytest.mark.parametrize(("at", "shown"), [(None, None), (1_413_883_083_999_999, "2014-10-21T09:18:03Z"), (0, "1970-01-01T00:00:00Z")])
def test_instants_are_listed_in_utc(at: int | None, shown: str | None) -> None:
    assert instant(at) == shown
