"""Real fleet repositories for the tests: two clusters, and tenants with small and large requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import small_requests

from goldenpath import kubeyaml
from goldenpath.fleet import Fleet
from goldenpath.git import Person

if TYPE_CHECKING:
    from pathlib import Path

ADA = Person("Ada", "ada@example.org")
PLATFORM = Person("Platform", "platform@example.org")

FLEET: dict[str, Any] = {
    **small_requests.fleet(),
    "clusters": {
        "berlin": {
            "region": "eu",
            "kubernetes": "1.36",
            "addons": {"flux": "2.9", "kueue": "0.19", "spire-controller-manager": "0.6.6"},
            "accelerators": [
                {"profile": "nvidia-h100-80gb", "count": 16},
                {"profile": "nvidia-l4-24gb", "count": 8},
            ],
        },
        "austin": {
            "region": "us",
            "kubernetes": "1.36",
            "addons": {"flux": "2.9"},
            "accelerators": [{"profile": "nvidia-h100-80gb", "count": 8}],
        },
    },
}


def fleet_text(**changes: Any) -> str:
    """``goldenpath.yaml``, with fields of it changed."""
    return kubeyaml.dump({**FLEET, **changes})


def asked(name: str = "vision", **changes: Any) -> dict[str, Any]:
    """A small request, with fields added or replaced."""
    gpus = [{"profile": "nvidia-h100-80gb", "quota": 2}]
    return {**small_requests.request(name=name, owner=f"{name}-team", gpus=gpus), **changes}


def new_fleet(folder: Path, *, bare: bool = True, **changes: Any) -> Fleet:
    """A fleet repository without a tenant."""
    return Fleet.create(folder, fleet_text(**changes), bare=bare, committer=PLATFORM, author=ADA)
