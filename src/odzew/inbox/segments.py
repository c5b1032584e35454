"""The user data of stored arrivals, read again from their octets as their source is set up now."""

from __future__ import annotations

from odzew.errors import WireError
from odzew.model import Segment
from odzew.store.directory import Directory
from odzew.wire.deliver import read
from odzew.wire.segment import Reading

READABLE = ("smpp",)
"""Protocols whose arrivals are kept with their coding, so that they can be read again."""


def reading_of(source_id: int, directory: Directory) -> Reading:
    """How a source's octets are to be read; the default for one that is gone."""
    source = directory.sources_by_id.get(source_id)
    return Reading.of({} if source is None else source.options)


def segment_of(raw: bytes, reading: Reading) -> Segment:
    """The user data of one PDU. What could be read once and cannot be read now is shown as octets."""
    try:
        return read(raw, reading).segment
    except WireError:
        return Segment("unknown", raw)
