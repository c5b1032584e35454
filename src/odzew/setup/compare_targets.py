"""Targets of a document against those that are there."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any, Final, cast
from urllib.parse import urlsplit

from msgspec import UNSET

from odzew.model import ForwardFor, Target
from odzew.setup.consistency import kind_of, target_names
from odzew.setup.judges import LONGEST_RETRY, SHORTEST_GAP
from odzew.setup.plan import Change, Level, Plan, Shown, difference, given, shown_of
from odzew.setup.tables import ForwardTable
from odzew.store.directory import Directory
from odzew.wire.template import Template

_SETTINGS: Final = (
    "url", "active", "body", "verify", "retry_minutes", "retry_basis", "secret", "concurrency", "completions",
)  # fmt: skip
_TAKEN_OFF_BY_EMPTY: Final = ("verify", "retry_minutes", "retry_basis", "secret", "concurrency")


def compare_targets(plan: Plan, directory: Directory, levels: list[Level]) -> list[str]:
    """Adds to `plan` what targets change and gives the faults.

    A number or keyword that went to another account leaves its targets behind: they are removed, for a URL of the former
    owner must not get the new one's messages, and what is still owed to it must not go to the new one's URL.
    """
    faults: list[str] = []
    for level in levels:
        present = {}
        for target in directory.levels.get((level.level, level.id), ()):
            if target.account_id == level.account_id:
                present[target.for_kind, target.name] = target
            else:
                plan.removed_targets.append(target)
                plan.changes.append(Change("target", _label(level, target), "remove"))
        if level.account_id is None:
            continue
        for table, name in zip(level.forwards, target_names(level.forwards), strict=True):
            kind = cast(ForwardFor, kind_of(table))
            before = present.get((kind, name))
            new = Target(plan.new_id(), level.account_id, level.level, level.id, kind, name, table.url)
            after = replace(before or new, **_settings(table))
            faults += _faults(after, table)
            if after != before:
                plan.targets.append(after)
                plan.changes.append(difference("target", _label(level, after), _shown(before) if before else None, _shown(after)))
    return faults


def _settings(table: ForwardTable) -> dict[str, Any]:
    settings = given(table, _SETTINGS)
    for name in _TAKEN_OFF_BY_EMPTY:
        if name in settings and not settings[name]:
            settings[name] = None
    return settings


def _faults(target: Target, table: ForwardTable) -> list[str]:
    """What is seen only when the keys of the file have been laid over what is there."""
    faults = []
    if target.secret is not None and not Template.parse(target.url).query_only:
        faults.append(f"{table.place}.url: a signed target has placeholders only in its query, because only that is signed")
    minutes = target.retry_minutes or ()
    if target.retry_basis == "previous":
        if sum(minutes) > LONGEST_RETRY:
            faults.append(f"{table.place}.retry_minutes: the last repeat would be more than 7 days after the first attempt")
    elif any(later - earlier < SHORTEST_GAP for earlier, later in pairwise(minutes)):
        faults.append(f'{table.place}.retry_minutes: must grow, for they count from the first attempt (or set retry_basis = "previous")')
    if table.body is not UNSET and target.for_kind != "mms":
        faults.append(f"{table.place}.body: is for mms only: an SMS is forwarded by GET, which has no body")
    return faults


def _label(level: Level, target: Target) -> str:
    return f"{level.label} {target.name}" if target.name == target.for_kind else f"{level.label} {target.for_kind} {target.name}"


def _shown(target: Target) -> Shown:
    """`secret` is a reference and may be shown; a password in the URL may not."""
    told = shown_of(target, _SETTINGS)
    password = urlsplit(target.url.partition("#")[0]).password
    if password:
        told["url"] = target.url.replace(f":{password}@", ":(hidden)@", 1)
    return told
