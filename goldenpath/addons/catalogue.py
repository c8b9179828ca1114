"""The catalogue of add-ons, read and validated once."""

from __future__ import annotations

from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from goldenpath.addons.addon import Addon
from goldenpath.catalogue_files import read_catalogue_folder
from goldenpath.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

__all__ = ["KUBERNETES", "AddonCatalogue", "addon_catalogue", "load_catalogue"]

KUBERNETES: Final = "kubernetes"
"""The id of the entry for Kubernetes itself."""


class AddonCatalogue:
    """Every add-on by id, and Kubernetes."""

    def __init__(self, entries: Mapping[str, Addon]) -> None:
        self._entries = dict(sorted(entries.items()))

    def __iter__(self) -> Iterator[Addon]:
        """The add-ons, without Kubernetes."""
        return (each for each in self._entries.values() if each.id != KUBERNETES)

    @property
    def kubernetes(self) -> Addon:
        return self._entries[KUBERNETES]

    def get(self, id_: str) -> Addon:
        """Return an entry. An unknown id raises KeyError."""
        return self._entries[id_]

    @cached_property
    def _by_kind(self) -> dict[tuple[str, str], tuple[Addon, ...]]:
        found: dict[tuple[str, str], list[Addon]] = {}
        for entry in self._entries.values():
            for api in entry.apis:
                for kind in api.kinds:
                    found.setdefault((api.api_version, kind), []).append(entry)
        return {key: tuple(entries) for key, entries in found.items()}

    def serving(self, api_version: str, kind: str) -> tuple[Addon, ...]:
        """Return the add-ons that serve a kind in any version; empty for an unknown kind."""
        return self._by_kind.get((api_version, kind), ())


@cache
def addon_catalogue() -> AddonCatalogue:
    """Return the shipped catalogue.

    Raises:
        DataError: the shipped data is invalid.
    """
    return load_catalogue(files("goldenpath.addons") / "data")


def load_catalogue(folder: Traversable) -> AddonCatalogue:
    """Read the file ``<id>.yaml`` of each add-on in a folder.

    Raises:
        DataError: a file is invalid, or ``kubernetes.yaml`` is missing. The message names the file.
    """
    entries = read_catalogue_folder(folder, Addon, "addons/data")
    if KUBERNETES not in entries:
        raise DataError(f"addons/data: {KUBERNETES}.yaml is missing")
    return AddonCatalogue(entries)
