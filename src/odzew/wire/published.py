"""Every word that a client of the service sees (contract 1 to 5).

The spelling "recived" belongs to the published API. It stands here and nowhere else; the rest of the house uses the names
of this module.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple

# --- kinds of message and their fields (contract 2) -------------------------------------------------------------------

TYPES: Final[tuple[str, ...]] = ("eco", "nd", "ndi", "pre", "mms")

TIME_FIELD: Final = "recived"
RECEIVED: Final = "received"
CONTACT: Final = "contact"
ATTACHMENTS: Final = "attachments"

FIELDS: Final = MappingProxyType(
    {
        "eco": ("id", "type", "phone", TIME_FIELD, "message_id", "blacklist", "text"),
        "nd": ("id", "type", "phone", TIME_FIELD, "blacklist", "text"),
        "ndi": ("id", "type", "phone", TIME_FIELD, "blacklist", "text"),
        "pre": ("id", "type", "phone", TIME_FIELD, "to_number", "blacklist", "text"),
        "mms": ("id", "type", "phone", TIME_FIELD, "to_number", "blacklist", "title", ATTACHMENTS),
    }
)
"""Type -> keys of an item, in the order of the documentation's samples. `contact`, where shown, comes last."""

ATTACHMENT_FIELDS: Final = ("id", "name", "content_type", "data")
CONTACT_FIELDS: Final = (
    "first_name", "last_name", "company", "phone", "email", "tax_id", "city", "address", "description",
)  # fmt: skip
CONTACT_INDEX_FIELDS: Final = (
    "id", "phone", "email", "company", "first_name", "last_name", "tax_id", "address", "city", "description",
    "blacklist", "group_id", "group_name",
)  # fmt: skip
BLACKLIST_FIELDS: Final = ("phone", "added")
GROUP_FIELDS: Final = ("id", "name", "count")
GROUP_CHECK_FIELDS: Final = ("id", "group_id", "group_name")
PREMIUM_FIELDS: Final = ("id", "to_number", "from_number", "date", "limit", "text")
HELP_FIELDS: Final = ("telephone", "email", "form", "faq")
ITEMS: Final = "items"
ITEM: Final = "item"
PAGING: Final = "paging"
PAGING_FIELDS: Final = ("page", "count")
SUCCESS: Final = "success"
IMPORT_FIELDS: Final = (SUCCESS, "id", "correct", "failed")
EXISTS: Final = "exists"
ROOT: Final = "response"
ERROR_ROOT: Final = "error"
ERROR_FIELDS: Final = ("code", "type", "message")
ERROR_FIELD: Final = "field"

# --- words of a request (contract 1 and 2) ----------------------------------------------------------------------------

RESERVED: Final = ("panel", "ingest", "operator", "metrics", "healthz", "readyz", "openapi.json")
CREDENTIALS: Final = ("username", "password")
LIST_PARAMETERS: Final = (
    *CREDENTIALS, "phone", "date_from", "date_to", "type", "ndi", "read", "show_contact", "page", "limit", "order",
)  # fmt: skip
"""Parameters of `messages/recived`."""
ORDERS: Final = ("asc", "desc")
NO_GROUP: Final = "none"
TRUE: Final[frozenset[str]] = frozenset(("true", "1", "yes"))
FALSE: Final[frozenset[str]] = frozenset(("false", "0", "none", "null", ""))
"""Words of a boolean, to be compared in lower case; any other word is error 1006."""

# --- actions (contract 2 and 4) ---------------------------------------------------------------------------------------

LIST_ACTION: Final = "messages/recived"
LIST_ALIAS: Final = "messages/received"
ACTION_ALIASES: Final = MappingProxyType(
    {LIST_ALIAS: LIST_ACTION, "messages/sendNd": "messages/send_nd", "messages/sendNdi": "messages/send_ndi"}
)
"""Other spelling -> the action that it means."""

ACTIONS: Final[tuple[str, ...]] = (
    LIST_ACTION, "messages/send_nd", "messages/send_ndi",
    "blacklist/index", "blacklist/add", "blacklist/delete", "blacklist/check",
    "contacts/add", "contacts/edit", "contacts/view", "contacts/delete", "contacts/index", "contacts/import",
    "groups/index", "groups/add", "groups/view", "groups/edit", "groups/delete", "groups/check",
    "premium/index", "account/limits", "account/help",
)  # fmt: skip
"""Actions of the contract, the `error/<code>` pages apart."""

SEND_ACTIONS: Final[frozenset[str]] = frozenset(
    (
        "messages/send_sms", "messages/sendSms", "messages/send_personalized", "messages/sendPersonalized",
        "messages/send_voice", "messages/sendVoice", "messages/send_mms", "messages/sendMms",
        "messages/send_vms", "messages/sendVms", "messages/view", "messages/reports", "messages/delete",
        "premium/send", "quiz/view", "stats/index", "phones/check", "phones/test", "senders/index", "senders/add",
        "files/index", "files/add", "files/view", "files/delete",
        "templates/index", "templates/add", "templates/edit", "templates/delete",
        "payments/index", "payments/view", "payments/invoice",
        "subaccounts/index", "subaccounts/add", "subaccounts/view", "subaccounts/limit", "subaccounts/delete",
        "account/add", "account/messages",
    )
)  # fmt: skip
"""Actions of the original service about sending and paying; they answer 1005 until the product sends (contract 4)."""

# --- errors (contract 3) ----------------------------------------------------------------------------------------------


class ErrorRow(NamedTuple):
    """One numbered error: its type, and its message in both languages."""

    type: str
    english: str
    polish: str


ERRORS: Final = MappingProxyType(
    {
        1000: ErrorRow("InvalidAction", "Not specified action to execute", "Nie określono akcji do wykonania"),
        1001: ErrorRow("InvalidUser", "Incorrect login or password", "Nieprawidłowy login lub hasło"),
        1002: ErrorRow(
            "InvalidRole",
            "The user does not have permission to use the API",
            "Użytkownik nie ma uprawnień do korzystania z API",
        ),
        1003: ErrorRow("InvalidIP", "Unauthorized IP address", "Nieautoryzowany adres IP"),
        1004: ErrorRow("InvalidID", "Invalid parameter ID", "Nieprawidłowy parametr ID"),
        1005: ErrorRow("InvalidRole", "No permission", "Brak uprawnień"),
        1006: ErrorRow("InvalidData", "Invalid data format", "Niepoprawny format danych"),
        1007: ErrorRow("InvalidRole", "Account is not fully active", "Konto nie jest w pełni aktywne"),
        1008: ErrorRow(
            "InvalidRole",
            "The user does not have permission to view the numbers",
            "Użytkownik nie ma uprawnień do podglądu numerów",
        ),
        2000: ErrorRow("ValidationRequiredError", "Missing required parameters", "Brak wymaganych parametrów"),
        2001: ErrorRow("ValidationPhoneError", "Invalid phone number", "Nieprawidłowy numer telefonu"),
        2002: ErrorRow("ValidationCodeError", "Invalid error code", "Nieprawidłowy kod błędu"),
    }
)


def error_text(code: int, language: str) -> str:
    """The message of `code` in `language`; English where the language has none. KeyError for a code that is not ours."""
    row = ERRORS[code]
    return row.polish if language == "pl" else row.english


# --- placeholders of a target's URL (contract 5.2) --------------------------------------------------------------------


class PlaceholderRow(NamedTuple):
    """One placeholder: the value it stands for, its other spellings, and a sentence for people."""

    value: str
    aliases: tuple[str, ...]
    description: str


PLACEHOLDERS: Final = MappingProxyType(
    {
        "NUMER": PlaceholderRow("sender", ("NUMEROD",), "sender's number; for premium without the plus"),
        "WIADOMOSC": PlaceholderRow("text", (), "text of the message; for MMS the first text part"),
        "DATA": PlaceholderRow("received", (), "time received, in the account's time zone"),
        "ID": PlaceholderRow("id", ("IDSMS",), "id of the incoming message, as in the pull API"),
        "SMSID": PlaceholderRow("answers", (), "id of the sent message that this answers (ECO+), else empty"),
        "NUMERDO": PlaceholderRow("recipient", (), "number that the message was sent to"),
        "TYP": PlaceholderRow("kind", (), "type of the message: eco, nd, ndi, pre or mms"),
        "HASLO": PlaceholderRow("keyword", (), "keyword that matched, else empty"),
        "TYTUL": PlaceholderRow("title", (), "subject of an MMS, else empty"),
        "LIMIT": PlaceholderRow("limit", (), "premium: number of answers still due"),
    }
)
"""Placeholder without its `#` -> what it stands for."""

PLACEHOLDER_NAMES: Final = MappingProxyType({spelling: name for name, row in PLACEHOLDERS.items() for spelling in (name, *row.aliases)})
"""Every spelling of a placeholder -> the one that `PLACEHOLDERS` is keyed by."""

# --- what a text shows where parts of it are missing (contract 5.12) --------------------------------------------------


def gap(first: int, last: int, total: int) -> str:
    """What stands for the missing parts `first` to `last` (from 1) of a message of `total`: `[…2/3…]`, `[…2-3/5…]`."""
    return f"[…{first}/{total}…]" if first == last else f"[…{first}-{last}/{total}…]"
