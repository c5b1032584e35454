"""`odzew openapi`: the description of the pull API."""

from __future__ import annotations

from odzew.api.openapi import document
from odzew.cli.listing import print_json
from odzew.cli.verb import verb


@verb
async def openapi() -> None:
    """Prints the OpenAPI 3.1 document of the pull API, the same that a server gives at /openapi.json.

    Example:  odzew openapi > openapi.json
    """
    print_json(document())
