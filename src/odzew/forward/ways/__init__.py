"""The ways to a target, by the word that stands in `model.Target.way`. The panel's form follows their declared fields."""

from odzew.forward.ways.email import EMAIL
from odzew.forward.ways.json import JSON
from odzew.forward.ways.url import URL
from odzew.forward.ways.way import Desk, Offer, Prepared, Way

__all__ = ["KINDS", "Desk", "Offer", "Prepared", "Way"]

KINDS: dict[str, Way] = {"url": URL, "json": JSON, "email": EMAIL}
