"""`python -m proof [NAME ...]`: runs the proofs and ends 0 if every bound held."""

from __future__ import annotations

import argparse
import asyncio
import warnings
from collections.abc import Awaitable, Callable
from typing import Final

import uvloop

from odzew.clock import Clock
from proof import drain, kills, machine, memory, order, peers, poll, push

PROOFS: Final[dict[str, Callable[[Clock], Awaitable[bool]]]] = {
    "machine": machine.run, "drain": drain.run, "memory": memory.run, "kills": kills.run, "order": order.run, "poll": poll.run,
    "push": push.run, "peers": peers.run,
}


async def _run(names: list[str]) -> bool:
    clock = Clock()
    return all([await PROOFS[name](clock) for name in names])


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m proof", description="Measures what the product promises; see docs/proof.md.")
    known = ", ".join(PROOFS)
    parser.add_argument("names", nargs="*", choices=[[], *PROOFS], metavar="NAME", help=f"one or more of: {known} (default: all)")
    names = parser.parse_args().names or list(PROOFS)
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return 0 if runner.run(_run(names)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
