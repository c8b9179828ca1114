"""The request of a model pipeline: one run of a training command on inputs that are fixed by digests."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from pydantic import BeforeValidator, Discriminator, Field
from pydantic import Tag as UnionTag

from goldenpath.spec.document_model import Model, OuterRule, Rule
from goldenpath.spec.hints import hint
from goldenpath.spec.inference_rules import granted_accelerators
from goldenpath.spec.pipeline_rules import PIPELINE_RULES, named_builder
from goldenpath.spec.types import (
    Bytes,
    Cpu,
    Digest,
    DnsLabel,
    DnsSubdomain,
    Duration,
    GitUrl,
    ListInput,
    Name,
    OciModelUrl,
    OciUrl,
    PinnedImage,
    RelativePath,
    Revision,
    SecretName,
)
from goldenpath.spec.value_checks import refuse, variant_by_field
from goldenpath.spec.workload import Workload, WorkloadAccelerator

__all__ = [
    "Dataset",
    "DatasetImage",
    "DatasetSnapshot",
    "DatasetVolume",
    "ModelPipeline",
    "PipelineAccelerator",
    "PipelineCode",
]

MOST_CHARS: Final = 200
MOST_DATASETS: Final = 12
"""The record of the hash step has no room for more: Kubernetes keeps 4,096 bytes of a container's termination message."""

DatasetName = Annotated[DnsLabel, Field(max_length=40)]
Argument = Annotated[str, Field(max_length=2000)]


def _scalar(value: Any) -> Any:
    if not isinstance(value, str | int | float) or len(str(value)) > MOST_CHARS:
        raise refuse(
            "hyperparameter", f"must be text of at most {MOST_CHARS} characters, a number, true or false"
        )
    return value


Hyperparameters = dict[
    Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,60}$")],
    Annotated[str | int | float | bool, BeforeValidator(_scalar)],
]


class DatasetImage(Model):
    """A dataset as an OCI artifact, mounted as an image volume."""

    name: DatasetName
    """Name; the dataset is mounted below `/datasets`."""
    oci: OciModelUrl
    """Repository and digest."""


class DatasetSnapshot(Model):
    """A dataset in a VolumeSnapshot; each Pod gets its own volume, restored from the snapshot."""

    name: DatasetName
    """Name; the dataset is mounted below `/datasets`."""
    snapshot: DnsSubdomain
    """VolumeSnapshot in the tenant's namespace."""
    size: Bytes
    """Size of the volume."""
    digest: Digest
    """Tree digest of the dataset (`goldenpath dataset hash`)."""
    storage_class: DnsSubdomain | None = None
    """StorageClass; the cluster's default where none is given."""


class DatasetVolume(Model):
    """A dataset on a volume that others may write to; a finding reports the remaining risk."""

    name: DatasetName
    """Name; the dataset is mounted below `/datasets`."""
    pvc: DnsSubdomain
    """PersistentVolumeClaim in the tenant's namespace."""
    path: RelativePath = "./"
    """Folder of the dataset on the volume."""
    digest: Digest
    """Tree digest of the dataset (`goldenpath dataset hash`)."""


Dataset = Annotated[
    Annotated[DatasetImage, UnionTag("oci")]
    | Annotated[DatasetSnapshot, UnionTag("snapshot")]
    | Annotated[DatasetVolume, UnionTag("pvc")],
    Discriminator(variant_by_field("snapshot", "pvc", default="oci")),
]


class PipelineAccelerator(WorkloadAccelerator):
    """The accelerators of the run."""

    count: Annotated[int, Field(ge=1, le=64)] = 1
    """Number on each node."""
    nodes: Annotated[int, Field(ge=1, le=1024)] = 1
    """Nodes; several need JobSet on the cluster."""


class PipelineCode(Model):
    """Origin of the training code; the run itself uses the image."""

    git: GitUrl
    """Repository."""
    commit: Revision
    """Commit, as 40 hexadecimal digits."""


class PipelineCompute(Model):
    """CPU and memory of each Pod."""

    cpu: Cpu | None = None
    """Cores; four for each accelerator where nothing is given."""
    memory: Bytes | None = None
    """Memory; 32Gi for each accelerator where nothing is given."""
    disk: Bytes = "50Gi"
    """Room for the output on the node."""


class ModelPipeline(Workload):
    """A run that trains a model on datasets."""

    noun: ClassVar[str] = "model pipeline"
    rules: ClassVar[tuple[Rule, ...]] = (*Workload.rules, *PIPELINE_RULES)
    outer_rules: ClassVar[tuple[OuterRule, ...]] = (
        *Workload.outer_rules,
        granted_accelerators,
        named_builder,
    )

    datasets: Annotated[
        tuple[Dataset, ...], ListInput, Field(min_length=1, max_length=MOST_DATASETS), hint(step="Model")
    ]
    """Datasets, each fixed by a digest."""
    base_model: Annotated[OciModelUrl | None, hint(step="Model")] = None
    """Model that the run starts from, with its digest; mounted at `/base-model`."""
    image: Annotated[PinnedImage, hint(step="Model")]
    """Image of the training code, with its digest."""
    command: Annotated[tuple[Argument, ...], ListInput, Field(max_length=64), hint(step="Model")] = ()
    """Command; the image's own where none is given."""
    args: Annotated[tuple[Argument, ...], ListInput, Field(max_length=256), hint(step="Model")] = ()
    """Arguments of the command."""
    hyperparameters: Annotated[Hyperparameters, hint(step="Model")] = Field(
        default_factory=dict, max_length=64
    )
    """Hyperparameters; the command reads them as JSON from the variable `HYPERPARAMETERS`."""
    code: Annotated[PipelineCode | None, hint(step="Model")] = None
    """Origin of the training code."""
    output: Annotated[OciUrl, hint(step="Model")]
    """Repository that the run pushes its model to."""
    run: Annotated[int, Field(ge=1, le=1_000_000), hint(step="Model")] = 1
    """Number of the run: another number runs the same inputs again."""
    time_limit: Annotated[Duration, hint(step="Model")] = "24h"
    """Longest time that the run may take once it has started."""
    push_secret: Annotated[SecretName | None, hint(step="Model")] = None
    """Secret of type `kubernetes.io/dockerconfigjson` with which the run pushes its model."""
    accelerator: Annotated[PipelineAccelerator, hint(step="Compute and accelerators")]
    """Accelerators of the run."""
    compute: Annotated[PipelineCompute, hint(step="Compute and accelerators", short="")] = PipelineCompute()
    """CPU and memory of each Pod."""
    service_account: Annotated[Name | None, hint(step="Identity and network")] = None
    """Service account of the Pods, declared in the tenant's request; the one with the workload's name where none is given."""
