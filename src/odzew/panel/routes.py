"""Every page of the panel: the one list that rights are judged by, and by which pages name each other."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote, urlencode

from odzew.panel.page import Page
from odzew.panel.pages import (
    account,
    alarms,
    api_errors,
    audit,
    blacklist,
    console,
    contact_import,
    contacts,
    conversation,
    dashboard,
    deliveries,
    drift,
    export,
    groups,
    inbox,
    interface,
    limits,
    login,
    logins,
    media,
    message,
    numbers,
    one_time,
    operator,
    operator_accounts,
    operator_numbers,
    operator_settings,
    operator_sources,
    rule,
    sent,
    target_form,
    target_test,
    targets,
    tokens,
    unclaimed,
    users,
)
from odzew.panel.visit import ROOT

PAGES: Final[tuple[Page, ...]] = (
    *account.PAGES,
    *alarms.PAGES,
    *api_errors.PAGES,
    *audit.PAGES,
    *blacklist.PAGES,
    *console.PAGES,
    *contact_import.PAGES,
    *contacts.PAGES,
    *conversation.PAGES,
    *dashboard.PAGES,
    *deliveries.PAGES,
    *drift.PAGES,
    *export.PAGES,
    *groups.PAGES,
    *inbox.PAGES,
    *interface.PAGES,
    *limits.PAGES,
    *login.PAGES,
    *logins.PAGES,
    *media.PAGES,
    *message.PAGES,
    *numbers.PAGES,
    *one_time.PAGES,
    *operator.PAGES,
    *operator_accounts.PAGES,
    *operator_numbers.PAGES,
    *operator_settings.PAGES,
    *operator_sources.PAGES,
    *rule.PAGES,
    *sent.PAGES,
    *target_form.PAGES,
    *target_test.PAGES,
    *targets.PAGES,
    *tokens.PAGES,
    *unclaimed.PAGES,
    *users.PAGES,
)
BY_NAME: Final = {page.name: page for page in PAGES}


def url_of(name: str, query: dict[str, Any] | None = None, /, **values: Any) -> str:
    """The URL of a page: `url('message', id=7)`. Values that are None are left out of the query. KeyError for a page that
    does not exist, or a value of its path that is lacking."""
    path = BY_NAME[name].path
    for key, value in values.items():
        for spelling in (f"{{{key}}}", f"{{{key}:int}}", f"{{{key}:path}}"):
            path = path.replace(spelling, quote(str(value), safe="/" if spelling.endswith(":path}") else ""))
    if "{" in path:
        raise KeyError(f"{name}: {path}")
    kept = {key: value for key, value in (query or {}).items() if value not in (None, "")}
    return ROOT + path + (f"?{urlencode(kept, doseq=True)}" if kept else "")
