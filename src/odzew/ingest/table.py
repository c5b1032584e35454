"""Every way in over HTTP, by the name of its protocol."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from odzew.ingest import http, kannel, mm7
from odzew.ingest.contract import Ingest

INGESTS: Final = MappingProxyType({ingest.protocol: ingest for ingest in (http.INGEST, kannel.INGEST, mm7.INGEST)})
"""Protocol of a source -> its ingest."""


def ingest_of(protocol: str) -> Ingest | None:
    """None for a protocol that does not come in over HTTP."""
    return INGESTS.get(protocol)
