"""The HTTP backend: golden paths for Backstage and for internal tools.

For: the actions of goldenpath over HTTP (``actions``), who may use them (``auth``), doing each once however often
it is asked for (``runs``), and the fleet as Backstage's catalog and forms show it (``entities``).

Not for: deciding what a good request is, rendering it, or writing to Git. :mod:`goldenpath` does, and nothing here
knows a rule that it does not have. A process keeps no state that matters: Git is the truth, and the ledger is in a
database.

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
    # Reading the settings or the version must not load FastAPI.
    if name == "create_app":
        from goldenpath_backstage.app import create_app  # noqa: PLC0415

        return create_app
    if name == "Settings":
        from goldenpath_backstage.settings import Settings  # noqa: PLC0415

        return Settings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
