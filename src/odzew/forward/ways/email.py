"""Way `email`: the message as an e-mail to the target's addresses, through the installation's mail server."""

from __future__ import annotations

from typing import Final

from odzew.errors import SettingError
from odzew.forward.item import values_of
from odzew.forward.letter import Letter
from odzew.forward.mail import Mail
from odzew.forward.ways.way import Desk, Offer, Prepared
from odzew.setup.ways import KEYS


class Email:
    """`forward.ways.way.Way` for e-mail."""

    name = "email"
    fields = KEYS["email"]

    def prepare_now(self, offer: Offer, desk: Desk) -> Prepared[Mail] | None:
        """A letter needs a conversation with the mail server."""
        return None

    async def prepare(self, offer: Offer, desk: Desk) -> Prepared[Mail]:
        """The letter is produced while it is sent: nothing before it depends on what is in it."""
        recipients = offer.target.mail_to
        if not recipients:
            raise SettingError("the target has no address in mail_to")
        parts, read = await desk.parts(offer) if offer.message.kind == "mms" else ((), None)
        letter = Letter(offer.message, offer.account, recipients, offer.webhook_id, offer.started_at, parts, read, offer.completion)
        mail = Mail(recipients, letter, last=offer.number >= offer.attempts)
        return Prepared(mail, "mailto:" + ",".join(recipients), values_of(offer.message, offer.account))


EMAIL: Final = Email()
