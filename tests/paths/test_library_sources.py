"""Golden paths from Git are fetched once, used without a network, compared with the lock, and never executed."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from goldenpath import kubeyaml
from goldenpath.cli.root_command import cli
from goldenpath.errors import InputError, RepositoryError
from goldenpath.fleet import Fleet, PublishOptions
from goldenpath.library_sources import LibrarySource, folder_of
from goldenpath.paths import Library, builtin_folder

if TYPE_CHECKING:
    from pathlib import Path

FLEET = {
    "format": "fleet/v1",
    "organisation": "Example",
    "domain": "example.org",
    "trust_domain": "prod.example.org",
    "repository": "https://git.example.org/platform/fleet.git",
    "clusters": {"berlin": {"region": "eu", "kubernetes": "1.36", "addons": {"flux": "2.9"}}},
}
VISION = {"golden_path": "tenant/v1", "name": "vision", "owner": "vision-team", "clusters": ["berlin"]}


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@b.c", *arguments],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def tagged(origin: Path, version: str, tag: str) -> None:
    """A version of the golden path for tenants, with a comment of its own, under a tag."""
    target = origin / "paths" / "tenant"
    shutil.rmtree(target, ignore_errors=True)
    left_out = shutil.ignore_patterns("examples", "versions")
    shutil.copytree(builtin_folder() / "tenant", target, ignore=left_out)
    metadata = target / "golden-path.yaml"
    metadata.write_text(metadata.read_text().replace("version: 1.1.0", f"version: {version}"))
    (limits,) = target.rglob("*limit-range.yaml*")
    limits.write_text(f"# From Git, {version}.\n" + limits.read_text())
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "-m", version)
    git(origin, "tag", "--force", tag)


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of golden paths with two tags; the cache is the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    tagged(folder, "1.4.0", "v1.4.0")
    tagged(folder, "1.5.0", "v1.5.0")
    return folder


def source(origin: Path, ref: str, path: str = "paths") -> LibrarySource:
    return LibrarySource(origin.as_uri(), ref, path)


def test_a_tag_gives_its_version_and_is_there_without_the_remote(origin: Path) -> None:
    assert Library([folder_of(source(origin, "v1.4.0"))]).get("tenant/v1").version == "1.4.0"
    origin.rename(origin.with_name("gone"))
    assert Library([folder_of(source(origin, "v1.4.0"))]).get("tenant/v1").version == "1.4.0"
    with pytest.raises(RepositoryError, match="cannot be fetched"):
        folder_of(source(origin, "v1.5.0"))


def test_two_tags_are_two_versions_of_one_golden_path(origin: Path) -> None:
    library = Library([folder_of(source(origin, tag)) for tag in ("v1.4.0", "v1.5.0")])
    assert library.get("tenant/v1").version == "1.5.0"
    assert library.get("tenant/v1", version="1.4.0").is_from_git
    with pytest.raises(InputError, match=r"the versions are 1\.4\.0, 1\.5\.0"):
        library.get("tenant/v1", version="1.1.0")


def test_a_branch_is_asked_for_again_and_stands_where_the_remote_is_away(origin: Path) -> None:
    assert Library([folder_of(source(origin, "main"))]).get("tenant/v1").version == "1.5.0"
    tagged(origin, "1.6.0", "v1.6.0")
    assert Library([folder_of(source(origin, "main"))]).get("tenant/v1").version == "1.6.0"
    origin.rename(origin.with_name("gone"))
    assert Library([folder_of(source(origin, "main"))]).get("tenant/v1").version == "1.6.0"


def test_a_commit_by_its_id_is_found(origin: Path) -> None:
    commit = git(origin, "rev-parse", "v1.4.0").strip()
    git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
    assert Library([folder_of(source(origin, commit))]).get("tenant/v1").version == "1.4.0"


@pytest.mark.parametrize(
    ("ref", "path", "rule"), [("v9", "paths", "library-ref"), ("main", "no", "library-folder")]
)
def test_a_missing_tag_branch_or_folder_is_refused(origin: Path, ref: str, path: str, rule: str) -> None:
    with pytest.raises(InputError) as refused:
        folder_of(source(origin, ref, path))
    assert refused.value.problems[0].rule == rule


@pytest.mark.parametrize(
    "text",
    [
        "https://git.example.org/paths.git@v1",
        "git+https://git.example.org/paths.git",
        "git+ext::sh -c touch@v1",
        "git+https://git.example.org/paths.git@--upload-pack=x",
        "git+https://git.example.org/paths.git@v1#../other",
    ],
)
def test_an_address_that_git_must_not_be_given_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        LibrarySource.parse(text)


def test_a_symbolic_link_is_refused_and_leaves_nothing_behind(origin: Path, tmp_path: Path) -> None:
    (origin / "paths" / "link").symlink_to("/etc/passwd")
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "-m", "link")
    with pytest.raises(InputError, match="not a plain file"):
        folder_of(source(origin, "main"))
    kept = [path for path in (tmp_path / "cache").rglob("link") if "objects.git" not in path.parts]
    assert kept == []


def test_hooks_filters_and_attributes_of_the_repository_do_not_run(origin: Path, tmp_path: Path) -> None:
    proof = tmp_path / "ran"
    (origin / ".gitattributes").write_text("* filter=evil\n")
    hook = origin / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {proof}\n")
    hook.chmod(0o755)
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "-m", "attributes")
    folder_of(source(origin, "main"))
    assert not proof.exists()


def test_a_command_takes_the_address_as_a_library(origin: Path, tmp_path: Path) -> None:
    (tmp_path / "goldenpath.yaml").write_text(kubeyaml.dump(FLEET))
    (tmp_path / "vision.yaml").write_text(kubeyaml.dump(VISION))
    words = ["render", str(tmp_path / "vision.yaml"), "--fleet", str(tmp_path / "goldenpath.yaml")]
    address = f"git+{origin.as_uri()}@v1.4.0#paths"
    done = CliRunner().invoke(cli, [*words, "--library", address])
    assert done.exit_code == 0, done.output
    assert "# From Git, 1.4.0." in done.stdout
    refused = CliRunner().invoke(cli, [*words, "--library", f"git+{origin.as_uri()}@v9#paths"])
    assert (refused.exit_code, "is not a tag" in refused.stderr) == (2, True)


def test_a_tag_that_was_moved_is_refused_where_a_lock_names_its_version(
    origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "fleet.git"
    library = Library([folder_of(source(origin, "v1.4.0"))])
    with Fleet.create(place, kubeyaml.dump(FLEET), bare=True, library=library) as fleet:
        fleet.publish(VISION)
    (limits,) = (origin / "paths").rglob("*limit-range.yaml*")
    tagged(origin, "1.4.0", "v1.4.0")
    limits.write_text("# Changed.\n" + limits.read_text())
    git(origin, "commit", "--all", "--quiet", "-m", "moved")
    git(origin, "tag", "--force", "v1.4.0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another-machine"))
    moved = Library([folder_of(source(origin, "v1.4.0"))])
    with Fleet.open(place, library=moved) as fleet, pytest.raises(InputError) as refused:
        fleet.publish({**VISION, "title": "Eyes"})
    assert [problem.rule for problem in refused.value.problems] == ["golden-path-digest"]


def test_the_fleet_pins_the_version_of_new_tenants_and_of_upgrades(tmp_path: Path) -> None:
    pinned = {**FLEET, "golden_paths": {"tenant/v1": "1.0.0"}}
    with Fleet.create(tmp_path / "fleet.git", kubeyaml.dump(pinned), bare=True) as fleet:
        fleet.publish(VISION)
        assert fleet.tenant("vision").lock is not None
        assert fleet.tenant("vision").lock.version == "1.0.0"  # type: ignore[union-attr]
        assert fleet.publish(everything=True, options=PublishOptions(upgrade=True)).commit is None
        newer = {**FLEET, "golden_paths": {"tenant/v1": "1.1.0"}}
        fleet.publish(newer)
        assert fleet.tenant("vision").lock.version == "1.0.0"  # type: ignore[union-attr]
        fleet.publish(VISION, options=PublishOptions(upgrade=True))
        assert fleet.tenant("vision").lock.version == "1.1.0"  # type: ignore[union-attr]
