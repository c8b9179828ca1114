"""Roles and bindings. Source: ``pkg/apis/rbac/validation`` of Kubernetes 1.37."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.api.violation import ApiRuleViolation, Rule, below
from goldenpath.check.formats import is_dns_name
from goldenpath.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RULES"]

_GROUP: Final = "rbac.authorization.k8s.io"
_SUBJECTS: Final = frozenset({"Group", "ServiceAccount", "User"})


def _rule(rule: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    if rule.get("nonResourceURLs"):
        if any(rule.get(field) for field in ("apiGroups", "resources", "resourceNames")):
            yield ApiRuleViolation(
                "nonResourceURLs",
                "role",
                "a rule has resources or URLs, not both",
                "Write two rules.",
            )
        return
    for field, what in (("apiGroups", "group"), ("resources", "resource")):
        if not rule.get(field):
            fix = 'Name one. The core group is "".' if field == "apiGroups" else "Name one."
            yield ApiRuleViolation(field, "role", f"the rule names no {what}", fix)


def _role(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for index, rule in enumerate(body.get("rules", ())):
        if rule.get("nonResourceURLs"):
            message = "a Role applies to a namespace, and URLs have no namespace"
            yield ApiRuleViolation(f"rules[{index}].nonResourceURLs", "role", message, "Use a ClusterRole.")


def _binding(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    reference, is_cluster = body["roleRef"], body["kind"] == "ClusterRoleBinding"
    kinds = ("ClusterRole",) if is_cluster else ("ClusterRole", "Role")
    if reference["kind"] not in kinds:
        yield ApiRuleViolation(
            "roleRef.kind",
            "role-ref",
            f"{shown(reference['kind'])} cannot be bound here",
            f"Use {' or '.join(kinds)}.",
        )
    if reference.get("apiGroup", "") not in {"", _GROUP}:
        yield ApiRuleViolation(
            "roleRef.apiGroup", "role-ref", f"{shown(reference['apiGroup'])} has no roles", f"Use {_GROUP}."
        )
    for index, subject in enumerate(body.get("subjects", ())):
        yield from below(f"subjects[{index}]", _subject(subject, needs_namespace=is_cluster))


def _subject(subject: dict[str, Any], *, needs_namespace: bool) -> Iterator[ApiRuleViolation]:
    kind, group = subject["kind"], subject.get("apiGroup", "")
    if kind not in _SUBJECTS:
        yield ApiRuleViolation(
            "kind", "subject", f"{shown(kind)} is not a subject", "Use User, Group or ServiceAccount."
        )
    elif kind == "ServiceAccount":
        if not is_dns_name(subject["name"]):
            yield ApiRuleViolation(
                "name",
                "subject",
                f"{shown(subject['name'])} is not the name of a service account",
                "Name an account.",
            )
        if group:
            yield ApiRuleViolation(
                "apiGroup", "subject", "service accounts are in the core group", "Remove it."
            )
        if needs_namespace and not subject.get("namespace"):
            yield ApiRuleViolation(
                "namespace", "subject", "a service account needs its namespace", "Set the namespace."
            )
    elif group not in {"", _GROUP}:
        yield ApiRuleViolation("apiGroup", "subject", f"{shown(group)} has no {kind}", f"Use {_GROUP}.")


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "rbac.v1.ClusterRoleBinding": (_binding,),
    "rbac.v1.PolicyRule": (_rule,),
    "rbac.v1.Role": (_role,),
    "rbac.v1.RoleBinding": (_binding,),
}
