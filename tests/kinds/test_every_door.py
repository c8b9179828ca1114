"""A new golden path of kind `workload` works with every interface and command, and no file names it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import served_backend
from click.testing import CliRunner, Result
from plain_git import file_at
from stories import Story
from workload_paths import web, write_path

from goldenpath import kubeyaml
from goldenpath.cli.root_command import cli
from goldenpath.describe import json_schema, reference_pages, request_from_form, template_entity
from goldenpath.fleet import Fleet
from goldenpath.kinds import digest_of, shared_parts_of
from goldenpath.paths import Library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from served_backend import Served

NAME = "Ada <ada@example.org>"
EXAMPLE = ("web", "examples", "smallest")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library([write_path(tmp_path / "paths")])


@pytest.fixture
def here(tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a clone of a fleet repository that has the example's tenant."""
    del library
    example = tmp_path.joinpath("paths", *EXAMPLE)
    for key in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{key}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{key}_EMAIL", "ada@example.org")
    monkeypatch.setenv("GOLDENPATH_LIBRARY", str(tmp_path / "paths"))
    with Fleet.create(tmp_path / "fleet", (example / "fleet.yaml").read_text()) as fleet:
        fleet.publish(example / "tenants" / "vision" / "tenant.yaml")
    monkeypatch.chdir(tmp_path / "fleet")
    return tmp_path / "fleet"


@pytest.fixture
def run() -> Callable[..., Result]:
    def invoke(*arguments: str, ends_with: int = 0) -> Result:
        result = CliRunner().invoke(cli, arguments, prog_name="goldenpath")
        assert result.exit_code == ends_with, result.output
        return result

    return invoke


def write_request(run: Callable[..., Result], file: str = "../chat.yaml", **more: str) -> None:
    given = {"name": "chat", "tenant": "vision", "inputs.image": "registry.example/web:1", **more}
    run("new", "web", "--no-input", "--out", file, "--force", *_sets(given))


def _sets(given: dict[str, str]) -> Iterator[str]:
    for field, value in given.items():
        yield from ("--set", f"{field}={value}")


def test_the_request_is_written_checked_and_rendered(here: Path, run: Callable[..., Result]) -> None:
    assert "web" in run("paths").output
    write_request(run)
    assert kubeyaml.load_file(here.parent / "chat.yaml") == web()
    assert run("check", "../chat.yaml", "--fleet", "goldenpath.yaml").exit_code == 0
    run("render", "../chat.yaml", "--fleet", "goldenpath.yaml", "--out", "../rendered")
    rendered = here.parent / "rendered"
    deployment = rendered / "clusters/berlin/workloads/vision/chat/deployment.yaml"
    assert kubeyaml.load_file(deployment)["spec"]["replicas"] == 1
    assert (rendered / "tenants/vision/workloads/chat/workload.yaml").read_text() == (
        here.parent / "chat.yaml"
    ).read_text()


def test_a_workload_is_planned_published_edited_listed_and_retired(
    here: Path, run: Callable[..., Result]
) -> None:
    write_request(run)
    plan = run("plan", "../chat.yaml", "--repo", ".").output
    assert "vision/chat" in plan
    run("publish", "../chat.yaml", "--repo", ".", "--author", NAME)
    assert "vision/chat" in run("fleet", "list", "--repo", ".").output
    shown = json.loads(run("fleet", "show", "vision/chat", "--repo", ".", "--format", "json").output)
    assert shown["lock"]["golden_path"] == "web/v1"
    assert "workloads     chat" in run("fleet", "show", "vision", "--repo", ".").output
    write_request(run, **{"inputs.replicas": "2"})
    run("publish", "../chat.yaml", "--repo", ".", "--author", NAME)
    assert "replicas: 2" in file_at(here, "clusters/berlin/workloads/vision/chat/deployment.yaml", "HEAD")
    run("fleet", "validate", "--repo", ".")
    run("retire", "vision/chat", "--repo", ".", "--author", NAME)
    assert "vision/chat" in run("fleet", "list", "--repo", ".").output
    run("retire", "vision/chat", "--delete", "--repo", ".", "--author", NAME)
    assert "vision/chat" not in run("fleet", "list", "--repo", ".").output


def test_the_schema_describes_a_workloads_request(
    library: Library, run: Callable[..., Result], here: Path
) -> None:
    del here
    path = library.get("web/v1")
    schema = json.loads(run("schema", "web").output)
    assert schema == json_schema(path)
    assert schema["required"] == ["golden_path", "name", "tenant", "inputs"]
    assert schema["properties"]["inputs"]["properties"]["image"]["type"] == "string"


def test_the_reference_has_a_page_for_the_path(library: Library) -> None:
    pages = reference_pages(tuple(library))
    assert "Web server" in pages["golden-paths.md"]
    assert "`inputs.replicas`" in "".join(pages.values())


def test_its_example_needs_no_words_of_its_own(tmp_path: Path, library: Library) -> None:
    story = Story("web", tmp_path.joinpath("paths", *EXAMPLE), library=library)
    rendered = story.run()
    assert [finding for finding in rendered.findings if finding.severity == "error"] == []
    assert rendered.ref.path == "vision/chat"


def test_cookiecutter_writes_the_same_bytes(tmp_path: Path, library: Library, here: Path) -> None:
    story = Story("web", tmp_path.joinpath("paths", *EXAMPLE), library=library)
    written = CliRunner().invoke(cli, ["schema", "web", "--as", "cookiecutter"])
    (tmp_path / "paths" / "web" / "cookiecutter.json").write_text(written.output)
    out = tmp_path / "out"
    answers = ["fleet=goldenpath.yaml", "cluster=berlin", "name=chat", "tenant=vision"]
    result = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "cookiecutter",
                str(story.template),
                "--no-input",
                "--output-dir",
                str(out),
            ),
            *answers,
            "input_image=registry.example/web:1",
        ],
        capture_output=True,
        text=True,
        cwd=here,
        env={**os.environ, "HOME": str(tmp_path)},
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    there = {
        file.relative_to(out / "chat").as_posix(): file.read_text()
        for file in (out / "chat").rglob("*")
        if file.is_file()
    }
    assert there == {file.path: file.text for file in story.render().files}


def test_a_frozen_version_with_its_shared_files_has_the_same_digest(tmp_path: Path, library: Library) -> None:
    path = library.get("web/v1")
    digest, shared = digest_of(path), shared_parts_of(path)
    assert shared is not None
    frozen = tmp_path / "frozen" / "web"
    shutil.copytree(path.folder, frozen)
    shutil.copytree(shared, frozen / "shared")
    assert digest_of(Library([tmp_path / "frozen"]).get("web/v1")) == digest
    (frozen / "shared" / "templates" / "labels.j2").write_text("")
    assert digest_of(Library([tmp_path / "frozen"]).get("web/v1")) != digest


def test_the_form_gives_a_workloads_request(library: Library) -> None:
    path = library.get("web/v1")
    asked = {
        name: field
        for page in template_entity(path)["spec"]["parameters"]
        for name, field in page["properties"].items()
    }
    assert {"name", "tenant", "inputs"} <= asked.keys()
    assert "image" in asked["inputs"]["properties"]
    values = {
        "name": "chat",
        "tenant": "system:default/vision",
        "title": "",
        "inputs": {"image": "registry.example/web:1"},
        "delivery": "commit",
    }
    assert request_from_form(values, path) == web()


@pytest.fixture
def backend(here: Path, tmp_path: Path) -> Iterator[Served]:
    with served_backend.serving({"repository": str(here), "libraries": [str(tmp_path / "paths")]}) as served:
        yield served


def test_backstage_creates_edits_and_retires_a_workload(backend: Served, here: Path) -> None:
    templates = backend.get("/v1/templates").json()["entities"]
    assert {"web-v1", "web-v1-edit"} <= {entity["metadata"]["name"] for entity in templates}
    asked: dict[str, Any] = {"golden_path": "web/v1", "values": web()}
    assert backend.run("check", asked).outputs["passed"] is True
    assert "workloads/vision/chat/service.yaml" in " ".join(backend.run("render", asked).files)
    planned = backend.run("plan", {**asked, "new": True}).outputs
    assert (planned["tenant"], planned["workload"], planned["ready"]) == ("vision", "chat", True)
    made = backend.run("publish", {**asked, "new": True}).outputs
    assert made["entityRef"] == "component:default/vision.chat"

    entities = {
        entity["metadata"]["name"]: entity for entity in backend.get("/v1/catalog").json()["entities"]
    }
    component = entities["vision.chat"]
    assert (component["kind"], component["spec"]["system"]) == ("Component", "vision")
    assert component["metadata"]["links"][-1]["title"] == "Edit"

    listed = backend.get("/v1/requests").json()["requests"]
    assert [(each["name"], each["kind"]) for each in listed] == [
        ("vision", "tenant"),
        ("vision/chat", "workload"),
    ]
    assert backend.get("/v1/requests?after=vision").json()["requests"] == listed[1:]
    assert [each["name"] for each in backend.get("/v1/tenants").json()["tenants"]] == ["vision"]
    request = backend.get("/v1/requests/vision/chat").json()
    assert (request["request"], request["owner"]) == (web(), "vision-team")
    assert backend.get("/v1/requests/vision").json()["workloads"] == ["chat"]
    assert backend.get("/v1/tenants/vision").json() == backend.get("/v1/requests/vision").json()

    form = {**request["form"], "inputs": {"image": "registry.example/web:2"}}
    backend.run("publish", {"golden_path": "web/v1", "values": form, "edit": True})
    assert "web:2" in file_at(here, "clusters/berlin/workloads/vision/chat/deployment.yaml", "HEAD")

    status = backend.run("status", {"name": "vision/chat"}).outputs
    assert (status["workload"], status["owner"], status["published"]) == ("chat", "vision-team", True)
    gone = backend.run("retire", {"name": "vision/chat", "delete": True, "confirm": "vision/chat"})
    assert gone.is_done, gone.last
    assert backend.get("/v1/requests/vision/chat").status_code == 404
