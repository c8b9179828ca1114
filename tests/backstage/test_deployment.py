"""The backend's own manifests are valid, and match the backend's ports, routes and settings."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from goldenpath import kubeyaml
from goldenpath.cli.root_command import cli
from goldenpath_backstage.app import openapi_document
from goldenpath_backstage.settings import DATABASE_VARIABLE, Settings, read_settings

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "backstage-backend" / "deploy"
KUSTOMIZATION = kubeyaml.load_file(FOLDER / "kustomization.yaml")
OBJECTS = [
    each for name in KUSTOMIZATION["resources"] for each in kubeyaml.load_all((FOLDER / name).read_text())
]
DEPLOYMENT = next(each for each in OBJECTS if each["kind"] == "Deployment")
POD = DEPLOYMENT["spec"]["template"]
(CONTAINER,) = POD["spec"]["containers"]


def named(kind: str) -> Any:
    (found,) = [each for each in OBJECTS if each["kind"] == kind]
    return found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "serve.yaml"
    file.write_text(named("ConfigMap")["data"]["serve.yaml"])
    return read_settings(file, environment={DATABASE_VARIABLE: "postgresql://goldenpath@db/goldenpath"})


def test_every_file_is_listed() -> None:
    assert {file.name for file in FOLDER.glob("*.yaml")} == {
        "kustomization.yaml",
        *KUSTOMIZATION["resources"],
    }


def test_the_objects_have_no_finding(tmp_path: Path) -> None:
    for name in KUSTOMIZATION["resources"]:
        shutil.copy(FOLDER / name, tmp_path)
    result = CliRunner().invoke(cli, ["check", str(tmp_path)], prog_name="goldenpath")
    assert result.output.splitlines()[-1] == f"Checked {len(OBJECTS)} objects: clean."


def test_kustomize_changes_only_the_image() -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed: what kustomize makes of the folder is not tested")
    done = subprocess.run((kubectl, "kustomize", str(FOLDER)), capture_output=True, text=True, check=True)
    image = KUSTOMIZATION["images"][0]
    text = (FOLDER / "deployment.yaml").read_text()
    assert f"image: {image['name']}\n" in text
    after = {**CONTAINER, "image": f"{image['newName']}:{image['newTag']}"}
    built = {(each["kind"], each["metadata"]["name"]): each for each in kubeyaml.load_all(done.stdout)}
    assert built.keys() == {(each["kind"], each["metadata"]["name"]) for each in OBJECTS}
    assert built["Deployment", "goldenpath-backend"]["spec"]["template"]["spec"]["containers"] == [after]


def test_the_settings_are_accepted_and_the_ports_are_theirs(settings: Settings) -> None:
    assert settings.host == "0.0.0.0"
    assert not settings.is_open
    (port,) = CONTAINER["ports"]
    assert port == {"name": "http", "containerPort": settings.port}
    assert named("Service")["spec"]["ports"][0]["port"] == settings.port
    assert named("NetworkPolicy")["spec"]["ingress"][0]["ports"] == [{"port": "http"}]


def test_the_command_reads_the_settings_that_are_mounted() -> None:
    command = next(param for param in _serve().params if param.name == "file")
    assert CONTAINER["args"][0] in command.opts
    mounted = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    assert CONTAINER["args"][1] == f"{mounted['settings']}/serve.yaml"


def _serve() -> Any:
    from goldenpath.cli.commands.serve import command

    return command


def test_probes_and_metrics_are_addresses_of_the_backend() -> None:
    paths = openapi_document()["paths"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert CONTAINER[probe]["httpGet"]["path"] in paths
    assert named("ServiceMonitor")["spec"]["endpoints"][0]["path"] in paths


def test_a_pod_is_given_the_time_that_the_backend_takes_to_stop(settings: Settings) -> None:
    sleep = CONTAINER["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert POD["spec"]["terminationGracePeriodSeconds"] > sleep + settings.limits.drain_seconds


def test_every_selector_finds_the_pods() -> None:
    labels = POD["metadata"]["labels"]
    for selector in (
        DEPLOYMENT["spec"]["selector"]["matchLabels"],
        named("Service")["spec"]["selector"],
        named("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        named("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()
    assert (
        named("ServiceMonitor")["spec"]["selector"]["matchLabels"].items()
        <= named("Service")["metadata"]["labels"].items()
    )


def test_secrets_are_references_that_the_page_explains() -> None:
    page = (ROOT / "docs/tasks/run-the-backend.md").read_text()
    for variable in CONTAINER["env"]:
        reference = variable["valueFrom"]["secretKeyRef"]
        assert "value" not in variable
        assert f"`{reference['name']}`" in page
        assert f"`{variable['name']}`" in page
    assert not [each for each in OBJECTS if each["kind"] == "Secret"]


def test_the_folders_that_the_backend_writes_are_writable() -> None:
    image = (ROOT / "backstage-backend" / "Containerfile").read_text()
    mounts = {mount["mountPath"] for mount in CONTAINER["volumeMounts"] if not mount.get("readOnly")}
    assert mounts == {"/tmp", "/var/cache/goldenpath", "/var/lib/goldenpath"}
    assert "HOME=/var/lib/goldenpath XDG_CACHE_HOME=/var/cache/goldenpath" in image
    assert f"USER {POD['spec']['securityContext']['runAsUser']}:" in image
