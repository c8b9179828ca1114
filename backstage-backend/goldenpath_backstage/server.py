"""The server process: uvicorn with the app. It finishes accepted requests before it ends."""

from __future__ import annotations

import logging
import math
import signal
from typing import TYPE_CHECKING, Final

import uvicorn

from goldenpath.garbage_collection import collect_rarely
from goldenpath_backstage.app import create_app
from goldenpath_backstage.telemetry.logs import SERVICE, fields

if TYPE_CHECKING:
    import socket
    from types import FrameType

    from goldenpath.fleet import Fleet
    from goldenpath.forges import Forge
    from goldenpath_backstage.settings import Settings

__all__ = ["new_server", "serve"]

_log = logging.getLogger(SERVICE)

_KEEP_ALIVE_SECONDS: Final = 75
"""Longer than the idle time of common proxies, so that the proxy closes the connection."""


class _Server(uvicorn.Server):
    """A server that logs its address, since the system chooses the port for port 0."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers if self.started else ():
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                _log.info("listening", extra=fields(host=host, port=port))


def new_server(
    settings: Settings, *, fleet: Fleet | None = None, forge: Forge | None = None
) -> uvicorn.Server:
    """Return a server for the settings, not started yet.

    On SIGTERM and SIGINT it stops listening, finishes accepted requests (for ``drain_seconds`` at most), and ends.
    """
    config = uvicorn.Config(
        create_app(settings, fleet=fleet, forge=forge),
        host=settings.host,
        port=settings.port,
        http="httptools",
        ws="none",
        # The process configures logging, and the middleware logs each request.
        log_config=None,
        access_log=False,
        # Proxy headers about the caller are ignored, since a client could forge them.
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(settings.limits.drain_seconds),
    )
    return _Server(config)


def serve(settings: Settings, *, fleet: Fleet | None = None, forge: Forge | None = None) -> bool:
    """Serve until a signal; return False if the server could not start."""
    server = new_server(settings, fleet=fleet, forge=forge)
    collect_rarely()
    # uvicorn raises the signal again after it has stopped, when nothing is left to interrupt.
    before = {each: signal.signal(each, _ignore) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    return server.started


def _ignore(number: int, frame: FrameType | None) -> None:
    """Ignore a signal that uvicorn has already handled."""
