"""Secrets that are kept sealed."""

from __future__ import annotations

import pytest

from odzew.access.sealing import VARIABLE, Sealer, is_sealed, new_key, revealed
from odzew.errors import SettingError

OLD, NEW = new_key(), new_key()


@pytest.mark.parametrize("text", ["s3cret", "", "żółw 🐢", "sealed:twice", "x" * 1_000])
def test_what_is_sealed_is_revealed_with_the_key_alone(text: str) -> None:
    kept = Sealer(OLD).seal(text)
    assert is_sealed(kept)
    assert revealed(kept, {VARIABLE: OLD}) == text
    assert revealed(kept, {VARIABLE: f"{NEW}, {OLD}"}) == text
    for environment in ({VARIABLE: NEW}, {}):
        with pytest.raises(SettingError):
            revealed(kept, environment)


def test_what_is_not_sealed_is_itself() -> None:
    assert revealed("written out", {}) == "written out"


@pytest.mark.parametrize("kept", ["sealed:", "sealed:x", "sealed:ż", "sealed:" + "A" * 200])
def test_what_was_never_sealed_here_is_an_error_of_ours(kept: str) -> None:
    with pytest.raises(SettingError):
        revealed(kept, {VARIABLE: OLD})


def test_without_a_key_nothing_is_sealed() -> None:
    assert not Sealer("").usable
    with pytest.raises(SettingError):
        Sealer("").seal("s3cret")
    with pytest.raises(SettingError):
        Sealer("no key")
