"""Name, owner and environment, from the labels and annotations of the Namespace."""

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

# By field: goldenpath's own key, keys with one meaning everywhere, and then words that people commonly use, alone or
# below a domain of their own (``example.com/team``). Spelling (case, ``_``, ``-``) makes no difference.
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
# Domains of Kubernetes and of tools, whose words mean something else.
_TOOLS: Final = re.compile(
    r"(.+\.)?(kubernetes|k8s|fluxcd|istio|linkerd|helm|openshift|cattle|argoproj|cilium|knative)\.(io|sh|dev)"
)
_DEFAULTS: Final = {"environment": "production"}
_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
_LEVELS: Final = ("restricted", "baseline")


def derive_metadata(places: Sequence[NamespaceObjects], account: AdoptionBuilder) -> None:
    """Title, owner, contact, environment, cost centre, end, and the Pod Security Standard."""
    for place in places:
        _standing(place, account)
    for field in _KEYS:
        _field(field, places, account)
    _pod_security(places, account)


def _standing(place: NamespaceObjects, account: AdoptionBuilder) -> None:
    found = place.namespace_object
    if found is None:
        message, fix = "the Namespace itself was not among the objects", "Add it: its labels say whose it is."
        account.find(place, None, "adopt-no-namespace", message, fix)
        return
    account.see(place, found)
    if labels_of(found.body).get(names.RETIRING) == "true":
        message = "is being retired: its quotas are 0, so they do not show what the team has"
        fix = "Take its request from the fleet repository."
        account.find(place, found, "adopt-retiring", message, fix, severity=Severity.ERROR)
    elif place.is_ours(found):
        message = "is rendered by goldenpath already, so a fleet repository has its request"
        fix = "Take that request; adopt only what has none."
        account.find(place, found, "adopt-known", message, fix, severity=Severity.NOTE)
    if exceptions := labels_of(found.body, "annotations").get(names.POLICY_EXCEPTIONS):
        message = f"policies do not hold there: {exceptions}"
        fix = "Say each under `exceptions`, with a reason, an approver and an end."
        account.find(place, found, "adopt-exceptions", message, fix)


def _field(field: str, places: Sequence[NamespaceObjects], account: AdoptionBuilder) -> None:
    said = [entry for place in places for entry in _said(field, place, account)]
    if not said:
        if field in _DEFAULTS:
            _unsaid(field, places, account)
        return
    place, key, value = said[0]
    others = {other: where.cluster for where, _, other in said if other != value}
    for other, cluster in others.items():
        message = f"says {field} {value} here, and {other} on {cluster}"
        account.find(
            place, place.namespace_object, "adopt-differs", message, f"Keep the right one as `{field}`."
        )
    if value == _DEFAULTS.get(field) or (field == "title" and value == place.namespace):
        account.say(field, f"`{key}` says {value}, the default")
    else:
        account.put(field, value, f"`{key}` of the Namespace")


def _unsaid(field: str, places: Sequence[NamespaceObjects], account: AdoptionBuilder) -> None:
    """A default that may be wrong is asked about: what holds for a production namespace differs."""
    default = _DEFAULTS[field]
    account.say(field, f"nothing there says it; without it, the request means {default}. Ask the owner")
    message = f"no label or annotation sets its {field}; a request without one means {default}"
    fix = f"Ask the owner, and write `{field}` into the request. Name a key that says it with --key {field}=KEY."
    for place in places:
        if place.namespace_object is not None:
            account.find(place, place.namespace_object, f"adopt-{field}-unsaid", message, fix)


def _said(
    field: str, place: NamespaceObjects, account: AdoptionBuilder
) -> Iterator[tuple[NamespaceObjects, str, str]]:
    """What the Namespace says of a field, by the first key that it has with a value that a request may have."""
    if place.namespace_object is None:
        return
    given = tuple(account.metadata_keys.get(field, ()))
    accepted: tuple[str, str] | None = None
    for part, key, value in _values(place.namespace_object, (*given, *_KEYS[field])):
        where = field_path(f"metadata.{part}", key)
        if not _is_accepted(field, value):
            message = f"`{key}` has a value that `{field}` of a request cannot have"
            fix = f"Write `{field}` into the request in a form that it takes."
            account.find(place, place.namespace_object, "adopt-unusable", message, fix, at=where)
        elif accepted is None or accepted[1] == value:
            account.take(place, place.namespace_object, where)
            if accepted is None:
                accepted = key, value
        elif field == "environment":
            message = f"`{accepted[0]}` says {field} {accepted[1]}, and `{key}` says {value}"
            fix = f"{accepted[1]} was taken. Keep the right one as `{field}`."
            account.find(place, place.namespace_object, "adopt-differs", message, fix, at=where)
    if accepted is not None:
        yield place, *accepted


def _values(item: ManifestObject, keys: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Label or annotation, key and value: for each of the keys itself, and then below a domain."""
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


def _pod_security(places: Sequence[NamespaceObjects], account: AdoptionBuilder) -> None:
    """The weakest standard that is enforced anywhere: a stricter one would refuse what runs today."""
    enforced: dict[str, str] = {}
    for place in places:
        if place.namespace_object is None:
            continue
        level = labels_of(place.namespace_object.body).get(_ENFORCE, "")
        if level in _LEVELS:
            enforced[place.cluster] = level
            account.take(place, place.namespace_object, f"metadata.labels[{_ENFORCE}]")
            continue
        default = place.platform.fleet.defaults.pod_security
        message = (
            f"{'enforces ' + level if level else 'enforces no'} Pod Security Standard; with the request it is "
            f"{default}, which may refuse Pods when they are next made"
        )
        fix = f"Try it: label the namespace pod-security.kubernetes.io/warn={default}, and read the warnings."
        account.find(
            place, place.namespace_object, "adopt-pod-security", message, fix, at=f"metadata.labels[{_ENFORCE}]",
            severity=Severity.ERROR if level else Severity.WARNING,
        )  # fmt: skip
    if not enforced:
        account.say("pod_security", "the fleet's default, since no standard is enforced today")
        return
    level = "baseline" if "baseline" in enforced.values() else "restricted"
    if level == places[0].platform.fleet.defaults.pod_security:
        account.say("pod_security", f"`{_ENFORCE}` says {level}, the fleet's default")
    else:
        account.put("pod_security", level, f"`{_ENFORCE}` of the Namespace")
