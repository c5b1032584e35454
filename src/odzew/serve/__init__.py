"""The composition root: settings, database, ways in, forwarding and one web application, started and stopped in order."""

from odzew.serve.running import run, run_until_stopped
from odzew.serve.server import PROCESS, ROLES, Server

__all__ = ["PROCESS", "ROLES", "Server", "run", "run_until_stopped"]
