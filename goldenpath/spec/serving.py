"""Rights of one server of a tenant beyond its namespace: host names, callers and destinations."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from goldenpath.spec.document_model import Model, SchemaRule
from goldenpath.spec.hints import hint
from goldenpath.spec.schema_rules import one_of
from goldenpath.spec.types import Cidr, DnsLabel, HostPattern, LabelKey, LabelValue, ListInput, Name, Port

__all__ = ["Call", "Callers", "Egress", "Serving"]


class Egress(Model):
    """One destination outside the cluster: either a host name or a CIDR."""

    schema_rules: ClassVar[tuple[SchemaRule, ...]] = (one_of("host", "cidr"),)

    host: HostPattern | None = None
    """Host name, or `*.` and a domain for every name one level below it (needs Cilium)."""
    cidr: Cidr | None = None
    """Network."""
    port: Port
    """Port; the first one of a range with `end_port`."""
    end_port: Port | None = None
    """Last port of a range."""
    protocol: Literal["TCP", "UDP"] = "TCP"
    """Transport protocol."""

    @property
    def host_match(self) -> str:
        """Cilium's field for the host: `matchPattern` for a wildcard, `matchName` for a name."""
        return "matchPattern" if self.host and self.host.startswith("*.") else "matchName"


class Call(Model):
    """Servers of another tenant that the team's Pods may call; that tenant's `serving` must name the team."""

    tenant: Name
    """Tenant that is called."""
    port: Port
    """Port of its Pods."""


class Callers(Model):
    """Callers of a server, in addition to the team's own Pods and the fleet's gateway."""

    tenants: Annotated[tuple[Name, ...], ListInput, Field(max_length=100), hint(unique=True)] = ()
    """Other tenants; each needs `network.calls` in its own request too."""
    namespaces: Annotated[tuple[DnsLabel, ...], ListInput, Field(max_length=32), hint(unique=True)] = ()
    """Namespaces of the platform."""


class Serving(Model):
    """One server: a workload of the team, or a Service of its own repository."""

    name: DnsLabel
    """Name of the workload, or of the Service in the team's own repository."""
    pods: Annotated[dict[LabelKey, LabelValue], Field(min_length=1, max_length=8)] | None = None
    """Labels of its Pods; those of the workload with this name where none are given."""
    port: Port = 8000
    """Port of its Pods that callers reach."""
    hosts: Annotated[tuple[HostPattern, ...], ListInput, Field(max_length=32), hint(unique=True)] = ()
    """Host names that its routes may have at the fleet's gateway; no other tenant can have them."""
    callers: Callers = Callers()
    """Callers from other namespaces."""
    egress: Annotated[tuple[Egress, ...], ListInput, Field(max_length=100)] = ()
    """Destinations of its Pods alone, for as long as they run, including the destinations of init containers."""
