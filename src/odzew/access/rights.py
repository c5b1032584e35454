"""Who may enter, and with which rights. The only place where a credential is turned into a caller.

The order of judgement is that of the contract (section 1, Authentication), which is that of the numbers:
1001 wrong or missing · 1002 lacks the right `api` · 1003 address not on the list · 1007 account not active. So nothing about an
account is told to those who have no credential of it. Only the first is a failure to the throttle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from odzew.access.addresses import allowed
from odzew.access.passwords import Verifier
from odzew.access.throttle import Throttle
from odzew.access.tokens import find_token, is_token
from odzew.errors import ContractError
from odzew.model import Account, Source, Token, User
from odzew.store.directory import Directory

API: Final = "api"
PANEL: Final = "panel"
NUMBERS: Final = "numbers"

WRONG: Final = 1001
NO_API: Final = 1002
WRONG_ADDRESS: Final = 1003
NOT_ACTIVE: Final = 1007


@dataclass(slots=True, frozen=True)
class Credential:
    """What was presented and found right: the token, or the user, of an account; `name` is the token's name or the user's login."""

    account_id: int
    name: str
    token_id: int | None = None
    user_id: int | None = None


class Refused(ContractError):
    """The credential is right, but it may not be used: so, or from there."""

    def __init__(self, code: int, credential: Credential) -> None:
        super().__init__(code)
        self.credential = credential


@dataclass(slots=True, frozen=True)
class Caller:
    """Who calls: the account, the login of the user or the name of the token, and its rights (`api`, `numbers`, ...)."""

    account: Account
    name: str
    roles: frozenset[str]
    credential: Credential | None = field(default=None, compare=False)

    def may(self, role: str) -> bool:
        """Whether the caller has a right."""
        return role in self.roles


class Gate:
    """Lets callers in. Everything but a password's memory is judged anew at each call, from the directory as it then is."""

    def __init__(self, directory: Callable[[], Directory], verifier: Verifier, throttle: Throttle) -> None:
        self._directory = directory
        self._verifier = verifier
        self._throttle = throttle

    async def enter(self, *, bearer: str | None, username: str | None, password: str | None, address: str) -> Caller:
        """The caller of the pull API. `bearer` is what followed `Bearer ` (None: no such header) and wins over user and password.

        `address` is the one of `addresses.client_address`. ContractError 1001, 1002, 1003, 1007 as the module says; Busy after
        many failures or with many log-ins at once, never for a valid token.
        """
        who: Token | User
        if bearer is not None:
            found = find_token(self._directory().tokens, bearer)
            who = await self._wrong_token(address) if found is None else found
            name = who.name
        elif username and password:
            who = await self._log_in(username, password, address)
            name = who.login
        else:
            raise ContractError(WRONG)  # nothing was guessed, nothing is counted
        return self._judge(who, name, address)

    async def person(self, login: str, password: str, address: str) -> User:
        """Who logs in to the panel: an operator, or a user with the right `panel`. ContractError as `enter` (1002: no such right); Busy."""
        if not (login and password):
            raise ContractError(WRONG)
        user = await self._log_in(login, password, address, everybody=True)
        account = None if user.account_id is None else self._directory().accounts.get(user.account_id)
        if account is not None and PANEL not in user.roles:
            raise ContractError(NO_API)
        if not allowed(address, user.allow_from) or (account is not None and not allowed(address, account.allow_from)):
            raise ContractError(WRONG_ADDRESS)
        if user.account_id is not None and (account is None or not account.active):
            raise ContractError(NOT_ACTIVE)
        return user

    def operator(self, bearer: str | None, address: str) -> Token:
        """The operator's token that was presented. ContractError 1001 (wrong, missing, or an account's), 1003 (address)."""
        token = None if bearer is None else find_token(self._directory().tokens, bearer)
        if token is None or token.account_id is not None:
            raise ContractError(WRONG)
        if not allowed(address, token.allow_from):
            raise ContractError(WRONG_ADDRESS)
        return token

    def _judge(self, who: Token | User, name: str, address: str) -> Caller:
        # The operator's tokens are of no account, and so nobody's here.
        account = None if who.account_id is None else self._directory().accounts.get(who.account_id)
        if account is None:
            raise ContractError(WRONG)
        token, user = (who.id, None) if isinstance(who, Token) else (None, who.id)
        credential = Credential(account.id, name, token, user)
        if API not in who.roles:
            raise Refused(NO_API, credential)
        if not (allowed(address, who.allow_from) and allowed(address, account.allow_from)):
            raise Refused(WRONG_ADDRESS, credential)
        if not account.active:
            raise Refused(NOT_ACTIVE, credential)
        return Caller(account, name, frozenset(who.roles), credential)

    async def _wrong_token(self, address: str) -> Token:
        await self._throttle.admit(address, None)
        self._throttle.failed(address, None)
        raise ContractError(WRONG)

    async def _log_in(self, login: str, password: str, address: str, everybody: bool = False) -> User:
        """`everybody`: the operator's people too, who are nobody to the API."""
        await self._throttle.admit(address, login)
        user = self._user(login, everybody)
        right = await self._verifier.verify(login, user, password)
        # The directory may have moved on while the hash was computed: what counts is who the user is now.
        present = self._user(login, everybody)
        if user is not None and right and present is not None and present.password_hash == user.password_hash:
            self._throttle.succeeded(address, login)
            return present
        self._throttle.failed(address, login)
        raise ContractError(WRONG)

    def _user(self, login: str, everybody: bool) -> User | None:
        """An account's user. To the API the operator's people are nobody, and cost the same."""
        user = self._directory().users.get(login)
        return user if user is not None and (everybody or user.account_id is not None) else None


def source_token(source: Source, presented: str | None) -> bool:
    """Whether `presented` is the token of this source, in constant time. A source without a token matches none."""
    return is_token(source.token_sha256, presented)
