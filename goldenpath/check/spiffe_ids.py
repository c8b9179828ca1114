"""Checks SPIFFE identities: each ID is unique, within its namespace and trust domain, and has no power over SPIRE."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.finding_factory import object_error
from goldenpath.check.object_bodies import mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.findings import Finding
    from goldenpath.manifests import ManifestObject

__all__ = ["check_identities"]

_ID: Final = re.compile(r"spiffe://\{\{ *\.TrustDomain *\}\}(?P<path>(/[A-Za-z0-9._-]+)+)")
_NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"
_POWERS: Final = ("admin", "downstream")
_TEMPLATE_FIELD: Final = "spec.spiffeIDTemplate"


def check_identities(objects: Iterable[ManifestObject]) -> Iterator[Finding]:
    """Check every ClusterSPIFFEID of one cluster.

    SPIRE drops an entry as a duplicate only if ID, parent and selectors are all equal (spire-controller-manager 0.6.6,
    `pkg/spireentry/reconciler.go`). Two objects that give two IDs to one Pod both apply, without a warning.
    """
    by_path: defaultdict[str, list[ManifestObject]] = defaultdict(list)
    for item in objects:
        if item.kind != "ClusterSPIFFEID":
            continue
        spec = mapping(item.body, "spec")
        path = _path(spec)
        yield from _id(item, spec, path)
        yield from _rights(item, spec)
        if path is not None:
            by_path[path].append(item)
    for path, (first, *others) in by_path.items():
        for later in others:
            message = f"gives the same identity as {first.name}: {path}"
            yield object_error(later, _TEMPLATE_FIELD, "identity-collision", message, "Keep one of the two.")


def _path(spec: dict[str, Any]) -> str | None:
    """Return the path of the ID; None if the template has no fixed path in the cluster's trust domain."""
    match = _ID.fullmatch(str(spec.get("spiffeIDTemplate")))
    return match["path"] if match else None


def _id(item: ManifestObject, spec: dict[str, Any], path: str | None) -> Iterator[Finding]:
    if path is None:
        message = "the ID does not start with the cluster's own trust domain followed by a fixed path"
        fix = "Write spiffe://{{ .TrustDomain }}/ns/<namespace>/sa/<account>."
        yield object_error(item, _TEMPLATE_FIELD, "identity-trust-domain", message, fix)
    namespace = mapping(spec, "namespaceSelector", "matchLabels").get(_NAMESPACE_LABEL)
    if namespace is None:
        message = f"selects Pods of every namespace: namespaceSelector has no {_NAMESPACE_LABEL}"
        fix = "Select the one namespace by its name."
        yield object_error(item, "spec.namespaceSelector", "identity-namespace", message, fix)
    elif path is not None and not path.startswith(f"/ns/{namespace}/"):
        message = f"the ID does not start with its namespace {namespace}, so another tenant's account could have the same ID"
        fix = f"Start the path with /ns/{namespace}/."
        yield object_error(item, _TEMPLATE_FIELD, "identity-namespace", message, fix)
    if path is not None:
        yield from _account(item, spec, path)


def _account(item: ManifestObject, spec: dict[str, Any], path: str) -> Iterator[Finding]:
    account = re.search(r"/sa/([^/]+)$", path)
    if account is None:
        message = "the ID names no service account"
        yield object_error(
            item, _TEMPLATE_FIELD, "identity-account", message, "End the path with /sa/<account>."
        )
        return
    selector = f"k8s:sa:{account[1]}"
    selectors = spec.get("workloadSelectorTemplates")
    if not isinstance(selectors, list) or selector not in selectors:
        message = f"every Pod of the namespace has the identity of {account[1]}"
        fix = f"Add the selector {selector}."
        yield object_error(item, "spec.workloadSelectorTemplates", "identity-account", message, fix)


def _rights(item: ManifestObject, spec: dict[str, Any]) -> Iterator[Finding]:
    for power in _POWERS:
        if spec.get(power):
            message, fix = f"lets its Pods act as SPIRE itself ({power})", "Remove it. No workload needs it."
            yield object_error(item, f"spec.{power}", "identity-power", message, fix)
    if not spec.get("className"):
        message = (
            "has no className, so a SPIRE controller manager ignores it unless it watches classless objects"
        )
        yield object_error(
            item, "spec.className", "identity-class", message, "Set the fleet's `spire.class_name`."
        )
