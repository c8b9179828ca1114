"""``goldenpath:query``, ``blame``, ``edit`` and ``undo`` on a real Git repository, and the change sets in ``status``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from plain_git import file_at
from sample_callers import ADMIN, READER, TOKENS, VISION
from small_requests import sample

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from served_backend import Served


@pytest.fixture
def backend(serve: Callable[..., Served]) -> Served:
    made = serve(tokens=TOKENS)
    for name in ("vision.yaml", "speech.yaml"):
        asked = {"golden_path": "tenant/v1", "values": sample(name)}
        assert made.run("publish", asked, token=ADMIN).is_done
    return made


def _tenant(repository: Path, name: str) -> dict[str, Any]:
    document: dict[str, Any] = kubeyaml.load(file_at(repository, f"tenants/{name}/tenant.yaml"))
    return document


EDIT = {"where": "true", "set": ["cost_center=cc-77"], "reason": "Charged anew"}


def test_a_query_finds_requests_and_objects(backend: Served) -> None:
    run = backend.run("query", {"expression": 'name == "vision"'}, token=READER)
    assert run.outputs["count"] == 1
    assert run.outputs["found"][0]["name"] == "vision"
    objects = backend.run(
        "query", {"expression": 'kind == "Namespace"', "rendered": True, "limit": 1}, token=READER
    )
    assert (objects.outputs["count"] > 1, len(objects.outputs["found"])) == (True, 1)
    refused = backend.run("query", {"expression": 'nam == "vision"'}, token=READER)
    assert not refused.is_done
    assert "nam" in str(refused.last)


def test_blame_names_who_set_a_value(backend: Served) -> None:
    run = backend.run("blame", {"name": "vision", "field": "owner"}, token=READER)
    (origin,) = run.outputs["origins"]
    assert (origin["kind"], origin["commit"]["author"].split(" ")[0]) == ("request", "platform")


def test_an_edit_by_digest_and_its_undo(backend: Served, repository: Path) -> None:
    planned = backend.run("edit", EDIT, token=ADMIN, dryRun=True)
    assert planned.is_done, planned.last
    assert planned.outputs["reach"]["selected"] == 2
    assert (
        "cost_center" not in _tenant(repository, "vision")
        or _tenant(repository, "vision")["cost_center"] != "cc-77"
    )
    before = {name: _tenant(repository, name) for name in ("vision", "speech")}

    wrong = {**EDIT, "delivery": "commit", "approve": f"sha256:{'0' * 64}"}
    assert "is not the digest of this plan" in str(backend.run("edit", wrong, token=ADMIN).last)

    right = {**EDIT, "delivery": "commit", "approve": planned.outputs["digest"]}
    made = backend.run("edit", right, token=ADMIN)
    assert made.is_done, made.last
    assert {_tenant(repository, name)["cost_center"] for name in before} == {"cc-77"}

    status = backend.run("status", {"name": "vision"}, token=READER)
    (change,) = status.outputs["changeSets"]
    assert (change["id"], change["state"], change["reason"], change["requests"]) == (
        made.outputs["changeSet"],
        "merged",
        "Charged anew",
        2,
    )
    undone = backend.run("undo", {"change": change["id"], "delivery": "commit"}, token=ADMIN)
    assert undone.is_done, undone.last
    assert {name: _tenant(repository, name) for name in before} == before


def test_editing_needs_the_right_to_change_every_selected_request(backend: Served, repository: Path) -> None:
    before = _tenant(repository, "speech")
    run = backend.run("edit", {**EDIT, "delivery": "commit"}, token=VISION)
    assert "is not in" in str(run.last)
    assert _tenant(repository, "speech") == before
    own = backend.run("edit", {**EDIT, "where": 'name == "vision"', "delivery": "commit"}, token=VISION)
    assert own.is_done, own.last
    assert _tenant(repository, "vision")["cost_center"] == "cc-77"


def test_an_edit_is_put_up_for_review_by_default(backend: Served, repository: Path) -> None:
    made = backend.run("edit", EDIT, token=ADMIN)
    assert made.is_done, made.last
    assert made.outputs["branch"] == f"goldenpath/change-{made.outputs['changeSet']}"
    status = backend.run("status", {"name": "vision"}, token=READER)
    assert status.outputs["changeSets"][0]["state"] == "open"


def test_the_catalog_shows_the_change_sets_of_a_tenant(backend: Served, repository: Path) -> None:
    def shown() -> dict[str, str]:
        entities = backend.get("/v1/catalog", READER).json()["entities"]
        return {
            each["metadata"]["name"]: each["metadata"]["annotations"].get("goldenpath.dev/change-sets", "")
            for each in entities
            if each["kind"] == "System"
        }

    assert shown() == {"vision": "", "speech": ""}
    one = backend.run("edit", {**EDIT, "where": 'name == "vision"', "delivery": "commit"}, token=ADMIN)
    other = backend.run("edit", {**EDIT, "set": ["compute.pods=77"], "reason": "More Pods"}, token=ADMIN)
    made, opened = one.outputs["changeSet"], other.outputs["changeSet"]
    found = {
        name: [(line.split()[:2], line.split(" ", 3)[3]) for line in text.splitlines()]
        for name, text in shown().items()
    }
    assert found == {
        "vision": [([opened, "open"], "More Pods"), ([made, "merged"], "Charged anew")],
        "speech": [([opened, "open"], "More Pods")],
    }
