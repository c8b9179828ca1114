"""The facts about a cluster that the rules of its platform depend on."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PlatformMetrics"]


@dataclass(frozen=True, slots=True)
class PlatformMetrics:
    """The metrics of a cluster. A field with the name of an add-on has its version, or None without the add-on.

    ``vendors`` are the vendors of the accelerators (``nvidia``, ``amd``, ``intel``), and ``resources`` the resource names
    that Pods request. ``runbooks`` is the URL of the folder with a page for each alert, with a slash at the end.
    """

    cluster: str
    kueue: str | None = None
    keda: str | None = None
    flux_operator: str | None = None
    spire: str | None = None
    vendors: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    gateway_namespace: str | None = None
    runbooks: str | None = None
