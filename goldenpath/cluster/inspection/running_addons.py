"""Finds the add-ons of a cluster and their versions. Pure.

The image of its controller identifies an add-on, also on a mirror, since the last parts of the repository's name stay.
CustomResourceDefinitions alone only show that the add-on was installed once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["RunningAddon", "addons_of", "containers_of", "image_of", "orphaned_groups"]


@dataclass(frozen=True, slots=True)
class RunningAddon:
    """A running add-on. ``where`` is its workload, as ``Deployment namespace/name``."""

    name: str
    version: str
    where: str

    @property
    def minor(self) -> str:
        """Major and minor version, as in the fleet."""
        return ".".join(self.version.split(".")[:2])


_IMAGES: Final = {
    "fluxcd/kustomize-controller": "flux",
    "controlplaneio-fluxcd/flux-operator": "flux-operator",
    "spiffe/spire-controller-manager": "spire-controller-manager",
    "kueue/kueue": "kueue",
    "kedacore/keda": "keda",
    "kyverno/kyverno": "kyverno",
    "prometheus-operator/prometheus-operator": "prometheus-operator",
    "cilium/cilium": "cilium",
    "external-secrets/external-secrets": "external-secrets",
}
_GROUPS: Final = {
    "kustomize.toolkit.fluxcd.io": "flux",
    "fluxcd.controlplane.io": "flux-operator",
    "spire.spiffe.io": "spire-controller-manager",
    "kueue.x-k8s.io": "kueue",
    "keda.sh": "keda",
    "policies.kyverno.io": "kyverno",
    "monitoring.coreos.com": "prometheus-operator",
    "cilium.io": "cilium",
    "external-secrets.io": "external-secrets",
}
_VERSION: Final = re.compile(r"v?([0-9]+\.[0-9]+(\.[0-9]+)?)")
_PART_OF: Final = "app.kubernetes.io/part-of"
_LABEL: Final = "app.kubernetes.io/version"


def addons_of(workloads: Iterable[Mapping[str, Any]]) -> tuple[RunningAddon, ...]:
    """Return the add-ons whose controllers are among the workloads, sorted by name."""
    found: dict[str, RunningAddon] = {}
    for body in workloads:
        for container in containers_of(body):
            repository, tag = image_of(str(container.get("image", "")))
            name = next(
                (addon for image, addon in _IMAGES.items() if f"/{repository}".endswith(f"/{image}")), None
            )
            version = _version(name, body, tag)
            if name is not None and version and name not in found:
                found[name] = RunningAddon(name, version, _where(body))
    return tuple(found[name] for name in sorted(found))


def orphaned_groups(groups: Iterable[str], addons: Iterable[RunningAddon]) -> Iterator[Finding]:
    """Yield a finding for each add-on whose kinds are served, and whose controller was not found."""
    running = {addon.name for addon in addons}
    if "flux-operator" in running:
        running.add("flux")
    known = set(groups)
    for group, name in _GROUPS.items():
        if group in known and name not in running:
            yield Finding(
                file="",
                object=f"API group {group}",
                field="",
                rule="inspect/no-controller",
                severity=Severity.WARNING,
                message=f"the cluster serves the kinds of {name}, and no workload has its image",
                fix=f"If {name} runs under another image, add it to `addons` by hand; if it is uninstalled, remove its CRDs.",
            )


def containers_of(body: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return the containers of a workload."""
    template = (body.get("spec") or {}).get("template") or {}
    return tuple((template.get("spec") or {}).get("containers") or ())


def image_of(image: str) -> tuple[str, str]:
    """Return repository and tag: ``registry:5000/a/b`` and ``v1`` for ``registry:5000/a/b:v1@sha256:…``."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    repository, _, tag = last.partition(":")
    return f"{head}{slash}{repository}", tag


def _version(name: str | None, body: Mapping[str, Any], tag: str) -> str:
    """Return the add-on's version. Flux's controllers have their own versions, with the distribution's minor number."""
    labels = (body.get("metadata") or {}).get("labels") or {}
    if name == "flux":
        version = _VERSION.fullmatch(str(labels.get(_LABEL, "")))
        if version and labels.get(_PART_OF) == "flux":
            return version[1]
        own = _VERSION.match(tag)
        return f"2.{own[1].split('.')[1]}" if own else ""
    found = _VERSION.match(tag) or _VERSION.match(str(labels.get(_LABEL, "")))
    return found[1] if found else ""


def _where(body: Mapping[str, Any]) -> str:
    metadata = body.get("metadata") or {}
    return f"{body.get('kind', '')} {metadata.get('namespace', '')}/{metadata.get('name', '')}"
