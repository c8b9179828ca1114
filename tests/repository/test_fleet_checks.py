"""Findings that need all tenants; the first tenant has the promise."""

from __future__ import annotations

import small_requests as small
from fleet_trees import FLEET, fleet_of, rendered, repository, tree_of, view

from goldenpath.check import check_fleet
from goldenpath.findings import Severity
from goldenpath.pipeline import Pipeline
from goldenpath.repository.fleet_checks import check_owned_files, check_publish, check_whole_fleet
from goldenpath.repository.promise_index import PromiseIndex
from goldenpath.repository.promises import Promise, Promises, ShardContents, ShardPromises
from goldenpath.spec.document_model import Surroundings
from goldenpath.spec.parse import parse_fleet, parse_request
from goldenpath.spec.ref import Ref
from goldenpath.spec.tenant import Tenant
from goldenpath.tenancy import platforms_of

SHARDED = FLEET | {"layout": "sharded"}
SHARED = FLEET | {
    "clusters": {
        "berlin": small.cluster(
            {"profile": "nvidia-l4-24gb", "count": 4, "sharing": {"mode": "time-slicing", "replicas": 2}},
            addons={"kueue": "0.19"},
        )
    }
}
PLATFORMS = platforms_of(parse_fleet(FLEET))


def promised(**shares):
    """A fleet in which each tenant has this share of berlin's 64 H100s."""
    promises = {
        name: Promise(name, "vision-team", "tenant/v1 1.0.0", {"berlin": {"nvidia-h100-80gb": share}})
        for name, share in shares.items()
    }
    return of(promises)


def of(promises, place="tenants"):
    contents = ShardContents(dict.fromkeys(promises, "0" * 40), promises)
    return Promises([ShardPromises.of(place, "1" * 40, contents)], {})


def lock(quota=0, borrow=0, cluster="berlin", **changes):
    gpus = [{"profile": "nvidia-h100-80gb", "quota": quota, "borrow": borrow}] if quota else []
    return rendered(small.request(gpus=gpus, clusters=[cluster], **changes))[1]


def reported(findings):
    return [(finding.rule, finding.severity.value) for finding in findings]


def publish(promises, after, platforms=PLATFORMS):
    return list(check_publish(promises, platforms, "vision", after))


def test_a_promise_reduces_the_capacity_of_the_next_tenant():
    (finding,) = publish(promised(edge=(60, 0)), lock(8))

    assert (finding.rule, finding.severity, finding.object) == (
        "fleet-capacity",
        Severity.ERROR,
        "Tenant vision on berlin",
    )
    assert finding.message == (
        "berlin has 64 of nvidia-h100-80gb; the other tenants own 60, which leaves 4, and vision asks for 8"
    )
    assert finding.fix == "Ask for at most 4, and borrow the rest."
    assert publish(promised(edge=(60, 0)), lock(4)) == []


def test_a_tenants_own_share_is_not_counted_twice():
    assert publish(promised(edge=(56, 0), vision=(8, 0)), lock(8)) == []
    assert reported(publish(promised(edge=(56, 0), vision=(8, 0)), lock(9))) == [("fleet-capacity", "error")]


def test_a_tenant_that_asks_for_no_more_can_publish_on_a_smaller_cluster():
    full = promised(edge=(60, 0), vision=(8, 0))

    assert reported(publish(full, lock(8))) == [("fleet-capacity", "warning")]
    assert reported(publish(full, lock(6))) == [("fleet-capacity", "warning")]
    assert publish(full, lock(4)) == []


def test_devices_that_several_pods_share_count_as_often_as_they_are_shared():
    platforms = platforms_of(parse_fleet(SHARED))
    one = {"berlin": {"nvidia-l4-24gb": (5, 0)}}
    others = of({"edge": Promise("edge", clusters=one)})
    asked = rendered(small.request(gpus=[{"profile": "nvidia-l4-24gb", "quota": 3}]), SHARED)[1]
    more = rendered(small.request(gpus=[{"profile": "nvidia-l4-24gb", "quota": 4}]), SHARED)[1]

    assert publish(others, asked, platforms) == []
    assert reported(publish(others, more, platforms)) == [("fleet-capacity", "error")]


def test_devices_without_an_owner_cannot_be_borrowed():
    assert reported(publish(promised(edge=(2, 0)), lock(8, 4))) == [("borrow-beyond-cohort", "warning")]
    assert publish(promised(edge=(4, 0)), lock(8, 4)) == []
    # Without Kueue nothing is lent at all, which the request's own check says.
    assert publish(promised(), lock(2, 2, cluster="paris")) == []


def test_another_owner_is_worth_a_look():
    (finding,) = publish(promised(vision=(0, 0)), lock(owner="other-team"))

    assert (finding.rule, finding.severity) == ("owner-change", Severity.WARNING)
    assert "vision-team" in finding.message
    assert "other-team" in finding.message


def test_one_name_in_two_places_is_a_collision():
    vision = Promise("vision")
    shards = [
        ShardPromises.of(place, "1" * 40, ShardContents({"vision": "0" * 40}, {"vision": vision}))
        for place in ("tenants", "tenants/0")
    ]

    (finding,) = publish(Promises(shards, {}), lock())

    assert finding.rule == "tenant-collision"
    assert "tenants/vision, tenants/0/vision" in finding.message


def with_claims(name, *claims):
    return Promise(name, claims={"berlin": dict(claims)})


def identities(**found):
    return lock().model_copy(update={"identities": {"berlin": found}})


def test_unusual_identities_are_compared_with_all_others():
    theirs = of({"edge": with_claims("edge", ("shared", "spiffe://prod.example.org/ns/vision/sa/trainer"))})

    own = identities(**{"vision.trainer": "spiffe://prod.example.org/ns/vision/sa/trainer"})
    named = identities(shared="spiffe://prod.example.org/ns/vision/sa/other")
    neither = identities(**{"vision.other": "spiffe://prod.example.org/ns/vision/sa/other"})

    assert reported(publish(theirs, own)) == [("identity-collision", "error")]
    assert reported(publish(theirs, named)) == [("identity-collision", "error")]
    assert publish(theirs, neither) == []
    claimed = with_claims("vision", ("shared", "spiffe://prod.example.org/ns/vision/sa/trainer"))
    assert publish(of({"vision": claimed}), own) == []


def test_exceeded_capacity_is_reported_with_each_tenants_share():
    findings = list(check_whole_fleet(promised(edge=(60, 0), vision=(8, 4)), PLATFORMS))

    assert [(finding.rule, finding.object) for finding in findings] == [("fleet-capacity", "Cluster berlin")]
    assert findings[0].message == (
        "berlin has 64 of nvidia-h100-80gb, and its tenants own 68: edge 60, vision 8"
    )
    assert list(check_whole_fleet(promised(edge=(60, 0), vision=(4, 9)), PLATFORMS)) == []


def test_promises_on_a_removed_cluster_are_reported():
    gone = of({"edge": Promise("edge", clusters={"lisbon": {"nvidia-h100-80gb": (2, 0)}})})

    assert [finding.message for finding in check_whole_fleet(gone, PLATFORMS)] == [
        "lisbon no longer offers nvidia-h100-80gb, and its tenants own 2: edge 2"
    ]


def test_two_tenants_with_one_unusual_identity_are_reported_once():
    claim = ("shared", "spiffe://x/team")
    both = of({"edge": with_claims("edge", claim), "vision": with_claims("vision", claim)})

    assert reported(check_whole_fleet(both, PLATFORMS)) == [("identity-collision", "error")] * 2


def test_a_repository_and_a_folder_of_requests_get_the_same_findings(tmp_path):
    requests = [
        small.request(name=name, gpus=[{"profile": "nvidia-h100-80gb", "quota": 40}])
        for name in ("edge", "vision")
    ]
    pipeline = Pipeline(parse_fleet(FLEET))
    tenancies = [
        each
        for one in requests
        for each in pipeline.resolve(parse_request(Tenant, one, Surroundings(pipeline.fleet)))
    ]
    with repository(tmp_path) as where:
        first = PromiseIndex().read(
            view(where, tree_of(where, fleet_of(requests[0]))), lambda path, text: None
        )

        found = list(check_publish(first, pipeline.platforms, "vision", rendered(requests[1])[1]))

    assert (
        [finding.rule for finding in found]
        == [finding.rule for finding in check_fleet(tenancies)]
        == ["fleet-capacity"]
    )
    assert {finding.object for finding in found} == {finding.object for finding in check_fleet(tenancies)}


def test_a_tenant_in_a_wrong_folder_is_reported(tmp_path):
    with repository(tmp_path) as where:
        flat, sharded = (fleet_of(small.request(), fleet=fleet) for fleet in (FLEET, SHARDED))

        def rules(files):
            return reported(
                check_owned_files(view(where, tree_of(where, files)).find(Ref.of_tenant("vision")))
            )

        assert rules(flat) == []
        assert rules(sharded) == [("misplaced", "warning")] * 3
        assert rules(flat | sharded) == [("tenant-collision", "error")] + [("misplaced", "warning")] * 3
        assert rules(flat | {"tenants/vision/retired.yaml": "x"}) == [("retired-name", "error")]


CHAT = "chat.example.org"


def with_hosts(**hosts):
    """A fleet in which each tenant has these hosts."""
    return of({name: Promise(name, hosts=tuple(found)) for name, found in hosts.items()})


def hosts_lock(*hosts):
    return lock().model_copy(update={"hosts": {"berlin": hosts}})


def test_a_host_is_one_tenants_on_whichever_cluster():
    assert publish(with_hosts(speech=[CHAT]), hosts_lock("other.example.org")) == []
    assert publish(with_hosts(vision=[CHAT]), hosts_lock(CHAT)) == []
    (found,) = publish(with_hosts(speech=["*.example.org"]), hosts_lock(CHAT))
    assert (found.rule, found.severity, found.object) == ("host-collision", Severity.ERROR, "Tenant vision")


def test_the_whole_fleet_has_each_host_once():
    fleet = with_hosts(edge=[CHAT], speech=["*.example.org"], vision=["other.example.com"])
    assert reported(check_whole_fleet(fleet, PLATFORMS)) == [("host-collision", "error")]


def test_hosts_follow_what_changes_in_a_shard():
    first = {"edge": Promise("edge", hosts=(CHAT,)), "vision": Promise("vision", hosts=("v.example.org",))}
    shard = ShardPromises.of("tenants", "1" * 40, ShardContents(dict.fromkeys(first, "0" * 40), first))
    second = {"edge": first["edge"], "speech": Promise("speech", hosts=("s.example.org",))}
    after = ShardPromises.of(
        "tenants", "2" * 40, ShardContents(dict.fromkeys(second, "0" * 40), second), shard
    )
    assert after.hosts == {(CHAT, "edge"), ("s.example.org", "speech")}
