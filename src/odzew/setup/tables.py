"""The tables of the set-up file: which keys there are, of what type, judged how.

A key left out leaves what is there as it is; when the thing is created, its default counts. An empty value takes a thing off
(`verify = ""`: any 2xx is success; `account = ""`: nobody's). Lists of tables carry the singular name that TOML's `[[...]]` wants.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, UnsetType

from odzew.model import Basis, ForwardFor, Service, Way
from odzew.setup import judges
from odzew.setup.reading import Rule, Table

Role = Literal["api", "panel", "owner", "numbers"]

Name = Annotated[str, Rule(judges.name)]
Owner = Annotated[str, Rule(judges.name, empty=True)]
Login = Annotated[str, Rule(judges.login)]
Password = Annotated[str, Rule(judges.password)]
TokenValue = Annotated[str, Rule(judges.token_value)]
Phone = Annotated[str, Rule(judges.phone)]
Networks = Annotated[tuple[str, ...], Rule(judges.networks, empty=True)]
Roles = Annotated[tuple[Role, ...], Rule(judges.distinct)]
Words = Annotated[str, Rule(judges.characters(0, 1000))]
Line = Annotated[str, Rule(judges.characters(0, 200))]
Path = Annotated[str, Rule(judges.characters(1, 1000), empty=True)]
BindWord = Annotated[str, Rule(judges.characters(0, 64))]
Octet = Annotated[int, Rule(judges.between(0, 255))]
Seconds = Annotated[float, Rule(judges.between(0.1, 600))]
PerSecond = Annotated[float, Rule(judges.between(0.01, 10_000), empty=True)]


class UserTable(Table):
    """`[[operator]]` and `[[account.user]]`. `password` is needed for a new one."""

    login: Login
    password: Password | UnsetType = UNSET
    roles: Roles | UnsetType = UNSET
    allow_from: Networks | UnsetType = UNSET


class TokenTable(Table):
    """`[[operator_token]]` and `[[account.token]]`. Without `value` one is made."""

    name: Name
    value: TokenValue | UnsetType = UNSET
    allow_from: Networks | UnsetType = UNSET
    roles: Roles | UnsetType = UNSET


class ForwardTable(Table, rename={"for_kind": "for"}):
    """A target, of an account, a number or a keyword (contract 5). `name` tells several for the same kind apart.

    Which keys mean something depends on `way` (`setup.ways`).
    """

    url: Annotated[str, Rule(judges.url, empty=True)] | UnsetType = UNSET
    way: Way | UnsetType = UNSET
    mail_to: Annotated[tuple[str, ...], Rule(judges.mailboxes, empty=True)] | UnsetType = UNSET
    for_kind: ForwardFor | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    body: Literal["form", "json"] | UnsetType = UNSET
    verify: Annotated[str, Rule(judges.expected, empty=True)] | UnsetType = UNSET
    retry_minutes: Annotated[tuple[float, ...], Rule(judges.minutes, empty=True)] | UnsetType = UNSET
    retry_basis: Annotated[Basis, Rule(empty=True)] | UnsetType = UNSET
    secret: Annotated[str, Rule(judges.signature_secret, empty=True, keep="reference")] | UnsetType = UNSET
    secret_before: Annotated[str, Rule(judges.signature_secret, empty=True, keep="reference")] | UnsetType = UNSET
    secret_before_until: Annotated[datetime, Rule(judges.moment, empty=True)] | UnsetType = UNSET
    client_cert: Path | UnsetType = UNSET
    client_key: Path | UnsetType = UNSET
    ca: Path | UnsetType = UNSET
    concurrency: Annotated[int, Rule(judges.between(1, 1024), empty=True)] | UnsetType = UNSET
    per_second: PerSecond | UnsetType = UNSET
    completions: bool | UnsetType = UNSET
    only_keywords: Annotated[tuple[str, ...], Rule(judges.wanted_keywords, empty=True)] | UnsetType = UNSET
    only_senders: Annotated[tuple[str, ...], Rule(judges.wanted_senders, empty=True)] | UnsetType = UNSET
    only_text: Annotated[tuple[str, ...], Rule(judges.wanted_texts, empty=True)] | UnsetType = UNSET


class ContactTable(Table):
    """`[[account.contact]]`. `group` is made where there is none; other groups of the contact stay."""

    phone: Phone
    email: Line | UnsetType = UNSET
    first_name: Line | UnsetType = UNSET
    last_name: Line | UnsetType = UNSET
    company: Line | UnsetType = UNSET
    tax_id: Line | UnsetType = UNSET
    address: Line | UnsetType = UNSET
    city: Line | UnsetType = UNSET
    description: Words | UnsetType = UNSET
    group: Annotated[str, Rule(judges.characters(1, 100))] | UnsetType = UNSET


class BlacklistedTable(Table):
    """`[[account.blacklisted]]`."""

    phone: Phone


class AccountTable(Table):
    """`[[account]]`. `reply_window_days`: contract 6, ECO."""

    name: Name
    company: Line | UnsetType = UNSET
    time_zone: Annotated[str, Rule(judges.zone)] | UnsetType = UNSET
    language: Literal["en", "pl"] | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    allow_from: Networks | UnsetType = UNSET
    forward_allow: Annotated[tuple[str, ...], Rule(judges.allowances, empty=True)] | UnsetType = UNSET
    alarm_to: Annotated[tuple[str, ...], Rule(judges.mailboxes, empty=True)] | UnsetType = UNSET
    per_second: PerSecond | UnsetType = UNSET
    reply_window_days: Annotated[float, Rule(judges.between(0.01, 366))] | UnsetType = UNSET
    user: tuple[UserTable, ...] = ()
    token: tuple[TokenTable, ...] = ()
    forward: tuple[ForwardTable, ...] = ()
    contact: tuple[ContactTable, ...] = ()
    blacklisted: tuple[BlacklistedTable, ...] = ()


class KeywordTable(Table):
    """`[[number.keyword]]`. Without `account` it is the number's."""

    word: Annotated[str, Rule(judges.keyword)]
    account: Name | UnsetType = UNSET
    strip_keyword: bool | UnsetType = UNSET
    drop_blacklisted: bool | UnsetType = UNSET
    forward: tuple[ForwardTable, ...] = ()


class NumberTable(Table):
    """`[[number]]` (contract 6)."""

    address: Phone
    service: Service
    account: Owner | UnsetType = UNSET
    mms: bool | UnsetType = UNSET
    drop_blacklisted: bool | UnsetType = UNSET
    keyword: tuple[KeywordTable, ...] = ()
    forward: tuple[ForwardTable, ...] = ()


class SourceTable(Table):
    """`[[source]]`: what all protocols share. The keys of a subclass alone go to the source's options."""

    choice: ClassVar[str] = "protocol"
    kinds: ClassVar[dict[str, type[Table]]] = {}

    name: Annotated[str, Rule(judges.source_name)]
    protocol: str
    allow_from: Networks | UnsetType = UNSET
    trust_time: bool | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class PushTable(SourceTable):
    """Protocols `http` and `kannel` (contract 7)."""

    token: Annotated[str, Rule(judges.source_token, empty=True)] | UnsetType = UNSET


class Mm7Table(SourceTable):
    """Protocol `mm7`: 3GPP TS 23.140 over HTTP."""

    username: Annotated[str, Rule(judges.characters(1, 128))] | UnsetType = UNSET
    password: Annotated[str, Rule(judges.password, keep="reference")] | UnsetType = UNSET
    max_bytes: Annotated[int, Rule(judges.between(1024, 1 << 30))] | UnsetType = UNSET


class SmppTable(SourceTable, kw_only=True):
    """Protocol `smpp`: SMPP 3.4 as an ESME. A literal `password` is allowed; it is kept as written, and `odzew check` warns."""

    hosts: Annotated[tuple[str, ...], Rule(judges.hosts)]
    system_id: Annotated[str, Rule(judges.characters(1, 64))]
    password: Annotated[str, Rule(judges.characters(0, 64), empty=True, keep="either")] | UnsetType = UNSET
    bind: Literal["receiver", "transceiver"] | UnsetType = UNSET
    binds: Annotated[int, Rule(judges.between(1, 64))] | UnsetType = UNSET
    system_type: BindWord | UnsetType = UNSET
    interface_version: Octet | UnsetType = UNSET
    addr_ton: Octet | UnsetType = UNSET
    addr_npi: Octet | UnsetType = UNSET
    address_range: BindWord | UnsetType = UNSET
    tls: bool | UnsetType = UNSET
    tls_ca: Path | UnsetType = UNSET
    tls_cert: Path | UnsetType = UNSET
    tls_key: Path | UnsetType = UNSET
    tls_server_name: Annotated[str, Rule(judges.server_name, empty=True)] | UnsetType = UNSET
    reconnect_seconds: Annotated[float, Rule(judges.between(0.01, 3600))] | UnsetType = UNSET
    enquire_link_seconds: Annotated[float, Rule(judges.between(1, 3600))] | UnsetType = UNSET
    answer_seconds: Seconds | UnsetType = UNSET
    bind_seconds: Seconds | UnsetType = UNSET
    window: Annotated[int, Rule(judges.between(1, 10_000))] | UnsetType = UNSET
    default_alphabet: Literal["gsm7", "gsm7-packed", "latin1", "ascii", "utf8", "ucs2"] | UnsetType = UNSET
    alphabets: Annotated[dict[str, str], Rule(judges.alphabets)] | UnsetType = UNSET
    ucs2_order: Literal["big", "little"] | UnsetType = UNSET
    national_number_prefix: Annotated[str, Rule(judges.calling_code, empty=True)] | UnsetType = UNSET
    parts_timeout_seconds: Annotated[float, Rule(judges.between(1, 30 * 86400))] | UnsetType = UNSET
    text_receipts: bool | UnsetType = UNSET


SourceTable.kinds.update({"http": PushTable, "kannel": PushTable, "smpp": SmppTable, "mm7": Mm7Table})


class NetworkTable(Table):
    """`[network]`."""

    trusted_proxies: Networks | UnsetType = UNSET


class Document(Table):
    """The whole file."""

    operator: tuple[UserTable, ...] = ()
    operator_token: tuple[TokenTable, ...] = ()
    account: tuple[AccountTable, ...] = ()
    number: tuple[NumberTable, ...] = ()
    source: tuple[SourceTable, ...] = ()
    network: NetworkTable | UnsetType = UNSET
