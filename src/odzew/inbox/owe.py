"""To whom a message is owed: the most specific level that has a forward for its kind (contract section 5). Pure."""

from __future__ import annotations

from odzew.model import Message, Target
from odzew.store.directory import Directory


def targets_of(message: Message, directory: Directory) -> list[Target]:
    """The targets that are switched on, of the level that applies: keyword, then number, then account. Levels never add up.

    A level that has only switched-off forwards for the kind applies too: nothing is then owed.
    """
    if message.account_id is None:
        return []
    family = "mms" if message.kind == "mms" else "sms"
    levels = (
        ("keyword", message.keyword_id, (family,)),
        ("number", message.number_id, (family,)),
        ("account", message.account_id, (message.kind,) if family == "mms" else (message.kind, family)),
    )
    for level, key, kinds in levels:
        if key is None:
            continue
        found = [t for t in directory.levels.get((level, key), ()) if t.for_kind in kinds and t.account_id == message.account_id]
        if found:
            return [target for target in found if target.active]
    return []
