"""Rules of a model pipeline: unique dataset names, and a builder in the fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import Problem
from goldenpath.spec.unique_lists import repeated_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.document_model import Rule, Surroundings
    from goldenpath.spec.parsed_fields import Fields

__all__ = ["PIPELINE_RULES", "named_builder"]


def _dataset_names(fields: Fields) -> Iterator[Problem]:
    yield from repeated_names(fields, ("datasets",), "name", fix="rename one")


def named_builder(fields: Fields, around: Surroundings) -> Iterator[Problem]:
    """Yield a problem where the fleet has no builder."""
    del fields
    if around.fleet is not None and around.fleet.provenance is None:
        message = "needs `provenance` in the fleet: its image hashes the inputs before training, and its signer signs the model"
        yield Problem("golden_path", "no-builder", message)


PIPELINE_RULES: tuple[Rule, ...] = (_dataset_names,)
