"""``goldenpath render``: a stream, one folder, or a fleet repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from cli_samples import VISION

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from click.testing import Result

    Run = Callable[..., Result]

BOTH = VISION.replace("[berlin]", "[berlin, boston]")


def files_in(folder: str) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())


def test_without_out_there_are_objects_only_as_one_stream_with_their_comments(here: Path, run: Run) -> None:
    result = run("render", "vision.yaml", "--fleet", "goldenpath.yaml")
    assert result.exit_code == 0
    assert result.stderr == ""
    documents = kubeyaml.load_all(result.stdout)
    assert [document["kind"] for document in documents] == ["Namespace", "ConfigMap"]
    assert "# Why it is there." in result.stdout
    assert "# Source: clusters/berlin/tenants/vision/namespace.yaml" in result.stdout


def test_a_stream_as_json_is_one_list(here: Path, run: Run) -> None:
    data = json.loads(run("render", "vision.yaml", "--format", "json").stdout)
    assert (data["apiVersion"], data["kind"]) == ("v1", "List")
    assert [item["kind"] for item in data["items"]] == ["Namespace", "ConfigMap"]


def test_a_stream_demands_a_cluster_where_there_are_several(here: Path, run: Run) -> None:
    (here / "vision.yaml").write_text(BOTH)
    result = run("render", "vision.yaml")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "--cluster: is required: vision is on berlin, boston; choose one" in result.stderr
    assert run("render", "vision.yaml", "--cluster", "boston").exit_code == 0


def test_a_cluster_that_is_not_the_tenants_is_refused_with_the_nearest(here: Path, run: Run) -> None:
    (here / "vision.yaml").write_text(BOTH)
    result = run("render", "vision.yaml", "--cluster", "berlim")
    assert result.exit_code == 2
    assert "Did you mean 'berlin'?" in result.stderr


def test_out_is_a_fleet_repository_with_the_unchanged_request(here: Path, run: Run) -> None:
    (here / "vision.yaml").write_text(BOTH)
    result = run("render", "vision.yaml", "--out", "out")
    assert result.exit_code == 0
    assert "out: 7 written, 0 unchanged." in result.stdout
    assert files_in("out") == [
        "clusters/berlin/tenants/vision/budget.yaml",
        "clusters/berlin/tenants/vision/namespace.yaml",
        "clusters/boston/tenants/vision/budget.yaml",
        "clusters/boston/tenants/vision/namespace.yaml",
        "tenants/vision/README.md",
        "tenants/vision/catalog-info.yaml",
        "tenants/vision/tenant.yaml",
    ]
    assert (here / "out/tenants/vision/tenant.yaml").read_bytes() == (here / "vision.yaml").read_bytes()
    assert "out: 0 written, 7 unchanged." in run("render", "vision.yaml", "--out", "out").stdout


def test_the_request_keeps_its_bytes_even_those_of_windows(here: Path, run: Run) -> None:
    content = b"\xef\xbb\xbf" + VISION.replace("\n", "\r\n").encode()
    (here / "vision.yaml").write_bytes(content)
    assert run("render", "vision.yaml", "--out", "out").exit_code == 0
    assert (here / "out/tenants/vision/tenant.yaml").read_bytes() == content


def test_a_sharded_layout_puts_the_tenant_into_its_shard(here: Path, run: Run) -> None:
    fleet = here / "goldenpath.yaml"
    fleet.write_text(fleet.read_text() + "layout: sharded\n")
    run("render", "vision.yaml", "--out", "out")
    (request,) = Path("out").glob("tenants/*/vision/tenant.yaml")
    shard = request.parent.parent.name
    assert Path(f"out/clusters/berlin/tenants/{shard}/vision/namespace.yaml").is_file()


def test_out_for_one_cluster_is_one_folder_named_after_the_tenant(here: Path, run: Run) -> None:
    (here / "vision.yaml").write_text(BOTH)
    run("render", "vision.yaml", "--cluster", "boston", "--out", "out")
    assert files_in("out") == [
        "vision/clusters/boston/tenants/vision/budget.yaml",
        "vision/clusters/boston/tenants/vision/namespace.yaml",
        "vision/tenants/vision/README.md",
        "vision/tenants/vision/catalog-info.yaml",
    ]


def test_a_removed_field_removes_its_objects(here: Path, run: Run) -> None:
    run("render", "vision.yaml", "--out", "out")
    by_hand = here / "out/clusters/berlin/tenants/vision/by-hand.yaml"
    by_hand.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: mine}\n")
    (here / "vision.yaml").write_text(VISION.replace("cost_center: cc-1\n", ""))
    dry = run("render", "vision.yaml", "--out", "out", "--dry-run")
    assert "would remove out/clusters/berlin/tenants/vision/budget.yaml" in dry.stdout
    assert "would write out/tenants/vision/tenant.yaml" in dry.stdout
    kept = run("render", "vision.yaml", "--out", "out", "--keep-stale")
    assert (here / "out/clusters/berlin/tenants/vision/budget.yaml").is_file()
    assert "kept out/clusters/berlin/tenants/vision/budget.yaml" in kept.stderr
    result = run("render", "vision.yaml", "--out", "out")
    assert "removed out/clusters/berlin/tenants/vision/budget.yaml" in result.stdout
    assert "0 written, 4 unchanged, 1 removed" in result.stdout
    assert "kept out/clusters/berlin/tenants/vision/by-hand.yaml" in result.stderr
    assert by_hand.is_file()


def test_a_cluster_that_the_request_drops_keeps_its_files_with_a_message(here: Path, run: Run) -> None:
    (here / "vision.yaml").write_text(BOTH)
    run("render", "vision.yaml", "--out", "out")
    (here / "vision.yaml").write_text(VISION)
    result = run("render", "vision.yaml", "--out", "out")
    assert (here / "out/clusters/boston/tenants/vision/namespace.yaml").is_file()
    assert "Kept out/clusters/boston/tenants/vision" in result.stderr
    assert "Retire the tenant there" in result.stderr


def test_the_json_has_the_action_on_each_file(here: Path, run: Run) -> None:
    result = run("render", "vision.yaml", "--out", "out", "--format", "json")
    data = json.loads(result.stdout)
    assert data["written"] == [f"tenants/vision/{name}" for name in ("tenant.yaml",)] + data["written"][1:]
    assert (len(data["written"]), data["unchanged"], data["removed"], data["kept"]) == (5, [], [], [])


def test_a_fleet_renders_its_platforms(here: Path, run: Run) -> None:
    result = run("render", "goldenpath.yaml", "--cluster", "berlin")
    assert [document["kind"] for document in kubeyaml.load_all(result.stdout)] == ["PriorityClass"]
    several = run("render", "goldenpath.yaml")
    assert several.exit_code == 2
    assert "the fleet is on berlin, boston" in several.stderr
    run("render", "goldenpath.yaml", "--out", "out")
    assert files_in("out") == [
        f"clusters/{c}/{f}"
        for c in ("berlin", "boston")
        for f in ("kustomization.yaml", "platform/priority.yaml")
    ]
    run("render", "goldenpath.yaml", "--cluster", "boston", "--out", "one")
    assert files_in("one") == [
        f"boston/clusters/boston/{f}" for f in ("kustomization.yaml", "platform/priority.yaml")
    ]


def test_a_fleet_without_such_a_cluster_is_refused(here: Path, run: Run) -> None:
    assert "Did you mean 'boston'?" in run("render", "goldenpath.yaml", "--cluster", "bostn").stderr


def test_a_request_can_come_from_standard_input(here: Path, run: Run) -> None:
    result = run("render", "-", given=VISION)
    assert result.exit_code == 0
    assert "kind: Namespace" in result.stdout


def test_the_fleet_is_looked_for_in_folders_above_and_named(
    here: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "deep/er").mkdir(parents=True)
    monkeypatch.chdir(here / "deep/er")
    result = run("render", "../../vision.yaml")
    assert result.exit_code == 0
    assert result.stderr == "Fleet: ../../goldenpath.yaml\n"


def test_without_a_fleet_the_problem_names_the_option(here: Path, run: Run) -> None:
    (here / "goldenpath.yaml").rename(here / "other.yaml")
    result = run("render", "vision.yaml")
    assert result.exit_code == 2
    assert "there is no goldenpath.yaml here or in a folder above; give --fleet FILE" in result.stderr


def test_every_problem_is_named_with_file_line_path_value_rule_and_nearest(here: Path, run: Run) -> None:
    (here / "vision.yaml").write_text(
        VISION.replace("name: vision", "name: Vision").replace("[berlin]", "[berlim]")
    )
    result = run("render", "vision.yaml", "--out", "out")
    assert result.exit_code == 2
    assert "refused: vision.yaml: 2 problems" in result.stderr
    assert "  3: name: " in result.stderr
    assert "(given: 'Vision')" in result.stderr
    assert "Did you mean 'vision'? [dns-label]" in result.stderr
    assert "  6: clusters[0]: " in result.stderr
    assert "Did you mean 'berlin'? [unknown-cluster]" in result.stderr
    assert not Path("out").exists()


def test_several_documents_no_file_and_no_yaml_are_refused(here: Path, run: Run) -> None:
    (here / "two.yaml").write_text("a: 1\n---\nb: 2\n")
    (here / "bad.yaml").write_text("a: [\n")
    (here / "bytes.yaml").write_bytes(b"\xff")
    for name, words in {
        "two.yaml": "must have one YAML document, not 2",
        "bad.yaml": "is not YAML",
        "bytes.yaml": "not UTF-8",
        "none.yaml": "cannot be read",
    }.items():
        result = run("render", name)
        assert result.exit_code == 2
        assert words in result.stderr
        assert name in result.stderr


def test_options_about_writing_need_out(here: Path, run: Run) -> None:
    result = run("render", "vision.yaml", "--dry-run")
    assert result.exit_code == 2
    assert "need --out" in result.stderr
