"""`/metrics`, for Prometheus and nobody else: from the networks of the setting `metrics_from` alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import structlog

from odzew.access.addresses import allowed, canonical, read_network
from odzew.access.request import App, Receive, Scope, Send, address_of, header, respond
from odzew.metrics import OPENMETRICS, TEXT, Metrics, prefers_openmetrics
from odzew.operations.gauges import Gauges
from odzew.store.directory import Directory

PATH: Final = "/metrics"

log = structlog.get_logger(__name__)

_PLAIN: Final = (b"content-type", b"text/plain; charset=utf-8")


def create_metrics(metrics: Metrics, gauges: Gauges, directory: Callable[[], Directory], allowed_from: Sequence[str]) -> App:
    """The ASGI application of `/metrics`. `allowed_from` are networks; none: nobody is let in. SettingError for what is no network."""
    networks = tuple(allowed_from)
    for network in networks:
        read_network(network)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_allowed(scope, tuple(directory().installation.get("trusted_proxies", ())), networks):
            return await respond(send, 403, b"Metrics are for the networks of the setting metrics_from.\n", (_PLAIN,))
        if scope["path"] != PATH:
            return await respond(send, 404, b"")
        if scope["method"] not in ("GET", "HEAD"):
            return await respond(send, 405, b"", ((b"allow", b"GET, HEAD"),))
        openmetrics = prefers_openmetrics(header(scope["headers"], b"accept") or "")
        try:
            await gauges.look()
            body = metrics.render(openmetrics)
        except Exception:
            log.exception("metrics_failed")
            return await respond(send, 503, b"Not available now.\n", (_PLAIN,))
        kind = (b"content-type", OPENMETRICS if openmetrics else TEXT)
        return await respond(send, 200, body, (kind, (b"cache-control", b"no-store"), (b"vary", b"accept")))

    return app


def _is_allowed(scope: Scope, proxies: tuple[str, ...], networks: tuple[str, ...]) -> bool:
    """Where the request comes from, by a proxy that nobody told us of, cannot be known: such a proxy is often on this very machine."""
    peer = canonical(scope["client"][0]) if scope.get("client") else ""
    if header(scope["headers"], b"x-forwarded-for") is not None and not (proxies and allowed(peer, proxies)):
        return False
    return bool(networks) and allowed(address_of(scope, proxies), networks)
