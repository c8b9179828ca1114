"""Kinds of requests: what a golden path can be rendered from.

For: :class:`RequestKind`, one module with a ``KIND`` for each kind, and finding the kind that a golden path names.
A new kind is one more module here, ``NAME_kind``; everything else goes by what its ``KIND`` says.

Not for: what a kind is made of. Models are in ``spec``, resolving in ``tenancy``, checks in ``check``.
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
    """The names that a golden path can give as its ``kind``."""
    modules = sorted(module.name for module in iter_modules(__path__) if module.name.endswith(_MODULE_END))
    return tuple(name.removesuffix(_MODULE_END).replace("_", "-") for name in modules)


def kind_of(path: GoldenPath) -> RequestKind:
    """The kind of request that a golden path is rendered from. Only its module is imported.

    Raises:
        DataError: the golden path names a kind that no module has.
    """
    return _named(path.metadata.kind, str(path.folder))


@lru_cache(maxsize=256)
def shared_parts_of(path: GoldenPath) -> Path | None:
    """The folder with the files and parts that golden paths of its kind have in common; None where there are none."""
    return shared_folder(path.folder, kind_of(path).subject)


@lru_cache(maxsize=256)
def digest_of(path: GoldenPath) -> str:
    """The digest of what rendering reads of a golden path, for the lock; read once."""
    return path.digest(shared_parts_of(path))


@cache
def _named(name: str, place: str) -> RequestKind:
    if name not in kind_names():
        near = nearest(name, kind_names())
        did_you_mean = f"; did you mean {near}?" if near else ""
        raise DataError(
            f"{place}: kind: {name!r} is not a kind of request; those are {', '.join(kind_names())}{did_you_mean}"
        )
    kind = import_module(f"{__name__}.{name.replace('-', '_')}{_MODULE_END}").KIND
    if not isinstance(kind, RequestKind):
        raise DataError(f"goldenpath.kinds.{name}: KIND is not a RequestKind")
    return kind
