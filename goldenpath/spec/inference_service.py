"""The request of an inference service: a model that is served to callers in a tenant's namespace."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field
from pydantic import Tag as UnionTag

from goldenpath.spec.document_model import Model, OuterRule, Rule
from goldenpath.spec.hints import ChosenFrom, hint
from goldenpath.spec.inference_rules import INFERENCE_RULES, granted_accelerators, known_engine_images
from goldenpath.spec.tenant import SignalName  # noqa: TC001 - pydantic reads it when the class is made
from goldenpath.spec.types import (
    Bytes,
    Cpu,
    Digest,
    DnsLabel,
    DnsSubdomain,
    Duration,
    HostName,
    HttpUrl,
    HubRepository,
    ModelName,
    Name,
    OciModelUrl,
    PinnedImage,
    Rate,
    RelativePath,
    Revision,
    S3Url,
    SecretName,
    Version,
)
from goldenpath.spec.value_checks import variant_by_field
from goldenpath.spec.workload import Workload, WorkloadAccelerator

__all__ = [
    "Goal",
    "HubModel",
    "InferenceService",
    "ModelSource",
    "OciModel",
    "Replicas",
    "S3Model",
    "ServedModel",
    "ServingEngine",
    "VolumeModel",
]

WeightsFolder = RelativePath
Count = Annotated[int, Field(ge=1, le=1024)]
Degree = Annotated[int, Field(ge=1, le=1024)]
Tokens = Annotated[int, Field(ge=1, le=10_000_000)]
Arguments = dict[
    Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,60}$")],
    Annotated[str, Field(max_length=1000)] | int | float | bool,
]


class OciModel(Model):
    """Weights as an OCI artifact, mounted as an image volume."""

    oci: OciModelUrl
    """Repository and digest."""
    path: WeightsFolder = "./"
    """Folder of the weights in the artifact."""


class HubModel(Model):
    """Weights of the Hugging Face Hub, downloaded before the server starts."""

    hf: HubRepository
    """Repository."""
    revision: Revision
    """Commit; the download fails where the Hub returns another commit, or a file does not match the Hub's digest."""
    secret: SecretName | None = None
    """Secret with the access token, under the key `token`."""


class S3Model(Model):
    """Weights in an S3 bucket, downloaded before the server starts."""

    s3: S3Url
    """Bucket and prefix."""
    digest: Digest
    """Digest of the file `SHA256SUMS` below the prefix, which lists every file of the model."""
    endpoint: HttpUrl | None = None
    """Address of the S3 API; Amazon's where none is given."""
    secret: SecretName | None = None
    """Secret with `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`."""


class VolumeModel(Model):
    """Weights on an existing volume, mounted read-only."""

    pvc: DnsSubdomain
    """PersistentVolumeClaim in the tenant's namespace."""
    path: WeightsFolder = "./"
    """Folder of the weights on the volume."""
    digest: Digest
    """Digest of the file `SHA256SUMS` in that folder, which lists every file of the model."""


ModelSource = Annotated[
    Annotated[OciModel, UnionTag("oci")]
    | Annotated[HubModel, UnionTag("hf")]
    | Annotated[S3Model, UnionTag("s3")]
    | Annotated[VolumeModel, UnionTag("pvc")],
    Discriminator(variant_by_field("hf", "s3", "pvc", default="oci")),
]


class ServedModel(Model):
    """The model, and the source of its weights."""

    name: Annotated[ModelName, hint(choices=ChosenFrom.MODELS)]
    """Name that callers send as `model`; a model of the catalogue, or any other."""
    source: ModelSource
    """Source of the weights, fixed by a digest or a commit."""
    base: Annotated[ModelName | None, hint(choices=ChosenFrom.MODELS)] = None
    """Model of the catalogue with the same architecture, where the catalogue lacks the name; the original of a fine-tuned model."""
    precision: Literal["bf16", "fp16", "fp8", "int8", "int4", "mxfp4", "nvfp4"] | None = None
    """Precision of the weights at the source; that of the catalogue's checkpoint where none is given."""
    kv_precision: Literal["bf16", "fp8"] | None = None
    """Precision of the KV cache; 16 bit where none is given."""
    context: Tokens | None = None
    """Longest input and output together, in tokens; at most 8,192 where none is given."""


class ReplicaAccelerators(WorkloadAccelerator):
    """The accelerators of one replica."""

    count: Count | None = None
    """Number for one replica; as many as the model needs where none is given."""
    per_node: Annotated[int, Field(ge=1, le=64)] = 8
    """Number on one node; a replica with more spans several nodes."""


class ServingEngine(Model):
    """The inference engine."""

    name: Annotated[DnsLabel, hint(choices=ChosenFrom.ENGINES)] = "vllm"
    """Engine, such as vllm."""
    version: Version | None = None
    """Version; that of the fleet's image, else the catalogue's default."""
    image: PinnedImage | None = None
    """Image with its digest; the fleet's for this engine and accelerator where none is given."""
    arguments: Arguments = Field(default_factory=dict, max_length=32)
    """Further arguments of the engine, without `--`; the reference lists the allowed ones."""


class ModelParallelism(Model):
    """How one replica spreads the model over its accelerators; derived where it is not given."""

    tensor: Degree = 1
    """Accelerators that share each layer."""
    pipeline: Degree = 1
    """Stages that the layers are divided into."""
    data: Degree = 1
    """Groups of a mixture of experts, each with its own attention and KV cache."""
    expert: bool = False
    """Whether the experts are spread over all accelerators of the replica."""


class Goal(Model):
    """The traffic, and how fast answers must be. The accelerators of a replica and the target of the scaler follow from it."""

    requests: Rate
    """Rate of requests, such as `4/s` or `30/min`."""
    input_tokens: Tokens
    """Mean length of a prompt."""
    output_tokens: Tokens
    """Mean length of an answer."""
    peak: Rate | None = None
    """Rate of a sudden peak, such as `16/s`: enough replicas are kept to take it until another one has started."""
    time_to_first_token: Duration | None = None
    """Mean time to the first token."""
    inter_token_latency: Duration | None = None
    """Mean time between tokens."""


class Replicas(Model):
    """Number of replicas."""

    min: Annotated[int, Field(ge=0, le=1000)] = 1
    """Fewest."""
    max: Annotated[int, Field(ge=1, le=1000)] = 1
    """Most."""


class Scaling(Model):
    """Signal of the scaler, where it does not follow from the goal."""

    signal: SignalName | None = None
    """Metric that shows when more replicas are needed."""
    target: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] | None = None
    """Amount of the signal that one replica can take."""


class Expose(Model):
    """A name at the fleet's gateway."""

    host: HostName
    """Host name; the tenant's request must list it under `serving`."""


class ServerCompute(Model):
    """CPU and memory of each Pod."""

    cpu: Cpu | None = None
    """Cores; two, and two more for each accelerator, where nothing is given."""
    memory: Bytes | None = None
    """Memory; 16Gi for each accelerator where nothing is given."""


class InferenceService(Workload):
    """A model that is served for a tenant."""

    noun: ClassVar[str] = "inference service"
    rules: ClassVar[tuple[Rule, ...]] = (*Workload.rules, *INFERENCE_RULES)
    outer_rules: ClassVar[tuple[OuterRule, ...]] = (
        *Workload.outer_rules,
        granted_accelerators,
        known_engine_images,
    )

    model: Annotated[ServedModel, hint(step="Model")]
    """Model, and the source of its weights."""
    accelerator: Annotated[ReplicaAccelerators, hint(step="Compute and accelerators")]
    """Accelerators of one replica."""
    engine: Annotated[ServingEngine, hint(step="Model")] = ServingEngine()
    """Inference engine."""
    parallelism: Annotated[ModelParallelism | None, hint(step="Compute and accelerators")] = None
    """How one replica spreads the model over its accelerators."""
    compute: Annotated[ServerCompute, hint(step="Compute and accelerators", short="")] = ServerCompute()
    """CPU and memory of each Pod."""
    goal: Annotated[Goal | None, hint(step="Scaling")] = None
    """Traffic, and how fast answers must be."""
    replicas: Annotated[Replicas, hint(step="Scaling")] = Replicas()
    """Number of replicas."""
    scaling: Annotated[Scaling, hint(step="Scaling")] = Scaling()
    """Signal of the scaler."""
    longest_answer: Annotated[Duration, hint(step="Scaling")] = "5m"
    """Longest time that one answer may take; a stopping server finishes its answers first."""
    expose: Annotated[Expose | None, hint(step="Identity and network")] = None
    """Name at the fleet's gateway."""
    service_account: Annotated[Name | None, hint(step="Identity and network")] = None
    """Service account of the Pods, declared in the tenant's request; the one with the workload's name where none is given."""
