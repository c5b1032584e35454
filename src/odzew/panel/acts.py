"""The acts of the audit log in words: what was done, and to what. A test keeps the table whole: every act that is written has words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from odzew.panel.render import masked

ACTS: Final[dict[str, str]] = {
    "account.added": "Added an account",
    "account.looked_at": "Looked at the account as its owner would",
    "account.saved": "Changed the settings of an account",
    "blacklist.added": "Put numbers on the blacklist",
    "blacklist.removed": "Took numbers off the blacklist",
    "contact.added": "Added a contact",
    "contact.deleted": "Deleted contacts",
    "contact.imported": "Imported contacts",
    "contact.saved": "Changed a contact",
    "deliveries.sent_again": "Sent deliveries again",
    "delivery.resent": "Sent a delivery again",
    "group.added": "Added a group",
    "group.deleted": "Deleted a group",
    "group.saved": "Changed a group",
    "keyword.added": "Added a keyword",
    "keyword.removed": "Removed a keyword",
    "keyword.saved": "Saved a keyword",
    "login": "Logged in",
    "login.code": "Logged in with a one-time code",
    "login.recovery": "Logged in with a recovery code",
    "message.answer": "Corrected what a message answers",
    "message.decoded": "Decoded a message again",
    "messages.assigned": "Gave a message to an account",
    "messages.offered": "Offered messages to the API again",
    "messages.resent": "Sent messages again",
    "messages.sent_imported": "Imported sent messages",
    "network.added": "Set the trusted proxies",
    "network.saved": "Changed the trusted proxies",
    "number.added": "Added a number",
    "number.saved": "Changed a number",
    "session.ended": "Ended a session",
    "source.added": "Added a source",
    "source.saved": "Changed a source",
    "target.added": "Added a forward",
    "target.removed": "Removed a forward",
    "target.resumed": "Resumed a forward after a pause",
    "target.saved": "Saved a forward",
    "target.secret": "Changed the signing secret of a forward",
    "target.tested": "Tested a forward",
    "token.added": "Added a token",
    "token.made": "Made a token",
    "token.removed": "Removed a token",
    "token.saved": "Changed a token",
    "user.added": "Added a user",
    "user.codes_off": "Switched one-time codes off",
    "user.codes_on": "Switched one-time codes on",
    "user.password": "Changed a password",
    "user.recovery_codes": "Made new recovery codes",
    "user.removed": "Removed a user",
    "user.saved": "Changed a user",
}
SUBJECTS: Final[dict[str, str]] = {
    "account": "Accounts", "blacklist": "Blacklist", "contact": "Contacts", "deliver": "Deliveries", "group": "Groups",
    "keyword": "Keywords", "login": "Log-ins", "message": "Messages", "network": "Trusted proxies", "number": "Numbers",
    "session": "Sessions", "source": "Sources", "target": "Forwards", "token": "Tokens", "user": "Users",
}  # fmt: skip
"""How the acts of a subject begin, and its name."""
THINGS: Final[dict[str, str]] = {
    "account": "account", "contact": "contact", "contacts": "contacts", "deliveries": "deliveries", "delivery": "delivery", "file": "file",
    "group": "group", "keyword": "keyword", "message": "message", "messages": "messages", "network": "installation", "number": "number",
    "session": "session", "source": "source", "target": "forward", "token": "token", "user": "user",
}  # fmt: skip
"""The first word of what was changed."""
WHOLE: Final[dict[str, str]] = {
    "deliveries of a filter": "all deliveries that a filter found", "network settings": "settings of the installation",
    "sent messages": "messages that were sent",
}  # fmt: skip
_numbers = re.compile(r"(\d+) numbers").fullmatch
_phone = re.compile(r"\+[1-9][0-9]{6,14}")


def thing(t: Callable[..., str], ngettext: Callable[[str, str, int], str], text: str) -> str:
    """What was changed, in the visitor's language: `target 12 crm` is a forward."""
    if text in WHOLE:
        return t(WHOLE[text])
    if found := _numbers(text):
        number = int(found[1])
        return ngettext("%(num)d number", "%(num)d numbers", number) % {"num": number}
    word, blank, rest = text.partition(" ")
    return t(THINGS[word]) + blank + rest if word in THINGS and rest else text


def shown(value: Any, whole: bool) -> Any:
    """A text, or a value of the log, with every telephone number in it as it may be seen."""
    if whole:
        return value
    if isinstance(value, str):
        return _phone.sub(lambda found: masked(found[0], False), value)
    if isinstance(value, list):
        return [shown(one, False) for one in value]
    if isinstance(value, dict):
        return {shown(name, False): shown(one, False) for name, one in value.items()}
    return value
