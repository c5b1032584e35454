"""Documents, written as the TOML that an operator would write."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from odzew.errors import SetupError
from odzew.setup.apply import Applied, apply
from odzew.setup.compare import compare
from odzew.setup.document import read_document
from odzew.setup.tables import Document
from odzew.store.db import Database
from odzew.store.directory import Directory

SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
ENVIRONMENT: Final = {
    "OPS_PASSWORD": "ops-pass",
    "OPERATOR_TOKEN": "0" * 32,
    "ACME_API_PASSWORD": "api-pass",
    "ACME_ANNA_PASSWORD": "anna-pass",
    "ACME_TOKEN": "1" * 32,
    "ACME_WEBHOOK_SECRET": SECRET,
    "ACME_WEBHOOK_SECRET_BEFORE": "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=",
    "CARRIER_A_PASSWORD": "carrier",
    "AGGREGATOR_TOKEN": "aggregator-token",
    "KANNEL_TOKEN": "kannel-token",
    "MMSC_PASSWORD": "mmsc-pass",
}
WHOLE: Final = (Path(__file__).parent / "whole.toml").read_text(encoding="utf-8")
"""A document with every table and key that there is."""

ACME: Final = '[[account]]\nname = "acme"\n'


def document(text: str, **environment: str) -> Document:
    """The document of a TOML text; SetupError if it is wrong."""
    return read_document(text.encode(), {**ENVIRONMENT, **environment})


def faults(text: str, **environment: str) -> list[str]:
    """The faults of a TOML text; none if it is right."""
    try:
        document(text, **environment)
    except SetupError as error:
        return error.faults
    return []


def faults_on(directory: Directory, text: str, **environment: str) -> list[str]:
    """The faults of a TOML text laid over what is there; none if it is right."""
    try:
        compare(document(text, **environment), directory)
    except SetupError as error:
        return error.faults
    return []


async def applied(db: Database, text: str, *, dry_run: bool = False, reset_passwords: bool = False, **environment: str) -> Applied:
    """The text applied. Hashes and made tokens can be told by their looks."""
    made = (f"{n:032x}" for n in range(0xA0, 0xFF))
    return await apply(
        document(text, **environment),
        db,
        hash_password=lambda password: f"hash of {password}",
        make_token=lambda: next(made),
        dry_run=dry_run,
        reset_passwords=reset_passwords,
    )


def lines(result: Applied) -> list[str]:
    """The changes as they are printed."""
    return [str(change) for change in result.changes]
