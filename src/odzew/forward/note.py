"""A plain e-mail of the installation's own, such as an alarm, through the same mail server as the e-mails of targets."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Sequence
from email.utils import format_datetime

from odzew.clock import SECOND, Clock, to_datetime
from odzew.errors import OdzewError
from odzew.forward.letter import unstructured
from odzew.forward.mail import Mail, MailSender
from odzew.wire import clean


class NotMailed(OdzewError):
    """The mail server did not take a note; `str(error)` is the outcome in words."""

    temporary = True


class Note:
    """A letter of a subject and a text."""

    def __init__(self, recipients: Sequence[str], subject: str, text: str, at: int) -> None:
        self._body = base64.encodebytes(clean.text(text).encode()).replace(b"\n", b"\r\n")
        name = hashlib.sha256(f"{subject}\n{text}".encode("utf-8", "replace")).hexdigest()[:16]
        self._head = (
            "To: " + ",\r\n ".join(f"<{one}>" for one in recipients),
            f"Subject: {unstructured(subject)}",
            f"Date: {format_datetime(to_datetime(at // SECOND * SECOND))}",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: base64",
        )
        self._id = f"note.{at}.{name}"

    @property
    def size(self) -> int:
        """See `forward.mail.Written`."""
        return 1024 + len(self._body) + sum(len(line) + 2 for line in self._head)

    async def slices(self, sender: str) -> AsyncIterator[bytes]:
        """See `forward.mail.Written`."""
        lines = (f"From: <{sender}>", f"Message-ID: <{self._id}@{sender.rpartition('@')[2]}>", *self._head)
        yield "".join(f"{line}\r\n" for line in lines).encode("ascii") + b"\r\n"
        yield self._body


async def send_note(mail: MailSender, clock: Clock, to: Sequence[str], subject: str, text: str) -> str:
    """Sends a plain e-mail now; gives what the server had against some of the addresses. NotMailed where no address got it."""
    answer = await mail.send(Mail(to, Note(to, subject, text, clock.now()), last=True))
    if answer.outcome != "ok":
        raise NotMailed(f"{answer.outcome}: {answer.detail}")
    return answer.detail
