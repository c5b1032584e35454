"""How the networks of `odzew demo` bring a message: an SMS over SMPP, an MMS over MM7."""

from __future__ import annotations

from odzew.cli.demo_lines import Lines
from odzew.cli.demo_messages import Case
from odzew.cli.demo_stage import Stage
from odzew.errors import OdzewError
from odzew.wire.status import status_words


class NotTaken(OdzewError):
    """The service refused what the network brought."""


async def bring(stage: Stage, lines: Lines, case: Case) -> None:
    """Brings it, and returns when the network has heard that it is taken. NotTaken."""
    await (_by_mm7 if case.is_mms else _by_smpp)(stage, lines, case)


async def _by_smpp(stage: Stage, lines: Lines, case: Case) -> None:
    entries = stage.smsc.post(case.short_text())
    parts = f", {entries[0].total} parts in the order {', '.join(str(entry.part) for entry in entries)}" if len(entries) > 1 else ""
    lines.say("brought", f"SMPP{parts}: {case.about}")
    await stage.smsc.settled(entries)
    for entry in entries:
        if not entry.taken:
            raise NotTaken(f"the SMS was answered {status_words(entry.status or 0)}")
    lines.say("answered", "ESME_ROK" + (f" for each of {len(entries)} parts" if len(entries) > 1 else ""))


async def _by_mm7(stage: Stage, lines: Lines, case: Case) -> None:
    lines.say("brought", f"MM7, {len(case.attachments)} attachments: {case.about}")
    sent = await stage.mmsc.deliver(case.sender, [case.recipient], case.title, case.attachments)
    if not sent.taken:
        raise NotTaken(f"the MMS was answered {sent.status.code} {sent.status.text}")
    lines.say("answered", f"{sent.status.code} {sent.status.text}")
