"""Compares the serial of a cluster's index in Git, in the registry and on the cluster.

Flux verifies the signature of an index, but not its age. It follows a tag that moves back to an old index. Only a
comparison with the serial in Git shows this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.artifacts.cluster_index import INDEX_CONFIG_MAP
from goldenpath.artifacts.index_building import newest_serial
from goldenpath.artifacts.index_publishing import index_repository
from goldenpath.errors import ArtifactRefusedError, RegistryError
from goldenpath.oci.strict_json import object_in

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from goldenpath.cluster import ClusterClient
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.git import Repository
    from goldenpath.oci.registry_client import RegistryClient

__all__ = ["IndexAlert", "IndexStatus", "alerts_of", "index_status"]

_SHORT: Final = 12
_PUSH: Final = "run `goldenpath artifacts push`"


@dataclass(frozen=True, slots=True)
class IndexAlert:
    """A fault of a cluster's index; ``rule`` is a stable id."""

    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """The index of a cluster in Git, in the registry and on the cluster.

    Attributes:
        cluster: the name of the cluster.
        wanted: the serial of the commit.
        commit: the last commit that changed the cluster's folder.
        when: the time of that commit.
        registry: the serial of the index that the tag points to in the registry; None without an index.
        applied: the serial that the cluster reports; None if it reports no serial.
        alerts: the faults.

    """

    cluster: str
    wanted: int
    commit: str
    when: dt.datetime
    registry: int | None
    applied: int | None
    alerts: tuple[IndexAlert, ...]

    @property
    def fine(self) -> bool:
        return not self.alerts

    def as_dict(self) -> dict[str, Any]:
        return {
            "commit": self.commit,
            "changed": self.when.isoformat(),
            "serial": {"commit": self.wanted, "registry": self.registry, "applied": self.applied},
            "alerts": [{"rule": each.rule, "message": each.message} for each in self.alerts],
        }


def index_status(
    repository: Repository,
    state: FleetState,
    client: RegistryClient,
    cluster: ClusterClient,
    *,
    name: str,
    patience: dt.timedelta,
    now: dt.datetime,
) -> IndexStatus | None:
    """Compare the serials of a cluster's index. Return None if the fleet has no `delivery`, and therefore no indexes.

    Args:
        repository: the fleet repository.
        state: the commit.
        client: the registry.
        cluster: a connection to the cluster.
        name: the name of the cluster in the fleet.
        patience: the age of a commit at which its absence from the cluster is an alert.
        now: the present time.

    Raises:
        ClusterError: the ConfigMap of the index cannot be read.
        RepositoryError: the repository is a shallow clone.
    """
    delivery = state.context.spec.delivery
    if delivery is None:
        return None
    wanted, info = newest_serial(repository, state, name)
    alerts: list[IndexAlert] = []
    registry: int | None = None
    try:
        registry = _tag_serial(client, name, delivery.tag)
    except (RegistryError, ArtifactRefusedError) as error:
        alerts.append(IndexAlert("registry-unreadable", str(error)))
    else:
        if registry is None:
            alerts.append(
                IndexAlert("index-absent", f"{delivery.registry} has no index {delivery.tag}; {_PUSH}")
            )
    applied = _applied_serial(cluster)
    is_late = now - info.when > patience
    alerts += alerts_of(wanted, info.id, registry, applied, is_late=is_late)
    return IndexStatus(name, wanted, info.id, info.when, registry, applied, tuple(alerts))


def alerts_of(
    wanted: int, commit: str, registry: int | None, applied: int | None, *, is_late: bool
) -> Iterator[IndexAlert]:
    """Yield the faults in the serials of a commit, of the registry and of the cluster. Pure.

    A recent commit may still be on its way to the cluster. A tag that moved back is always a fault.
    """
    if registry is not None and applied is not None and applied > registry:
        message = (
            f"the cluster has applied {applied:,}, but the tag has moved back to {registry:,}; "
            f"{_PUSH}, and find out who moved it"
        )
        yield IndexAlert("index-moved-back", message)
    if not is_late:
        return
    if registry is not None and registry < wanted:
        message = f"the registry has {registry:,}, but commit {commit[:_SHORT]} has {wanted:,}; {_PUSH}"
        yield IndexAlert("index-behind-commit", message)
    if applied is None:
        message = f"the cluster has no ConfigMap {names.FLUX_NAMESPACE}/{INDEX_CONFIG_MAP}; check that Flux applies an index"
        yield IndexAlert("index-not-applied", message)
    elif applied < min(wanted, registry if registry is not None else wanted):
        message = (
            f"the cluster has applied {applied:,}, but the registry has {registry if registry is not None else '?'}; "
            "see the OCIRepository and the Kustomization flux-system"
        )
        yield IndexAlert("index-behind-registry", message)


def _tag_serial(client: RegistryClient, cluster: str, tag: str) -> int | None:
    """The serial of the index that the tag points to. It is not verified, because Flux verifies the index."""
    manifest = client.manifest(index_repository(client, cluster), tag)
    if manifest is None:
        return None
    annotations = object_in(manifest.data, "the manifest of the index").get("annotations")
    return _number(annotations, names.ARTIFACT_SERIAL)


def _applied_serial(cluster: ClusterClient) -> int | None:
    resource = cluster.find("v1", "ConfigMap")
    if resource is None:
        return None
    body = cluster.get(resource, INDEX_CONFIG_MAP, names.FLUX_NAMESPACE)
    return _number((body or {}).get("data"), "serial")


def _number(mapping: Mapping[str, Any] | Any, name: str) -> int | None:
    text = mapping.get(name) if isinstance(mapping, dict) else None
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() else None
