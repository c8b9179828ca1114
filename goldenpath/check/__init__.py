"""Checks manifests: schema, policy, coherence and identity. The results are findings.

The checks are pure: they do no I/O, read no clock (callers pass the day), change no object and do not depend on
templates. They accept objects of any author.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.check.cross_object_checks import check_coherence
from goldenpath.check.fleet_capacity import check_fleet
from goldenpath.check.guarding import guarded
from goldenpath.check.network_openings import OPENING_KINDS, check_openings
from goldenpath.check.object_bodies import tenant_objects
from goldenpath.check.policy_evaluation import check_policies
from goldenpath.check.queue_coverage import check_queue_coverage
from goldenpath.check.request_checks import check_expiry, ends_soon, first_end
from goldenpath.check.role_rights import RIGHTS_KINDS, check_rights
from goldenpath.check.schema_checks import check_schema
from goldenpath.check.schema_store import Schemas, known_kinds
from goldenpath.check.served_versions import check_catalogue_range, check_versions
from goldenpath.check.spiffe_ids import check_identities
from goldenpath.check.version_fields import check_version_fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from goldenpath.findings import Finding
    from goldenpath.manifests import ManifestObject

__all__ = [
    "Schemas",
    "check_catalogue_range",
    "check_expiry",
    "check_fleet",
    "check_objects",
    "check_policies",
    "check_schema",
    "check_together",
    "check_version_fields",
    "check_versions",
    "ends_soon",
    "first_end",
    "known_kinds",
]


def check_objects(
    objects: Sequence[ManifestObject],
    *,
    namespaces: Mapping[str, dict[str, Any]] | None = None,
    schemas: Schemas | None = None,
) -> Iterator[Finding]:
    """Check the objects of one cluster: each against its schema, and all of them together.

    Args:
        objects: all objects for one cluster.
        namespaces: bodies of Namespaces that are not among the objects, by name.
        schemas: the shipped and imported schemas. The default is the shipped schemas.
    """
    yield from check_schema(objects, schemas)
    yield from check_together(objects, namespaces=namespaces)


def check_together(
    objects: Sequence[ManifestObject], *, namespaces: Mapping[str, dict[str, Any]] | None = None
) -> Iterator[Finding]:
    """Run the checks of :func:`check_objects` that need all objects at once."""
    yield from guarded(check_policies(objects, namespaces=namespaces), "policies")
    yield from guarded(check_coherence(objects), "coherence")
    yield from guarded(check_queue_coverage(objects), "queue coverage")
    yield from guarded(check_identities(objects), "identities")
    of_tenants = tenant_objects(objects, RIGHTS_KINDS | OPENING_KINDS, namespaces)
    yield from guarded(check_rights(of_tenants), "rights")
    yield from guarded(check_openings(of_tenants), "network policies")
