"""Independent peers: what others send is read by us, and what our simulator sends is read by others."""

from __future__ import annotations

from importlib.metadata import version

from odzew.clock import Clock
from proof import peers_kannel, peers_node
from proof.report import Report
from proof.stand import directory


async def run(clock: Clock) -> bool:
    report = Report("peers", clock)
    with directory() as place:
        modules = peers_node.install(place)
        await peers_node.as_smsc(report, clock, modules)
        await peers_node.as_esme(report, clock, modules)
    await peers_kannel.in_front(report, clock)
    report.say("our SMSC simulator, read by smpplib: see tests/peers; its version", version("smpplib"))
    return report.save()
