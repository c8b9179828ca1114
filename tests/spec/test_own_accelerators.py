"""Accelerators of an organisation in its fleet file, in the form of the catalogue."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from small_requests import cluster, fleet, fleet_problems, problems, reported, request, tenancy

from goldenpath.accelerators import catalogue
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

OWN = {
    "nvidia": {
        "sources": {
            "rack": {"name": "Northwind lab", "version": "1", "section": "nvidia-smi", "date": "2026-11-30"}
        },
        "layouts": {"100gb": {"partitions": {"1g.12gb": 7, "7g.100gb": 1}, "sources": ["rack"]}},
        "models": {
            "nvidia-x100-100gb": {
                "title": "NVIDIA X100 100GB",
                "memory_gib": 100,
                "memory_of": "device",
                "products": ["NVIDIA X100"],
                "layout": "100gb",
                "sources": {"memory": ["rack"], "products": ["rack"]},
            }
        },
    },
    "amd": {
        "models": {
            "amd-mi999": {
                "title": "AMD Instinct MI999",
                "memory_gib": 500,
                "device_ids": ["79ff"],
                "vf_device_ids": [],
                "product_names": ["MI999"],
                "layout": "cdna3-8-xcd",
                "sources": {"memory": ["specs"], "device_ids": ["ids"]},
            }
        }
    },
}
POOLS = (
    {"profile": "nvidia-x100-100gb", "count": 8},
    {"profile": "nvidia-x100-100gb/1g.12gb", "count": 14},
    {"profile": "amd-mi999", "count": 4},
)


def on(own: Any = None, *pools: dict[str, Any]) -> dict[str, Any]:
    here = cluster(*(pools or POOLS), addons={"flux": "2.9", "kueue": "0.19"})
    return fleet(accelerator_models=OWN if own is None else own, clusters={"berlin": here})


def changed(**changes: Any) -> dict[str, Any]:
    own = copy.deepcopy(OWN)
    own["nvidia"]["models"]["nvidia-x100-100gb"] |= changes
    return own


def test_a_fleet_may_add_models_with_slices() -> None:
    assert fleet_problems(on()) == ()
    here = tenancy(request(gpus=[{"profile": "nvidia-x100-100gb/1g.12gb", "quota": 3}]), on())
    (grant,) = here.grants
    assert (grant.pool.resource, grant.pool.accelerator.memory_gib) == ("nvidia.com/mig-1g.12gb", 12)
    assert here.accelerator_quota["requests.nvidia.com/mig-1g.12gb"] == 3
    assert here.accelerator_quota["requests.nvidia.com/mig-7g.100gb"] == 0


def test_own_models_are_rendered_like_catalogue_models() -> None:
    pipeline = Pipeline(parse_fleet(on()))
    flavors = {
        item.name: item.body
        for item in pipeline.render(pipeline.fleet).objects()
        if item.kind == "ResourceFlavor"
    }
    assert flavors["nvidia-x100-100gb"]["spec"]["nodeLabels"] == {"nvidia.com/gpu.product": "NVIDIA-X100"}
    assert flavors["amd-mi999"]["spec"]["nodeLabels"] == {"amd.com/gpu.device-id": "79ff"}
    tenant = parse(request(gpus=[{"profile": "amd-mi999", "quota": 2}]), fleet=pipeline.fleet)
    assert pipeline.check(tenant) == ()


def test_own_models_belong_to_one_fleet() -> None:
    assert "nvidia-x100-100gb" not in catalogue()
    assert reported(problems(request(gpus=[{"profile": "amd-mi999", "quota": 1}]), fleet()))[0][:2] == (
        "gpus[0].profile",
        "unknown-profile",
    )


@pytest.mark.parametrize(
    ("own", "place"),
    [
        (changed(memory_gib="100"), "nvidia.models.nvidia-x100-100gb.memory_gib"),
        (changed(colour="green"), "nvidia.models.nvidia-x100-100gb.colour"),
        (changed(products=["NVIDIA 'X'"]), "nvidia.models.nvidia-x100-100gb.products.0"),
        ({"amd": {"models": {"amd-mi300x": OWN["amd"]["models"]["amd-mi999"]}}}, "amd.models.amd-mi300x"),
    ],
)
def test_an_invalid_own_model_is_refused_with_its_path(own: Any, place: str) -> None:
    found = reported(fleet_problems(on(own, {"profile": "nvidia-l4-24gb", "count": 1})))
    assert [path for path, _, _ in found] == [f"accelerator_models.{place}"]


@pytest.mark.parametrize(
    ("own", "word"),
    [
        (changed(layout="200gb"), "the layout '200gb' does not exist"),
        (
            changed(sources={"memory": ["nowhere"], "products": ["rack"]}),
            "the source 'nowhere' does not exist",
        ),
        (changed(aliases=["nvidia-tesla-t4"]), "the alias 'nvidia-tesla-t4' belongs to nvidia-t4-16gb"),
        (
            {"amd": {"models": {"nvidia-mi999": OWN["amd"]["models"]["amd-mi999"]}}},
            "must start with its vendor",
        ),
    ],
)
def test_references_of_an_own_model_must_exist(own: Any, word: str) -> None:
    (found,) = fleet_problems(on(own, {"profile": "nvidia-l4-24gb", "count": 1}))
    assert found.path == "accelerator_models"
    assert word in found.message


def test_a_vendor_that_the_catalogue_does_not_know_is_refused() -> None:
    found = reported(fleet_problems(on({"acme": {"models": {}}}, {"profile": "nvidia-l4-24gb", "count": 1})))
    assert found == [("accelerator_models.acme", "choice", None)]
