"""The request of one workload, which runs in a tenant's namespace with the tenant's rights and quota."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from goldenpath.spec.document_model import Model
from goldenpath.spec.envelope import Envelope
from goldenpath.spec.fleet_rules import cluster_problems
from goldenpath.spec.hints import ChosenFrom, Frontend, hint
from goldenpath.spec.named_tenant import tenant_problems
from goldenpath.spec.rules import WORKLOAD_RULES
from goldenpath.spec.types import DNS_LABEL, DnsLabel, GroupRef, Name
from goldenpath.spec.value_checks import WORKLOAD_NAME_CHARS, TextFormat, slug

if TYPE_CHECKING:
    from goldenpath.spec.document_model import OuterRule, Rule

__all__ = ["Workload", "WorkloadAccelerator"]

WorkloadName = Annotated[
    str,
    TextFormat(
        rule="dns-label",
        pattern=DNS_LABEL,
        limit=WORKLOAD_NAME_CHARS,
        message="must be a DNS label: lower-case letters, digits and '-', starting and ending with a letter or digit",
        example="chat",
        suggest=lambda value: (slug(value) or "")[:WORKLOAD_NAME_CHARS].rstrip("-") or None,
    ),
]


class WorkloadAccelerator(Model):
    """An accelerator profile of a workload, with its pool."""

    profile: Annotated[str, Field(max_length=80), hint(choices=ChosenFrom.ACCELERATORS)]
    """Model, or model and slice, from the catalogue (`goldenpath profiles`)."""
    pool: Annotated[DnsLabel, Field(max_length=20)] | None = None
    """Which pool, where a cluster has several of the profile."""


class Workload(Envelope):
    """A workload of a tenant: the envelope, and the `inputs` that its golden path declares."""

    noun: ClassVar[str] = "workload"
    rules: ClassVar[tuple[Rule, ...]] = WORKLOAD_RULES
    outer_rules: ClassVar[tuple[OuterRule, ...]] = (cluster_problems, tenant_problems)

    name: Annotated[WorkloadName, hint(step="Who", fixed=True)]
    """Name of the workload, unique among those of its tenant."""
    tenant: Annotated[Name, hint(step="Who", choices=ChosenFrom.TENANTS, fixed=True)]
    """Tenant whose namespace it runs in."""
    owner: Annotated[GroupRef | None, hint(step="Who", choices=ChosenFrom.GROUPS, unasked=Frontend)] = None
    """Backstage group that owns the tenant; the tenant's owner where none is given."""
