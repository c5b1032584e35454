"""The API console: a call of the list of messages, made with the rights of whoever is chosen, with the request and the whole answer."""

from __future__ import annotations

import json
import shlex
from collections.abc import MutableMapping
from typing import Any, Final
from urllib.parse import urlencode
from xml.dom import minidom
from xml.parsers.expat import ExpatError

from starlette.responses import Response

from odzew.panel.forms import Form
from odzew.panel.page import BOTH, Page
from odzew.panel.pages.interface import base_of
from odzew.panel.visit import Visit
from odzew.wire.published import LIST_ACTION, TIME_FIELD

FIELDS: Final = ("phone", "type", "id", "limit", "page", "order")
FLAGS: Final = ("read", "show_contact")
FORMATS: Final = ("json", "xml")
SHOWN: Final = 200_000  # octets of an answer


async def console(visit: Visit) -> Response:
    """The form; sent, the call is made in this process, through the same door as any other."""
    if visit.request.method == "GET":
        return _shown(visit, visit.fields({"limit": "10", "format": "json"}))
    form = visit.fields(await visit.form())
    token, username, password = form.text("token", most=200), form.text("username", most=200), form.typed("password")
    if not token and not (username and password):
        form.fault("token", "Paste a token, or type a login and its password below.")
    suffix = form.choice("format", FORMATS, "json")
    parameters = [(name, value) for name in FIELDS if (value := form.text(name, most=20_000))]
    parameters += [(name, "1") for name in FLAGS if form.flag(name)]
    if not form.valid:
        return _shown(visit, form, status=422)
    headers = [("content-type", "application/x-www-form-urlencoded")]
    sent = list(parameters)
    if token:
        headers.append(("authorization", f"Bearer {token}"))
    else:
        sent += [("username", username), ("password", password)]
    status, answer = await _call(visit, f"/{LIST_ACTION}.{suffix}", headers, urlencode(sent).encode())
    request = _spelled(base_of(visit), suffix, parameters, token=bool(token), username=username)
    return _shown(visit, form, exchange=(request, status, pretty(answer[:SHOWN], suffix), len(answer)))


def pretty(answer: bytes, suffix: str) -> str:
    """An answer with its lines indented; as it is where it cannot be read whole."""
    text = answer.decode("utf-8", "replace")
    try:
        if suffix == "json":
            return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
        return minidom.parseString(answer).toprettyxml(indent="  ")
    except (ValueError, ExpatError):
        return text


async def _call(visit: Visit, path: str, headers: list[tuple[str, str]], body: bytes) -> tuple[int, bytes]:
    """The API's answer to a POST from the visitor's own address."""
    encoded = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]
    encoded.append((b"content-length", str(len(body)).encode()))
    kept = [pair for pair in visit.request.scope["headers"] if pair[0] == b"x-forwarded-for"]
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [*encoded, *kept],
        "client": visit.request.scope.get("client"), "server": visit.request.scope.get("server"), "scheme": "http", "http_version": "1.1",
    }  # fmt: skip
    status, pieces = 0, bytearray()

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event: MutableMapping[str, Any]) -> None:
        nonlocal status
        if event["type"] == "http.response.start":
            status = event["status"]
        pieces.extend(event.get("body", b""))

    await visit.services.api(scope, receive, send)
    return status, bytes(pieces)


def _spelled(base: str, suffix: str, parameters: list[tuple[str, str]], *, token: bool, username: str) -> str:
    """The call as one would type it, without its secret."""
    lines = [f"curl {shlex.quote(f'{base}/{LIST_ACTION}.{suffix}')}"]
    if token:
        lines.append("-H 'Authorization: Bearer TOKEN'")
    else:
        lines += [f"--data-urlencode {shlex.quote(f'username={username}')}", "--data-urlencode 'password=PASSWORD'"]
    lines += [f"--data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in parameters]
    if token and not parameters:
        lines.append("-X POST")
    return " \\\n  ".join(lines)


def _shown(visit: Visit, form: Form, *, exchange: tuple[str, int, str, int] | None = None, status: int = 200) -> Response:
    return visit.page("console.html", status=status, form=form, exchange=exchange, base=base_of(visit), action=LIST_ACTION, time=TIME_FIELD)


PAGES: Final = (Page("/interface/console", console, "member", "console", BOTH),)
