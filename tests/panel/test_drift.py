"""The set-up file against what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.panel.house import ENVIRONMENT, HOSTILE, OPERATOR, House, Person


@pytest.fixture
async def ops(house: House) -> Person:
    return await house.browse(OPERATOR)


async def test_the_file_that_was_applied_differs_in_nothing(house: House, ops: Person, tmp_path: Path) -> None:
    seen = await ops.post("/operator/drift", {"text": (tmp_path / "setup.toml").read_text()})
    assert "Nothing: what the file names is as it says." in seen.shown, seen.shown
    assert "Nothing: all that is there is in the file." in seen.shown


async def test_what_was_changed_in_the_panel_is_seen(house: House, ops: Person, tmp_path: Path) -> None:
    fields = {"company": "Acme S.A.", "time_zone": "Europe/Warsaw", "language": "en", "active": "1", "forward_allow": "127.0.0.0/8"}
    done = await ops.post(f"/operator/accounts/{house.account_id()}", fields)
    assert done.status == 303, done.shown
    done = await ops.post("/operator/numbers/new", {"address": "661000111", "service": "nd"})
    assert done.status == 303, done.shown
    before = house.server.present.directory.counter
    seen = await ops.post("/operator/drift", {"text": (tmp_path / "setup.toml").read_text()})
    assert "would be changed account acme company : Acme S.A. Acme sp. z o.o." in seen.shown
    assert "would be removed number +48661000111" in seen.shown
    assert house.server.present.directory.counter == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Choose a file, or paste its text."),
        ("this is no TOML", "the file is not valid TOML"),
        ('[[account]]\nname = "acme"\nbogus = 1\n', "account[0].bogus: is not a key here"),
        ('[[account]]\nname = "env:MISSING"\n', "the variable MISSING is not set in the environment"),
        ('[[account]]\nname = "new"\n[[account.user]]\nlogin = "x"\n', "a new user needs one"),
    ],
)
async def test_a_file_that_cannot_be_applied_is_told(ops: Person, text: str, said: str) -> None:
    seen = await ops.post("/operator/drift", {"text": text})
    assert (seen.status, said in seen.shown) == (422, True), seen.shown


async def test_the_environment_is_not_shown(ops: Person) -> None:
    for key in ("company", "time_zone"):
        text = f'[[account]]\nname = "acme"\n{key} = "env:ODZEW_KEY"\n'
        seen = await ops.post("/operator/drift", {"text": text})
        assert ENVIRONMENT["ODZEW_KEY"] not in seen.text
        assert "env:ODZEW_KEY" in seen.text


async def test_hostile_texts_do_nothing(ops: Person) -> None:
    for text in HOSTILE:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\x07", "\\u0007").replace("\x1b", "\\u001b")
        seen = await ops.post("/operator/drift", {"text": f'[[account]]\nname = "acme"\ncompany = "{quoted}"\n'})
        assert seen.status in (200, 422)
        assert "<script>alert" not in seen.text
        assert "<svg onload" not in seen.text
