"""Fleet repositories for tests: real Git repositories with rendered files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import small_requests as small

from goldenpath import kubeyaml
from goldenpath.git.batch import ObjectBatch
from goldenpath.git.git_repository import Repository
from goldenpath.git.object_reader import ObjectReader
from goldenpath.git.objects import EMPTY_TREE, blob_id
from goldenpath.kinds.tenant_kind import KIND
from goldenpath.pipeline import Pipeline
from goldenpath.repository.fleet_tree import FleetTree
from goldenpath.repository.input_digests import FleetDigests, request_digest
from goldenpath.repository.lock import Lock
from goldenpath.spec.document_model import Surroundings
from goldenpath.spec.parse import parse_fleet, parse_request
from goldenpath.spec.placement import clusters_of
from goldenpath.spec.ref import Ref
from goldenpath.spec.tenant import Tenant
from goldenpath.tenancy import Layout, RepositoryPaths

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from goldenpath.git.objects import TreeEntry

H100 = {"profile": "nvidia-h100-80gb", "count": 64}
FLEET = small.fleet(
    clusters={
        "berlin": small.cluster(
            H100, addons={"flux": "2.9", "kueue": "0.19", "spire-controller-manager": "0.6.6"}
        ),
        "paris": small.cluster({**H100, "count": 8}, addons={"flux": "2.9"}),
    }
)


def fleet_part(digests: FleetDigests, tenant: Tenant) -> str:
    """The digest of the part of a fleet that a tenant's rendering uses."""
    clusters = clusters_of(tenant, digests.fleet)
    return digests.part(clusters, placement=tenant.placement is not None, engine=KIND.engine(tenant))


def layout_of(fleet: Mapping[str, Any]) -> Layout:
    return Layout(sharded=fleet.get("layout") == "sharded")


def repository(folder: Path) -> Repository:
    return Repository.create(folder / "fleet.git", bare=True)


def tree_of(where: Repository, files: Mapping[str, str | bytes | None], start: str = EMPTY_TREE) -> str:
    """The id of a tree with these files, on top of another one."""
    batch = ObjectBatch(where)
    contents = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    tree = batch.change(start, contents)
    batch.store()
    return tree


def rendered(document: dict[str, Any], fleet: dict[str, Any] = FLEET) -> tuple[dict[str, str], Lock]:
    """The result of a publish of a request: every file by path, and its lock."""
    spec = parse_fleet(fleet)
    tenant = parse_request(Tenant, document, Surroundings(spec))
    pipeline, layout = Pipeline(spec), layout_of(fleet)
    files = {file.path: file.text for file in pipeline.render(tenant).files}
    request = kubeyaml.dump(document)
    tenancies = pipeline.resolve(tenant)
    lock = Lock(
        golden_path=tenant.golden_path,
        version="1.0.0",
        request=request_digest(tenant),
        request_file=blob_id(request.encode()),
        fleet=fleet_part(FleetDigests(spec), tenant),
        owner=tenant.owner,
        placement=tenant.placement is not None,
        engine=KIND.engine(tenant),
        clusters={
            each.cluster_name: {
                grant.pool.accelerator.id: (grant.quota, grant.borrow) for grant in each.grants
            }
            for each in tenancies
        },
        identities={
            each.cluster_name: {identity.resource_name: identity.spiffe_id for identity in each.identities}
            for each in tenancies
        },
        files={path: blob_id(text.encode()) for path, text in files.items()},
    )
    files[RepositoryPaths(Ref.of_tenant(tenant.name), layout).request] = request
    files[RepositoryPaths(Ref.of_tenant(tenant.name), layout).lock] = lock.dump().decode()
    return files, lock


def fleet_of(*documents: dict[str, Any], fleet: dict[str, Any] = FLEET) -> dict[str, str]:
    """Every file of a fleet repository with these tenants."""
    files = {"goldenpath.yaml": kubeyaml.dump(fleet)}
    for document in documents:
        files |= rendered(document, fleet)[0]
    return files


def view(reader: ObjectReader, tree: str, fleet: dict[str, Any] = FLEET) -> FleetTree:
    return FleetTree(reader, tree, layout_of(fleet))


class CountingReader(ObjectReader):
    """A repository that remembers how many trees and files were read through it."""

    def __init__(self, inner: Repository) -> None:
        self._inner = inner
        self.trees_read = 0
        self.blobs_read = 0

    def trees(self, ids: Iterable[str]) -> Iterator[Mapping[str, TreeEntry]]:
        wanted = list(ids)
        self.trees_read += len(wanted)
        return self._inner.trees(wanted)

    def read_many(self, ids: Iterable[str], kind: str) -> Iterator[tuple[str, bytes]]:
        wanted = list(ids)
        self.blobs_read += len(wanted)
        return self._inner.read_many(wanted, kind)
