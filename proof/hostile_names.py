"""The name server of the hostile clients, to be injected: names below `hostile.test`, and nothing that leaves the machine."""

from __future__ import annotations

import itertools
import socket
import threading
from collections import Counter
from typing import Final

ADDRESS: Final = "127.0.0.2"  # where the hostile clients listen, and all that their account may reach
PEER: Final = "peer.hostile.test"
METADATA: Final = "169.254.169.254"
MANY: Final = 10_000
HANGS: Final = 30.0  # seconds: what a system's resolver may take to give up


class HostileNames:
    """A look-up for `odzew.forward.resolver.SystemResolver`, called in its threads. What hangs ends after `hangs` seconds (None: never)
    or by `let_go`."""

    def __init__(self, hangs: float | None = HANGS) -> None:
        self.asked: Counter[str] = Counter()
        self._hangs = hangs
        self.let_go = threading.Event()
        self._numbers = itertools.count()

    def __call__(self, host: str) -> list[str]:
        self.asked[host] += 1
        match host.partition(".")[0]:
            case "nothing":
                return []
            case "later":
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            case "hangs":
                self.let_go.wait(self._hangs)
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            case "many":
                return [f"2a00:{n >> 16:x}:{n & 0xFFFF:x}::1" for n in itertools.islice(self._numbers, MANY)]
            case "metadata":
                return [METADATA]
            case "loopback":
                return ["127.0.0.1"]
            case "partly":
                return [ADDRESS, METADATA]
            case "changes":
                return [ADDRESS] if self.asked[host] == 1 else [METADATA]
        return [ADDRESS]
