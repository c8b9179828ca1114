"""The metrics and add-ons of a cluster, from which the rules of its platform follow."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PlatformMetrics"]


@dataclass(frozen=True, slots=True)
class PlatformMetrics:
    """What a cluster measures. By add-on, its version; None where the cluster does not run it."""

    cluster: str
    kueue: str | None = None
    keda: str | None = None
    flux_operator: str | None = None
    spire: str | None = None
    vendors: tuple[str, ...] = ()
    """Vendors of the cluster's accelerators: ``nvidia``, ``amd``, ``intel``."""
    resources: tuple[str, ...] = ()
    """Names of the resources that Pods ask for accelerators by."""
    gateway_namespace: str | None = None
    runbooks: str | None = None
    """Address of the folder with a page for each alert, with a slash at its end."""

    def runbook(self, alert: str) -> str | None:
        """Address of the page of an alert."""
        return None if self.runbooks is None else f"{self.runbooks}{alert}.md"
