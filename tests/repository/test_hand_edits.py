"""Hand edits are found by Git's ids, and reported with the override that keeps them."""

from __future__ import annotations

import copy
import datetime

import small_requests as small
from fleet_trees import FLEET, fleet_of, rendered, repository, tree_of, view
from hypothesis import given
from hypothesis import strategies as st

from goldenpath import kubeyaml
from goldenpath.git.objects import TreeEntry, blob_id
from goldenpath.pipeline import Pipeline
from goldenpath.render.overrides import overridden_body
from goldenpath.repository.hand_edit_advice import advise
from goldenpath.repository.hand_edits import EditKind, hand_edits
from goldenpath.spec.document_model import Surroundings
from goldenpath.spec.override import Override
from goldenpath.spec.parse import parse_fleet, parse_request
from goldenpath.spec.ref import Ref
from goldenpath.spec.tenant import Tenant

REQUEST = small.request(clusters=["berlin", "paris"])
QUOTA = "clusters/berlin/tenants/vision/quota.yaml"
FILES, LOCK = rendered(REQUEST)
RENDERED = dict(LOCK.files)


def entries(files):
    return {path: TreeEntry(0o100644, blob_id(text.encode())) for path, text in files.items()}


def found(there, rendered=RENDERED, lock=LOCK):
    return {edit.path: edit.edit for edit in hand_edits(lock, there, rendered)}


def test_files_of_the_last_publish_are_not_hand_edits():
    assert found(entries(FILES)) == {}


def test_a_file_that_was_changed_removed_or_added_is_one():
    there = entries(FILES)
    there[QUOTA] = TreeEntry(0o100644, "0" * 40)
    there["clusters/berlin/tenants/vision/extra.yaml"] = TreeEntry(0o100644, "1" * 40)
    del there["tenants/vision/README.md"]

    assert found(there) == {
        QUOTA: EditKind.CHANGED,
        "clusters/berlin/tenants/vision/extra.yaml": EditKind.ADDED,
        "tenants/vision/README.md": EditKind.REMOVED,
    }


def test_a_file_that_became_a_link_or_a_program_was_edited():
    for mode in (0o120000, 0o100755):
        there = entries(FILES)
        there[QUOTA] = TreeEntry(mode, there[QUOTA].id)

        assert found(there) == {QUOTA: EditKind.CHANGED}


def test_a_file_equal_to_the_new_rendering_is_no_conflict():
    there, rendered_now = entries(FILES), dict(RENDERED)
    there[QUOTA] = TreeEntry(0o100644, "0" * 40)
    rendered_now[QUOTA] = "0" * 40
    there["clusters/berlin/tenants/vision/new.yaml"] = TreeEntry(0o100644, "1" * 40)
    rendered_now["clusters/berlin/tenants/vision/new.yaml"] = "1" * 40
    del there["tenants/vision/README.md"], rendered_now["tenants/vision/README.md"]

    assert found(there, rendered_now) == {}


def test_the_request_is_there_to_be_edited_and_files_of_that_name_on_a_cluster_are_not():
    there = entries(FILES)
    there["tenants/vision/tenant.yaml"] = TreeEntry(0o100644, "0" * 40)
    there["clusters/berlin/tenants/vision/tenant.yaml"] = TreeEntry(0o100644, "0" * 40)

    assert found(there) == {"clusters/berlin/tenants/vision/tenant.yaml": EditKind.ADDED}


def test_without_a_lock_everything_that_differs_is_a_hand_edit():
    there = entries(FILES)
    there[QUOTA] = TreeEntry(0o100644, "0" * 40)

    assert found(there, lock=None) == {QUOTA: EditKind.ADDED}


def test_the_advised_override_renders_the_hand_edit():
    text = FILES[QUOTA]
    bodies = kubeyaml.load_all(text)
    edited = copy.deepcopy(bodies)
    edited[0]["spec"]["hard"]["pods"] = "7"
    edited[0]["metadata"]["annotations"] = {"example.org/why": "a test"}
    edited[0]["metadata"]["labels"].pop("goldenpath.dev/tenant")

    (advice,) = advise(
        QUOTA,
        text,
        kubeyaml.dump_all(edited),
        clusters=LOCK.clusters,
        approved_by="platform-team",
        expires=datetime.date(2027, 6, 30),
    )
    pasted = REQUEST | kubeyaml.load(advice.as_yaml)
    fleet = parse_fleet(FLEET)
    again = {
        file.path: file.text
        for file in Pipeline(fleet).render(parse_request(Tenant, pasted, Surroundings(fleet))).files
    }

    assert kubeyaml.load_all(again[QUOTA]) == edited
    assert advice.text == "to keep the edit, add this override to the request. This applies on berlin, paris."
    assert "spec.hard.pods" in [field.path for field in advice.fields]


def test_an_advised_override_without_an_approver_is_refused():
    (advice,) = advise(QUOTA, FILES[QUOTA], FILES[QUOTA].replace('pods: "100"', 'pods: "7"'))

    assert {
        (problem.path, problem.rule) for problem in small.problems(REQUEST | kubeyaml.load(advice.as_yaml))
    } == {
        ("overrides[0].approved_by", "group-ref"),
        ("overrides[0].expires", "date"),
    }


plain = st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "1"])
bodies = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)


@given(
    st.dictionaries(st.sampled_from("abc"), bodies),
    st.dictionaries(st.sampled_from("abc"), bodies | st.none()),
)
def test_an_advised_patch_always_equals_the_edit(before, after):
    head = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "n"}}
    old, new = head | {"data": before}, head | {"data": after}

    (advice,) = advise(QUOTA, kubeyaml.dump(old), kubeyaml.dump(new))

    if advice.override is not None:
        override = Override.model_validate(
            {**advice.override, "approved_by": "us", "expires": datetime.date(2030, 1, 1)}
        )
        patched = overridden_body(kubeyaml.load(kubeyaml.dump(old)), override)
        assert kubeyaml.dump(patched) != kubeyaml.dump(old)
        assert sorted_dump(patched) == sorted_dump(new)
    else:
        assert sorted_dump(old) == sorted_dump(new) or any(
            word in advice.text for word in ("null", "order", "equal items")
        )


def sorted_dump(value):
    if isinstance(value, dict):
        return kubeyaml.dump([[key, sorted_dump(value[key])] for key in sorted(value)])
    return (
        kubeyaml.dump([sorted_dump(item) for item in value])
        if isinstance(value, list)
        else kubeyaml.dump(value)
    )


def advised(before, after, path=QUOTA):
    return [
        (advice.object, advice.override is not None, advice.text) for advice in advise(path, before, after)
    ]


def test_an_edit_that_no_override_can_express_is_reported():
    text, other = FILES[QUOTA], "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: vision}\n"
    first, *rest = kubeyaml.load_all(text)

    def one(before, after, path=QUOTA):
        ((_, has_override, words),) = advised(before, after, path)
        assert not has_override
        return words

    assert "only comments or layout" in one(text, "# mine\n" + text)
    assert "no longer valid YAML" in one(text, "kind: [")
    assert "no override removes an object" in one(text, None)
    assert "repository of the tenant's `source`" in one(None, other)
    assert "follows from the request" in one(text, "x", "tenants/vision/README.md")
    assert "follows from the fleet" in one(text, "x", "clusters/berlin/platform/cohort.yaml")
    changed = [first | {"apiVersion": "v2"}, *rest]
    assert "the field identifies the object" in one(text, kubeyaml.dump_all(changed))
    assert advised(text, text + "---\n" + other)[-1][0] == "ConfigMap vision/c"
    assert [name for name, _, _ in advised(text, kubeyaml.dump_all(rest))] == [
        "ResourceQuota vision/" + first["metadata"]["name"]
    ]


def test_a_secret_that_was_edited_is_never_turned_into_an_override():
    before = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: vision}\ndata: {password: b2xk}\n"

    (advice,) = advise(QUOTA, before, before.replace("b2xk", "bmV3"))

    assert advice.override is None
    assert "b2xk" not in repr(advice)
    assert "bmV3" not in repr(advice)


def test_a_hand_edit_is_found_in_a_real_repository(tmp_path):
    files = fleet_of(REQUEST)
    with repository(tmp_path) as where:
        start = tree_of(where, files)
        edited = tree_of(
            where, {QUOTA: files[QUOTA] + "# mine\n", "tenants/vision/notes.md": "mine\n"}, start
        )
        tree = view(where, edited)
        owned = tree.find(Ref.of_tenant("vision"))

        assert not owned.is_as_locked(LOCK)
        assert {edit.path: edit.edit for edit in hand_edits(LOCK, tree.files(owned), RENDERED)} == {
            QUOTA: EditKind.CHANGED,
            "tenants/vision/notes.md": EditKind.ADDED,
        }
