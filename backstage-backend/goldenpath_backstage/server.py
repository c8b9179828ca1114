"""The server process: uvicorn around the app, which ends only when it has finished what it accepted."""

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
"""Longer than the idle time of the usual proxies, so that it is they who close a connection."""


class _Server(uvicorn.Server):
    """A server that says where it listens: with port 0, only the system knows."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers if self.started else ():
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                _log.info("listening", extra=fields(host=host, port=port))


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
        # Headers of a proxy about the caller are ignored, so no client can forge them.
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(settings.limits.drain_seconds),
    )
    return _Server(config)


def serve(settings: Settings, *, fleet: Fleet | None = None, forge: Forge | None = None) -> bool:
    """Serve until a signal comes; false where it could not start."""
    server = new_server(settings, fleet=fleet, forge=forge)
    collect_rarely()
    # uvicorn raises the signal once more when it has stopped. By then all is done, and nothing is left to interrupt.
    before = {each: signal.signal(each, _nothing) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    return server.started


def _nothing(number: int, frame: FrameType | None) -> None:
    """Take a signal that was dealt with already."""
