"""Formats of answers, by the suffix of the URL's path, which alone decides (contract 1)."""

from odzew.api.formats.format import Format
from odzew.api.formats.json import JSON
from odzew.api.formats.xml import XML

__all__ = ["FORMATS", "Format"]

FORMATS: dict[str, Format] = {"": JSON, ".json": JSON, ".xml": XML}
