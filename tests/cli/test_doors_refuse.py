"""Values that readers of YAML read differently are refused by every entry point."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from fleet_commands import ADA

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

TWICE = (
    '{"golden_path": "tenant/v1", "name": "vision", "name": "speech", "owner": "v", "clusters": ["berlin"]}'
)
TWICE_IN_A_LIST = '{"golden_path": "tenant/v1", "name": "v", "owner": "v", "clusters": ["berlin"], "network": {"egress": [{"port": 1, "port": 2}]}}'
OBJECT = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "b", "a": "c"}}'


@pytest.mark.parametrize("document", [TWICE, TWICE_IN_A_LIST, OBJECT, f"[{TWICE}]", f"---\n{TWICE}\n"])
@pytest.mark.parametrize("by_file", [True, False])
def test_check_refuses_a_key_that_is_given_twice(
    here: Path, run: Callable[..., Result], document: str, by_file: bool
) -> None:
    (here / "twice.json").write_text(document)
    result = run("check", "twice.json") if by_file else run("check", "-", given=document)
    assert (result.exit_code, "yaml-duplicate-key" in result.output) == (2, True)


@pytest.mark.parametrize("verb", ["render", "plan", "publish"])
def test_no_command_takes_a_request_with_a_key_that_is_given_twice(
    here: Path, run: Callable[..., Result], repository: Path, verb: str
) -> None:
    (here / "twice.json").write_text(TWICE)
    where = () if verb == "render" else ("--repo", str(repository))
    result = run(verb, "twice.json", *where)
    assert (result.exit_code, "yaml-duplicate-key" in result.output) == (2, True)


def test_a_fleet_and_a_given_field_with_a_key_twice_are_refused(
    here: Path, run: Callable[..., Result]
) -> None:
    document = json.dumps(kubeyaml.load_file(here / "goldenpath.yaml"))
    (here / "fleet.json").write_text(document.replace('"domain":', '"domain": "a.example", "domain":'))
    result = run("check", "fleet.json")
    assert (result.exit_code, "yaml-duplicate-key" in result.output) == (2, True)
    asked = ("--set", "name=vision", "--set", "owner=v", "--set", "clusters=berlin")
    result = run("new", "tenant", "--no-input", *asked, "--set", 'compute={"cpu": 1, "cpu": 2}')
    assert result.exit_code == 2
    assert not (here / "tenant.yaml").exists()


def test_the_configuration_of_a_model_and_own_runs_with_a_key_twice_are_refused(
    here: Path, run: Callable[..., Result]
) -> None:
    traffic = ("--requests", "1/s", "--input", "100", "--output", "100", "--profile", "nvidia-h100-80gb")
    (here / "config.json").write_text('{"hidden_size": 4096, "hidden_size": 8192}')
    result = run("size", "--config", "config.json", *traffic)
    assert (result.exit_code, "'hidden_size' is given twice" in result.output) == (2, True)
    (here / "runs.json").write_text('{"mean_tpot_ms": 10, "mean_tpot_ms": 20}')
    result = run("size", "--model", "Qwen/Qwen3-32B", "--calibrate", "runs.json", *traffic)
    assert (result.exit_code, "'mean_tpot_ms' is given twice" in result.output) == (2, True)


@pytest.mark.parametrize("name", ["golden_path", r'"golden\u005fpath"', r'"\x67olden_path"'])
def test_an_ambiguous_number_is_refused_however_its_document_is_spelled(
    here: Path, run: Callable[..., Result], name: str
) -> None:
    (here / "octal.yaml").write_text(
        f"{name}: tenant/v1\nname: vision\nowner: v\nclusters: [berlin]\ncompute: {{pods: 0100}}\n"
    )
    result = run("check", "octal.yaml")
    assert (result.exit_code, "ambiguous-number" in result.output) == (2, True)


def test_an_ambiguous_number_is_refused_as_a_value_to_set(
    here: Path, run: Callable[..., Result], repository: Path
) -> None:
    asked = ("--set", "name=vision", "--set", "owner=v", "--set", "clusters=berlin")
    made = run("new", "tenant", "--no-input", *asked, "--set", "compute.pods=0100", "--out", "new.yaml")
    assert (made.exit_code, "given: 0100" in made.output, "[ambiguous-number]" in made.output) == (
        2,
        True,
        True,
    )
    assert not (here / "new.yaml").exists()

    assert run("publish", "vision.yaml", "--repo", str(repository), "--author", ADA).exit_code == 0
    change = (
        "fleet",
        "edit",
        "--repo",
        str(repository),
        "--where",
        "true",
        "--reason",
        "more",
        "--author",
        ADA,
    )
    for value in ("compute.pods=0100", "compute={pods: 1_000}"):
        edited = run(*change, "--set", value)
        assert (edited.exit_code, "[ambiguous-number]" in edited.output) == (2, True)
