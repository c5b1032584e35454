"""Cells of a table that spreadsheets open: no text of a stranger may become a formula."""

from __future__ import annotations

from typing import Any, Final

BOM: Final = "\ufeff".encode()
"""Before the first line, by which spreadsheets know UTF-8."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: Any) -> Any:
    """A value for the `csv` module: a text that a spreadsheet would compute gets an apostrophe before it; a telephone number too.

    None is an empty cell; numbers stay numbers.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "\ufffd")
    return f"'{text}" if text.startswith(_FORMULA) else text
