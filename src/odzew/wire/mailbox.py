"""The address of a mailbox, as it may stand in an envelope and in a header without quotes (RFC 5321 s.4.1.2). ASCII only."""

from __future__ import annotations

import re

from odzew.errors import Sentence, WireError

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MAILBOX = re.compile(rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+)*@{_LABEL}(?:\.{_LABEL})*")
_LONGEST_LOCAL = 64
_LONGEST = 254


def parse(text: str) -> str:
    """The address with its domain in lower case. WireError for anything else, a display name too."""
    local, _, domain = text.rpartition("@")
    if len(text) > _LONGEST or len(local) > _LONGEST_LOCAL or not _MAILBOX.fullmatch(text):
        raise WireError(Sentence("%(typed)r is no address such as jan@acme.example", typed=text[:80]))
    return f"{local}@{domain.lower()}"
