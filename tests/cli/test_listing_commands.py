"""``paths``, ``profiles``, ``schema`` and ``completion``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import pytest
from click.shell_completion import BashComplete

from goldenpath import kubeyaml
from goldenpath.accelerators import catalogue
from goldenpath.cli.root_command import COMMANDS, cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]


def offered(*words: str) -> list[str]:
    """What a shell is offered after these words, the last of them unfinished."""
    completion = BashComplete(cli, {}, "goldenpath", "_GOLDENPATH_COMPLETE")
    return [item.value for item in completion.get_completions(list(words[:-1]), words[-1])]


def test_paths_list_each_summary(here: Path, run: Run) -> None:
    output = run("paths").output
    assert "tenant/v1  Small tenant (1.0.0, production, from a tenant's request)" in output
    assert "A namespace, and a budget where a cost centre is given." in output
    assert "input tier: How soon somebody comes." in output
    assert "platform/v1  Small platform (1.0.0, production, from the fleet)" in output


def test_paths_as_json(here: Path, run: Run) -> None:
    paths = {path["name"]: path for path in json.loads(run("paths", "--format", "json").stdout)}
    assert set(paths["tenant"]) == {
        "name", "major", "version", "title", "summary", "owner", "lifecycle", "rendered_from", "inputs",
    }  # fmt: skip
    assert paths["tenant"]["rendered_from"] == "tenant"
    assert paths["platform"]["rendered_from"] == "fleet"


def test_the_built_in_paths_are_listed_without_a_library(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOLDENPATH_LIBRARY", raising=False)
    assert {"tenant/v1", "platform/v1"} <= {
        path["major"] for path in json.loads(run("paths", "--format", "json").stdout)
    }


def test_profiles_are_a_table_of_the_catalogue(run: Run) -> None:
    header, *rows = run("profiles").output.splitlines()
    assert header.split() == ["PROFILE", "MEMORY", "PER", "DEVICE", "RESOURCE", "ALLOCATION"]
    assert [row.split()[0] for row in rows] == list(catalogue().ids)


def test_profiles_of_one_vendor(run: Run) -> None:
    entries = json.loads(run("profiles", "--vendor", "amd", "--format", "json").stdout)
    assert entries
    assert {entry["vendor"] for entry in entries} == {"amd"}


def test_a_named_profile_is_shown_with_its_sources(run: Run) -> None:
    output = run("profiles", "nvidia-h100-80gb/1g.10gb").output
    for words in (
        "nvidia-h100-80gb/1g.10gb  ",
        "nvidia.com/mig-1g.10gb",
        "device class",
        "node label",
        "source",
    ):
        assert words in output


def test_a_near_miss_is_refused_with_the_nearest(run: Run) -> None:
    result = run("profiles", "nvidia-h100-80g", "--vendor", "nvidai")
    assert result.exit_code == 2
    assert "Did you mean 'nvidia-h100-80gb'? [unknown-profile]" in result.stderr
    assert "Did you mean 'nvidia'? [unknown-vendor]" in result.stderr


def test_the_json_schema_of_a_path_has_its_extra_inputs(here: Path, run: Run) -> None:
    schema = json.loads(run("schema", "tenant").stdout)
    assert schema["properties"]["golden_path"]["const"] == "tenant/v1"
    assert "tier" in schema["properties"]["inputs"]["properties"]


def test_the_cookiecutter_form_of_a_path(here: Path, run: Run) -> None:
    assert "fleet" in json.loads(run("schema", "tenant/v1", "--as", "cookiecutter").stdout)


def test_the_backstage_form_of_a_path_offers_the_clusters_of_a_fleet(here: Path, run: Run) -> None:
    result = run("schema", "tenant", "--as", "backstage", "--fleet", "goldenpath.yaml")
    entity = kubeyaml.load(result.stdout)
    assert (entity["kind"], entity["metadata"]["name"]) == ("Template", "tenant-v1")
    assert "berlin" in result.stdout
    assert "berlin" not in run("schema", "tenant", "--as", "backstage").stdout
    refused = run("schema", "platform", "--as", "backstage")
    assert (refused.exit_code, "has no form" in refused.stderr) == (2, True)


def test_a_fleet_goes_with_the_backstage_form_only(here: Path, run: Run) -> None:
    assert run("schema", "tenant", "--fleet", "goldenpath.yaml").exit_code == 2


def test_an_unknown_golden_path_is_refused(here: Path, run: Run) -> None:
    result = run("schema", "tenent/v1")
    assert result.exit_code == 2
    assert "[unknown-golden-path]" in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_its_script(run: Run, shell: str) -> None:
    output = run("completion", shell).output
    assert "_GOLDENPATH_COMPLETE" in output
    assert shell in output


def test_tab_offers_commands_golden_paths_clusters_profiles_and_vendors(here: Path) -> None:
    assert offered("") == list(COMMANDS)
    assert offered("pr") == ["profiles"]
    assert offered("new", "te") == ["tenant"]
    assert offered("render", "vision.yaml", "--cluster", "b") == ["berlin", "boston"]
    assert offered("profiles", "nvidia-h100-80gb/7g.8") == ["nvidia-h100-80gb/7g.80gb"]
    assert offered("profiles", "--vendor", "") == [vendor.id for vendor in catalogue().vendors]


def test_tab_reads_the_fleet_that_was_named(here: Path) -> None:
    (here / "goldenpath.yaml").rename(here / "other.yaml")
    assert offered("render", "vision.yaml", "--cluster", "b") == []
    assert offered("render", "vision.yaml", "--fleet", "other.yaml", "--cluster", "bo") == ["boston"]


def test_tab_never_fails(here: Path) -> None:
    (here / "goldenpath.yaml").write_text("clusters: [")
    assert offered("check", "vision.yaml", "--cluster", "") == []


def test_commands_are_offered_without_being_imported() -> None:
    class Untouched(type(cli)):  # type: ignore[misc]
        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            raise AssertionError(cmd_name)

    group = Untouched(name="goldenpath", package="absent", summaries=COMMANDS)
    assert [item.value for item in group.shell_complete(click.Context(group), "com")] == [
        "compliance",
        "completion",
    ]
