"""The set-up file as it is read: TOML, values from the environment, every fault found at once.

`read_document` knows the file alone. Whether an account that it names exists is seen when it is compared with what is there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from odzew.errors import SetupError
from odzew.setup.consistency import faults_between
from odzew.setup.reading import Reader
from odzew.setup.tables import Document

LARGEST: Final = 64 << 20
SHOWN: Final = 200
"""Faults that are listed; of more, only the number is told."""


def read_file(path: Path, environment: Mapping[str, str], country: str = "PL") -> Document:
    """The document in a file. SetupError with every fault found; also where the file cannot be read."""
    try:
        if path.stat().st_size > LARGEST:
            raise SetupError([f"{path}: is larger than {LARGEST >> 20} MiB"])
        octets = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "is no name of a file"
        raise SetupError([f"{path}: cannot be read: {reason}"]) from None
    return read_document(octets, environment, country)


def read_document(octets: bytes, environment: Mapping[str, str], country: str = "PL") -> Document:
    """The document in the octets of a TOML file. `environment` gives `env:NAME`; SetupError with every fault found."""
    reader = Reader(environment, country)
    document = reader.table(Document, _toml(octets))
    faults = reader.faults + faults_between(document)
    if faults:
        more = len(faults) - SHOWN
        raise SetupError(faults[:SHOWN] + ([f"and {more} more faults"] if more > 0 else []))
    return document


def _toml(octets: bytes) -> dict[str, object]:
    try:
        return tomllib.loads(octets.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SetupError([f"the file is not valid UTF-8 (octet {error.start})"]) from None
    except tomllib.TOMLDecodeError as error:
        raise SetupError([f"the file is not valid TOML: {error}"]) from None
    except RecursionError:
        raise SetupError(["the file is nested too deeply"]) from None
    except ValueError as error:  # a date or a whole number that Python cannot hold
        raise SetupError([f"the file has a value that cannot be read: {str(error)[:100]}"]) from None
