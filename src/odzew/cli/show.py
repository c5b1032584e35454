"""The whole story of one message or delivery, for people and as JSON: what came, why it is whose it is, and every call made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import typer

from odzew.cli.listing import instant, print_fields, visible
from odzew.errors import NotOurs, WireError
from odzew.forward.health import health_of
from odzew.forward.outcome import meaning_of
from odzew.inbox.segments import READABLE
from odzew.model import Attempt, Message, Source
from odzew.store.arrivals import of_message
from odzew.store.attachments import of_messages
from odzew.store.db import Database
from odzew.store.deliveries import attempts
from odzew.store.directory import Directory, load
from odzew.store.lookup import DeliveryRow, deliveries_of, delivery, pulled_at, revisions
from odzew.store.messages import get
from odzew.store.target_states import TargetState, states
from odzew.wire import deliver
from odzew.wire.coding import Reading

Story = dict[str, Any]

SHOWN_RAW: Final = 2_048  # octets of an arrival
SHOWN_BODY: Final = 200  # octets of an answer
_USUAL: Final = {"form": "text", "incomplete": False}


async def message_story(db: Database, key: int) -> Story:
    """All that is known of one message. NotOurs if there is none."""
    found: dict[int, Message] = await db.read(get, [key])
    if key not in found:
        raise NotOurs(f"there is no message {key}")
    directory: Directory = await db.read(load)
    story = _message(found[key], directory)
    story["pulled"] = instant(await db.read(pulled_at, key))
    heads = (await db.read(of_messages, [key])).get(key, [])
    story["attachments"] = [{"name": head.name, "content_type": head.content_type, "octets": head.size} for head in heads]
    story["arrivals"] = [_arrival(row, directory) for row in await db.read(of_message, key)]
    story["revisions"] = [
        {"at": instant(one.at), "why": one.why, "before": json.loads(one.before)} for one in await db.read(revisions, key)
    ]
    story["deliveries"] = await _with_attempts(db, await db.read(deliveries_of, key))
    return story


async def delivery_story(db: Database, key: int) -> Story:
    """One delivery and its attempts. NotOurs if there is none."""
    found: DeliveryRow | None = await db.read(delivery, key)
    if found is None:
        raise NotOurs(f"there is no delivery {key}")
    (story,) = await _with_attempts(db, [found])
    return story


def target_state(state: TargetState | None) -> str:
    """How a target does, in words: `well`, `failing since ...`, `paused since ...`."""
    health = health_of(state)
    if state is None or health == "well":
        return "well"
    return f"{health} since {instant(state.paused_at if health == 'paused' else state.failing_since)}"


def delivery_row(row: DeliveryRow, state: TargetState | None) -> Story:
    """A delivery as it is listed, with the state of its target."""
    return {
        "id": row.id,
        "message": row.message_id,
        "target": row.target or f"({row.target_id})",
        "target_state": target_state(state),
        "state": row.state,
        "attempts": row.attempts,
        "outcome": row.outcome,
        "due": instant(row.due_at),
        "ended": instant(row.ended_at),
        "url": row.url,
    }


def print_story(story: Story) -> None:
    """A story for people: the fields, then each list under its heading. What is as usual is left out."""
    print_fields({name: value for name, value in story.items() if not _is_list(value) and _USUAL.get(name, ()) != value})
    for name, parts in story.items():
        if not _is_list(parts):
            continue
        typer.echo("")
        typer.echo(f"{name}: {len(parts) or 'none'}")
        for part in parts:
            _print_part(part, "  ")


def _print_part(part: Story, indent: str) -> None:
    told = {name: value for name, value in part.items() if not _is_list(value) and value not in (None, "") and value is not False}
    line = "  ".join(f"{name} {_word(value)}" for name, value in told.items())
    typer.echo(f"{indent}{visible(line)}")
    for value in part.values():
        if _is_list(value):
            for inner in value:
                _print_part(inner, indent + "  ")


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return "yes" if value is True else str(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _message(message: Message, directory: Directory) -> Story:
    account = directory.accounts.get(message.account_id or 0)
    return {
        "id": message.id,
        "kind": message.kind,
        "account": account.name if account else None,
        "rule": message.rule,
        "received": instant(message.received_at),
        "from": message.sender,
        "to": message.recipient,
        "keyword": message.keyword or None,
        "answers": message.answers,
        "title": message.title,
        "form": message.form,
        "incomplete": bool(message.incomplete),
        "withheld": message.withheld,
        "text": message.text,
    }


def _arrival(row: Sequence[Any], directory: Directory) -> Story:
    key, source_id, stored_at, network_time, sender, recipient, raw, role = row
    source = directory.sources_by_id.get(source_id)
    octets = bytes(raw)
    told = {
        "id": key,
        "role": role,
        "source": source.name if source else f"({source_id})",
        "stored": instant(stored_at),
        "network_time": instant(network_time),
        "from": sender,
        "to": recipient,
        "octets": len(octets),
    }
    if source is not None and source.protocol in READABLE:
        return told | _short_message(octets, source) | {"raw": octets[:SHOWN_RAW].hex()}
    return told | {"raw": octets[:SHOWN_RAW].decode("utf-8", "backslashreplace")}


def _short_message(octets: bytes, source: Source) -> Story:
    """What a PDU says of its text: which part it is, data_coding, and the alphabet that the source means by it now."""
    try:
        message = deliver.parse(octets)
        segment = deliver.read(octets, Reading.of(source.options)).segment
    except WireError as error:
        return {"fault": str(error)}
    part = segment.part
    return {
        "part": f"{part.number} of {part.total}" if part else None,
        "data_coding": message.data_coding,
        "alphabet": segment.coding,
        "text_octets": len(segment.octets),
    }


async def _with_attempts(db: Database, rows: Sequence[DeliveryRow]) -> list[Story]:
    known: dict[int, TargetState] = await db.read(states, sorted({row.target_id for row in rows}))
    return [
        delivery_row(row, known.get(row.target_id)) | {"calls": [_attempt(attempt) for attempt in await db.read(attempts, row.id)]}
        for row in rows
    ]


def _attempt(attempt: Attempt) -> Story:
    return {
        "number": attempt.number,
        "started": instant(attempt.started_at),
        "took_ms": attempt.took_us // 1000,
        "outcome": attempt.outcome,
        "status": attempt.status,
        "means": attempt.detail or meaning_of(attempt.outcome),
        "address": attempt.address,
        "url": attempt.url,
        "answer": attempt.body[:SHOWN_BODY].decode("utf-8", "backslashreplace"),
        "delayed": attempt.delayed,
    }
