"""Rules of a model pipeline: between its own fields, with its tenant's accelerators, and with the fleet's builder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import MISSING, Problem
from goldenpath.spec.inference_rules import granted_accelerators
from goldenpath.spec.rules import problem
from goldenpath.spec.unique_lists import repeated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.document_model import Rule, Surroundings
    from goldenpath.spec.parsed_fields import Fields

__all__ = ["PIPELINE_RULES", "granted_pool", "named_builder"]

granted_pool = granted_accelerators
"""On each cluster of the run the accelerator is there, and is the tenant's."""


def _dataset_names(fields: Fields) -> Iterator[Problem]:
    names = ((index, fields.get("datasets", index, "name")) for index, _ in fields.items("datasets"))
    for index in repeated((index, name) for index, name in names if name is not MISSING):
        yield problem(fields, ("datasets", index, "name"), "duplicate", "is there twice; rename one")


def named_builder(fields: Fields, around: Surroundings) -> Iterator[Problem]:
    """The fleet names what hashes the inputs, and who signs the result."""
    del fields
    if around.fleet is not None and around.fleet.provenance is None:
        message = (
            "needs `provenance` in the fleet: its image hashes the inputs before training, and its signer vouches for "
            "the model"
        )
        yield Problem("golden_path", "no-builder", message)


PIPELINE_RULES: tuple[Rule, ...] = (_dataset_names,)
