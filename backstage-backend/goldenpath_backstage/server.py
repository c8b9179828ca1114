"""The server process: uvicorn around the app, which ends only when it has finished what it accepted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import uvicorn

from goldenpath_backstage.app import create_app

if TYPE_CHECKING:
    from goldenpath.fleet import Fleet
    from goldenpath.publish.forges import Forge
    from goldenpath_backstage.settings import Settings

__all__ = ["new_server", "serve"]

_KEEP_ALIVE_SECONDS: Final = 75
"""Longer than the idle time of the usual proxies, so that it is they who close a connection."""


def new_server(
    settings: Settings, *, fleet: Fleet | None = None, forge: Forge | None = None
) -> uvicorn.Server:
    """A server for the settings, not running yet.

    SIGTERM and SIGINT make it stop listening, finish what it has accepted (for ``drain_seconds`` at most), and end.
    """
    config = uvicorn.Config(
        create_app(settings, fleet=fleet, forge=forge),
        host=settings.host,
        port=settings.port,
        http="httptools",
        ws="none",
        # Logging is the process's own, and the app says a line for each request itself.
        log_config=None,
        access_log=False,
        # What a proxy in front says of the caller is not asked for, so nobody can lie about it.
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(settings.limits.drain_seconds),
    )
    return uvicorn.Server(config)


def serve(settings: Settings, *, fleet: Fleet | None = None, forge: Forge | None = None) -> bool:
    """Serve until a signal comes; false where it could not start."""
    server = new_server(settings, fleet=fleet, forge=forge)
    server.run()
    return server.started
