"""A page of the panel: its path, its methods and who may open it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from odzew.panel.visit import Visit, Who

Handler = Callable[[Visit], Awaitable[Response]]


@dataclass(slots=True, frozen=True)
class Page:
    """A path behind `/panel` in Starlette's spelling (`/messages/{id:int}`), and what answers it.

    `name` is how templates refer to it: `url('message', id=7)`. A page of several methods asks `visit.request.method`.
    `large`: its form may be up to 32 MiB (an import), where others may have 1 MiB.
    """

    path: str
    handler: Handler
    who: Who
    name: str
    methods: tuple[str, ...] = ("GET",)
    large: bool = False


GET: Final = ("GET",)
POST: Final = ("POST",)
BOTH: Final = ("GET", "POST")
