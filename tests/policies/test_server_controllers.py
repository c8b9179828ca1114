"""Policies admit the objects of each server's controllers, and refuse forged ones.

The objects in ``controllers/`` are small ones of our own, with the labels, owners and accounts that the sources of the
controllers give them. The table of `docs/concepts/servers-and-policies.md` is held against them.
"""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from policy_requests import namespace
from small_requests import cluster, fleet

from goldenpath import kubeyaml
from goldenpath.check.policy_evaluation import AdmissionRequest, judge
from goldenpath.policies import Policy, policies
from goldenpath.spec.parse import parse_fleet
from goldenpath.tenancy import platforms_of

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "concepts" / "servers-and-policies.md"
FILES = sorted((HERE / "controllers").glob("*.yaml"))
WORKLOADS = "system:serviceaccount:flux-system:workloads-vision"
ADDONS = {"kueue": "0.19", "lws": "0.10", "jobset": "0.12", "kserve": "0.20"}
PARAMETERS = {
    "goldenpath.dev/accelerators": "nvidia.com/gpu",
    "goldenpath.dev/gateways": "gateway-system/public",
    "goldenpath.dev/hosts": "chat.vision.northwind.example",
    "goldenpath.dev/priority-classes": "goldenpath-serving",
    "goldenpath.dev/queue": "vision",
    "goldenpath.dev/registries": "registry.northwind.example",
    "goldenpath.dev/service-account": "vision-reconciler",
}
FORGED = {
    "by the tenant's own repository": "system:serviceaccount:vision:vision-reconciler",
    "by a person": "oidc:mallory",
    "by Flux itself": "system:serviceaccount:flux-system:kustomize-controller",
    "by a controller of another tenant": "system:serviceaccount:speech:lws-controller-manager",
}


@cache
def here() -> tuple[Policy, ...]:
    """The policies on a cluster with all of these add-ons."""
    platform = platforms_of(parse_fleet(fleet(clusters={"berlin": cluster(addons=ADDONS)})))["berlin"]
    return tuple(policy.with_controllers(platform.controllers) for policy in policies())


def load(file: Path) -> dict[str, Any]:
    document = kubeyaml.load_file(file)
    assert isinstance(document, dict)
    return document


def steps() -> list[Any]:
    return [
        pytest.param(step, id=f"{document['server']}: {step['what']}")
        for document in map(load, FILES)
        for step in document["steps"]
    ]


def judging(step: dict[str, Any]) -> list[Policy]:
    """The policies whose rules match an object and an operation."""
    group, _, _ = step["object"]["apiVersion"].rpartition("/")
    operation = "UPDATE" if "old" in step else "CREATE"
    return [
        policy
        for policy in here()
        if not policy.on_namespaces
        and any(
            rule.group == group
            and step["object"]["kind"] in rule.resources.values()
            and operation in rule.operations
            for rule in policy.rules
        )
    ]


def refusing(step: dict[str, Any], user: str, body: dict[str, Any] | None = None) -> list[str]:
    asked = AdmissionRequest(body or step["object"], namespace(PARAMETERS), user, step.get("old"))
    verdicts = {policy.id: judge(policy, asked) for policy in judging(step)}
    assert not [id_ for id_, verdict in verdicts.items() if verdict.failed]
    return sorted(id_ for id_, verdict in verdicts.items() if not verdict.allowed)


def user_of(step: dict[str, Any]) -> str:
    return WORKLOADS if step["user"] == "workloads" else str(step["user"])


@pytest.mark.parametrize("step", steps())
def test_objects_of_a_controller_are_admitted(step: dict[str, Any]) -> None:
    assert refusing(step, user_of(step)) == step.get("refused_by", [])


@pytest.mark.parametrize("user", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("step", steps())
def test_the_same_objects_by_other_users_are_refused(step: dict[str, Any], user: str) -> None:
    labels = step["object"]["metadata"].get("labels", {})
    owners = step["object"]["metadata"].get("ownerReferences", [])
    expected = set()
    names = {policy.id for policy in judging(step)}
    if "goldenpath.dev/workload" in labels and "workload-owner" in names:
        expected.add("workload-owner")
    if (
        owners
        and "old" not in step
        and "gpu-owner" in names
        and "nvidia.com/gpu" in str(step["object"]["spec"])
    ):
        expected.add("gpu-owner")
    if "old" in step:
        expected.add("gpu-gate")
    assert set(refusing(step, user)) >= expected


@pytest.mark.parametrize("step", [each for each in steps() if each.values[0]["user"] == "workloads"])
def test_the_account_of_workloads_is_not_a_controller(step: dict[str, Any]) -> None:
    """The account may write objects of a workload, but no owner that would take a Pod out of the queue."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "forged",
            "labels": {"goldenpath.dev/workload": "chat"},
            "ownerReferences": [
                {
                    "apiVersion": step["object"]["apiVersion"],
                    "kind": step["object"]["kind"],
                    "name": step["object"]["metadata"]["name"],
                    "uid": "1",
                    "controller": True,
                }
            ],
        },
        "spec": {"containers": [{"name": "main", "image": "registry.northwind.example/a", "resources": {"limits": {"nvidia.com/gpu": "1"}}}]},
    }  # fmt: skip
    assert refusing({"object": pod}, WORKLOADS) == ["gpu-owner", "gpu-queue"]


@pytest.mark.parametrize(
    "step",
    [
        each
        for each in steps()
        if "nvidia.com/gpu" in str(each.values[0]["object"]) and "old" not in each.values[0]
    ],
)
def test_without_the_queue_in_its_templates_nothing_starts(step: dict[str, Any]) -> None:
    """A controller carries what the templates say; a set whose templates lack the queue is refused at the first Pod template."""
    body = copy.deepcopy(step["object"])
    _without_queue(body)
    made_by_kubernetes = user_of(step).startswith("system:serviceaccount:kube-system:")
    judged = "gpu-queue" in {policy.id for policy in judging(step)}
    is_held_as_a_whole = (
        made_by_kubernetes
        and body["kind"] == "Pod"
        and body["metadata"]["ownerReferences"][0]["kind"] in {"Job", "StatefulSet"}
    )
    expected = ["gpu-queue"] if judged and not is_held_as_a_whole else []
    assert refusing(step, user_of(step), body) == expected


def _without_queue(value: Any) -> None:
    if isinstance(value, dict):
        value.pop("kueue.x-k8s.io/queue-name", None)
        for each in value.values():
            _without_queue(each)
    elif isinstance(value, list):
        for each in value:
            _without_queue(each)


def table(document: dict[str, Any]) -> str:
    lines = [
        f"## {document['server']}",
        "",
        f"{document['version']}. {document['carries']}",
        "",
        "| Object | Account | `goldenpath.dev/workload` | Queue | Policies that judge it |",
        "|---|---|---|---|---|",
    ]
    for step in document["steps"]:
        labels = step["object"]["metadata"].get("labels", {})
        template = _inner_labels(step["object"].get("spec"))
        marks = [
            _where(key, labels, template) for key in ("goldenpath.dev/workload", "kueue.x-k8s.io/queue-name")
        ]
        ids = [policy.id for policy in judging(step)]
        generic = {policy.id for policy in here() if _is_of_templates(policy)}
        own = [f"`{id_}`" for id_ in ids if id_ not in generic or id_ in {"gpu-owner", "gpu-queue"}]
        all_ = ", ".join([*own, *(["all of Pod templates"] if generic & set(ids) else [])]) or "–"
        if refused := step.get("refused_by"):
            all_ = f"**refused** by {', '.join(f'`{id_}`' for id_ in refused)}"
        account = (
            "the workload account"
            if step["user"] == "workloads"
            else f"`{str(step['user']).removeprefix('system:serviceaccount:')}`"
        )
        lines.append(f"| {step['what']} | {account} | {marks[0]} | {marks[1]} | {all_} |")
    return "\n".join(lines)


def _inner_labels(value: Any) -> dict[str, str]:
    """Labels that are written for something else: of templates, or KServe's `spec.labels`."""
    found: dict[str, str] = {}
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "labels" and isinstance(each, dict):
                found |= each
            elif key not in {"selector", "matchLabels"}:
                found |= _inner_labels(each)
    elif isinstance(value, list):
        for each in value:
            found |= _inner_labels(each)
    return found


def _where(key: str, labels: dict[str, str], template: dict[str, str]) -> str:
    return {(True, True): "itself, template", (True, False): "itself", (False, True): "template"}.get(
        (key in labels, key in template), "–"
    )


def _is_of_templates(policy: Policy) -> bool:
    return (
        any(
            "CronJob" in rule.resources.values() and "Job" in rule.resources.values() for rule in policy.rules
        )
        and policy.id != "workload-owner"
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_page_has_the_table_of_each_server(file: Path) -> None:
    assert table(load(file)) in PAGE.read_text(encoding="utf-8")
