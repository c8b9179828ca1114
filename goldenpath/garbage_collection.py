"""Python's garbage collector in a process that belongs to goldenpath: a command, a worker, the backend."""

from __future__ import annotations

import gc
from typing import Final

__all__ = ["collect_rarely"]

_OBJECTS: Final = 50_000
"""Objects between two collections. Python's default is 700."""


def collect_rarely() -> None:
    """Run the garbage collector less often, and never on the objects that exist now.

    Rendering and committing leave few reference cycles, so a collection finds almost nothing. With the default, a third
    of the work of a process that commits thousands of tenants is garbage collection.
    """
    gc.freeze()
    gc.set_threshold(_OBJECTS)
