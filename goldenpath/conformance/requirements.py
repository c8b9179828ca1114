"""The requirements, by version of Kubernetes."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

from goldenpath.catalogue_files import CatalogueModel, read_catalogue_file
from goldenpath.errors import InputError, Problem
from goldenpath.spec.nearest import nearest

__all__ = ["Requirement", "known_versions", "requirements_of"]


class Requirement(CatalogueModel):
    id: str
    category: str
    levels: dict[str, Literal["MUST", "SHOULD"]]
    """The level of each version that has the requirement."""
    says: str
    """The requirement in our own words."""
    unseen: str
    """The part that an API server alone cannot show, and the place that shows it."""


@cache
def _all() -> tuple[Requirement, ...]:
    file = files("goldenpath.conformance") / "data" / "requirements.yaml"
    return read_catalogue_file(file, tuple[Requirement, ...], f"conformance/data/{file.name}")


def known_versions() -> tuple[str, ...]:
    """The versions that have requirements, oldest first."""
    return tuple(sorted({version for each in _all() for version in each.levels}))


def requirements_of(version: str) -> tuple[Requirement, ...]:
    """The requirements of a version, such as ``1.37``.

    Raises:
        InputError: the version has no requirements.
    """
    plain, known = version.removeprefix("v"), known_versions()
    if plain not in known:
        message = f"has no known requirements; the known versions are {', '.join(known)}"
        raise InputError(
            [Problem("--version", "unknown-version", message, version, nearest(plain, known) or known[-1])]
        )
    return tuple(each for each in _all() if plain in each.levels)
