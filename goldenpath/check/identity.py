"""SPIFFE identities: each ID once, inside its namespace and trust domain, and never an administrator's."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.manifests import ManifestObject

__all__ = ["check_identities"]

_TRUST_DOMAIN: Final = re.compile(r"^spiffe://\{\{ *\.TrustDomain *\}\}(/[A-Za-z0-9._-]+)+$")
_NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"


def check_identities(objects: Iterable[ManifestObject]) -> Iterator[Finding]:
    """Findings about every ClusterSPIFFEID among the objects.

    SPIRE masks an entry only when ID, parent and selectors are all equal (spire-controller-manager 0.6.6,
    `pkg/spireentry/reconciler.go`); two objects that give two IDs to one Pod are both set, without a warning.
    """
    by_id: defaultdict[str, list[ManifestObject]] = defaultdict(list)
    for item in objects:
        if item.kind == "ClusterSPIFFEID":
            spec = item.body.get("spec") or {}
            yield from _one(item, spec)
            by_id[str(spec.get("spiffeIDTemplate"))].append(item)
    for template, items in by_id.items():
        for later in items[1:]:
            message = f"gives the same identity as {items[0].name}: {template}"
            yield _finding(
                later, "spec.spiffeIDTemplate", "identity-collision", message, "Keep one of the two."
            )


def _one(item: ManifestObject, spec: dict[str, Any]) -> Iterator[Finding]:
    template = str(spec.get("spiffeIDTemplate", ""))
    if not _TRUST_DOMAIN.match(template):
        message = "the ID does not start with the cluster's own trust domain followed by a fixed path"
        yield _finding(
            item,
            "spec.spiffeIDTemplate",
            "identity-trust-domain",
            message,
            "Start it with spiffe://{{ .TrustDomain }}/ns/<namespace>/sa/<account>.",
        )
    labels = (spec.get("namespaceSelector") or {}).get("matchLabels") or {}
    namespace = labels.get(_NAMESPACE_LABEL)
    if namespace is None:
        message = f"selects Pods of every namespace: namespaceSelector has no {_NAMESPACE_LABEL}"
        yield _finding(
            item,
            "spec.namespaceSelector",
            "identity-namespace",
            message,
            "Select the one namespace by its name.",
        )
    elif f"/ns/{namespace}/" not in f"{template}/":
        message = f"the ID does not hold its namespace {namespace}, so that another tenant's account could have the same"
        yield _finding(
            item, "spec.spiffeIDTemplate", "identity-namespace", message, f"Put /ns/{namespace}/ into it."
        )
    account = re.search(r"/sa/([^/]+)$", template)
    if account and f"k8s:sa:{account[1]}" not in (spec.get("workloadSelectorTemplates") or ()):
        message = f"any Pod of the namespace gets the identity of account {account[1]}"
        yield _finding(
            item,
            "spec.workloadSelectorTemplates",
            "identity-account",
            message,
            f"Add the selector k8s:sa:{account[1]}.",
        )
    for power in ("admin", "downstream"):
        if spec.get(power):
            message = f"lets its Pods act as SPIRE itself ({power})"
            yield _finding(
                item, f"spec.{power}", "identity-power", message, "Remove it; no tenant's workload needs it."
            )
    if not spec.get("className"):
        message = "has no className, so that a SPIRE controller manager that does not watch classless objects ignores it"
        yield _finding(
            item, "spec.className", "identity-class", message, "Set it to the fleet's `spire.class_name`."
        )


def _finding(item: ManifestObject, field: str, rule: str, message: str, fix: str) -> Finding:
    return Finding(item.file, str(item), field, rule, Severity.ERROR, message, fix)
