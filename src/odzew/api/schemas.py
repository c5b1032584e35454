"""JSON Schemas of what the API is asked and what it answers, by action (contract 2 to 4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from odzew.api.call import GREATEST_LIMIT
from odzew.store.contact_list import SORTS
from odzew.store.contacts import TEXTS
from odzew.wire.contact import LONGEST, LONGEST_GROUP
from odzew.wire.published import (
    ATTACHMENT_FIELDS,
    ATTACHMENTS,
    BLACKLIST_FIELDS,
    CONTACT,
    CONTACT_FIELDS,
    CONTACT_INDEX_FIELDS,
    CREDENTIALS,
    ERROR_FIELD,
    ERROR_FIELDS,
    ERROR_ROOT,
    ERRORS,
    EXISTS,
    FIELDS,
    GROUP_CHECK_FIELDS,
    GROUP_FIELDS,
    HELP_FIELDS,
    IMPORT_FIELDS,
    ITEMS,
    LIST_ACTION,
    LIST_ALIAS,
    LIST_PARAMETERS,
    NO_GROUP,
    ORDERS,
    PAGING,
    PAGING_FIELDS,
    PREMIUM_FIELDS,
    RECEIVED,
    SUCCESS,
    TIME_FIELD,
    TYPES,
)

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_OPTIONAL_TEXT: Final[Schema] = {"type": ["string", "null"]}
_ID: Final[Schema] = {"type": "integer", "minimum": 1}
_FLAG: Final[Schema] = {"type": "boolean"}
_TIME: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"}
_INSTANT: Final[Schema] = {"type": "string", "description": "`YYYY-MM-DD HH:MM:SS` or `YYYY-MM-DD`, in the account's time zone."}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Schema, required: Iterable[str] | None = None) -> Schema:
    names = properties if required is None else required
    return {"type": "object", "properties": properties, "required": list(names), "additionalProperties": False}


def _list_of(item: Schema) -> Schema:
    return _object({ITEMS: {"type": "array", "items": item}, PAGING: _ref("Paging")}, [ITEMS])


# --- what is answered -------------------------------------------------------------------------------------------------

_FIELD: Final[Schema] = {
    "id": _ID, "phone": _TEXT, TIME_FIELD: _TIME, "message_id": {"type": ["string", "null"], "pattern": "^[0-9a-f]{10}$"},
    "to_number": _TEXT, "blacklist": _FLAG, "text": _TEXT, "title": _OPTIONAL_TEXT,
    ATTACHMENTS: {"type": "array", "items": _ref("Attachment")},
}  # fmt: skip


def _message(kind: str) -> Schema:
    fields = FIELDS[kind]
    properties = {name: {"const": kind} if name == "type" else _FIELD[name] for name in fields}
    # `received` under the newest client's name of the action; `contact` where it is asked for and there is one.
    return _object(properties | {RECEIVED: _TIME, CONTACT: _ref("Contact")}, fields)


ERROR_SCHEMA: Final = _ref("Error")
_MESSAGES: Final = _list_of({"oneOf": [_ref(f"Message_{kind}") for kind in TYPES]})
_SUCCESS: Final = _object({SUCCESS: _FLAG})
_ADDED: Final = _object({SUCCESS: {"const": True}, "id": _ID})
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_GROUP_ROW: Final = _object(dict(zip(GROUP_FIELDS, (_ID, _TEXT, _COUNT), strict=True)))
_CONTACT_ROW: Final = _object(
    dict.fromkeys(CONTACT_INDEX_FIELDS, _OPTIONAL_TEXT)
    | {"id": _ID, "phone": _TEXT, "blacklist": _FLAG, "group_id": {"type": ["integer", "null"]}}
)

SCHEMAS: Final[Schema] = {
    **{f"Message_{kind}": _message(kind) for kind in TYPES},
    "Attachment": _object(dict.fromkeys(ATTACHMENT_FIELDS, _TEXT) | {"id": _ID, "data": {"type": "string", "contentEncoding": "base64"}}),
    "Contact": _object(dict.fromkeys(CONTACT_FIELDS, _OPTIONAL_TEXT) | {"phone": _TEXT}),
    "ContactRow": _CONTACT_ROW,
    "GroupRow": _GROUP_ROW,
    "Paging": _object(dict.fromkeys(PAGING_FIELDS, _ID)),
    "Error": _object(
        {
            ERROR_ROOT: _object(
                dict.fromkeys(ERROR_FIELDS, _TEXT) | {"code": {"enum": list(ERRORS)}, ERROR_FIELD: _TEXT},
                ERROR_FIELDS,
            )
        }
    ),
}
"""Schemas by name, for `components`."""

ANSWERS: Final[dict[str, Schema]] = {
    LIST_ACTION: _MESSAGES,
    LIST_ALIAS: _MESSAGES,
    **dict.fromkeys(("messages/send_nd", "messages/sendNd", "messages/send_ndi", "messages/sendNdi", "blacklist/delete"), _SUCCESS),
    **dict.fromkeys(("contacts/edit", "contacts/delete", "groups/edit", "groups/delete"), _object({SUCCESS: {"const": True}})),
    "blacklist/index": _list_of(_object(dict.fromkeys(BLACKLIST_FIELDS, _TEXT) | {"added": _TIME})),
    "blacklist/add": _ADDED,
    "blacklist/check": _object({EXISTS: _FLAG}),
    "contacts/add": _ADDED,
    "contacts/view": _ref("ContactRow"),
    "contacts/index": _list_of(_ref("ContactRow")),
    "contacts/import": _object(dict(zip(IMPORT_FIELDS, (_FLAG, _ID, _COUNT, _COUNT), strict=True))),
    "groups/index": _list_of(_ref("GroupRow")),
    "groups/add": _ADDED,
    "groups/view": _ref("GroupRow"),
    "groups/check": _list_of(_object(dict(zip(GROUP_CHECK_FIELDS, (_ID, _ID, _TEXT), strict=True)))),
    "premium/index": _list_of(_object(dict(zip(PREMIUM_FIELDS, (_ID, _TEXT, _TEXT, _TIME, _COUNT, _TEXT), strict=True)))),
    "account/limits": _object({"account": _object({"type": _TEXT}), ITEMS: {"type": "array"}}),
    "account/help": _object(dict.fromkeys(HELP_FIELDS, _OPTIONAL_TEXT)),
}
"""The schema of an answer that is no error, by action."""

# --- what is asked ----------------------------------------------------------------------------------------------------

_PHONE: Final[Schema] = {"type": ["string", "integer"], "description": "`+48500600700`; other spellings of a number are understood."}
_GROUP: Final[Schema] = {"type": ["integer", "string", "null"], "description": f"The id of a group, or `{NO_GROUP}`."}
_GROUP_NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": LONGEST_GROUP}
_PARAMETERS: Final[Schema] = {
    **dict.fromkeys(CREDENTIALS, _TEXT),
    "phone": {"anyOf": [_PHONE, {"type": "array", "items": _PHONE}], "description": "Only from these senders."},
    "date_from": _INSTANT, "date_to": _INSTANT,
    "type": {"enum": [*TYPES, ""], "description": "Only of this type; empty: all."},
    "ndi": {"type": "string", "description": "Only what came to this NDI number."},
    "read": {"type": "boolean", "description": "The messages of this answer are marked read and are not given again."},
    "show_contact": {"type": "boolean", "description": "Adds `contact` where the sender is a contact of the account."},
    "page": {"type": "integer", "minimum": 1},
    "limit": {"type": "integer", "minimum": 1, "description": f"Over {GREATEST_LIMIT} is taken as {GREATEST_LIMIT}."},
    "order": {"enum": list(ORDERS)},
    "text": _TEXT, "ndi_number": _TEXT, "search": _TEXT, "sort": {"enum": list(SORTS)},
    "id": {"type": "integer", "minimum": 1}, "name": _GROUP_NAME, "group_name": _GROUP_NAME,
    "delete_contacts": {"type": "boolean", "description": "The contacts of the group are deleted too."},
}  # fmt: skip


def _some(*names: str) -> Schema:
    return {name: _PARAMETERS[name] for name in (*CREDENTIALS, *names)}


_ONE_PHONE: Final[Schema] = _some() | {"phone": _PHONE}
_CONTACT_TEXTS: Final[Schema] = {name: {"type": "string", "maxLength": LONGEST[name]} for name in TEXTS}
_CONTACT: Final[Schema] = _CONTACT_TEXTS | {"group_id": {"anyOf": [_GROUP, {"type": "array", "items": _GROUP}]}}
_CONTACTS: Final[Schema] = {
    "type": "array", "items": {"type": "object", "properties": {"phone": _PHONE} | _CONTACT_TEXTS},
    "description": "Also as a text that holds such an array as JSON, or as `contact[0][phone]=` of a form.",
}  # fmt: skip
_LIST: Final[Schema] = {name: _PARAMETERS[name] for name in LIST_PARAMETERS}
_SEND_ND: Final[Schema] = _ONE_PHONE | _some("text")
_SEND_NDI: Final[Schema] = _SEND_ND | _some("ndi_number")

REQUESTS: Final[dict[str, tuple[str, Schema]]] = {
    LIST_ACTION: ("Incoming messages.", _LIST),
    LIST_ALIAS: ("Incoming messages, each with the time under both spellings.", _LIST),
    "messages/send_nd": ("Puts a message into the ND inbox as if it had arrived.", _SEND_ND),
    "messages/sendNd": ("The same as messages/send_nd.", _SEND_ND),
    "messages/send_ndi": ("Puts a message into the inbox of an NDI number.", _SEND_NDI),
    "messages/sendNdi": ("The same as messages/send_ndi.", _SEND_NDI),
    "blacklist/index": ("The blacklist.", _ONE_PHONE | _some("page", "limit")),
    "blacklist/add": ("Puts a sender on the blacklist.", _ONE_PHONE),
    "blacklist/delete": ("Takes a sender off the blacklist.", _ONE_PHONE),
    "blacklist/check": ("Whether a sender is on the blacklist.", _ONE_PHONE),
    "contacts/add": ("Adds a contact.", _ONE_PHONE | _CONTACT),
    "contacts/edit": ("Changes what is given of a contact; `group_id` replaces its groups.", _ONE_PHONE | _CONTACT | _some("id")),
    "contacts/view": ("One contact.", _some("id")),
    "contacts/delete": ("Deletes a contact.", _some("id")),
    "contacts/index": ("Contacts.", _some("search", "sort", "order", "page", "limit") | {"group_id": _GROUP}),
    "contacts/import": ("Brings contacts into the group of that name.", _some("group_name") | {"contact": _CONTACTS}),
    "groups/index": ("Groups of contacts.", _some("search", "order", "page", "limit") | {"sort": {"const": "name"}}),
    "groups/add": ("Makes a group.", _some("name")),
    "groups/view": ("One group.", _some("id")),
    "groups/edit": ("Gives a group another name.", _some("id", "name")),
    "groups/delete": ("Deletes a group.", _some("id", "delete_contacts")),
    "groups/check": ("The groups that a number is in.", _ONE_PHONE),
    "premium/index": ("Received premium messages, whether read or not.", _some("page", "limit")),
    "account/limits": ("What may be sent.", _some()),
    "account/help": ("Whom to ask.", _some()),
}
"""What an action does, and its parameters."""
