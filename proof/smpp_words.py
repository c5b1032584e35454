"""The set-up of the carriers' proofs: what `proof.words` has, and a source that binds to SMSCs."""

from __future__ import annotations

from typing import Final

from proof import words

SOURCE: Final = "carrier"
SYSTEM_ID: Final = "proof"
RETRY: Final = (0.02,) * 10  # minutes after the attempt before


def setup_text(
    port: int,
    forward_to: str | None = None,
    targets: int = 0,
    retry_minutes: tuple[float, ...] = RETRY,
    binds: int = 1,
    window: int = 5_000,
    reconnect_seconds: float = 0.1,
) -> str:
    """A set-up file with one source over SMPP, to the SMSC at `port`; a client's URL gets id, sender and text."""
    text = words.setup_text(1, forward_to, targets, retry_minutes).replace("?id=#ID#&text=", "?id=#ID#&from=#NUMER#&text=")
    source = {
        "name": f'"{SOURCE}"', "protocol": '"smpp"', "hosts": f'["127.0.0.1:{port}"]', "system_id": f'"{SYSTEM_ID}"',
        "binds": binds, "window": window, "reconnect_seconds": reconnect_seconds,
    }  # fmt: skip
    return text + "[[source]]\n" + "".join(f"{name} = {value}\n" for name, value in source.items())
