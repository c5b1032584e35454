"""The simulation of the forwarding engine (tests/forward/simulation.py) for as long as the command line says.

Every run draws new examples; what it finds is shrunk, printed and ends it. Then the same with faults built in, which must be found.
`python -m proof simulation --seconds 600`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from odzew.clock import Clock
from proof.report import Report
from tests.forward.simulation_faults import FAULTS, found_in
from tests.forward.simulation_rules import Forwarding, Sharing

SECONDS: Final = 300.0
BATCH: Final = 10  # examples
CONTROL: Final = 400  # examples, at most, in which each fault that is built in on purpose must be found
STEPS: Final = 40  # rules of one example, at most
MACHINES: Final = {"one process that owns all": Forwarding, "up to three that lease shards": Sharing}


def batch(machine: type[Forwarding]) -> bool:
    """Some more examples. False, and the story is printed, where something did not hold."""
    chosen = settings(
        max_examples=BATCH, stateful_step_count=STEPS, deadline=None, database=None, derandomize=False,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    try:
        run_state_machine_as_test(machine, settings=chosen)
    except AssertionError as fault:
        print("\n".join([str(fault), *getattr(fault, "__notes__", ())]), flush=True)
        return False
    return True


def _run(clock: Clock, seconds: float) -> Counter[str]:
    """Both machines in turn; how many examples each had in which something did not hold."""
    faults: Counter[str] = Counter()
    until = clock.monotonic() + seconds
    while clock.monotonic() < until and not faults:
        for name, machine in MACHINES.items():
            faults[name] += not batch(machine)
        faults = +faults
    return faults


async def run(clock: Clock, seconds: float | None = None) -> bool:
    """`seconds`: of both machines together."""
    report = Report("simulation", clock)
    faults = await asyncio.to_thread(_run, clock, SECONDS if seconds is None else seconds)
    for name, machine in MACHINES.items():
        tally = machine.tally
        report.hold(f"{name}: examples in which something did not hold", faults[name], at_most=0)
        for what in ("examples", "steps", "crashes", "messages", "calls", "attempts recorded", "sent again"):
            report.say(f"{name}: {what}", tally[what])
        for kind in ("crash: ", "rule: "):
            for what in sorted(key for key in tally if key.startswith(kind)):
                report.say(f"{name}: {what}", tally[what])
    for name, machine, fault in FAULTS if not faults else ():
        found = await asyncio.to_thread(found_in, machine, fault, CONTROL)
        report.hold(f"control, {name}: found in examples", CONTROL + 1 if found is None else found, at_most=CONTROL)
    return report.save()
