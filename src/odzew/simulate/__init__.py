"""Honest counterparts of the other side of each wire, for tests and for the demonstration."""
