"""``goldenpath:render`` and ``goldenpath:check`` over HTTP equal the library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from small_requests import sample, sample_fleet

from goldenpath.pipeline import Pipeline, parse

if TYPE_CHECKING:
    from served_backend import Served


def _asked(name: str, **more: object) -> dict[str, object]:
    return {"golden_path": "tenant/v1", "values": sample(name), **more}


def test_the_files_equal_the_librarys(open_backend: Served) -> None:
    fleet = sample_fleet()
    tenant = parse(sample("vision.yaml"), fleet=fleet)
    expected = {file.path: file.text for file in Pipeline(fleet).render(tenant).files}

    run = open_backend.run("render", _asked("vision.yaml"))

    assert run.is_done
    assert run.files == expected
    assert run.outputs["files"] == list(expected)
    assert run.outputs["owner"] == tenant.owner


def test_one_cluster_of_several_is_rendered(open_backend: Served) -> None:
    everywhere = open_backend.run("render", _asked("speech.yaml"))
    clusters = everywhere.outputs["clusters"]
    assert len(clusters) > 1

    run = open_backend.run("render", _asked("speech.yaml", cluster=clusters[0]))

    assert run.outputs["clusters"] == clusters[:1]
    assert not any(path.startswith(f"clusters/{clusters[1]}/") for path in run.files)


def test_empty_form_fields_count_as_absent(open_backend: Served) -> None:
    values = {
        **sample("vision.yaml"),
        "description": "",
        "secrets": [],
        "placement": {"regions": [], "labels": {}},
    }

    run = open_backend.run("render", {"golden_path": "tenant/v1", "values": values})

    assert run.is_done
    assert run.files == open_backend.run("render", _asked("vision.yaml")).files | {
        path: text for path, text in run.files.items() if path.endswith(("README.md", "catalog-info.yaml"))
    }


def test_every_problem_of_a_request_is_reported_at_once_without_its_values(open_backend: Served) -> None:
    values = {
        "name": "Vision Team",
        "owner": "vision-team",
        "clusters": ["nowhere"],
        "gpus": [{"profile": "h1000"}],
    }

    run = open_backend.run("render", {"golden_path": "tenant/v1", "values": values})

    assert run.problem["status"] == 422
    assert {path for path, _ in run.problems} >= {"name", "clusters[0]", "gpus[0].profile", "gpus[0].quota"}
    assert all("value" not in problem for problem in run.problem["problems"])
    assert not run.files


def test_an_unknown_golden_path_is_reported_with_the_nearest(open_backend: Served) -> None:
    run = open_backend.run("render", {"golden_path": "tennant/v1", "values": {}})

    assert run.problems == [("golden_path", "unknown-golden-path")]
    assert run.problem["problems"][0]["nearest"] == "tenant/v1"


def test_the_findings_equal_the_librarys(open_backend: Served) -> None:
    fleet = sample_fleet()
    expected = Pipeline(fleet).check(parse(sample("edge-retail.yaml"), fleet=fleet))

    run = open_backend.run("check", _asked("edge-retail.yaml"))

    assert run.is_done
    assert [(each["rule"], each["object"]) for each in run.outputs["findings"]] == [
        (finding.rule, finding.object) for finding in expected
    ]
    assert max(map(len, run.log.splitlines())) <= 76, "Backstage cuts longer lines off"
    assert all(finding.message in " ".join(run.log.split()) for finding in expected)
    assert run.outputs["passed"] is all(finding.severity != "error" for finding in expected)
    assert not run.files
