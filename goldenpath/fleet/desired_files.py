"""The desired files of a tenant, a workload or a platform, and the lock that records them.

This module does not read the repository, so it also runs in worker processes and while another process writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.check import first_end
from goldenpath.errors import InputError
from goldenpath.git import blob_id
from goldenpath.repository.input_digests import parent_digest, request_digest
from goldenpath.repository.lazy_content import Content, PlainContent
from goldenpath.repository.lock import Lock
from goldenpath.repository.release import current_release
from goldenpath.tenancy import RepositoryPaths

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from goldenpath.findings import Finding
    from goldenpath.fleet.fleet_context import FleetContext
    from goldenpath.fleet.submitted_request import Submission
    from goldenpath.pipeline import Parent
    from goldenpath.spec.envelope import Envelope
    from goldenpath.spec.fleet_spec import FleetSpec

__all__ = ["DesiredFiles", "check_digest", "desired_files", "desired_platform", "version_for"]


@dataclass(frozen=True, slots=True)
class DesiredFiles:
    """Files by path, including the lock, and the findings of the checks."""

    lock: Lock
    files: Mapping[str, Content]
    findings: tuple[Finding, ...]


def check_digest(context: FleetContext, before: Lock | None, now: Lock) -> None:
    """Refuse a golden path from Git whose files differ from those in the lock.

    Raises:
        InputError: the files differ, because the tag was moved.
    """
    if before is None or before.digest is None or before.digest == now.digest:
        return
    if (before.golden_path, before.version) != (now.golden_path, now.version):
        return
    if context.library.get(now.golden_path, version=now.version).is_from_git:
        message = (
            f"{now.exact} from Git has the digest {now.digest}, but the lock has {before.digest}: the tag was moved. "
            "Restore the tag, or release the change as a new version"
        )
        raise InputError.of("golden_path", "golden-path-digest", message)


def version_for(spec: Envelope | FleetSpec, pinned: tuple[str, str] | None) -> str | None:
    """The pinned version, if it belongs to the requested golden path."""
    return pinned[1] if pinned is not None and pinned[0] == spec.golden_path else None


def desired_files(
    context: FleetContext,
    spec: Envelope,
    request: Submission,
    *,
    version: str | None = None,
    today: dt.date | None = None,
    parent: Parent | None = None,
) -> DesiredFiles:
    """The desired files of a request.

    Args:
        context: the fleet.
        spec: the parsed request.
        request: the submitted request. Its text is stored unchanged.
        version: the exact version of the golden path; by default the one that the fleet pins for the major version of
            the request, or its newest one.
        today: the day to compare expiry dates with.
        parent: a workload's tenant.

    Raises:
        InputError: the library lacks the version.
        RenderError: a template failed.
    """
    rendered = context.pipeline.run(spec, version=version, today=today, parent=parent)
    text = request.written
    files = {file.path: PlainContent(file.text) for file in rendered.manifests.files}
    owned = spec if parent is None else parent.tenant
    has_placement = spec.placement is not None or owned.placement is not None
    engine, claims = rendered.kind.engine(spec), rendered.claims
    lock = Lock(
        golden_path=spec.golden_path,
        version=rendered.path.version,
        release=current_release(),
        digest=rendered.digest,
        request=request_digest(spec),
        request_file=blob_id(text.encode()),
        fleet=context.digests.part(rendered.clusters, placement=has_placement, engine=engine),
        parent=None if parent is None else parent_digest(parent.tenant, parent.version),
        owner=owned.owner,
        engine=engine,
        ends=first_end(spec),
        placement=has_placement,
        clusters={cluster: dict(each.accelerators) for cluster, each in claims.items()},
        identities={cluster: dict(each.identities) for cluster, each in claims.items() if each.identities},
        objects={cluster: each.objects for cluster, each in claims.items() if each.objects},
        hosts={cluster: each.hosts for cluster, each in claims.items() if each.hosts},
        files={path: content.id for path, content in files.items()},
    )
    paths = RepositoryPaths(rendered.ref, context.layout)
    files[paths.request] = PlainContent(text)
    files[paths.lock] = PlainContent(lock.dump().decode())
    return DesiredFiles(lock, files, rendered.findings)


def desired_platform(context: FleetContext, cluster: str, *, version: str | None = None) -> DesiredFiles:
    """The desired files of a cluster's platform.

    Raises:
        InputError: the library lacks the version.
        RenderError: a template failed.
    """
    rendered = context.pipeline.run(context.spec, cluster=cluster, version=version)
    files = {file.path: PlainContent(file.text) for file in rendered.manifests.files}
    lock = Lock(
        golden_path=context.spec.golden_path,
        version=rendered.path.version,
        release=current_release(),
        digest=rendered.digest,
        fleet=context.digests.platform(cluster),
        clusters={cluster: {}},
        files={path: content.id for path, content in files.items()},
    )
    files[RepositoryPaths(rendered.ref, context.layout).lock] = PlainContent(lock.dump().decode())
    return DesiredFiles(lock, files, rendered.findings)
