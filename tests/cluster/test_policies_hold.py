"""The admission policies on a real API server: well-typed, and of one mind with the check that runs offline."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any

import pytest
from generated import PARAMETERS, objects
from hypothesis import HealthCheck, given, settings
from kube_api import MERGE, eventually
from live_tenants import FLEET

from goldenpath.check.policy_evaluation import AdmissionRequest, check_policies, judge
from goldenpath.manifests import ManifestObject
from goldenpath.policies import policies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kube_api import Answer, Api
    from live_tenants import Onboarding

    from goldenpath.policies import Policy, PolicyExample

EXCEPTIONS = "goldenpath.dev/policy-exceptions"
CANARY = "service-external-ips"


@pytest.fixture(scope="module")
def bound(cluster: Api, onboarding: Onboarding) -> Api:
    """The API server with every policy in force, as a cluster's platform brings them."""
    cluster_of_its_own = {
        "region": "eu",
        "kubernetes": "1.36",
        "addons": {"flux": "2.9"},
        # Those of the policies' examples; with the add-ons themselves, their objects would be rendered too.
        "controllers": ["kueue-system/kueue-controller-manager", "lws-system/lws-controller-manager"],
    }
    onboarding.platform({**FLEET, "clusters": {"berlin": cluster_of_its_own}})
    return cluster


def metadata(name: str, annotations: Mapping[str, str], *exceptions: str) -> dict[str, Any]:
    labels = {"goldenpath.dev/tenant": name, "pod-security.kubernetes.io/enforce": "baseline"}
    return {"labels": labels, "annotations": {**annotations, EXCEPTIONS: ",".join(exceptions)}}


def tenant_namespace(api: Api, annotations: Mapping[str, str], *exceptions: str, tenant: bool = True) -> str:
    """A namespace that policies judge, or, with ``tenant`` false, not yet."""
    name = f"p-{secrets.token_hex(4)}"
    own = metadata(name, annotations, *exceptions) if tenant else {}
    answer = api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, **own}})
    assert answer.ok, answer.message
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    eventually(lambda: api.send("GET", account).ok, f"{name} has its default account")
    # Those that the examples name: without them the server refuses a Pod before any policy sees it.
    for account in ("server", "ci", f"{name}-reconciler", f"{name}-scaler"):
        where = {"name": account, "namespace": name}
        assert api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": where}).ok
    return name


def within(namespace: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """An example's object in that namespace, which then is the tenant's name everywhere in it."""
    renamed = json.loads(json.dumps(body).replace("vision", namespace))
    return {**renamed, "metadata": {**renamed["metadata"], "namespace": namespace}}


@pytest.mark.parametrize("policy", policies(), ids=lambda policy: policy.id)
def test_a_policy_has_no_type_checking_warning(bound, policy):
    def checked() -> dict[str, Any] | None:
        body = bound.get(policy.as_admission_policy()).body
        seen = body.get("status", {}).get("observedGeneration") == body["metadata"]["generation"]
        return body["status"] if seen else None

    assert "expressionWarnings" not in eventually(checked, f"{policy.id} is type-checked")["typeChecking"]


def written_out(policy: Policy, expression: str) -> str:
    """An expression with what its variables stand for in their places."""
    while found := re.search(r"\bvariables\.(\w+)", expression):
        (value,) = (v.expression for v in policy.variables if v.name == found[1])
        expression = f"{expression[: found.start()]}({value}){expression[found.end() :]}"
    return expression


@pytest.mark.parametrize("policy", policies(), ids=lambda policy: policy.id)
def test_no_variable_has_one_either(bound, policy):
    """The API server does not look into variables; so each is written out, as a rule that lets everything pass."""
    body = policy.as_admission_policy()
    expressions = [v.expression for v in policy.variables] + [policy.expression]
    expressions += [policy.message_expression] if policy.message_expression else []
    for expression in expressions:
        body["metadata"] = {"name": f"typed-{secrets.token_hex(4)}"}
        body["spec"]["variables"] = []
        body["spec"]["validations"] = [
            {"expression": f"dyn({written_out(policy, expression)}) == null || true"}
        ]
        answer = bound.create(body)
        assert answer.ok, answer.message

        def checked() -> dict[str, Any]:
            return bound.get(body).body.get("status", {})

        status = eventually(lambda: checked() if "observedGeneration" in checked() else None, "type-checked")
        assert bound.delete(body).ok
        assert "expressionWarnings" not in status.get("typeChecking", {}), expression


EXAMPLES = [
    pytest.param(policy, example, id=f"{policy.id}: {'good' if example.good else 'bad'}: {example.why}")
    for policy in policies()
    for example in policy.examples
]


@pytest.fixture(scope="module")
def namespaces(bound: Api) -> dict[str, str]:
    """Namespaces for the examples that create something, by policy and annotations."""
    return {}


@pytest.mark.parametrize(("policy", "example"), EXAMPLES)
def test_an_example_gets_the_verdict_of_its_file(bound, namespaces, policy, example):
    if not bound.serves(example.object):
        pytest.skip("needs the CRDs of the add-ons: make cluster-assets, or --crds DIR")

    answer = ask(bound, namespaces, policy, example)

    if (policy.id, example.why) in REFUSED_ANYWAY:
        assert answer.refused_by == "invalid"
    else:
        assert answer.refused_by == ("" if example.good else policy.id), answer.message


# What this version of the API server refuses before it asks a policy; the next one may not.
REFUSED_ANYWAY = {("accelerator-resource", "asked for by the Pod as a whole")}


def ask(api: Api, namespaces: dict[str, str], policy: Policy, example: PolicyExample) -> Answer:
    if policy.on_namespaces:
        return ask_for_a_namespace(api, policy, example)
    if example.old is None:
        return ask_to_create(api, namespaces, policy, example)
    return ask_to_change(api, policy, example)


def ask_for_a_namespace(api: Api, policy: Policy, example: PolicyExample) -> Answer:
    name = f"p-{secrets.token_hex(4)}"
    body, old = (json.loads(json.dumps(o).replace("vision", name)) for o in (example.object, example.old))
    if old is None:
        return api.create(body, dry_run=True)
    # What was there before was let in by an exception, which the change takes away with it.
    old["metadata"]["annotations"] = {EXCEPTIONS: policy.id}
    assert api.create(old).ok
    return api.replace(body, dry_run=True)


def ask_to_create(api: Api, namespaces: dict[str, str], policy: Policy, example: PolicyExample) -> Answer:
    key = f"{policy.id} {sorted(example.annotations.items())}"
    if key not in namespaces:
        namespaces[key] = fresh_namespace(api, policy, example)
    name = namespaces[key]
    return asking(api, name, example).create(within(name, example.object), dry_run=True)


def fresh_namespace(api: Api, policy: Policy, example: PolicyExample) -> str:
    name = tenant_namespace(api, {}, tenant=False)
    enforce(api, name, policy, example)
    return name


def enforce(api: Api, name: str, policy: Policy, example: PolicyExample) -> None:
    """Turn a namespace into the example's tenant's, for that policy alone, and wait until the server knows."""
    annotations = json.loads(json.dumps(dict(example.annotations)).replace("vision", name))
    others = [other.id for other in policies() if other.id not in {policy.id, CANARY}]
    own = metadata(name, annotations, *others)
    if EXCEPTIONS in annotations:
        own["annotations"][EXCEPTIONS] = ",".join([annotations[EXCEPTIONS], *others])
    # Without this label the server refuses admin access by itself.
    own["labels"]["resource.kubernetes.io/admin-access"] = "true"
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    assert api.merge(namespace, {"metadata": own}).ok
    canary = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"generateName": "canary-", "namespace": name},
        "spec": {"externalIPs": ["192.0.2.1"], "ports": [{"port": 80}]},
    }
    eventually(lambda: api.create(canary, dry_run=True).refused_by == CANARY, f"policies hold in {name}")


def ask_to_change(api: Api, policy: Policy, example: PolicyExample) -> Answer:
    name = tenant_namespace(api, {}, tenant=False)
    old, body = within(name, example.old), within(name, example.object)
    if old["kind"] == "Pod":
        for each in (old, body):  # the token's volume would be another change
            each["spec"]["automountServiceAccountToken"] = False
    answer = api.create(old)
    assert answer.ok, answer.message
    enforce(api, name, policy, example)
    path = api.path(body, example.subresource)
    return asking(api, name, example).send("PATCH", path, change(old, body), MERGE, dryRun="All")


def asking(api: Api, namespace: str, example: PolicyExample) -> Api:
    """Who asks in the example, with every right: only the policy is in question."""
    user = example.user.replace("vision", namespace)
    return api.acting_as(
        user or f"system:serviceaccount:{namespace}:{namespace}-reconciler", "system:masters"
    )


def change(old: Any, new: Any) -> Any:
    """The JSON merge patch from one to the other."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return {
        key: change(old.get(key), new.get(key))
        for key in old.keys() | new.keys()
        if old.get(key) != new.get(key)
    }


@pytest.fixture(scope="module", params=["with-a-queue", "without"])
def judged_in(request: pytest.FixtureRequest, bound: Api) -> dict[str, Any]:
    """A namespace of a tenant with every parameter, as the API server has it."""
    parameters = dict(PARAMETERS)
    if request.param == "with-a-queue":
        parameters["queue"] = "mine"
    name = tenant_namespace(bound, {f"goldenpath.dev/{key}": value for key, value in parameters.items()})
    where = {"name": "mine-reconciler", "namespace": name}
    assert bound.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": where}).ok
    return bound.get({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}).body


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=objects())
def test_the_server_and_the_offline_check_always_agree(bound, judged_in, body):
    namespace = judged_in["metadata"]["name"]
    body = {**body, "metadata": {**body["metadata"], "namespace": namespace}}
    tenant = {**judged_in, "apiVersion": "v1", "kind": "Namespace"}
    account = f"system:serviceaccount:{namespace}:mine-reconciler"

    answer = bound.acting_as(account, "system:masters").create(body, dry_run=True)
    found = check_policies([ManifestObject("a.yaml", body)], namespaces={namespace: tenant})
    offline = {finding.rule for finding in found}

    assert answer.ok or answer.refused_by in offline, answer.message
    assert answer.ok == (not offline), offline
    if not answer.ok:
        policy = next(p for p in policies() if p.id == answer.refused_by)
        assert judge(policy, AdmissionRequest(body, tenant, account)).message in answer.message
