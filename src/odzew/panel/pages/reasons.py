"""Why a message is whose it is, in the visitor's language: the sentences of the rules, which are stored in English."""

from __future__ import annotations

import re
from typing import Final

from odzew.model import Message
from odzew.panel.visit import Visit

RULES: Final = tuple(
    (re.compile(pattern).fullmatch, text)
    for pattern, text in (
        (r"keyword (?P<word>.+) on (?P<number>\S+)", "The text begins with your keyword %(word)s on the number %(number)s."),
        (r"answers (?P<id>\S+), sent from (?P<number>\S+)", "It answers your message %(id)s, sent from %(number)s."),
        (r"answers (?P<id>\S+), chosen by hand", "Somebody chose that it answers your message %(id)s."),
        (r"answers none of the sent messages, chosen by hand", "Somebody chose that it answers none of your messages."),
        (r"(?P<number>\S+) is the account's own", "The number %(number)s is yours alone."),
        (r"the only account that wrote to the sender in 90 days", "You are the only one who wrote to this sender in the last 90 days."),
        (r"(?P<number>\S+) is not one of our numbers", "%(number)s is no number of ours."),
        (r"(?P<number>\S+) belongs to nobody .*", "%(number)s is shared, and the text begins with no keyword that somebody has."),
        (r"(?P<number>\S+) is not enabled for MMS", "%(number)s does not take MMS."),
        (r"assigned by hand", "It was assigned to you by hand."),
    )
)
"""(what fits the sentence of a rule, its words for people)"""
CORRECTIONS: Final = {
    "its sent message became known": "Its sent message became known later.",
    "assigned by hand": "It was assigned by hand.",
    "a missing part came": "A missing part came.",
    "a missing part came, another is still missing": "A missing part came, another is still missing.",
    "decoded again": "Its octets were decoded again.",
    "what it answers was chosen by hand": "What it answers was chosen by hand.",
}
"""Why a message was corrected, as it is stored, and in words for people."""

BY_KEYWORD: Final = (
    "The sender was on your blacklist, and the keyword %(word)s withholds what blacklisted senders write: "
    "the message is not forwarded, and the API does not return it."
)
BY_NUMBER: Final = (
    "The sender was on your blacklist, and the number %(number)s withholds what blacklisted senders write: "
    "the message is not forwarded, and the API does not return it."
)


def reason_of(visit: Visit, rule: str) -> str:
    """The sentence of a rule. What is not known is shown as it is stored."""
    for fits, text in RULES:
        if found := fits(rule):
            return visit.t(text, **found.groupdict())
    return rule


def withheld_of(visit: Visit, message: Message) -> str:
    """Whose option withheld a message; '' where none did."""
    if message.withheld is None:
        return ""
    if message.keyword_id is None:
        return visit.t(BY_NUMBER, number=message.recipient)
    return visit.t(BY_KEYWORD, word=message.keyword)


def correction_of(visit: Visit, why: str) -> str:
    """Why a message was corrected."""
    return visit.t(CORRECTIONS[why]) if why in CORRECTIONS else why
