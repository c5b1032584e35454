"""What the tests of pages ask of what was written."""

from __future__ import annotations

import json
from typing import Any

from odzew.store.audit import Entry, page
from odzew.store.inbox_lines import EVERYBODY
from tests.panel.house import House


async def audited(house: House, action: str) -> list[Entry]:
    """The lines of the audit log of an action, the newest first."""
    entries, _ = await house.server.db.read(page, EVERYBODY)
    return [entry for entry in entries if entry.action == action]


async def differences(house: House, action: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(before, after) of the newest line of an action."""
    (entry, *_) = await audited(house, action)
    found = json.loads(entry.detail)
    return found.get("before") or {}, found.get("after") or {}
