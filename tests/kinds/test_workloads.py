"""Workloads of a golden path that no file of goldenpath names: published, edited, retired, and refused."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from plain_git import commit_by_hand
from workload_paths import FLEET, ROOT, TENANT, web, write_path

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.findings import ChecksFailedError
from goldenpath.fleet import Fleet
from goldenpath.fleet.publish_options import PublishOptions
from goldenpath.git import Person
from goldenpath.paths import Library, builtin_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.fleet.fleet_state import FleetState

FOLDER = "clusters/berlin/workloads/vision/chat"
FILES = {
    "clusters/berlin/flux/vision.chat.yaml",
    f"{FOLDER}/deployment.yaml",
    f"{FOLDER}/service.yaml",
    "tenants/vision/workloads/chat/README.md",
    "tenants/vision/workloads/chat/catalog-info.yaml",
    "tenants/vision/workloads/chat/goldenpath.lock",
    "tenants/vision/workloads/chat/workload.yaml",
}


def new_fleet(folder: Path, library: Library, **changes: Any) -> Fleet:
    platform = Person("Platform", "platform@example.org")
    text = kubeyaml.dump({**FLEET, **changes})
    return Fleet.create(folder / "fleet.git", text, bare=True, committer=platform, library=library)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with new_fleet(tmp_path, Library([write_path(tmp_path / "paths")])) as made:
        made.publish(TENANT)
        yield made


def files(fleet: Fleet) -> dict[str, str]:
    state = fleet.state()
    return state.tree.texts(state.tree.reader.files(state.snapshot.tree))


def problems(error: pytest.ExceptionInfo[InputError]) -> dict[str, str]:
    return {problem.rule: f"{problem.path}: {problem.message}" for problem in error.value.problems}


def findings(error: pytest.ExceptionInfo[ChecksFailedError]) -> dict[str, str]:
    return {finding.rule: finding.message for finding in error.value.findings}


def test_a_workload_is_published_with_what_applies_it(fleet: Fleet) -> None:
    before = set(files(fleet))
    fleet.publish(web())
    after = files(fleet)
    assert set(after) - before == FILES
    applied = kubeyaml.load(after["clusters/berlin/flux/vision.chat.yaml"])
    assert applied["metadata"]["name"] == "vision.chat"
    assert applied["spec"]["path"] == f"./{FOLDER}"
    assert applied["spec"]["serviceAccountName"] == "workloads-vision"
    component = kubeyaml.load(after["tenants/vision/workloads/chat/catalog-info.yaml"])
    assert (component["kind"], component["spec"]["system"]) == ("Component", "vision")
    assert component["spec"]["owner"] == "vision-team"


def test_the_account_of_workloads_is_not_pruned_while_its_tenant_is_not_held(fleet: Fleet) -> None:
    account = list(kubeyaml.load_all(files(fleet)["clusters/berlin/flux/vision.yaml"]))[1]
    assert account["metadata"]["name"] == "workloads-vision"
    assert account["metadata"]["annotations"] == {"kustomize.toolkit.fluxcd.io/prune": "disabled"}


def test_publishing_it_again_makes_no_commit(fleet: Fleet) -> None:
    first = fleet.publish(web())
    assert first.commit is not None
    assert not fleet.plan(web()).plan
    assert not fleet.plan(everything=True).plan


def test_validation_finds_nothing_wrong(fleet: Fleet) -> None:
    fleet.publish(web())
    assert [finding for finding in fleet.validate().findings if finding.severity == "error"] == []


def test_the_sharded_layout_puts_a_digit_before_the_tenant(tmp_path: Path) -> None:
    with new_fleet(tmp_path, Library([write_path(tmp_path / "paths")]), layout="sharded") as fleet:
        fleet.publish(TENANT)
        fleet.publish(web())
        there = set(files(fleet))
        assert "clusters/berlin/flux/5/vision.chat.yaml" in there
        assert "clusters/berlin/workloads/5/vision/chat/deployment.yaml" in there
        assert "tenants/5/vision/workloads/chat/workload.yaml" in there
        for name in ("vision", "vision.chat"):
            applied = kubeyaml.load(files(fleet)[f"clusters/berlin/flux/5/{name}.yaml"].split("---\n")[0])
            assert applied["metadata"]["labels"]["sharding.fluxcd.io/key"] == "shard-5"


def test_a_workload_is_retired_in_two_steps_or_removed_in_one(fleet: Fleet) -> None:
    before = set(files(fleet))
    fleet.publish(web())
    fleet.retire("vision/chat")
    assert set(files(fleet)) - before == {path for path in FILES if path.startswith("tenants/")}
    fleet.retire("vision/chat", delete=True)
    assert set(files(fleet)) == before


def test_holding_a_tenant_takes_its_workloads_off_the_clusters(fleet: Fleet) -> None:
    fleet.publish(web())
    fleet.retire("vision")
    there = files(fleet)
    assert not {path for path in there if "/workloads/" in path and path.startswith("clusters/")}
    assert "clusters/berlin/flux/vision.chat.yaml" not in there
    account = list(kubeyaml.load_all(there["clusters/berlin/flux/vision.yaml"]))[1]
    assert "annotations" not in account["metadata"]  # it goes with the namespace


def test_deleting_a_tenant_takes_its_workloads_with_it(fleet: Fleet) -> None:
    fleet.publish(web())
    fleet.retire("vision")
    fleet.retire("vision", delete=True)
    assert {path for path in files(fleet) if "vision" in path} == {"tenants/vision/retired.yaml"}


def test_an_override_changes_a_rendered_object(fleet: Fleet) -> None:
    override = {
        "kind": "Service",
        "name": "chat",
        "patch": {"spec": {"ports": [{"port": 8080}]}},
        "reason": "A trial",
        "approved_by": "platform-team",
        "expires": "2099-01-31",
    }
    fleet.publish(web(overrides=[override]))
    assert "port: 8080" in files(fleet)[f"{FOLDER}/service.yaml"]


@pytest.mark.parametrize(
    ("changes", "rule", "words"),
    [
        ({"tenant": "visoin"}, "unknown-tenant", "tenant: the fleet has no such tenant"),
        ({"owner": "speech-team"}, "other-owner", "which belongs to vision-team; leave `owner` out"),
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
    with new_fleet(tmp_path, Library([write_path(tmp_path / "paths")])) as fleet:
        fleet.publish(TENANT | {"name": "v" * 40})
        with pytest.raises(InputError) as error:
            fleet.publish(web(tenant="v" * 40, name="c" * 30))
        assert "at most 63 characters" in problems(error)["name-too-long"]


def test_a_tenant_with_a_shards_name_has_no_workloads(tmp_path: Path) -> None:
    with new_fleet(tmp_path, Library([write_path(tmp_path / "paths")])) as fleet:
        fleet.publish(TENANT | {"name": "a"})
        with pytest.raises(InputError) as error:
            fleet.publish(web(tenant="a"))
        assert "one hexadecimal digit" in problems(error)["tenant-without-workloads"]


def test_no_workload_is_added_to_a_tenant_that_is_being_retired(fleet: Fleet) -> None:
    fleet.retire("vision")
    with pytest.raises(InputError) as error:
        fleet.publish(web())
    assert "vision is being retired" in problems(error)["tenant-retiring"]


def test_a_tenant_of_an_older_version_is_shown_how_to_upgrade(tmp_path: Path) -> None:
    library = Library([write_path(tmp_path / "paths")])
    with new_fleet(tmp_path, library) as fleet:
        fleet.publish(TENANT)
        state = fleet.state()
        context = state.context
        from goldenpath.pipeline import Parent

        tenant = context.parse(TENANT, None)
        parent = Parent(tenant, "1.0.0")
        found = context.pipeline.check(context.parse(web(), None), parent=parent)
        (old,) = [finding for finding in found if finding.rule == "tenant-too-old"]
        assert old.fix.endswith("goldenpath publish tenants/vision/tenant.yaml --upgrade")


def test_two_workloads_that_use_more_than_their_tenant_has_are_refused(fleet: Fleet) -> None:
    gpus = {"image": "registry.example/web:1", "gpus": 1, "replicas": 3}
    fleet.publish(web(inputs=gpus))
    with pytest.raises(ChecksFailedError) as error:
        fleet.publish(web("search", inputs=gpus))
    assert "use at least 6 of nvidia-h100-80gb" in findings(error)["workload-accelerators"].replace(
        "uses", "use"
    )


def test_a_grant_does_not_shrink_below_what_workloads_use(fleet: Fleet) -> None:
    fleet.publish(web(inputs={"image": "registry.example/web:1", "gpus": 1, "replicas": 3}))
    with pytest.raises(ChecksFailedError) as error:
        fleet.publish(TENANT | {"gpus": [{"profile": "nvidia-h100-80gb", "quota": 2}]})
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
def test_what_a_template_may_not_render_is_refused(
    tmp_path: Path, name: str, text: str, rule: str | None
) -> None:
    with new_fleet(tmp_path, Library([write_path(tmp_path / "paths", **{name: text})])) as fleet:
        fleet.publish(TENANT)
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
def test_an_override_that_tries_the_same_is_refused(
    fleet: Fleet, kind: str, name: str, patch: dict[str, Any], rule: str
) -> None:
    agreed = {"reason": "A trial", "approved_by": "platform-team", "expires": "2099-01-31"}
    with pytest.raises(ChecksFailedError) as error:
        fleet.publish(web(overrides=[{"kind": kind, "name": name, "patch": patch, **agreed}]))
    assert rule in findings(error)


def test_an_override_of_an_object_that_is_not_there_is_reported(fleet: Fleet) -> None:
    agreed = {"reason": "A trial", "approved_by": "platform-team", "expires": "2099-01-31"}
    override = {"kind": "Service", "name": "chatt", "patch": {"metadata": {}}, **agreed}
    found = fleet.plan(web(overrides=[override])).plan.all_findings
    (said,) = [finding for finding in found if finding.rule == "override-without-object"]
    assert said.fix == "Name chat."


def test_two_workloads_do_not_render_the_same_object(tmp_path: Path) -> None:
    shared = bad_object("ConfigMap", "v1", metadata={"name": "shared"}).replace("chat", "[[ name ]]")
    with new_fleet(tmp_path, Library([write_path(tmp_path / "paths", shared=shared)])) as fleet:
        fleet.publish(TENANT)
        fleet.publish(web())
        with pytest.raises(ChecksFailedError) as error:
            fleet.publish(web("search"))
        assert "ConfigMap/shared on berlin too" in findings(error)["object-collision"]


def test_an_owner_may_be_written_as_any_reference_to_the_tenants_owner(fleet: Fleet) -> None:
    assert fleet.publish(web(owner="group:default/vision-team")).commit is not None


def test_a_placement_that_matches_no_cluster_of_the_tenant_is_refused(fleet: Fleet) -> None:
    with pytest.raises(InputError) as error:
        fleet.publish(web(placement={"regions": ["us"]}))
    words = "placement: matches no cluster of the tenant: tenant vision is on berlin; the placement matches austin"
    assert problems(error)["tenant-not-there"] == words


def test_a_workload_is_not_retired_where_its_tenant_is_not(fleet: Fleet) -> None:
    with pytest.raises(InputError) as error:
        fleet.publish(web(retiring=["austin"]))
    assert problems(error)["tenant-not-there"].startswith("retiring[0]: is not a cluster of the tenant")


def test_a_workload_of_a_retiring_tenant_can_be_retired(fleet: Fleet) -> None:
    fleet.publish(web())
    fleet.retire("vision")
    assert fleet.retire("vision/chat").commit is not None
    assert "retiring: true" in files(fleet)["tenants/vision/workloads/chat/workload.yaml"]


def test_advice_after_a_hand_edit_of_a_workload_is_tried(fleet: Fleet, tmp_path: Path) -> None:
    fleet.publish(web())
    edited = files(fleet)[f"{FOLDER}/service.yaml"].replace("port: 80", "port: 8080")
    commit_by_hand(tmp_path / "fleet.git", {f"{FOLDER}/service.yaml": edited})
    (part,) = (part for part in fleet.plan(web()).plan.parts if part.name == "vision/chat")
    (advice,) = part.hand_edits[0].advice
    assert advice.override is not None
    fleet.publish(web(overrides=[{**advice.override, "approved_by": "vision-team", "expires": "2099-01-31"}]))
    assert not fleet.plan(everything=True).plan


@pytest.mark.parametrize("name", ["role.yml", "notes.txt"])
def test_a_file_that_is_not_checked_is_not_put_where_flux_reads(tmp_path: Path, name: str) -> None:
    library = Library([write_path(tmp_path / "paths")])
    (tmp_path / "paths" / "web" / ROOT / name).write_text("kind: Role\n")
    with new_fleet(tmp_path, library) as fleet:
        fleet.publish(TENANT)
        with pytest.raises(ChecksFailedError) as error:
            fleet.publish(web())
        assert "names of manifests end in `.yaml`" in findings(error)["workload-file"]


def test_a_file_outside_the_places_of_the_workload_is_refused(tmp_path: Path) -> None:
    """A golden path that names the folder of another tenant would write there with every publish."""
    library = Library([write_path(tmp_path / "paths")])
    other = (tmp_path / "paths" / "web" / ROOT).parent / "speech"
    other.mkdir()
    (other / "role.yaml").write_text(bad_object("ConfigMap", "v1"))
    with new_fleet(tmp_path, library) as fleet:
        fleet.publish(TENANT)
        with pytest.raises(ChecksFailedError) as error:
            fleet.publish(web())
        assert "is outside the folders of workload vision/chat" in findings(error)["foreign-file"]


GPUS = {"image": "registry.example/web:1", "gpus": 1, "replicas": 3}
SMALLER = TENANT | {"gpus": [{"profile": "nvidia-h100-80gb", "quota": 2}]}


@pytest.mark.parametrize(
    ("first", "second"),
    [(SMALLER, web(inputs=GPUS)), (web(inputs=GPUS), SMALLER)],
    ids=["shrink", "workload"],
)
def test_a_shrink_and_a_workload_at_once_do_not_both_get_through(
    fleet: Fleet, tmp_path: Path, first: dict[str, Any], second: dict[str, Any]
) -> None:
    """While the first one is worked out, the other is published by another process."""
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
    moved = {
        "kind": "Service",
        "name": "chat",
        "patch": {"metadata": {"namespace": "speech"}},
        "reason": "A trial",
        "approved_by": "platform-team",
        "expires": "2099-01-31",
    }
    with pytest.raises(InputError) as error:
        fleet.publish(web(overrides=[moved]))
    assert any(problem.path.startswith("overrides[0].patch") for problem in error.value.problems)


def test_a_list_hides_no_object_from_the_checks(tmp_path: Path) -> None:
    role = kubeyaml.load(bad_object("Role", "rbac.authorization.k8s.io/v1", rules=[]))
    hidden = kubeyaml.dump({"apiVersion": "v1", "kind": "List", "items": [role]})
    with new_fleet(tmp_path, Library([write_path(tmp_path / "paths", hidden=hidden)])) as fleet:
        fleet.publish(TENANT)
        with pytest.raises(ChecksFailedError) as error:
            fleet.publish(web())
        assert "workload-rights" in findings(error)


def test_a_new_release_that_renders_other_bytes_of_a_workload_is_a_change(
    tmp_path: Path, fleet: Fleet
) -> None:
    fleet.publish(web())
    other = write_path(tmp_path / "other")
    service = other / "web" / ROOT / "service.yaml"
    service.write_text("# New.\n" + service.read_text())
    with Fleet.open(tmp_path / "fleet.git", library=Library([other])) as newer:
        (part,) = newer.plan(everything=True).plan.parts
        assert part.name == "vision/chat"
        assert "new-release" in {finding.rule for finding in part.findings}
        assert newer.publish(everything=True).commit is not None
        assert not newer.plan(everything=True).plan


def test_other_bytes_of_the_files_that_workloads_share_are_a_change(
    tmp_path: Path, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.publish(web())
    templates = shutil.copytree(builtin_folder(), tmp_path / "templates")
    (readme,) = (templates / "_shared" / "workload").rglob("README.md")
    readme.write_text("Another text.\n" + readme.read_text())
    monkeypatch.setattr("goldenpath.paths.path_metadata.builtin_folder", lambda: templates)
    with Fleet.open(tmp_path / "fleet.git", library=Library([tmp_path / "paths"])) as newer:
        assert [part.name for part in newer.plan(everything=True).plan.parts] == ["vision/chat"]


def test_the_same_bytes_of_a_new_release_are_quiet_for_a_workload(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.publish(web())
    for module in ("desired_files", "freshness", "plan_parts"):
        monkeypatch.setattr(f"goldenpath.fleet.{module}.current_release", lambda: "99.0.0")
    assert not fleet.plan(everything=True).plan
    assert fleet.publish(web(title="Chat")).commit is not None
    for module in ("desired_files", "freshness", "plan_parts"):
        monkeypatch.setattr(f"goldenpath.fleet.{module}.current_release", lambda: "98.0.0")
    with pytest.raises(InputError, match=r"rendered by goldenpath 99\.0\.0; this is 98\.0\.0"):
        fleet.publish(web(title="Talk"))
