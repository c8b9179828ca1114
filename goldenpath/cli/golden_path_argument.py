"""The golden path that a person names on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goldenpath.paths import GoldenPath, Library

__all__ = ["golden_path_named"]


def golden_path_named(library: Library, name: str) -> GoldenPath:
    """The golden path with a name and major version (``tenant/v1``), or the newest one with a bare name.

    Raises:
        InputError: no golden path has this name and version.
        DataError: the metadata of the golden path is broken.
    """
    if "/" in name:
        return library.get(name)
    newest = next((path for path in library if path.name == name), None)
    return newest if newest is not None else library.get(name)
