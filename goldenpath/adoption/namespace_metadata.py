"""Derives title, owner, environment and Pod security from the labels and annotations of the Namespace."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.adoption.field_ledger import field_path
from goldenpath.adoption.namespace_objects import labels_of
from goldenpath.errors import InputError
from goldenpath.findings import Severity
from goldenpath.spec.parse import parse_request
from goldenpath.spec.tenant import Tenant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.adoption.adoption_result import AdoptionBuilder
    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.manifests import ManifestObject

__all__ = ["METADATA_FIELDS", "derive_metadata"]

# Keys by field: goldenpath's own key, keys with one meaning everywhere, and then commonly used words, alone or below an
# organisation's domain (``example.com/team``). Case, ``_`` and ``-`` make no difference.
_KEYS: Final = {
    "title": (f"{names.DOMAIN}/title", "openshift.io/display-name", "field.cattle.io/displayName", "display-name"),
    "description": (f"{names.DOMAIN}/description", "openshift.io/description", "field.cattle.io/description", "description"),
    "owner": (f"{names.DOMAIN}/owner", "backstage.io/owner", "owner", "owned-by", "owner-team", "team", "team-name", "squad"),
    "contact": (f"{names.DOMAIN}/contact", "contact", "contact-email", "owner-email", "team-email", "email"),
    "environment": (f"{names.DOMAIN}/environment", "environment", "environment-name", "env", "stage"),
    "cost_center": (
        f"{names.DOMAIN}/cost-center", "cost-center", "cost-centre", "costcenter", "costcentre", "cost-code", "billing-code",
    ),
    "expires": (f"{names.DOMAIN}/expires", "expires", "expires-on", "expiry-date"),
}  # fmt: skip
METADATA_FIELDS: Final = tuple(_KEYS)
# Domains of Kubernetes and of tools, in which the words have another meaning.
_TOOLS: Final = re.compile(
    r"(.+\.)?(kubernetes|k8s|fluxcd|istio|linkerd|helm|openshift|cattle|argoproj|cilium|knative)\.(io|sh|dev)"
)
_DEFAULTS: Final = {"environment": "production"}
_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
_LEVELS: Final = ("restricted", "baseline")


def derive_metadata(places: Sequence[NamespaceObjects], builder: AdoptionBuilder) -> None:
    """Derive title, description, owner, contact, environment, cost centre, end date, and the Pod Security Standard."""
    for place in places:
        _report_state(place, builder)
    for field in _KEYS:
        _derive_field(field, places, builder)
    _pod_security(places, builder)


def _report_state(place: NamespaceObjects, builder: AdoptionBuilder) -> None:
    found = place.namespace_object
    if found is None:
        message, fix = "the Namespace itself is not among the objects", "Add it: its labels name the owner."
        builder.report(place, None, "adopt-no-namespace", message, fix)
        return
    builder.mark_read(place, found)
    if labels_of(found.body).get(names.RETIRING) == "true":
        message = "is being retired: its quotas are 0, and do not show the team's real quotas"
        fix = "Use its request in the fleet repository."
        builder.report(place, found, "adopt-retiring", message, fix, severity=Severity.ERROR)
    elif place.is_ours(found):
        message = "is rendered by goldenpath already, so a fleet repository has its request"
        fix = "Use that request; adopt only namespaces without a request."
        builder.report(place, found, "adopt-known", message, fix, severity=Severity.NOTE)
    if exceptions := labels_of(found.body, "annotations").get(names.POLICY_EXCEPTIONS):
        message = f"is exempt from policies: {exceptions}"
        fix = "List each under `exceptions`, with a reason, an approver and an end date."
        builder.report(place, found, "adopt-exceptions", message, fix)


def _derive_field(field: str, places: Sequence[NamespaceObjects], builder: AdoptionBuilder) -> None:
    values = [entry for place in places for entry in _accepted_values(field, place, builder)]
    if not values:
        if field in _DEFAULTS:
            _report_default(field, places, builder)
        return
    place, key, value = values[0]
    others = {other: where.cluster for where, _, other in values if other != value}
    for other, cluster in others.items():
        message, fix = f"has {field} {value}, and {other} on {cluster}", f"Keep the right one as `{field}`."
        builder.report(place, place.namespace_object, "adopt-differs", message, fix)
    if value == _DEFAULTS.get(field) or (field == "title" and value == place.namespace):
        builder.explain(field, f"`{key}` has {value}, the default")
    else:
        builder.put(field, value, f"`{key}` of the Namespace")


def _report_default(field: str, places: Sequence[NamespaceObjects], builder: AdoptionBuilder) -> None:
    """Report a default that may be wrong, such as production as the environment."""
    default = _DEFAULTS[field]
    builder.explain(field, f"no label or annotation sets it; the default is {default}. Ask the owner")
    message = f"no label or annotation sets its {field}; the default of a request is {default}"
    fix = f"Ask the owner, and set `{field}` in the request. If another key has it, name the key with --key {field}=KEY."
    for place in places:
        if place.namespace_object is not None:
            builder.report(place, place.namespace_object, f"adopt-{field}-unsaid", message, fix)


def _accepted_values(
    field: str, place: NamespaceObjects, builder: AdoptionBuilder
) -> Iterator[tuple[NamespaceObjects, str, str]]:
    """Yield key and value of the Namespace's first key for a field whose value a request accepts."""
    if place.namespace_object is None:
        return
    given = tuple(builder.metadata_keys.get(field, ()))
    accepted: tuple[str, str] | None = None
    for part, key, value in _values(place.namespace_object, (*given, *_KEYS[field])):
        where = field_path(f"metadata.{part}", key)
        if not _is_accepted(field, value):
            message = f"`{key}` has a value that is not valid for `{field}` of a request"
            fix = f"Set `{field}` in the request to a valid value."
            builder.report(place, place.namespace_object, "adopt-unusable", message, fix, at=where)
        elif accepted is None or accepted[1] == value:
            builder.cover(place, place.namespace_object, where)
            if accepted is None:
                accepted = key, value
        elif field == "environment":
            message = f"`{accepted[0]}` has {field} {accepted[1]}, and `{key}` has {value}"
            fix = f"The request has {accepted[1]}. Keep the right one as `{field}`."
            builder.report(place, place.namespace_object, "adopt-differs", message, fix, at=where)
    if accepted is not None:
        yield place, *accepted


def _values(item: ManifestObject, keys: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield part, key and value of labels and annotations: first the key itself, then the key below a domain."""
    found = [
        (part, key, value)
        for part in ("annotations", "labels")
        for key, value in labels_of(item.body, part).items()
    ]
    for wanted in keys:
        same = [entry for entry in found if _spelling(entry[1]) == _spelling(wanted)]
        yield from same
        if "/" in wanted:
            continue
        for part, key, value in found:
            domain, slash, word = key.rpartition("/")
            if (
                slash
                and _spelling(word) == _spelling(wanted)
                and domain != names.DOMAIN
                and not _TOOLS.fullmatch(domain)
            ):
                yield part, key, value


def _spelling(key: str) -> str:
    return key.casefold().replace("_", "-")


def _is_accepted(field: str, value: Any) -> bool:
    try:
        parse_request(
            Tenant, {"golden_path": "a/v1", "name": "a", "owner": "a", "clusters": ["a"]} | {field: value}
        )
    except InputError:
        return False
    return True


def _pod_security(places: Sequence[NamespaceObjects], builder: AdoptionBuilder) -> None:
    """Derive the weakest standard that a cluster enforces, because a stricter one would refuse running Pods."""
    enforced: dict[str, str] = {}
    for place in places:
        if place.namespace_object is None:
            continue
        level = labels_of(place.namespace_object.body).get(_ENFORCE, "")
        if level in _LEVELS:
            enforced[place.cluster] = level
            builder.cover(place, place.namespace_object, f"metadata.labels[{_ENFORCE}]")
            continue
        default = place.platform.fleet.defaults.pod_security
        message = (
            f"enforces {level or 'no'} Pod Security Standard; the request sets {default}, which may refuse Pods when "
            "they are next created"
        )
        fix = f"To test it, label the namespace pod-security.kubernetes.io/warn={default}, and read the warnings."
        builder.report(
            place, place.namespace_object, "adopt-pod-security", message, fix, at=f"metadata.labels[{_ENFORCE}]",
            severity=Severity.ERROR if level else Severity.WARNING,
        )  # fmt: skip
    if not enforced:
        builder.explain("pod_security", "the fleet's default, because no standard is enforced today")
        return
    level = "baseline" if "baseline" in enforced.values() else "restricted"
    if level == places[0].platform.fleet.defaults.pod_security:
        builder.explain("pod_security", f"`{_ENFORCE}` has {level}, the fleet's default")
    else:
        builder.put("pod_security", level, f"`{_ENFORCE}` of the Namespace")
