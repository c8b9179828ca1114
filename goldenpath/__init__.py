"""Renders one short, checked request to everything that an AI team needs on Kubernetes, as GitOps manifests.

::

    import goldenpath

    fleet = goldenpath.load_fleet("goldenpath.yaml")
    spec = goldenpath.load("vision.yaml", fleet=fleet)
    manifests = goldenpath.render(spec, fleet, "eu-central")
    findings = goldenpath.check(spec, fleet)

    with goldenpath.Fleet.open("https://git.example.org/platform/fleet.git") as repository:
        repository.publish(spec)

This module only exports the public names. Each name is imported at its first use, so ``import goldenpath`` is fast, and
the ``--help`` of a command loads no parser, engine or catalogue.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from goldenpath.accelerators.shipped_catalogue import catalogue
    from goldenpath.datasets.folder_verification import verify_dataset
    from goldenpath.datasets.hashing import hash_dataset
    from goldenpath.errors import GoldenpathError, InputError, Problem
    from goldenpath.findings import ChecksFailedError, Finding, Severity
    from goldenpath.fleet import Fleet, PublishOptions, Review
    from goldenpath.git import Person
    from goldenpath.manifests import Manifests
    from goldenpath.model_artifacts.packing import pack_model
    from goldenpath.pipeline import Pipeline, check, load, load_fleet, parse, render
    from goldenpath.queries import query
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.spec.tenant import Tenant

    __version__: str

__all__ = [
    "BulkEdit",
    "ChecksFailedError",
    "Finding",
    "Fleet",
    "FleetSpec",
    "GoldenpathError",
    "InputError",
    "Manifests",
    "Person",
    "Pipeline",
    "Problem",
    "PublishOptions",
    "Review",
    "Severity",
    "Tenant",
    "Undo",
    "__version__",
    "blame",
    "catalogue",
    "check",
    "hash_dataset",
    "load",
    "load_fleet",
    "make_change",
    "pack_model",
    "parse",
    "plan_change",
    "query",
    "render",
    "verify_dataset",
]

_HOMES: Final = {
    "BulkEdit": "goldenpath.changes",
    "ChecksFailedError": "goldenpath.findings",
    "Finding": "goldenpath.findings",
    "Fleet": "goldenpath.fleet",
    "FleetSpec": "goldenpath.spec.fleet_spec",
    "GoldenpathError": "goldenpath.errors",
    "InputError": "goldenpath.errors",
    "Manifests": "goldenpath.manifests",
    "Person": "goldenpath.git",
    "Pipeline": "goldenpath.pipeline",
    "Problem": "goldenpath.errors",
    "Review": "goldenpath.fleet",
    "Severity": "goldenpath.findings",
    "Tenant": "goldenpath.spec.tenant",
    "PublishOptions": "goldenpath.fleet",
    "Undo": "goldenpath.changes",
    "blame": "goldenpath.blame",
    "catalogue": "goldenpath.accelerators",
    "check": "goldenpath.pipeline",
    "hash_dataset": "goldenpath.datasets.hashing",
    "load": "goldenpath.pipeline",
    "load_fleet": "goldenpath.pipeline",
    "make_change": "goldenpath.changes",
    "pack_model": "goldenpath.model_artifacts.packing",
    "parse": "goldenpath.pipeline",
    "plan_change": "goldenpath.changes",
    "query": "goldenpath.queries",
    "render": "goldenpath.pipeline",
    "verify_dataset": "goldenpath.datasets.folder_verification",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - slower than the rest of this module

        value: Any = version("goldenpath")
    elif name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Facade(types.ModuleType):
    """Keeps the functions `render` and `check`, which share their names with packages.

    An import of a package binds its name in the parent module. Without this class, ``goldenpath.render`` would be the
    function or the package, depending on earlier imports. ``from goldenpath.render import …`` works as usual.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _HOMES and isinstance(value, types.ModuleType):
            return
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Facade
