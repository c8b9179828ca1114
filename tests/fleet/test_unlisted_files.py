"""Every file below a folder that Flux applies is in a lock, or is an error, under any name."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING

import pytest
from fleets import asked, new_fleet
from plain_git import commit_by_hand, files_at, git, paths_at

from goldenpath.errors import GoldenpathError
from goldenpath.findings import ChecksFailedError
from goldenpath.fleet import Fleet, PublishOptions
from goldenpath.repository import tenant_homes
from goldenpath.tenancy.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from goldenpath.git.objects import TreeEntry

EVIL = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: evil}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: Group, name: system:authenticated, apiGroup: rbac.authorization.k8s.io}]
"""

PLACES = [
    "clusters/berlin/flux/evil.yml",
    "clusters/berlin/flux/evil.yaml",
    "clusters/berlin/flux/a.b.yaml",
    "clusters/berlin/flux/zz_evil.yaml",
    "clusters/berlin/flux/ASR.yaml",
    "clusters/berlin/flux/README.md",
    "clusters/berlin/flux/evil",
    "clusters/berlin/flux/.hidden.yaml",
    "clusters/berlin/flux/kustomization.yaml",
    "clusters/berlin/flux/asr/e.yaml",
    "clusters/berlin/flux/vision/e.yaml",
    "clusters/berlin/flux/0/e.yaml",
    "clusters/berlin/flux/vision.yml",
    "clusters/berlin/flux/goldenpath.lock",
    "clusters/berlin/tenants/ghost/quota.yaml",
    "clusters/berlin/tenants/e.yaml",
    "clusters/berlin/tenants/0/e.yaml",
    "clusters/berlin/tenants/0/ghost/e.yaml",
    "clusters/berlin/tenants/kustomization.yaml",
    "clusters/berlin/e.yaml",
    "clusters/berlin/Kustomization",
    "clusters/berlin/kustomization.yml",
    "clusters/berlin/.gitattributes",
    "clusters/berlin/apps/e.yaml",
    "clusters/berlin/flux-system/e.yaml",
    "clusters/berlin/flux-system/patches/e.yaml",
    "clusters/nowhere/flux/e.yaml",
    "clusters/nowhere/e.yaml",
]
OF_A_LOCK = [
    "clusters/berlin/platform/e.yml",
    "clusters/berlin/platform/deep/.e.yaml",
    "clusters/berlin/platform/kustomization.yaml",
    "clusters/berlin/tenants/vision/e.yml",
    "clusters/berlin/tenants/vision/deep/kustomization.yaml",
    "clusters/austin/tenants/vision/e.yaml",
    "clusters/austin/flux/vision.yaml",
]


def push_links(folder: Path, work: Path, paths: list[str], *, mode: str) -> None:
    """Commit symbolic links or submodules."""
    git(folder, "clone", "--quiet", str(folder), str(work))
    if mode == "160000":
        target = git(work, "rev-parse", "HEAD").strip()
    else:
        target = git(work, "hash-object", "-w", "--stdin", given=b"../../../../evil.yaml")
    for path in paths:
        git(work, "rm", "-rq", "--cached", "--ignore-unmatch", path)
        git(work, "update-index", "--add", "--cacheinfo", f"{mode},{target},{path}")
    git(work, "-c", "user.name=Eve", "-c", "user.email=eve@example.org", "commit", "--quiet", "-m", "Link")
    git(work, "push", "--quiet", "origin", "HEAD:main")


def told_by_validate(fleet: Fleet) -> set[tuple[str, str, str]]:
    """File, rule and severity of each error."""
    return {
        (each.file, each.rule, each.severity.value)
        for each in fleet.validate().findings
        if each.severity.value == "error"
    }


def test_a_file_of_no_one_is_an_error_whatever_its_name(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked())
    commit_by_hand(place, dict.fromkeys(PLACES, EVIL))
    assert told_by_validate(fleet) == {(path, "unlisted-file", "error") for path in PLACES}
    for proposal in (fleet.plan(everything=True), fleet.plan(asked("speech"))):
        assert {(each.file, each.rule) for each in proposal.errors} == {
            (path, "unlisted-file") for path in PLACES
        }
    with pytest.raises(ChecksFailedError, match="unlisted-file"):
        fleet.publish(everything=True)


def test_a_file_that_no_lock_lists_is_an_error(fleet: Fleet, place: Path) -> None:
    fleet.publish(asked())
    commit_by_hand(place, dict.fromkeys(OF_A_LOCK, EVIL))
    assert told_by_validate(fleet) == {(path, "hand-edit", "error") for path in OF_A_LOCK}
    assert sorted(each.file or "" for each in fleet.plan(everything=True).problems) == sorted(OF_A_LOCK)


LINKS = [
    "clusters/berlin/flux/evil.yaml",
    "clusters/berlin/flux/speech.yaml",
    "clusters/berlin/apps",
    "clusters/paris",
    "clusters/berlin/tenants/ghost",
    "clusters/berlin/tenants/speech",
    "clusters/berlin/tenants/vision/more",
    "clusters/berlin/platform/more",
]


@pytest.mark.parametrize("mode", ["120000", "160000"])
def test_a_symbolic_link_or_a_submodule_is_an_error(
    fleet: Fleet, place: Path, tmp_path: Path, mode: str
) -> None:
    fleet.publish(asked(), asked("speech"))
    push_links(place, tmp_path / "clone", LINKS, mode=mode)
    assert set(LINKS) <= {file for file, _, _ in told_by_validate(fleet)}
    proposal = fleet.plan(everything=True)
    assert set(LINKS) <= {each.file for each in (*proposal.errors, *proposal.problems)}


@pytest.mark.parametrize("layout", ["flat", "sharded"])
def test_a_published_fleet_has_no_unlisted_file(tmp_path: Path, layout: str) -> None:
    place = tmp_path / "fleet.git"
    with new_fleet(place, layout=layout) as fleet:
        # `a` is a tenant, and looks like a shard.
        fleet.publish(asked("a"), asked(clusters=["berlin", "austin"]), asked("speech"))
        bootstrap = {f"clusters/berlin/flux-system/gotk-{name}.yaml": EVIL for name in ("sync", "components")}
        commit_by_hand(place, {**bootstrap, "docs/a.md": "a\n", "infra/x.yaml": EVIL})
        assert told_by_validate(fleet) == set()
        assert fleet.plan(asked("edge")).errors == ()
        assert fleet.plan(everything=True).errors == ()


def test_a_file_in_the_folder_of_a_tenant_that_looks_like_a_shard_is_an_error(
    fleet: Fleet, place: Path
) -> None:
    fleet.publish(asked("a"))
    stray = {"clusters/berlin/tenants/a/ghost/e.yaml": EVIL, "clusters/berlin/tenants/a/e.yaml": EVIL}
    commit_by_hand(place, dict(stray))
    assert {path for path, _, _ in told_by_validate(fleet)} == set(stray)


def test_many_unlisted_files_are_counted(fleet: Fleet, place: Path) -> None:
    commit_by_hand(place, {f"clusters/berlin/flux/e{number}.yml": EVIL for number in range(105)})
    found = [each for each in fleet.validate().findings if each.rule == "unlisted-file"]
    assert len(found) == 101
    assert any("5 more" in each.message for each in found)


def test_a_tenant_that_is_asked_for_may_take_its_own_place(fleet: Fleet, place: Path) -> None:
    path = "clusters/berlin/flux/vision.yaml"
    commit_by_hand(place, {path: EVIL})
    with pytest.raises(GoldenpathError, match="was added by hand"):
        fleet.publish(asked())
    fleet.publish(asked(), options=PublishOptions(overwrite_edits=True))
    assert "cluster-admin" not in files_at(place)[path]
    assert told_by_validate(fleet) == set()


@pytest.mark.parametrize(
    ("folder", "line", "hidden"),
    [
        ("", "/clusters/** linguist-generated", "clusters/*"),
        ("", "*.yaml gitlab-generated=true", "clusters/*"),
        ("", "quota.yaml -diff", "clusters/*/quota.yaml"),
        ("", "clusters/*/flux/* binary", "clusters/*/flux/*"),
        ("clusters/", "berlin/flux/** linguist-generated", "clusters/berlin/flux/*"),
    ],
)
def test_attributes_that_hide_what_a_cluster_runs_are_a_warning(
    fleet: Fleet, folder: str, line: str, hidden: str
) -> None:
    fleet.publish(asked())
    place, attributes = fleet.store.repository.path, f"{folder}.gitattributes"
    applied = [path for path in paths_at(place) if fnmatch(path, "clusters/*.yaml")]
    commit_by_hand(place, {attributes: f"{line}\n"})
    (finding,) = [each for each in fleet.validate().findings if each.rule == "folded-in-reviews"]
    assert (finding.file, finding.severity.value) == (attributes, "warning")
    count = sum(fnmatch(path, hidden) for path in applied)
    assert f"hides {count} of " in finding.message


@pytest.mark.parametrize(
    "lines",
    ["goldenpath.lock linguist-generated", "/clusters/** linguist-generated=false", "/tenants/** linguist-generated",
     "/clusters/** linguist-generated\n/clusters/** -linguist-generated", "* text=auto eol=lf"],
)  # fmt: skip
def test_attributes_that_hide_no_file_of_a_cluster_are_quiet(fleet: Fleet, place: Path, lines: str) -> None:
    fleet.publish(asked())
    commit_by_hand(place, {".gitattributes": f"{lines}\n"})
    assert "folded-in-reviews" not in {each.rule for each in fleet.validate().findings}


def test_reviews_show_everything_that_a_cluster_runs(fleet: Fleet, place: Path, tmp_path: Path) -> None:
    fleet.publish(asked())
    work = tmp_path / "clone"
    git(place, "clone", "--quiet", str(place), str(work))
    rendered = sorted(
        path for path in paths_at(place) if path.startswith("clusters/") and not path.endswith(".lock")
    )
    attributes = ("linguist-generated", "gitlab-generated", "diff", "binary")
    lines = git(work, "check-attr", *attributes, "--", *rendered).splitlines()
    assert len(lines) == len(rendered) * len(attributes)
    assert {line.rpartition(": ")[2] for line in lines} == {"unspecified"}


@pytest.mark.parametrize("layout", ["flat", "sharded"])
def test_a_clean_folder_is_checked_again_after_its_tenant_is_deleted(tmp_path: Path, layout: str) -> None:
    place = tmp_path / "fleet.git"
    with new_fleet(place, layout=layout) as fleet:
        fleet.publish(asked())
        assert fleet.plan(asked("edge")).errors == ()
        own = {path: text for path, text in files_at(place).items() if path.startswith("tenants/")}
        commit_by_hand(place, dict.fromkeys(own))
        found = {each.file for each in fleet.plan(asked("edge")).errors}
        assert {path.split("/")[2] for path in found} == {"flux", "tenants"}
        commit_by_hand(place, dict(own))
        assert fleet.plan(asked("edge")).errors == ()


def test_a_publish_reads_the_names_of_changed_folders_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    names_beside = tenant_homes._others

    def counted(
        entries: Mapping[str, TreeEntry], homes: Collection[str], home: str, *, are_files: bool
    ) -> Iterator[str]:
        read.append(home)
        return names_beside(entries, homes, home, are_files=are_files)

    monkeypatch.setattr(tenant_homes, "_others", counted)
    with new_fleet(tmp_path / "fleet.git", layout="sharded") as fleet:
        fleet.publish(*(asked(f"team-{number}", gpus=[]) for number in range(40)))
        fleet.plan(asked("edge"))
        read.clear()
        fleet.publish(asked("edge"))
        assert read == []
        fleet.publish(asked("speech"))
        changed = f"tenants/{Layout(sharded=True).shard('edge')}"
        assert set(read) == {"tenants", changed}
