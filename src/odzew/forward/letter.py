"""A message as an e-mail (RFC 5322, MIME), produced in slices and never held whole. Pure but for what it reads attachments by.

Everything in it is ASCII: texts and attachments are base64, and what of a header is not plain goes into encoded words. So no
value of a message can end a header, begin another one, or stand at the start of a line.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from email.utils import format_datetime
from typing import Final

from odzew.clock import SECOND, to_datetime
from odzew.forward.item import ReadSlice
from odzew.model import Account, Message
from odzew.store.attachments import AttachmentHead
from odzew.store.messages import SLICE
from odzew.wire import clean, localtime
from odzew.wire.template import encode

LONGEST_TEXT: Final = 40_000
LONGEST_SUBJECT: Final = 200
LONGEST_NAME: Final = 60
LINE: Final = 57  # octets of a line of base64 (76 characters, RFC 2045 s.6.8)
_WORD: Final = 42  # octets of UTF-8 in one encoded word, which has 75 characters at most (RFC 2047 s.2)

_PLAIN = re.compile(r"[ -~]{0,60}")
_TYPE = re.compile(r"((?:text|image|audio|video|application|font|model)/[a-z0-9][a-z0-9.+-]{0,60})(?:\s*;.*)?", re.IGNORECASE | re.DOTALL)
_CHARSET = re.compile(r";[ \t]*charset[ \t]*=[ \t]*\"?([A-Za-z0-9_.-]{1,40})", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

# The words of a letter by the account's language.
_WORDS: Final = {
    "en": {
        "subject": "{kind} from {sender} to {recipient}", "complete": "complete", "from": "From", "to": "To", "keyword": "Keyword",
        "title": "Subject", "received": "Received", "id": "Message", "cut": "(cut here; the whole text is attached)",
    },
    "pl": {
        "subject": "{kind} od {sender} na {recipient}", "complete": "uzupełniony", "from": "Od", "to": "Na", "keyword": "Hasło",
        "title": "Temat", "received": "Odebrano", "id": "Wiadomość", "cut": "(tu skrócono; cały tekst jest w załączniku)",
    },
}  # fmt: skip


class Letter:
    """The e-mail of one attempt. The id is the same over the repeats, so that a mailbox can drop a duplicate."""

    def __init__(
        self,
        message: Message,
        account: Account,
        recipients: Sequence[str],
        webhook_id: str,
        at: int,
        parts: Sequence[AttachmentHead] = (),
        read: ReadSlice | None = None,
        completion: bool = False,
    ) -> None:
        self._message = message
        self._account = account
        self._recipients = recipients
        self._webhook_id = webhook_id
        self._at = at
        self._parts = parts if read is not None else ()
        self._read = read
        self._completion = completion
        self._words = _WORDS.get(account.language, _WORDS["en"])

    @property
    def size(self) -> int:
        """About how many octets it has: never less."""
        attached = sum(part.size for part in self._parts)
        return 4096 + 2 * len(self._text()) * 4 + attached * 78 // LINE + 1024 * len(self._parts)

    async def slices(self, sender: str) -> AsyncIterator[bytes]:
        """Its octets, from the first header to the last line end. `sender`: the address that it is from."""
        boundary = f"=_odzew_{self._webhook_id}"  # `=_` is in no line of base64
        yield "".join(f"{line}\r\n" for line in self._headers(sender, boundary)).encode("ascii")
        text = _in_lines(self._text().encode("utf-8", "replace"))
        kind = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        if not self._parts:
            yield kind.encode() + text
            return
        yield f"\r\n--{boundary}\r\n{kind}".encode() + text
        for part in self._parts:
            yield f"--{boundary}\r\n{_part_head(part)}\r\n".encode("ascii")
            async for piece in self._base64(part):
                yield piece
        yield f"--{boundary}--\r\n".encode()

    def subject(self) -> str:
        """One line: sender, number, keyword; of an MMS its own subject."""
        message, kind = self._message, "MMS" if self._message.kind == "mms" else "SMS"
        line = self._words["subject"].format(kind=kind, sender=message.sender, recipient=message.recipient)
        line += f" ({message.keyword})" if message.keyword else ""
        line += f", {self._words['complete']}" if self._completion else ""
        line += f": {message.title}" if message.title else ""
        return line[:LONGEST_SUBJECT]

    def _headers(self, sender: str, boundary: str) -> Iterator[str]:
        yield f"From: <{sender}>"
        yield "To: " + ",\r\n ".join(f"<{one}>" for one in self._recipients)
        yield f"Subject: {unstructured(self.subject())}"
        yield f"Date: {format_datetime(to_datetime(self._at // SECOND * SECOND))}"
        received = self._message.received_at // SECOND
        yield f"Message-ID: <{self._webhook_id}.{received}@{sender.rpartition('@')[2]}>"
        yield "Auto-Submitted: auto-generated"  # RFC 3834: nothing answers it by itself
        yield f"X-Odzew-Message: {self._message.id}"
        yield "MIME-Version: 1.0"
        if self._parts:
            yield f'Content-Type: multipart/mixed; boundary="{boundary}"'

    def _text(self) -> str:
        message, words = self._message, self._words
        text = clean.text(message.text)
        if len(text) > LONGEST_TEXT and self._parts:
            text = f"{text[:LONGEST_TEXT]}\n{words['cut']}"
        told = (
            (words["from"], message.sender), (words["to"], message.recipient), (words["keyword"], message.keyword),
            (words["title"], message.title or ""), (words["received"], localtime.render(message.received_at, self._account.time_zone)),
            (words["id"], str(message.id)),
        )  # fmt: skip
        return text + "\n\n-- \n" + "".join(f"{name}: {_one_line(value)}\n" for name, value in told if value)

    async def _base64(self, part: AttachmentHead) -> AsyncIterator[bytes]:
        assert self._read is not None
        rest = b""
        for position in range(-(-part.size // SLICE)):
            rest += await self._read(part.id, position)
            whole = len(rest) - len(rest) % LINE
            yield _in_lines(rest[:whole])
            rest = rest[whole:]
        if rest:
            yield _in_lines(rest)


def unstructured(text: str) -> str:
    """The value of a header that is free text: as it is, or in encoded words (RFC 2047), folded."""
    text = clean.text(_one_line(text)).strip()
    if _PLAIN.fullmatch(text) and "=?" not in text:
        return text
    words, word = [], b""
    for character in text:
        octets = character.encode()
        if len(word) + len(octets) > _WORD:
            words.append(word)
            word = b""
        word += octets
    words.append(word)
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode('ascii')}?=" for word in words)


def _part_head(part: AttachmentHead) -> str:
    """The headers of an attachment: type and name are a stranger's words."""
    name = clean.text(_one_line(part.name)).replace("/", "_").replace("\\", "_")[:LONGEST_NAME].strip() or f"part-{part.id}"
    plain = re.fullmatch(r"[A-Za-z0-9 ._-]+", name) is not None
    told = f'filename="{name}"' if plain else f"\r\n filename*=utf-8''{encode(name)}"  # RFC 2231 s.4
    return (
        f"Content-Type: {_type_of(part.content_type)}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment; {told}\r\n"
    )


def _type_of(content_type: str) -> str:
    """A type that base64 may stand for; multipart and message may not (RFC 2045 s.6.4)."""
    found = _TYPE.fullmatch(content_type.strip())
    if found is None:
        return "application/octet-stream"
    charset = _CHARSET.search(content_type)
    return found[1].lower() + (f'; charset="{charset[1]}"' if charset and found[1].lower().startswith("text/") else "")


def _in_lines(octets: bytes) -> bytes:
    return base64.encodebytes(octets).replace(b"\n", b"\r\n")


def _one_line(text: str) -> str:
    return _CONTROL.sub(" ", text)
