"""The limits of forwarding: what the installation, accounts and forwards allow, and what is in use now."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from odzew.panel.page import Page
from odzew.panel.visit import Visit
from odzew.store import dashboard as units
from odzew.store.inbox_lines import EVERYBODY

OF_INSTALLATION: Final = (
    "calls", "calls_per_account", "calls_per_target", "forward_per_second", "connect_seconds", "answer_seconds", "api_body", "ingest_body",
    "phones", "password_verifications", "password_waiting",
)  # fmt: skip


async def limits(visit: Visit) -> Response:
    """All of them, live."""
    directory, services = visit.directory, visit.services
    described = {setting.name: setting for setting in services.operating.described}
    accounts = sorted((one for one in directory.accounts.values() if one.per_second), key=lambda account: account.name)
    targets = sorted(
        (one for one in directory.targets.values() if one.per_second or one.concurrency),
        key=lambda target: (directory.accounts[target.account_id].name, target.name),
    )
    return visit.page(
        "operator/limits_live.html" if visit.partial else "operator/limits.html",
        settings=[(described[name], services.settings[name]) for name in OF_INSTALLATION], in_hand=services.operating.in_hand(),
        calls=services.settings["calls"], deliveries=await visit.db.read(units.deliveries, EVERYBODY), accounts=accounts, targets=targets,
        names=directory.accounts,
    )  # fmt: skip


PAGES: Final = (Page("/operator/limits", limits, "operator", "operator.limits"),)
