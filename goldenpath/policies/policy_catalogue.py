"""Reads the policy files once, validates them, and returns the policies."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from goldenpath import kubeyaml, names
from goldenpath.addons import addon_catalogue
from goldenpath.errors import DataError, InputError
from goldenpath.findings import Severity  # noqa: TC001 - pydantic reads it when it creates the class
from goldenpath.policies.policy import (
    CONTROLLERS,
    Cel,
    Line,
    Policy,
    PolicyExample,
    PolicyModel,
    PolicyVariable,
    ResourceRule,
    user_list,
)

__all__ = ["load_policies", "policies"]

_PACKAGE: Final = Path(__file__).parent
_USE: Final = re.compile(r"\bvariables\.(\w+)")
_ON_NAMESPACES: Final = "tenant-namespaces-themselves"

_Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]


class _Subject(PolicyModel):
    rules: Annotated[tuple[ResourceRule, ...], Field(min_length=1)]
    pod_spec: dict[str, str] = Field(default_factory=dict)
    variables: tuple[PolicyVariable, ...] = ()


class _Match(PolicyModel):
    subject: str = ""
    scope: Literal["tenant-namespaces-themselves", "inside-tenant-namespaces"] = "inside-tenant-namespaces"
    rules: tuple[ResourceRule, ...] = ()
    also: tuple[ResourceRule, ...] = ()


class _Examples(PolicyModel):
    good: Annotated[tuple[PolicyExample, ...], Field(min_length=1)]
    bad: Annotated[tuple[PolicyExample, ...], Field(min_length=1)]


class _PolicyFile(PolicyModel):
    id: _Id
    title: Line
    why: Line
    fix: Line
    severity: Severity
    match: _Match
    variables: tuple[PolicyVariable, ...] = ()
    expression: Cel
    message: Line
    message_expression: str = ""
    field: str = ""
    examples: _Examples


_SUBJECTS: Final = TypeAdapter(dict[str, _Subject])


@functools.cache
def policies() -> tuple[Policy, ...]:
    """Return the shipped policies, sorted by id.

    Their controllers are those of Kubernetes and of every add-on in the catalogue. For a cluster, use
    :meth:`~goldenpath.policies.Policy.with_controllers`.

    Raises:
        DataError: a file is invalid.
    """
    return load_policies(_PACKAGE / "data")


def load_policies(folder: Path) -> tuple[Policy, ...]:
    """Return the policies of a folder, one from each ``<id>.yaml``, sorted by id.

    Raises:
        DataError: a file is invalid, has another name than its id, or names an unknown subject or variable. Also for a
            folder without policies, because then nothing would be refused.
    """
    subjects = _subjects()
    loaded = tuple(_load(path, subjects) for path in sorted(folder.glob("*.yaml")))
    if not loaded:
        raise DataError(f"{folder} has no policies")
    return loaded


@functools.cache
def _subjects() -> dict[str, _Subject]:
    path = _PACKAGE / "subjects.yaml"
    try:
        return _SUBJECTS.validate_python(kubeyaml.load_file(path))
    except (InputError, ValidationError) as error:
        raise DataError(f"{path.name}: {error}") from error


def _load(path: Path, subjects: dict[str, _Subject]) -> Policy:
    try:
        raw = _PolicyFile.model_validate(kubeyaml.load_file(path))
    except (InputError, ValidationError) as error:
        raise DataError(f"policy file {path.name}: {error}") from error
    if path.stem != raw.id:
        raise DataError(f"policy file {path.name}: its id is {raw.id!r}; name the file after the id")
    if raw.match.subject and raw.match.subject not in subjects:
        raise DataError(f"policy file {path.name}: the subject {raw.match.subject!r} does not exist")
    if bool(raw.match.subject) == bool(raw.match.rules):
        raise DataError(f"policy file {path.name}: match must have either a subject or rules")
    subject = subjects.get(raw.match.subject) or _Subject(rules=raw.match.rules)
    on_namespaces = raw.match.scope == _ON_NAMESPACES
    excepted = PolicyVariable(name="excepted", expression=_exception(raw.id, on_namespaces=on_namespaces))
    controllers = PolicyVariable(name=CONTROLLERS, expression=_every_controller())
    expression = f"variables.excepted || ({raw.expression})"
    variables = _used_variables(
        (excepted, controllers, *subject.variables, *raw.variables),
        f"{expression} {raw.message_expression}",
        path.name,
    )
    unused = {v.name for v in raw.variables} - {v.name for v in variables}
    if unused:
        raise DataError(f"policy file {path.name}: no expression uses the variables {sorted(unused)}")
    return Policy(
        id=raw.id,
        title=raw.title,
        why=raw.why,
        fix=raw.fix,
        severity=raw.severity,
        on_namespaces=on_namespaces,
        rules=(*subject.rules, *raw.match.also),
        variables=variables,
        expression=expression,
        message=raw.message,
        message_expression=raw.message_expression,
        field=raw.field,
        pod_spec=subject.pod_spec,
        examples=(
            *(example.model_copy(update={"good": True}) for example in raw.examples.good),
            *(example.model_copy(update={"good": False}) for example in raw.examples.bad),
        ),
    )


@functools.cache
def _every_controller() -> str:
    known = addon_catalogue()
    entries = (known.kubernetes, *(addon for addon in known if addon.owns_workloads))
    return user_list(user for entry in entries for user in entry.accounts())


def _exception(policy_id: str, *, on_namespaces: bool) -> str:
    """Return the expression that reads an exception from the annotation of the Namespace.

    The API server sets no ``namespaceObject`` for a Namespace itself, so there the annotation of the object counts. Only
    the platform can write either.
    """
    namespace = "object" if on_namespaces else "namespaceObject"
    return f"'{policy_id}' in {namespace}.metadata.?annotations[?'{names.POLICY_EXCEPTIONS}'].orValue('').split(',')"


def _used_variables(
    variables: tuple[PolicyVariable, ...], expression: str, file: str
) -> tuple[PolicyVariable, ...]:
    """Return only the variables that an expression needs, in their order."""
    by_name = {variable.name: variable for variable in variables}
    if len(by_name) != len(variables):
        raise DataError(f"policy file {file}: two variables of the policy or its subject have the same name")
    needed: set[str] = set()
    open_names = set(_USE.findall(expression))
    while open_names:
        name = open_names.pop()
        if name not in by_name:
            raise DataError(f"policy file {file}: the variable {name!r} does not exist")
        needed.add(name)
        open_names |= set(_USE.findall(by_name[name].expression)) - needed
    return tuple(variable for variable in variables if variable.name in needed)
