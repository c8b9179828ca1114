"""The modeline of a request: where an editor finds the schema, and that it stays on the machine."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import jsonschema_rs
import pytest
from plain_git import git

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from fleet_commands import Run

GIVEN = ("--set", "name=vision", "--set", "owner=vision-team", "--set", "clusters=berlin")


@pytest.fixture
def written(built_in_paths: None, here: Path, run: Run) -> Path:
    assert run("new", "tenant", *GIVEN).exit_code == 0
    return here / "tenant.yaml"


def test_a_new_request_names_its_schema(written: Path) -> None:
    line, rest = written.read_text().split("\n", 1)
    url = re.fullmatch(r"# yaml-language-server: \$schema=(file:///\S+)", line)
    assert url is not None
    schema = json.loads(Path(unquote(urlsplit(url[1]).path)).read_text())
    assert schema["$id"].endswith("/tenant/v1.json")
    jsonschema_rs.validate(schema, kubeyaml.load(rest))


def test_the_location_of_a_schema_is_the_one_of_the_modeline(written: Path, run: Run) -> None:
    assert run("schema", "tenant", "--as", "location").stdout.strip() in written.read_text()


def test_a_golden_path_of_an_organisation_has_no_schema_in_a_file(here: Path, run: Run) -> None:
    refused = run("schema", "tenant", "--as", "location")
    assert refused.exit_code == 2
    assert "there is no schema file; write one: goldenpath schema NAME > FILE" in refused.stderr
    assert run("new", "tenant", *GIVEN).exit_code == 0
    assert not (here / "tenant.yaml").read_text().startswith("# yaml-language-server")


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_published_and_rendered_files_contain_no_local_path(
    line_end: str, built_in_paths: None, repository: Path, written: Path, run: Run
) -> None:
    text = written.read_text()
    written.write_bytes(text.replace("\n", line_end, 1).encode())
    assert run("publish", "tenant.yaml", "--repo", str(repository)).exit_code == 0
    stored = git(repository, "show", "main:tenants/vision/tenant.yaml")
    assert stored == text.split("\n", 1)[1].strip()
    assert run("render", "tenant.yaml", "--out", "out").exit_code == 0
    assert Path("out/tenants/vision/tenant.yaml").read_text().strip() == stored


def test_a_modeline_that_names_a_url_is_kept(
    built_in_paths: None, repository: Path, written: Path, run: Run
) -> None:
    line = "# yaml-language-server: $schema=https://schemas.example.org/tenant.json\n"
    written.write_text(line + written.read_text().split("\n", 1)[1])
    assert run("publish", "tenant.yaml", "--repo", str(repository)).exit_code == 0
    assert git(repository, "show", "main:tenants/vision/tenant.yaml").startswith(line)
