"""Text that can be stored and shown: what no encoding can carry becomes U+FFFD (contract 2)."""

from __future__ import annotations

import re
from typing import Final

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")
# XML 1.0 s.2.2, production Char, turned round.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(value: str) -> str:
    """`value` with NUL and lone surrogates as U+FFFD. A surrogate pair given as two code units is joined first."""
    if _UNKEEPABLE.search(value) is None:
        return value
    # Through UTF-16 the two halves of a pair meet again; what stays alone is what the decoder replaces.
    joined = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\0", REPLACEMENT)


def xml(value: str) -> str:
    """`text(value)` with every character that XML 1.0 forbids as U+FFFD. Markup is not escaped here."""
    return _NOT_XML.sub(REPLACEMENT, text(value))
