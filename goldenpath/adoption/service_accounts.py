"""``identity`` and ``pull_secrets``: service accounts, and the SPIFFE IDs that their Pods get."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption.adoption_result import ToDo
from goldenpath.adoption.namespace_objects import NAMESPACE_LABEL, at, mappings, text, texts
from goldenpath.adoption.pod_templates import accounts_of_workloads
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


def derive_identity(places: Sequence[NamespaceObjects], account: AdoptionBuilder) -> None:
    """Every account of the namespace that workloads may run as; those without an identity today get one."""
    accounts: dict[str, str] = {}
    foreign: dict[str, str] = {}
    secrets: dict[str, str] = {}
    for place in places:
        known = _identities(place, account, foreign)
        for item in place.of("ServiceAccount"):
            account.see(place, item)
            is_the_teams = _is_the_teams(place, item, account)
            if is_the_teams or item.name == "default":
                _secrets(item, secrets)
                account.take(place, item, *(f"imagePullSecrets[{i}].name" for i, _ in enumerate(mappings(item.body, "imagePullSecrets"))))  # fmt: skip
            if is_the_teams:
                accounts.setdefault(item.name, f"{item}")
                if place.platform.has_spire and item.name not in known:
                    message = "has no SPIFFE identity: what runs as it cannot show who it is"
                    fix = "With the request it gets one. If it needs none, leave it out, and make it in the team's repository."
                    account.find(place, item, "adopt-no-identity", message, fix)
        for name, template in known.items():
            accounts.setdefault(name, template)
    for field, found in (
        ("identity.service_accounts", accounts),
        ("identity.federates_with", foreign),
        ("pull_secrets", secrets),
    ):
        if found and (accounts or field == "pull_secrets"):
            account.put(field, list(found), ", ".join(dict.fromkeys(found.values())))


def _is_the_teams(place: NamespaceObjects, item: ManifestObject, account: AdoptionBuilder) -> bool:
    """Whether it is an account that a request names: neither Kubernetes' or the platform's, nor made elsewhere."""
    if item.name == "default":
        _default(place, item, account)
        return False
    if item.name in {f"{place.namespace}-{own}" for own in PLATFORM_ACCOUNTS} or _reads_a_source(place, item):
        return False
    if applier := place.applied_by(item):
        advice = f"It stays. For an identity, take it out of {applier} and name it under `identity.service_accounts`."
        account.leave(place, item, ToDo.REPOSITORY, f"is made by {applier}", advice)
        return False
    return True


def _reads_a_source(place: NamespaceObjects, item: ManifestObject) -> bool:
    sources = place.of("GitRepository", "OCIRepository")
    return any(text(source.body, "spec", "serviceAccountName") == item.name for source in sources)


def _secrets(item: ManifestObject, secrets: dict[str, str]) -> None:
    for reference in mappings(item.body, "imagePullSecrets"):
        if isinstance(reference.get("name"), str):
            secrets.setdefault(reference["name"], f"imagePullSecrets of {item}")


def _default(place: NamespaceObjects, item: ManifestObject, account: AdoptionBuilder) -> None:
    """Pods that name no account run as this one; the golden path gives it the Secrets for pulling images alone."""
    if workload := accounts_of_workloads(place).get("default"):
        message = f"{workload} names no service account, so that it has no identity of its own"
        fix = "Name an account under `identity.service_accounts`, and let it run as that."
        account.find(place, item, "adopt-default-account", message, fix, severity=Severity.NOTE)


def _identities(place: NamespaceObjects, account: AdoptionBuilder, foreign: dict[str, str]) -> dict[str, str]:
    """By account: the ClusterSPIFFEID that gives it its identity."""
    found: dict[str, str] = {}
    for item in place.shared("ClusterSPIFFEID"):
        spec = at(item.body, "spec")
        selected = at(spec, "namespaceSelector", "matchLabels", NAMESPACE_LABEL)
        if selected != place.namespace:
            continue
        account.see(place, item)
        account.take(place, item, "spec.namespaceSelector", "spec.federatesWith", "spec.spiffeIDTemplate", "spec.workloadSelectorTemplates")  # fmt: skip
        for trust_domain in texts(spec, "federatesWith"):
            foreign.setdefault(trust_domain, f"{item}")
        name = _account_of(spec)
        if name is None:
            message = "gives an identity to every Pod of the namespace, whatever account it runs as"
            fix = "Name the accounts under `identity.service_accounts`; then remove it."
            account.find(place, item, "adopt-identity-for-all", message, fix, severity=Severity.ERROR)
            continue
        found[name] = f"{item}"
        _tell(place, item, spec, name, account)
    return found


def _account_of(spec: Any) -> str | None:
    for selector in texts(spec, "workloadSelectorTemplates"):
        if match := _ACCOUNT_SELECTOR.fullmatch(selector):
            return match[1]
    match = _ACCOUNT_IN_ID.search(str(at(spec, "spiffeIDTemplate")))
    return match[1] if match else None


def _tell(
    place: NamespaceObjects, item: ManifestObject, spec: Any, name: str, account: AdoptionBuilder
) -> None:
    template = str(at(spec, "spiffeIDTemplate"))
    today = re.sub(r"\{\{ *\.TrustDomain *\}\}", place.platform.trust_domain, template)
    then = spiffe_id(place.platform.trust_domain, place.namespace, name)
    if today != then:
        message = f"the identity of {name} changes from {today} to {then}"
        fix = "Let those who authorise by it accept both, before the first publish."
        account.find(place, item, "adopt-identity-changes", message, fix, at="spec.spiffeIDTemplate")
    for power in ("admin", "downstream"):
        if at(spec, power):
            message = f"lets its Pods act as SPIRE itself ({power}), which no tenant's may"
            account.find(
                place,
                item,
                "adopt-identity-power",
                message,
                "Remove it.",
                severity=Severity.ERROR,
                at=f"spec.{power}",
            )
    if item.name != f"{place.namespace}.{name}":
        what = f"with the request it is called {place.namespace}.{name}"
        advice = "Remove it after the first publish: two objects that give the same Pods the same ID collide."
        account.leave(place, item, ToDo.REMOVE, what, advice, at="metadata.name")
