"""What a request asks that its cluster cannot give, and what the request's own dates say.

Nothing here is bad input: the request renders, and a person should know what it will not do.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from goldenpath.findings import Finding, Severity
from goldenpath.policies import policies
from goldenpath.spec.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.manifests import ManifestObject
    from goldenpath.spec.tenant import Tenant
    from goldenpath.tenancy import Tenancy

__all__ = ["check_addons", "check_expiry", "check_overrides"]

WARN_BEFORE: Final = dt.timedelta(days=30)


def _finding(tenancy: Tenancy, rule: str, severity: Severity, field: str, message: str, fix: str) -> Finding:
    place = f"Tenant {tenancy.name} on {tenancy.cluster_name}"
    return Finding(file="", object=place, field=field, rule=rule, severity=severity, message=message, fix=fix)


def check_addons(tenancy: Tenancy) -> Iterator[Finding]:
    """What was asked and needs an add-on that the cluster does not run."""
    tenant, where = tenancy.tenant, tenancy.cluster_name

    def missing(addon: str, severity: Severity, field: str, message: str, fix: str = "") -> Iterator[Finding]:
        if not tenancy.has(addon):
            remedy = fix or f"Install {addon} on {where} and name it under `addons` in the fleet."
            yield _finding(tenancy, f"addon-missing/{addon}", severity, field, message, remedy)

    yield from missing(
        "flux", Severity.WARNING, "clusters", f"{where} has no Flux: nothing applies what is rendered here"
    )
    if tenancy.grants:
        borrows = any(grant.borrow for grant in tenancy.grants)
        message = f"{where} has no Kueue: no queue is written, and the quota alone holds" + (
            ", without what would be borrowed" if borrows else ""
        )
        yield from missing("kueue", Severity.WARNING if borrows else Severity.NOTE, "gpus", message)
    if tenancy.identities:
        yield from missing(
            "spire-controller-manager",
            Severity.WARNING,
            "identity",
            f"{where} has no SPIRE controller manager: the accounts are made, but get no SPIFFE identity",
        )
    if tenancy.egress_hosts:
        hosts = ", ".join(str(egress.host) for egress in tenancy.egress_hosts)
        yield from missing(
            "cilium",
            Severity.WARNING,
            "network.egress",
            f"{where} has no Cilium, without which a host name cannot be let through: {hosts} cannot be reached",
            "Give the networks as `cidr`, or install Cilium and name it under `addons` in the fleet.",
        )
    if tenancy.hint is not None:
        yield from _scaling(tenancy)
        yield from missing(
            "keda",
            Severity.NOTE,
            "autoscaling",
            f"{where} has no KEDA: the hints are written, without a ScaledObject example",
        )
    yield from _federation(tenancy)
    for index, secret in enumerate(tenant.secrets):
        if secret.provider == "external-secrets":
            yield from missing(
                "external-secrets",
                Severity.WARNING,
                f"secrets[{index}]",
                f"{where} has no External Secrets operator: Secret {secret.name} must come another way",
            )


def _scaling(tenancy: Tenancy) -> Iterator[Finding]:
    hint, where, asked = tenancy.hint, tenancy.cluster_name, tenancy.tenant.autoscaling
    if hint is None or asked is None:
        return
    if not tenancy.has("prometheus-operator") or tenancy.fleet.monitoring is None:
        default = f"threshold {hint.threshold} ({hint.unit}), and {max(asked.min_replicas, 1)} replica(s) while the metric cannot be read"
        message = f"{where} has no Prometheus operator, so nothing collects {hint.metric} for signal `{asked.signal}`; the hints stand with their default: {default}"
        fix = f"Collect the metric on {where}, or keep the number of replicas fixed there."
        yield _finding(
            tenancy, "addon-missing/prometheus-operator", Severity.WARNING, "autoscaling.signal", message, fix
        )
    if asked.min_replicas < hint.min_replicas:
        message = f"{hint.engine} gives {hint.metric} itself, so at {asked.min_replicas} replicas nothing is left to wake it"
        fix = f"Set min_replicas to {hint.min_replicas}, or add a trigger of your own that counts requests before the engine."
        yield _finding(tenancy, "scale-from-zero", Severity.WARNING, "autoscaling.min_replicas", message, fix)


def _federation(tenancy: Tenancy) -> Iterator[Finding]:
    for trust_domain in tenancy.federates_with:
        if trust_domain not in tenancy.fleet.federation:
            message = f"no bundle endpoint is known for {trust_domain}: SPIRE refuses entries that federate with it, so no account gets an identity"
            fix = f"Add {trust_domain} with its endpoint under `federation` in the fleet, or remove it."
            yield _finding(
                tenancy, "federation-without-bundle", Severity.ERROR, "identity.federates_with", message, fix
            )


def check_overrides(tenancy: Tenancy, objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    """Overrides that change nothing, and exceptions from policies that do not exist."""
    there = {(item.kind, item.name) for item in objects}
    for index, override in enumerate(tenancy.tenant.overrides):
        if (override.kind, override.name) not in there:
            names = [name for kind, name in there if kind == override.kind]
            near = nearest(override.name, names)
            hint = f"Name {near}." if near else f"Objects of this kind: {', '.join(sorted(names)) or 'none'}."
            message = f"there is no {override.kind} {override.name} on {tenancy.cluster_name} for this override to change"
            yield _finding(
                tenancy, "override-without-object", Severity.WARNING, f"overrides[{index}]", message, hint
            )
    known = [policy.id for policy in policies()]
    for index, exception in enumerate(tenancy.tenant.exceptions):
        if exception.policy not in known:
            near = nearest(exception.policy, known)
            fix = f"Name {near}." if near else f"Policies: {', '.join(known)}."
            yield _finding(
                tenancy,
                "unknown-policy",
                Severity.ERROR,
                f"exceptions[{index}].policy",
                f"{exception.policy} is no policy",
                fix,
            )


def check_expiry(tenant: Tenant, today: dt.date) -> Iterator[Finding]:
    """Dates of the request that are past, or will be within thirty days."""
    dates = [("expires", "the tenant is no longer needed", tenant.expires)] if tenant.expires else []
    dates += [
        (f"overrides[{i}].expires", f"the override of {o.kind} {o.name} ends", o.expires)
        for i, o in enumerate(tenant.overrides)
    ]
    dates += [
        (f"exceptions[{i}].expires", f"the exception from policy {e.policy} ends", e.expires)
        for i, e in enumerate(tenant.exceptions)
    ]
    for field, what, day in dates:
        if day is None or day - today > WARN_BEFORE:
            continue
        past = day < today
        yield Finding(
            file="",
            object=f"Tenant {tenant.name}",
            field=field,
            rule="expired" if past else "expires-soon",
            severity=Severity.ERROR if past else Severity.WARNING,
            message=f"{what} on {day.isoformat()}, which is {'past' if past else 'near'}",
            fix="Remove it, or agree on a later date.",
        )
