"""``goldenpath new``: without a terminal from given values, and with one by questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli_samples import VISION
from cli_terminal import CTRL_C, DOWN, ENTER, SPACE, Terminal
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from goldenpath import kubeyaml
from goldenpath.cli.free_accelerators import FreeAccelerators
from goldenpath.cli.interview import Interview
from goldenpath.cli.request_draft import RequestDraft, location_of
from goldenpath.describe.choices import Choices
from goldenpath.describe.schema_fields import every_field, request_fields
from goldenpath.paths import Library
from goldenpath.pipeline import load_fleet, parse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

GIVEN = ("--set", "name=vision", "--set", "owner=vision-team", "--set", "clusters=berlin")
CLEAR = "\x15"


def test_given_values_become_a_request_that_parses(here: Path, run: Run) -> None:
    result = run("new", "tenant", *GIVEN)
    assert result.exit_code == 0
    assert result.stdout == "tenant.yaml: written. Next: goldenpath check tenant.yaml\n"
    text = (here / "tenant.yaml").read_text()
    assert kubeyaml.load(text) == {
        "golden_path": "tenant/v1",
        "name": "vision",
        "owner": "vision-team",
        "clusters": ["berlin"],
    }
    assert "# Name of the team and of its namespace.\nname: vision\n" in text
    assert run("check", "tenant.yaml").exit_code == 0


@pytest.mark.parametrize(
    ("assignment", "field", "value"),
    [
        ("name=no", "name", "no"),
        ("title=1e3", "title", "1e3"),
        ("compute.cpu=64", "compute", {"cpu": "64"}),
        ("compute={cpu: '64', pods: 10}", "compute", {"cpu": "64", "pods": 10}),
        ("compute.pods=10", "compute", {"pods": 10}),
        ("clusters=berlin,boston", "clusters", ["berlin", "boston"]),
        ("clusters=[boston]", "clusters", ["boston"]),
        (
            "network.egress[0]={cidr: 10.0.0.0/8, port: 443}",
            "network",
            {"egress": [{"cidr": "10.0.0.0/8", "port": 443}]},
        ),
        ("inputs.tier=gold", "inputs", {"tier": "gold"}),
        ("expires=2027-06-30", "expires", "2027-06-30"),
    ],
)
def test_an_answer_is_converted_to_the_fields_type(
    here: Path, run: Run, assignment: str, field: str, value: object
) -> None:
    result = run("new", "tenant", *GIVEN, "--set", assignment)
    assert result.exit_code == 0, result.stderr
    assert kubeyaml.load((here / "tenant.yaml").read_text())[field] == value


def test_entries_of_a_list_are_given_one_after_the_other(here: Path, run: Run) -> None:
    gpu = ("--set", "gpus[0].profile=nvidia-h100-80gb", "--set", "gpus[0].quota=8")
    assert run("new", "tenant", *GIVEN, *gpu).exit_code == 0
    assert kubeyaml.load((here / "tenant.yaml").read_text())["gpus"] == [
        {"profile": "nvidia-h100-80gb", "quota": 8}
    ]


def test_every_problem_is_reported_and_nothing_is_written(here: Path, run: Run) -> None:
    result = run(
        "new", "tenant", "--set", "name=Vision", "--set", "clusters=berlim", "--set", "compute.cpu=12x"
    )
    assert result.exit_code == 2
    for words in (
        "'vision'",
        "[dns-label]",
        "owner: ",
        "[required]",
        "clusters[0]: ",
        "'berlin'",
        "compute.cpu: ",
    ):
        assert words in result.stderr
    assert not (here / "tenant.yaml").exists()


@pytest.mark.parametrize(
    "assignment", ["name", "=vision", "a b=c", "gpus[1].quota=8", "name.first=a", "[0]=a", "gpus[x]=1"]
)
def test_an_invalid_assignment_is_refused(here: Path, run: Run, assignment: str) -> None:
    result = run("new", "tenant", *GIVEN, "--set", assignment)
    assert result.exit_code == 2
    assert not (here / "tenant.yaml").exists()


def test_a_file_is_never_replaced_unasked(here: Path, run: Run) -> None:
    result = run("new", "tenant", *GIVEN, "--out", "vision.yaml")
    assert result.exit_code == 2
    assert "exists already" in result.stderr
    assert (here / "vision.yaml").read_text() == VISION
    assert run("new", "tenant", *GIVEN, "--out", "vision.yaml", "--force").exit_code == 0
    assert (here / "vision.yaml").read_text() != VISION


def test_without_a_fleet_cluster_names_are_not_checked_and_a_message_states_it(here: Path, run: Run) -> None:
    (here / "goldenpath.yaml").unlink()
    result = run("new", "tenant", *GIVEN, "--set", "clusters=anywhere")
    assert result.exit_code == 0
    assert "Fleet: none found, so cluster names are not checked." in result.stderr


def test_an_unknown_golden_path_or_one_not_for_requests_is_refused(here: Path, run: Run) -> None:
    assert "Did you mean 'tenant/v1'?" in run("new", "tenant/v2").stderr
    assert "rendered from the fleet" in run("new", "platform").stderr
    assert run("new", "nonsense").exit_code == 2


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("name", ("name",)),
        ("gpus[0].quota", ("gpus", 0, "quota")),
        ("network.egress[12].port", ("network", "egress", 12, "port")),
        ("", None),
        ("[0]", None),
        ("a..b", None),
        ("a.", None),
        ("a[", None),
    ],
)
def test_field_paths_are_read_in_their_usual_form(path: str, location: object) -> None:
    assert location_of(path) == location


def test_a_terminal_shows_questions_and_corrections(here: Path) -> None:
    with Terminal("new", "tenant", "--set", "title=Vision research", cwd=here) as terminal:
        terminal.expect("Name of the team")
        terminal.expect("Name:")
        terminal.send("Vision")
        terminal.expect("Did you mean 'vision'?")
        terminal.send(CLEAR, "vision", ENTER)
        terminal.expect("Description:")
        terminal.send(ENTER)
        terminal.expect("Owner:")
        terminal.send(ENTER)
        terminal.expect("required")
        terminal.send("vision-team", ENTER)
        for optional in ("Contact:", "Environment:", "Cost center:", "Expires:", "Pod security:"):
            terminal.expect(optional)
            terminal.send(ENTER)
        terminal.expect("berlin (eu)")
        terminal.send(SPACE, ENTER)
        terminal.expect("What else")
        terminal.send(DOWN, SPACE, ENTER)
        terminal.expect("NVIDIA H100")
        terminal.send(ENTER)
        terminal.expect("Quota:")
        terminal.send("80")
        terminal.expect("that tenants can own on berlin")
        terminal.send(CLEAR, "8", ENTER)
        terminal.expect("Borrow:")
        terminal.send(ENTER)
        terminal.expect("Clusters:")
        terminal.send(ENTER)
        terminal.expect("one more?")
        terminal.send("n")
        terminal.expect("tenant.yaml: written")
        assert terminal.wait() == 0
    request = kubeyaml.load((here / "tenant.yaml").read_text())
    assert request == {
        "golden_path": "tenant/v1",
        "title": "Vision research",
        "name": "vision",
        "owner": "vision-team",
        "clusters": ["berlin"],
        "gpus": [{"profile": "nvidia-h100-80gb", "quota": 8}],
    }
    parse(request, fleet=load_fleet(here / "goldenpath.yaml"))


def test_ctrl_c_writes_nothing(here: Path) -> None:
    with Terminal("new", "tenant", cwd=here) as terminal:
        terminal.expect("Name:")
        terminal.send(CTRL_C)
        assert terminal.wait() == 130
    assert not (here / "tenant.yaml").exists()


def test_a_person_is_asked_before_a_file_is_replaced(here: Path) -> None:
    with Terminal("new", "tenant", "--out", "vision.yaml", cwd=here) as terminal:
        terminal.expect("Replace it?")
        terminal.send("n", ENTER)
        assert terminal.wait() == 130
    assert (here / "vision.yaml").read_text() == VISION


def interviewed(
    here: Path, given: dict[str, str], *keys: str, free: dict[tuple[str, str], int] | None = None
) -> dict[str, object]:
    """The document after questions that were answered with these keys."""
    library, fleet = Library([here.parent / "library"]), load_fleet(here / "goldenpath.yaml")
    path = library.get("tenant/v1")
    known = None if free is None else FreeAccelerators(fleet, free)
    draft = RequestDraft(path, fleet=fleet, library=library, free=known)
    opening = (
        "name",
        "title",
        "description",
        "owner",
        "contact",
        "environment",
        "cost_center",
        "expires",
        "pod_security",
    )
    for name in opening:
        draft.set(
            (name,),
            given.get(
                name,
                {
                    "name": "vision",
                    "owner": "vision-team",
                    "contact": "a@b.example",
                    "expires": "2027-06-30",
                    "pod_security": "baseline",
                }.get(name, "some"),
            ),
        )
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text("".join(keys))
        pipe.close()  # A question without an answer ends the test instead of waiting for a key.
        Interview(path, draft, fleet, free).run()
    return draft.document


def down(times: int) -> str:
    return DOWN * times


def test_a_source_is_asked_for_by_its_kind(here: Path) -> None:
    source = (down(7), SPACE, ENTER, DOWN, ENTER)  # the eighth section, and its second kind: oci
    answers = (
        "oci://registry.example/vision/deploy",
        ENTER,
        "stable",
        ENTER,
        ENTER,
        ENTER,
        ENTER,
        ENTER,
        "n",
    )
    document = interviewed(here, {}, SPACE, ENTER, *source, *answers)
    assert document["source"] == {"oci": "oci://registry.example/vision/deploy", "tag": "stable"}


def test_without_clusters_a_placement_is_asked_for_until_it_matches(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = (ENTER, SPACE, ENTER, "{tier: gold}", ENTER, ENTER)
    document = interviewed(here, {}, *nowhere[:-1], SPACE, ENTER, ENTER, ENTER)
    assert document["placement"] == {"regions": ["eu"]}
    assert "clusters" not in document
    assert "matches no cluster" in capsys.readouterr().err


def test_a_refused_answer_is_asked_for_again(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Compute is fine; then the name that was given turns out to be the platform's.
    document = interviewed(here, {"name": "kube-system"}, SPACE, ENTER, ENTER, "vision", ENTER)
    assert document["name"] == "vision"
    assert "belongs to the platform" in capsys.readouterr().err


def test_only_accelerators_of_the_chosen_clusters_are_offered(here: Path) -> None:
    fleet = load_fleet(here / "goldenpath.yaml")
    (profile,) = (
        field
        for field in every_field(request_fields(Library().get("tenant/v1")))
        if field.path == "gpus[].profile"
    )
    for cluster, described in fleet.clusters.items():
        free = {(cluster, pool.profile): 1 for pool in described.accelerators}
        offered = Choices(fleet, free, clusters=(cluster,)).of(profile)
        assert [each.value for each in offered] == [pool.profile for pool in described.accelerators]
        assert all(f"{cluster}: 1 of" in each.title and "free" in each.title for each in offered)


@pytest.mark.parametrize(
    ("answers", "needed", "not_asked"),
    [
        ({"signal": "tokens"}, "target", ["time_to_first_token", "inter_token_latency"]),
        ({"signal": "latency", "time_to_first_token": "500ms"}, None, ["inter_token_latency"]),
    ],
)
def test_an_answer_can_require_or_exclude_other_fields(
    here: Path, answers: dict[str, str], needed: str | None, not_asked: list[str]
) -> None:
    library = Library([here.parent / "library"])
    path, fleet = library.get("tenant/v1"), load_fleet(here / "goldenpath.yaml")
    draft = RequestDraft(path, fleet=fleet, library=library)
    for name, value in {
        "name": "vision",
        "owner": "a",
        **{f"autoscaling.{k}": v for k, v in answers.items()},
    }.items():
        draft.set(location_of(name) or (), value)
    for goal in not_asked:
        assert not draft.applies(("autoscaling", goal), "500ms")
    if needed:
        assert draft.is_needed(("autoscaling", needed))


H100 = "nvidia-h100-80gb"
GPUS = (DOWN, SPACE, ENTER)  # of what else the team needs: accelerators
ONE_GPU = (ENTER, "n")  # on all of its clusters, and no other accelerator


def test_a_quota_is_compared_with_the_free_number(here: Path) -> None:
    answers = ("6", ENTER, CLEAR, "5", ENTER, ENTER, *ONE_GPU)
    document = interviewed(here, {}, SPACE, ENTER, *GPUS, ENTER, *answers, free={("berlin", H100): 5})
    assert document["gpus"] == [{"profile": H100, "quota": 5}]


def test_where_nothing_is_free_a_team_may_borrow(here: Path) -> None:
    answers = ("1", ENTER, CLEAR, "0", ENTER, "4", ENTER, *ONE_GPU)
    document = interviewed(here, {}, SPACE, ENTER, *GPUS, ENTER, *answers, free={("berlin", H100): 0})
    assert document["gpus"] == [{"profile": H100, "quota": 0, "borrow": 4}]


def test_a_quota_of_0_is_asked_for_again_before_the_next_section(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = interviewed(here, {}, SPACE, ENTER, *GPUS, ENTER, "0", ENTER, ENTER, *ONE_GPU, "3", ENTER)
    assert document["gpus"] == [{"profile": H100, "quota": 3}]
    assert "gpus[0].quota" in capsys.readouterr().err


def test_an_accelerator_of_one_of_the_chosen_clusters_is_asked_for_there(here: Path) -> None:
    both = (SPACE, DOWN, SPACE, ENTER)
    document = interviewed(here, {}, *both, *GPUS, ENTER, "2", ENTER, ENTER, "n")
    assert document["gpus"] == [{"profile": H100, "quota": 2, "clusters": ["berlin"]}]


@pytest.mark.parametrize(
    ("gpu", "found"),
    [
        ({"quota": 6}, [("gpus[0].quota", "5")]),
        ({"quota": 5}, []),
        ({"quota": 9, "clusters": ["berlin"]}, [("gpus[0].quota", "5")]),
        ({"quota": 3, "clusters": ["boston"]}, [("gpus[0].quota", None)]),
        ({"quota": "six"}, []),
        ({}, []),
    ],
)
def test_the_free_number_is_that_of_the_fullest_cluster(
    here: Path, gpu: dict[str, object], found: list[tuple[str, str | None]]
) -> None:
    fleet = load_fleet(here / "goldenpath.yaml")
    clusters = dict.fromkeys(("berlin", "boston"), fleet.clusters["berlin"])
    free = FreeAccelerators(
        fleet.model_copy(update={"clusters": clusters}), {("berlin", H100): 5, ("boston", H100): -1}
    )
    document = {"name": "vision", "gpus": [{"profile": H100, **gpu}]}
    assert [(each.path, each.nearest) for each in free.problems(document, ["berlin"])] == found


def test_a_tenants_own_quota_counts_as_free_for_it(here: Path) -> None:
    fleet = load_fleet(here / "goldenpath.yaml")
    free = FreeAccelerators(fleet, {("berlin", H100): 2}, {("vision", "berlin", H100): 4})
    for name, refused in (("vision", False), ("speech", True)):
        document = {"name": name, "gpus": [{"profile": H100, "quota": 6}]}
        assert bool([*free.problems(document, ["berlin"])]) is refused


def test_prompts_in_a_fleet_repository_show_free_accelerators(here: Path, run: Run, repository: Path) -> None:
    (here / "other.yaml").write_text(
        VISION.replace("vision", "other") + f"gpus: [{{profile: {H100}, quota: 6}}]\n"
    )
    assert run("publish", "other.yaml", "--repo", str(repository)).exit_code == 0
    given = ("name=vision", "title=a", "description=a", "owner=a", "contact=a@b.example", "environment=a")
    given = (*given, "cost_center=a", "expires=2027-06-30", "pod_security=baseline", "clusters=berlin")
    asked = [word for value in given for word in ("--set", value)]
    with Terminal("new", "tenant", *asked, cwd=repository) as terminal:
        terminal.expect("What else")
        terminal.send(DOWN, SPACE, ENTER)
        terminal.expect("berlin: 2 of 8 free")
        terminal.send(ENTER)
        terminal.expect("Quota:")
        terminal.send("3")
        terminal.expect("Did you mean '2'?")
        terminal.send(CTRL_C)
        assert terminal.wait() == 130
