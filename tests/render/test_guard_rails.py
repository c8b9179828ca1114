"""Guard rails outlast the objects of a tenant, and no request opens a way around them."""

from __future__ import annotations

from typing import Any

import pytest
from asked import FLEET

from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet
from goldenpath.tenancy.layout import SHARDS

PIPELINE = Pipeline(parse_fleet(FLEET))
REQUEST = {"golden_path": "tenant/v1", "name": "vision", "owner": "vision-team", "clusters": ["full"]}


def objects(**words: Any) -> dict[tuple[str, str], dict[str, Any]]:
    manifests = PIPELINE.render(parse({**REQUEST, **words}, fleet=PIPELINE.fleet))
    return {(item.kind, item.name): item.body for item in manifests.objects()}


@pytest.mark.parametrize(
    "kept",
    [
        *(("ResourceQuota", f"vision-{part}") for part in ("compute", "storage", "objects", "accelerators")),
        *((kind, "vision-reconciler") for kind in ("ServiceAccount", "Role", "RoleBinding")),
        ("LimitRange", "vision-defaults"),
        ("Namespace", "vision"),
        ("NetworkPolicy", "vision-default-deny"),
    ],
)
def test_flux_never_prunes_guard_rails(kept: tuple[str, str]) -> None:
    """Flux removes objects in its own order, and remaining Pods must keep their limits."""
    assert objects()[kept]["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/prune"] == "disabled"


@pytest.mark.parametrize(
    ("cidr", "excepted"),
    [
        ("10.0.0.0/8", None),
        ("0.0.0.0/0", {"169.254.0.0/16", "168.63.129.16/32", "100.100.100.200/32"}),
        ("169.0.0.0/8", {"169.254.0.0/16"}),
        ("::/0", {"fe80::/10", "fd00:ec2::/32", "fd20:ce::254/128", "64:ff9b::a9fe:0/112"}),
    ],
)
def test_a_network_with_the_nodes_credentials_excepts_them(cidr: str, excepted: set[str] | None) -> None:
    egress = objects(network={"egress": [{"cidr": cidr, "port": 443}]})["NetworkPolicy", "vision-egress"]
    found = egress["spec"]["egress"][0]["to"][0]["ipBlock"].get("except")
    assert found is None if excepted is None else excepted <= set(found)


def test_every_root_of_a_sharded_fleet_finds_its_folder() -> None:
    """Flux reads a missing folder as an error, and then does not prune."""
    fleet = parse_fleet({**FLEET, "layout": "sharded"})
    files = {file.path for file in Pipeline(fleet).render(fleet, cluster="full").files}
    assert {f"clusters/full/flux/{shard}/fleet.yaml" for shard in SHARDS} <= files
    assert "clusters/full/flux/fleet.yaml" not in files


def test_without_flux_nothing_of_flux_is_written() -> None:
    files = PIPELINE.render(PIPELINE.fleet, cluster="none").files
    assert not any(
        "flux" in file.path or "toolkit.fluxcd.io/v1" in file.text
        for file in files
        if "admission" not in file.path
    )
    assert {file.path for file in files} == {
        "clusters/none/platform/admission-policies.yaml",
        "clusters/none/platform/priority-classes.yaml",
    }


def test_no_flavor_of_a_tenants_queue_names_a_topology() -> None:
    """Kueue admits nothing to a queue with cpu in one group and accelerators in another, one of them with a topology."""
    clusters = {**FLEET["clusters"], "full": {**FLEET["clusters"]["full"], "topology": ["example.org/rack"]}}
    fleet = parse_fleet({**FLEET, "clusters": clusters})
    manifests = Pipeline(fleet).render(fleet, cluster="full")
    flavors = [item.body["spec"] for item in manifests.objects() if item.kind == "ResourceFlavor"]
    assert flavors
    assert not any("topologyName" in spec for spec in flavors)
