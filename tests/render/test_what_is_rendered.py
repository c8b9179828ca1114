"""For any request, the rendered objects are exactly those that follow from it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from asked import FLEET, requests
from hypothesis import given, settings

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from goldenpath.manifests import ManifestObject, Manifests

PIPELINE = Pipeline(parse_fleet(FLEET))
Key = tuple[str, str, str, str]


def render(request: dict[str, Any]) -> Manifests:
    return PIPELINE.render(parse(request, fleet=PIPELINE.fleet))


def key(item: ManifestObject) -> Key:
    """The cluster, kind, namespace and name of an object."""
    return item.file.split("/")[1], item.kind, item.namespace, item.name


def of_servers(request: dict[str, Any], *, has_cilium: bool) -> set[tuple[str, str]]:
    """The policies of `serving` and `network.calls`."""
    name = request["name"]
    found = {("NetworkPolicy", f"{name}-calls")} if request.get("network", {}).get("calls") else set()
    for server in request.get("serving", []):
        whose, egress = f"{name}-serving-{server['name']}", server.get("egress", [])
        if server.get("callers"):
            found.add(("NetworkPolicy", f"{whose}-callers"))
        if any("cidr" in entry for entry in egress):
            found.add(("NetworkPolicy", f"{whose}-egress"))
        if has_cilium and any("host" in entry for entry in egress):
            found.add(("CiliumNetworkPolicy", f"{whose}-hosts"))
    return found


def expected(request: dict[str, Any]) -> set[Key]:
    """The expected objects, computed without the templates."""
    name, keys = request["name"], set()
    roles = [role for role in ("admin", "developer", "viewer") if request.get("access", {}).get(f"{role}s")]
    accounts = request.get("identity", {}).get("service_accounts", [])
    egress = request.get("network", {}).get("egress", [])
    scaled, source = "autoscaling" in request, request.get("source")
    for cluster in request["clusters"]:
        addons = FLEET["clusters"][cluster].get("addons", {})
        retiring = request.get("retiring", False)
        retires = retiring if isinstance(retiring, bool) else cluster in retiring
        own = {
            ("ResourceQuota", f"{name}-{part}") for part in ("compute", "storage", "objects", "accelerators")
        }
        own |= {
            ("NetworkPolicy", f"{name}-{part}")
            for part in ("default-deny", "dns", "same-namespace", "from-platform")
        }
        own |= {("Role", f"{name}-{role}") for role in ("admin", "developer", "viewer")}
        own |= {("RoleBinding", f"{name}-{role}") for role in roles}
        own |= {("LimitRange", f"{name}-defaults")}
        own |= {("ServiceAccount", account) for account in accounts}
        if request.get("pull_secrets"):
            own.add(("ServiceAccount", "default"))
        shared = {("Namespace", name)}
        if cluster == "full":
            own |= {("LocalQueue", name)}
            own |= {("PodMonitor", f"{name}-pods"), ("PrometheusRule", f"{name}-alerts")}
            shared |= {("ClusterQueue", name)} | {
                ("ClusterSPIFFEID", f"{name}.{account}") for account in accounts
            }
            if any("host" in entry for entry in egress):
                own.add(("CiliumNetworkPolicy", f"{name}-egress-hosts"))
        if any("cidr" in entry for entry in egress):
            own.add(("NetworkPolicy", f"{name}-egress"))
        if scaled:
            own.add(("ConfigMap", f"{name}-autoscaling"))
        if "keda" in addons:
            own |= {("TriggerAuthentication", f"{name}-prometheus"), ("ServiceAccount", f"{name}-scaler")}
            own |= {(kind, f"{name}-scaler-token") for kind in ("Role", "RoleBinding")}
        own |= of_servers(request, has_cilium=cluster == "full")
        if "flux" in addons:
            own |= {(kind, f"{name}-reconciler") for kind in ("ServiceAccount", "Role", "RoleBinding")}
            own.add(("RoleBinding", f"{name}-workloads"))
            keys.add((cluster, "ServiceAccount", "flux-system", f"workloads-{name}"))
            keys.add((cluster, "Kustomization", "flux-system", f"tenant-{name}"))
            if source and not retires:
                own |= {("ServiceAccount", f"{name}-source")} if "provider" in source else set()
                own |= {
                    ("Kustomization", name),
                    ("GitRepository" if "git" in source else "OCIRepository", name),
                }
        keys |= {(cluster, kind, name, item) for kind, item in own} | {
            (cluster, kind, "", item) for kind, item in shared
        }
    return keys


@given(requests())
@settings(deadline=None)
def test_rendered_objects_follow_from_the_request(request: dict[str, Any]) -> None:
    found = Counter(key(item) for item in render(request).objects())
    assert set(found) == expected(request)
    assert set(found.values()) == {1}


@given(requests())
@settings(deadline=None)
def test_the_exact_and_the_fast_reader_agree(request: dict[str, Any]) -> None:
    manifests = render(request)
    exact = [
        body
        for file in manifests.files
        if file.path.endswith(".yaml")
        for body in kubeyaml.load_all(file.text)
    ]
    wanted = [body for body in exact if not body["apiVersion"].startswith("backstage.io")]
    assert [item.body for item in manifests.objects()] == wanted


@given(requests())
@settings(deadline=None, max_examples=50)
def test_files_of_the_whole_tenant_are_equal_for_each_cluster(request: dict[str, Any]) -> None:
    tenant = parse(request, fleet=PIPELINE.fleet)
    together = set(PIPELINE.render(tenant).files)
    alone = [set(PIPELINE.render(tenant, cluster=cluster).files) for cluster in request["clusters"]]
    assert set().union(*alone) == together


@given(requests())
@settings(deadline=None)
def test_the_same_request_gives_the_same_bytes(request: dict[str, Any]) -> None:
    again = Pipeline(parse_fleet(FLEET))
    assert render(request) == again.render(parse(request, fleet=again.fleet))


@given(requests())
@settings(deadline=None)
def test_every_label_and_annotation_is_text(request: dict[str, Any]) -> None:
    for item in render(request).objects():
        for field in ("labels", "annotations"):
            values = item.body["metadata"].get(field, {})
            assert all(isinstance(value, str) for value in values.values()), (item.file, values)


@given(requests(), requests())
@settings(deadline=None, max_examples=50)
def test_two_tenants_never_write_the_same_object_or_file(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    if first["name"] == second["name"]:
        second = {**second, "name": f"{second['name'][:30].rstrip('-')}2"}
        second.pop("identity", None)
    mine, yours = render(first), render(second)
    assert not {key(item) for item in mine.objects()} & {key(item) for item in yours.objects()}
    assert not {file.path for file in mine.files} & {file.path for file in yours.files}
    platform = PIPELINE.render(PIPELINE.fleet)
    for other in (mine, yours):
        assert not {key(item) for item in other.objects()} & {key(item) for item in platform.objects()}
        assert not {file.path for file in other.files} & {file.path for file in platform.files}


@given(requests())
@settings(deadline=None, max_examples=50)
def test_references_of_a_tenant_exist_in_its_objects_or_the_platform(request: dict[str, Any]) -> None:
    """So the removal of another tenant never removes an object that this tenant needs."""
    manifests, platform = render(request), PIPELINE.render(PIPELINE.fleet)
    there = {key(item) for item in (*manifests.objects(), *platform.objects())}
    for item in manifests.objects():
        cluster, spec = item.file.split("/")[1], item.body.get("spec", {})
        if item.kind == "ClusterQueue":
            assert (cluster, "Cohort", "", spec["cohortName"]) in there
            flavors = [flavor["name"] for group in spec["resourceGroups"] for flavor in group["flavors"]]
            assert all((cluster, "ResourceFlavor", "", flavor) in there for flavor in flavors)
        if item.kind == "ClusterSPIFFEID":
            assert all(
                (cluster, "ClusterFederatedTrustDomain", "", name) in there
                for name in spec.get("federatesWith", [])
            )
        if item.kind == "Namespace":
            annotations = item.body["metadata"]["annotations"]
            classes = annotations.get("goldenpath.dev/device-classes", "")
            assert all((cluster, "DeviceClass", "", name) in there for name in classes.split(",") if name)
            for name in annotations["goldenpath.dev/priority-classes"].split(","):
                assert (cluster, "PriorityClass", "", name) in there


@pytest.mark.parametrize("text", ["{{ 7*7 }}", "{% raw %}", "[[ 7*7 ]]", "[% set x=1 %]", "${{ secrets.x }}", "${HOME}", "{# #}", "[# #]", "a\nb: c", "a\x00", "a\x85b", "a\u2028b", "\u202eabc", "\x1b[31m", "a\tb"])  # fmt: skip
@pytest.mark.parametrize("field", ["title", "description"])
def test_text_with_templates_or_control_characters_is_refused(text: str, field: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(
            {"golden_path": "tenant/v1", "name": "a", "owner": "b", "clusters": ["bare"], field: text},
            fleet=PIPELINE.fleet,
        )
    assert [problem.path for problem in caught.value.problems] == [field]
