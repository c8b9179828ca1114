"""Promised accelerators of a fleet: right sums from the changed locks only, with any cache."""

from __future__ import annotations

import copy
import datetime
import threading

import pytest
import small_requests as small
from fleet_trees import FLEET, CountingReader, fleet_of, rendered, tree_of, view
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.repository.promise_cache import PromiseCache
from goldenpath.repository.promise_index import PromiseIndex
from goldenpath.repository.promises import Promise
from goldenpath.repository.tombstone import Tombstone

SHARDED = FLEET | {"layout": "sharded"}
H100 = ("berlin", "nvidia-h100-80gb")


def request(name, quota=1, borrow=0, **changes):
    gpus = [{"profile": "nvidia-h100-80gb", "quota": quota, "borrow": borrow}]
    return small.request(name=name, gpus=gpus, **changes)


def nobody(path, text):
    raise AssertionError(path)


def asks(path, text):
    """What a request asks for, in the smallest way that there is."""
    document = kubeyaml.load(text)
    if "gpus" not in document:
        raise InputError.of("gpus", "required", "is required")
    quota = document["gpus"][0]["quota"]
    return Promise(document["name"], document["owner"], None, {"berlin": {"nvidia-h100-80gb": (quota, 0)}})


def contents(promises):
    return dict(promises.sums), list(promises)


def test_the_shares_of_all_tenants_are_added_up(where, fleet):
    files = fleet_of(request("edge", 8, 4), request("vision", 2), request("a", 3, 1), fleet=fleet)

    promises = PromiseIndex().read(view(where, tree_of(where, files), fleet), nobody)

    assert promises.sums == {H100: (13, 5)}
    assert [(each.name, each.owner, each.golden_path) for each in promises] == [
        (name, "vision-team", "tenant/v1 1.0.0") for name in ("a", "edge", "vision")
    ]
    assert promises.get("edge").clusters == {"berlin": {"nvidia-h100-80gb": (8, 4)}}
    assert promises.get("nobody") is None
    assert len(promises.homes("vision")) == 1


def test_a_publish_after_a_publish_reads_one_tenant_and_as_many_trees_as_there_are_shards(where):
    names = [f"team-{number}" for number in range(60)]
    start = tree_of(where, fleet_of(*map(request, names), fleet=SHARDED))
    later = tree_of(where, rendered(request("team-7", 5), SHARDED)[0], start)
    index, first, second, third = PromiseIndex(), *(CountingReader(where) for _ in range(3))

    index.read(view(first, start, SHARDED), nobody)
    promises = index.read(view(second, later, SHARDED), nobody)
    index.read(view(third, later, SHARDED), nobody)

    assert first.blobs_read == 60
    assert promises.sums == {H100: (64, 0)}
    # The top, `tenants`, its shards; and the one tenant that changed.
    assert second.trees_read == 2 + 16 + 1
    assert second.blobs_read == 1
    assert third.trees_read == 2
    assert third.blobs_read == 0


def test_the_next_process_reads_promises_from_disk(where, tmp_path):
    names = [f"team-{number}" for number in range(40)]
    tree = tree_of(where, fleet_of(*map(request, names), fleet=SHARDED))
    cache = PromiseCache(tmp_path / "cache")
    before = PromiseIndex(cache).read(view(where, tree, SHARDED), nobody)
    reader = CountingReader(where)

    promises = PromiseIndex(cache).read(view(reader, tree, SHARDED), nobody)

    assert reader.blobs_read == 0
    assert promises.sums == before.sums
    assert promises.get("team-3") == before.get("team-3")
    assert sum("contents" in vars(shard) for shard in promises.shards if shard.place != "tenants") == 1
    assert list(promises) == list(before)


def test_a_process_writes_the_first_new_state_of_a_shard_and_then_each_sixteenth(where, tmp_path):
    tree = tree_of(where, fleet_of(request("edge")))
    cache = PromiseCache(tmp_path / "cache")
    index = PromiseIndex(cache)
    written = []
    for quota in range(1, 40):
        tree = tree_of(where, rendered_once("vision", quota, FLEET), tree)
        index.read(view(where, tree), nobody)
        written.append(cache.read("tenants").sums[H100])
    reader = CountingReader(where)

    promises = PromiseIndex(cache).read(view(reader, tree), nobody)

    assert sorted(set(written)) == [(2, 0), (18, 0), (34, 0)]
    assert promises.sums == {H100: (40, 0)}
    assert reader.blobs_read == 1, "only the tenant that changed since is read"
    assert cache.read("tenants").sums == promises.sums, "the next process writes what it has read"


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-3],
        lambda data: b"{}\n" + data,
        lambda data: data.replace(b"promises/v1", b"promises/v9"),
        lambda data: data.replace(b"team-1", b"team-2"),
        lambda data: data.replace(b'"sums":[', b'"sums":[1,'),
        lambda data: b"\xff" * 100,
    ],
)
def test_a_cache_that_is_damaged_or_of_another_format_is_as_good_as_none(where, tmp_path, damage):
    tree = tree_of(where, fleet_of(request("team-1"), request("team-3")))
    cache = PromiseCache(tmp_path / "cache")
    right = contents(PromiseIndex(cache).read(view(where, tree), nobody))
    for file in (tmp_path / "cache").iterdir():
        file.write_bytes(damage(file.read_bytes()))

    assert contents(PromiseIndex(cache).read(view(where, tree), nobody)) == right
    assert contents(PromiseIndex(cache).read(view(where, tree), nobody)) == right


def test_a_disk_that_refuses_costs_time_and_nothing_else(where, tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    tree = tree_of(where, fleet_of(request("vision")))

    promises = PromiseIndex(PromiseCache(tmp_path / "file")).read(view(where, tree), nobody)

    assert promises.sums == {H100: (1, 0)}


def test_a_changed_request_is_read_for_its_promise(where):
    files = fleet_of(request("edge", 4), request("vision", 2))
    files["tenants/vision/tenant.yaml"] = kubeyaml.dump(request("vision", 30))
    asked, index = view(where, tree_of(where, files)), PromiseIndex()

    assert index.read(asked, asks).sums == {H100: (34, 0)}
    assert index.read(asked, asks).get("vision").clusters == {"berlin": {"nvidia-h100-80gb": (30, 0)}}


def test_an_invalid_request_keeps_its_last_promise(where):
    files = fleet_of(request("vision", 2))
    for text in ("name: vision\n", "[", b"\xff"):
        tree = tree_of(where, files | {"tenants/vision/tenant.yaml": text})

        assert PromiseIndex().read(view(where, tree), asks).sums == {H100: (2, 0)}


def test_a_request_without_a_lock_and_one_with_a_broken_one_are_asked(where):
    files = fleet_of(request("edge", 4), request("vision", 2))
    del files["tenants/edge/goldenpath.lock"]
    files["tenants/vision/goldenpath.lock"] = "{"

    promises = PromiseIndex().read(view(where, tree_of(where, files)), asks)

    assert promises.sums == {H100: (6, 0)}
    assert promises.get("edge").golden_path is None


def test_promises_that_depend_on_the_fleet_are_computed_each_time(where, tmp_path):
    files = fleet_of(request("vision", 2))
    files["tenants/vision/tenant.yaml"] = kubeyaml.dump(request("vision", 30))
    tree, cache = tree_of(where, files), PromiseCache(tmp_path / "cache")
    PromiseIndex(cache).read(view(where, tree), asks)

    later = PromiseIndex(cache).read(view(where, tree), lambda path, text: None)

    assert later.sums == {H100: (2, 0)}


def test_a_tombstone_promises_nothing(where):
    stone = Tombstone(
        name="vision",
        owner="vision-team",
        clusters=("berlin",),
        golden_path="tenant/v1",
        version="1.0.0",
        retired=datetime.date(2027, 1, 1),
        requested_by="Ada",
        last_commit="a" * 40,
    )
    tree = tree_of(where, {"tenants/vision/retired.yaml": stone.dump()})

    promises = PromiseIndex().read(view(where, tree), nobody)

    assert promises.sums == {}
    assert promises.get("vision").retired


def test_a_repeated_name_is_found_in_both_places(where):
    files = fleet_of(request("vision")) | fleet_of(request("vision"), fleet=SHARDED)
    promises = PromiseIndex().read(view(where, tree_of(where, files)), nobody)
    wrong = {
        path.replace("tenants/vision", "tenants/0/vision"): text
        for path, text in rendered(request("vision"))[0].items()
    }
    astray = PromiseIndex().read(view(where, tree_of(where, fleet_of(request("vision")) | wrong)), asks)

    assert len(promises.homes("vision")) == 2
    assert astray.homes("vision") == ("tenants/vision", "tenants/0/vision")


steps = st.lists(
    st.tuples(st.sampled_from(["a", "edge", "vision", "team-1"]), st.integers(0, 3)), min_size=1, max_size=5
)
LEFT = {}


def rendered_once(name, quota, fleet):
    key = (name, quota, fleet.get("layout", "flat"))
    if key not in LEFT:
        LEFT[key] = rendered(request(name, quota), fleet)[0]
    return LEFT[key]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(steps)
def test_after_any_publishes_the_cached_sums_equal_fresh_sums(where, tmp_path, fleet, steps):
    index, tree, there = (
        PromiseIndex(PromiseCache(tmp_path / "cache")),
        tree_of(where, {"goldenpath.yaml": "x"}),
        {},
    )
    for name, quota in steps:
        gone = dict.fromkeys(there.get(name, ()))
        there[name] = rendered_once(name, quota, fleet) if quota else {}
        tree = tree_of(where, gone | there[name], tree)

        assert contents(index.read(view(where, tree, fleet), nobody)) == contents(
            PromiseIndex().read(view(where, tree, fleet), nobody)
        )


def test_many_threads_see_the_same(where):
    trees = [tree_of(where, fleet_of(request("vision", quota), request("edge", 2))) for quota in (1, 5)]
    index, wrong = PromiseIndex(), []

    def look(number):
        for turn in range(10):
            which = (number + turn) % 2
            found = index.read(view(where, trees[which]), nobody).sums
            if found != {H100: ((1, 5)[which] + 2, 0)}:
                wrong.append(copy.copy(found))

    threads = [threading.Thread(target=look, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
