"""Tenants and platforms are found in real Git repositories, in both layouts, also in disorder."""

from __future__ import annotations

import json

import pytest
import small_requests as small
from fleet_trees import FLEET, CountingReader, fleet_of, layout_of, rendered, tree_of, view
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldenpath.errors import InputError
from goldenpath.git.batch import ObjectBatch
from goldenpath.git.objects import EMPTY_TREE, blob_id
from goldenpath.repository.fleet_tree import fleet_text
from goldenpath.repository.owned_files import tree_id_of
from goldenpath.spec.ref import Ref
from goldenpath.tenancy import Layout, RepositoryPaths

SHARDED = FLEET | {"layout": "sharded"}

FLAT = Layout(sharded=False)


def request(name, **changes):
    return small.request(name=name, clusters=["berlin", "paris"], **changes)


def test_every_tenant_is_found_with_all_that_is_its_own(where, fleet):
    # `a` is a tenant, and looks like a shard.
    names = ["a", "edge", "vision"]
    tree = view(where, tree_of(where, fleet_of(*(request(name) for name in names), fleet=fleet)), fleet)

    found = {owned.name: owned for owned in tree.tenants()}

    assert list(found) == names
    for name, owned in found.items():
        files, lock = rendered(request(name), fleet)
        assert {path: entry.id for path, entry in tree.files(owned).items()} == {
            path: blob_id(text.encode()) for path, text in files.items()
        }
        assert tree.find(Ref.of_tenant(name)) == owned
        assert tree.lock(owned).lock == lock
        assert owned.is_as_locked(lock)
        assert owned.misplaced == ()
        assert owned.clusters == ("berlin", "paris")
        assert "golden_path: tenant/v1" in tree.request_text(owned)


def test_an_unknown_tenant_has_no_files(where):
    tree = view(where, tree_of(where, fleet_of(request("vision"))))

    owned = tree.find(Ref.of_tenant("nobody"))

    assert (tree.files(owned), owned.request, owned.lock, owned.clusters) == ({}, None, None, ())
    assert tree.request_text(owned) is None
    assert tree.lock(owned).lock is None


def test_an_empty_repository_has_no_tenants_and_no_fleet(where):
    tree = view(where, EMPTY_TREE)

    assert (list(tree.tenants()), tree.clusters, tree.platform("berlin")) == ([], (), {})
    with pytest.raises(InputError, match=r"goldenpath\.yaml: .*not a fleet repository"):
        fleet_text(where, EMPTY_TREE)


def test_tenants_in_a_wrong_layout_or_shard_are_reported(where):
    layout = layout_of(SHARDED)
    wrong = next(shard for shard in "0123456789abcdef" if shard != layout.shard("speech"))
    files = {
        **fleet_of(request("vision"), fleet=FLEET),
        **fleet_of(request("edge"), fleet=SHARDED),
        f"tenants/{wrong}/speech/tenant.yaml": "x",
        f"clusters/berlin/flux/{wrong}/speech.yaml": "x",
    }
    tree = view(where, tree_of(where, files), SHARDED)

    found = {owned.name: owned for owned in tree.tenants()}

    assert found["edge"].misplaced == ()
    assert found["vision"].misplaced == (
        "tenants/vision",
        "clusters/berlin/tenants/vision",
        "clusters/paris/tenants/vision",
        "clusters/berlin/flux/vision.yaml",
        "clusters/paris/flux/vision.yaml",
    )
    assert found["speech"].misplaced == (
        f"tenants/{wrong}/speech",
        f"clusters/berlin/flux/{wrong}/speech.yaml",
    )
    # The other layout's places are the tenant's own, so that publishing moves it; a wrong shard is nobody's.
    assert len(tree.files(found["vision"])) == len(rendered(request("vision"))[0])
    assert tree.files(found["speech"]) == {}
    assert not found["vision"].is_as_locked(rendered(request("vision"))[1])


def test_the_record_in_the_right_home_counts(where):
    files = {
        **fleet_of(request("vision", title="Flat"), fleet=FLEET),
        **fleet_of(request("vision", title="Sharded"), fleet=SHARDED),
    }
    tree = tree_of(where, files)

    assert "title: Flat" in view(where, tree, FLEET).request_text(
        view(where, tree, FLEET).find(Ref.of_tenant("vision"))
    )
    assert "title: Sharded" in view(where, tree, SHARDED).request_text(
        view(where, tree, SHARDED).find(Ref.of_tenant("vision"))
    )
    assert len(view(where, tree).find(Ref.of_tenant("vision")).requests) == 2


def test_files_on_a_removed_cluster_still_belong_to_their_tenant(where):
    files = fleet_of(request("vision")) | {"clusters/lisbon/tenants/gone/namespace.yaml": "x"}
    tree = view(where, tree_of(where, files))

    owned = tree.find(Ref.of_tenant("gone"))

    assert tree.clusters == ("berlin", "lisbon", "paris")
    assert [each.name for each in tree.tenants()] == ["gone", "vision"]
    assert (owned.request, owned.clusters) == (None, ("lisbon",))


def test_files_outside_of_tenants_are_ignored(where):
    tree = view(
        where,
        tree_of(
            where,
            {
                "tenants/README.md": "x",
                "tenants/Not-A-Name/tenant.yaml": "x",
                "clusters/README.md": "x",
                "clusters/berlin/flux/fleet.yaml": "x",
                "clusters/berlin/flux/kustomization.yaml": "x",
                "clusters/berlin/tenants/notes.txt": "x",
                "clusters/berlin/apps/vision.yaml": "x",
            },
        ),
    )

    assert list(tree.tenants()) == []


def test_a_locks_problems_do_not_stop_the_others(where):
    files = fleet_of(request("edge"), request("vision"))
    files["tenants/edge/goldenpath.lock"] = "{"
    tree = view(where, tree_of(where, files))

    found = {owned.name: locked for owned, locked in tree.locked(tree.tenants())}

    assert found["vision"].lock == rendered(request("vision"))[1]
    assert found["edge"].lock is None
    assert [problem.file for problem in found["edge"].problems] == ["tenants/edge/goldenpath.lock"]


@pytest.mark.parametrize(
    "path",
    [
        "clusters/berlin/platform/cohort.yaml",
        "clusters/berlin/tenants/edge/quota.yaml",
        "tenants/edge/README.md",
        "goldenpath.yaml",
    ],
)
def test_a_lock_with_files_of_others_is_not_used(where, path):
    files = fleet_of(request("edge"), request("vision"))
    lock = json.loads(files["tenants/vision/goldenpath.lock"])
    lock["files"][path] = "0" * 40
    files["tenants/vision/goldenpath.lock"] = json.dumps(lock)
    tree = view(where, tree_of(where, files))

    locked = tree.lock(tree.find(Ref.of_tenant("vision")))

    assert locked.lock is None
    assert [(problem.path, problem.rule) for problem in locked.problems] == [
        (f"files.{path}", "foreign-file")
    ]


def test_a_binary_request_is_refused(where):
    tree = view(where, tree_of(where, {"tenants/vision/tenant.yaml": b"\xff\xfe"}))

    with pytest.raises(InputError, match=r"tenants/vision/tenant\.yaml: .*is not UTF-8"):
        tree.request_text(tree.find(Ref.of_tenant("vision")))


def test_the_platform_owns_its_rendered_files_and_its_folder(where, fleet):
    own = {
        "clusters/berlin/platform/cohort.yaml": "a",
        "clusters/berlin/platform/mine/extra.yaml": "b",
        "clusters/berlin/roots.yaml": "c",
        "clusters/berlin/flux-system/kustomization.yaml": "d",
        "clusters/berlin/flux/fleet.yaml": "e",
        "clusters/berlin/flux/7/fleet.yaml": "f",
        "clusters/berlin/goldenpath.lock": "{",
    }
    foreign = {
        "clusters/berlin/flux-system/gotk-sync.yaml": "x",
        "clusters/berlin/notes.yaml": "x",
        "clusters/paris/platform/cohort.yaml": "x",
    }
    tree = view(where, tree_of(where, {**own, **foreign, **fleet_of(request("vision"), fleet=fleet)}), fleet)

    assert list(tree.platform("berlin")) == sorted(own)
    assert [problem.file for problem in tree.platform_lock("berlin").problems] == [
        "clusters/berlin/goldenpath.lock"
    ]
    assert tree.platform_lock("paris").lock is None


def test_texts_are_read_and_links_count_as_missing(where):
    batch = ObjectBatch(where)
    tree = tree_of(where, {"tenants/vision/README.md": "text", "tenants/vision/odd.md": b"\xff"})
    owned = view(where, tree).find(Ref.of_tenant("vision"))
    files = view(where, tree).files(owned)
    files["tenants/vision/link"] = files["tenants/vision/README.md"]._replace(mode=0o120000)
    batch.store()

    assert view(where, tree).texts(files) == {
        "tenants/vision/README.md": "text",
        "tenants/vision/odd.md": "\ufffd",
        "tenants/vision/link": "(mode 120000) text",
    }


def test_going_through_unchanged_tenants_reads_none_of_their_folders_on_clusters(where):
    names = [f"team-{number}" for number in range(20)]
    reader = CountingReader(where)
    tree = view(reader, tree_of(where, fleet_of(*map(request, names))))

    assert all(owned.is_as_locked(locked.lock) for owned, locked in tree.locked(tree.tenants()))
    # The root, `tenants`, `clusters`, and of two clusters the folder, its tenants, flux: and one for each tenant.
    assert reader.trees_read == 9 + len(names)
    assert reader.blobs_read == len(names)


names_in_trees = st.sampled_from(["a", "b.yaml", "b", "b-", "ab", "Z", "0"])
trees = st.dictionaries(
    st.lists(names_in_trees, min_size=1, max_size=3).map("/".join),
    st.binary(max_size=2),
    min_size=1,
    max_size=6,
).filter(lambda files: not any(other.startswith(f"{path}/") for path in files for other in files))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(trees)
def test_the_computed_tree_id_equals_gits(where, files):
    assert tree_id_of({path: blob_id(data) for path, data in files.items()}) == tree_of(where, files)


EDITS = {
    "nothing": {},
    "a changed file": {"clusters/berlin/tenants/vision/quota.yaml": "x"},
    "a removed file": {"clusters/berlin/tenants/vision/quota.yaml": None},
    "an added file": {"clusters/berlin/tenants/vision/mine.yaml": "x"},
    "an added folder": {"clusters/lisbon/tenants/vision/mine.yaml": "x"},
    "a changed Flux object": {"clusters/berlin/flux/vision.yaml": "x"},
    "a removed Flux object": {"clusters/berlin/flux/vision.yaml": None},
    "a changed page": {"tenants/vision/README.md": "x"},
    "a note": {"tenants/vision/notes.md": "x"},
    "a copy of the other layout": {f"tenants/{Layout(sharded=True).shard('vision')}/vision/README.md": "x"},
}


@pytest.mark.parametrize("what", EDITS)
def test_a_tenant_is_as_locked_only_while_none_of_its_files_differs(where, what):
    files, lock = rendered(request("vision"))
    tree = view(where, tree_of(where, EDITS[what], tree_of(where, files)))

    assert tree.find(Ref.of_tenant("vision")).is_as_locked(lock) == (what == "nothing")


def test_the_request_is_not_in_the_lock(where):
    files, lock = rendered(request("vision"))
    tree = view(where, tree_of(where, {**files, "tenants/vision/tenant.yaml": "another"}))

    assert tree.find(Ref.of_tenant("vision")).is_as_locked(lock)


@pytest.mark.parametrize(
    ("name", "path", "owned"),
    [
        ("vision", "tenants/vision/README.md", True),
        ("vision", "tenants/vision", False),
        ("vision", "tenants/vision-2/README.md", False),
        ("vision", "clusters/vision/tenants/edge/quota.yaml", False),
        ("vision", "clusters/vision/tenants/vision/quota.yaml", True),
        ("vision", "clusters/berlin/tenants/vision/deep/er.yaml", True),
        ("vision", "clusters/berlin/flux/vision.yaml", True),
        ("vision", "clusters/berlin/flux/vision.yaml/x", False),
        ("vision", "clusters/berlin/platform/vision.yaml", False),
        ("a", "tenants/a/tenant.yaml", True),
        ("a", "tenants/a/edge/tenant.yaml", False),
        ("a", f"tenants/{Layout(sharded=True).shard('a')}/a/tenant.yaml", True),
        ("tenants", "tenants/tenants/README.md", True),
    ],
)
def test_a_tenant_owns_only_its_own_paths(name, path, owned):
    assert RepositoryPaths(Ref.of_tenant(name), FLAT).owns(path) is owned


def test_no_tenant_owns_files_of_the_platform():
    for path in (
        "clusters/berlin/platform/a.yaml",
        "clusters/berlin/flux/fleet.yaml",
        "clusters/berlin/roots.yaml",
    ):
        assert RepositoryPaths(Ref.of_platform("berlin"), FLAT).owns(path)
        assert not RepositoryPaths(Ref.of_platform("paris"), FLAT).owns(path)
        assert not any(
            RepositoryPaths(Ref.of_tenant(name), FLAT).owns(path)
            for name in ("platform", "roots", "berlin", "vision")
        )
