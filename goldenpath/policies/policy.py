"""A policy as a value: its rules, its expression, and the objects that enforce it on an API server."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from goldenpath import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.findings import Severity

__all__ = [
    "CONTROLLERS",
    "Cel",
    "Line",
    "Policy",
    "PolicyExample",
    "PolicyModel",
    "PolicyVariable",
    "ResourceRule",
    "user_list",
]

CONTROLLERS: Final = "controllerUsers"
"""The variable with the user names of a cluster's controllers. Only this variable differs between clusters."""

_NAME_PREFIX: Final = "goldenpath-"


def user_list(users: Iterable[str]) -> str:
    """Return user names as a sorted list in CEL."""
    return f"[{', '.join(json.dumps(user) for user in sorted(set(users)))}]".replace('"', "'")


# A text becomes one line of kubectl's output, and part of a CEL string.
Line = Annotated[str, Field(pattern=r"^[ -~]+$", max_length=400)]
Cel = Annotated[str, Field(min_length=1)]


class PolicyModel(BaseModel):
    """A part of a policy file: without unknown fields, and frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PolicyVariable(PolicyModel):
    """A CEL expression with a name. Later expressions of the policy read it as ``variables.<name>``."""

    name: Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9]*$")]
    expression: Cel


class ResourceRule(PolicyModel):
    """API resources of one group and version, with the kind of each, and the operations that the policy judges."""

    group: str
    version: str
    resources: Annotated[dict[str, str], Field(min_length=1)]
    operations: Annotated[tuple[Literal["CREATE", "UPDATE"], ...], Field(min_length=1)]

    def as_admission_rule(self) -> dict[str, Any]:
        return {
            "apiGroups": [self.group],
            "apiVersions": [self.version],
            "operations": list(self.operations),
            "resources": list(self.resources),
            "scope": "*",
        }


class PolicyExample(PolicyModel):
    """A request that the policy must allow if ``good``, and refuse otherwise. It is documentation and test.

    ``annotations`` are those of the tenant's Namespace. ``old`` makes the request an UPDATE. ``user`` is the user name;
    empty means the tenant's Flux account. ``subresource`` is the subresource of the update, if any.
    """

    good: bool = True
    why: Line
    object: dict[str, Any]
    old: dict[str, Any] | None = None
    annotations: dict[str, str] = {}
    user: str = ""
    subresource: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A rule with its id, reason and fix. Policies are compared by identity.

    ``variables`` are in order, and the first is ``excepted``. ``expression`` is CEL, and true means allowed.
    ``message_expression`` is CEL for a more detailed message, or empty. ``field`` is the field of a finding; its part
    ``{pod_spec}`` is replaced by the entry of ``pod_spec`` for the kind. ``on_namespaces`` means that the policy judges
    tenants' Namespaces instead of the objects in them.
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
        """Return the policy for a cluster with exactly these controllers. Policies without that variable stay the same."""
        if all(variable.name != CONTROLLERS for variable in self.variables):
            return self
        controllers = PolicyVariable(name=CONTROLLERS, expression=user_list(users))
        return replace(
            self,
            variables=tuple(controllers if each.name == CONTROLLERS else each for each in self.variables),
        )

    def as_admission_policy(self) -> dict[str, Any]:
        """Return the policy as a ValidatingAdmissionPolicy (``admissionregistration.k8s.io/v1``).

        The policy fails closed (``failurePolicy: Fail``). With ``matchPolicy: Equivalent``, it also judges requests in
        other served versions of the resource. The API server's defaults are written out, because ``matchConstraints``
        is one field for server-side apply: a second field manager would have a conflict.
        """
        tenants = {"matchExpressions": [{"key": names.TENANT, "operator": "Exists"}]}
        validation: dict[str, Any] = {
            "expression": self.expression,
            "message": f"{self.message} Fix: {self.fix}",
            "reason": "Forbidden",
        }
        if self.message_expression:
            # A JSON string is a CEL string. The parentheses are for a message with `?:`, which binds less than `+`.
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
        """Return the ValidatingAdmissionPolicyBinding that turns the policy on for every tenant's namespace."""
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
