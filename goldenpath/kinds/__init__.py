"""Kinds of requests, and the kind that a golden path names.

Each kind is one module ``NAME_kind`` with a :class:`RequestKind` in ``KIND``. A new kind needs only a new module here; its
model is in ``spec``, its class on a cluster in ``tenancy``, and its checks in ``check``.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Final

from goldenpath.errors import DataError
from goldenpath.kinds.kind import RequestKind
from goldenpath.paths.path_metadata import shared_folder
from goldenpath.spec.nearest import nearest

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.paths import GoldenPath

__all__ = ["RequestKind", "digest_of", "kind_names", "kind_of", "shared_parts_of"]

_MODULE_END: Final = "_kind"


def kind_names() -> tuple[str, ...]:
    """Return the names that a golden path can have as its ``kind``."""
    modules = sorted(module.name for module in iter_modules(__path__) if module.name.endswith(_MODULE_END))
    return tuple(name.removesuffix(_MODULE_END).replace("_", "-") for name in modules)


def kind_of(path: GoldenPath) -> RequestKind:
    """Return the kind of request of a golden path. Only the module of this kind is imported.

    Raises:
        DataError: the golden path names an unknown kind.
    """
    return _named(path.metadata.kind, str(path.folder))


@lru_cache(maxsize=256)
def shared_parts_of(path: GoldenPath) -> Path | None:
    """Return the folder with the files and parts that all golden paths of the kind share, or None."""
    return shared_folder(path.folder, kind_of(path).subject)


@lru_cache(maxsize=256)
def digest_of(path: GoldenPath) -> str:
    """Return the digest of a golden path for the lock: of all files that rendering reads."""
    return path.digest(shared_parts_of(path))


@cache
def _named(name: str, place: str) -> RequestKind:
    if name not in kind_names():
        near = nearest(name, kind_names())
        hint = f"; did you mean {near}?" if near else ""
        raise DataError(
            f"{place}: kind: {name!r} is not a kind of request; the kinds are {', '.join(kind_names())}{hint}"
        )
    kind = import_module(f"{__name__}.{name.replace('-', '_')}{_MODULE_END}").KIND
    if not isinstance(kind, RequestKind):
        raise DataError(f"goldenpath.kinds.{name}: KIND is not a RequestKind")
    return kind
