"""SLSA provenance of the build type model-training/v1: its model, and its strict reader. Pure.

Read in slsa-framework/slsa 1.2 (``provenance/v1``): a verifier refuses unknown fields of ``externalParameters``. This
reader refuses unknown fields everywhere.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from goldenpath.oci.media_types import PROVENANCE
from goldenpath.provenance.refusals import refused

__all__ = ["BUILD_TYPE", "DATASET", "FIELDS", "PREDICATE", "Dependency", "Parameters", "TrainingProvenance"]

PREDICATE: Final = PROVENANCE
BUILD_TYPE: Final = "https://goldenpath.dev/reference/model-training-v1"
DATASET: Final = "dataset-"
"""The prefix of the names of datasets among the dependencies."""
_BASE_MODEL: Final = "base-model"
_MAX_DEPENDENCIES: Final = 64

Text = Annotated[str, Field(max_length=4000)]
Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Count = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,18})$")]


class _Closed(BaseModel):
    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )


class _Sha256(_Closed):
    sha256: Hex


class _GitCommit(_Closed):
    git_commit: Commit


class HashedInput(_Closed):
    """The result of the hash step for an input."""

    kind: Annotated[str, Field(pattern=r"^(image|tree)$")]
    """`image`: the digest of a manifest, whose contents the kubelet verifies; `tree`: the digest of the files."""
    tree: Hex
    """Tree digest of the files (`goldenpath dataset hash`)."""
    files: Count
    bytes: Count


class Dependency(_Closed):
    """One entry of ``resolvedDependencies``."""

    name: Annotated[str, Field(pattern=r"^(image|source|base-model|dataset-[a-z0-9-]{1,40})$")]
    uri: Text
    digest: _Sha256 | _GitCommit
    annotations: HashedInput | None = None

    @property
    def pinned(self) -> str:
        """The digest as ``sha256:…``, or ``git:`` and the commit."""
        return f"git:{self.digest.git_commit}" if isinstance(self.digest, _GitCommit) else self.sha256

    @property
    def sha256(self) -> str:
        """The digest as ``sha256:…``; empty for a commit."""
        return f"sha256:{self.digest.sha256}" if isinstance(self.digest, _Sha256) else ""


class Parameters(_Closed):
    """``externalParameters``: every part of the request that affects the model."""

    tenant: Text
    pipeline: Text
    run: Annotated[int, Field(ge=1)]
    command: Annotated[tuple[Text, ...], Field(max_length=64)]
    args: Annotated[tuple[Text, ...], Field(max_length=256)]
    hyperparameters: dict[str, str | int | float | bool]
    output: Text


class _Builder(_Closed):
    id: Text


class _Metadata(_Closed):
    invocation_id: Text
    started_on: Text
    finished_on: Text


class _RunDetails(_Closed):
    builder: _Builder
    metadata: _Metadata


class _BuildDefinition(_Closed):
    build_type: Text
    external_parameters: Parameters
    resolved_dependencies: Annotated[tuple[Dependency, ...], Field(max_length=_MAX_DEPENDENCIES)]


class TrainingProvenance(_Closed):
    """The predicate of a run."""

    build_definition: _BuildDefinition
    run_details: _RunDetails

    @classmethod
    def of(
        cls,
        parameters: Parameters,
        dependencies: tuple[Dependency, ...],
        *,
        builder: str,
        invocation: str,
        started: str,
        finished: str,
    ) -> Self:
        """Build the predicate of a run whose inputs were hashed.

        Raises:
            ArtifactRefusedError: a dataset is missing, or has another digest than the request.
        """
        provenance = cls(
            build_definition=_BuildDefinition(
                build_type=BUILD_TYPE, external_parameters=parameters, resolved_dependencies=dependencies
            ),
            run_details=_RunDetails(
                builder=_Builder(id=builder),
                metadata=_Metadata(invocation_id=invocation, started_on=started, finished_on=finished),
            ),
        )
        provenance.check_inputs()
        return provenance

    @classmethod
    def parse(cls, predicate: dict[str, Any]) -> Self:
        """Read a predicate.

        Raises:
            ArtifactRefusedError: the predicate has another build type, an unknown field, another form, or an input without a
                record.
        """
        definition = predicate.get("buildDefinition")
        if isinstance(definition, dict) and (found := definition.get("buildType")) != BUILD_TYPE:
            raise refused("build-type", f"The build type is {found!r}.")
        try:
            found = cls.model_validate_json(json.dumps(predicate), by_alias=True, by_name=False)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            rule = "provenance-field" if first["type"] == "extra_forbidden" else "provenance-form"
            raise refused(rule, f"At {place}: {first['msg']}.") from None
        found.check_inputs()
        return found

    def as_dict(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_none=True, by_alias=True)

    @property
    def parameters(self) -> Parameters:
        return self.build_definition.external_parameters

    @property
    def builder(self) -> str:
        """The URI of the builder."""
        return self.run_details.builder.id

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        return self.build_definition.resolved_dependencies

    @property
    def datasets(self) -> tuple[Dependency, ...]:
        return tuple(each for each in self.dependencies if each.name.startswith(DATASET))

    def check_inputs(self) -> None:
        """Compare the inputs with their records.

        Raises:
            ArtifactRefusedError: the run has no dataset, or an input has no record or another digest.
        """
        names = [each.name for each in self.dependencies]
        if len(set(names)) != len(names) or "image" not in names:
            raise refused("provenance-form", "The dependencies must name one image, and each input once.")
        if not self.datasets:
            raise refused("lineage-missing")
        for each in self.dependencies:
            if not (each.name.startswith(DATASET) or each.name == _BASE_MODEL):
                continue
            if each.annotations is None or not each.sha256:
                raise refused("lineage-missing", f"{each.name} has no record.")
            if each.annotations.kind == "tree" and f"sha256:{each.annotations.tree}" != each.sha256:
                raise refused(
                    "dataset-changed", f"{each.name} has the digest sha256:{each.annotations.tree}."
                )


def _fields(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(str(field.alias) for field in model.model_fields.values())


FIELDS: Final = {
    "": _fields(TrainingProvenance),
    "buildDefinition": _fields(_BuildDefinition),
    "buildDefinition.externalParameters": _fields(Parameters),
    "buildDefinition.resolvedDependencies[]": _fields(Dependency),
    "buildDefinition.resolvedDependencies[].digest": (*_fields(_Sha256), *_fields(_GitCommit)),
    "buildDefinition.resolvedDependencies[].annotations": _fields(HashedInput),
    "runDetails": _fields(_RunDetails),
    "runDetails.builder": _fields(_Builder),
    "runDetails.metadata": _fields(_Metadata),
}
"""The fields that the build type defines, by the object of the predicate that has them."""
