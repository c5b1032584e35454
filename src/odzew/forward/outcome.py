"""How one call to a client's URL ended: a closed list of words, each with its meaning.

An outcome is a value, never an exception. The words are stored with every attempt, shown in the panel and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Outcome = Literal[
    "ok", "verify_mismatch", "http_3xx", "http_4xx", "http_5xx", "http_other",
    "timeout_dns", "timeout_connect", "timeout_tls", "timeout_response",
    "dns", "tls", "refused", "reset", "unreachable", "protocol", "too_large",
    "blocked", "template", "internal", "smtp_4xx", "smtp_5xx",
]  # fmt: skip


@dataclass(slots=True, frozen=True)
class Meaning:
    """Whether the delivery is done, and one sentence for people."""

    success: bool
    text: str


OUTCOMES: Final[dict[Outcome, Meaning]] = {
    "ok": Meaning(True, "The URL answered as expected."),
    "verify_mismatch": Meaning(False, "The URL answered 2xx, but its body is not the expected value."),
    "http_3xx": Meaning(False, "The URL answered with a redirect, which is never followed."),
    "http_4xx": Meaning(False, "The URL refused the request (4xx)."),
    "http_5xx": Meaning(False, "The URL's server failed (5xx)."),
    "http_other": Meaning(False, "The URL answered with a status outside 2xx to 5xx."),
    "timeout_dns": Meaning(False, "The host name was not resolved in time."),
    "timeout_connect": Meaning(False, "No connection was made in time."),
    "timeout_tls": Meaning(False, "The TLS handshake did not end in time."),
    "timeout_response": Meaning(False, "The answer did not end in time."),
    "dns": Meaning(False, "The host name could not be resolved."),
    "tls": Meaning(False, "TLS failed: the certificate or the handshake was not accepted."),
    "refused": Meaning(False, "The connection was refused."),
    "reset": Meaning(False, "The connection was closed before the answer was complete."),
    "unreachable": Meaning(False, "The host cannot be reached from here."),
    "protocol": Meaning(False, "The answer is not valid HTTP/1.1."),
    "too_large": Meaning(False, "The headers of the answer are too large."),
    "blocked": Meaning(False, "The address is one that must not be called."),
    "template": Meaning(False, "The URL cannot be made from its template for this message."),
    "internal": Meaning(False, "The call could not be made because of an error on our side."),
    "smtp_4xx": Meaning(False, "The mail server does not take the e-mail now (4xx)."),
    "smtp_5xx": Meaning(False, "The mail server refused the e-mail (5xx)."),
}

_OF_CLASS: Final[dict[int, Outcome]] = {2: "ok", 3: "http_3xx", 4: "http_4xx", 5: "http_5xx"}


def of_status(status: int) -> Outcome:
    """The outcome that an HTTP status alone means (contract 5.4, verification off: any 2xx is success)."""
    return _OF_CLASS.get(status // 100, "http_other")


def is_success(outcome: str) -> bool:
    """True when nothing more is owed after this outcome. An unknown word is no success."""
    meaning = OUTCOMES.get(outcome)  # type: ignore[call-overload]  # a stored word may come from a newer version
    return meaning is not None and meaning.success


def meaning_of(outcome: str) -> str:
    """The sentence for people; of an unknown word the word itself."""
    meaning = OUTCOMES.get(outcome)  # type: ignore[call-overload]  # a stored word may come from a newer version
    return outcome if meaning is None else meaning.text
