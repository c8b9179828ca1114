"""The oracle of the mutation corpus: applies a hand edit to a new version of an object independently.

It remembers which object and which item of a list the edit means, and shares no code with goldenpath.
"""

from __future__ import annotations

import copy
import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Lists whose items have a key, as the APIs of the kinds that we render say it. Not goldenpath's own table.
KEYED: dict[str, tuple[str, ...]] = {
    "flavors": ("name",),
    "groups": ("name",),
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "claims": ("name",),
    "resourceClaims": ("name",),
    "variables": ("name",),
    "matchConditions": ("name",),
    "replicatedJobs": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
}
OF_KIND: dict[tuple[str, str], tuple[str, ...]] = {
    ("ClusterQueue", "resources"): ("name",),
    ("Cohort", "resources"): ("name",),
    ("LimitRange", "limits"): ("type",),
    ("Service", "ports"): ("port", "protocol"),
    ("Deployment", "ports"): ("containerPort", "protocol"),
    ("Deployment", "imagePullSecrets"): ("name",),
    ("LeaderWorkerSet", "ports"): ("containerPort", "protocol"),
    ("LLMInferenceService", "ports"): ("containerPort", "protocol"),
    ("ResourceClaimTemplate", "requests"): ("name",),
    ("ServiceAccount", "secrets"): ("name",),
}
KEY_FIELDS = {field for keys in (*KEYED.values(), *OF_KIND.values()) for field in keys} | {"coveredResources"}
IDENTITY = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}

Body = dict[str, Any]
Steps = tuple[Any, ...]


class RealConflictError(Exception):
    """The new version has changed the very place that was edited, to something else."""


class GoneError(Exception):
    """The new version has no such place any more."""


@dataclass(frozen=True)
class Change:
    """One change of one place, made by a person or by a new version; ``steps`` are those of the base."""

    action: str
    steps: Steps
    before: Any = None
    after: Any = None


def identity(body: Body) -> tuple[str, str, str]:
    metadata = body.get("metadata") or {}
    return body["kind"], metadata.get("namespace", ""), metadata["name"]


def mark(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def places(value: Any, steps: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Every place below a value, with what is there."""
    if steps:
        yield steps, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*steps, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*steps, index))


def at(value: Any, steps: Steps) -> Any:
    for step in steps:
        value = value[step]
    return value


def is_key_of_its_list(steps: Steps) -> bool:
    """Whether a place says which item of a list this is, or may say it."""
    return any(step in KEY_FIELDS and isinstance(before, int) for before, step in itertools.pairwise(steps))


def key_of(body: Body, field_name: str) -> tuple[str, ...] | None:
    return OF_KIND.get((body["kind"], field_name)) or KEYED.get(field_name)


def twin(base: Body, new: Body, steps: Steps) -> Steps:
    """The place in a new version that corresponds to a place of the base.

    Raises:
        GoneError: it is not there.
        RealConflictError: an item without a key is another one now.
    """
    there: Any = new
    was: Any = base
    found: list[Any] = []
    for number, step in enumerate(steps):
        was = was[step]
        if isinstance(step, int):
            field_name = next(each for each in reversed(steps[:number]) if isinstance(each, str))
            step = twin_item(base, field_name, was, there)  # noqa: PLW2901
        elif not isinstance(there, dict) or step not in there:
            raise GoneError
        found.append(step)
        there = there[step]
    return tuple(found)


def twin_item(base: Body, field_name: str, item: Any, there: Any) -> int:
    if not isinstance(there, list):
        raise GoneError
    key = key_of(base, field_name)
    for index, other in enumerate(there):
        if field_name == "resourceGroups" and isinstance(item, dict):
            if set(item["coveredResources"]) & set(other["coveredResources"]):
                return index
        elif key is not None and isinstance(item, dict):
            if all(other.get(each) == item.get(each) for each in key):
                return index
        elif mark(other) == mark(item):
            return index
    if key is not None or field_name == "resourceGroups":
        raise GoneError
    raise RealConflictError


def apply(base: Body, new: Body, change: Change) -> Body:  # noqa: C901, PLR0912 - one branch for each action
    """A change that was made in the base, made in a new version of the object: what should come of it.

    Raises:
        RealConflictError: both changed the place.
        GoneError: the place is not there any more.
    """
    made = copy.deepcopy(new)
    *way, last = change.steps
    if change.action == "add-key":
        holder = at(made, twin(base, new, tuple(way)))
        if not isinstance(holder, dict):
            raise GoneError
        if last in holder and mark(holder[last]) != mark(change.after):
            raise RealConflictError
        holder[last] = change.after
    elif change.action == "add-item":
        holder = at(made, twin(base, new, change.steps))
        if not isinstance(holder, list):
            raise RealConflictError
        key = key_of(base, str(change.steps[-1])) if isinstance(change.after, dict) else None
        for item in holder:
            if (
                key
                and mark(item) != mark(change.after)
                and all(item.get(k) == change.after.get(k) for k in key)
            ):
                raise RealConflictError
        if all(mark(item) != mark(change.after) for item in holder):
            holder.append(change.after)
    else:
        steps = twin(base, new, change.steps)
        if change.action == "rename":
            # A person who renames an item says nothing of its other fields: where those change too, one must decide.
            was, others = at(base, change.steps[:-1]), at(new, steps[:-2])
            if mark(at(new, steps[:-1])) != mark(was) or any(i.get(last) == change.after for i in others):
                raise RealConflictError
        if mark(at(new, steps)) not in {mark(change.before), mark(change.after)}:
            raise RealConflictError
        holder, last = at(made, steps[:-1]), steps[-1]
        if change.action == "remove":
            del holder[last]
        else:
            holder[last] = change.after
    return made


def unordered(value: Any) -> Any:
    """A value whose lists compare without their order: an added item may stand elsewhere."""
    if isinstance(value, dict):
        return {key: unordered(inner) for key, inner in value.items()}
    return sorted(mark(unordered(item)) for item in value) if isinstance(value, list) else value
