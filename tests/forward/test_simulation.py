"""The engine against everything at once: see simulation.py, simulation_rules.py and simulation_judge.py."""

from __future__ import annotations

from hypothesis import settings

from tests.forward.simulation_rules import Forwarding, Sharing

TestForwarding = Forwarding.TestCase
TestForwarding.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)
TestSharing = Sharing.TestCase
TestSharing.settings = settings(max_examples=10, stateful_step_count=30, deadline=None)
