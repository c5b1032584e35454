"""The nouns of the house (glossary: docs/words.md).

A Source brings Arrivals; arrivals become a Message; a message is owed to Targets as Deliveries; each delivery is tried in
Attempts. A message belongs to the Account whose Number and Keyword it matched.

Instants are `int` microseconds UTC (`odzew.clock`). Telephone numbers are E.164 with `+`, short codes bare digits, other
senders as received. Nothing here does any work.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

Service = Literal["eco", "nd", "sc", "ndi", "sci", "pr", "pri"]
Kind = Literal["eco", "nd", "ndi", "pre", "mms", "unclaimed"]
ForwardFor = Literal["sms", "mms", "eco", "nd", "ndi", "pre"]
Level = Literal["keyword", "number", "account"]
Basis = Literal["first", "previous"]
Way = Literal["url", "json", "email"]
"""How a target is reached (`forward.ways`)."""
DeliveryState = Literal["pending", "delivered", "exhausted", "cancelled"]
Form = Literal["text", "binary", "undecoded"]
"""How a text is to be read: as text, as hex digits of a binary message, or as what is left of octets that could not be decoded."""
Withheld = Literal["blacklist"]
"""Why a message is kept from the API and the targets: its sender was on the blacklist."""
Role = Literal["message", "part", "repeat", "copy", "receipt", "report", "unreadable"]
"""What an arrival is: a whole message, a part of a long one, a part that was there already, a suspected copy after a lost session,
a delivery receipt (SMPP), a report on a sent MMS (MM7), or nothing that could be read."""

SERVICES: Final[tuple[Service, ...]] = ("eco", "nd", "sc", "ndi", "sci", "pr", "pri")
KIND_OF_SERVICE: Final[dict[str, Kind]] = {
    "eco": "eco", "nd": "nd", "sc": "nd", "ndi": "ndi", "sci": "ndi", "pr": "pre", "pri": "pre",
}
KINDS: Final[tuple[Kind, ...]] = ("eco", "nd", "ndi", "pre", "mms")
UNCLAIMED: Final = "unclaimed"


# --- who -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True, frozen=True)
class Account:
    """A customer. `per_second`: how many calls to its targets may begin in a second, None for no limit."""

    id: int
    name: str
    company: str = ""
    time_zone: str = "Europe/Warsaw"
    language: str = "en"
    active: bool = True
    allow_from: tuple[str, ...] = ()
    forward_allow: tuple[str, ...] = ()
    reply_window_days: float = 7.0
    alarm_to: tuple[str, ...] = ()
    per_second: float | None = None


@dataclass(slots=True, frozen=True)
class User:
    """A person or program of an account, or of the operator (`account_id` None).

    `totp_secret` is sealed (None: no one-time codes); `language` None is the account's; `changed_at` is when the password or the
    one-time codes were changed in the panel.
    """

    id: int
    account_id: int | None
    login: str
    password_hash: str
    roles: tuple[str, ...] = ()
    allow_from: tuple[str, ...] = ()
    totp_secret: str | None = None
    language: str | None = None
    name: str = ""
    changed_at: int | None = None


@dataclass(slots=True, frozen=True)
class Token:
    """A bearer token of an account, or of the operator (`account_id` None). Only its SHA-256 is known."""

    id: int
    account_id: int | None
    name: str
    sha256: bytes
    allow_from: tuple[str, ...] = ()
    roles: tuple[str, ...] = ("api", "numbers")


# --- whose -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True, frozen=True)
class Keyword:
    """First word or words reserved by an account on a number; `words` is the folded form that is compared.

    `drop_blacklisted`: what senders on the account's blacklist write is withheld (`inbox.withhold`); the number's option does not count.
    """

    id: int
    number_id: int
    account_id: int
    word: str
    words: tuple[str, ...]
    strip_keyword: bool = False
    drop_blacklisted: bool = False


@dataclass(slots=True, frozen=True)
class Number:
    """An address that we serve: reply pool, shared, individual, premium; long number or short code.

    `drop_blacklisted` counts for what matched no keyword.
    """

    id: int
    address: str
    service: Service
    account_id: int | None = None
    mms: bool = False
    drop_blacklisted: bool = False


@dataclass(slots=True, frozen=True)
class Source:
    """One configured way in. `options` holds what its protocol alone needs."""

    id: int
    name: str
    protocol: str
    token_sha256: bytes | None = None
    allow_from: tuple[str, ...] = ()
    trust_time: bool = False
    active: bool = True
    options: dict[str, object] = field(default_factory=dict)


# --- where to --------------------------------------------------------------------------------------------------------


@dataclass(slots=True, frozen=True)
class Target:
    """Where a message goes: a client's URL with its template, expected answer and schedule, or addresses for e-mail.

    `secret` and `secret_before` are `env:` references; the latter signs too, until the instant `secret_before_until`. The `only_`
    filters choose among the messages of its level. `client_cert`, `client_key` and `ca` are files where the service runs. `concurrency` and
    `per_second`: calls in flight, and calls that may begin in a second; None for the installation's limit, and for none.
    """

    id: int
    account_id: int
    level: Level
    level_id: int
    for_kind: ForwardFor
    name: str
    url: str
    active: bool = True
    body: Literal["form", "json"] = "form"
    verify: str | None = None
    retry_minutes: tuple[float, ...] | None = None
    retry_basis: Basis | None = None
    secret: str | None = None
    concurrency: int | None = None
    completions: bool = True
    way: Way = "url"
    mail_to: tuple[str, ...] = ()
    only_keywords: tuple[str, ...] = ()
    only_senders: tuple[str, ...] = ()
    only_text: tuple[str, ...] = ()
    secret_before: str | None = None
    secret_before_until: int | None = None
    client_cert: str | None = None
    client_key: str | None = None
    ca: str | None = None
    per_second: float | None = None


# --- what came -------------------------------------------------------------------------------------------------------


@dataclass(slots=True, frozen=True)
class Attachment:
    """One part of an MMS but SMIL. `data` is the decoded content."""

    name: str
    content_type: str
    data: bytes


@dataclass(slots=True)
class Part:
    """Which part of a long message a segment is. `reference` names its form too (`u8:17`, `u16:4097`, `sar:21`).

    `number` is 1 to `total`.
    """

    reference: str
    total: int
    number: int


@dataclass(slots=True)
class Segment:
    """The user data of one short message, not yet decoded, so that neighbours can be joined first (`wire.segment`).

    `coding` is a word of `wire.coding`; `octets` are without the header, for the GSM alphabet one septet in each octet; `locking`
    and `single` are national language identifiers (3GPP 23.038 6.2.1.2.4; 0: the default tables).
    """

    coding: str
    octets: bytes
    locking: int = 0
    single: int = 0
    part: Part | None = None


@dataclass(slots=True)
class Arrival:
    """One thing exactly as it came off the wire, and what its source's protocol says of it.

    `raw` is the octets kept for ever; `ref` the source's own id, by which a repetition is known; `text` is decoded and
    may still hold NUL or lone surrogates (`inbox.receive` cleans what is stored as text, never `raw`).
    """

    source_id: int
    sender: str
    recipient: str
    raw: bytes
    text: str = ""
    ref: str | None = None
    network_time: int | None = None
    title: str | None = None
    attachments: tuple[Attachment, ...] = ()
    mms: bool = False
    form: Form = "text"
    trust_time: bool = False
    extra: dict[str, str] = field(default_factory=dict)
    role: Role = "message"
    part: Part | None = None  # its user data is in `raw`, which `inbox.segments` reads again when the set is whole
    fault: str | None = None  # set: it is kept raw as unreadable, for this reason
    session_id: int | None = None  # of a protocol whose lost sessions make the network send again (SMPP)
    digest: bytes | None = None  # of what a repetition after a lost session would have in common


@dataclass(slots=True)
class Message:
    """What the arrivals mean. `account_id` None: unclaimed. `rule` says in words why it is whose it is."""

    id: int
    kind: Kind
    account_id: int | None
    sender: str
    recipient: str
    text: str
    received_at: int
    number_id: int | None = None
    keyword_id: int | None = None
    keyword: str = ""
    answers: str | None = None
    title: str | None = None
    rule: str = ""
    form: Form = "text"
    incomplete: bool = False  # a part is missing, and the text shows where
    withheld: Withheld | None = None  # set: stored and shown, but owed to no target and not offered by the API


@dataclass(slots=True)
class Receipt:
    """What became of one arrival: the answer that its source may now give.

    `kind` is the message's, or what the arrival is instead: `part`, `repeat`, `copy`, `receipt`, `report`, `unreadable`.
    `message_id` is None where there is no message (yet). `arrival_id` is None where nothing was stored, the first one being there.
    """

    message_id: int | None
    kind: str
    duplicate: bool = False
    arrival_id: int | None = field(default=None, compare=False)


# --- what is owed ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Owed:
    """One delivery still owed: what the forwarding engine holds in memory of it.

    `slot` is the number of attempts already made (0: the first is still due); `first_at` the start of the first attempt;
    `served_us` how long it was owed while its target was being served (contract 5.5). `message` is there for a fresh one only.
    All three are of this round: what is sent again begins anew, `earlier` is the number of attempts before that.
    """

    delivery_id: int
    target_id: int
    account_id: int
    message_id: int
    due_at: int
    slot: int = 0
    first_at: int | None = None
    served_us: int = 0
    message: Message | None = None
    completion: bool = False  # the whole of a message that was owed before with a part missing (contract 5.12)
    earlier: int = 0


@dataclass(slots=True)
class Attempt:
    """One HTTP try and how it ended. `outcome` is a word of `forward.outcome`; `body` the first 4 KiB of the answer.

    `number` counts from 1 in its round; as it is read back, over all rounds of the delivery.
    """

    delivery_id: int
    number: int
    started_at: int
    took_us: int
    outcome: str
    url: str = ""
    address: str = ""
    status: int | None = None
    body: bytes = b""
    detail: str = ""
    delayed: bool = False
    timings: str = ""
    retry_after: float | None = None  # seconds that a busy URL asked for; not stored


@dataclass(slots=True, frozen=True)
class SentMessage:
    """The record by which a reply finds the message that it answers. `message_id` is 10 lower-case hex."""

    account_id: int
    message_id: str
    phone: str
    from_number: str
    sent_at: int
    text: str = ""
