"""The audit log: who changed what, when, from where; what differs of it; and never a secret."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.clock import FixedClock
from odzew.store import audit
from odzew.store.audit import HIDDEN, LONGEST, Entry
from odzew.store.db import Database, Rows
from odzew.store.inbox_lines import EVERYBODY


async def test_an_act_is_kept_whole(db: Database, clock: FixedClock) -> None:
    before, after = (
        {"url": "https://a.example/", "active": True, "name": "crm"},
        {"url": "https://b.example/", "active": True, "name": "crm"},
    )
    key = await db.write(audit.add, 1, "jan", "192.0.2.1", "target.saved", "target 12", before, after)
    entries, older = await db.read(audit.page, 1)
    detail = json.dumps({"before": {"url": "https://a.example/"}, "after": {"url": "https://b.example/"}})
    assert entries == [Entry(key, clock.now(), 1, "jan", "192.0.2.1", "target.saved", "target 12", detail)]
    assert older is None


# what it was before and after, and what is kept of it
DIFFER: tuple[tuple[dict[str, Any] | None, dict[str, Any] | None, dict[str, Any]], ...] = (
    (None, None, {}),
    (None, {"name": "new"}, {"after": {"name": "new"}}),
    ({"name": "old"}, None, {"before": {"name": "old"}}),
    ({"a": 1, "b": 2}, {"a": 1, "b": 2}, {"before": {}, "after": {}}),
    ({"a": None}, {"a": [1, "x", None]}, {"before": {"a": None}, "after": {"a": [1, "x", None]}}),
    ({"secret": "whsec_a"}, {"secret": "whsec_b"}, {"before": {"secret": HIDDEN}, "after": {"secret": HIDDEN}}),
    ({"secret": None}, {"secret": "whsec_b"}, {"before": {"secret": None}, "after": {"secret": HIDDEN}}),
    ({"secret": "same"}, {"secret": "same"}, {"before": {}, "after": {}}),
    (
        {},
        {"password_hash": "x", "Token": "y", "totp_secret": "z"},
        {"after": {"password_hash": HIDDEN, "Token": HIDDEN, "totp_secret": HIDDEN}},
    ),
    ({}, {"options": {"system_id": "u", "password": "p"}}, {"after": {"options": {"system_id": "u", "password": HIDDEN}}}),
    ({}, {"tokens": ["a", "b"]}, {"after": {"tokens": HIDDEN}}),
    ({}, {"at": 5, "x": {1}, "y": object}, {"after": {"at": 5, "x": [1], "y": "<class 'object'>"}}),
    ({}, {"text": "x" * 100_000}, {"after": {"text": "x" * LONGEST}}),
    ({}, {"text": "a\0b\ud800"}, {"after": {"text": "a\ufffdb?"}}),
)


@pytest.mark.parametrize(("before", "after", "kept"), DIFFER)
async def test_what_differs_is_kept_without_secrets(
    db: Database, before: dict[str, Any] | None, after: dict[str, Any] | None, kept: dict[str, Any]
) -> None:
    await db.write(audit.add, 1, "jan\0", "", "x.y", "o\ud800", before, after)
    ((entry,), _) = await db.read(audit.page, 1)
    assert (json.loads(entry.detail), entry.who, entry.object) == (kept, "jan\ufffd", "o?")


_values = st.recursive(
    st.just("s3cr3t"), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["secret", "x"]), inner, max_size=2)
)


@given(st.dictionaries(st.sampled_from(["secret", "password", "api_token", "KeyHash"]), _values))
def test_nothing_under_a_secret_s_name_gets_in(values: dict[str, Any]) -> None:
    acts = audit.add(1, "jan", "", "x", "", {}, values)
    next(acts)
    request = acts.send(5)
    assert isinstance(request, Rows)
    assert "s3cr3t" not in str(request.parameters)


async def test_pages_and_filters(db: Database, clock: FixedClock) -> None:
    acts = [
        (1, "jan", "target.saved"),
        (1, "ewa", "target.removed"),
        (2, "jan", "token.made"),
        (None, "root", "number.saved"),
        (1, "jan", "log.in"),
    ]
    keys, start = [], clock.now()
    for account, who, action in acts:
        keys.append(await db.write(audit.add, account, who, "", action))
        clock.advance(1)

    async def ids(account: int | None, **asked: Any) -> list[int]:
        return [keys.index(entry.id) for entry in (await db.read(lambda: audit.page(account, **asked)))[0]]

    assert await ids(1) == [4, 1, 0]
    assert (await ids(2), await ids(None), await ids(EVERYBODY)) == ([2], [3], [4, 3, 2, 1, 0])
    assert await ids(1, who="jan") == [4, 0]
    assert await ids(EVERYBODY, action="target.") == [1, 0]
    assert await ids(EVERYBODY, action="%") == []
    assert await ids(EVERYBODY, since=start + 1_000_000, until=start + 3_000_000) == [2, 1]
    entries, older = await db.read(audit.page, EVERYBODY, None, 2)
    assert ([keys.index(entry.id) for entry in entries], older) == ([4, 3], keys[3])
    assert await ids(EVERYBODY, before=older) == [2, 1, 0]
