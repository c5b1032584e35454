"""The menu: what stands where, for whom. Entries name pages; an entry whose page the visitor may not open is not shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from odzew.panel.visit import Who


@dataclass(slots=True, frozen=True)
class Entry:
    """One line of the menu. `page` is the name of a page (with `values` in its path), `badge` the name of a count shown beside it."""

    text: str
    page: str
    icon: str = ""
    who: Who = "member"
    values: tuple[tuple[str, str], ...] = ()
    badge: str = ""
    under: tuple[Entry, ...] = ()
    also: tuple[str, ...] = ()  # names of pages that belong to this entry


CUSTOMER: Final[tuple[Entry, ...]] = (
    Entry("Dashboard", "dashboard", "dashboard"),
    Entry(
        "Receiving messages", "inbox", "inbox", badge="unseen", also=("message", "conversation", "export"), under=(
            Entry("All messages", "inbox"),
            Entry("ECO replies", "inbox.kind", values=(("kind", "eco"),)),
            Entry("ND/SC", "inbox.kind", values=(("kind", "nd"),)),
            Entry("NDI/SCI", "inbox.kind", values=(("kind", "ndi"),)),
            Entry("Premium", "inbox.kind", values=(("kind", "pre"),)),
            Entry("MMS", "inbox.kind", values=(("kind", "mms"),)),
            Entry("Inbox MMS: additional options", "forward.mms"),
            Entry("Incomplete", "inbox.kind", values=(("kind", "incomplete"),)),
        ),
    ),
    Entry("Deliveries", "deliveries", "send"),
    Entry(
        "Contacts", "contacts", "users", under=(
            Entry("Contacts", "contacts"),
            Entry("Groups", "groups"),
            Entry("Blacklist", "blacklist"),
        ),
    ),
    Entry(
        "Message settings", "numbers", "hash", values=(("service", "nd"),), under=(
            Entry("Numbers ND/SC", "numbers", values=(("service", "nd"),)),
            Entry("Numbers NDI/SCI", "numbers", values=(("service", "ndi"),)),
            Entry("Premium numbers", "numbers", values=(("service", "pre"),)),
            Entry("Which rule takes this text?", "rule"),
        ),
    ),
    Entry(
        "Settings interface", "interface", "plug", under=(
            Entry("HTTPS XML API", "interface"),
            Entry("SMS response ECO", "forward.eco"),
            Entry("All forwards", "targets", also=("target", "target.new", "target.test")),
            Entry("Tokens", "tokens"),
            Entry("Console", "console"),
            Entry("Code samples", "samples"),
            Entry("Errors of API calls", "api.errors"),
        ),
    ),
    Entry(
        "Account", "account", "settings", under=(
            Entry("My log-in", "account"),
            Entry("Users", "users", who="owner"),
            Entry("Who is logged in", "logins", who="owner"),
            Entry("Alarms", "alarms", who="owner"),
            Entry("Audit log", "audit", who="owner"),
        ),
    ),
)  # fmt: skip

OPERATOR: Final[tuple[Entry, ...]] = (
    Entry("Overview", "operator", "dashboard", who="operator"),
    Entry("Accounts", "operator.accounts", "building", who="operator"),
    Entry("Numbers", "operator.numbers", "hash", who="operator"),
    Entry("Sources", "operator.sources", "antenna", who="operator"),
    Entry("Unclaimed messages", "operator.unclaimed", "help", who="operator", badge="unclaimed"),
    Entry("Sent messages", "operator.sent", "upload", who="operator"),
    Entry("All deliveries", "operator.deliveries", "send", who="operator"),
    Entry("Alarms", "operator.alarms", "warning", who="operator"),
    Entry("Limits", "operator.limits", "gauge", who="operator"),
    Entry("Audit log", "operator.audit", "history", who="operator"),
    Entry("Settings", "operator.settings", "settings", who="operator"),
    Entry("Set-up file", "operator.drift", "file", who="operator"),
)
