"""One policy, as a value: what it looks at, what it demands, and how an API server enforces it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.findings import Severity

__all__ = ["CONTROLLERS", "Policy", "PolicyExample", "PolicyVariable", "ResourceRule", "user_list"]

CONTROLLERS: Final = "controllerUsers"
"""The variable that holds the user names of a cluster's controllers; the only one that differs between clusters."""

_NAME_PREFIX: Final = "goldenpath-"


def user_list(users: Iterable[str]) -> str:
    """User names as a list in CEL, sorted."""
    return f"[{', '.join(json.dumps(user) for user in sorted(set(users)))}]".replace('"', "'")


@dataclass(frozen=True, slots=True)
class PolicyVariable:
    """A CEL expression with a name; later ones, and the policy's own, see it as ``variables.<name>``."""

    name: str
    expression: str


@dataclass(frozen=True, slots=True)
class ResourceRule:
    """API resources of one group and version, with the kind of each, and the operations that are judged."""

    group: str
    version: str
    resources: Mapping[str, str]
    operations: tuple[str, ...]

    def as_admission_rule(self) -> dict[str, Any]:
        return {
            "apiGroups": [self.group],
            "apiVersions": [self.version],
            "operations": list(self.operations),
            "resources": list(self.resources),
            "scope": "*",
        }


@dataclass(frozen=True, slots=True)
class PolicyExample:
    """A request that the policy must judge as ``good`` says: documentation and test in one.

    ``annotations`` stand on the tenant's Namespace. ``old`` makes the request an UPDATE. ``user`` is who
    asks; empty is the tenant's Flux account. ``subresource`` is what the update goes to, if not the object.
    """

    good: bool
    why: str
    object: Mapping[str, Any]
    old: Mapping[str, Any] | None
    annotations: Mapping[str, str]
    user: str
    subresource: str


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A rule with its id, reason and fix; one policy is equal to itself only.

    ``variables`` come in order, the first of them ``excepted``. ``expression`` is CEL and true where the object is
    allowed. ``message_expression`` is CEL text that says more than ``message``, or empty. ``field`` is where
    in an object of a kind the finding points; it may hold ``{pod_spec}``, which ``pod_spec`` resolves by kind.
    ``on_namespaces`` is true where the policy judges tenants' Namespaces, false where it judges what is in them.
    """

    id: str
    title: str
    why: str
    fix: str
    severity: Severity
    on_namespaces: bool
    rules: tuple[ResourceRule, ...]
    variables: tuple[PolicyVariable, ...]
    expression: str
    message: str
    message_expression: str
    field: str
    pod_spec: Mapping[str, str]
    examples: tuple[PolicyExample, ...]

    @property
    def admission_name(self) -> str:
        """The name of the ValidatingAdmissionPolicy and of its binding."""
        return _NAME_PREFIX + self.id

    def field_of(self, kind: str) -> str:
        return self.field.replace("{pod_spec}", self.pod_spec.get(kind) or self.pod_spec.get("*", "spec"))

    def with_controllers(self, users: Iterable[str]) -> Policy:
        """The policy for a cluster whose controllers are these users, and no others.

        The policy itself where it does not ask who is a controller.
        """
        if all(variable.name != CONTROLLERS for variable in self.variables):
            return self
        named = PolicyVariable(CONTROLLERS, user_list(users))
        return replace(
            self, variables=tuple(named if each.name == CONTROLLERS else each for each in self.variables)
        )

    def as_admission_policy(self) -> dict[str, Any]:
        """The policy as a ValidatingAdmissionPolicy (``admissionregistration.k8s.io/v1``).

        It fails closed (``failurePolicy: Fail``). ``matchPolicy: Equivalent`` lets a request in another
        served version of the same resource be judged as the version named here. What the API server would fill in
        is written out: ``matchConstraints`` is one field to it, and anyone who applies it beside Flux would see
        a conflict.
        """
        tenants = {"matchExpressions": [{"key": names.TENANT, "operator": "Exists"}]}
        validation: dict[str, Any] = {
            "expression": self.expression,
            "message": f"{self.message} Fix: {self.fix}",
            "reason": "Forbidden",
        }
        if self.message_expression:
            # A JSON string is a CEL string. The message may be a choice (`?:`), which binds less than `+`.
            validation["messageExpression"] = (
                f"({self.message_expression}) + {json.dumps(f' Fix: {self.fix}')}"
            )
        return {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": self._metadata(),
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {
                    "matchPolicy": "Equivalent",
                    "namespaceSelector": {} if self.on_namespaces else tenants,
                    "objectSelector": tenants if self.on_namespaces else {},
                    "resourceRules": [rule.as_admission_rule() for rule in self.rules],
                },
                "variables": [{"name": v.name, "expression": v.expression} for v in self.variables],
                "validations": [validation],
            },
        }

    def as_binding(self) -> dict[str, Any]:
        """The ValidatingAdmissionPolicyBinding that turns the policy on for every tenant's namespace."""
        return {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": self._metadata(),
            "spec": {"policyName": self.admission_name, "validationActions": ["Deny"]},
        }

    def _metadata(self) -> dict[str, Any]:
        return {
            "name": self.admission_name,
            "labels": {"app.kubernetes.io/managed-by": "goldenpath"},
            "annotations": {"kubernetes.io/description": f"{self.title}. {self.why}"},
        }
