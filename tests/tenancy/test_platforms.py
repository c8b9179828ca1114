"""The platform of a cluster, and its paths in the fleet repository."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from small_requests import cluster, fleet

from goldenpath.spec.parse import parse_fleet
from goldenpath.tenancy import Layout, Platform, platforms_of

H100, SLICE = "nvidia-h100-80gb", "nvidia-h100-80gb/1g.10gb"


def platform(*accelerators: dict[str, object], **changes: object) -> Platform:
    on = fleet(clusters={"berlin": cluster(*accelerators)}, **changes)
    return platforms_of(parse_fleet(on))["berlin"]


def test_a_shared_pool_has_one_place_for_each_replica() -> None:
    (pool,) = platform(
        {"profile": "nvidia-l4-24gb", "count": 4, "sharing": {"mode": "mps", "replicas": 3}}
    ).pools
    assert (pool.count, pool.resource) == (12, "nvidia.com/gpu")
    assert dict(pool.node_labels)["nvidia.com/gpu.sharing-strategy"] == ("mps",)


def test_a_pool_by_claim_is_asked_for_by_its_class() -> None:
    here = platform({"profile": SLICE, "count": 7, "allocation": "dra"}, {"profile": H100, "count": 1})
    (pool,) = here.dra_pools
    assert (pool.name, pool.resource) == (
        "nvidia-h100-80gb.1g.10gb",
        "deviceclass.resource.kubernetes.io/nvidia-h100-80gb.1g.10gb",
    )


def test_a_pool_is_selected_by_one_value_of_each_label() -> None:
    (pool,) = platform({"profile": H100, "count": 1}).pools
    assert pool.selector == {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}
    assert pool.taint is not None
    assert pool.taint.key == "nvidia.com/gpu"


def test_resource_names_are_shared_by_models_that_the_plugin_hands_out() -> None:
    l4 = {"profile": "nvidia-l4-24gb", "count": 1}
    assert platform({"profile": H100, "count": 1}, l4).shared_resources == {"nvidia.com/gpu"}
    assert platform({"profile": H100, "count": 1, "allocation": "dra"}, l4).shared_resources == frozenset()
    assert platform({"profile": SLICE, "count": 1, "mig_strategy": "single"}, l4).shared_resources == {
        "nvidia.com/gpu"
    }
    assert platform({"profile": SLICE, "count": 1}, l4).shared_resources == frozenset()


def test_a_cluster_does_not_federate_with_itself() -> None:
    foreign = {name: {"endpoint": "https://a.example"} for name in ("prod.example.org", "edge.example.org")}
    assert list(platform(federation=foreign).federation) == ["edge.example.org"]


@given(st.lists(st.from_regex(r"[a-z0-9._-]{1,255}", fullmatch=True), min_size=2, max_size=2, unique=True))
def test_a_foreign_trust_domain_has_an_object_name_of_its_own(domains: list[str]) -> None:
    here = platform()
    names = {here.federation_name(domain) for domain in domains}
    assert len(names) == 2
    assert all(len(name) <= 253 and re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", name) for name in names)


def test_no_priority_is_below_that_of_a_pod_without_one_nor_near_those_of_the_system() -> None:
    assert all(0 <= priority.value < 1_000_000 for priority in platform().priorities)


def test_a_flat_layout_has_one_folder_and_one_root() -> None:
    layout = Layout(sharded=False)
    assert (layout.tenants("vision"), layout.flux("vision"), layout.flux_roots) == (
        "tenants",
        "flux",
        {"tenants": "flux"},
    )


def test_a_shard_stays_the_same_for_ever() -> None:
    layout = Layout(sharded=True)
    assert [layout.shard(name) for name in ("vision", "speech", "no", "a")] == ["5", "0", "9", "c"]
    assert (layout.tenants("vision"), layout.flux("vision")) == ("tenants/5", "flux/5")


def test_every_shard_has_its_root() -> None:
    layout = Layout(sharded=True)
    names = [f"team-{number}" for number in range(3200)]
    assert {layout.flux(name) for name in names} == set(layout.flux_roots.values())
    assert max(Counter(map(layout.shard, names)).values()) < 300


def test_the_fleet_chooses_the_layout() -> None:
    assert platform(layout="sharded").layout == Layout(sharded=True)
    assert platform().layout == Layout(sharded=False)
