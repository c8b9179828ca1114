"""Facts of a cluster in the fleet: topology, DNS, places of add-ons, and lent devices."""

from __future__ import annotations

from typing import Any

import pytest
from small_requests import cluster, fleet, fleet_problems, problems, reported, request

HOST = "kubernetes.io/hostname"
L4 = "nvidia-l4-24gb"
SHARED = {"mode": "time-slicing", "replicas": 4, "rename": True}


def found(**changes: Any) -> list[tuple[str, str, str | None]]:
    """The problems of a fleet whose one cluster is changed, with paths from that cluster on."""
    document = fleet(clusters={"berlin": cluster(**changes)})
    return [
        (path.removeprefix("clusters.berlin."), rule, near)
        for path, rule, near in reported(fleet_problems(document))
    ]


@pytest.mark.parametrize(
    "levels", [[], [HOST], ["a/block", "a/rack", HOST], ["a/rack"], [f"a/{i}" for i in range(15)]]
)
def test_levels_from_wide_to_narrow_are_accepted(levels: list[str]) -> None:
    assert found(topology=levels) == []


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([HOST, "a/rack", "a/rack"], [("topology[0]", "topology-order", None), ("topology[2]", "duplicate", None)]),
        (["a/rack", HOST, "a/block"], [("topology[1]", "topology-order", None)]),
        ([HOST, HOST], [("topology[0]", "topology-order", None), ("topology[1]", "duplicate", None)]),
        ([f"a/{i}" for i in range(16)], [("topology", "length", None)]),
        ([f"a/{i}" for i in range(17)], [("topology", "length", None)]),
    ],
)  # fmt: skip
def test_levels_that_a_topology_cannot_have_are_refused(
    levels: list[str], expected: list[tuple[str, str, str | None]]
) -> None:
    assert found(topology=levels) == expected


@pytest.mark.parametrize(
    "dns",
    [
        {},
        {"addresses": ["169.254.20.10/32"]},
        {"pods": [{"namespace": "openshift-dns", "labels": {"dns.operator.openshift.io/daemonset-dns": "default"}, "port": 5353}]},
        {"addresses": ["172.20.0.0/16", "fd00:10:96::a/128"]},
        {"pods": [], "addresses": ["169.254.169.254/32"]},
    ],
)  # fmt: skip
def test_valid_dns_servers_are_accepted(dns: dict[str, Any]) -> None:
    assert found(dns=dns) == []


@pytest.mark.parametrize(
    ("dns", "expected"),
    [
        ({"addresses": ["169.254.20.10"]}, [("dns.addresses[0]", "cidr", None)]),
        ({"addresses": ["0.0.0.0/0"]}, [("dns.addresses[0]", "too-wide", None)]),
        ({"addresses": ["::/0", "10.0.0.0/7"]}, [("dns.addresses[0]", "too-wide", None), ("dns.addresses[1]", "too-wide", None)]),
        ({"pods": []}, [("dns", "required", None)]),
        ({"pods": [{"labels": {}}]}, [("dns.pods[0].labels", "length", None)]),
    ],
)  # fmt: skip
def test_an_invalid_dns_server_is_refused(
    dns: dict[str, Any], expected: list[tuple[str, str, str | None]]
) -> None:
    assert found(dns=dns) == expected


def test_an_addon_place_needs_the_addon() -> None:
    places = {"kueue": {"namespace": "queues"}, "keda": {"namespace": "scaling"}}
    assert found(addons={"kueue": "0.19"}, addon_places=places) == [
        ("addon_places.keda", "does-not-apply", None)
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"addons": {"keda": "2.20"}, "addon_places": {"keda": {"namespace": "vision"}}},
        {"controllers": ["vision/operator"]},
        {"dns": {"pods": [{"namespace": "vision"}]}},
        {"monitoring": {"namespace": "vision", "prometheus": "http://p.vision:9090"}},
        {"gateway": {"namespace": "vision"}},
    ],
)
def test_a_tenant_cannot_take_the_name_of_a_trusted_namespace(changes: dict[str, Any]) -> None:
    on = fleet(clusters={"berlin": cluster(**changes)})
    assert reported(problems(request(), on)) == [("name", "reserved-name", "team-vision")]


def test_lent_devices_are_part_of_the_count() -> None:
    on = fleet(clusters={"berlin": cluster({"profile": L4, "count": 4, "lend": 5}, addons={"kueue": "0.19"})})
    assert reported(fleet_problems(on)) == [("clusters.berlin.accelerators[0].lend", "capacity", "4")]


def test_lent_devices_can_be_borrowed_but_not_owned() -> None:
    on = fleet(clusters={"berlin": cluster({"profile": L4, "count": 8, "lend": 6}, addons={"kueue": "0.19"})})
    assert reported(problems(request(gpus=[{"profile": L4, "quota": 2, "borrow": 6}]), on)) == []
    assert reported(problems(request(gpus=[{"profile": L4, "quota": 3}]), on)) == [
        ("gpus[0].quota", "capacity", "2")
    ]


WHOLE_AND_SHARED = fleet(
    clusters={"berlin": cluster({"profile": L4, "count": 6, "sharing": SHARED}, {"profile": L4, "count": 2})}
)


def test_a_cluster_may_have_whole_and_shared_devices_of_one_model() -> None:
    assert fleet_problems(WHOLE_AND_SHARED) == ()


@pytest.mark.parametrize(
    ("gpu", "expected"),
    [
        ({"pool": "shared", "quota": 24}, []),
        ({"pool": "whole", "quota": 2}, []),
        ({"pool": "whole", "quota": 3}, [("gpus[0].quota", "capacity", "2")]),
        ({"quota": 1}, [("gpus[0].pool", "required", None)]),
        ({"pool": "share", "quota": 1}, [("gpus[0].pool", "unknown-pool", "shared")]),
    ],
)
def test_a_request_names_one_of_several_pools(
    gpu: dict[str, Any], expected: list[tuple[str, str, str | None]]
) -> None:
    assert reported(problems(request(gpus=[{"profile": L4} | gpu]), WHOLE_AND_SHARED)) == expected


def test_a_request_may_name_both_pools_of_a_model_once_each() -> None:
    both = [{"profile": L4, "pool": name, "quota": 1} for name in ("whole", "shared")]
    assert problems(request(gpus=both), WHOLE_AND_SHARED) == ()
    assert reported(problems(request(gpus=[*both, both[0]]), WHOLE_AND_SHARED)) == [
        ("gpus[2].profile", "duplicate", None)
    ]
