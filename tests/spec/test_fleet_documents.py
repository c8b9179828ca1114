"""Rules inside a fleet."""

from __future__ import annotations

from typing import Any

import pytest
from small_requests import cluster, fleet, fleet_problems, places, reported

from goldenpath.spec.parse import parse_fleet

H100 = "nvidia-h100-80gb"
SLICE = f"{H100}/1g.10gb"
AT = "clusters.berlin.accelerators[0]"


def with_pools(*pools: dict[str, Any]) -> dict[str, Any]:
    return fleet(clusters={"berlin": cluster(*({"count": 8} | pool for pool in pools))})


SHARED = {"mode": "time-slicing", "replicas": 2}


@pytest.mark.parametrize(
    "pools",
    [
        [{"profile": H100}],
        [{"profile": H100, "allocation": "dra"}],
        [{"profile": SLICE, "mig_strategy": "mixed"}, {"profile": H100}],
        [{"profile": SLICE, "mig_strategy": "single"}, {"profile": H100}],
        [{"profile": H100, "sharing": SHARED | {"rename": True}}],
        [{"profile": H100, "sharing": {"mode": "mps", "replicas": 128}}],
        [{"profile": "nvidia-l4-24gb", "sharing": {"mode": "vgpu", "replicas": 4}}],
        [{"profile": "amd-mi300x"}, {"profile": "amd-mi325x"}],
        [{"profile": H100}, {"profile": "nvidia-l4-24gb"}],
        [{"profile": H100}, {"profile": H100, "sharing": SHARED}],
        [{"profile": H100}, {"profile": H100, "sharing": SHARED | {"rename": True}}],
        [{"profile": H100}, {"profile": H100, "allocation": "dra"}],
        [
            {"profile": H100, "name": "a", "node_labels": {"rack": "a"}},
            {"profile": H100, "name": "b", "node_labels": {"rack": "b"}},
        ],
    ],
)
def test_sharing_that_the_vendor_supports_is_accepted(pools: list[dict[str, Any]]) -> None:
    assert fleet_problems(with_pools(*pools)) == ()


@pytest.mark.parametrize(
    ("pools", "expected"),
    [
        ([{"profile": "h100"}], [(f"{AT}.profile", "unknown-profile", H100)]),
        ([{"profile": H100}, {"profile": H100}], [("clusters.berlin.accelerators[1].profile", "duplicate", None)]),
        ([{"profile": H100, "sharing": SHARED}, {"profile": H100, "sharing": SHARED}], [("clusters.berlin.accelerators[1].profile", "duplicate", None)]),
        ([{"profile": H100, "name": "a"}, {"profile": H100, "name": "b"}], [(f"{AT}.node_labels", "same-nodes", None), ("clusters.berlin.accelerators[1].node_labels", "same-nodes", None)]),
        ([{"profile": H100, "lend": 2}], [(f"{AT}.lend", "does-not-apply", None)]),
        ([{"profile": H100, "allocation": "dran"}], [(f"{AT}.allocation", "choice", "dra")]),
        ([{"profile": "amd-mi300x", "sharing": SHARED}], [(f"{AT}.sharing.mode", "does-not-apply", None)]),
        ([{"profile": "intel-gaudi3", "mig_strategy": "single"}], [(f"{AT}.mig_strategy", "does-not-apply", None)]),
        ([{"profile": H100, "sharing": {"mode": "vgpu", "replicas": 2, "rename": True}}], [(f"{AT}.sharing.rename", "does-not-apply", None)]),
        ([{"profile": H100, "sharing": {"mode": "mps", "replicas": 1}}], [(f"{AT}.sharing.replicas", "range", "2")]),
        ([{"profile": H100, "allocation": "dra", "sharing": SHARED}], [(f"{AT}.sharing", "does-not-apply", None)]),
        ([{"profile": SLICE, "allocation": "dra", "mig_strategy": "mixed"}], [(f"{AT}.mig_strategy", "does-not-apply", None)]),
        ([{"profile": H100, "count": 0}], [(f"{AT}.count", "range", "1")]),
    ],
)  # fmt: skip
def test_sharing_that_the_vendor_does_not_support_is_refused(
    pools: list[dict[str, Any]], expected: list[tuple[str, str, str | None]]
) -> None:
    assert reported(fleet_problems(with_pools(*pools))) == expected


def test_models_with_one_resource_name_and_equal_node_labels_are_refused() -> None:
    alike = [{"profile": profile, "node_labels": {"pool": "gpu"}} for profile in (H100, "nvidia-l4-24gb")]
    assert reported(fleet_problems(with_pools(*alike))) == [
        (f"clusters.berlin.accelerators[{index}].node_labels", "same-nodes", None) for index in (0, 1)
    ]


def test_models_with_one_resource_name_may_share_some_node_labels() -> None:
    apart = [{"profile": profile, "node_labels": {"pool": "gpu", "model": name}} for profile, name in ((H100, "a"), ("nvidia-l4-24gb", "b"))]  # fmt: skip
    assert fleet_problems(with_pools(*apart)) == ()


def test_models_with_different_resource_names_may_share_all_node_labels() -> None:
    alike = [{"profile": profile, "node_labels": {"pool": "gpu"}} for profile in (H100, SLICE)]
    assert fleet_problems(with_pools(*alike)) == ()
    alike[1] = {"profile": "nvidia-l4-24gb", "node_labels": {"pool": "gpu"}, "allocation": "dra"}
    assert fleet_problems(with_pools(*alike)) == ()


def test_vgpus_of_two_models_need_different_node_labels() -> None:
    shared = {"sharing": {"mode": "vgpu", "replicas": 2}}
    found = fleet_problems(with_pools({"profile": H100} | shared, {"profile": "nvidia-l4-24gb"} | shared))
    assert {problem.rule for problem in found} == {"same-nodes"}


def test_an_unknown_addon_is_refused_with_the_nearest_one() -> None:
    found = fleet_problems(fleet(clusters={"berlin": cluster(addons={"kue": "0.19", "flux": "2.9"})}))
    assert reported(found) == [("clusters.berlin.addons.kue", "choice", "kueue")]


def test_a_cluster_with_a_bad_name_is_refused_with_the_nearest_one() -> None:
    assert reported(fleet_problems(fleet(clusters={"EU_1": cluster()}))) == [
        ("clusters.EU_1", "dns-label", "eu-1")
    ]


def test_a_fleet_without_clusters_is_refused() -> None:
    assert places(fleet_problems(fleet(clusters={}))) == [("clusters", "length")]


def test_a_bundle_endpoint_without_https_is_refused() -> None:
    foreign = {"edge.example.org": {"endpoint": "http://spire.example.org:8443"}}
    assert reported(fleet_problems(fleet(federation=foreign))) == [
        ("federation.edge.example.org.endpoint", "url", "https://spire.example.org:8443")
    ]


def test_a_version_without_quotes_is_refused_and_reported_why() -> None:
    (found,) = fleet_problems(fleet(clusters={"berlin": cluster(kubernetes=1.3)}))
    assert (found.rule, found.nearest) == ("version", "1.3")
    assert "1.30 becomes 1.3" in found.message


def test_a_group_prefix_cannot_lead_to_groups_of_kubernetes() -> None:
    assert places(fleet_problems(fleet(groups={"prefix": "system:"}))) == [
        ("groups.prefix", "reserved-group")
    ]


def test_problems_of_several_clusters_come_at_once_and_in_order() -> None:
    clusters = {
        "b": cluster({"profile": "x", "count": 1}),
        "a": cluster({"profile": H100, "count": -1}, region=""),
    }
    assert places(fleet_problems(fleet(format="v1", clusters=clusters, branch="a..b"))) == [
        ("format", "choice"),
        ("clusters.b.accelerators[0].profile", "unknown-profile"),
        ("clusters.a.region", "dns-label"),
        ("clusters.a.accelerators[0].count", "range"),
        ("branch", "git-ref"),
    ]


def test_a_fleet_is_a_mapping() -> None:
    assert places(fleet_problems(["a"])) == [("", "type")]


def test_omitted_fields_have_defaults() -> None:
    parsed = parse_fleet(fleet())
    assert (parsed.defaults.pod_security, parsed.defaults.compute.cpu, parsed.layout) == (
        "restricted",
        "16",
        "flat",
    )
