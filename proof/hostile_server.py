"""The server of `proof.hostile`: the product with a name server put in its place. Never for anything else."""

from __future__ import annotations

from functools import partial

from odzew.forward.resolver import SystemResolver
from odzew.serve import run_until_stopped, server
from odzew.settings import read
from proof.hostile_names import HostileNames

if __name__ == "__main__":
    server.SystemResolver = partial(SystemResolver, lookup=HostileNames())
    run_until_stopped(read({}))
