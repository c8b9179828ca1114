"""Finding golden paths: precedence, versions, near misses, and invalid metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from goldenpath.errors import DataError, InputError
from goldenpath.kinds import kind_of
from goldenpath.paths import Library, builtin_folder

if TYPE_CHECKING:
    from pathlib import Path

METADATA = """\
format: golden-path/v1
name: {name}
version: {version}
title: A path
summary: What it gives.
owner: platform-team
lifecycle: production
spec: tenant
"""


BUILT_IN = sorted(file.parent.name for file in builtin_folder().glob("*/golden-path.yaml"))


def add_path(library: Path, name: str, version: str = "1.0.0", *, folder: str = "", more: str = "") -> Path:
    place = library / (folder or name)
    (place / "[[ cookiecutter.name ]]").mkdir(parents=True)
    (place / "golden-path.yaml").write_text(METADATA.format(name=name, version=version) + more)
    return place


def refused(library: Library, major: str, version: str | None = None) -> tuple[str, str | None, str]:
    with pytest.raises(InputError) as error:
        library.get(major, version=version)
    (problem,) = error.value.problems
    assert problem.path == "golden_path"
    return problem.rule, problem.nearest, problem.message


def test_the_library_has_the_built_in_paths() -> None:
    assert [path.name for path in Library()] == BUILT_IN
    assert {"platform", "tenant"} <= set(BUILT_IN)
    assert kind_of(Library().get("tenant/v1")).is_requested
    assert not kind_of(Library().get("platform/v1")).is_requested
    assert Library().get("tenant/v1").template_folder.parent.parent == builtin_folder()


def test_an_organisations_path_joins_the_built_in_ones(tmp_path: Path) -> None:
    add_path(tmp_path, "notebook")
    assert [path.name for path in Library([tmp_path])] == sorted([*BUILT_IN, "notebook"])


def test_an_organisations_path_takes_the_place_of_a_built_in_one(tmp_path: Path) -> None:
    add_path(tmp_path, "tenant", "1.0.7")
    assert Library([tmp_path]).get("tenant/v1").version == "1.0.7"


def test_the_first_folder_wins(tmp_path: Path) -> None:
    add_path(tmp_path / "a", "notebook", "1.0.1")
    add_path(tmp_path / "b", "notebook", "1.0.2")
    assert Library([tmp_path / "b", tmp_path / "a"]).get("notebook/v1").version == "1.0.2"


def test_a_missing_or_other_folder_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "README.md").write_text("notes")
    assert [path.name for path in Library([tmp_path, tmp_path / "nowhere"])] == BUILT_IN


@pytest.fixture
def versions(tmp_path: Path) -> Library:
    """Version 2.0.0 of a path, with three older ones."""
    add_path(tmp_path, "notebook", "2.0.0")
    for version in ("1.2.0", "1.10.0", "1.9.3"):
        add_path(tmp_path, "notebook", version, folder=f"notebook/versions/{version}")
    return Library([tmp_path])


def test_the_newest_of_a_major_version_is_taken_by_number_and_not_by_letter(versions: Library) -> None:
    assert versions.get("notebook/v1").version == "1.10.0"
    assert versions.get("notebook/v2").version == "2.0.0"


def test_a_pinned_version_is_returned(versions: Library) -> None:
    path = versions.get("notebook/v1", version="1.2.0")
    assert (path.version, path.folder.name) == ("1.2.0", "1.2.0")


def test_a_list_has_each_path_once_in_its_newest_version(versions: Library) -> None:
    assert [path.version for path in versions if path.name == "notebook"] == ["2.0.0"]


@pytest.mark.parametrize("version", ["1.3.0", "2.0.0"])
def test_a_version_that_is_not_of_this_major_is_refused_with_those_that_are(
    versions: Library, version: str
) -> None:
    rule, _, message = refused(versions, "notebook/v1", version)
    assert rule == "unknown-version"
    assert message.endswith("the versions are 1.2.0, 1.9.3, 1.10.0")


@pytest.mark.parametrize(
    ("major", "nearest"),
    [("tennant/v1", "tenant/v1"), ("tenant/v9", "tenant/v1"), ("tenant", "tenant/v1"), ("zzz", None), ("../tenant/v1", "tenant/v1"), ("", None)],
)  # fmt: skip
def test_an_unknown_path_is_refused_with_the_nearest_one(major: str, nearest: str | None) -> None:
    rule, near, message = refused(Library(), major)
    assert (rule, near) == ("unknown-golden-path", nearest)
    assert (
        message == f"is not a golden path; the golden paths are {', '.join(path.major for path in Library())}"
    )


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "the document"),
        ("- a", "the document"),
        ("{", "is not YAML"),
        (METADATA.format(name="x", version="1.0"), "version"),
        (METADATA.format(name="x", version="0.1.0"), "version"),
        (METADATA.format(name="x", version="1.0.0").replace("title: A path\n", ""), "title"),
        (METADATA.format(name="x", version="1.0.0") + "extra: 1\n", "extra"),
        (METADATA.format(name="x", version="1.0.0").replace("production", "ready"), "lifecycle"),
        (METADATA.format(name="x", version="1.0.0").replace("v1\n", "v2\n"), "format"),
        (METADATA.format(name="y", version="1.0.0"), "name"),
        (METADATA.format(name="x", version="1.0.0") + "inputs: {type: array}\n", "inputs"),
    ],
)  # fmt: skip
def test_broken_metadata_is_reported_by_file_and_field(tmp_path: Path, text: str, field: str) -> None:
    file = add_path(tmp_path, "x") / "golden-path.yaml"
    file.write_text(text)
    with pytest.raises(DataError) as broken:
        _ = Library([tmp_path]).get("x/v1").inputs
    assert str(file) in str(broken.value)
    assert field in str(broken.value)


def test_a_repeated_version_is_broken_metadata(tmp_path: Path) -> None:
    add_path(tmp_path, "x", "1.0.0")
    add_path(tmp_path, "x", "1.0.0", folder="x/versions/1.0.0")
    with pytest.raises(DataError, match=r"version: 1\.0\.0 appears twice"):
        Library([tmp_path]).get("x/v1")


def test_a_path_without_templates_is_broken(tmp_path: Path) -> None:
    (add_path(tmp_path, "x") / "[[ cookiecutter.name ]]").rmdir()
    with pytest.raises(DataError, match=r"has no folder '\[\[ cookiecutter\.name \]\]'"):
        _ = Library([tmp_path]).get("x/v1").template_folder


def test_an_older_version_of_another_golden_path_is_ignored(tmp_path: Path) -> None:
    add_path(tmp_path, "notebook", "2.0.0")
    add_path(tmp_path, "tenant", "1.0.0", folder="notebook/versions/1.0.0")
    assert refused(Library([tmp_path]), "notebook/v1")[0] == "unknown-golden-path"
