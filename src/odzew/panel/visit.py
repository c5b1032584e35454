"""One visit of a page: who asks, what for, and what every page may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from odzew.access.rights import NUMBERS
from odzew.errors import NotOurs
from odzew.model import Account, User
from odzew.panel.forms import Form
from odzew.panel.services import Services
from odzew.store.audit import add as add_audit
from odzew.store.db import Database
from odzew.store.directory import Directory
from odzew.store.panel_sessions import Session

ROOT: Final = "/panel"
OWNER: Final = "owner"
SEE_OTHER: Final = 303
LARGEST: Final = (1 << 62) - 1  # id

Who = Literal["anybody", "user", "member", "owner", "operator"]
"""Who may open a page: anybody · whoever is logged in · who looks at an account (a user of it, or an operator who chose one) · who may also
change its settings · an operator."""


@dataclass(slots=True, frozen=True)
class Visitor:
    """Who is logged in. `account` is the one looked at: the user's own, or the one that an operator chose (None: none)."""

    user: User
    account: Account | None
    session: bytes  # SHA-256 of its token
    csrf: str

    @property
    def is_operator(self) -> bool:
        return self.user.account_id is None

    def may(self, role: str) -> bool:
        """Whether the visitor has a right; an operator has all."""
        return self.is_operator or role in self.user.roles

    def fits(self, who: Who) -> bool:
        """Whether a page for `who` is open to this visitor. The one place where rights are judged."""
        match who:
            case "anybody" | "user":
                return True
            case "member":
                return self.account is not None
            case "owner":
                return self.account is not None and self.may(OWNER)
            case "operator":
                return self.is_operator


@dataclass(slots=True, frozen=True)
class Notice:
    """What the next page says at its top, once: `kind` is success, info, warning or danger."""

    kind: str
    text: str


@dataclass(slots=True)
class Visit:
    """A request of the panel with its visitor (None: nobody is logged in)."""

    request: Request
    visitor: Visitor | None
    services: Services
    csrf: str
    language: str
    address: str
    notices: list[Notice] = field(default_factory=list)
    badges: dict[str, int] = field(default_factory=dict)
    session: Session | None = None
    shows_notices: bool = False

    # --- who -----------------------------------------------------------------------------------------------------------

    @property
    def user(self) -> User:
        """The user who is logged in; for pages that are not for anybody."""
        assert self.visitor is not None
        return self.visitor.user

    @property
    def account(self) -> Account:
        """The account that is looked at; for pages of `member` and `owner`."""
        assert self.visitor is not None
        assert self.visitor.account is not None
        return self.visitor.account

    @property
    def zone(self) -> str:
        """The time zone that times are shown in."""
        return self.visitor.account.time_zone if self.visitor and self.visitor.account else "UTC"

    @property
    def sees_numbers(self) -> bool:
        """Whether telephone numbers are shown whole (contract 3)."""
        return self.visitor is not None and self.visitor.may(NUMBERS)

    @property
    def directory(self) -> Directory:
        return self.services.directory()

    @property
    def db(self) -> Database:
        return self.services.db

    # --- what it asks for ----------------------------------------------------------------------------------------------

    @property
    def partial(self) -> bool:
        """Whether a part of the page is asked for by htmx, not the whole."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query_params

    def path(self, name: str) -> Any:
        """A parameter of the path, of the type that the route gives it. NotOurs for a number that nothing can have."""
        value = self.request.path_params[name]
        if isinstance(value, int) and value > LARGEST:
            raise NotOurs("there is no such number")  # no database has one either
        return value

    async def form(self) -> FormData:
        """The form that was sent; its token has been judged already."""
        return await self.request.form()

    def t(self, text: str, /, **values: Any) -> str:
        """`text` in the visitor's language, with `%(name)s` filled."""
        found = self.services.words.of(self.language, text)
        return found % values if values else found

    def fields(self, given: Any = None) -> Form:
        """A form: of what was sent (`await visit.form()`), or as it is first shown, filled with the values of a mapping."""
        return Form({} if given is None else given, self.t)

    def note(self, action: str, thing: str = "", before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None) -> Any:
        """A row of the audit log, for `yield from` in the unit that makes the change."""
        account = self.visitor.account.id if self.visitor and self.visitor.account else None
        return add_audit(account, self.user.login, self.address, action, thing, before, after)

    # --- what it is answered -------------------------------------------------------------------------------------------

    def page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """The page of a template."""
        self.shows_notices = not self.partial
        return HTMLResponse(self.services.pages.render(template, self, values), status)

    def go(self, path: str, notice: str | None = None, kind: str = "success") -> Response:
        """Goes to another page (a path behind `/panel`), which says `notice`, already translated, at its top."""
        if notice is not None:
            self.notices.append(Notice(kind, notice))
        return RedirectResponse(ROOT + path, SEE_OTHER)
