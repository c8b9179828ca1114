"""A fleet with room for many tenants, and their varied requests, which are the same in every run."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["fleet_document", "request_documents"]

ADDONS = {
    "cilium": "1.20",
    "flux": "2.9",
    "keda": "2.20",
    "kueue": "0.19",
    "kyverno": "1.19",
    "prometheus-operator": "0.93",
    "spire-controller-manager": "0.6.6",
}
POOLS: dict[str, tuple[dict[str, Any], ...]] = {
    "eu-central": (
        {"profile": "nvidia-h100-80gb"},
        {"profile": "nvidia-h100-80gb/1g.10gb", "mig_strategy": "mixed"},
        {"profile": "nvidia-h200-141gb", "allocation": "dra"},
    ),
    "eu-north": ({"profile": "nvidia-h100-80gb"}, {"profile": "nvidia-h200-141gb", "allocation": "dra"}),
    "us-east": ({"profile": "nvidia-a100-80gb"}, {"profile": "amd-mi300x"}),
    "us-west": ({"profile": "nvidia-a100-80gb"}, {"profile": "amd-mi300x"}),
    "edge-telaviv": (
        {"profile": "nvidia-l4-24gb", "sharing": {"mode": "time-slicing", "replicas": 2}},
    ),
}  # fmt: skip
WITHOUT = {"edge-telaviv": {"kueue", "cilium", "prometheus-operator"}, "us-west": {"cilium"}}
REGIONS = {"eu-central": "eu", "eu-north": "eu", "us-east": "us", "us-west": "us", "edge-telaviv": "me"}
PLACES = (
    ["eu-central"],
    ["us-east"],
    ["eu-north"],
    ["us-west"],
    ["edge-telaviv"],
    ["eu-central", "eu-north"],
    ["us-east", "us-west"],
)
"""The clusters of a tenant; the first entry is the most common."""
SIGNALS: tuple[dict[str, Any], ...] = (
    {"signal": "tokens", "target": 2500.0},
    {"signal": "queue"},
    {"signal": "latency", "time_to_first_token": "750ms"},
    {"signal": "kv-cache", "target": 0.75},
)


def fleet_document(tenants: int, *, layout: str) -> dict[str, Any]:
    """A fleet of five clusters with enough accelerators for this number of tenants."""
    return {
        "format": "fleet/v1",
        "organisation": "Northwind Robotics",
        "domain": "northwind.example",
        "trust_domain": "prod.northwind.example",
        "repository": "https://git.northwind.example/platform/fleet.git",
        "layout": layout,
        "groups": {"prefix": "oidc:"},
        "defaults": {"pod_security": "restricted", "registries": ["registry.northwind.example"]},
        "monitoring": {
            "namespace": "monitoring",
            "prometheus": "http://prometheus.monitoring:9090",
            "selector": {"release": "prometheus"},
        },
        "gateway": {"namespace": "gateway-system"},
        "spire": {"class_name": "spire-spire"},
        "clusters": {
            name: {
                "region": REGIONS[name],
                "kubernetes": "1.36",
                "addons": {
                    addon: version for addon, version in ADDONS.items() if addon not in WITHOUT.get(name, ())
                },
                "accelerators": [{"count": 64 * (tenants + 1), **pool} for pool in pools],
            }
            for name, pools in POOLS.items()
        },
    }


def request_documents(number: int) -> Iterator[dict[str, Any]]:
    """Small and large requests, on one cluster or two, as people write them."""
    dice = random.Random(20261122)  # the same tenants in every run
    for index in range(number):
        yield _request(f"team-{index:05}", dice)


def _request(name: str, dice: random.Random) -> dict[str, Any]:
    clusters = dice.choices(PLACES, weights=(6, 3, 2, 2, 2, 3, 3))[0]
    document: dict[str, Any] = {
        "golden_path": "tenant/v1",
        "name": name,
        "title": f"The team of {name}",
        "owner": f"{name}-owners",
        "contact": f"{name}@northwind.example",
        "clusters": clusters,
        "access": {
            "admins": [f"{name}-leads"],
            "developers": [name],
            "viewers": ["all-engineers"],
        },
        "compute": {
            "cpu": str(dice.choice((16, 32, 64, 128, 256))),
            "memory": f"{dice.choice((64, 128, 256, 512))}Gi",
            "storage": f"{dice.choice((1, 2, 5, 20))}Ti",
            "pods": dice.choice((50, 100, 200, 400)),
        },
    }
    if dice.random() < 0.8:
        document["gpus"] = [
            {
                "profile": pool["profile"],
                "quota": dice.randint(1, 16),
                "borrow": dice.choice((0, 0, 4, 8)),
                "clusters": [cluster],
            }
            for cluster in clusters
            for pool in POOLS[cluster][: dice.randint(1, 2)]
        ]
    if dice.random() < 0.8:
        document["identity"] = {"service_accounts": ["trainer", "server"][: dice.randint(1, 2)]}
    if dice.random() < 0.6:
        document["autoscaling"] = {**dice.choice(SIGNALS), "max_replicas": dice.randint(2, 12)}
    if dice.random() < 0.6:
        document["network"] = {
            "egress": [
                {"host": "huggingface.co", "port": 443},
                {"cidr": f"10.{dice.randint(0, 255)}.0.0/16", "port": 5432},
            ]
        }
    if dice.random() < 0.9:
        document["source"] = {
            "git": f"https://git.northwind.example/{name}/apps.git",
            "branch": "main",
            "path": "./deploy",
        }
    return document
