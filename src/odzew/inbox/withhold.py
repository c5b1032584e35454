"""The option `drop_blacklisted`: a message of a sender on the account's blacklist is stored and shown, but owed to nobody and not offered.

The option is the keyword's where one matched, else the number's: like leaving the keyword out of the text, it is each keyword's own.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from odzew.model import Message
from odzew.store import blacklist
from odzew.store.db import Request
from odzew.store.directory import Directory


def drops(message: Message, directory: Directory) -> bool:
    """Whether the message's keyword, or its number where it has none, has the option. Nobody's message is never withheld."""
    if message.account_id is None:
        return False
    if message.keyword_id is not None:
        keyword = directory.keywords_by_id.get(message.keyword_id)
        return keyword is not None and keyword.drop_blacklisted
    number = directory.numbers_by_id.get(message.number_id or 0)
    return number is not None and number.drop_blacklisted


def withhold(messages: Sequence[Message], directory: Directory) -> Generator[Request, Any, None]:
    """Writes on each message whether it is withheld, by the blacklist as it is now. To be asked before a message is offered or owed.

    The blacklist is only looked at, once for all of them, where one of them has the option.
    """
    asked = [message for message in messages if drops(message, directory)] if directory.withholding else []
    listed = (yield from blacklist.among(_sender(message) for message in asked)) if asked else set()
    for message in messages:
        message.withheld = None
    for message in asked:
        if _sender(message) in listed:
            message.withheld = "blacklist"


def option_of(message: Message) -> str:
    """Whose option withheld a message, in words: `keyword AUTO on 71200`, `number +48799448855`."""
    return f"number {message.recipient}" if message.keyword_id is None else f"keyword {message.keyword} on {message.recipient}"


def _sender(message: Message) -> tuple[int, str]:
    return message.account_id or 0, message.sender
