"""The story: each part of a request is derived, leftovers are reported, and the parser decides."""

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
# A Namespace has one name for life, so that no other name is a suggestion: it may be another team's namespace.
_NAME = (
    "This namespace cannot be adopted, since Kubernetes cannot rename it. Ask for a tenant with a new, valid name, move "
    "the workloads and the data there, and remove this namespace when it is empty."
)


def derive(
    namespace: str,
    objects: Mapping[str, Sequence[ManifestObject]],
    fleet: FleetSpec,
    *,
    given: Mapping[str, Any] | None = None,
    metadata_keys: Mapping[str, Sequence[str]] | None = None,
) -> Adoption:
    """The request that says what a namespace is, as far as a request can.

    Args:
        namespace: its name, which becomes the tenant's.
        objects: by cluster, what was found: everything in the namespace, and what names it from outside
            (ClusterQueues, ClusterSPIFFEIDs, ClusterRoleBindings, Flux objects with it as target). ResourceFlavors
            help to tell accelerators apart. A `List` is taken apart.
        fleet: says which accelerators there are on each cluster, and all defaults.
        given: fields that a person has said (``owner``); they win over what was found.
        metadata_keys: by field (``owner``, ``environment``), label and annotation keys that say it here; they come
            before those of the fleet (``adoption.keys``), and these before those that are commonly used.

    Raises:
        InputError: no cluster was named, or one that the fleet does not have.

    """
    platforms = platforms_of(fleet)
    _refuse(objects, platforms)
    places = tuple(
        NamespaceObjects(platforms[cluster], namespace, objects_once(found, namespace))
        for cluster, found in sorted(objects.items())
    )
    given_keys = metadata_keys or {}
    account = AdoptionBuilder(
        metadata_keys={
            field: (*given_keys.get(field, ()), *fleet.adoption.keys.get(field, ()))  # type: ignore[call-overload]
            for field in METADATA_FIELDS
        }
    )
    account.put("golden_path", GOLDEN_PATH, "the golden path for teams")
    account.put("name", namespace, "the namespace")
    account.put("clusters", list(objects), "where it was found")
    for place in places:
        report_assumed(
            place, (each for listed in objects[place.cluster] for each in _listed(listed)), account
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
        part(places, account)
    for name, value in (given or {}).items():
        account.put(name, value, "as given")
    report_leftovers(places, account)
    request = in_order(account.request)
    account.findings += _refused(request, fleet)
    findings = sorted(set(account.findings), key=lambda finding: (finding.severity.rank, finding))
    leftovers = account.settled_leftovers()
    text = request_text(request, account.sources, len(leftovers), len(findings))
    return Adoption(request, text, account.sources, leftovers, tuple(findings))


def _refuse(objects: Mapping[str, Any], platforms: Mapping[str, Any]) -> None:
    if not objects:
        raise InputError.of("cluster", "required", "say on which cluster the namespace was found")
    message = f"is not a cluster of the fleet, which has {', '.join(platforms)}"
    problems = [
        Problem("cluster", "unknown-cluster", message, cluster, nearest(cluster, platforms))
        for cluster in objects
        if cluster not in platforms
    ]
    if problems:
        raise InputError(problems)


def objects_once(found: Iterable[ManifestObject], namespace: str) -> tuple[ManifestObject, ...]:
    """Each object once, though a server shows some in several versions; always in the same order.

    Manifests that were written for `kubectl --namespace` name no namespace, and mean the one that is adopted.
    """
    unique = {
        (item.kind, item.api_version.split("/", maxsplit=1)[0], item.namespace, item.name): item
        for listed in found
        for item in (in_namespace(each, namespace) for each in _listed(listed))
    }
    return tuple(unique[key] for key in sorted(unique))


def _listed(item: ManifestObject) -> Iterator[ManifestObject]:
    """The objects of a List, as `kubectl get --output yaml` writes it, or the object itself, if it is one."""
    if item.kind.endswith("List") and isinstance(item.body.get("items"), list):
        for body in mappings(item.body, "items"):
            yield from _listed(ManifestObject(item.file, body))
    elif isinstance(item.body.get("metadata"), dict):
        yield item


def _refused(request: dict[str, Any], fleet: FleetSpec) -> Iterator[Finding]:
    """What the parser has against the request, as findings: a person mends it in the file."""
    try:
        parse_request(Tenant, request, Surroundings(fleet))
    except InputError as error:
        for problem in error.problems:
            near = f"Perhaps {problem.nearest}." if problem.nearest else "Mend it in the request."
            if problem.path == "name":
                near = _NAME
            yield Finding("", f"Request {request['name']}", problem.path, problem.rule, Severity.ERROR, problem.message, near)  # fmt: skip
