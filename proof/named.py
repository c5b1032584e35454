"""`odzew` on a system whose resolver is ours: every NAME.clients.example is this machine, and hangs.clients.example is never answered.

`python -m proof.named serve` is a whole server; only the system's look-up of names is replaced.
"""

from __future__ import annotations

import socket
import threading
from typing import Any, Final

from odzew.cli.main import main

DOMAIN: Final = ".clients.example"
HANGS: Final = "hangs" + DOMAIN
HERE: Final = "127.0.0.1"
PROGRAM: Final = ("-m", "proof.named", "serve")

_system = socket.getaddrinfo


def look_up(host: Any, *arguments: Any, **named: Any) -> Any:
    """As `socket.getaddrinfo`."""
    if host == HANGS:
        threading.Event().wait()
    return _system(HERE if isinstance(host, str) and host.endswith(DOMAIN) else host, *arguments, **named)


if __name__ == "__main__":
    socket.getaddrinfo = look_up
    main()
