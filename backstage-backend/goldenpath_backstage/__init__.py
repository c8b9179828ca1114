"""The HTTP backend: golden paths for Backstage and for internal tools.

For: the actions of goldenpath over HTTP (``actions``), authentication and rights (``auth``), one execution for
repeated requests (``runs``), and the entities for Backstage's catalog and forms (``entities``).

Not for: rules about requests, rendering, and writing to Git, which are in :mod:`goldenpath`. A process keeps no state
that matters: Git is the truth, and the ledger is in a database.

::

    app = create_app(Settings(repository="/srv/fleet"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from goldenpath_backstage.app import create_app
    from goldenpath_backstage.settings import Settings

__all__ = ["Settings", "create_app"]


def __getattr__(name: str) -> Any:
    # An import of the settings must not load FastAPI.
    if name == "create_app":
        from goldenpath_backstage.app import create_app  # noqa: PLC0415

        return create_app
    if name == "Settings":
        from goldenpath_backstage.settings import Settings  # noqa: PLC0415

        return Settings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
