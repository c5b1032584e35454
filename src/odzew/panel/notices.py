"""What the next page says once, carried over a redirect in a cookie of its own."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from odzew.panel.session import set_cookie
from odzew.panel.visit import ROOT, Notice, Visit

COOKIE: Final = "odzew_notice"
KINDS: Final = ("success", "info", "warning", "danger")
_LONGEST: Final = 2_000


def read_notices(request: Request) -> list[Notice]:
    """Those that an earlier answer left. What cannot be read is nothing: the cookie is the browser's."""
    text = request.cookies.get(COOKIE, "")
    if not text or len(text) > _LONGEST:
        return []
    try:
        found = json.loads(base64.urlsafe_b64decode(text))
    except (binascii.Error, ValueError):
        return []
    pairs = found if isinstance(found, list) else []
    return [Notice(str(pair[0]), str(pair[1])) for pair in pairs[:4] if isinstance(pair, list) and len(pair) == 2 and pair[0] in KINDS]


def write_notices(visit: Visit, answer: Response) -> None:
    """Leaves the notices to the page that the answer leads to; those that were shown are gone."""
    if 300 <= answer.status_code < 400:
        if visit.notices:
            pairs = [[notice.kind, notice.text[:400]] for notice in visit.notices[-3:]]
            text = base64.urlsafe_b64encode(json.dumps(pairs).encode()).decode("ascii")
            if len(text) <= _LONGEST:
                set_cookie(visit.request, answer, COOKIE, text, 60)
    elif COOKIE in visit.request.cookies and not visit.partial and visit.shows_notices:
        answer.delete_cookie(COOKIE, path=ROOT)
