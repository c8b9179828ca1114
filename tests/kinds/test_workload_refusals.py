"""Requests, objects and overrides of workloads that a publish refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from small_requests import override
from workload_fleets import GPUS, files, findings, fleet_with_tenant, problems
from workload_paths import ROOT, TENANT, web

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.findings import ChecksFailedError
from goldenpath.fleet import Fleet
from goldenpath.fleet.publish_options import PublishOptions
from goldenpath.pipeline import Parent

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.fleet.fleet_state import FleetState


@pytest.mark.parametrize(
    ("changes", "rule", "words"),
    [
        ({"tenant": "visoin"}, "unknown-tenant", "tenant: the fleet has no such tenant"),
        ({"owner": "speech-team"}, "other-owner", "which vision-team owns; leave `owner` out"),
        (
            {"clusters": ["austin"]},
            "tenant-not-there",
            "is not a cluster of the tenant: tenant vision is on berlin",
        ),
        ({"clusters": ["oslo"]}, "unknown-cluster", "is not a cluster of the fleet"),
        ({"name": "c" * 31}, "dns-label", "at most 30 characters"),
        ({"inputs": {}}, "required", "inputs.image: is required"),
        (
            {"inputs": {"image": "a", "imgae": "b"}},
            "unknown-input",
            "inputs.imgae: is not an input of the golden path",
        ),
        ({"compute": {"cpu": "1"}}, "unknown-field", "compute"),
    ],
)
def test_bad_requests_are_refused(fleet: Fleet, changes: dict[str, Any], rule: str, words: str) -> None:
    before = files(fleet)
    with pytest.raises(InputError) as error:
        fleet.publish(web(**changes))
    assert words in problems(error)[rule]
    assert files(fleet) == before


def test_a_name_that_is_too_long_with_its_tenants_is_refused(tmp_path: Path) -> None:
    with fleet_with_tenant(tmp_path, TENANT | {"name": "v" * 40}) as fleet:
        with pytest.raises(InputError) as error:
            fleet.publish(web(tenant="v" * 40, name="c" * 30))
        assert "at most 63 characters" in problems(error)["name-too-long"]


def test_a_tenant_with_a_shards_name_has_no_workloads(tmp_path: Path) -> None:
    with fleet_with_tenant(tmp_path, TENANT | {"name": "a"}) as fleet:
        with pytest.raises(InputError) as error:
            fleet.publish(web(tenant="a"))
        assert "one hexadecimal digit" in problems(error)["tenant-without-workloads"]


def test_no_workload_is_added_to_a_tenant_that_is_being_retired(fleet: Fleet) -> None:
    fleet.retire("vision")
    with pytest.raises(InputError) as error:
        fleet.publish(web())
    assert "vision is being retired" in problems(error)["tenant-retiring"]


def test_a_tenant_of_an_older_version_is_shown_how_to_upgrade(fleet: Fleet) -> None:
    context = fleet.state().context
    parent = Parent(context.parse(TENANT, None), "1.0.0")
    found = context.pipeline.check(context.parse(web(), None), parent=parent)
    (old,) = [finding for finding in found if finding.rule == "tenant-too-old"]
    assert old.fix.endswith("goldenpath publish tenants/vision/tenant.yaml --upgrade")


def test_two_workloads_that_use_more_than_their_tenant_has_are_refused(fleet: Fleet) -> None:
    fleet.publish(web(inputs=GPUS))
    with pytest.raises(ChecksFailedError) as error:
        fleet.publish(web("search", inputs=GPUS))
    assert "use at least 6 of nvidia-h100-80gb" in findings(error)["workload-accelerators"].replace(
        "uses", "use"
    )


def test_a_grant_below_the_use_of_workloads_is_refused(fleet: Fleet) -> None:
    fleet.publish(web(inputs=GPUS))
    with pytest.raises(ChecksFailedError) as error:
        fleet.publish(SMALLER)
    assert "workload-accelerators" in findings(error)


def test_a_tenant_does_not_leave_a_cluster_that_a_workload_names(fleet: Fleet) -> None:
    fleet.publish(TENANT | {"clusters": ["berlin", "austin"], "gpus": []})
    fleet.publish(web(clusters=["austin"]))
    with pytest.raises(InputError) as error:
        fleet.publish(TENANT | {"gpus": []}, options=PublishOptions(allow_removals=1000))
    assert "tenant-not-there" in problems(error)


def bad_object(kind: str, version: str, **fields: Any) -> str:
    labels = {
        "app.kubernetes.io/managed-by": "goldenpath",
        "goldenpath.dev/tenant": "vision",
        "goldenpath.dev/workload": "chat",
    }
    metadata = {"name": "bad", "namespace": "vision", "labels": labels} | fields.pop("metadata", {})
    metadata = {key: value for key, value in metadata.items() if value is not None}
    return kubeyaml.dump({"apiVersion": version, "kind": kind, "metadata": metadata, **fields})


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("role", bad_object("Role", "rbac.authorization.k8s.io/v1", rules=[]), "workload-rights"),
        ("namespace", bad_object("Namespace", "v1", metadata={"namespace": None}), "workload-namespace"),
        (
            "network",
            bad_object("NetworkPolicy", "networking.k8s.io/v1", spec={"podSelector": {}}),
            "workload-rights",
        ),
        (
            "cluster",
            bad_object("PriorityClass", "scheduling.k8s.io/v1", value=1, metadata={"namespace": None}),
            "workload-rights",
        ),
        (
            "of-the-tenant",
            bad_object(
                "NetworkPolicy",
                "networking.k8s.io/v1",
                metadata={"name": "vision-default-deny"},
                spec={"podSelector": {}},
            ),
            "object-collision",
        ),
        ("foreign", bad_object("ConfigMap", "v1", metadata={"namespace": "speech"}), "workload-namespace"),
        ("unlabelled", bad_object("ConfigMap", "v1", metadata={"labels": {}}), "workload-label"),
        ("kustomization", "resources: []\n", "kustomization-file"),
        (
            "same",
            bad_object("Service", "v1", metadata={"name": "vision"}, spec={"ports": [{"port": 80}]}),
            None,
        ),
        (
            "scaler",
            bad_object(
                "HorizontalPodAutoscaler",
                "autoscaling/v2",
                spec={
                    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat"},
                    "minReplicas": 3,
                    "maxReplicas": 2,
                },
            ),
            "replicas",
        ),
    ],
)
def test_forbidden_objects_of_a_template_are_refused(
    tmp_path: Path, name: str, text: str, rule: str | None
) -> None:
    with fleet_with_tenant(tmp_path, **{name: text}) as fleet:
        if rule is None:
            fleet.publish(web())
            return
        with pytest.raises(ChecksFailedError) as error:
            fleet.publish(web())
        assert rule in findings(error)


@pytest.mark.parametrize(
    ("kind", "name", "patch", "rule"),
    [
        (
            "Kustomization",
            "vision.chat",
            {"spec": {"serviceAccountName": "kustomize-controller"}},
            "workload-flux",
        ),
        ("Kustomization", "vision.chat", {"spec": {"targetNamespace": "speech"}}, "workload-flux"),
        ("Service", "chat", {"metadata": {"labels": None}}, "workload-label"),
    ],
)
def test_an_override_with_the_same_effect_is_refused(
    fleet: Fleet, kind: str, name: str, patch: dict[str, Any], rule: str
) -> None:
    with pytest.raises(ChecksFailedError) as error:
        fleet.publish(web(overrides=[override(kind, name, patch)]))
    assert rule in findings(error)


def test_an_override_of_a_missing_object_is_reported(fleet: Fleet) -> None:
    found = fleet.plan(web(overrides=[override("Service", "chatt", {"metadata": {}})])).plan.all_findings
    (said,) = [finding for finding in found if finding.rule == "override-without-object"]
    assert said.fix == "Name chat."


def test_two_workloads_do_not_render_the_same_object(tmp_path: Path) -> None:
    shared = bad_object("ConfigMap", "v1", metadata={"name": "shared"}).replace("chat", "[[ name ]]")
    with fleet_with_tenant(tmp_path, shared=shared) as fleet:
        fleet.publish(web())
        with pytest.raises(ChecksFailedError) as error:
            fleet.publish(web("search"))
        assert "also has ConfigMap/shared on berlin" in findings(error)["object-collision"]


def test_a_placement_that_matches_no_cluster_of_the_tenant_is_refused(fleet: Fleet) -> None:
    with pytest.raises(InputError) as error:
        fleet.publish(web(placement={"regions": ["us"]}))
    words = "placement: matches no cluster of the tenant: tenant vision is on berlin; the placement matches austin"
    assert problems(error)["tenant-not-there"] == words


def test_retiring_on_a_cluster_without_the_tenant_is_refused(fleet: Fleet) -> None:
    with pytest.raises(InputError) as error:
        fleet.publish(web(retiring=["austin"]))
    assert problems(error)["tenant-not-there"].startswith("retiring[0]: is not a cluster of the tenant")


@pytest.mark.parametrize("name", ["role.yml", "notes.txt"])
def test_an_unchecked_file_in_a_folder_of_flux_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "paths" / "web" / ROOT
    folder.mkdir(parents=True)
    (folder / name).write_text("kind: Role\n")
    with fleet_with_tenant(tmp_path) as fleet:
        with pytest.raises(ChecksFailedError) as error:
            fleet.publish(web())
        assert "names of manifests end in `.yaml`" in findings(error)["workload-file"]


def test_a_file_outside_the_folders_of_the_workload_is_refused(tmp_path: Path) -> None:
    """Otherwise a golden path could write into the folder of another tenant with every publish."""
    other = (tmp_path / "paths" / "web" / ROOT).parent / "speech"
    other.mkdir(parents=True)
    (other / "role.yaml").write_text(bad_object("ConfigMap", "v1"))
    with fleet_with_tenant(tmp_path) as fleet:
        with pytest.raises(ChecksFailedError) as error:
            fleet.publish(web())
        assert "is outside the folders of workload vision/chat" in findings(error)["foreign-file"]


SMALLER = TENANT | {"gpus": [{"profile": "nvidia-h100-80gb", "quota": 2}]}


@pytest.mark.parametrize(
    ("first", "second"),
    [(SMALLER, web(inputs=GPUS)), (web(inputs=GPUS), SMALLER)],
    ids=["shrink", "workload"],
)
def test_one_of_a_concurrent_quota_cut_and_workload_is_refused(
    fleet: Fleet, tmp_path: Path, first: dict[str, Any], second: dict[str, Any]
) -> None:
    """Another process publishes the second request while the first one is computed."""
    with Fleet.open(tmp_path / "fleet.git", library=fleet.library) as other:

        def meanwhile(state: FleetState) -> None:
            del state
            if not others:
                others.append(other.publish(second).commit)

        others: list[str | None] = []
        with pytest.raises(ChecksFailedError) as error:
            fleet.publish(first, options=PublishOptions(guard=meanwhile))
    assert "nvidia-h100-80gb on berlin, and vision has 2" in findings(error)["workload-accelerators"]
    assert others != [None]
    assert fleet.state().snapshot.commit == others[0]


def test_an_override_does_not_move_an_object_to_another_namespace(fleet: Fleet) -> None:
    moved = override("Service", "chat", {"metadata": {"namespace": "speech"}})
    with pytest.raises(InputError) as error:
        fleet.publish(web(overrides=[moved]))
    assert any(problem.path.startswith("overrides[0].patch") for problem in error.value.problems)


def test_a_list_hides_no_object_from_the_checks(tmp_path: Path) -> None:
    role = kubeyaml.load(bad_object("Role", "rbac.authorization.k8s.io/v1", rules=[]))
    hidden = kubeyaml.dump({"apiVersion": "v1", "kind": "List", "items": [role]})
    with fleet_with_tenant(tmp_path, hidden=hidden) as fleet:
        with pytest.raises(ChecksFailedError) as error:
            fleet.publish(web())
        assert "workload-rights" in findings(error)
