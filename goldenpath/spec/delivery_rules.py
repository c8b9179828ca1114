"""Rules of delivery through a registry: each cluster needs a Flux that reads and verifies signed artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.addons import version_of
from goldenpath.errors import MISSING
from goldenpath.spec.rules import problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.errors import Problem
    from goldenpath.spec.parsed_fields import Fields

__all__ = ["delivery_problems"]

OLDEST_FLUX: Final = "2.8"
"""First Flux with source-controller 1.8, which reads Sigstore bundles (fluxcd/source-controller, CHANGELOG of 1.8.0)."""


def delivery_problems(fields: Fields) -> Iterator[Problem]:
    """Problems of clusters whose add-ons cannot read signed artifacts, in a fleet with `delivery`."""
    if fields.get("delivery") is MISSING:
        return
    for cluster in fields.keys("clusters"):
        addons = ("clusters", cluster, "addons")
        if fields.was_refused(*addons):
            continue
        named = set(fields.keys(*addons))
        flux = fields.get(*addons, "flux")
        if not named & {"flux", "flux-operator"}:
            message = "must have flux or flux-operator: with `delivery`, clusters read a registry, and only Flux can"
            yield problem(fields, addons, "delivery", message)
        elif isinstance(flux, str) and version_of(flux) < version_of(OLDEST_FLUX):
            message = f"must be {OLDEST_FLUX} or newer: `delivery` signs with Sigstore bundles, which older versions cannot read"
            yield problem(fields, (*addons, "flux"), "delivery", message)
