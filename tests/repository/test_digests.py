"""Equal digests mean equal bytes, and equal meanings have equal digests."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import asked
import pytest
import small_requests as small
from fleet_trees import fleet_part
from hypothesis import given
from hypothesis import strategies as st

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.kinds.tenant_kind import KIND
from goldenpath.pipeline import Pipeline
from goldenpath.repository.input_digests import FleetDigests, digest, request_digest
from goldenpath.spec.document_model import Surroundings
from goldenpath.spec.parse import parse_fleet, parse_request
from goldenpath.spec.tenant import Tenant

if TYPE_CHECKING:
    import random

ASKED_FLEET = parse_fleet(asked.FLEET)


def digest_of(text: str) -> str:
    return request_digest(parse_request(Tenant, kubeyaml.load(text)))


def test_spelling_comments_and_the_order_of_fields_do_not_matter():
    one = """
    golden_path: tenant/v1
    name: vision
    owner: vision-team
    clusters: [berlin]
    gpus: [{profile: nvidia-h100-80gb, quota: 8}]
    """
    other = """
    # ours
    owner: "vision-team"
    gpus:
      - quota: 8        # eight
        profile: nvidia-h100-80gb
    clusters:
      - "berlin"
    name: vision
    golden_path: 'tenant/v1'
    """

    assert digest_of(one) == digest_of(other)


def test_an_explicit_default_does_not_change_the_digest():
    spelt = small.request(
        environment="production",
        compute={},
        gpus=[{"profile": "nvidia-h100-80gb", "quota": 8, "borrow": 0}],
        access={"admins": []},
        overrides=[],
        title=None,
    )
    plain = small.request(gpus=[{"profile": "nvidia-h100-80gb", "quota": 8}])

    assert request_digest(parse_request(Tenant, spelt)) == request_digest(parse_request(Tenant, plain))


def test_a_field_that_a_later_release_adds_leaves_the_digests_of_older_requests():
    class Later(Tenant):
        colour: str = "blue"
        """A field of tomorrow."""

    request = small.request(title="Vision")

    assert request_digest(Later.model_validate(request)) == request_digest(parse_request(Tenant, request))
    assert request_digest(Later.model_validate(request | {"colour": "red"})) != request_digest(
        parse_request(Tenant, request)
    )


def shuffled(value: Any, order: random.Random) -> Any:
    """A request with its own fields, and those of its parts, in another order."""
    if isinstance(value, dict):
        keys = list(value)
        order.shuffle(keys)
        return {key: shuffled(value[key], order) for key in keys}
    return [shuffled(item, order) for item in value] if isinstance(value, list) else value


@given(asked.requests(), st.randoms(use_true_random=False))
def test_the_order_of_fields_does_not_change_a_digest(request, order):
    assert request_digest(parse_request(Tenant, shuffled(request, order))) == request_digest(
        parse_request(Tenant, request)
    )


@given(asked.requests(), asked.requests(), st.data())
def test_requests_have_equal_digests_only_with_equal_meaning(one, other, data):
    field = data.draw(st.sampled_from(sorted(other)))
    mixed = one | {field: other[field]}
    try:
        first, second = (
            parse_request(Tenant, one, Surroundings(ASKED_FLEET)),
            parse_request(Tenant, mixed, Surroundings(ASKED_FLEET)),
        )
    except InputError:
        return

    assert (request_digest(first) == request_digest(second)) == (first == second)


def test_an_order_that_shows_in_the_rendered_text_is_part_of_the_digest():
    patch = {
        "kind": "LimitRange",
        "name": "vision-defaults",
        "reason": "r",
        "approved_by": "a",
        "expires": "2030-01-01",
    }
    one = small.request(overrides=[patch | {"patch": {"metadata": {"labels": {"a": "1", "b": "2"}}}}])
    other = small.request(overrides=[patch | {"patch": {"metadata": {"labels": {"b": "2", "a": "1"}}}}])

    assert request_digest(parse_request(Tenant, one)) != request_digest(parse_request(Tenant, other))


def test_the_digest_of_a_request_is_the_same_in_every_release():
    """Every lock of every fleet holds such digests: when this changes, all of them look out of date."""
    request = parse_request(Tenant, small.sample("vision.yaml"))

    assert (
        request_digest(request) == "sha256:08f827fb3f223fa1e8bda25813c344f0159c4079b7c199c7d404cc9a50662fc7"
    )


# Each changes one thing of the fleet in tests/asked.py.
FLEET_CHANGES: dict[str, Any] = {
    "organisation": lambda fleet: fleet.update(organisation="Other"),
    "domain": lambda fleet: fleet.update(domain="other.example"),
    "trust domain": lambda fleet: fleet.update(trust_domain="other.example"),
    "repository": lambda fleet: fleet.update(repository="https://git.example.org/other.git"),
    "branch": lambda fleet: fleet.update(branch="production"),
    "layout": lambda fleet: fleet.update(layout="sharded"),
    "prefix of groups": lambda fleet: fleet.update(groups={"prefix": "oidc:"}),
    "default standard": lambda fleet: fleet.update(defaults={"pod_security": "baseline"}),
    "registries": lambda fleet: fleet.update(defaults={"registries": ["registry.example.org"]}),
    "default compute": lambda fleet: fleet.update(defaults={"compute": {"pods": 7}}),
    "Prometheus": lambda fleet: fleet["monitoring"].update(prometheus="http://other:9090"),
    "selector's order": lambda fleet: fleet["monitoring"].update(selector={"team": "a", "release": "on"}),
    "gateway": lambda fleet: fleet.update(gateway={"namespace": "other-gateway"}),
    "class of SPIRE": lambda fleet: fleet.update(spire={"class_name": "other"}),
    "federation": lambda fleet: fleet.pop("federation"),
    "region": lambda fleet: fleet["clusters"]["full"].update(region="us"),
    "label": lambda fleet: fleet["clusters"]["full"].update(labels={"tier": "silver"}),
    "version of Kubernetes": lambda fleet: fleet["clusters"]["full"].update(kubernetes="1.35"),
    "cluster's trust domain": lambda fleet: fleet["clusters"]["full"].update(trust_domain="full.example.org"),
    "version of an add-on": lambda fleet: fleet["clusters"]["full"]["addons"].update(kueue="0.20"),
    "no add-on": lambda fleet: fleet["clusters"]["full"]["addons"].pop("kueue"),
    "topology": lambda fleet: fleet["clusters"]["full"].update(topology=["example.org/rack"]),
    "allocation": lambda fleet: fleet["clusters"]["full"]["accelerators"][0].update(allocation="dra"),
    "node labels": lambda fleet: fleet["clusters"]["full"]["accelerators"][0].update(
        node_labels={"x/y": "z"}
    ),
    "sharing": lambda fleet: fleet["clusters"]["full"]["accelerators"][0].update(
        sharing={"mode": "time-slicing", "replicas": 2}
    ),
    "no accelerator": lambda fleet: fleet["clusters"]["full"]["accelerators"].pop(),
}
NO_CHANGES: dict[str, Any] = {
    "capacity": lambda fleet: fleet["clusters"]["full"]["accelerators"][0].update(count=9999),
    "retired names": lambda fleet: fleet.update(retired=["gone"]),
    "another cluster": lambda fleet: fleet["clusters"]["none"].update(kubernetes="1.36", labels={"a": "b"}),
    "a new cluster": lambda fleet: fleet["clusters"].update(new={"region": "eu", "kubernetes": "1.36"}),
    "no other cluster": lambda fleet: fleet["clusters"].pop("bare"),
    "spelling": lambda fleet: fleet.update(branch="main", layout="flat", retired=[], groups={"prefix": ""}),
}
PLACE_CHANGES: dict[str, Any] = {
    "region of another": lambda fleet: fleet["clusters"]["none"].update(region="eu"),
    "labels of another": lambda fleet: fleet["clusters"]["none"].update(labels={"tier": "gold"}),
    "a new cluster": lambda fleet: fleet["clusters"].update(new={"region": "eu", "kubernetes": "1.36"}),
    "order": lambda fleet: fleet.update(clusters=dict(reversed(fleet["clusters"].items()))),
}


def changed(*changes: Any) -> Any:
    fleet = copy.deepcopy(asked.FLEET)
    for change in changes:
        change(fleet)
    return parse_fleet(fleet)


def part_of(fleet: Any, *, placement: bool = False) -> str:
    return FleetDigests(fleet).part(["full"], placement=placement, engine="vllm")


@pytest.mark.parametrize("what", FLEET_CHANGES)
def test_facts_of_a_tenants_files_are_in_the_digest(what):
    assert part_of(changed(FLEET_CHANGES[what])) != part_of(ASKED_FLEET)


@pytest.mark.parametrize("what", NO_CHANGES)
def test_a_fact_that_no_file_of_a_tenant_shows_is_not_in_the_digest(what):
    assert part_of(changed(NO_CHANGES[what])) == part_of(ASKED_FLEET)


@pytest.mark.parametrize("what", PLACE_CHANGES)
def test_other_clusters_regions_matter_only_to_a_placement(what):
    assert part_of(changed(PLACE_CHANGES[what])) == part_of(ASKED_FLEET)
    assert part_of(changed(PLACE_CHANGES[what]), placement=True) != part_of(ASKED_FLEET, placement=True)


def test_a_cluster_that_the_fleet_has_no_more_has_a_digest_that_no_tenant_has():
    without = changed(NO_CHANGES["no other cluster"])

    before, after = (FleetDigests(fleet).part(["bare"], placement=False) for fleet in (ASKED_FLEET, without))
    assert before != after


@given(
    asked.requests(),
    st.booleans(),
    st.lists(st.sampled_from([*FLEET_CHANGES, *NO_CHANGES, *PLACE_CHANGES]), max_size=2, unique=True),
)
def test_equal_digests_mean_equal_bytes(request, by_place, names):
    if by_place:
        del request["clusters"]
        request.pop("gpus", None)
        request["placement"] = {"regions": ["eu"]}
    everything = FLEET_CHANGES | NO_CHANGES | PLACE_CHANGES
    try:
        other = changed(*(everything[name] for name in names))
        before, after = (
            parse_request(Tenant, request, Surroundings(ASKED_FLEET)),
            parse_request(Tenant, request, Surroundings(other)),
        )
    except (InputError, KeyError):
        return  # the changed fleet is none, or does not take this request any more
    if fleet_part(FleetDigests(ASKED_FLEET), before) == fleet_part(FleetDigests(other), after):
        assert Pipeline(ASKED_FLEET).render(before).files == Pipeline(other).render(after).files


def test_the_digest_covers_the_engine_of_the_hint():
    with_hints = parse_request(Tenant, small.request(autoscaling={"signal": "queue", "max_replicas": 2}))
    named = parse_request(
        Tenant,
        small.request(autoscaling={"signal": "queue", "max_replicas": 2, "engine": {"name": "sglang"}}),
    )
    digests = FleetDigests(parse_fleet(small.fleet()))

    assert [
        KIND.engine(parse_request(Tenant, small.request())),
        KIND.engine(with_hints),
        KIND.engine(named),
    ] == [
        None,
        "vllm",
        "sglang",
    ]
    assert (
        len(
            {
                fleet_part(digests, each)
                for each in (parse_request(Tenant, small.request()), with_hints, named)
            }
        )
        == 3
    )


def test_the_platform_is_made_from_its_own_cluster_with_its_capacity():
    before = FleetDigests(ASKED_FLEET)

    assert FleetDigests(changed(NO_CHANGES["capacity"])).platform("full") != before.platform("full")
    assert FleetDigests(changed(NO_CHANGES["another cluster"])).platform("full") == before.platform("full")


def test_numbers_that_python_takes_for_equal_have_digests_of_their_own():
    assert len({digest([value]) for value in (1, 1.0, True, "1")}) == 4
