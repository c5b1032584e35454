"""Bearer tokens: made, hashed, found, compared."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.access.tokens import find_token, hash_token, is_token, make_token
from tests.access.builders import TOKEN, a_directory, a_token

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates and NUL too


def test_a_token_is_32_lower_case_hex_and_no_two_are_alike() -> None:
    made = {make_token() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch("[0-9a-f]{32}", token) for token in made)


def test_the_hash_is_the_sha256_that_an_operator_can_compute() -> None:
    assert hash_token(TOKEN) == hashlib.sha256(b"0123456789abcdef0123456789abcdef").digest()


PRESENTED = (
    # presented, is it the token?
    (TOKEN, True),
    (TOKEN.upper(), False),
    (TOKEN[:-1], False),
    (TOKEN + "0", False),
    (" " + TOKEN, False),
    (TOKEN + "\n", False),
    (TOKEN + "\0", False),
    ("", False),
    ("\udc80", False),
    ("٠" * 32, False),
    ("a" * 1_000_000, False),
)


@pytest.mark.parametrize(("presented", "right"), PRESENTED)
def test_a_token_is_found_by_its_exact_spelling(presented: str, right: bool) -> None:
    token = a_token()
    assert find_token(a_directory(token).tokens, presented) is (token if right else None)
    assert is_token(token.sha256, presented) is right


def test_what_has_no_token_is_matched_by_nothing() -> None:
    assert not is_token(None, TOKEN)
    assert not is_token(None, "")
    assert not is_token(None, None)
    assert not is_token(hash_token(TOKEN), None)
    assert not is_token(hash_token(""), "")


@given(ANY_TEXT)
def test_any_text_has_a_hash_of_its_own(text: str) -> None:
    assert len(hash_token(text)) == 32
    assert hash_token(text) != hash_token(text + "x")
    assert is_token(hash_token("x" + text), "x" + text)
