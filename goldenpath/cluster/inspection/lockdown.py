"""Checks settings that tenancy depends on: Flux's flags, Kueue's integrations, goldenpath's policies. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.cluster.inspection.running_addons import containers_of, image_of
from goldenpath.errors import InputError
from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["flux_flags", "kueue_integrations", "platform_policies"]

_FLUX_FLAGS: Final = {
    "--no-cross-namespace-refs": (
        {
            "helm-controller",
            "image-automation-controller",
            "image-reflector-controller",
            "kustomize-controller",
            "notification-controller",
        },
        "a tenant's Flux objects can use the sources of another",
    ),
    "--no-remote-bases": (
        {"kustomize-controller"},
        "a build can add objects from outside the repository",
    ),
    "--default-service-account": (
        {"helm-controller", "kustomize-controller"},
        "a Kustomization or HelmRelease without a service account runs as the controller",
    ),
}
"""Flags that lock Flux down (fluxcd.io, "Multi-tenancy lockdown"), their controllers, and the risk without them."""

_FRAMEWORKS: Final = ("batch/job", "pod", "deployment", "statefulset")
"""Integrations that the policies on GPUs depend on: with them, Kueue holds objects with a queue's label."""


def flux_flags(workloads: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield a finding for each flag that a controller of Flux lacks."""
    for body in workloads:
        for index, container in enumerate(containers_of(body)):
            repository = image_of(str(container.get("image", "")))[0]
            controller = repository.rpartition("/")[2]
            if not repository.endswith(f"fluxcd/{controller}"):
                continue
            flags = _flags(container)
            for flag, (controllers, consequence) in _FLUX_FLAGS.items():
                if controller in controllers and flags.get(flag, "") in {"", "false"}:
                    metadata = body.get("metadata") or {}
                    value = "default" if flag == "--default-service-account" else "true"
                    yield Finding(
                        file="",
                        object=f"Deployment {metadata.get('namespace', '')}/{metadata.get('name', '')}",
                        field=f"spec.template.spec.containers[{index}].args",
                        rule="inspect/flux-lockdown",
                        severity=Severity.ERROR,
                        message=f"{flag} is not set: {consequence}",
                        fix=f"Add {flag}={value}; `goldenpath render goldenpath.yaml` writes the patch for it.",
                    )


def kueue_integrations(config: str | None) -> Iterator[Finding]:
    """Yield a finding if Kueue's configuration lacks integrations; none if the configuration cannot be read."""
    try:
        document: Any = kubeyaml.load(config or "", name="controller_manager_config.yaml")
    except InputError:
        return
    integrations = document.get("integrations") if isinstance(document, dict) else None
    frameworks = (integrations or {}).get("frameworks")
    if not isinstance(frameworks, list):
        return
    missing = [name for name in _FRAMEWORKS if name not in frameworks]
    if missing:
        yield Finding(
            file="",
            object="ConfigMap kueue-system/kueue-manager-config",
            field="integrations.frameworks",
            rule="inspect/kueue-integrations",
            severity=Severity.ERROR,
            message=f"Kueue does not hold {', '.join(missing)}, so a queue's label on them has no effect",
            fix=f"Add {', '.join(missing)}, and restart the manager.",
        )


def platform_policies(bindings: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield a finding if none of goldenpath's admission policies is in force."""
    if not any(body["metadata"]["name"].startswith("goldenpath-") for body in bindings):
        yield Finding(
            file="",
            object="ValidatingAdmissionPolicyBinding",
            field="",
            rule="inspect/no-policies",
            severity=Severity.WARNING,
            message="none of goldenpath's admission policies is in force on this cluster",
            fix="Apply the platform: `goldenpath render goldenpath.yaml`, or `goldenpath apply goldenpath.yaml`.",
        )


def _flags(container: Mapping[str, Any]) -> dict[str, str]:
    """Return the flags by name; a flag without a value is true."""
    words = [str(word) for word in (*(container.get("command") or ()), *(container.get("args") or ()))]
    return {
        name: value if equals else "true"
        for name, equals, value in (word.partition("=") for word in words if word.startswith("--"))
    }
