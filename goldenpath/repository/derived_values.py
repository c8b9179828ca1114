"""Warn about values that change for a tenant because the fleet file or the golden path changes.

A request names a service account or a group. The SPIFFE ID and the subject of the binding also contain the fleet's
trust domain and group prefix. So a change of the fleet file changes them for every tenant, and the peers that rely on
the old value do not appear in the diff. Each warning has the old value, the new value, and the consequence.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.errors import MISSING
from goldenpath.findings import Finding, Severity
from goldenpath.repository.object_changes import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.repository.field_changes import FieldChange
    from goldenpath.repository.lock import Lock
    from goldenpath.repository.object_changes import FileChanges, ObjectChange

__all__ = ["DERIVED_RULES", "check_derived"]

_SHOWN: Final = 5
_BINDINGS: Final = frozenset({"RoleBinding", "ClusterRoleBinding"})
_POD_SECURITY: Final = "pod-security.kubernetes.io/enforce"
_LEVELS: Final = ("privileged", "baseline", "restricted")
_LISTS: Final = {
    names.REGISTRIES: "registries-change",
    names.DEVICE_CLASSES: "classes-change",
    names.PRIORITY_CLASSES: "classes-change",
    names.QUEUE: "classes-change",
    names.GATEWAYS: "gateways-change",
    names.PROMETHEUS: "hosts-change",
}
_ANNOTATION: Final = re.compile(r"metadata\.annotations\[(.+)\]|metadata\.annotations\.([A-Za-z0-9_-]+)")
_HOST_FIELDS: Final = re.compile(
    r"(?:^|\.)(?:url|serverAddress|host|hostname|matchName|matchPattern)$|(?:^|\.)hostnames\[[^]]*\]$"
)


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of derived values: its name, the consequence of a change, and the fix."""

    name: str
    breaks: str
    fix: str


_KINDS: Final = {
    "identity-changes": _Kind(
        "SPIFFE ID",
        "every peer that authorises the old one refuses the new one",
        "Let peers accept both IDs first, and remove the old one after the change.",
    ),
    "groups-change": _Kind(
        "group",
        "members of the old one lose these rights",
        "Compare with the groups that the API server is given; `groups.prefix` of the fleet is a part of each.",
    ),
    "registries-change": _Kind(
        "registry",
        "new Pods with images from the old one are refused",
        "Copy the images first, or keep the old registry in `defaults.registries` meanwhile.",
    ),
    "classes-change": _Kind(
        "queue, priority class or device class",
        "new Pods and claims that name the old one are refused",
        "Tell the team the new name before the change.",
    ),
    "pod-security-changes": _Kind(
        "Pod Security Standard",
        "new Pods that the stricter standard does not allow are refused",
        "Try it first: kubectl label --dry-run=server --overwrite namespace NAME "
        "pod-security.kubernetes.io/enforce=LEVEL",
    ),
    "gateways-change": _Kind(
        "Gateway",
        "routes that attach to the old one are refused, and it stops serving",
        "Change the `parentRefs` of the tenant's routes together with the fleet.",
    ),
    "hosts-change": _Kind(
        "host",
        "callers of the old address fail",
        "Make sure that the new address answers before the change.",
    ),
}
DERIVED_RULES: Final = frozenset(_KINDS)
"""The rules of these findings. A plan with one line for each tenant shows them too."""


def check_derived(tenant: str, before: Lock | None, after: Lock, changes: FileChanges) -> Iterator[Finding]:
    """A warning for each changed kind of derived values, by cluster.

    Args:
        tenant: the name of the tenant.
        before: its present lock; None for a new tenant, which has no old values.
        after: its new lock.
        changes: the changed files. Their objects are read only if the fleet or the version has changed.
    """
    if before is None:
        return
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for cluster, identities in before.identities.items():
        now = after.identities.get(cluster, {})
        for name, old in identities.items():
            if name in now and now[name] != old:
                found[cluster, "identity-changes"].append(f"{old} becomes {now[name]}")
    if (before.fleet, before.exact) != (after.fleet, after.exact):
        # Otherwise only the request has changed, and its own diff shows the change.
        for change in changes.objects:
            if change.action is ChangeKind.CHANGED and change.id.cluster:
                for rule, text in _of_object(change):
                    found[change.id.cluster, rule].append(text)
    for (cluster, rule), texts in sorted(found.items()):
        kind, shown = _KINDS[rule], list(dict.fromkeys(texts))
        more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
        message = f"{kind.name}: {'; '.join(shown[:_SHOWN])}{more}: {kind.breaks}"
        yield Finding("", f"Tenant {tenant} on {cluster}", "", rule, Severity.WARNING, message, kind.fix)


def _of_object(change: ObjectChange) -> Iterator[tuple[str, str]]:
    if change.id.kind in _BINDINGS:
        lost = [name for each in change.fields if (name := _group(each.path, each.before))]
        gained = [name for each in change.fields if (name := _group(each.path, each.after))]
        if lost:
            becomes = f" becomes {', '.join(gained)}" if gained else " is removed"
            yield "groups-change", f"{', '.join(lost)}{becomes} in {change.id}"
        return
    for each in change.fields:
        if change.id.kind == "Namespace":
            yield from _of_namespace(each)
        elif _HOST_FIELDS.search(each.path) and isinstance(each.before, str):
            after = "is removed" if each.after is MISSING else f"becomes {each.after}"
            yield "hosts-change", f"{each.before} {after} in {change.id}"


def _group(path: str, value: Any) -> str | None:
    """The group in a subject that a binding loses or gains."""
    if not path.startswith("subjects"):
        return None
    if isinstance(value, dict):
        return str(value.get("name")) if value.get("kind") == "Group" else None
    return value if path.endswith(".name") and isinstance(value, str) else None


def _of_namespace(change: FieldChange) -> Iterator[tuple[str, str]]:
    old, new = change.before, change.after
    if change.path == f"metadata.labels[{_POD_SECURITY}]":
        if old in _LEVELS and new in _LEVELS and _LEVELS.index(new) > _LEVELS.index(old):
            yield "pod-security-changes", f"{old} becomes {new}"
        return
    match = _ANNOTATION.fullmatch(change.path)
    rule = _LISTS.get(match[1] or match[2]) if match else None
    if rule is None or not isinstance(old, str):
        return
    before, after = old.split(","), new.split(",") if isinstance(new, str) else []
    if gone := [value for value in before if value not in after]:
        added = [value for value in after if value not in before]
        becomes = f"becomes {', '.join(added)}" if added else "is removed"
        yield rule, f"{', '.join(gone)} {becomes}"
