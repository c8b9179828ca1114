"""The fleet: its clusters, its delivery, and the defaults of every tenant."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from goldenpath.accelerators import catalogue_with
from goldenpath.spec.cluster_spec import Cluster, Gateway, Monitoring  # noqa: TC001 - pydantic reads them when the class is made
from goldenpath.spec.delivery_rules import delivery_problems
from goldenpath.spec.document_model import Document, Model, Rule, SchemaRule
from goldenpath.spec.loopback import is_loopback
from goldenpath.spec.model_builder import Provenance  # noqa: TC001 - pydantic reads it when the class is made
from goldenpath.spec.pool_rules import fleet_problems
from goldenpath.spec.schema_rules import federation_endpoint
from goldenpath.spec.tenant import PodSecurityLevel  # noqa: TC001 - pydantic reads it when the class is made
from goldenpath.spec.types import (
    Bytes,
    Cpu,
    DnsLabel,
    DnsSubdomain,
    ExactVersion,
    GitRef,
    GitUrl,
    GoldenPathName,
    GroupPrefix,
    HttpUrl,
    ImagePrefix,
    LabelKey,
    ListInput,
    Name,
    OciUrl,
    PinnedImage,
    RelativePath,
    SpiffePath,
    SpireClass,
    Tag,
    Title,
    TrustDomain,
    Version,
)

if TYPE_CHECKING:
    from goldenpath.accelerators import Catalogue

FLEET_FORMAT: Final = "fleet/v1"


class FleetCompute(Model):
    """Compute of a tenant whose request gives none."""

    cpu: Cpu = "16"
    """Cores."""
    memory: Bytes = "64Gi"
    """Memory."""
    storage: Bytes = "200Gi"
    """Storage of all volumes together."""
    pods: Annotated[int, Field(ge=1, le=100_000)] = 100
    """Number of Pods."""


class Defaults(Model):
    """Defaults for every tenant."""

    pod_security: PodSecurityLevel = "restricted"
    """Pod Security Standard."""
    registries: Annotated[tuple[ImagePrefix, ...], ListInput] = ()
    """Registries that images may come from; any where none is given."""
    compute: FleetCompute = FleetCompute()
    """CPU, memory, storage and Pods."""


class Groups(Model):
    """Names of the identity provider's groups in Kubernetes."""

    prefix: GroupPrefix = ""
    """The API server's `--oidc-groups-prefix`."""


class Prices(Model):
    """Prices of accelerators inside the organisation."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    """Currency, as ISO 4217 names it: `EUR`."""
    accelerators: Annotated[
        dict[Annotated[str, Field(max_length=124)], Annotated[float, Field(gt=0, le=1_000_000)]],
        Field(min_length=1, max_length=1000),
    ]
    """Price of an hour by profile, or by profile and pool as `profile@pool`."""


class Delivery(Model):
    """Delivery as signed OCI artifacts, for clusters that do not read Git."""

    registry: OciUrl
    """The registry, and the path above the repositories of each cluster."""
    tag: Tag = "latest"
    """Tag of the index that each cluster follows."""
    key_secret: DnsSubdomain = "goldenpath-fleet-key"  # noqa: S105 - a name
    """Secret in `flux-system` with the public keys, under keys that end in `.pub`."""
    pull_secret: DnsSubdomain | None = None
    """Secret in `flux-system` with credentials for the registry, of type `kubernetes.io/dockerconfigjson`."""

    @property
    def is_on_this_machine(self) -> bool:
        """Whether the registry runs on this machine, so that clients use no TLS."""
        return is_loopback(self.registry.removeprefix("oci://").partition("/")[0])


class EngineImage(Model):
    """The image of an inference engine, as the platform team has checked and mirrored it."""

    name: DnsLabel
    """Engine, such as vllm."""
    version: Version
    """Version of the engine in the image."""
    vendor: Literal["nvidia", "amd", "intel"] | None = None
    """Vendor of the accelerators that it is built for; any where none is given."""
    image: PinnedImage
    """Image with its digest."""


class Spire(Model):
    """The SPIRE installation of every cluster."""

    class_name: SpireClass = "spire-spire"
    """Class that the SPIRE controller manager watches."""


class Federation(Model):
    """The bundle endpoint of a foreign trust domain."""

    schema_rules: ClassVar[tuple[SchemaRule, ...]] = (federation_endpoint,)

    endpoint: HttpUrl
    """Bundle endpoint, over https."""
    profile: Literal["https_web", "https_spiffe"] = "https_spiffe"
    """Authentication of the endpoint."""
    endpoint_path: SpiffePath = "/spire/server"
    """Path of the endpoint's own SPIFFE ID, for profile https_spiffe."""
    bundle: Annotated[str, Field(max_length=100_000, pattern=r"^\s*\{[ -~\s]*\}\s*$")] | None = None
    """First bundle of the trust domain, as SPIFFE bundle JSON; profile https_spiffe needs one to start."""


class GitLibrary(Model):
    """Golden paths in a Git repository."""

    git: GitUrl
    """The repository."""
    ref: GitRef
    """Tag, branch or commit; a tag or a commit is fetched once."""
    path: RelativePath = "./"
    """Folder with a folder for each golden path."""


class AcceleratorModels(Model):
    """Models of one vendor that the catalogue lacks, in the format of the catalogue's own files."""

    sources: dict[Annotated[str, Field(max_length=80)], dict[str, Any]] = Field(default_factory=dict)
    """Sources of the facts by key, each with `name`, `version`, `section` and `date`."""
    layouts: dict[Annotated[str, Field(max_length=80)], dict[str, Any]] = Field(default_factory=dict)
    """Layouts by name, each with the number of every partition on one device."""
    models: Annotated[dict[Annotated[str, Field(max_length=60)], dict[str, Any]], Field(max_length=200)]
    """Models by id; each id begins with the vendor."""


AdoptedField = Literal["title", "description", "owner", "contact", "environment", "cost_center", "expires"]


class AdoptionKeys(Model):
    """Labels and annotations of Namespaces that `goldenpath adopt` reads."""

    keys: dict[AdoptedField, Annotated[tuple[LabelKey, ...], ListInput, Field(max_length=16)]] = Field(
        default_factory=dict
    )
    """Labels and annotations that hold a field of the request (`owner`, `environment`, `cost_center`). They come before the commonly used ones."""


class FleetSpec(Document):
    """All clusters, and the defaults of every tenant."""

    noun: ClassVar[str] = "fleet"
    rules: ClassVar[tuple[Rule, ...]] = (fleet_problems, delivery_problems)

    format: Literal["fleet/v1"]
    """Format of this file."""
    golden_path: GoldenPathName = "platform/v1"
    """Golden path and its major version for the platform of each cluster."""
    library: Annotated[tuple[GitLibrary, ...], ListInput, Field(max_length=32)] = ()
    """Golden paths from Git repositories, before the built-in ones."""
    golden_paths: dict[GoldenPathName, ExactVersion] = Field(default_factory=dict)
    """Version of new tenants and workloads, and of an upgrade, by golden path; the newest where none is given."""
    organisation: Title
    """The organisation."""
    domain: DnsSubdomain
    """The organisation's domain."""
    trust_domain: TrustDomain
    """SPIFFE trust domain of clusters that name none."""
    repository: GitUrl
    """The fleet repository, as Flux reads it."""
    branch: GitRef = "main"
    """Branch of the fleet repository."""
    delivery: Delivery | None = None
    """Delivery through a registry, for clusters that do not read the fleet repository."""
    layout: Literal["flat", "sharded"] = "flat"
    """Folders of the fleet repository: sharded from a few thousand tenants on."""
    groups: Groups = Groups()
    """Names of the identity provider's groups in Kubernetes."""
    defaults: Defaults = Defaults()
    """Defaults for every tenant."""
    monitoring: Monitoring | None = None
    """Prometheus of clusters that name none."""
    gateway: Gateway | None = None
    """Gateway of clusters that name none."""
    prices: Prices | None = None
    """List prices, for `goldenpath fleet cost`."""
    engines: Annotated[tuple[EngineImage, ...], ListInput, Field(max_length=64)] = ()
    """Images of inference engines; a service that names no image gets the first for its engine and accelerator."""
    provenance: Provenance | None = None
    """Builder that verifies the inputs of pipelines, and signs their models."""
    spire: Spire = Spire()
    """SPIRE installation of every cluster."""
    federation: dict[TrustDomain, Federation] = Field(default_factory=dict)
    """Foreign trust domains."""
    adoption: AdoptionKeys = AdoptionKeys()
    """Labels and annotations of Namespaces that `goldenpath adopt` reads."""
    retired: Annotated[tuple[Name, ...], ListInput] = ()
    """Names of removed tenants, which no new tenant may take."""
    accelerator_models: dict[Literal["nvidia", "amd", "intel"], AcceleratorModels] = Field(
        default_factory=dict
    )
    """Accelerators that the catalogue lacks, by vendor."""
    clusters: dict[DnsLabel, Cluster] = Field(min_length=1)
    """Clusters by name."""

    @cached_property
    def catalogue(self) -> Catalogue:
        """The accelerators that this fleet may name: the built-in ones, and its own."""
        return catalogue_with(
            {vendor: models.model_dump() for vendor, models in self.accelerator_models.items()}
        )
