"""``identity`` and ``pull_secrets``: derives service accounts and SPIFFE identities."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption.adoption_result import ToDo
from goldenpath.adoption.namespace_objects import NAMESPACE_LABEL, at, mappings, text, texts
from goldenpath.adoption.pod_templates import workload_accounts
from goldenpath.findings import Severity
from goldenpath.spec.tenant_request_rules import PLATFORM_ACCOUNTS
from goldenpath.tenancy.spiffe_identity import spiffe_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.adoption.adoption_result import AdoptionBuilder
    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.manifests import ManifestObject

__all__ = ["derive_identity"]

_ACCOUNT_IN_ID: Final = re.compile(r"/sa/([a-z0-9.-]+)$")
_ACCOUNT_SELECTOR: Final = re.compile(r"k8s:sa:([a-z0-9.-]+)")


def derive_identity(places: Sequence[NamespaceObjects], builder: AdoptionBuilder) -> None:
    """Derive the accounts of workloads. An account without an identity today gets one."""
    accounts: dict[str, str] = {}
    foreign: dict[str, str] = {}
    secrets: dict[str, str] = {}
    for place in places:
        identities = _identities(place, builder, foreign)
        for item in place.of("ServiceAccount"):
            builder.mark_read(place, item)
            is_team_account = _is_team_account(place, item, builder)
            if is_team_account or item.name == "default":
                _secrets(item, secrets)
                builder.cover(place, item, *(f"imagePullSecrets[{i}].name" for i, _ in enumerate(mappings(item.body, "imagePullSecrets"))))  # fmt: skip
            if is_team_account:
                accounts.setdefault(item.name, f"{item}")
                if place.platform.has_spire and item.name not in identities:
                    message = "has no SPIFFE identity: its Pods cannot authenticate"
                    fix = "The request gives it an identity. If it needs none, leave it out, and create it in the team's repository."
                    builder.report(place, item, "adopt-no-identity", message, fix)
        for name, template in identities.items():
            accounts.setdefault(name, template)
    for field, found in (
        ("identity.service_accounts", accounts),
        ("identity.federates_with", foreign),
        ("pull_secrets", secrets),
    ):
        if found and (accounts or field == "pull_secrets"):
            builder.put(field, list(found), ", ".join(dict.fromkeys(found.values())))


def _is_team_account(place: NamespaceObjects, item: ManifestObject, builder: AdoptionBuilder) -> bool:
    """Whether a request names the account: not the account of Kubernetes, the platform, Flux or Helm."""
    if item.name == "default":
        _report_default(place, item, builder)
        return False
    if item.name in {f"{place.namespace}-{own}" for own in PLATFORM_ACCOUNTS} or _reads_a_source(place, item):
        return False
    if applier := place.applied_by(item):
        advice = f"It stays. For an identity, remove it from {applier} and name it under `identity.service_accounts`."
        builder.leave(place, item, ToDo.REPOSITORY, f"is applied by {applier}", advice)
        return False
    return True


def _reads_a_source(place: NamespaceObjects, item: ManifestObject) -> bool:
    sources = place.of("GitRepository", "OCIRepository")
    return any(text(source.body, "spec", "serviceAccountName") == item.name for source in sources)


def _secrets(item: ManifestObject, secrets: dict[str, str]) -> None:
    for reference in mappings(item.body, "imagePullSecrets"):
        if isinstance(reference.get("name"), str):
            secrets.setdefault(reference["name"], f"imagePullSecrets of {item}")


def _report_default(place: NamespaceObjects, item: ManifestObject, builder: AdoptionBuilder) -> None:
    """Report Pods of the default account, to which the golden path gives only the Secrets for pulling images."""
    if workload := workload_accounts(place).get("default"):
        message = f"{workload} names no service account, so it has no identity of its own"
        fix = (
            "Name an account under `identity.service_accounts`, and set it as the workload's service account."
        )
        builder.report(place, item, "adopt-default-account", message, fix, severity=Severity.NOTE)


def _identities(place: NamespaceObjects, builder: AdoptionBuilder, foreign: dict[str, str]) -> dict[str, str]:
    """Return the ClusterSPIFFEID of each account."""
    found: dict[str, str] = {}
    for item in place.shared("ClusterSPIFFEID"):
        spec = at(item.body, "spec")
        selected = at(spec, "namespaceSelector", "matchLabels", NAMESPACE_LABEL)
        if selected != place.namespace:
            continue
        builder.mark_read(place, item)
        builder.cover(place, item, "spec.namespaceSelector", "spec.federatesWith", "spec.spiffeIDTemplate", "spec.workloadSelectorTemplates")  # fmt: skip
        for trust_domain in texts(spec, "federatesWith"):
            foreign.setdefault(trust_domain, f"{item}")
        name = _account_of(spec)
        if name is None:
            message = "gives an identity to every Pod of the namespace, whatever its service account"
            fix = "Name the accounts under `identity.service_accounts`; then remove it."
            builder.report(place, item, "adopt-identity-for-all", message, fix, severity=Severity.ERROR)
            continue
        found[name] = f"{item}"
        _report_identity(place, item, spec, name, builder)
    return found


def _account_of(spec: Any) -> str | None:
    for selector in texts(spec, "workloadSelectorTemplates"):
        if match := _ACCOUNT_SELECTOR.fullmatch(selector):
            return match[1]
    match = _ACCOUNT_IN_ID.search(str(at(spec, "spiffeIDTemplate")))
    return match[1] if match else None


def _report_identity(
    place: NamespaceObjects, item: ManifestObject, spec: Any, name: str, builder: AdoptionBuilder
) -> None:
    template = str(at(spec, "spiffeIDTemplate"))
    today = re.sub(r"\{\{ *\.TrustDomain *\}\}", place.platform.trust_domain, template)
    then = spiffe_id(place.platform.trust_domain, place.namespace, name)
    if today != then:
        message = f"the identity of {name} changes from {today} to {then}"
        fix = "Make every service that authorises by this identity accept both, before the first publish."
        builder.report(place, item, "adopt-identity-changes", message, fix, at="spec.spiffeIDTemplate")
    for power in ("admin", "downstream"):
        if at(spec, power):
            message = f"lets its Pods act as SPIRE itself ({power}), which no tenant may do"
            builder.report(place, item, "adopt-identity-power", message, "Remove it.", severity=Severity.ERROR, at=f"spec.{power}")  # fmt: skip
    if item.name != f"{place.namespace}.{name}":
        what = f"has another name than {place.namespace}.{name}, the golden path's object"
        advice = "Remove it after the first publish: two objects that give the same Pods the same ID collide."
        builder.leave(place, item, ToDo.REMOVE, what, advice, at="metadata.name")
