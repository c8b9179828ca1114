"""Rules between the fields of a request: each has a request that breaks it, and a twin that does not."""

from __future__ import annotations

from typing import Any

import pytest
from small_requests import problems, reported, request

GPU = "nvidia-h100-80gb"
TOKENS = {"signal": "tokens", "target": 2500, "max_replicas": 4}
LATENCY = {"signal": "latency", "time_to_first_token": "1s", "max_replicas": 4}
OVERRIDE = {"kind": "LimitRange", "name": "vision", "patch": {"spec": {"limits": []}}, "reason": "r", "approved_by": "a", "expires": "2027-01-01"}  # fmt: skip
SECRET = {"name": "git", "provider": "external-secrets", "purpose": "git", "reference": "teams/vision/git"}
DIGEST = f"sha256:{'0' * 64}"


def egress(**entry: Any) -> dict[str, Any]:
    return {"network": {"egress": [{"port": 443} | entry]}}


def scaling(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"autoscaling": {key: value for key, value in (base | changes).items() if value is not None}}


def override(**patch: Any) -> dict[str, Any]:
    return {"overrides": [OVERRIDE | {"patch": patch}]}


ACCEPTED = {
    "clusters by name": {},
    "a placement by region": {"clusters": None, "placement": {"regions": ["eu"]}},
    "a placement by labels": {"clusters": None, "placement": {"labels": {"tier": "gold"}}},
    "one profile on different clusters": {
        "clusters": ["a", "b"],
        "gpus": [
            {"profile": GPU, "quota": 1, "clusters": ["a"]},
            {"profile": GPU, "quota": 2, "clusters": ["b"]},
        ],
    },
    "a host": egress(host="a.example"),
    "a network": egress(cidr="10.0.0.0/8"),
    "a branch": {"source": {"git": "https://a.example/b", "branch": "main"}},
    "a digest": {"source": {"oci": "oci://a.example/b", "digest": DIGEST}},
    "a secret with its place": {"secrets": [SECRET]},
    "a secret from SOPS needs no place": {
        "secrets": [{"name": "model", "provider": "sops", "purpose": "model"}]
    },
    "an account of the same name as the team": {
        "identity": {"service_accounts": ["vision", "reconciler", "scaler"]}
    },
    "as few replicas as most": scaling(TOKENS, min_replicas=4),
    "another engine": scaling(TOKENS, engine={"name": "sglang"}),
    "a latency goal at a bucket": scaling(LATENCY),
    "the other latency goal": scaling(LATENCY, time_to_first_token=None, inter_token_latency="50ms"),
    "a signal with a default": {"autoscaling": {"signal": "queue", "max_replicas": 2}},
    "an override": override(spec={"limits": None}, metadata={"labels": {"a": "b"}}),
    "inputs": {"inputs": {"tier": "gold", "nested": {"list": [1, 2.5, None, True]}}},
    "a null is nothing": {"placement": None, "identity": None},
}
REFUSED: dict[str, tuple[dict[str, Any], list[tuple[str, str, str | None]]]] = {
    "clusters and a placement": ({"placement": {"regions": ["eu"]}}, [("placement", "one-of", None)]),
    "nowhere": ({"clusters": None}, [("clusters", "required", None)]),
    "no cluster": ({"clusters": []}, [("clusters", "length", None)]),
    "an empty placement": ({"clusters": None, "placement": {}}, [("placement", "required", None)]),
    "a placement by no region": ({"clusters": None, "placement": {"regions": [], "labels": {}}}, [("placement", "required", None)]),
    "a cluster twice": ({"clusters": ["a", "b", "a"]}, [("clusters[2]", "duplicate", None)]),
    "a region twice": ({"clusters": None, "placement": {"regions": ["a", "a"]}}, [("placement.regions[1]", "duplicate", None)]),
    "a group twice": ({"access": {"admins": ["a", "a"]}}, [("access.admins[1]", "duplicate", None)]),
    "an account twice": ({"identity": {"service_accounts": ["a", "a"]}}, [("identity.service_accounts[1]", "duplicate", None)]),
    "a trust domain twice": (
        {"identity": {"service_accounts": ["a"], "federates_with": ["b", "b"]}}, [("identity.federates_with[1]", "duplicate", None)],
    ),
    "a pull secret twice": ({"pull_secrets": ["a", "a"]}, [("pull_secrets[1]", "duplicate", None)]),
    "a secret twice": ({"secrets": [SECRET, SECRET]}, [("secrets[1].name", "duplicate", None)]),
    "an exception twice": (
        {"exceptions": [{"policy": "p", "reason": "r", "approved_by": "a", "expires": "2027-01-01"}] * 2}, [("exceptions[1].policy", "duplicate", None)],
    ),
    "a GPU asked for twice on every cluster": ({"gpus": [{"profile": GPU, "quota": 1}] * 2}, [("gpus[1].profile", "duplicate", None)]),
    "a GPU asked for twice on one cluster": (
        {"gpus": [{"profile": GPU, "quota": 1}, {"profile": GPU, "quota": 1, "clusters": ["berlin"]}]}, [("gpus[1].profile", "duplicate", None)],
    ),
    "a GPU asked for twice on one of several clusters": (
        {"clusters": ["a", "b"], "gpus": [{"profile": GPU, "quota": 1, "clusters": ["a", "b"]}, {"profile": GPU, "quota": 1, "clusters": ["b"]}]},
        [("gpus[1].profile", "duplicate", None)],
    ),
    "a GPU's cluster twice": ({"gpus": [{"profile": GPU, "quota": 1, "clusters": ["berlin"] * 2}]}, [("gpus[0].clusters[1]", "duplicate", None)]),
    "an unknown GPU": ({"gpus": [{"profile": "h100", "quota": 1}]}, [("gpus[0].profile", "unknown-profile", GPU)]),
    "an unknown slice": ({"gpus": [{"profile": f"{GPU}/1g.10g", "quota": 1}]}, [("gpus[0].profile", "unknown-profile", f"{GPU}/1g.10gb")]),
    "a GPU unlike any": ({"gpus": [{"profile": "zzz", "quota": 1}]}, [("gpus[0].profile", "unknown-profile", None)]),
    "no GPU at all": ({"gpus": [{"profile": GPU, "quota": 0}]}, [("gpus[0].quota", "range", "1")]),
    "egress to nowhere": (egress(), [("network.egress[0]", "required", None)]),
    "egress to the node's credentials": (egress(cidr="169.254.169.254/32"), [("network.egress[0].cidr", "node-credentials", None)]),
    "egress to the node's credentials by IPv6": (egress(cidr="fd00:ec2::254/128"), [("network.egress[0].cidr", "node-credentials", None)]),
    "egress to a host and a network": (egress(host="a.example", cidr="10.0.0.0/8"), [("network.egress[0].cidr", "one-of", None)]),
    "a branch and a tag": ({"source": {"git": "https://a.example/b", "branch": "a", "tag": "b"}}, [("source.tag", "one-of", None)]),
    "a tag and a digest": ({"source": {"oci": "oci://a.example/b", "tag": "a", "digest": DIGEST}}, [("source.digest", "one-of", None)]),
    "two kinds of source": ({"source": {"git": "https://a.example/b", "oci": "oci://a.example/b"}}, [("source.git", "one-of", None)]),
    "a branch of an artifact": ({"source": {"oci": "oci://a.example/b", "branch": "main"}}, [("source.branch", "one-of", None)]),
    "a misspelt field of a source": ({"source": {"oci": "oci://a.example/b", "digst": "x"}}, [("source.digst", "unknown-field", "digest")]),
    "a source without address": ({"source": {"path": "./a"}}, [("source.git", "required", None)]),
    "an external secret from nowhere": ({"secrets": [{k: v for k, v in SECRET.items() if k != "reference"}]}, [("secrets[0].reference", "required", None)]),
    "everybody's account": ({"identity": {"service_accounts": ["default"]}}, [("identity.service_accounts[0]", "reserved-name", None)]),
    "Flux's account": ({"identity": {"service_accounts": ["vision-reconciler"]}}, [("identity.service_accounts[0]", "reserved-name", None)]),
    "the scaler's account": ({"identity": {"service_accounts": ["a", "vision-scaler"]}}, [("identity.service_accounts[1]", "reserved-name", None)]),
    "no account": ({"identity": {"service_accounts": []}}, [("identity.service_accounts", "length", None)]),
    "more replicas at least than at most": (scaling(TOKENS, min_replicas=5), [("autoscaling.min_replicas", "replicas", "4")]),
    "an unknown engine": (scaling(TOKENS, engine={"name": "vlm"}), [("autoscaling.engine.name", "unknown-engine", "vllm")]),
    "a version that nobody knows": (scaling(TOKENS, engine={"name": "vllm", "version": "0.1"}), [("autoscaling.engine.version", "unknown-engine-version", "0.33.0")]),
    "an unknown signal": ({"autoscaling": {"signal": "token", "target": 5, "max_replicas": 1}}, [("autoscaling.signal", "choice", "tokens")]),
    "tokens without a target": (scaling(TOKENS, target=None), [("autoscaling.target", "target-required", None)]),
    "a target of nothing": (scaling(TOKENS, target=0), [("autoscaling.target", "range", None)]),
    "a target without end": (scaling(TOKENS, target=float("inf")), [("autoscaling.target", "type", None)]),
    "a share above one": (scaling(TOKENS, signal="kv-cache", target=1.5), [("autoscaling.target", "invalid-target", None)]),
    "latency without a goal": (scaling(LATENCY, time_to_first_token=None), [("autoscaling.time_to_first_token", "latency-goal-required", None)]),
    "two latency goals": (scaling(LATENCY, inter_token_latency="50ms"), [("autoscaling.inter_token_latency", "one-of", None)]),
    "latency with a target": (scaling(LATENCY, target=5), [("autoscaling.target", "does-not-apply", None)]),
    "a latency goal between buckets": (scaling(LATENCY, time_to_first_token="1100ms"), [("autoscaling.time_to_first_token", "latency-not-measurable", "1s")]),
    "a latency goal without latency": (scaling(TOKENS, time_to_first_token="2s"), [("autoscaling.time_to_first_token", "does-not-apply", None)]),
    "an override of a kind": (override(kind="Role"), [("overrides[0].patch.kind", "override", None)]),
    "an override of a version": (override(apiVersion="v1"), [("overrides[0].patch.apiVersion", "override", None)]),
    "an override of a name": (override(metadata={"name": "x"}), [("overrides[0].patch.metadata.name", "override", None)]),
    "an override of a namespace": (override(metadata={"namespace": None}), [("overrides[0].patch.metadata.namespace", "override", None)]),
    "an override that removes the metadata": (override(metadata=None), [("overrides[0].patch.metadata", "override", None)]),
    "a template in an override": (override(spec={"a": ["${x}"]}), [("overrides[0].patch.spec.a[0]", "template-opener", None)]),
    "a template in a key": (override(spec={"{{x}}": 1}), [("overrides[0].patch.spec.{{x}}", "template-opener", None)]),
    "a template in an input": ({"inputs": {"a": {"b": "[[ x ]]"}}}, [("inputs.a.b", "template-opener", None)]),
    "an input that is no data": ({"inputs": {"a": object()}}, [("inputs.a", "type", None)]),
    "an input without end": ({"inputs": {"a": float("nan")}}, [("inputs.a", "type", None)]),
    "an input that is not text": ({"inputs": {"a": "\ud800"}}, [("inputs.a", "type", None)]),
}  # fmt: skip


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_request_with_this_is_accepted(changes: dict[str, Any]) -> None:
    assert problems(request(**changes)) == ()


@pytest.mark.parametrize(("changes", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_a_request_with_this_is_refused(
    changes: dict[str, Any], expected: list[tuple[str, str, str | None]]
) -> None:
    assert reported(problems(request(**changes))) == expected


def test_recursive_data_is_refused() -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = {"a": deep}
    assert [problem.rule for problem in problems(request(inputs=deep))] == ["depth"]


@pytest.mark.parametrize(
    "broken",
    [{"engine": {"name": "SGLang"}}, {"engine": {"name": "vllm", "version": 0.9}}, {"target": "5"}, {"signal": "token"}],
    ids=["engine", "version", "target", "signal"],
)  # fmt: skip
def test_a_refused_field_is_not_checked_again(broken: dict[str, Any]) -> None:
    assert len(problems(request(**scaling(TOKENS, **broken)))) == 1


def test_a_refused_goal_is_not_a_missing_one() -> None:
    found = problems(request(**scaling(LATENCY, time_to_first_token=None, inter_token_latency="fast")))
    assert reported(found) == [("autoscaling.inter_token_latency", "duration", None)]


def test_a_refused_label_does_not_make_the_placement_empty() -> None:
    found = problems(request(clusters=None, placement={"labels": {"a b": "x"}}))
    assert [problem.path for problem in found] == ["placement.labels.a b"]
