"""A house in which strangers and users wrote into every place whatever might run or break something."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from odzew.model import Attachment
from tests.panel.house import HOSTILE, OPERATOR, OWNER, PASSWORD, PNG, House, fill

NAMES: Final = (
    "<script>alert(2)</script>.png",
    '"><img src=x onerror=alert(3)>.svg',
    "=cmd|' /C calc'!A1.csv",
    "../../etc/passwd",
    "a\u202egnp.exe",
)
TYPES: Final = (  # what the parts of an MMS say they are
    "image/svg+xml",
    "text/html", "application/javascript", "image/png\r\nX-Evil: 1", '"><script>alert(4)</script>', "application/xhtml+xml",
    "image/png",
)  # fmt: skip
CONTACT: Final = ("first_name", "last_name", "company", "email", "city", "address", "description")
SVG: Final = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(5)"><script>alert(6)</script></svg>'
HTML: Final = b"<script>alert(7)</script><img src=x onerror=alert(8)>"
ANSWER: Final = b"".join(
    (
        b'HTTP/1.1 500 <script>alert(9)</script>\r\nContent-Type: text/html\r\nX-Odd: "><img src=x onerror=alert(10)>\r\n',
        b"Set-Cookie: a=b\r\nContent-Length: 78\r\nConnection: close\r\n\r\n",
        b"</pre></textarea><script>alert(11)</script>\x00\x1b[31m\xff\xfe<svg onload=alert(12)>{{7*7}}".ljust(78)[:78],
    )
)


@asynccontextmanager
async def answering(answer: bytes = ANSWER) -> AsyncIterator[str]:
    """A client's URL that answers everything with these octets."""

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


async def attack(house: House) -> list[tuple[str, str, int]]:
    """Writes into every place; (path, what, status) of each form, which may have refused it."""
    await fill(house)
    parts = tuple(
        Attachment(name, kind, SVG if "svg" in kind else PNG if kind == "image/png" else HTML)
        for name, kind in zip([*NAMES, "plain.xhtml", "photo.png"], TYPES, strict=True)
    )
    await house.bring(house.arrival("", mms=True, title=HOSTILE[0], attachments=parts))
    for text in HOSTILE:
        await house.bring(house.arrival(f"ACME {text}", text[:11], "+48799448855"))
        await house.bring(house.arrival(text, text[:20], "+48500999999"))  # claimed by nobody
    nobody = await house.browse()
    for text in HOSTILE[:4]:
        await nobody.post("/login", {"login": text, "password": "x"})
    agent = await house.browse()
    await agent.post(
        "/login", {"login": OWNER, "password": PASSWORD}, user_agent='<script>alert(13)</script>"><img src=x onerror=alert(14)>'
    )
    done = []
    anna, ops = await house.enter(OWNER), await house.enter(OPERATOR)
    for number, text in enumerate(HOSTILE):
        forms = [
            (anna, "/contacts/new", {"phone": f"+4850070{number:04d}"} | dict.fromkeys(CONTACT, text)),
            (anna, "/groups", {"name": text}),
            (anna, "/numbers/number/1/keyword", {"word": text}),
            (anna, "/interface/tokens", {"name": text, "allow_from": text}),
            (anna, "/account/users/new", {"login": text, "name": text, "password": "correct horse battery"}),
            (anna, "/targets/new", {"for": "sms", "name": text, "way": "url", "url": f"http://127.0.0.1/?a={text}", "active": "1"}),
            (anna, "/targets/new", {"for": "sms", "name": text, "way": "email", "mail_to": text, "only_text": text, "active": "1"}),
            (anna, "/account", {"name": text, "language": "en"}),
            (anna, "/blacklist", {"numbers": text, "phone": text}),
            (ops, "/operator/accounts/new", {"name": f"evil{number}", "company": text}),
            (ops, "/operator/numbers/new", {"address": text, "service": "nd", "note": text}),
        ]  # fmt: skip
        for person, path, fields in forms:
            await person.get("/account")
            done.append((path, text, (await person.post(path, fields)).status))
    return done
