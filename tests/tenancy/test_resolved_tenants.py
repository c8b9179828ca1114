"""A request resolved on a cluster: defaults, names, identities, groups and policy parameters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_requests import cluster, fleet, request, sample, sample_fleet, tenancies, tenancy

from goldenpath.spec.document_model import Surroundings
from goldenpath.spec.parse import parse_fleet, parse_request
from goldenpath.spec.tenant import Tenant
from goldenpath.tenancy import Tenancy, platforms_of, tenancies_of
from goldenpath.tenancy.queue import FlavorQuota, ResourceGroup
from goldenpath.tenancy.spiffe_identity import spiffe_id

H100, L4 = "nvidia-h100-80gb", "nvidia-l4-24gb"
TWO_MODELS = fleet(
    clusters={
        "berlin": cluster(
            {"profile": H100, "count": 8}, {"profile": L4, "count": 8}, addons={"kueue": "0.19"}
        )
    }
)


def test_a_tenancy_has_the_clusters_in_the_requests_order() -> None:
    on = fleet(clusters={"a": cluster(), "b": cluster()})
    assert [each.cluster_name for each in tenancies(request(clusters=["b", "a"]), on)] == ["b", "a"]


def test_omitted_fields_get_the_fleets_default() -> None:
    on = fleet(
        defaults={
            "pod_security": "baseline",
            "compute": {"cpu": "4", "memory": "8Gi", "storage": "1Ti", "pods": 9},
        }
    )
    plain = tenancy(request(), on)
    assert (plain.compute.cpu, plain.compute.memory, plain.compute.storage, plain.compute.pods) == (
        "4",
        "8Gi",
        "1Ti",
        9,
    )
    assert plain.pod_security == "baseline"
    asked = tenancy(request(compute={"memory": "16Gi"}, pod_security="restricted"), on)
    assert (asked.compute.cpu, asked.compute.memory, asked.pod_security) == ("4", "16Gi", "restricted")


def test_a_cluster_overrides_the_fleets_trust_domain() -> None:
    on = fleet(clusters={"a": cluster(), "b": cluster(trust_domain="b.example.org")})
    both = tenancies(request(clusters=["a", "b"], identity={"service_accounts": ["server"]}), on)
    assert [each.identities[0].spiffe_id for each in both] == [
        "spiffe://prod.example.org/ns/vision/sa/server",
        "spiffe://b.example.org/ns/vision/sa/server",
    ]


def test_an_identitys_object_is_named_by_tenant_and_account() -> None:
    (identity,) = tenancy(request(identity={"service_accounts": ["server"]}), fleet()).identities
    assert identity.resource_name == "vision.server"


NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True)


@given(st.lists(st.tuples(NAMES, NAMES), min_size=2, max_size=2, unique=True))
def test_no_two_accounts_share_an_identity_or_an_object(pairs: list[tuple[str, str]]) -> None:
    assert len({spiffe_id("example.org", *pair) for pair in pairs}) == 2
    assert len({f"{tenant}.{account}" for tenant, account in pairs}) == 2


def test_without_an_identity_a_tenant_has_no_spiffe_ids() -> None:
    plain = tenancy(request(), fleet())
    assert (plain.identities, plain.federates_with) == ((), ())


def named(tenant: str, where: str) -> str:
    on = fleet(clusters={where: cluster()})
    return tenancy(request(name=tenant, clusters=[where]), on).catalog_name


def test_a_catalog_name_is_tenant_and_cluster() -> None:
    assert named("vision", "berlin") == "vision.berlin"
    assert named("a" * 40, "b" * 22) == f"{'a' * 40}.{'b' * 22}"


def test_a_long_catalog_name_is_cut_and_stays_its_own() -> None:
    long = [named("a" * 40, "b" * 23), named("a" * 40, "b" * 24), named("a" * 40, "b" * 13 + "-" * 9 + "c")]
    assert len(set(long)) == 3
    assert all(len(name) <= 63 and name[-9] == "-" and name[-10] not in ".-" for name in long)


@given(
    st.lists(
        st.tuples(NAMES, st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)),
        min_size=2,
        max_size=2,
        unique=True,
    )
)
def test_no_two_catalog_names_collide(pairs: list[tuple[str, str]]) -> None:
    on = parse_fleet(fleet(clusters={where: cluster() for _, where in pairs}))
    names = {
        Tenancy(
            parse_request(Tenant, request(name=tenant, clusters=[where])), platforms_of(on)[where]
        ).catalog_name
        for tenant, where in pairs
    }
    assert len(names) == 2


def test_groups_get_the_fleets_prefix() -> None:
    on = fleet(groups={"prefix": "oidc:"})
    asked = tenancy(request(access={"admins": ["leads"], "viewers": ["all", "other"]}), on)
    assert [asked.groups(role) for role in ("admins", "developers", "viewers")] == [
        ("oidc:leads",),
        (),
        ("oidc:all", "oidc:other"),
    ]


def test_egress_is_networks_and_hosts() -> None:
    egress = [{"host": "a.example", "port": 443}, {"cidr": "10.0.0.0/8", "port": 5432}]
    asked = tenancy(request(network={"egress": egress}), fleet())
    assert [each.host for each in asked.egress_hosts] == ["a.example"]
    assert [each.cidr for each in asked.egress_networks] == ["10.0.0.0/8"]


def test_a_cooldown_is_whole_seconds_and_never_shorter_than_asked() -> None:
    scaling = {"signal": "queue", "max_replicas": 2, "cooldown": "1500ms"}
    assert tenancy(request(autoscaling=scaling), fleet()).cooldown_seconds == 2


def test_without_a_cooldown_the_catalogues_holds() -> None:
    asked = tenancy(request(autoscaling={"signal": "queue", "max_replicas": 2}), fleet())
    assert asked.hint is not None
    assert asked.cooldown_seconds == asked.hint.cooldown_seconds > 0
    assert tenancy(request(), fleet()).cooldown_seconds == 0


def test_a_hint_reads_the_signal_in_the_tenants_namespace() -> None:
    hint = tenancy(
        request(autoscaling={"signal": "latency", "time_to_first_token": "750ms", "max_replicas": 2}), fleet()
    ).hint
    assert hint is not None
    assert (hint.engine, hint.threshold) == ("vllm", "0.75")
    assert 'namespace="vision"' in hint.query


def test_a_queue_has_a_group_for_each_resource_and_a_flavor_for_each_model() -> None:
    gpus = [{"profile": H100, "quota": 4, "borrow": 2}, {"profile": L4, "quota": 1}]
    assert tenancy(request(gpus=gpus), TWO_MODELS).accelerator_groups == (
        ResourceGroup("nvidia.com/gpu", (FlavorQuota(H100, 4, 2), FlavorQuota(L4, 1, 0))),
    )


def gpu_models(on: dict[str, Any], *profiles: str) -> tuple[str, ...]:
    return tenancy(request(gpus=[{"profile": profile, "quota": 1} for profile in profiles]), on).gpu_models


def test_a_model_behind_a_shared_name_is_reported_by_the_labels_of_its_nodes() -> None:
    assert gpu_models(TWO_MODELS, L4) == ("nvidia.com/gpu|nvidia.com/gpu.product=NVIDIA-L4",)
    both = gpu_models(TWO_MODELS, H100, L4)
    assert both[-1].endswith("=NVIDIA-L4")
    assert both[0].startswith("nvidia.com/gpu|nvidia.com/gpu.product=NVIDIA-H100")


def test_a_model_with_a_name_of_its_own_needs_no_telling() -> None:
    on = fleet(
        clusters={
            "berlin": cluster({"profile": H100, "count": 8}, {"profile": f"{H100}/1g.10gb", "count": 8})
        }
    )
    assert gpu_models(on, H100, f"{H100}/1g.10gb") == ()


def test_a_label_that_another_model_has_too_tells_nothing() -> None:
    shared = {"sharing": {"mode": "time-slicing", "replicas": 2}}
    on = fleet(
        clusters={
            "berlin": cluster({"profile": H100, "count": 8} | shared, {"profile": L4, "count": 8} | shared)
        }
    )
    assert gpu_models(on, L4) == ("nvidia.com/gpu|nvidia.com/gpu.product=NVIDIA-L4-SHARED",)


def test_labels_of_the_fleet_replace_those_of_the_catalogue() -> None:
    on = fleet(
        clusters={
            "berlin": cluster(
                {"profile": H100, "count": 8, "node_labels": {"model": "h100", "zone": "a"}},
                {"profile": L4, "count": 8, "node_labels": {"model": "l4", "zone": "a"}},
            )
        }
    )
    assert gpu_models(on, L4) == ("nvidia.com/gpu|model=l4",)


def test_policy_parameters_follow_from_the_tenant() -> None:
    on = fleet(
        defaults={"registries": ["registry.example.org", "b.example.org/team"]},
        clusters={
            "berlin": cluster(
                {"profile": H100, "count": 8},
                {"profile": L4, "count": 8},
                {"profile": "nvidia-h200-141gb", "count": 8, "allocation": "dra"},
                addons={"kueue": "0.19"},
            )
        },
    )
    exception = {"policy": "gpu-owner", "reason": "r", "approved_by": "a", "expires": "2027-01-01"}
    gpus = [{"profile": L4, "quota": 1}, {"profile": "nvidia-h200-141gb", "quota": 1}]
    assert tenancy(request(gpus=gpus, exceptions=[exception]), on).policy_parameters == {
        "goldenpath.dev/accelerators": "nvidia.com/gpu",
        "goldenpath.dev/device-classes": "nvidia-h200-141gb",
        "goldenpath.dev/gpu-models": "nvidia.com/gpu|nvidia.com/gpu.product=NVIDIA-L4",
        "goldenpath.dev/policy-exceptions": "gpu-owner",
        "goldenpath.dev/priority-classes": "goldenpath-batch,goldenpath-interactive,goldenpath-serving",
        "goldenpath.dev/queue": "vision",
        "goldenpath.dev/registries": "registry.example.org,b.example.org/team",
        "goldenpath.dev/service-account": "vision-reconciler",
    }


def test_policy_parameters_are_absent_where_there_is_nothing_to_allow() -> None:
    assert set(tenancy(request(), fleet()).policy_parameters) == {
        "goldenpath.dev/priority-classes",
        "goldenpath.dev/service-account",
    }


@pytest.mark.parametrize("name", ["vision.yaml", "speech.yaml", "edge-retail.yaml", "sandbox.yaml"])
def test_no_policy_parameter_of_a_sample_holds_a_comma_that_is_not_a_separator(name: str) -> None:
    on = sample_fleet()
    for each in tenancies_of(parse_request(Tenant, sample(name), Surroundings(on)), platforms_of(on)):
        lists = (each.fleet.defaults.registries, each.gpu_models)
        assert all("," not in entry for entries in lists for entry in entries)
