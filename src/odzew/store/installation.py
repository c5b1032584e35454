"""Settings of the installation that live in the database: a name and a JSON value each."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from typing import Any

from odzew.store.db import Many, Request


def save_installation(values: Mapping[str, Any]) -> Generator[Request, Any, None]:
    """Sets each named value. The caller bumps `directory`."""
    sql = "INSERT INTO installation (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    yield Many(sql, [(name, json.dumps(value)) for name, value in values.items()])
