"""Evaluates the shipped policies offline, with the same expressions as the API server.

A policy that cannot be evaluated refuses the object. The CEL engine returns errors as values, so only a value of type
``bool`` is an answer. The tenant's Flux account counts as the user that creates the objects.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cel_expr_python import cel
from cel_expr_python.ext.ext_bindings import ExtBindings
from cel_expr_python.ext.ext_optional import ExtOptional
from cel_expr_python.ext.ext_strings import ExtStrings

from goldenpath import names
from goldenpath.check.object_bodies import mapping
from goldenpath.errors import DataError, shown
from goldenpath.findings import Finding
from goldenpath.policies import policies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from goldenpath.manifests import ManifestObject
    from goldenpath.policies import Policy

__all__ = ["AdmissionRequest", "PolicyDecision", "check_policies", "judge"]

# Group 1: a string literal, which stays. Group 2: a variable, which becomes an identifier for cel.bind.
_TOKEN: Final = re.compile(r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|\bvariables\.(\w+)""")


@dataclass(frozen=True, slots=True)
class AdmissionRequest:
    """A request to create ``object``, or to update ``old`` to it.

    ``namespace`` is the Namespace of the object; ``None`` for a cluster-scoped object. ``user`` is the user name as the
    API server knows it.
    """

    object: Mapping[str, Any]
    namespace: Mapping[str, Any] | None
    user: str
    old: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PolicyDecision:
    """The answer of a policy. ``message`` is the reason of a refusal; ``failed`` means that evaluation failed."""

    allowed: bool
    message: str = ""
    failed: bool = False


def check_policies(
    objects: Sequence[ManifestObject], *, namespaces: Mapping[str, Mapping[str, Any]] | None = None
) -> Iterator[Finding]:
    """Find the objects that the shipped policies refuse.

    All objects must be for one cluster, because the parameters in a tenant's Namespace differ between clusters. The
    Namespace of an object comes from ``objects``, or else from ``namespaces`` (by name). An object is skipped if its
    Namespace is unknown or does not belong to a tenant.
    """
    by_kind = _by_kind()
    found: dict[str, Mapping[str, Any]] | None = None
    for item in objects:
        body = item.body
        matching = by_kind.get((item.api_version.rpartition("/")[0], item.kind))
        if matching is None:
            continue
        if found is None:
            found = {
                n.name: _without_nulls(n.body)
                for n in objects
                if n.kind == "Namespace" and n.api_version == "v1"
            }
        namespace = found.get(item.namespace)
        if namespace is None and namespaces and item.namespace in namespaces:
            namespace = found[item.namespace] = _without_nulls(namespaces[item.namespace])
        activation: Any = None
        for policy in matching:
            tenant = body if policy.on_namespaces else namespace
            if tenant is None or names.TENANT not in _metadata(tenant, "labels"):
                continue
            if activation is None:
                user = _flux_account(body, item.namespace, namespace)
                activation = _activation(AdmissionRequest(body, namespace, user), namespace)
            decision = _judge(policy, activation)
            if not decision.allowed:
                yield Finding(
                    file=item.file,
                    object=str(item),
                    field=policy.field_of(item.kind),
                    rule=policy.id,
                    severity=policy.severity,
                    message=decision.message,
                    fix=policy.fix,
                )


def judge(policy: Policy, request: AdmissionRequest) -> PolicyDecision:
    """Evaluate a policy on a request, even if the policy does not match the resource."""
    namespace = None if request.namespace is None else _without_nulls(request.namespace)
    return _judge(policy, _activation(request, namespace))


@dataclass(frozen=True, slots=True)
class _Compiled:
    allows: Any
    message: Any


def _judge(policy: Policy, activation: Any) -> PolicyDecision:
    compiled = _compile(policy)
    try:
        answer = compiled.allows.eval(activation)
        kind, value = answer.type(), answer.value()
    except Exception as error:  # noqa: BLE001 - after any error of the engine, the policy refuses the object
        return _failure(error)
    if kind != cel.Type.BOOL:
        return _failure(value)
    if value is True:
        return PolicyDecision(allowed=True)
    return PolicyDecision(allowed=False, message=_message(policy, compiled, activation))


def _failure(reason: object) -> PolicyDecision:
    text = shown(" ".join(str(reason).split()))
    return PolicyDecision(
        allowed=False, message=f"The policy could not be evaluated, so it refuses: {text}", failed=True
    )


def _message(policy: Policy, compiled: _Compiled, activation: Any) -> str:
    """Evaluate the message expression. If it fails, return the plain message, as the API server does."""
    if compiled.message is None:
        return policy.message
    try:
        answer = compiled.message.eval(activation)
        kind, value = answer.type(), answer.value()
    except Exception:  # noqa: BLE001 - after any error, the refusal has its plain message
        return policy.message
    return value if kind == cel.Type.STRING and value.isprintable() else policy.message


@functools.cache
def _by_kind() -> Mapping[tuple[str, str], tuple[Policy, ...]]:
    """Return the policies that match the creation of an object, by group and kind."""
    index: dict[tuple[str, str], list[Policy]] = {}
    for policy in policies():
        kinds = {
            (rule.group, kind)
            for rule in policy.rules
            if "CREATE" in rule.operations
            for resource, kind in rule.resources.items()
            if "/" not in resource
        }
        for key in kinds:
            index.setdefault(key, []).append(policy)
    return {key: tuple(found) for key, found in index.items()}


@functools.cache
def _environment() -> Any:
    """Return the part of the API server's CEL environment that the policies use.

    Values are dynamic, as for the API server when it admits a policy.
    """
    dyn = cel.Type.DYN
    return cel.NewEnv(
        variables={"object": dyn, "oldObject": dyn, "namespaceObject": dyn, "request": dyn},
        extensions=[ExtBindings(), ExtOptional(), ExtStrings()],
    )


@functools.cache
def _compile(policy: Policy) -> _Compiled:
    message = policy.message_expression
    return _Compiled(
        allows=_compile_one(policy, policy.expression, cel.Type.BOOL),
        message=_compile_one(policy, message, cel.Type.STRING) if message else None,
    )


def _compile_one(policy: Policy, expression: str, returns: Any) -> Any:
    """Compile an expression with its variables. A bound variable is evaluated on use, as in the API server."""
    text = _as_identifiers(expression)
    for variable in reversed(policy.variables):
        text = f"cel.bind({_identifier(variable.name)}, {_as_identifiers(variable.expression)}, {text})"
    try:
        compiled = _environment().compile(text)
    except RuntimeError as error:
        raise DataError(f"policy {policy.id}: its CEL does not compile: {error}") from error
    if compiled.return_type() != returns:
        raise DataError(
            f"policy {policy.id}: its CEL returns {compiled.return_type().name()} instead of {returns.name()}: {expression}"
        )
    return compiled


def _as_identifiers(expression: str) -> str:
    return _TOKEN.sub(lambda found: found[1] or _identifier(found[2]), expression)


def _identifier(variable: str) -> str:
    return f"variables_{variable}"


def _activation(request: AdmissionRequest, namespace: Mapping[str, Any] | None) -> Any:
    """Return the variables of an expression. The caller has removed the nulls of the Namespace, once for all objects."""
    metadata = mapping(request.object, "metadata")
    return _environment().Activation(
        {
            "object": _without_nulls(request.object),
            "oldObject": None if request.old is None else _without_nulls(request.old),
            "namespaceObject": namespace,
            "request": {
                "operation": "CREATE" if request.old is None else "UPDATE",
                "name": metadata.get("name") or "",
                "namespace": "" if namespace is None else namespace["metadata"]["name"],
                "userInfo": {"username": request.user},
            },
        }
    )


def _flux_account(body: Mapping[str, Any], name: str, namespace: Mapping[str, Any] | None) -> str:
    """Return the Flux account that applies an object: that of the tenant's workloads, or the tenant's own."""
    if names.WORKLOAD in _metadata(body, "labels"):
        return f"system:serviceaccount:{names.FLUX_NAMESPACE}:{names.WORKLOAD_ACCOUNT_PREFIX}{name}"
    annotations = {} if namespace is None else _metadata(namespace, "annotations")
    return f"system:serviceaccount:{name}:{annotations.get(names.SERVICE_ACCOUNT, 'default')}"


def _metadata(body: Mapping[str, Any], key: str) -> Mapping[str, str]:
    return mapping(body, "metadata", key)


def _without_nulls(value: Any) -> Any:
    """Remove nulls, as the API server does when it decodes an object."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
