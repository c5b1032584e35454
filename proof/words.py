"""The set-up that all proofs run on: accounts, numbers and tokens, as the text of a set-up file."""

from __future__ import annotations

from typing import Final

SOURCE: Final = "load"
SOURCE_TOKEN: Final = "50" * 16
OPERATOR_TOKEN: Final = "0e" * 16
SHARED: Final = "+48799448855"  # nd, a keyword for each account
PREMIUM: Final = "71200"
POOL: Final = "+48500500501"  # eco, given to the first account
OWN: Final = 10  # ndi numbers of each account


def token_of(account: int) -> str:
    """The API token of an account, counted from 1."""
    return f"{account:032x}"


def own_number(account: int, place: int = 0) -> str:
    """An ndi number of an account, which also takes MMS; `place` from 0 to OWN - 1."""
    return f"+486640{account:03d}{place:02d}"


def keyword_of(account: int) -> str:
    """The account's keyword on the shared and on the premium number."""
    return f"WORD{account}"


def setup_text(accounts: int = 1, forward_to: str | None = None, targets: int = 0, retry_minutes: tuple[float, ...] = (0.02,) * 10) -> str:
    """A set-up file. The first `targets` own numbers of each account are forwarded to `forward_to`, the base URL of a sink."""
    lines = [f'[[operator_token]]\nname = "proof"\nvalue = "{OPERATOR_TOKEN}"']
    lines += [f'[[source]]\nname = "{SOURCE}"\nprotocol = "http"\ntoken = "{SOURCE_TOKEN}"']
    for account in range(1, accounts + 1):
        lines.append(f'[[account]]\nname = "account{account}"\nforward_allow = ["127.0.0.0/8"]')
        lines.append(f'[[account.token]]\nname = "load"\nvalue = "{token_of(account)}"')
        for place in range(OWN):
            lines.append(f'[[number]]\naddress = "{own_number(account, place)}"\nservice = "ndi"\naccount = "account{account}"\nmms = true')
            if forward_to is not None and place < targets:
                url = f"{forward_to}/{account}/{place}?id=#ID#&text=#WIADOMOSC#"
                repeats = f'retry_minutes = {list(retry_minutes)}\nretry_basis = "previous"'
                lines.append(f'[[number.forward]]\nurl = "{url}"\nverify = "OK"\n{repeats}')
    for address, service in ((SHARED, "nd"), (PREMIUM, "pr")):
        lines.append(f'[[number]]\naddress = "{address}"\nservice = "{service}"')
        lines += [f'[[number.keyword]]\nword = "{keyword_of(n)}"\naccount = "account{n}"' for n in range(1, accounts + 1)]
    lines.append(f'[[number]]\naddress = "{POOL}"\nservice = "eco"\naccount = "account1"')
    return "\n".join(lines) + "\n"
