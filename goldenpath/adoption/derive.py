"""Derives each part of a request, reports leftovers, and lets the parser check the request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.adoption.accelerator_requests import derive_gpus
from goldenpath.adoption.adoption_result import Adoption, AdoptionBuilder
from goldenpath.adoption.compute import derive_compute
from goldenpath.adoption.egress import derive_network
from goldenpath.adoption.flux_source import derive_source
from goldenpath.adoption.leftovers import report_leftovers
from goldenpath.adoption.namespace_metadata import METADATA_FIELDS, derive_metadata
from goldenpath.adoption.namespace_objects import NamespaceObjects, mappings
from goldenpath.adoption.object_scopes import in_namespace, report_assumed
from goldenpath.adoption.request_file import in_order, request_text
from goldenpath.adoption.role_bindings import derive_access
from goldenpath.adoption.scalers import derive_scaling
from goldenpath.adoption.service_accounts import derive_identity
from goldenpath.adoption.tenancy_systems import report_tenancy_systems
from goldenpath.errors import InputError, Problem
from goldenpath.findings import Finding, Severity
from goldenpath.manifests import ManifestObject
from goldenpath.spec.document_model import Surroundings
from goldenpath.spec.nearest import nearest
from goldenpath.spec.parse import parse_request
from goldenpath.spec.tenant import Tenant
from goldenpath.tenancy import platforms_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from goldenpath.spec.fleet_spec import FleetSpec

__all__ = ["derive", "objects_once"]

GOLDEN_PATH = "tenant/v1"
# Kubernetes cannot rename a Namespace. Another name is no suggestion, because it may be another team's namespace.
_NAME = (
    "This namespace cannot be adopted, because Kubernetes cannot rename it. Request a tenant with a new, valid name, move "
    "the workloads and the data to it, and remove this namespace when it is empty."
)


def derive(
    namespace: str,
    objects: Mapping[str, Sequence[ManifestObject]],
    fleet: FleetSpec,
    *,
    given: Mapping[str, Any] | None = None,
    metadata_keys: Mapping[str, Sequence[str]] | None = None,
) -> Adoption:
    """Derive the request that describes a namespace as far as a request can.

    Args:
        namespace: name of the namespace, which becomes the tenant's name.
        objects: objects by cluster: everything in the namespace, and the objects that refer to the namespace
            (ClusterQueues, ClusterSPIFFEIDs, ClusterRoleBindings, Flux objects that target it). ResourceFlavors help to
            distinguish accelerators. The items of a `List` count as single objects.
        fleet: source of the accelerators of each cluster, and of all defaults.
        given: fields that a person has set (``owner``). They override derived values.
        metadata_keys: label and annotation keys by field (``owner``, ``environment``). They come before the keys of the
            fleet (``adoption.keys``), and those before the commonly used keys.

    Raises:
        InputError: no cluster is given, or one that the fleet does not have.

    """
    platforms = platforms_of(fleet)
    _check_clusters(objects, platforms)
    places = tuple(
        NamespaceObjects(platforms[cluster], namespace, objects_once(found, namespace))
        for cluster, found in sorted(objects.items())
    )
    given_keys = metadata_keys or {}
    builder = AdoptionBuilder(
        metadata_keys={
            field: (*given_keys.get(field, ()), *fleet.adoption.keys.get(field, ()))  # type: ignore[call-overload]
            for field in METADATA_FIELDS
        }
    )
    builder.put("golden_path", GOLDEN_PATH, "the golden path for teams")
    builder.put("name", namespace, "the namespace")
    builder.put("clusters", list(objects), "the clusters that have the namespace")
    for place in places:
        report_assumed(
            place, (each for listed in objects[place.cluster] for each in _list_items(listed)), builder
        )
    for part in (
        derive_metadata,
        report_tenancy_systems,
        derive_compute,
        derive_gpus,
        derive_access,
        derive_identity,
        derive_scaling,
        derive_network,
        derive_source,
    ):
        part(places, builder)
    for name, value in (given or {}).items():
        builder.put(name, value, "set by a person")
    report_leftovers(places, builder)
    request = in_order(builder.request)
    builder.findings += _problems(request, fleet)
    findings = sorted(set(builder.findings), key=lambda finding: (finding.severity.rank, finding))
    leftovers = builder.final_leftovers()
    text = request_text(request, builder.sources, len(leftovers), len(findings))
    return Adoption(request, text, builder.sources, leftovers, tuple(findings))


def _check_clusters(objects: Mapping[str, Any], platforms: Mapping[str, Any]) -> None:
    if not objects:
        raise InputError.of("cluster", "required", "is required: name each cluster of the namespace")
    message = f"is not a cluster of the fleet, which has {', '.join(platforms)}"
    problems = [
        Problem("cluster", "unknown-cluster", message, cluster, nearest(cluster, platforms))
        for cluster in objects
        if cluster not in platforms
    ]
    if problems:
        raise InputError(problems)


def objects_once(found: Iterable[ManifestObject], namespace: str) -> tuple[ManifestObject, ...]:
    """Return each object once, in a stable order. An API server shows some objects in several versions.

    An object without a namespace, written for `kubectl --namespace`, belongs to the adopted namespace.
    """
    unique = {
        (item.kind, item.api_version.split("/", maxsplit=1)[0], item.namespace, item.name): item
        for listed in found
        for item in (in_namespace(each, namespace) for each in _list_items(listed))
    }
    return tuple(unique[key] for key in sorted(unique))


def _list_items(item: ManifestObject) -> Iterator[ManifestObject]:
    """Yield the objects of a List from `kubectl get --output yaml`, or the object itself."""
    if item.kind.endswith("List") and isinstance(item.body.get("items"), list):
        for body in mappings(item.body, "items"):
            yield from _list_items(ManifestObject(item.file, body))
    elif isinstance(item.body.get("metadata"), dict):
        yield item


def _problems(request: dict[str, Any], fleet: FleetSpec) -> Iterator[Finding]:
    """Yield the problems of the request as findings, which a person fixes in the file."""
    try:
        parse_request(Tenant, request, Surroundings(fleet))
    except InputError as error:
        for problem in error.problems:
            fix = f"Did you mean {problem.nearest}?" if problem.nearest else "Correct it in the request."
            if problem.path == "name":
                fix = _NAME
            yield Finding("", f"Request {request['name']}", problem.path, problem.rule, Severity.ERROR, problem.message, fix)  # fmt: skip
