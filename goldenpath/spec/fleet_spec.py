"""The fleet: the clusters that a platform team runs, what they offer, and the defaults for every tenant."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from goldenpath.accelerators import catalogue_with
from goldenpath.spec.delivery_rules import delivery_problems
from goldenpath.spec.document_model import Document, Model, Rule, SchemaRule
from goldenpath.spec.hints import ChosenFrom, hint
from goldenpath.spec.loopback import is_loopback
from goldenpath.spec.model_builder import Provenance  # noqa: TC001 - pydantic reads it when the class is made
from goldenpath.spec.pool_rules import fleet_problems
from goldenpath.spec.schema_rules import federation_endpoint
from goldenpath.spec.tenant import PodSecurityLevel  # noqa: TC001 - pydantic reads it when the class is made
from goldenpath.spec.types import (
    Bytes,
    Cidr,
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
    KubernetesVersion,
    LabelKey,
    LabelValue,
    ListInput,
    Name,
    OciUrl,
    PinnedImage,
    Port,
    RelativePath,
    ResourcePrefix,
    ServiceAccountRef,
    SpiffePath,
    SpireClass,
    Tag,
    Title,
    TrustDomain,
    Version,
)

if TYPE_CHECKING:
    from goldenpath.accelerators import Catalogue

AddonName = Literal[
    "flux",
    "flux-operator",
    "spire-controller-manager",
    "kueue",
    "keda",
    "kyverno",
    "prometheus-operator",
    "cilium",
    "external-secrets",
    "lws",
    "jobset",
    "kuberay",
    "kubeflow-trainer",
    "gateway-api",
    "gateway-api-inference-extension",
    "llm-d-router",
    "kserve",
]


FLEET_FORMAT: Final = "fleet/v1"


class AddonPlace(Model):
    """Where an add-on is installed, if not where its own manifests put it."""

    namespace: DnsLabel | None = None
    """Namespace."""
    service_accounts: Annotated[tuple[DnsSubdomain, ...], ListInput] | None = None
    """Service accounts of its controllers there."""


class DnsPods(Model):
    """Pods that answer DNS."""

    namespace: DnsLabel = "kube-system"
    """Namespace."""
    labels: Annotated[dict[LabelKey, LabelValue], Field(min_length=1)] = Field(
        default_factory=lambda: {"k8s-app": "kube-dns"}
    )
    """Labels of the Pods."""
    port: Port = 53
    """Port of the Pods, not of their Service."""


class Dns(Model):
    """Where DNS answers: to these, and to no other server, every tenant's Pods may send their questions."""

    pods: Annotated[tuple[DnsPods, ...], ListInput, Field(max_length=8)] = (DnsPods(),)
    """Pods; `k8s-app: kube-dns` in `kube-system` on port 53 where nothing is given."""
    addresses: Annotated[tuple[Cidr, ...], ListInput, Field(max_length=8)] = ()
    """Addresses on port 53: of NodeLocal DNSCache (`169.254.20.10/32`), or of a cloud's own DNS."""


class FleetCompute(Model):
    """What a tenant gets that does not say otherwise."""

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
    """How the identity provider's groups appear in Kubernetes."""

    prefix: GroupPrefix = ""
    """The API server's `--oidc-groups-prefix`."""


class Monitoring(Model):
    """Where metrics are scraped from and read."""

    namespace: DnsLabel
    """Namespace of Prometheus; it may reach every tenant's Pods."""
    prometheus: HttpUrl
    """Address of the Prometheus API."""
    selector: dict[LabelKey, LabelValue] = Field(default_factory=dict)
    """Labels by which Prometheus selects its monitors and rules."""
    files: HttpUrl | None = None
    """Where a browser shows the files of the fleet repository, up to its branch: alerts link their runbooks there. Follows from `repository` where none is given."""


class EndpointPicker(Model):
    """The endpoint picker of inference pools, llm-d Router: it sends each request to the server with the least to do."""

    image: PinnedImage
    """Image with its digest, of llm-d Router 0.9 or later."""
    api_server: Annotated[tuple[Cidr, ...], ListInput, Field(max_length=8)] = ()
    """Networks of the API server, through which pickers watch Pods; needed where the cluster has no Cilium."""


class Prices(Model):
    """What an hour of an accelerator costs inside the organisation."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    """Currency, as ISO 4217 names it: `EUR`."""
    accelerators: Annotated[
        dict[Annotated[str, Field(max_length=124)], Annotated[float, Field(gt=0, le=1_000_000)]],
        Field(min_length=1, max_length=1000),
    ]
    """Price of an hour by profile, or by profile and pool as `profile@pool`."""


class Delivery(Model):
    """Delivery of what clusters apply as signed OCI artifacts, for clusters that do not read Git."""

    registry: OciUrl
    """The registry, and the path below which each cluster has its repositories."""
    tag: Tag = "latest"
    """Tag of its index that each cluster follows."""
    key_secret: DnsSubdomain = "goldenpath-fleet-key"  # noqa: S105 - a name
    """Secret in `flux-system` with the public keys, under names that end in `.pub`."""
    pull_secret: DnsSubdomain | None = None
    """Secret in `flux-system` with credentials for the registry, of type `kubernetes.io/dockerconfigjson`."""

    @property
    def is_on_this_machine(self) -> bool:
        """Whether the registry is on this machine, and so is spoken to without TLS."""
        return is_loopback(self.registry.removeprefix("oci://").partition("/")[0])


class Gateway(Model):
    """Where requests from outside come in."""

    namespace: DnsLabel
    """Namespace of the gateway; it may reach every tenant's Pods."""
    name: DnsSubdomain | None = None
    """Name of the Gateway that tenants' routes attach to; any Gateway of the namespace where none is given."""
    section: DnsSubdomain | None = None
    """Listener of the Gateway that rendered routes name; every listener where none is given."""
    domains: Annotated[tuple[DnsSubdomain, ...], ListInput, Field(max_length=32)] = ()
    """Domains whose hosts tenants may ask for; any where none is given."""
    picker: EndpointPicker | None = None
    """Endpoint picker of inference services, one for each; requests go to their servers in turn where none is given."""


class EngineImage(Model):
    """The image of an inference engine, as the platform team has checked and mirrored it."""

    name: DnsLabel
    """Engine, such as vllm."""
    version: Version
    """Version of the engine in the image."""
    vendor: Literal["nvidia", "amd", "intel"] | None = None
    """Maker of the accelerators that it is built for; any where none is given."""
    image: PinnedImage
    """Image with its digest."""


class Spire(Model):
    """SPIRE, as it is installed on every cluster."""

    class_name: SpireClass = "spire-spire"
    """Class that the SPIRE controller manager watches."""


class Federation(Model):
    """Where a foreign trust domain's bundle is found."""

    schema_rules: ClassVar[tuple[SchemaRule, ...]] = (federation_endpoint,)

    endpoint: HttpUrl
    """Bundle endpoint, over https."""
    profile: Literal["https_web", "https_spiffe"] = "https_spiffe"
    """How the endpoint proves who it is."""
    endpoint_path: SpiffePath = "/spire/server"
    """Path of the endpoint's own SPIFFE ID, for profile https_spiffe."""
    bundle: Annotated[str, Field(max_length=100_000, pattern=r"^\s*\{[ -~\s]*\}\s*$")] | None = None
    """First bundle of the trust domain, as SPIFFE bundle JSON; profile https_spiffe needs one to begin with."""


class Sharing(Model):
    """How one device is shared by several Pods."""

    mode: Literal["time-slicing", "mps", "vgpu"]
    """Sharing mode."""
    replicas: Annotated[int, Field(ge=2, le=128)]
    """How many Pods share one device."""
    rename: bool = False
    """Whether the device plugin renames the resource to `….shared` (`renameByDefault`)."""


class AcceleratorPool(Model):
    """Accelerators of one model, or one slice, on a cluster."""

    profile: Annotated[str, Field(max_length=80), hint(choices=ChosenFrom.KNOWN_ACCELERATORS)]
    """Model, or model and slice, from the catalogue."""
    name: Annotated[DnsLabel, Field(max_length=20)] | None = None
    """Name, where the cluster has several pools of the same profile; `whole`, `shared` or `dra` where none is given."""
    count: Annotated[int, Field(ge=1, le=10_000_000)]
    """How many: devices of a model, or slices of a slice."""
    allocation: Literal["device-plugin", "dra"] = "device-plugin"
    """How Pods get them: by the vendor's device plugin, or by dynamic resource allocation."""
    mig_strategy: Literal["single", "mixed"] | None = None
    """The device plugin's MIG strategy, for slices; mixed where none is given."""
    sharing: Sharing | None = None
    """How each device is shared, if it is."""
    node_labels: dict[LabelKey, LabelValue] = Field(default_factory=dict, max_length=8)
    """Labels of the nodes, where they are not those of the catalogue."""
    lend: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    """How many of them no tenant owns: the queue lends them to tenants that may borrow (needs Kueue)."""


class GitLibrary(Model):
    """Golden paths in a Git repository."""

    git: GitUrl
    """The repository."""
    ref: GitRef
    """Tag, branch or commit; a tag or a commit is fetched once."""
    path: RelativePath = "./"
    """Folder with a folder for each golden path."""


class AcceleratorModels(Model):
    """Models of one vendor that the catalogue lacks, in the form of the catalogue's own files."""

    sources: dict[Annotated[str, Field(max_length=80)], dict[str, Any]] = Field(default_factory=dict)
    """Where each fact was read: `name`, `version`, `section` and `date`, by a key of its own."""
    layouts: dict[Annotated[str, Field(max_length=80)], dict[str, Any]] = Field(default_factory=dict)
    """How many of each partition one device holds, by a name of its own."""
    models: Annotated[dict[Annotated[str, Field(max_length=60)], dict[str, Any]], Field(max_length=200)]
    """The models by id, which begins with the vendor's."""


class Cluster(Model):
    """One cluster: where it is, what runs on it, and what it offers."""

    region: DnsLabel
    """Region."""
    labels: dict[LabelKey, LabelValue] = Field(default_factory=dict)
    """Labels that a placement can select."""
    kubernetes: KubernetesVersion
    """Minor version of Kubernetes."""
    trust_domain: TrustDomain | None = None
    """SPIFFE trust domain; the fleet's where none is given."""
    addons: dict[AddonName, Version] = Field(default_factory=dict)
    """Add-ons and their versions."""
    addon_places: dict[AddonName, AddonPlace] = Field(default_factory=dict)
    """Where add-ons are, if not where their own manifests put them."""
    controllers: Annotated[tuple[ServiceAccountRef, ...], ListInput, Field(max_length=32)] = ()
    """Further controllers that make Pods for tenants, as `namespace/account`; not a tenant's own account."""
    dns: Dns = Dns()
    """Where DNS answers."""
    monitoring: Monitoring | None = None
    """Where metrics are scraped from and read here; the fleet's where none is given."""
    gateway: Gateway | None = None
    """Where requests from outside come in here; the fleet's where none is given."""
    queue_ignores: Annotated[tuple[ResourcePrefix, ...], ListInput, Field(max_length=32)] = (
        "ephemeral-storage",
        "hugepages-",
        "rdma/",
    )
    """Beginnings of resource names that Kueue does not count (its `resources.excludeResourcePrefixes`)."""
    accelerators: Annotated[tuple[AcceleratorPool, ...], ListInput] = ()
    """Accelerators."""
    topology: Annotated[tuple[LabelKey, ...], ListInput, Field(max_length=16)] = ()
    """Node labels from the widest to the narrowest network domain, for topology-aware scheduling."""


AdoptedField = Literal["title", "description", "owner", "contact", "environment", "cost_center", "expires"]


class AdoptionKeys(Model):
    """How namespaces that were made by hand say whose they are."""

    keys: dict[AdoptedField, Annotated[tuple[LabelKey, ...], ListInput, Field(max_length=16)]] = Field(
        default_factory=dict
    )
    """Labels and annotations of a Namespace that say a field of the request (`owner`, `environment`, `cost_center`), before those that are commonly used."""


class FleetSpec(Document):
    """All clusters, and what every tenant gets unless its request says otherwise."""

    noun: ClassVar[str] = "fleet"
    rules: ClassVar[tuple[Rule, ...]] = (fleet_problems, delivery_problems)

    format: Literal["fleet/v1"]
    """Format of this file."""
    golden_path: GoldenPathName = "platform/v1"
    """Golden path and its major version that the platform of each cluster is rendered with."""
    library: Annotated[tuple[GitLibrary, ...], ListInput, Field(max_length=32)] = ()
    """Golden paths from Git repositories, before the built-in ones."""
    golden_paths: dict[GoldenPathName, ExactVersion] = Field(default_factory=dict)
    """The version that new tenants and workloads get, and to which an upgrade goes; the newest where none is given."""
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
    """How clusters get what they apply, where they read a registry and not the fleet repository."""
    layout: Literal["flat", "sharded"] = "flat"
    """Folders of the fleet repository: sharded from a few thousand tenants on."""
    groups: Groups = Groups()
    """How the identity provider's groups appear in Kubernetes."""
    defaults: Defaults = Defaults()
    """Defaults for every tenant."""
    monitoring: Monitoring | None = None
    """Where metrics are scraped from and read."""
    gateway: Gateway | None = None
    """Where requests from outside come in."""
    prices: Prices | None = None
    """List prices, for `goldenpath fleet cost`."""
    engines: Annotated[tuple[EngineImage, ...], ListInput, Field(max_length=64)] = ()
    """Images of inference engines; a service that names no image gets the first for its engine and accelerator."""
    provenance: Provenance | None = None
    """What verifies the inputs of pipelines, and signs what they make."""
    spire: Spire = Spire()
    """SPIRE."""
    federation: dict[TrustDomain, Federation] = Field(default_factory=dict)
    """Foreign trust domains."""
    adoption: AdoptionKeys = AdoptionKeys()
    """What `goldenpath adopt` reads of a namespace."""
    retired: Annotated[tuple[Name, ...], ListInput] = ()
    """Names of tenants that are gone and must not come back."""
    accelerator_models: dict[Literal["nvidia", "amd", "intel"], AcceleratorModels] = Field(
        default_factory=dict
    )
    """Accelerators that the catalogue lacks, by vendor."""
    clusters: dict[DnsLabel, Cluster] = Field(min_length=1)
    """Clusters by name."""

    @cached_property
    def catalogue(self) -> Catalogue:
        """The accelerators that this fleet may name: those that ship with goldenpath, and its own."""
        return catalogue_with(
            {vendor: models.model_dump() for vendor, models in self.accelerator_models.items()}
        )
