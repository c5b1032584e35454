"""How a verb ends: with a sentence and a code, never with a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from odzew.cli.verb import verb
from odzew.errors import (
    Busy,
    NotOurs,
    OdzewError,
    SettingError,
    SetupError,
    StoreError,
    StoreFull,
    StoreUnavailable,
    StoreVersion,
    WireError,
)

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}


def ending(raised: BaseException | None) -> tuple[int, str, str]:
    """Exit code and both outputs of a verb in which that is raised."""
    app = typer.Typer()

    @app.command()
    @verb
    async def work() -> None:
        typer.echo("begun")
        if raised is not None:
            raise raised

    result = CliRunner().invoke(app)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    ("raised", "code", "told"),
    [
        (None, 0, ""),
        (SettingError("--db is wrong"), 2, "odzew: --db is wrong\n"),
        (SetupError(["first", "second"]), 1, "odzew: first\nodzew: second\n"),
        (WireError("no number"), 1, "odzew: no number\n"),
        (StoreError("refused"), 1, "odzew: refused\n"),
        (StoreUnavailable("locked"), 1, "odzew: locked\n"),
        (StoreFull("full"), 1, "odzew: full\n"),
        (StoreVersion("newer"), 1, "odzew: newer\n"),
        (Busy("too many"), 1, "odzew: too many\n"),
        (NotOurs("no such"), 1, "odzew: no such\n"),
        (OdzewError("a name\x1b[2J"), 1, "odzew: a name\\u001b[2J\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
    ids=repr,
)
def test_each_error_has_its_exit_code_and_its_sentence(raised: BaseException | None, code: int, told: str) -> None:
    assert ending(raised) == (code, "begun\n", told)


def test_a_reader_that_has_seen_enough_is_no_error_of_ours() -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "odzew.cli.main", "openapi"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT, bufsize=0
    )
    assert run.stdout is not None
    run.stdout.close()
    _, told = run.communicate()
    assert (run.returncode, told) == (1, b"")


def test_a_terminal_that_lacks_a_letter_gets_an_escape() -> None:
    environment = {**ENVIRONMENT, "PYTHONIOENCODING": "latin-1", "ODZEW_DB": "sqlite:////nowhere/żółw.db"}
    run = subprocess.run([sys.executable, "-m", "odzew.cli.main", "inbox", "list"], capture_output=True, env=environment, check=False)
    assert run.returncode == 1
    assert b"\\u017c" in run.stderr
    assert b"Traceback" not in run.stderr
