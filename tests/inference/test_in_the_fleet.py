"""An inference service in a fleet repository: published, published again, counted with others, and retired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from sample_services import FLEET, SERVICE, TENANT, dump, merged, service

from goldenpath import kubeyaml
from goldenpath.describe import request_from_form, template_entity
from goldenpath.describe.narrowed_choices import MOST_TENANTS
from goldenpath.findings import ChecksFailedError
from goldenpath.fleet import Fleet
from goldenpath.git import Person
from goldenpath.paths import Library
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.describe.choices import Left

FOLDER = "clusters/berlin/workloads/vision/summariser"
HOME = "tenants/vision/workloads/summariser"
FILES = {
    "clusters/berlin/flux/vision.summariser.yaml",
    *(
        f"{FOLDER}/{name}.yaml"
        for name in ("disruptions", "monitoring", "route", "scaler", "server", "service")
    ),
    *(f"{HOME}/{name}" for name in ("README.md", "catalog-info.yaml", "goldenpath.lock", "workload.yaml")),
}


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    person = Person("Platform", "platform@example.org")
    with Fleet.create(tmp_path / "fleet.git", dump(FLEET), bare=True, committer=person) as made:
        made.publish(TENANT)
        yield made


def files(fleet: Fleet) -> dict[str, str]:
    state = fleet.state()
    return state.tree.texts(state.tree.reader.files(state.snapshot.tree))


def test_a_service_is_published_and_then_there_is_nothing_to_do(fleet: Fleet) -> None:
    before = set(files(fleet))
    fleet.publish(SERVICE)
    came = set(files(fleet)) - before
    runbooks = {
        path for path in came if path.startswith("tenants/vision/workloads/summariser/runbooks/Inference")
    }
    assert runbooks
    assert came - runbooks == FILES
    assert not fleet.plan(SERVICE).plan
    assert not fleet.plan(everything=True).plan
    assert [finding for finding in fleet.validate().findings if finding.severity == "error"] == []


def test_its_kustomization_waits_for_as_long_as_the_weights_may_take(fleet: Fleet) -> None:
    fleet.publish(SERVICE)
    applied = kubeyaml.load(files(fleet)["clusters/berlin/flux/vision.summariser.yaml"])["spec"]
    deployment = kubeyaml.load(files(fleet)[f"{FOLDER}/server.yaml"])["spec"]
    assert int(applied["timeout"].removesuffix("m")) * 60 > deployment["progressDeadlineSeconds"]
    assert applied["serviceAccountName"] == "workloads-vision"


def test_two_services_share_the_quota_of_their_tenant(fleet: Fleet) -> None:
    fleet.publish(merged(SERVICE, {"replicas": {"min": 4}}))
    other = service(name="other", replicas={"min": 4}, expose=None)
    with pytest.raises(ChecksFailedError) as error:
        fleet.publish(other)
    said = {finding.rule: finding.message for finding in error.value.findings}
    assert "at least 32 of nvidia-h100-80gb" in said["workload-accelerators"]


def test_a_service_is_retired_in_two_steps(fleet: Fleet) -> None:
    before = set(files(fleet))
    fleet.publish(SERVICE)
    fleet.retire("vision/summariser")
    assert not {path for path in files(fleet) if path.startswith("clusters/") and "summariser" in path}
    fleet.retire("vision/summariser", delete=True)
    assert set(files(fleet)) == before


def test_the_form_offers_tenants_of_the_user_models_and_accelerators() -> None:
    path = Library().get("inference-service/v1")
    pages = template_entity(path, parse_fleet(FLEET))["spec"]["parameters"]
    fields = {name: field for page in pages for name, field in page["properties"].items()}
    assert fields["tenant"]["ui:field"] == "OwnedEntityPicker"
    assert fields["tenant"]["ui:options"]["catalogFilter"] == {"kind": "System"}
    assert jsonschema_rs.is_valid(fields["tenant"], "system:default/vision"), "what the picker gives"
    model = fields["model"]["properties"]["name"]
    assert "meta-llama/Llama-3.3-70B-Instruct" in model["examples"]
    assert "enum" not in model
    assert fields["accelerator"]["properties"]["profile"]["enum"] == ["nvidia-h100-80gb", "nvidia-h200-141gb"]
    assert "vllm" in fields["engine"]["properties"]["name"]["enum"]


def test_the_form_shows_the_free_accelerators_of_each_tenant(fleet: Fleet) -> None:
    path = Library().get("inference-service/v1")

    def offered() -> dict[str, str]:
        left = fleet.summary().left_in_tenants()
        pages = template_entity(path, parse_fleet(FLEET), left=left)["spec"]["parameters"]
        (page,) = [page for page in pages if "accelerator" in page["properties"]]
        profile = page["properties"]["accelerator"]["properties"]["profile"]
        return dict(zip(profile["enum"], profile["enumNames"], strict=True))

    # The fleet has more kinds; the tenant was given this one.
    assert offered() == {"nvidia-h100-80gb": "NVIDIA H100 80GB (vision on berlin: 24 of 24 free)"}
    fleet.publish(merged(SERVICE, {"replicas": {"min": 2}}))
    assert offered() == {"nvidia-h100-80gb": "NVIDIA H100 80GB (vision on berlin: 16 of 24 free)"}


def test_the_form_offers_each_tenant_only_its_own_accelerators() -> None:
    h100, h200 = ("berlin", "nvidia-h100-80gb"), ("berlin", "nvidia-h200-141gb")
    left = {"vision": {h100: (3, 4), h200: (0, 2)}, "speech": {h200: (2, 2), h100: (0, 0)}, "sandbox": {}}
    page = page_of_accelerators(left)

    def takes(tenant: str, profile: str) -> bool:
        return jsonschema_rs.is_valid(page, {"tenant": tenant, "accelerator": {"profile": profile}})

    for named in ("{}", "system:default/{}"):
        assert takes(named.format("vision"), "nvidia-h100-80gb")
        assert takes(named.format("vision"), "nvidia-h200-141gb"), "all in use is still its own"
        assert takes(named.format("speech"), "nvidia-h200-141gb")
        assert not takes(named.format("speech"), "nvidia-h100-80gb"), "a quota of 0 is none"
    first, rest = page["then"], page["else"]
    assert first["properties"]["accelerator"]["properties"]["profile"]["enumNames"] == [
        "NVIDIA H100 80GB (berlin: 3 of 4 free)",
        "NVIDIA H200 141GB (berlin: 0 of 2 free)",
    ]
    none = rest["else"]["then"]["properties"]["accelerator"]["properties"]["profile"]
    assert none["readOnly"]
    assert "has no accelerators" in none["description"]


def test_the_form_narrows_nothing_before_a_tenant_is_chosen_and_in_a_large_fleet() -> None:
    h100 = {("berlin", "nvidia-h100-80gb"): (1, 1)}
    page = page_of_accelerators({"vision": h100})
    assert not jsonschema_rs.is_valid(page["if"], {})
    assert not jsonschema_rs.is_valid(page["else"]["if"], {})
    assert "if" in page_of_accelerators({f"team-{each}": h100 for each in range(MOST_TENANTS)})
    assert "if" not in page_of_accelerators({f"team-{each}": h100 for each in range(MOST_TENANTS + 1)})


def page_of_accelerators(left: Left) -> dict[str, Any]:
    path = Library().get("inference-service/v1")
    pages = template_entity(path, parse_fleet(FLEET), left=left)["spec"]["parameters"]
    (page,) = [page for page in pages if "accelerator" in page["properties"]]
    return dict(page)


def test_a_tenant_of_the_catalog_is_the_tenant_of_the_request() -> None:
    path = Library().get("inference-service/v1")
    asked = request_from_form({**SERVICE, "tenant": "system:default/vision"}, path)
    assert asked["tenant"] == "vision"
