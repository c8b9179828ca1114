"""Policies, offline: the expression that an API server would evaluate, on objects that no server has seen.

Everything that cannot be evaluated is refused: the CEL engine hands errors back as values, so only a value of
type ``bool`` is an answer. Objects are judged as if the tenant's Flux account created them.
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

# A string literal, which stays, or a variable, which becomes an identifier that cel.bind can bind.
_TOKEN: Final = re.compile(r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|\bvariables\.(\w+)""")


@dataclass(frozen=True, slots=True)
class AdmissionRequest:
    """What is asked of an API server: to create ``object``, or to make it out of ``old``.

    ``namespace`` is the Namespace object that it is in; ``None`` for an object of cluster scope. ``user`` is
    the name of who asks, as the API server knows it.
    """

    object: Mapping[str, Any]
    namespace: Mapping[str, Any] | None
    user: str
    old: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PolicyDecision:
    """Whether a policy lets a request pass; ``message`` says why not. ``failed`` where it could not be evaluated."""

    allowed: bool
    message: str = ""
    failed: bool = False


def check_policies(
    objects: Sequence[ManifestObject], *, namespaces: Mapping[str, Mapping[str, Any]] | None = None
) -> Iterator[Finding]:
    """What the shipped policies refuse among ``objects``.

    The objects belong to one cluster: a tenant's Namespace has other parameters on another. An object is judged
    by the Namespace that it is in, which is looked for among ``objects`` and then in ``namespaces`` (by name). As on a server, what is in no tenant's namespace is not judged; so is
    not what is in a namespace that neither holds.
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
            verdict = _judge(policy, activation)
            if not verdict.allowed:
                yield Finding(
                    file=item.file,
                    object=str(item),
                    field=policy.field_of(item.kind),
                    rule=policy.id,
                    severity=policy.severity,
                    message=verdict.message,
                    fix=policy.fix,
                )


def judge(policy: Policy, request: AdmissionRequest) -> PolicyDecision:
    """What ``policy`` says to ``request``, whether or not it matches its resource."""
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
    except Exception as error:  # noqa: BLE001 - whatever the engine raises, the object was not found to be allowed
        return _failure(error)
    if kind != cel.Type.BOOL:
        return _failure(value)
    return (
        PolicyDecision(allowed=True)
        if value is True
        else PolicyDecision(allowed=False, message=_message(policy, compiled, activation))
    )


def _failure(reason: object) -> PolicyDecision:
    text = shown(" ".join(str(reason).split()))
    return PolicyDecision(
        allowed=False, message=f"The policy could not be evaluated, so it refuses: {text}", failed=True
    )


def _message(policy: Policy, compiled: _Compiled, activation: Any) -> str:
    """The fuller message where it can be had; the plain one otherwise, as the API server does."""
    if compiled.message is None:
        return policy.message
    try:
        answer = compiled.message.eval(activation)
        kind, value = answer.type(), answer.value()
    except Exception:  # noqa: BLE001 - the refusal stands, with its plain message
        return policy.message
    return value if kind == cel.Type.STRING and value.isprintable() else policy.message


@functools.cache
def _by_kind() -> Mapping[tuple[str, str], tuple[Policy, ...]]:
    """Which policies judge the creation of a kind, by group and kind."""
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
    """The part of the API server's CEL environment that the policies use.

    Values are dynamic, as they are for the API server when it admits a policy.
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
    """Compile with the variables around it; like the API server's, a bound one is evaluated when it is needed."""
    text = _as_identifiers(expression)
    for variable in reversed(policy.variables):
        text = f"cel.bind({_identifier(variable.name)}, {_as_identifiers(variable.expression)}, {text})"
    try:
        compiled = _environment().compile(text)
    except RuntimeError as error:
        raise DataError(f"policy {policy.id}: its CEL does not compile: {error}") from error
    if compiled.return_type() != returns:
        raise DataError(
            f"policy {policy.id}: its CEL gives {compiled.return_type().name()}, and not {returns.name()}: {expression}"
        )
    return compiled


def _as_identifiers(expression: str) -> str:
    return _TOKEN.sub(lambda found: found[1] or _identifier(found[2]), expression)


def _identifier(variable: str) -> str:
    return f"variables_{variable}"


def _activation(request: AdmissionRequest, namespace: Mapping[str, Any] | None) -> Any:
    """What an expression sees; the Namespace is without nulls already, for it is that of many objects."""
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
    """Who applies an object: the account of the tenant's workloads, or the tenant's own."""
    if names.WORKLOAD in _metadata(body, "labels"):
        return f"system:serviceaccount:{names.FLUX_NAMESPACE}:{names.WORKLOAD_ACCOUNT_PREFIX}{name}"
    annotations = {} if namespace is None else _metadata(namespace, "annotations")
    return f"system:serviceaccount:{name}:{annotations.get(names.SERVICE_ACCOUNT, 'default')}"


def _metadata(body: Mapping[str, Any], key: str) -> Mapping[str, str]:
    return mapping(body, "metadata", key)


def _without_nulls(value: Any) -> Any:
    """The value as the API server has it after decoding: a field that is null was not given."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
