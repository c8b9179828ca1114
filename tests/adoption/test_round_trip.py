"""Adopting rendered objects gives a request that renders the same objects.

A request says some things that no Kubernetes object holds, and those cannot come back: its description and a part
of it that no cluster shows (a host name where no Cilium is); a destination that is named twice; a tenant that is
being retired has quotas of 0; which server of `serving` has which host name. Overrides, exceptions, secrets and extra inputs are a person's to say.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from asked import FLEET, requests
from hypothesis import given, settings
from hypothesis import strategies as st
from small_requests import REQUESTS

from goldenpath import kubeyaml
from goldenpath.adoption import Adoption, derive
from goldenpath.errors import InputError
from goldenpath.findings import Severity
from goldenpath.pipeline import Pipeline, load, load_fleet, parse
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.manifests import ManifestObject

PIPELINE = Pipeline(parse_fleet(FLEET))


def rendered(request: dict[str, Any]) -> dict[str, list[ManifestObject]]:
    """By cluster, in no order that would help."""
    found: defaultdict[str, list[ManifestObject]] = defaultdict(list)
    for item in PIPELINE.render(parse(request, fleet=PIPELINE.fleet)).objects():
        found[item.file.split("/")[1]].insert(0, item)
    return dict(found)


def bodies(request: dict[str, Any]) -> dict[tuple[str, str, str, str], dict[str, Any]]:
    return {
        (cluster, item.kind, item.namespace, item.name): item.body
        for cluster, items in rendered(request).items()
        for item in items
    }


def adopted(request: dict[str, Any]) -> Adoption:
    return derive(request["name"], rendered(request), PIPELINE.fleet)


def sayable(request: dict[str, Any]) -> dict[str, Any]:
    """The request without what no object holds."""
    request = {
        key: value for key, value in request.items() if key not in {"description", "retiring", "serving"}
    }
    egress = request.get("network", {}).get("egress")
    if egress:
        once = [way for index, way in enumerate(egress) if way not in egress[:index]]
        request["network"] = {**request["network"], "egress": once}
    return request


@given(requests())
@settings(deadline=None)
def test_adopting_rendered_objects_renders_the_same(request: dict[str, Any]) -> None:
    request = sayable(request)
    adoption = adopted(request)
    assert bodies(adoption.request) == bodies(request)
    assert [finding for finding in adoption.findings if finding.severity is Severity.ERROR] == []
    assert adoption.leftovers == ()


@given(requests())
@settings(deadline=None)
def test_every_field_has_its_source(request: dict[str, Any]) -> None:
    adoption = adopted(sayable(request))

    def said(node: dict[str, Any], before: str = "") -> set[str]:
        paths = set()
        for name, value in node.items():
            path = f"{before}{name}"
            if path in adoption.sources:
                paths.add(path)
            else:
                assert isinstance(value, dict), path
                paths |= said(value, f"{path}.")
        return paths

    assert said(adoption.request) <= set(adoption.sources)
    assert all(adoption.sources.values())


SAMPLES = sorted(file for file in REQUESTS.glob("*.yaml") if file.stem != "goldenpath")


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_the_sample_requests_come_back(file: Path) -> None:
    pipeline = Pipeline(load_fleet(REQUESTS / "goldenpath.yaml"))
    tenant = load(file, fleet=pipeline.fleet)
    found: defaultdict[str, list[ManifestObject]] = defaultdict(list)
    for item in pipeline.render(tenant).objects():
        found[item.file.split("/")[1]].append(item)
    adoption = derive(tenant.name, found, pipeline.fleet)
    again = pipeline.render(parse(adoption.request, fleet=pipeline.fleet)).objects()
    assert {(item.file, str(item)): item.body for item in again} == {
        (item.file, str(item)): item.body for items in found.values() for item in items
    }
    assert parse(kubeyaml.load(adoption.text), fleet=pipeline.fleet) == parse(
        adoption.request, fleet=pipeline.fleet
    )


FULL = {
    "golden_path": "tenant/v1",
    "name": "vision",
    "owner": "vision-team",
    "clusters": ["full"],
    "gpus": [
        {"profile": "nvidia-h100-80gb", "quota": 8, "borrow": 2},
        {"profile": "nvidia-h200-141gb", "quota": 0, "borrow": 4},
    ],
    "access": {"admins": ["leads"]},
    "identity": {"service_accounts": ["server"], "federates_with": ["edge.example.org"]},
    "autoscaling": {"signal": "queue", "max_replicas": 2},
    "network": {"egress": [{"host": "huggingface.co", "port": 443}, {"cidr": "10.0.0.0/8", "port": 443}]},
    "pull_secrets": ["registry"],
    "source": {
        "oci": "oci://registry.example.org/a",
        "provider": "gcp",
        "cloud_identity": {"service_account": "a@example.iam.gserviceaccount.com"},
        "verify": {"provider": "cosign", "identity": {"issuer": "^https://a$", "subject": "^b$"}},
    },
}
JUNK: list[Any] = [None, 0, -1, 1.5, True, "", "x", "9" * 400, [], [None], {}, {"x": None}, [{}], {"name": 7}]


def places_in(node: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [before] * bool(before) + [
        place for key, value in inside for place in places_in(value, (*before, key))
    ]


FULL_OBJECTS = rendered(FULL)["full"]
ALL_PLACES = [
    (index, place)
    for index, item in enumerate(FULL_OBJECTS)
    for place in places_in(item.body)
    if place[0] not in {"apiVersion", "kind"} and place[:2] not in {("metadata",), ("metadata", "name"), ("metadata", "namespace")}
]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(ALL_PLACES), st.sampled_from(JUNK)), min_size=1, max_size=4))
@settings(deadline=None)
def test_no_malformed_object_stops_the_adoption(
    changes: list[tuple[tuple[int, tuple[Any, ...]], Any]],
) -> None:
    """An API server lets a custom resource hold much, and a file on disk holds anything."""
    objects = copy.deepcopy(FULL_OBJECTS)
    for (index, place), junk in changes:
        node: Any = objects[index].body
        for step in place[:-1]:
            node = node[step] if isinstance(node, dict | list) and step in _keys(node) else None
        if isinstance(node, dict | list) and place[-1] in _keys(node):
            node[place[-1]] = copy.deepcopy(junk)
    adoption = derive("vision", {"full": objects}, PIPELINE.fleet)
    assert kubeyaml.load(adoption.text) == adoption.request
    try:
        parse(adoption.request, fleet=PIPELINE.fleet)
    except InputError:
        assert [finding for finding in adoption.findings if finding.severity is Severity.ERROR]


def _keys(node: Any) -> Any:
    return node if isinstance(node, dict) else range(len(node))


def test_egress_of_one_server_is_not_opened_for_all_pods() -> None:
    request = {
        "golden_path": "tenant/v1",
        "name": "vision",
        "owner": "vision-team",
        "clusters": [next(iter(PIPELINE.fleet.clusters))],
        "serving": [{"name": "chat", "egress": [{"cidr": "198.51.100.0/24", "port": 443}]}],
    }
    adoption = adopted(request)
    assert "network" not in adoption.request
    assert [leftover.object for leftover in adoption.leftovers if "`serving`" in leftover.advice] == [
        "NetworkPolicy vision/vision-serving-chat-egress"
    ]
