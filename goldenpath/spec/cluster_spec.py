"""One cluster of a fleet: its add-ons, DNS servers, Prometheus, gateway and accelerators."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from goldenpath.spec.document_model import Model
from goldenpath.spec.hints import ChosenFrom, hint
from goldenpath.spec.types import (
    Cidr,
    DnsLabel,
    DnsSubdomain,
    HttpUrl,
    KubernetesVersion,
    LabelKey,
    LabelValue,
    ListInput,
    PinnedImage,
    Port,
    ResourcePrefix,
    ServiceAccountRef,
    TrustDomain,
    Version,
)

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


class AddonPlace(Model):
    """Place of an add-on that is not where its own manifests install it."""

    namespace: DnsLabel | None = None
    """Namespace."""
    service_accounts: Annotated[tuple[DnsSubdomain, ...], ListInput] | None = None
    """Service accounts of its controllers in that namespace."""


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
    """The DNS servers of a cluster. Tenants' Pods may query these servers and no others."""

    pods: Annotated[tuple[DnsPods, ...], ListInput, Field(max_length=8)] = (DnsPods(),)
    """Pods; `k8s-app: kube-dns` in `kube-system` on port 53 where nothing is given."""
    addresses: Annotated[tuple[Cidr, ...], ListInput, Field(max_length=8)] = ()
    """Addresses on port 53, such as NodeLocal DNSCache (`169.254.20.10/32`) or the DNS of a cloud."""


class Monitoring(Model):
    """The Prometheus that scrapes tenants' metrics."""

    namespace: DnsLabel
    """Namespace of Prometheus; it may reach every tenant's Pods."""
    prometheus: HttpUrl
    """Address of the Prometheus API."""
    selector: dict[LabelKey, LabelValue] = Field(default_factory=dict)
    """Labels by which Prometheus selects its monitors and rules."""
    files: HttpUrl | None = None
    """URL of the files of the fleet repository in a browser, up to its branch: alerts link their runbooks below it. Derived from `repository` where none is given."""


class EndpointPicker(Model):
    """The endpoint picker of inference pools, llm-d Router: it sends each request to the least loaded server."""

    image: PinnedImage
    """Image with its digest, of llm-d Router 0.9 or later."""
    api_server: Annotated[tuple[Cidr, ...], ListInput, Field(max_length=8)] = ()
    """Networks of the API server, through which pickers watch Pods; needed where the cluster has no Cilium."""


class Gateway(Model):
    """The gateway for requests from outside the cluster."""

    namespace: DnsLabel
    """Namespace of the gateway; it may reach every tenant's Pods."""
    name: DnsSubdomain | None = None
    """Name of the Gateway that tenants' routes attach to; any Gateway of the namespace where none is given."""
    section: DnsSubdomain | None = None
    """Listener of the Gateway that rendered routes name; every listener where none is given."""
    domains: Annotated[tuple[DnsSubdomain, ...], ListInput, Field(max_length=32)] = ()
    """Domains whose hosts tenants may request; any where none is given."""
    picker: EndpointPicker | None = None
    """Endpoint picker that each inference service gets; requests go to its servers in turn where none is given."""


class Sharing(Model):
    """Sharing of one device between several Pods."""

    mode: Literal["time-slicing", "mps", "vgpu"]
    """Sharing mode."""
    replicas: Annotated[int, Field(ge=2, le=128)]
    """Number of Pods that share one device."""
    rename: bool = False
    """Whether the device plugin renames the resource to `….shared` (`renameByDefault`)."""


class AcceleratorPool(Model):
    """Accelerators of one model, or one slice, on a cluster."""

    profile: Annotated[str, Field(max_length=80), hint(choices=ChosenFrom.KNOWN_ACCELERATORS)]
    """Model, or model and slice, from the catalogue."""
    name: Annotated[DnsLabel, Field(max_length=20)] | None = None
    """Name, where the cluster has several pools of the same profile; `whole`, `shared` or `dra` where none is given."""
    count: Annotated[int, Field(ge=1, le=10_000_000)]
    """Number of devices, or of slices where the profile is a slice."""
    allocation: Literal["device-plugin", "dra"] = "device-plugin"
    """Allocation to Pods: by the vendor's device plugin, or by dynamic resource allocation."""
    mig_strategy: Literal["single", "mixed"] | None = None
    """The device plugin's MIG strategy, for slices; mixed where none is given."""
    sharing: Sharing | None = None
    """Sharing of each device between Pods."""
    node_labels: dict[LabelKey, LabelValue] = Field(default_factory=dict, max_length=8)
    """Labels of the nodes, where they differ from the catalogue's."""
    lend: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    """Number that no tenant owns and that the queue lends to tenants that may borrow (needs Kueue)."""


class Cluster(Model):
    """One cluster: its region, its add-ons and its accelerators."""

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
    """Places of add-ons that are not where their own manifests install them."""
    controllers: Annotated[tuple[ServiceAccountRef, ...], ListInput, Field(max_length=32)] = ()
    """Further controllers that create Pods for tenants, as `namespace/account`; not a tenant's own account."""
    dns: Dns = Dns()
    """DNS servers."""
    monitoring: Monitoring | None = None
    """Prometheus of this cluster; the fleet's where none is given."""
    gateway: Gateway | None = None
    """Gateway of this cluster; the fleet's where none is given."""
    queue_ignores: Annotated[tuple[ResourcePrefix, ...], ListInput, Field(max_length=32)] = (
        "ephemeral-storage",
        "hugepages-",
        "rdma/",
    )
    """Prefixes of resource names that Kueue does not count (its `resources.excludeResourcePrefixes`)."""
    accelerators: Annotated[tuple[AcceleratorPool, ...], ListInput] = ()
    """Accelerators."""
    topology: Annotated[tuple[LabelKey, ...], ListInput, Field(max_length=16)] = ()
    """Node labels from the widest to the narrowest network domain, for topology-aware scheduling."""
