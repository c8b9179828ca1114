"""A pinned version keeps its bytes, and an organisation's own inputs need no Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from asked import FLEET

from goldenpath.errors import InputError
from goldenpath.paths import Library
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = {"golden_path": "notes/v1", "name": "vision", "owner": "vision-team", "clusters": ["bare"]}


def golden_path(folder: Path, version: str, text: str, inputs: str = "") -> None:
    """Write a golden path of one file."""
    template = folder / "[[ cookiecutter.name ]]"
    template.mkdir(parents=True)
    (template / "note.yaml").write_text(text)
    (folder / "golden-path.yaml").write_text(
        f"format: golden-path/v1\nname: notes\nversion: {version}\ntitle: Notes\nsummary: Notes.\nowner: us\n"
        f"lifecycle: production\nspec: tenant\n{inputs}"
    )


def rendered(library: Library, request: dict[str, Any], version: str | None = None) -> str:
    pipeline = Pipeline(parse_fleet(FLEET), library=library)
    tenant = parse(request, fleet=pipeline.fleet, library=library)
    (file,) = pipeline.render(tenant, version=version).files
    return file.text


def test_a_pinned_version_gives_the_same_bytes_after_a_newer_one_is_added(tmp_path: Path) -> None:
    golden_path(tmp_path / "notes", "1.0.0", "a: [[ tenant.name | yaml ]]\n")
    before = rendered(Library([tmp_path]), REQUEST, "1.0.0")

    (tmp_path / "notes").rename(tmp_path / "old")
    golden_path(tmp_path / "notes", "1.1.0", "b: [[ tenant.owner | yaml ]]\n")
    (tmp_path / "notes" / "versions").mkdir()
    (tmp_path / "old").rename(tmp_path / "notes" / "versions" / "1.0.0")

    library = Library([tmp_path])
    assert rendered(library, REQUEST, "1.0.0") == before == "a: vision\n"
    assert rendered(library, REQUEST) == "b: vision-team\n"


def test_a_request_of_an_older_major_version_is_rendered_by_that_version(tmp_path: Path) -> None:
    golden_path(tmp_path / "notes", "2.0.0", "two: [[ tenant.name | yaml ]]\n")
    golden_path(tmp_path / "notes" / "versions" / "1.4.0", "1.4.0", "one: [[ tenant.name | yaml ]]\n")
    library = Library([tmp_path])
    assert rendered(library, REQUEST) == "one: vision\n"
    assert rendered(library, {**REQUEST, "golden_path": "notes/v2"}) == "two: vision\n"


INPUTS = """\
inputs:
  required: [pager]
  properties:
    pager: {type: string, pattern: "^[a-z]+$", description: Who is called.}
    tier: {type: integer, minimum: 1, maximum: 3, default: 2}
"""


@pytest.fixture
def extended(tmp_path: Path) -> Library:
    golden_path(
        tmp_path / "notes", "1.0.0", "pager: [[ inputs.pager | yaml ]]\ntier: [[ inputs.tier ]]\n", INPUTS
    )
    return Library([tmp_path])


def test_extra_inputs_reach_the_templates_with_their_defaults(extended: Library) -> None:
    assert rendered(extended, {**REQUEST, "inputs": {"pager": "on"}}) == 'pager: "on"\ntier: 2\n'
    assert rendered(extended, {**REQUEST, "inputs": {"pager": "ops", "tier": 3}}) == "pager: ops\ntier: 3\n"


@pytest.mark.parametrize(
    ("inputs", "reported"),
    [
        ({}, [("inputs.pager", "required", None)]),
        ({"pager": "Ops"}, [("inputs.pager", "input", None)]),
        ({"pagr": "ops", "tier": 9}, [("inputs.pager", "required", None), ("inputs.pagr", "unknown-input", "pager"), ("inputs.tier", "input", None)]),
        ({"pager": "{{ x }}"}, [("inputs.pager", "template-opener", None), ("inputs.pager", "input", None)]),
    ],
)  # fmt: skip
def test_extra_inputs_are_checked_like_every_other_word(
    inputs: dict[str, Any], reported: list[tuple[str, str, str | None]], extended: Library
) -> None:
    with pytest.raises(InputError) as caught:
        parse({**REQUEST, "inputs": inputs}, fleet=parse_fleet(FLEET), library=extended)
    assert sorted((p.path, p.rule, p.nearest) for p in caught.value.problems) == sorted(reported)
