"""One-time codes (RFC 6238) for one's own log-in: switched on by showing a code of the app, off by another one."""

from __future__ import annotations

import io
from typing import Final

import pyotp
import segno
from markupsafe import Markup
from starlette.responses import Response

from odzew.errors import Busy, NotOurs, OdzewError
from odzew.panel.forms import Form
from odzew.panel.page import BOTH, Page
from odzew.panel.pages.login import STEP, matching_step
from odzew.panel.visit import Visit
from odzew.store.credentials import set_totp, use_totp_step
from odzew.store.db import Unit
from odzew.store.panel_sessions import make_strong

ISSUER: Final = "Odzew"
OFFER: Final = "one-time codes of user "


async def one_time(visit: Visit) -> Response:
    """On or off. The secret that is offered travels sealed in the form until a code proves that the app has it."""
    user, sealer = visit.user, visit.services.sealer
    if not sealer.usable:
        return visit.page("one_time.html", form=visit.fields(), secret="", code=None, on=bool(user.totp_secret), usable=False, offer="")
    if visit.request.method == "GET":
        return _shown(visit, visit.fields(), "" if user.totp_secret else pyotp.random_base32())
    form = visit.fields(await visit.form())
    try:
        secret = sealer.open(user.totp_secret) if user.totp_secret else _offered(sealer.open(form.typed("offer")), user.id)
    except OdzewError:  # not what the page offered
        return _shown(visit, form, pyotp.random_base32(), 422)
    step = await _step(visit, form, secret)
    if step is None or not form.valid:
        return _shown(visit, form, "" if user.totp_secret else secret, 422)
    if user.totp_secret:
        if not await visit.db.write(use_totp_step, user.id, step):
            form.fault("code", "This code is wrong or was used already. Wait for the next one.")
            return _shown(visit, form, "", 422)
        await visit.db.write(_switch, visit, None, step)
        notice = visit.t("One-time codes are off.")
    else:
        await visit.db.write(_switch, visit, sealer.seal(secret), step)
        notice = visit.t("From now on a one-time code is asked for at each log-in.")
    await visit.services.refresh()
    return visit.go("/account", notice)


async def _step(visit: Visit, form: Form, secret: str) -> int | None:
    """The time step of the code that was typed; guesses are slowed as at the log-in."""
    throttle, name = visit.services.throttle, f"code of {visit.user.login}"
    try:
        await throttle.admit(visit.address, name)
    except Busy as error:
        form.fault("code", "Too many attempts failed. Please wait %(seconds)d s and try again.", seconds=error.retry_after)
        return None
    step = matching_step(secret, form.typed("code"), visit.services.clock.now())
    if step is None:
        throttle.failed(visit.address, name)
        form.fault("code", "This code is wrong or was used already. Wait for the next one.")
    return step


def _shown(visit: Visit, form: Form, secret: str, status: int = 200) -> Response:
    on = bool(visit.user.totp_secret)
    code = _picture(pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=visit.user.login, issuer_name=ISSUER)) if secret else None
    offer = visit.services.sealer.seal(f"{OFFER}{visit.user.id} {secret}") if secret else ""
    return visit.page("one_time.html", status=status, form=form, secret=secret, code=code, on=on, usable=True, offer=offer)


def _offered(text: str, user_id: int) -> str:
    """The secret of an offer to this user. NotOurs for anything else that was sealed with the same key."""
    start = f"{OFFER}{user_id} "
    if not text.startswith(start):
        raise NotOurs("this was not offered")
    return text.removeprefix(start)


def _picture(uri: str) -> Markup:
    """A QR code as SVG, black on white in the dark too."""
    out = io.BytesIO()
    segno.make(uri, error="m").save(out, kind="svg", scale=5, border=4, light="#fff", xmldecl=False, svgns=False, omitsize=True)
    return Markup(out.getvalue().decode("ascii"))  # digits and our own words: nothing of it was typed by anybody


def _switch(visit: Visit, sealed: str | None, step: int) -> Unit:
    assert visit.visitor is not None
    yield from set_totp(visit.user.id, sealed)
    if sealed is not None:
        yield from use_totp_step(visit.user.id, step)
        yield from make_strong(visit.visitor.session)
    yield from visit.note("user.codes_on" if sealed else "user.codes_off", f"user {visit.user.login}")


PAGES: Final = (Page("/account/codes", one_time, "user", "codes", BOTH),)
