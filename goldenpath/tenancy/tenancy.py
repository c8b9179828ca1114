"""A tenant on a cluster: its request with the defaults of the fleet and the catalogues applied."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml, names
from goldenpath.engines import ScalingHint, Signal, engine_catalogue
from goldenpath.spec.node_credentials import (
    credential_networks,
    credential_networks_in,
    link_local_in,
    networks_inside,
)
from goldenpath.spec.placement import clusters_of
from goldenpath.spec.ref import Ref
from goldenpath.spec.tenant import OciSource
from goldenpath.spec.types import duration_seconds
from goldenpath.tenancy.example_server import ExampleServer, example_server
from goldenpath.tenancy.monitoring import tenant_rule_group
from goldenpath.tenancy.needed_secrets import NeededSecret, needed_secrets
from goldenpath.tenancy.platform import PRIORITY_CLASSES, Platform
from goldenpath.tenancy.queue import ResourceGroup, accelerator_groups
from goldenpath.tenancy.server_access import ServerAccess
from goldenpath.tenancy.source_account import SourceAccount, source_account
from goldenpath.tenancy.spiffe_identity import WorkloadIdentity, spiffe_id
from goldenpath.tenancy.tenant_accelerators import Grant, accelerator_quota

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.spec.serving import Egress, Serving
    from goldenpath.spec.tenant import Tenant
    from goldenpath.telemetry import RuleGroup

BACKSTAGE_NAME_CHARS: Final = 63

__all__ = ["ComputeLimits", "Tenancy", "tenancies_of"]


@dataclass(frozen=True, slots=True)
class ComputeLimits:
    """The limits for all Pods of the tenant together."""

    cpu: str
    memory: str
    storage: str
    pods: int


NOTHING: Final = ComputeLimits(cpu="0", memory="0", storage="0", pods=0)
"""The limits of a retiring tenant: running Pods keep running, and no Pod starts."""


@dataclass(frozen=True)
class Tenancy:
    """One tenant on one cluster. Each property is computed on first use."""

    tenant: Tenant
    platform: Platform

    @cached_property
    def ref(self) -> Ref:
        return Ref.of_tenant(self.tenant.name)

    @property
    def spec(self) -> Tenant:
        return self.tenant

    @property
    def name(self) -> str:
        """The name of the tenant and of its namespace."""
        return self.tenant.name

    @property
    def fleet(self) -> FleetSpec:
        return self.platform.fleet

    @property
    def cluster_name(self) -> str:
        return self.platform.cluster_name

    @property
    def trust_domain(self) -> str:
        return self.platform.trust_domain

    def has(self, addon: str) -> bool:
        """Whether the cluster has an add-on."""
        return self.platform.has(addon)

    @property
    def catalog_name(self) -> str:
        """The name of this namespace's Backstage Resource. Neither part has a dot, so two never collide."""
        name = f"{self.name}.{self.cluster_name}"
        if len(name) <= BACKSTAGE_NAME_CHARS:
            return name
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        return f"{name[: BACKSTAGE_NAME_CHARS - 9].rstrip('-.')}-{digest}"

    @cached_property
    def cooldown_seconds(self) -> int:
        """How long a scaler waits before it removes the last replica."""
        scaling = self.tenant.autoscaling
        if scaling is not None and scaling.cooldown is not None:
            return math.ceil(duration_seconds(scaling.cooldown))
        return self.hint.cooldown_seconds if self.hint else 0

    @cached_property
    def compute(self) -> ComputeLimits:
        """CPU, memory, storage and Pods from the request, or else from the fleet's defaults."""
        requested, default = self.tenant.compute, self.fleet.defaults.compute
        return ComputeLimits(
            cpu=requested.cpu or default.cpu,
            memory=requested.memory or default.memory,
            storage=requested.storage or default.storage,
            pods=requested.pods or default.pods,
        )

    @cached_property
    def is_retiring(self) -> bool:
        """Whether nothing new may start on this cluster."""
        return self.tenant.is_retiring_on(self.cluster_name)

    @cached_property
    def compute_quota(self) -> ComputeLimits:
        """The limits in the ResourceQuota: :attr:`compute`, or 0 while the tenant retires."""
        return NOTHING if self.is_retiring else self.compute

    @cached_property
    def pod_security(self) -> str:
        """The Pod Security Standard of the namespace."""
        return self.tenant.pod_security or self.fleet.defaults.pod_security

    @cached_property
    def grants(self) -> tuple[Grant, ...]:
        """The accelerators of the tenant on this cluster. A retiring tenant keeps them, because its Pods may still run."""
        return tuple(
            Grant(self.platform.pool(gpu.profile, gpu.pool), gpu.quota, gpu.borrow)
            for gpu in self.tenant.gpus
            if gpu.clusters is None or self.cluster_name in gpu.clusters
        )

    @cached_property
    def accelerator_quota(self) -> dict[str, int]:
        """The ``hard`` of the ResourceQuota for accelerators; all 0 while the tenant retires."""
        grants = () if self.is_retiring else self.grants
        return accelerator_quota(self.platform.quota_keys, grants, borrowing=self.has("kueue"))

    @cached_property
    def accelerator_groups(self) -> tuple[ResourceGroup, ...]:
        """The resource groups of the ClusterQueue for accelerators."""
        return accelerator_groups(self.grants)

    @cached_property
    def identities(self) -> tuple[WorkloadIdentity, ...]:
        """The SPIFFE identities of the declared service accounts."""
        accounts = self.tenant.identity.service_accounts if self.tenant.identity else ()
        return tuple(
            WorkloadIdentity(
                account, spiffe_id(self.trust_domain, self.name, account), f"{self.name}.{account}"
            )
            for account in accounts
        )

    @cached_property
    def federates_with(self) -> tuple[str, ...]:
        """The foreign trust domains of the request, without the cluster's own."""
        requested = self.tenant.identity.federates_with if self.tenant.identity else ()
        return tuple(trust_domain for trust_domain in requested if trust_domain != self.trust_domain)

    @cached_property
    def source_account(self) -> SourceAccount | None:
        """The account that reads the source with an identity of the cloud; None for other sources."""
        return source_account(self.tenant)

    @cached_property
    def needed_secrets(self) -> tuple[NeededSecret, ...]:
        return needed_secrets(self.tenant)

    def groups(self, role: str) -> tuple[str, ...]:
        """Return the Kubernetes names of the groups with a role (``admins``, ``developers`` or ``viewers``)."""
        groups: tuple[str, ...] = getattr(self.tenant.access, role)
        return tuple(f"{self.fleet.groups.prefix}{group}" for group in groups)

    @cached_property
    def egress_networks(self) -> tuple[Egress, ...]:
        return tuple(egress for egress in self.tenant.network.egress if egress.cidr is not None)

    def link_local_in(self, egress: Egress) -> tuple[str, ...]:
        """Return the link-local networks inside a declared network. Golden path 1.0.0 excludes only these."""
        return link_local_in(egress.cidr) if egress.cidr is not None else ()

    def credential_networks_in(self, egress: Egress) -> tuple[str, ...]:
        """Return the networks inside a declared network where a cloud serves the credentials of a node."""
        return credential_networks_in(egress.cidr) if egress.cidr is not None else ()

    @property
    def denied_networks(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Every network where a cloud serves the credentials of a node, with the DNS addresses inside it."""
        dns = self.platform.dns.addresses
        return tuple((network, networks_inside(network, dns)) for network in credential_networks())

    @cached_property
    def egress_hosts(self) -> tuple[Egress, ...]:
        return tuple(egress for egress in self.tenant.network.egress if egress.host is not None)

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """The host names that the tenant's routes may have."""
        return tuple(dict.fromkeys(host for server in self.tenant.serving for host in server.hosts))

    def server(self, name: str) -> Serving | None:
        """Return the entry of ``serving`` for a workload, or None."""
        return next((server for server in self.tenant.serving if server.name == name), None)

    @cached_property
    def servers(self) -> tuple[ServerAccess, ...]:
        """Every entry of ``serving``, for network policies."""
        return tuple(ServerAccess(server) for server in self.tenant.serving)

    @cached_property
    def example_server(self) -> ExampleServer | None:
        """The example server on the team's page; None if the team serves no models."""
        return example_server(self.tenant)

    @property
    def has_server_rules(self) -> bool:
        """Whether `serving` or `network.calls` allow traffic on this cluster."""
        return bool(self.tenant.network.calls) or any(
            server.caller_namespaces or server.egress_networks or (server.egress_hosts and self.has("cilium"))
            for server in self.servers
        )

    @cached_property
    def hint(self) -> ScalingHint | None:
        """The scaling hint, or None if the request has no ``autoscaling``."""
        scaling = self.tenant.autoscaling
        return None if scaling is None else self.hint_for(scaling.workload)

    def hint_for(self, workload: str | None) -> ScalingHint | None:
        """Return the scaling hint for the Pods of one Deployment, or for all Pods of the namespace."""
        scaling = self.tenant.autoscaling
        if scaling is None:
            return None
        engines = engine_catalogue()
        engine = engines.get(scaling.engine.name) if scaling.engine else engines.default
        return engine.hint(
            Signal(scaling.signal),
            version=scaling.engine.version if scaling.engine else None,
            namespace=self.name,
            workload=workload,
            target=scaling.target,
            time_to_first_token=duration_seconds(scaling.time_to_first_token)
            if scaling.time_to_first_token
            else None,
            inter_token_latency=duration_seconds(scaling.inter_token_latency)
            if scaling.inter_token_latency
            else None,
        )

    @cached_property
    def rules(self) -> RuleGroup:
        """The rule group with the tenant's alerts."""
        return tenant_rule_group(self)

    @cached_property
    def alert_names(self) -> tuple[str, ...]:
        """Names of the alerts; empty if no Prometheus Operator reads them."""
        return self.rules.alert_names if self.platform.has_alerts else ()

    @cached_property
    def gpu_models(self) -> tuple[str, ...]:
        """``resource|label=value`` of each granted model with a resource name that several models share."""
        return tuple(
            f"{grant.pool.resource}|{label}={value}"
            for grant in self.grants
            if grant.pool.resource in self.platform.shared_resources
            for label, value in self.platform.telling_labels(grant.pool)
        )

    @cached_property
    def labels(self) -> dict[str, str]:
        """Labels of every object of the tenant."""
        return {names.TENANT: self.name, "app.kubernetes.io/managed-by": "goldenpath"}

    @property
    def workload_account(self) -> str:
        """The account in Flux's namespace that applies the tenant's workloads with the tenant's rights."""
        return f"{names.WORKLOAD_ACCOUNT_PREFIX}{self.name}"

    def words(self, everywhere: Sequence[Tenancy]) -> dict[str, Any]:
        return {
            "name": self.name,
            "namespace": kubeyaml.scalar(self.name),
            "tenant": self.tenant,
            "tenancy": self,
            "tenancies": everywhere,
        }

    @cached_property
    def policy_parameters(self) -> dict[str, str]:
        """The annotations of the Namespace that admission policies read, as in golden path 1.0.0."""
        parameters: Mapping[str, tuple[str, ...]] = {
            names.ACCELERATORS: tuple(
                dict.fromkeys(grant.pool.resource for grant in self.grants if not grant.pool.dra)
            ),
            names.DEVICE_CLASSES: tuple(grant.pool.name for grant in self.grants if grant.pool.dra),
            names.GPU_MODELS: self.gpu_models,
            names.POLICY_EXCEPTIONS: tuple(exception.policy for exception in self.tenant.exceptions),
            names.PRIORITY_CLASSES: tuple(priority.name for priority in PRIORITY_CLASSES),
            names.QUEUE: (self.name,) if self.has("kueue") else (),
            names.REGISTRIES: self.fleet.defaults.registries,
            names.SERVICE_ACCOUNT: (f"{self.name}-reconciler",),
        }
        return {key: ",".join(values) for key, values in sorted(parameters.items()) if values}

    @cached_property
    def namespace_parameters(self) -> dict[str, str]:
        """The annotations since golden path 1.1.0, with parameters for routes, scalers, models and sources."""
        parameters = (
            self.policy_parameters
            | self.serving_parameters
            | self.provenance_parameters
            | self.source_parameters
        )
        return dict(sorted(parameters.items()))

    @cached_property
    def provenance_parameters(self) -> dict[str, str]:
        """The parameters of the policies for models and runs; empty if the fleet names no builder."""
        builder = self.fleet.provenance
        if builder is None:
            return {}
        return {names.HASH_IMAGE: builder.image, **({names.MODELS: "by-digest"} if builder.required else {})}

    @cached_property
    def serving_parameters(self) -> dict[str, str]:
        """The allowed hosts and Gateways of routes, and the allowed Prometheus of scalers. A value may be empty."""
        parameters: dict[str, str] = {}
        if self.platform.gateway is not None:
            parameters[names.HOSTS] = ",".join(self.hosts)
            parameters[names.GATEWAYS] = self.platform.gateway_reference
        if self.has("keda"):
            monitoring = self.platform.monitoring
            parameters[names.PROMETHEUS] = monitoring.prometheus.rstrip("/") if monitoring is not None else ""
        return parameters

    @cached_property
    def source_parameters(self) -> dict[str, str]:
        """The URL and required signer of the tenant's verified source; empty without verification."""
        source = self.tenant.source
        if not self.has("flux") or not isinstance(source, OciSource) or source.verify is None:
            return {}
        verify = source.verify
        if verify.identity is not None:
            signer = f"{verify.provider} identity {verify.identity.issuer} {verify.identity.subject}"
        else:
            signer = f"{verify.provider} secret {verify.secret}"
        return {names.SOURCE: self.name, names.SOURCE_URL: source.oci, names.SOURCE_SIGNER: signer}


def tenancies_of(tenant: Tenant, platforms: Mapping[str, Platform]) -> tuple[Tenancy, ...]:
    """Return the tenant on each of its clusters, in the order of the request (see :func:`platforms_of`)."""
    fleet = next(iter(platforms.values())).fleet
    return tuple(Tenancy(tenant, platforms[cluster]) for cluster in clusters_of(tenant, fleet))
