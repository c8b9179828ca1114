"""Checks a valid request against its cluster, and the dates in it.

The findings name fields that have no effect, or a limited effect, on the cluster.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from goldenpath.addons import version_of
from goldenpath.check.finding_factory import request_finding
from goldenpath.findings import Finding, Severity
from goldenpath.policies import policies
from goldenpath.spec.envelope import Envelope
from goldenpath.spec.list_edits import has_target, place_of
from goldenpath.spec.nearest import nearest
from goldenpath.spec.tenant import Tenant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.manifests import ManifestObject
    from goldenpath.spec.override import Override
    from goldenpath.spec.serving import Egress
    from goldenpath.tenancy import Resolved, Tenancy
    from goldenpath.tenancy.tenant_accelerators import Grant

__all__ = ["check_addons", "check_exceptions", "check_expiry", "check_overrides"]

WARN_BEFORE: Final = dt.timedelta(days=30)
_ACCOUNTS_WITHOUT_GATE: Final = (2, 10)
"""The first Flux version without a feature gate for accounts of sources (source-controller 1.10, October 2026)."""


def check_addons(tenancy: Tenancy) -> Iterator[Finding]:
    """Find fields that need an add-on that the cluster does not have."""
    where = tenancy.cluster_name
    yield from _missing(tenancy, "flux", "clusters", f"{where} has no Flux, so nothing applies the manifests")
    if tenancy.grants:
        yield from _queue(tenancy)
        yield from _shared_names(tenancy)
    if tenancy.identities:
        message = f"{where} has no SPIRE controller manager: the service accounts exist, but have no SPIFFE identity"
        if tenancy.federates_with:
            message += f", and cannot verify identities of {', '.join(tenancy.federates_with)}"
        yield from _missing(tenancy, "spire-controller-manager", "identity", message)
    yield from _egress_hosts(tenancy, "network.egress", tenancy.egress_hosts)
    for index, server in enumerate(tenancy.servers):
        yield from _egress_hosts(tenancy, f"serving[{index}].egress", server.egress_hosts)
        if server.serving.hosts and tenancy.platform.gateway is None:
            message = f"{where} has no gateway, so no route serves {', '.join(server.serving.hosts)}"
            fix = f"Name the `gateway` of {where} in the fleet, or remove the hosts."
            field = f"serving[{index}].hosts"
            yield request_finding(tenancy, "gateway-missing", Severity.WARNING, field, message, fix=fix)
    if tenancy.hint is not None:
        yield from _scaling(tenancy)
    yield from _federation(tenancy)
    yield from _source_account(tenancy)
    for index, secret in enumerate(tenancy.tenant.secrets):
        if secret.provider == "external-secrets":
            message = f"{where} has no External Secrets operator, so nothing creates Secret {secret.name}"
            yield from _missing(tenancy, "external-secrets", f"secrets[{index}]", message)


def _missing(
    tenancy: Tenancy,
    addon: str,
    field: str,
    message: str,
    *,
    severity: Severity = Severity.WARNING,
    fix: str = "",
) -> Iterator[Finding]:
    if not tenancy.has(addon):
        remedy = fix or f"Install {addon} on {tenancy.cluster_name} and name it under `addons` in the fleet."
        yield request_finding(tenancy, f"addon-missing/{addon}", severity, field, message, fix=remedy)


def _egress_hosts(tenancy: Tenancy, field: str, destinations: Sequence[Egress]) -> Iterator[Finding]:
    if destinations:
        hosts = ", ".join(str(egress.host) for egress in destinations)
        message = f"{tenancy.cluster_name} has no Cilium, and only Cilium allows egress by host name: Pods cannot reach {hosts}"
        fix = "Name the networks as `cidr`, or install Cilium and name it under `addons` in the fleet."
        yield from _missing(tenancy, "cilium", field, message, fix=fix)


def _queue(tenancy: Tenancy) -> Iterator[Finding]:
    message = f"{tenancy.cluster_name} has no Kueue, so the tenant has a quota and no queue"
    severity = Severity.NOTE
    if any(grant.borrow for grant in tenancy.grants):
        message += ", and cannot borrow"
        severity = Severity.WARNING
    yield from _missing(tenancy, "kueue", "gpus", message, severity=severity)


def _shared_names(tenancy: Tenancy) -> Iterator[Finding]:
    """Find accelerator models that share one quota key. Only the flavors of a queue can limit each model."""
    by_resource: defaultdict[str, list[Grant]] = defaultdict(list)
    if not tenancy.has("kueue"):
        for grant in tenancy.grants:
            by_resource[grant.pool.resource].append(grant)
    for resource, grants in by_resource.items():
        if len(grants) > 1:
            quotas = " and ".join(f"{grant.quota} of {grant.pool.id}" for grant in grants)
            message = (
                f"{quotas} share one quota key on {tenancy.cluster_name}, requests.{resource}: without Kueue it "
                f"limits their sum to {sum(grant.quota for grant in grants)}, and no model by itself"
            )
            fix = f"Ask for one model there (`clusters`), or install Kueue on {tenancy.cluster_name} and name it under `addons`."
            yield request_finding(
                tenancy, "shared-name-without-queue", Severity.ERROR, "gpus", message, fix=fix
            )


def _scaling(tenancy: Tenancy) -> Iterator[Finding]:
    hint, where, scaling = tenancy.hint, tenancy.cluster_name, tenancy.tenant.autoscaling
    if hint is None or scaling is None:
        return
    if not tenancy.has("prometheus-operator") or tenancy.platform.monitoring is None:
        lacking = (
            "the fleet names no `monitoring` for it"
            if tenancy.has("prometheus-operator")
            else "it has no Prometheus operator"
        )
        message = (
            f"nothing on {where} collects {hint.metric} for signal `{scaling.signal}`, because {lacking}; the hints "
            f"have their defaults: threshold {hint.threshold} ({hint.unit}), and "
            f"{max(scaling.min_replicas, 1)} replica(s) while the metric is missing"
        )
        fix = f"Collect the metric on {where}, or keep the number of replicas fixed there."
        rule = "addon-missing/prometheus-operator"
        yield request_finding(tenancy, rule, Severity.WARNING, "autoscaling.signal", message, fix=fix)
    if scaling.min_replicas < hint.min_replicas:
        message = f"{hint.engine} exports {hint.metric} itself, so at {scaling.min_replicas} replicas no signal can start one"
        fix = f"Set min_replicas to {hint.min_replicas}, or add a trigger that counts requests in front of the engine."
        yield request_finding(
            tenancy, "scale-from-zero", Severity.WARNING, "autoscaling.min_replicas", message, fix=fix
        )
    message = f"{where} has no KEDA, so the hints have no ScaledObject example"
    yield from _missing(tenancy, "keda", "autoscaling", message, severity=Severity.NOTE)


def _federation(tenancy: Tenancy) -> Iterator[Finding]:
    for trust_domain in tenancy.federates_with:
        if trust_domain not in tenancy.fleet.federation:
            message = (
                f"the fleet has no bundle endpoint for {trust_domain}: SPIRE refuses entries that federate with it, "
                "so no account has an identity"
            )
            fix = f"Add {trust_domain} with its endpoint under `federation` in the fleet, or remove it."
            rule, field = "federation-without-bundle", "identity.federates_with"
            yield request_finding(tenancy, rule, Severity.ERROR, field, message, fix=fix)


def _source_account(tenancy: Tenancy) -> Iterator[Finding]:
    """Before Flux 2.10, a source has its own account only if a feature gate is on."""
    account, flux = tenancy.source_account, tenancy.platform.cluster.addons.get("flux")
    if account is not None and flux is not None and version_of(flux) < _ACCOUNTS_WITHOUT_GATE:
        message = (
            f"Flux {flux} on {tenancy.cluster_name} reads the source as account {account.name} only with the feature "
            "gate ObjectLevelWorkloadIdentity; without the gate, it cannot read the source"
        )
        fix = (
            "Start source-controller with --feature-gates=ObjectLevelWorkloadIdentity=true, or use Flux 2.10."
        )
        yield request_finding(tenancy, "feature-gate", Severity.NOTE, "source.provider", message, fix=fix)


def check_overrides(resolved: Resolved, objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    """Find overrides, and list edits of overrides, that change nothing."""
    overrides = resolved.spec.overrides if isinstance(resolved.spec, Envelope) else ()
    rendered = {(item.kind, item.name) for item in objects} if overrides else set()
    for index, override in enumerate(overrides):
        if not override.is_on(resolved.cluster_name):
            continue
        field = f"overrides[{index}]"
        if (override.kind, override.name) not in rendered:
            names = sorted(name for kind, name in rendered if kind == override.kind)
            near = nearest(override.name, names)
            fix = f"Name {near}." if near else f"Objects of this kind: {', '.join(names) or 'none'}."
            message = f"changes nothing: the request renders no {override.kind} {override.name} on {resolved.cluster_name}"
            yield request_finding(
                resolved, "override-without-object", Severity.WARNING, field, message, fix=fix
            )
            continue
        for item in objects:
            if (item.kind, item.name) == (override.kind, override.name):
                yield from _edits_without_target(resolved, field, override, item)


def _edits_without_target(
    resolved: Resolved, field: str, override: Override, item: ManifestObject
) -> Iterator[Finding]:
    for index, edit in enumerate(override.items):
        if not has_target(item.body, edit):
            message = f"changes nothing: {item} on {resolved.cluster_name} has nothing at {place_of(edit.at)}"
            fix = "Name a place that the rendered object has, or remove the edit."
            where = f"{field}.items[{index}]"
            yield request_finding(
                resolved, "override-without-item", Severity.WARNING, where, message, fix=fix
            )


def check_exceptions(tenancy: Tenancy) -> Iterator[Finding]:
    """Find exceptions from policies that do not exist."""
    known = [policy.id for policy in policies()]
    for index, exception in enumerate(tenancy.tenant.exceptions):
        if exception.policy not in known:
            near = nearest(exception.policy, known)
            fix = f"Name {near}." if near else f"Policies: {', '.join(known)}."
            field, message = f"exceptions[{index}].policy", f"{exception.policy} is not a policy"
            yield request_finding(tenancy, "unknown-policy", Severity.ERROR, field, message, fix=fix)


def first_end(spec: Envelope) -> dt.date | None:
    """Return the first expiry date in the request, or None."""
    return min((day for _, _, day in _ends(spec)), default=None)


def ends_soon(day: dt.date, today: dt.date) -> bool:
    """Whether a day is past, or at most thirty days away."""
    return day - today <= WARN_BEFORE


def _ends(spec: Envelope) -> Iterator[tuple[str, str, dt.date]]:
    """Yield the field, description and day of each expiry."""
    # The expiry of a retiring request is already handled.
    if spec.expires is not None and spec.retiring is not True:
        yield "expires", f"the {spec.noun} expires", spec.expires
    for i, override in enumerate(spec.overrides):
        event = f"the override of {override.kind} {override.name} expires"
        yield f"overrides[{i}].expires", event, override.expires
    for i, exception in enumerate(spec.exceptions if isinstance(spec, Tenant) else ()):
        event = f"the exception from policy {exception.policy} expires"
        yield f"exceptions[{i}].expires", event, exception.expires


def check_expiry(spec: Envelope, today: dt.date) -> Iterator[Finding]:
    """Find dates of the request that are past, or at most thirty days away."""
    noun = spec.noun
    for field, event, day in _ends(spec):
        if not ends_soon(day, today):
            continue
        past = day < today
        yield Finding(
            file="",
            object=f"{noun.title()} {spec.name}",
            field=field,
            rule="expired" if past else "expires-soon",
            severity=Severity.ERROR if past else Severity.WARNING,
            message=f"{event} on {day.isoformat()}, which is {'past' if past else 'near'}",
            fix=f"Retire the {noun}, or agree on a later date."
            if field == "expires"
            else "Remove it, or agree on a later date.",
        )
