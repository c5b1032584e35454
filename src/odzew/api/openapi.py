"""The OpenAPI 3.1 document of the pull API, made of the tables that the API itself runs on.

One operation for each action in JSON and in XML. The schemas tell what a client should send; the further spellings that are
understood (contract 1) are told in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from odzew import __version__
from odzew.access.request import Receive, Scope, Send, respond
from odzew.api.routes import ACTIONS
from odzew.api.schemas import ANSWERS, ERROR_SCHEMA, REQUESTS, SCHEMAS
from odzew.wire.published import ERROR_ROOT, SEND_ACTIONS

Json = dict[str, Any]

_ABOUT: Final = """Incoming SMS and MMS of an account.

Every answer of the API has status 200, an error too: look for the key `error`. A path without suffix or with `.json` is answered
in JSON, one with `.xml` in XML; `Accept` is ignored. A body is a JSON object or a form; in both, every value may be a string, and
a list may be one string with commas. Absent, null and empty are the same; unknown fields are ignored. Where there is no
`Authorization: Bearer` header, the body carries `username` and `password`."""

_PLAIN: Final = {"text/plain": {"schema": {"type": "string"}}}
_AGAIN: Final = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_OTHERS: Final[Json] = {
    "413": {"description": "The body of the request is too large.", "content": _PLAIN},
    "429": {"description": "Too many requests at once.", "headers": _AGAIN, "content": _PLAIN},
    "503": {"description": "Not available now.", "headers": _AGAIN, "content": _PLAIN},
}


def document() -> Json:
    """The whole document."""
    paths: Json = {}
    for action in sorted(ACTIONS.keys() - SEND_ACTIONS):
        paths[f"/{action}"] = {"post": _operation(action, "application/json")}
        paths[f"/{action}.xml"] = {"post": _operation(action, "application/xml")}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Incoming messages", "version": __version__, "description": _ABOUT, "license": _LICENSE},
        "servers": [{"url": "/"}],
        "paths": paths | _error_pages(),
        "components": {
            "schemas": SCHEMAS | {_request(action): _object(parameters) for action, (_, parameters) in REQUESTS.items()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "32 lower-case hexadecimal digits."}},
        },
    }


_LICENSE: Final = {"name": "Apache-2.0", "identifier": "Apache-2.0"}


def encoded() -> bytes:
    """The document as JSON, indented for people."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=2)


class OpenApi:
    """An ASGI application that shows the document, for `GET /openapi.json`."""

    def __init__(self) -> None:
        self._body = encoded()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await respond(send, 200, self._body, [(b"content-type", b"application/json")])


def _operation(action: str, content_type: str) -> Json:
    schema = {"$ref": f"#/components/schemas/{_request(action)}"}
    return {
        "operationId": action.replace("/", "_") + ("_xml" if content_type.endswith("xml") else ""),
        "summary": REQUESTS[action][0],
        "security": [{"token": []}, {}],
        "requestBody": {
            "required": False,
            "content": {"application/json": {"schema": schema}, "application/x-www-form-urlencoded": {"schema": schema}},
        },
        "responses": {"200": _answer(content_type, ANSWERS[action])} | _OTHERS,
    }


def _request(action: str) -> str:
    return "Request_" + action.replace("/", "_")


def _object(properties: Json) -> Json:
    return {"type": "object", "properties": properties}


def _answer(content_type: str, schema: Mapping[str, Any]) -> Json:
    if content_type == "application/xml":
        # The same names as in JSON, but a root element in place of the outer braces; JSON Schema cannot say it.
        return {"description": "As in JSON, under the root `response` or `error`.", "content": {content_type: {}}}
    return {"description": "The answer, or an error.", "content": {content_type: {"schema": {"anyOf": [schema, ERROR_SCHEMA]}}}}


def _error_pages() -> Json:
    code = {"name": "code", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9]{4}$"}}
    responses = {"200": {"description": "The error.", "content": {"application/json": {"schema": ERROR_SCHEMA}}}} | _OTHERS
    shared = {"summary": "What an error code means.", "parameters": [code], "security": [], "responses": responses}
    return {f"/{ERROR_ROOT}/{{code}}": {method: shared | {"operationId": f"error_{method}"} for method in ("get", "post")}}
