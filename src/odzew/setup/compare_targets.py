"""Targets of a document against those that are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final, cast
from urllib.parse import urlsplit

from msgspec import UNSET

from odzew.clock import from_datetime, to_datetime
from odzew.errors import Sentence, TemplateError, sentence_of
from odzew.model import ForwardFor, Target
from odzew.setup.consistency import kind_of, target_names
from odzew.setup.judges import LONGEST_RETRY, SHORTEST_GAP
from odzew.setup.plan import Change, Level, Plan, Shown, difference, given, shown_of
from odzew.setup.reading import placed
from odzew.setup.tables import ForwardTable
from odzew.setup.ways import idle, without
from odzew.store.directory import Directory
from odzew.wire.template import Template

_SETTINGS: Final = (
    "url", "way", "mail_to", "active", "body", "verify", "retry_minutes", "retry_basis", "secret", "secret_before",
    "secret_before_until", "client_cert", "client_key", "ca", "concurrency", "per_second", "completions", "only_keywords", "only_senders",
    "only_text",
)  # fmt: skip
_TAKEN_OFF_BY_EMPTY: Final = (
    "verify", "retry_minutes", "retry_basis", "secret", "secret_before", "secret_before_until", "client_cert", "client_key", "ca",
    "concurrency", "per_second",
)  # fmt: skip


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
            new = Target(plan.new_id(), level.account_id, level.level, level.id, kind, name, "")
            after, of_no_use = _reduced(replace(before or new, **_settings(table)), table)
            faults += of_no_use
            faults += (placed(f"{table.place}.{key}", sentence) for key, sentence in faults_of(after))
            if table.body is not UNSET and after.way == "url" and after.for_kind != "mms":
                faults.append(placed(f"{table.place}.body", Sentence("is for mms only: an SMS is forwarded by GET, which has no body")))
            if after != before:
                plan.targets.append(after)
                told = _shown(after)
                if before is None and after.way == new.way:
                    told["way"] = ""  # the usual one
                plan.changes.append(difference("target", _label(level, after), _shown(before) if before else None, told))
    return faults


def _settings(table: ForwardTable) -> dict[str, Any]:
    settings = given(table, _SETTINGS)
    for name in _TAKEN_OFF_BY_EMPTY:
        if name in settings and not settings[name]:
            settings[name] = None
    until = settings.get("secret_before_until")
    if until is not None:
        settings["secret_before_until"] = from_datetime(until)
    return settings


def _reduced(target: Target, table: ForwardTable) -> tuple[Target, list[str]]:
    """The target without what means nothing for its way: left from before it goes by itself, in the file it is a fault."""
    faults: list[str] = []
    for key in idle(target.way):
        if getattr(target, key) != without(key):
            if getattr(table, key) is not UNSET:
                sentence = Sentence('means nothing for a target with way = "%(way)s"', way=target.way)
                faults.append(placed(f"{table.place}.{key}", sentence))
            target = replace(target, **{key: without(key)})
    return target, faults


def faults_of(target: Target) -> Iterator[tuple[str, str]]:
    """What does not go together in one target: (key, sentence)."""
    if target.way == "email":
        if not target.mail_to:
            yield "mail_to", Sentence("is missing: an e-mail goes to at least one address")
    elif not target.url:
        yield "url", Sentence("is missing")
    else:
        yield from _faults_of_url(target)
    minutes = target.retry_minutes or ()
    if target.retry_basis == "previous":
        if sum(minutes) > LONGEST_RETRY:
            yield "retry_minutes", Sentence("the last repeat would be more than 7 days after the first attempt")
    elif any(later - earlier < SHORTEST_GAP for earlier, later in pairwise(minutes)):
        yield "retry_minutes", Sentence('must grow, for they count from the first attempt (or set retry_basis = "previous")')


def _faults_of_url(target: Target) -> Iterator[tuple[str, str]]:
    try:
        template = Template.parse(target.url)
    except TemplateError as error:  # it was there before the rules of today
        yield "url", sentence_of(error)
        return
    if target.secret is not None and not template.query_only:
        yield "url", Sentence("a signed target has placeholders only in its query, because only that is signed")
    if target.secret_before is not None and target.secret_before == target.secret:
        yield "secret_before", Sentence("is the same as secret: it is the one before it")
    if target.secret_before is not None and target.secret is None:
        yield "secret_before", Sentence("signs beside secret, and there is none")
    if target.secret_before_until is not None and target.secret_before is None:
        yield "secret_before_until", Sentence("there is no secret_before that would sign until then")
    if target.client_key is not None and target.client_cert is None:
        yield "client_key", Sentence("there is no client_cert that it belongs to")
    for key in ("client_cert", "ca"):
        if getattr(target, key) is not None and template.scheme != "https":
            yield key, Sentence("is for https only")


def _label(level: Level, target: Target) -> str:
    return f"{level.label} {target.name}" if target.name == target.for_kind else f"{level.label} {target.for_kind} {target.name}"


def _shown(target: Target) -> Shown:
    """`secret` is a reference and may be shown; a password in the URL may not."""
    told = shown_of(target, _SETTINGS)
    if target.secret_before_until is not None:
        told["secret_before_until"] = to_datetime(target.secret_before_until).isoformat().replace("+00:00", "Z")
    password = urlsplit(target.url.partition("#")[0]).password
    if password:
        told["url"] = target.url.replace(f":{password}@", ":(hidden)@", 1)
    return told
