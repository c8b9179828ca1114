"""Roles, accounts and identities that were made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from made_by_hand import RBAC, adopt, item, left, rules

from goldenpath.adoption import ToDo
from goldenpath.findings import Severity

if TYPE_CHECKING:
    from goldenpath.manifests import ManifestObject


def binding(role: str, *subjects: dict[str, str], kind: str = "ClusterRole", **metadata: Any) -> ManifestObject:  # fmt: skip
    return item("RoleBinding", f"bind-{role}", RBAC, roleRef={"kind": kind, "name": role}, subjects=list(subjects), metadata=metadata)  # fmt: skip


def group(name: str) -> dict[str, str]:
    return {"kind": "Group", "name": name}


@pytest.mark.parametrize(
    ("role", "access"),
    [("admin", "admins"), ("cluster-admin", "admins"), ("edit", "developers"), ("view", "viewers")],
)
def test_built_in_roles_are_the_nearest_of_ours(role: str, access: str) -> None:
    adoption = adopt(binding(role, group("oidc:vision-leads")))
    assert adoption.request["access"] == {access: ["vision-leads"]}
    assert ("adopt-role-too-wide" in rules(adoption, Severity.ERROR)) is (role != "view")


@pytest.mark.parametrize(
    ("rule", "access"),
    [
        ({"resources": ["pods"], "verbs": ["get", "list"]}, "viewers"),
        ({"resources": ["deployments"], "verbs": ["get", "patch"]}, "developers"),
        ({"resources": ["secrets", "pods"], "verbs": ["*"]}, "admins"),
    ],
)
def test_roles_of_their_own_are_guessed_and_said_to_be(rule: dict[str, Any], access: str) -> None:
    adoption = adopt(item("Role", "ours", RBAC, rules=[rule]), binding("ours", group("oidc:a"), kind="Role"))
    assert adoption.request["access"] == {access: ["a"]}
    assert "adopt-guessed-role" in rules(adoption)
    assert left(adoption)["Role vision/ours", ""] is ToDo.KEEP


def test_subjects_that_no_request_has() -> None:
    account = {"kind": "ServiceAccount", "name": "ci", "namespace": "ci"}
    adoption = adopt(
        binding(
            "view", {"kind": "User", "name": "ada"}, account, group("system:authenticated"), group("plain")
        )
    )
    assert "access" not in adoption.request
    assert left(adoption)["RoleBinding vision/bind-view", "subjects[0]"] is ToDo.KEEP
    assert left(adoption)["RoleBinding vision/bind-view", "subjects[1]"] is ToDo.INPUT
    assert {"adopt-everybody", "adopt-group-prefix"} <= rules(adoption)


def test_a_role_with_unknown_rules_is_not_guessed() -> None:
    adoption = adopt(binding("special", group("oidc:a")))
    assert "access" not in adoption.request
    assert left(adoption)["RoleBinding vision/bind-special", "roleRef"] is ToDo.KEEP


@pytest.mark.parametrize(("role", "is_error"), [("cluster-admin", True), ("nodes-reader", False)])
def test_accounts_with_rights_on_the_whole_cluster(role: str, is_error: bool) -> None:
    subject = {"kind": "ServiceAccount", "name": "ops", "namespace": "vision"}
    found = item("ClusterRoleBinding", "ops", RBAC, namespace="", roleRef={"kind": "ClusterRole", "name": role}, subjects=[subject])  # fmt: skip
    adoption = adopt(found)
    assert ("adopt-cluster-admin" in rules(adoption, Severity.ERROR)) is is_error
    assert (("ClusterRoleBinding ops", "") in left(adoption)) is not is_error


def spiffe(name: str, path: str, *, account: str | None = None, **spec: Any) -> ManifestObject:
    selectors = [f"k8s:sa:{account}"] if account else []
    selector = {"matchLabels": {"kubernetes.io/metadata.name": "vision"}}
    body = {"spiffeIDTemplate": f"spiffe://{{{{ .TrustDomain }}}}{path}", "namespaceSelector": selector, "workloadSelectorTemplates": selectors}  # fmt: skip
    return item("ClusterSPIFFEID", name, "spire.spiffe.io", namespace="", spec=body | spec)


def test_accounts_with_and_without_an_identity() -> None:
    accounts = [item("ServiceAccount", name) for name in ("default", "server", "trainer")]
    adoption = adopt(
        *accounts, spiffe("vision.server", "/ns/vision/sa/server", account="server", federatesWith=["x.org"])
    )
    assert adoption.request["identity"] == {
        "service_accounts": ["server", "trainer"],
        "federates_with": ["x.org"],
    }
    (found,) = [finding for finding in adoption.findings if finding.rule == "adopt-no-identity"]
    assert found.object == "ServiceAccount vision/trainer on berlin"


@pytest.mark.parametrize(
    ("found", "rule", "severity"),
    [
        (spiffe("vision", "/team/vision"), "adopt-identity-for-all", Severity.ERROR),
        (spiffe("a", "/team/server", account="server"), "adopt-identity-changes", Severity.WARNING),
        (spiffe("a", "/ns/vision/sa/server", admin=True), "adopt-identity-power", Severity.ERROR),
    ],
)
def test_identities_that_are_not_as_they_will_be(
    found: ManifestObject, rule: str, severity: Severity
) -> None:
    assert rule in rules(adopt(found), severity)


def test_pull_secrets_come_with_the_accounts() -> None:
    adoption = adopt(
        item("ServiceAccount", "server", imagePullSecrets=[{"name": "registry"}]),
        item("ServiceAccount", "default", imagePullSecrets=[{"name": "mirror"}]),
    )
    assert adoption.request["pull_secrets"] == ["mirror", "registry"]


def test_pull_secrets_of_the_default_account_need_no_other_account() -> None:
    adoption = adopt(item("ServiceAccount", "default", imagePullSecrets=[{"name": "mirror"}]))
    assert adoption.request["pull_secrets"] == ["mirror"]
    assert "identity" not in adoption.request


def test_an_account_that_a_chart_makes_stays_the_charts() -> None:
    adoption = adopt(
        item(
            "ServiceAccount", "redis", metadata={"name": "redis", "namespace": "vision", "labels": {"app.kubernetes.io/managed-by": "Helm"}}
        )
    )  # fmt: skip
    assert "identity" not in adoption.request
    assert left(adoption)["ServiceAccount vision/redis", ""] is ToDo.REPOSITORY
