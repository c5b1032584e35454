"""`python -m proof [NAME ...]`: runs the proofs and ends 0 if every bound held."""

from __future__ import annotations

import argparse
import asyncio
import warnings
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import uvloop

from odzew.clock import Clock
from proof import (
    dead_target,
    drain,
    fairness,
    faults,
    fuzz,
    kills,
    machine,
    memory,
    mms,
    order,
    peers,
    poll,
    push,
    resend,
    smpp_kills,
    smpp_order,
    smpp_parts,
    smpp_slow,
    ticks,
)  # fmt: skip

PROOFS: Final[dict[str, Callable[[Clock], Awaitable[bool]]]] = {
    "machine": machine.run,
    "drain": drain.run,
    "memory": memory.run,
    "kills": kills.run,
    "faults": faults.run,
    "order": order.run,
    "poll": poll.run,
    "push": push.run,
    "fairness": fairness.run,
    "dead-target": dead_target.run,
    "ticks": ticks.run,
    "resend": resend.run,
    "peers": peers.run,
    "carrier-order": smpp_order.run,
    "carrier-kills": smpp_kills.run,
    "carrier-slow": smpp_slow.run,
    "carrier-parts": smpp_parts.run,
    "mms": mms.run,
    "fuzz": fuzz.run,
}
SCALED: Final[dict[str, Callable[..., Awaitable[bool]]]] = {
    "fairness": fairness.run, "dead-target": dead_target.run, "ticks": ticks.run, "resend": resend.run,
}  # fmt: skip


async def _run(names: list[str], seconds: float | None, scale: float) -> bool:
    clock = Clock()
    proofs = PROOFS | {"fuzz": partial(fuzz.run, seconds=seconds)}
    proofs |= {name: partial(proof, scale=scale) for name, proof in SCALED.items()}
    return all([await proofs[name](clock) for name in names])


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m proof", description="Measures what the product promises; see docs/proof.md.")
    known = ", ".join(PROOFS)
    parser.add_argument("names", nargs="*", choices=[[], *PROOFS], metavar="NAME", help=f"one or more of: {known} (default: all)")
    parser.add_argument("--seconds", type=float, help=f"how long `fuzz` takes for its targets together (default: {fuzz.EACH:g} s for each)")
    parser.add_argument("--scale", type=float, default=1.0, help=f"share of the full size, for a trial of {', '.join(SCALED)}")
    asked = parser.parse_args()
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return 0 if runner.run(_run(asked.names or list(PROOFS), asked.seconds, asked.scale)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
