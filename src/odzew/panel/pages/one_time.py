"""One-time codes (RFC 6238) for one's own log-in: on by showing a code of the app, off by another one, and codes for when it is lost."""

from __future__ import annotations

import io
from typing import Final

import pyotp
import segno
from markupsafe import Markup
from starlette.responses import Response

from odzew.errors import Busy, NotOurs, OdzewError
from odzew.panel.forms import Form
from odzew.panel.page import BOTH, POST, Page
from odzew.panel.pages.account import is_right
from odzew.panel.pages.login import STEP, matching_step
from odzew.panel.recovery import FEW, digest_of, make_codes
from odzew.panel.visit import Visit
from odzew.store import recovery_codes
from odzew.store.credentials import set_totp, use_totp_step
from odzew.store.db import Unit
from odzew.store.panel_sessions import make_strong

ISSUER: Final = "Odzew"
OFFER: Final = "one-time codes of user "


async def one_time(visit: Visit) -> Response:
    """On or off. The secret that is offered travels sealed in the form until a code proves that the app has it."""
    user = visit.user
    if not visit.services.sealer.usable or visit.request.method == "GET":
        return await _shown(visit, visit.fields(), "" if user.totp_secret else pyotp.random_base32())
    form = visit.fields(await visit.form())
    return await (_off if user.totp_secret else _on)(visit, form)


async def new_recovery(visit: Visit) -> Response:
    """New recovery codes in place of the old ones; the password is asked."""
    user, form = visit.user, visit.fields(await visit.form())
    if not user.totp_secret:
        return visit.go("/account/codes")
    if not await is_right(visit, form, "password", form.typed("password")):
        form.fault("password", "This is not your present password.")
    if not form.valid:
        return await _shown(visit, form, "", 422)
    codes = make_codes()
    if not await visit.db.write(_renew, visit, codes):
        return visit.go("/account/codes")
    return visit.page("recovery_codes.html", codes=codes)


async def _on(visit: Visit, form: Form) -> Response:
    """Switches them on, and shows the recovery codes this once."""
    sealer = visit.services.sealer
    try:
        secret = _offered(sealer.open(form.typed("offer")), visit.user.id)
    except OdzewError:  # not what the page offered
        return await _shown(visit, form, pyotp.random_base32(), 422)
    step = await _step(visit, form, secret) if await _admitted(visit, form) else None
    if step is None:
        return await _shown(visit, form, secret, 422)
    codes = make_codes()
    await visit.db.write(_switch_on, visit, sealer.seal(secret), step, codes)
    await visit.services.refresh()
    return visit.page("recovery_codes.html", codes=codes)


async def _off(visit: Visit, form: Form) -> Response:
    """Switches them off by a code of the app, or by a recovery code where the app is lost."""
    user = visit.user
    used = False
    if await _admitted(visit, form):
        if typed := form.typed("recovery"):
            used = await _use_recovery(visit, form, typed)
        elif (step := await _step(visit, form, visit.services.sealer.open(user.totp_secret or ""))) is not None:
            used = await visit.db.write(use_totp_step, user.id, step)
            if not used:
                form.fault("code", "This code is wrong or was used already. Wait for the next one.")
    if not used:
        return await _shown(visit, form, "", 422)
    await visit.db.write(_switch_off, visit)
    await visit.services.refresh()
    return visit.go("/account", visit.t("One-time codes are off."))


async def _admitted(visit: Visit, form: Form) -> bool:
    """Whether a code may be judged now; guesses are slowed as at the log-in."""
    try:
        await visit.services.throttle.admit(visit.address, _name(visit))
    except Busy as error:
        field = "recovery" if form.typed("recovery") else "code"
        form.fault(field, "Too many attempts failed. Please wait %(seconds)d s and try again.", seconds=error.retry_after)
        return False
    return True


async def _step(visit: Visit, form: Form, secret: str) -> int | None:
    """The time step of the code that was typed."""
    step = matching_step(secret, form.typed("code"), visit.services.clock.now())
    if step is None:
        visit.services.throttle.failed(visit.address, _name(visit))
        form.fault("code", "This code is wrong or was used already. Wait for the next one.")
    return step


async def _use_recovery(visit: Visit, form: Form, typed: str) -> bool:
    digest = digest_of(visit.user.id, typed)
    if digest is not None and await visit.db.write(recovery_codes.use, visit.user.id, digest) is not None:
        return True
    visit.services.throttle.failed(visit.address, _name(visit))
    form.fault("recovery", "This is none of your recovery codes, or it was used already.")
    return False


def _name(visit: Visit) -> str:
    return f"code of {visit.user.login}"


async def _shown(visit: Visit, form: Form, secret: str, status: int = 200) -> Response:
    on, sealer = bool(visit.user.totp_secret), visit.services.sealer
    left = await visit.db.read(recovery_codes.left, visit.user.id) if on else 0
    offered = secret if sealer.usable and not on else ""
    uri = pyotp.TOTP(offered, interval=STEP).provisioning_uri(name=visit.user.login, issuer_name=ISSUER) if offered else ""
    return visit.page(
        "one_time.html", status=status, form=form, secret=offered, code=_picture(uri) if uri else None, on=on, usable=sealer.usable,
        offer=sealer.seal(f"{OFFER}{visit.user.id} {offered}") if offered else "", left=left, few=left <= FEW,
    )  # fmt: skip


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


def _switch_on(visit: Visit, sealed: str, step: int, codes: list[str]) -> Unit:
    assert visit.visitor is not None
    yield from set_totp(visit.user.id, sealed)
    yield from use_totp_step(visit.user.id, step)
    yield from make_strong(visit.visitor.session)
    yield from recovery_codes.replace(visit.user.id, _digests(visit, codes))
    yield from visit.note("user.codes_on", f"user {visit.user.login}")


def _switch_off(visit: Visit) -> Unit:
    yield from set_totp(visit.user.id, None)
    yield from visit.note("user.codes_off", f"user {visit.user.login}")


def _renew(visit: Visit, codes: list[str]) -> Unit:
    if not (yield from recovery_codes.replace(visit.user.id, _digests(visit, codes))):
        return False
    yield from visit.note("user.recovery_codes", f"user {visit.user.login}")
    return True


def _digests(visit: Visit, codes: list[str]) -> list[bytes]:
    return [digest for code in codes if (digest := digest_of(visit.user.id, code)) is not None]


PAGES: Final = (
    Page("/account/codes", one_time, "user", "codes", BOTH),
    Page("/account/codes/recovery", new_recovery, "user", "codes.recovery", POST),
)
