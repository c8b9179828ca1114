"""The requirements, by version of Kubernetes."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from goldenpath import kubeyaml
from goldenpath.errors import DataError, InputError, Problem
from goldenpath.spec.nearest import nearest

__all__ = ["Requirement", "known_versions", "requirements_of"]


class Requirement(BaseModel):
    """One requirement."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    category: str
    levels: dict[str, Literal["MUST", "SHOULD"]]
    """By version: a requirement is there from one version on, and may go."""
    says: str
    """In our own words."""
    unseen: str
    """What an API server alone cannot show, and where it is shown."""


@cache
def _all() -> tuple[Requirement, ...]:
    file = files("goldenpath.conformance") / "data" / "requirements.yaml"
    try:
        document = kubeyaml.load(file.read_text(encoding="utf-8"), name=file.name)
        return TypeAdapter(tuple[Requirement, ...]).validate_python(document)
    except (InputError, ValidationError) as error:
        raise DataError(f"conformance/data/{file.name}: {error}") from error


def known_versions() -> tuple[str, ...]:
    """The versions that have requirements, oldest first."""
    return tuple(sorted({version for each in _all() for version in each.levels}))


def requirements_of(version: str) -> tuple[Requirement, ...]:
    """The requirements of a version, such as ``1.37``.

    Raises:
        InputError: there is no such version.
    """
    plain, known = version.removeprefix("v"), known_versions()
    if plain not in known:
        message = f"has no requirements here; there are {', '.join(known)}"
        raise InputError(
            [Problem("--version", "unknown-version", message, version, nearest(plain, known) or known[-1])]
        )
    return tuple(each for each in _all() if plain in each.levels)
