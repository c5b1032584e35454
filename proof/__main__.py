"""`python -m proof [NAME ...]`: runs the proofs and ends 0 if every bound held."""

from __future__ import annotations

import argparse
import asyncio
import warnings
from collections.abc import Awaitable, Callable
from typing import Any, Final

import uvloop

from odzew.clock import Clock
from proof import (
    dead_target,
    drain,
    fairness,
    faults,
    forwarding_kills,
    fuzz,
    hostile,
    kills,
    machine,
    memory,
    mms,
    order,
    panel,
    peers,
    poll,
    push,
    replay,
    resend,
    simulation,
    smpp_kills,
    smpp_order,
    smpp_parts,
    smpp_slow,
    ticks,
)  # fmt: skip

PROOFS: Final[dict[str, Callable[..., Awaitable[bool]]]] = {
    "machine": machine.run,
    "drain": drain.run,
    "memory": memory.run,
    "simulation": simulation.run,
    "kills": kills.run,
    "forwarding-kills": forwarding_kills.run,
    "faults": faults.run,
    "hostile": hostile.run,
    "order": order.run,
    "replay": replay.run,
    "poll": poll.run,
    "push": push.run,
    "fairness": fairness.run,
    "dead-target": dead_target.run,
    "ticks": ticks.run,
    "resend": resend.run,
    "panel": panel.run,
    "peers": peers.run,
    "carrier-order": smpp_order.run,
    "carrier-kills": smpp_kills.run,
    "carrier-slow": smpp_slow.run,
    "carrier-parts": smpp_parts.run,
    "mms": mms.run,
    "fuzz": fuzz.run,
}
TAKES: Final[dict[str, tuple[str, ...]]] = {
    "fuzz": ("seconds",), "simulation": ("seconds",), "forwarding-kills": ("cycles", "seconds"),
    "fairness": ("scale",), "dead-target": ("scale",), "ticks": ("scale",), "resend": ("scale",), "panel": ("scale",), "replay": ("scale",),
}  # fmt: skip
"""The options of the command line that a proof takes."""


async def _run(names: list[str], options: dict[str, Any]) -> bool:
    clock = Clock()
    return all([await PROOFS[name](clock, **{option: options[option] for option in TAKES.get(name, ())}) for name in names])


def _takers(option: str) -> str:
    return ", ".join(name for name, options in TAKES.items() if option in options)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m proof", description="Measures what the product promises; see docs/proof.md.")
    known = ", ".join(PROOFS)
    parser.add_argument("names", nargs="*", choices=[[], *PROOFS], metavar="NAME", help=f"one or more of: {known} (default: all)")
    seconds = f"how long it takes, about (without it `fuzz` takes {fuzz.EACH:g} s for each target): {_takers('seconds')}"
    parser.add_argument("--seconds", type=float, help=seconds)
    parser.add_argument("--cycles", type=int, help=f"kills on each engine; a run goes on where the last one ended: {_takers('cycles')}")
    parser.add_argument("--scale", type=float, default=1.0, help=f"share of the full size, for a trial: {_takers('scale')}")
    asked = parser.parse_args()
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return 0 if runner.run(_run(asked.names or list(PROOFS), vars(asked))) else 1


if __name__ == "__main__":
    raise SystemExit(main())
