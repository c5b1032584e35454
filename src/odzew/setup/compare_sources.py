"""Sources of a document against those that are there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import msgspec
from msgspec import UNSET

from odzew.errors import Sentence
from odzew.model import Source
from odzew.setup.plan import HIDDEN, Plan, Shown, difference, given, shown, shown_of
from odzew.setup.reading import ENV, placed
from odzew.setup.tables import Document, PushTable, SourceTable
from odzew.store.directory import Directory

_COLUMNS = ("protocol", "allow_from", "trust_time", "active")
_OF_TLS: Final = ("tls_ca", "tls_cert", "tls_key", "tls_server_name")


def compare_sources(plan: Plan, directory: Directory, document: Document) -> list[str]:
    """Adds to `plan` what sources change. A source of another protocol than before keeps none of its old options.

    Gives a fault for each pair of keys, of the table or of what is there, that do not go together.
    """
    faults: list[str] = []
    for table in document.source:
        before = directory.sources.get(table.name)
        after = _source(plan, before, table)
        faults += (placed(f"{table.place}.{key}", sentence) for key, sentence in _odd(after))
        if after != before:
            plan.sources.append(after)
            plan.changes.append(difference("source", after.name, _shown(before) if before else None, _told(before, after)))
    return faults


def _odd(source: Source) -> Iterator[tuple[str, str]]:
    """Keys of a source that mean nothing, or something else than meant, beside its other ones."""
    options = source.options
    if source.protocol == "smpp":
        if not options.get("tls"):
            for key in _OF_TLS:
                if options.get(key):
                    yield key, Sentence("means nothing without tls = true")
        for key, other in (("tls_cert", "tls_key"), ("tls_key", "tls_cert")):
            if options.get(key) and not options.get(other):
                yield key, Sentence("needs %(other)s beside it (both may name the same file)", other=other)
    if source.protocol == "mm7":
        for key, other in (("username", "password"), ("password", "username")):
            if options.get(key) and not options.get(other):
                yield key, Sentence("needs a %(other)s beside it", other=other)


def _source(plan: Plan, before: Source | None, table: SourceTable) -> Source:
    source = before or Source(plan.new_id(), table.name, table.protocol)
    same = source.protocol == table.protocol
    after = replace(
        source, options={**(source.options if same else {}), **_options(table)}, protocol=table.protocol, **given(table, _COLUMNS[1:])
    )
    if not isinstance(table, PushTable):
        return replace(after, token_sha256=None)
    if table.token is UNSET:
        return after
    return replace(after, token_sha256=hashlib.sha256(table.token.encode()).digest() if table.token else None)


def _options(table: SourceTable) -> dict[str, Any]:
    """What this protocol alone has, as JSON holds it. A password stays as the file writes it: `env:NAME` or, for SMPP, itself."""
    if isinstance(table, PushTable):
        return {}
    shared = {field.name for field in msgspec.structs.fields(SourceTable)}
    own = [field.name for field in msgspec.structs.fields(type(table)) if field.name not in shared]
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given(table, own).items()}


def _shown(source: Source) -> Shown:
    told = shown_of(source, _COLUMNS)
    for name, value in source.options.items():
        told[name] = HIDDEN if name == "password" and not str(value).startswith(ENV) else shown(value)
    return told


def _told(before: Source | None, after: Source) -> Shown:
    """What is shown after, with a word for each secret that is new, for the secrets themselves are not shown."""
    told = _shown(after)
    if after.token_sha256 != (before.token_sha256 if before else None):
        told["token"] = HIDDEN if after.token_sha256 else "(none)"
    if before is not None:
        if told.get("password") == HIDDEN and before.options.get("password") != after.options.get("password"):
            told["password"] = f"{HIDDEN}, changed"
        told.update({name: "" for name in before.options if name not in after.options})
    return told
