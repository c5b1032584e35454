"""The set-up file as it is read: TOML, values from the environment, every fault found at once.

`read_document` knows the file alone. Whether an account that it names exists is seen when it is compared with what is there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from odzew.errors import Sentence, SetupError
from odzew.setup.consistency import faults_between
from odzew.setup.reading import Reader, placed
from odzew.setup.tables import Document

LARGEST: Final = 64 << 20
SHOWN: Final = 200
"""Faults that are listed; of more, only the number is told."""


def read_file(path: Path, environment: Mapping[str, str], country: str = "PL") -> Document:
    """The document in a file. SetupError with every fault found; also where the file cannot be read."""
    try:
        if path.stat().st_size > LARGEST:
            raise SetupError([placed(str(path), Sentence("is larger than %(most)d MiB", most=LARGEST >> 20))])
        octets = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else Sentence("is no name of a file")
        raise SetupError([placed(str(path), Sentence("cannot be read: %(why)s", why=reason))]) from None
    return read_document(octets, environment, country)


def read_document(octets: bytes, environment: Mapping[str, str], country: str = "PL") -> Document:
    """The document in the octets of a TOML file. `environment` gives `env:NAME`; SetupError with every fault found."""
    reader = Reader(environment, country)
    document = reader.table(Document, _toml(octets))
    faults = reader.faults + faults_between(document)
    if faults:
        more = len(faults) - SHOWN
        raise SetupError(faults[:SHOWN] + ([Sentence("and %(number)d more faults", number=more)] if more > 0 else []))
    return document


def _toml(octets: bytes) -> dict[str, object]:
    try:
        return tomllib.loads(octets.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SetupError([Sentence("the file is not valid UTF-8 (octet %(octet)d)", octet=error.start)]) from None
    except tomllib.TOMLDecodeError as error:
        raise SetupError([Sentence("the file is not valid TOML: %(why)s", why=str(error))]) from None
    except RecursionError:
        raise SetupError([Sentence("the file is nested too deeply")]) from None
    except ValueError as error:  # a date or a whole number that Python cannot hold
        raise SetupError([Sentence("the file has a value that cannot be read: %(why)s", why=str(error)[:100])]) from None
