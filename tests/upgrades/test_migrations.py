"""Migrations to a new major version keep comments, and are tried before a request is written."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from fleets import FLEET

from goldenpath import kubeyaml
from goldenpath.cli.root_command import cli
from goldenpath.errors import DataError, InputError
from goldenpath.paths import Library, builtin_folder
from goldenpath.upgrades.migrations import migrate

if TYPE_CHECKING:
    from pathlib import Path

STEPS = """
format: migrations/v1
from: tenant/v1
steps:
- {rename: inputs.lake, to: data_lake}
- {move: inputs.stage, to: environment}
- {default: description, value: A team}
- {map: pod_security, values: {privileged: baseline}}
- {map: environment, values: {prod: production}}
- {drop: contact, finding: The catalog has the address.}
"""
REQUEST = """\
# Agreed in March.
golden_path: tenant/v1   # the path
name: vision
owner: vision-team  # who
clusters: [berlin]
contact: vision@example.org
pod_security: privileged  # for now
inputs:
  # Where the data is.
  lake: north
  stage: prod   # of two
# The end.
"""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """The golden path for tenants, at 2.0.0, with a migration."""
    folder = tmp_path / "library" / "tenant"
    shutil.copytree(builtin_folder() / "tenant", folder, ignore=shutil.ignore_patterns("versions"))
    metadata = folder / "golden-path.yaml"
    text = metadata.read_text().replace("version: 1.1.0", "version: 2.0.0")
    inputs = (
        "inputs:\n  type: object\n  additionalProperties: false\n  properties: {data_lake: {type: string}}\n"
    )
    metadata.write_text(text + inputs)
    (folder / "migrations.yaml").write_text(STEPS)
    return folder.parent


def test_each_step_is_done_and_comments_stay(library: Path) -> None:
    migrated = migrate(REQUEST, "tenant/v2", Library([library]))
    assert migrated.text == (
        "# Agreed in March.\n"
        "golden_path: tenant/v2   # the path\n"
        "name: vision\n"
        "owner: vision-team  # who\n"
        "clusters: [berlin]\n"
        "pod_security: baseline  # for now\n"
        "inputs:\n"
        "  # Where the data is.\n"
        "  data_lake: north\n"
        "environment: production   # of two\n"
        "description: A team\n"
        "# The end.\n"
    )
    (finding,) = migrated.findings
    assert (finding.field, "The catalog has the address." in finding.message) == ("contact", True)


def test_a_request_in_braces_keeps_its_values(library: Path) -> None:
    flow = "{golden_path: tenant/v1, name: vision, owner: vision-team, clusters: [berlin], inputs: {lake: north}}"
    document = kubeyaml.load(migrate(flow, "tenant/v2", Library([library])).text)
    assert (document["golden_path"], document["inputs"]) == ("tenant/v2", {"data_lake": "north"})


def test_a_place_that_is_taken_is_refused(library: Path) -> None:
    with pytest.raises(
        InputError, match=r"environment: is set, and the migration moves inputs\.stage to the same place"
    ):
        migrate(f"{REQUEST}environment: staging\n", "tenant/v2", Library([library]))


def test_a_path_without_a_migration_from_there_is_refused(library: Path) -> None:
    with pytest.raises(InputError, match="migrates requests of tenant/v1"):
        migrate(REQUEST.replace("tenant/v1", "other/v1"), "tenant/v2", Library([library]))
    (library / "tenant" / "migrations.yaml").unlink()
    with pytest.raises(InputError, match=r"has no migrations\.yaml"):
        migrate(REQUEST, "tenant/v2", Library([library]))


def test_a_broken_migration_names_its_field(library: Path) -> None:
    (library / "tenant" / "migrations.yaml").write_text(STEPS + "- {erase: name}\n")
    with pytest.raises(DataError, match=r"migrations\.yaml: steps\.6"):
        migrate(REQUEST, "tenant/v2", Library([library]))


def test_all_are_tried_before_one_is_written(library: Path, tmp_path: Path) -> None:
    fleet = tmp_path / "goldenpath.yaml"
    fleet.write_text(kubeyaml.dump(FLEET))
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(REQUEST)
    bad.write_text(REQUEST.replace("name: vision", "name: speech") + "environment: staging\n")
    words = [
        "migrate",
        str(good),
        "--to",
        "tenant/v2",
        "--fleet",
        str(fleet),
        "--library",
        str(library),
        "--write",
    ]
    refused = CliRunner().invoke(cli, [*words, str(bad)])
    assert (refused.exit_code, good.read_text()) == (2, REQUEST)
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    assert "golden_path: tenant/v2   # the path" in good.read_text()
    assert "The catalog has the address" in done.stderr
