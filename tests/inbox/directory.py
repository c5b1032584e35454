"""A directory for pure rules, and the same words for a real database. Accounts are named A, B, C and have ids 1, 2, 3."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Final

from odzew.model import Account, Arrival, Keyword, Level, Number, SentMessage, Service, Target
from odzew.store import changes, numbers, people, sent, targets
from odzew.store.db import Database, Request
from odzew.store.directory import Directory, Present
from odzew.wire import folding

A: Final = 1
B: Final = 2
C: Final = 3
SENDER: Final = "+48500600700"

POOL: Final = "+48799000001"  # replies; nobody's
GIVEN: Final = "+48799000002"  # replies; given to C
SHARED: Final = "+48664000001"  # shared by keyword, and enabled for MMS
CODE: Final = "71200"  # premium, shared by keyword
OWN: Final = "+48664000002"  # A's own, enabled for MMS

NUMBERS: Final[tuple[tuple[str, Service, int | None, bool], ...]] = (
    (POOL, "eco", None, False),
    (GIVEN, "eco", C, False),
    (SHARED, "nd", None, True),
    ("7055", "sc", None, False),
    (OWN, "ndi", A, True),
    ("7066", "sci", B, False),
    (CODE, "pr", None, False),
    ("71300", "pri", B, False),
    ("+48664000003", "nd", A, False),  # shared by keyword, the rest is A's: a catch-all
)
KEYWORDS: Final[tuple[tuple[str, int, str], ...]] = (
    (SHARED, A, "SERWERSMS"),
    (SHARED, B, "SERWERSMS.PL"),
    (SHARED, C, "Łódź"),
    (SHARED, B, "DO KINA"),
    ("7055", A, "KONKURS"),
    (OWN, A, "STOP"),
    (CODE, A, "AUTO"),
    (CODE, B, "AUTO MOTO"),
    ("71300", B, "HIT"),
    ("+48664000003", B, "BILET"),
)


def a_directory() -> Directory:
    """All of the above, in memory."""
    found = Directory()
    for key, name in ((A, "A"), (B, "B"), (C, "C")):
        found.accounts[key] = Account(key, name)
    for key, (address, service, account, mms) in enumerate(NUMBERS, 1):
        found.numbers[address] = found.numbers_by_id[key] = Number(key, address, service, account, mms)
    for key, (address, account, word) in enumerate(KEYWORDS, 1):
        keyword = a_keyword(key, found.numbers[address].id, account, word)
        found.keywords.setdefault(keyword.number_id, {})[keyword.words] = keyword
        found.keywords_by_id[key] = keyword
        found.longest_keyword[keyword.number_id] = max(len(keyword.words), found.longest_keyword.get(keyword.number_id, 0))
    return found


def a_keyword(key: int, number_id: int, account: int, word: str) -> Keyword:
    return Keyword(key, number_id, account, word, folding.words(word))


def with_targets(directory: Directory, *found: Target) -> Directory:
    """The directory with these targets and no others."""
    directory.targets = {target.id: target for target in found}
    directory.levels = {}
    for target in found:
        key = (target.level, target.level_id)
        directory.levels[key] = (*directory.levels.get(key, ()), target)
    return directory


def a_target(key: int = 1, level: Level = "account", level_id: int = A, account: int = A, **fields: Any) -> Target:
    values: dict[str, Any] = {"for_kind": "sms", "name": f"target {key}", "url": "https://client.example/?t=#WIADOMOSC#"} | fields
    return Target(key, account, level, level_id, **values)


def an_arrival(text: str = "text", to: str = OWN, **fields: Any) -> Arrival:
    values: dict[str, Any] = {"source_id": 1, "sender": SENDER, "raw": text.encode("utf-8", "surrogatepass")} | fields
    return Arrival(recipient=to, text=text, **values)


def a_sent(message_id: str = "eba39e4fe1", account: int = A, at: int = 0, **fields: Any) -> SentMessage:
    values: dict[str, Any] = {"phone": SENDER, "from_number": POOL} | fields
    return SentMessage(account, message_id, sent_at=at, **values)


# --- the same in a database ------------------------------------------------------------------------------------------


def the_set_up(wanted: Sequence[Target] = ()) -> Generator[Request, Any, None]:
    """Accounts, numbers, keywords and targets as above; ids as in `a_directory`."""
    yield from people.save_accounts([Account(0, name) for name in "ABC"])
    rows = [Number(0, address, service, account, mms) for address, service, account, mms in NUMBERS]
    ids = yield from numbers.save_numbers(rows)
    yield from numbers.save_keywords([a_keyword(0, ids[address], account, word) for address, account, word in KEYWORDS])
    yield from targets.save_targets(wanted)
    yield from changes.bump("directory", "targets")


async def set_up(db: Database, *wanted: Target) -> Present:
    """Writes the set-up and reads the directory back."""
    await db.write(the_set_up, wanted)
    present = Present(db)
    await present.refresh()
    return present


async def send(db: Database, *messages: SentMessage) -> None:
    """Stores records of sent messages, as they would be long before the reply."""
    await db.write(sent.record, messages)
