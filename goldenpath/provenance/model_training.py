"""SLSA provenance of the build type model-training/v1: what it says, and its strict reader. Pure.

Read in slsa-framework/slsa 1.2 (``provenance/v1``): a verifier refuses fields of ``externalParameters`` that it does not
know. We refuse unknown fields everywhere but in the free text of annotations.
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
"""How the names of datasets among the dependencies begin."""
_BASE_MODEL: Final = "base-model"
_MOST: Final = 64

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
    """What the hash step found of an input."""

    kind: Annotated[str, Field(pattern=r"^(image|tree)$")]
    """`image`: the digest is of a manifest, to which the kubelet holds the contents; `tree`: of the files themselves."""
    tree: Hex
    """Tree digest of the files (`goldenpath dataset hash`)."""
    files: Count
    """Number of files."""
    bytes: Count
    """Their size."""


class Dependency(_Closed):
    """One entry of ``resolvedDependencies``."""

    name: Annotated[str, Field(pattern=r"^(image|source|base-model|dataset-[a-z0-9-]{1,40})$")]
    uri: Text
    digest: _Sha256 | _GitCommit
    annotations: HashedInput | None = None

    @property
    def pinned(self) -> str:
        """What it is fixed by: ``sha256:…``, or ``git:`` and a commit."""
        return f"git:{self.digest.git_commit}" if isinstance(self.digest, _GitCommit) else self.sha256

    @property
    def sha256(self) -> str:
        """The digest as ``sha256:…``; empty for a commit."""
        return f"sha256:{self.digest.sha256}" if isinstance(self.digest, _Sha256) else ""


class Parameters(_Closed):
    """``externalParameters``: everything of the request that decides the outcome."""

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
    resolved_dependencies: Annotated[tuple[Dependency, ...], Field(max_length=_MOST)]


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
        """The predicate of a run whose inputs were hashed.

        Raises:
            ArtifactRefusedError: a dataset is missing, or is not the one that was asked for.

        """
        made = cls(
            build_definition=_BuildDefinition(
                build_type=BUILD_TYPE, external_parameters=parameters, resolved_dependencies=dependencies
            ),
            run_details=_RunDetails(
                builder=_Builder(id=builder),
                metadata=_Metadata(invocation_id=invocation, started_on=started, finished_on=finished),
            ),
        )
        made.check_inputs()
        return made

    @classmethod
    def parse(cls, predicate: dict[str, Any]) -> Self:
        """Read a predicate, and refuse what the build type does not define.

        Raises:
            ArtifactRefusedError: another build type, an unknown field, another form, or an input without its record.

        """
        definition = predicate.get("buildDefinition")
        if isinstance(definition, dict) and (found := definition.get("buildType")) != BUILD_TYPE:
            raise refused("build-type", f"It is {found!r}.")
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
        """The predicate as JSON has it."""
        return self.model_dump(mode="json", exclude_none=True, by_alias=True)

    @property
    def parameters(self) -> Parameters:
        """What was asked for."""
        return self.build_definition.external_parameters

    @property
    def builder(self) -> str:
        """Who built it."""
        return self.run_details.builder.id

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        """Everything that it was made from."""
        return self.build_definition.resolved_dependencies

    @property
    def datasets(self) -> tuple[Dependency, ...]:
        """The datasets among them."""
        return tuple(each for each in self.dependencies if each.name.startswith(DATASET))

    def check_inputs(self) -> None:
        """Hold the inputs to their records.

        Raises:
            ArtifactRefusedError: there is no dataset, an input has no record, or is another one.
        """
        names = [each.name for each in self.dependencies]
        if len(set(names)) != len(names) or "image" not in names:
            raise refused("provenance-form", "Its dependencies must name one image, and each input once.")
        if not self.datasets:
            raise refused("lineage-missing")
        for each in self.dependencies:
            if not (each.name.startswith(DATASET) or each.name == _BASE_MODEL):
                continue
            if each.annotations is None or not each.sha256:
                raise refused("lineage-missing", f"{each.name} has no record.")
            if each.annotations.kind == "tree" and f"sha256:{each.annotations.tree}" != each.sha256:
                raise refused("dataset-changed", f"{each.name} is sha256:{each.annotations.tree}.")


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
