"""A cluster's index: the root of Flux on the cluster, with a source for each artifact, pinned to its digest. Pure.

The index has the files of ``clusters/<cluster>/`` that belong to no artifact: the roots, and a Kustomization for each
tenant and workload. These Kustomizations read from Git in the repository, and from the artifacts in the index. Only the
index has digests, never Git.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml, names
from goldenpath.artifacts.artifact import owner_text
from goldenpath.errors import ArtifactRefusedError, InputError, Problem
from goldenpath.oci.strict_json import canonical_json, object_in
from goldenpath.spec.ref import Ref
from goldenpath.tenancy.registry_reading import INDEX_SOURCE, git_reading
from goldenpath.tenancy.repository_paths import CLUSTERS, FLUX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from goldenpath.artifacts.artifact import ArtifactSource
    from goldenpath.spec.fleet_spec import Delivery

__all__ = [
    "INDEX",
    "INDEX_CONFIG_MAP",
    "INDEX_LIST",
    "IndexRef",
    "ListedArtifact",
    "Pin",
    "index_files",
    "is_in_index",
    "listed_in",
    "owner_of",
]

INDEX: Final = "index"
INDEX_LIST: Final = "index.json"
"""The file with the digests of all artifacts, for programs; Flux does not apply it."""
INDEX_CONFIG_MAP: Final = "goldenpath-index"
"""The ConfigMap in ``flux-system`` that shows the index that a cluster has applied."""

_OWNERS: Final = {"platform": Ref.of_platform, "tenant": Ref.of_tenant, "workload": Ref.parse}
_OWNER_PATH: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:/[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)?")
_FORMAT: Final = "artifact-index/v1"
_FILES: Final = frozenset({"kustomization.yaml", "roots.yaml", "flux-instance.yaml"})
_FLUX_SYSTEM: Final = "flux-system"
_GIT_SYNC: Final = f"{_FLUX_SYSTEM}/gotk-sync.yaml"
_OCI_SYNC: Final = f"{_FLUX_SYSTEM}/oci-sync.yaml"
_KUSTOMIZATION: Final = "kustomization.yaml"
_MARKER: Final = f"{INDEX_CONFIG_MAP}.yaml"
_PIN_INTERVAL: Final = "1h"
"""A digest never changes, so Flux polls only to restore an artifact that it has lost."""


@dataclass(frozen=True, slots=True)
class IndexRef:
    """The owner of an index: a cluster."""

    name: str

    @property
    def subject(self) -> str:
        return INDEX

    @property
    def path(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Pin:
    """An artifact for an index: its source, its repository below the registry's path, and its digest."""

    source: ArtifactSource
    repository: str
    digest: str

    def as_dict(self) -> dict[str, str]:
        return {
            "owner": owner_text(self.source.owner),
            "repository": self.repository,
            "digest": self.digest,
            "tree": self.source.tree,
            "commit": self.source.commit,
        }


@dataclass(frozen=True, slots=True)
class ListedArtifact:
    """An entry of an index in a registry."""

    owner: str
    repository: str
    digest: str


def listed_in(data: bytes) -> tuple[ListedArtifact, ...]:
    """Read the list of the artifacts in an index.

    Raises:
        ArtifactRefusedError: the data is not such a list.
    """
    entries = object_in(data, INDEX_LIST).get("artifacts")
    found = []
    for entry in entries if isinstance(entries, list) else ():
        match entry:
            case {"owner": str(owner), "repository": str(repository), "digest": str(digest)}:
                found.append(ListedArtifact(owner, repository, digest))
            case _:
                raise ArtifactRefusedError(
                    "index", f"{INDEX_LIST} has an entry without owner, repository or digest"
                )
    return tuple(found)


def owner_of(text: str) -> Ref:
    """Read an owner of an index, such as ``tenant:vision``.

    Raises:
        ArtifactRefusedError: the owner is not a platform, tenant or workload.
    """
    kind, _, path = text.partition(":")
    make = _OWNERS.get(kind)
    if make is None or not _OWNER_PATH.fullmatch(path) or (kind == "workload") != ("/" in path):
        message = f"the index names the owner {text!r}, and must name a platform, tenant or workload"
        raise ArtifactRefusedError("index", message)
    return make(path)


def is_in_index(path: str) -> bool:
    """Whether the index has a file, by its path in the cluster's folder."""
    folder, slash, _ = path.partition("/")
    return path in _FILES or (slash == "/" and folder in {FLUX, _FLUX_SYSTEM} and path != _GIT_SYNC)


def index_files(
    files: Mapping[str, bytes],
    pins: Sequence[Pin],
    delivery: Delivery,
    *,
    cluster: str,
    serial: int,
    commit: str,
) -> dict[str, bytes]:
    """Return the files of an index.

    Args:
        files: the files of the cluster's folder with :func:`is_in_index`, by their paths in the folder.
        pins: every artifact of the cluster.
        delivery: the registry of the cluster.
        cluster: the name of the cluster.
        serial: the number of the index.
        commit: the last commit that changed the cluster's folder.

    Raises:
        InputError: a Kustomization applies a folder that has no artifact, or Flux lacks a file to start. The error has every
            problem.
    """
    builder = _IndexBuilder(pins, delivery, cluster)
    done = {path: builder.rewrite(path, data) for path, data in files.items()}
    problems = [*builder.problems, *_missing_files(files, cluster)]
    if problems:
        raise InputError(problems)
    done[_KUSTOMIZATION] = _with_resource(files[_KUSTOMIZATION], _MARKER)
    done[_MARKER] = kubeyaml.dump(_marker(cluster, serial, commit)).encode()
    listed = {
        "format": _FORMAT,
        "cluster": cluster,
        "serial": serial,
        "commit": commit,
        "artifacts": [pin.as_dict() for pin in pins],
    }
    done[INDEX_LIST] = canonical_json(listed) + b"\n"
    return done


class _IndexBuilder:
    """Points Kustomizations to artifacts, and collects the Kustomizations without an artifact."""

    def __init__(self, pins: Sequence[Pin], delivery: Delivery, cluster: str) -> None:
        self.problems: list[Problem] = []
        self._pins = {pin.source.folder: pin for pin in pins}
        self._delivery = delivery
        self._cluster = cluster
        self._root = f"{CLUSTERS}/{cluster}"

    def rewrite(self, path: str, data: bytes) -> bytes:
        """Return a file whose Kustomizations read from artifacts. A file that does not read from Git stays the same."""
        if (
            not path.endswith((".yaml", ".yml"))
            or path.startswith(f"{_FLUX_SYSTEM}/")
            or b"GitRepository" not in data
        ):
            return data
        file = f"{self._root}/{path}"
        documents = [body for body in kubeyaml.load_rendered(data.decode(), name=file) if body is not None]
        written: list[Any] = []
        for body in documents:
            written += self._documents(body, file)
        return kubeyaml.dump_all(written).encode()

    def _documents(self, body: Any, file: str) -> Iterator[Any]:
        reading = git_reading(body, self._cluster)
        if reading is None:
            yield body
        elif reading.source == INDEX_SOURCE:
            yield reading.moved(body)
        elif pin := self._pins.get(reading.folder):
            yield self._source(reading.source, pin)
            yield reading.moved(body)
        else:
            message = f"applies {reading.folder}, which has no artifact; publish its owner again, or remove the file"
            self.problems.append(Problem("spec.path", "no-artifact", message, file=file))

    def _source(self, name: str, pin: Pin) -> dict[str, Any]:
        delivery = self._delivery
        registry = delivery.registry.rstrip("/").partition("//")[2].partition("/")[0]
        spec: dict[str, Any] = {
            "interval": _PIN_INTERVAL,
            "url": f"oci://{registry}/{pin.repository}",
            "ref": {"digest": pin.digest},
            "verify": {"provider": "cosign", "secretRef": {"name": delivery.key_secret}},
        }
        if delivery.pull_secret:
            spec["secretRef"] = {"name": delivery.pull_secret}
        if delivery.is_on_this_machine:
            spec["insecure"] = True
        return {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "OCIRepository",
            "metadata": {"name": name, "namespace": names.FLUX_NAMESPACE},
            "spec": spec,
        }


def _marker(cluster: str, serial: int, commit: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": INDEX_CONFIG_MAP, "namespace": names.FLUX_NAMESPACE},
        "data": {"cluster": cluster, "commit": commit, "serial": str(serial)},
    }


def _with_resource(data: bytes, resource: str) -> bytes:
    document = kubeyaml.load(data.decode())
    return kubeyaml.dump({**document, "resources": [*document["resources"], resource]}).encode()


def _missing_files(files: Mapping[str, bytes], cluster: str) -> Iterator[Problem]:
    """The files and settings that Flux needs to build the index, but does not have."""
    root = f"{CLUSTERS}/{cluster}"
    if _KUSTOMIZATION not in files:
        message = (
            "does not exist, so Flux cannot start; add `flux` or `flux-operator` to the cluster's add-ons"
        )
        yield Problem("", "no-flux", message, file=f"{root}/{_KUSTOMIZATION}")
        return
    instance = files.get("flux-instance.yaml", b"")
    if _OCI_SYNC not in files and b"kind: OCIRepository" not in instance:
        message = (
            "does not make Flux read a registry; publish goldenpath.yaml again, with the newest version of the "
            "golden path `platform`"
        )
        yield Problem("", "no-oci-sync", message, file=f"{root}/{_KUSTOMIZATION}")
    for place in (_KUSTOMIZATION, f"{_FLUX_SYSTEM}/{_KUSTOMIZATION}"):
        if place not in files:
            continue
        folder = place.removesuffix(_KUSTOMIZATION)
        for resource in kubeyaml.load(files[place].decode()).get("resources", []):
            wanted = f"{folder}{resource}"
            if wanted not in files and not any(path.startswith(f"{wanted}/") for path in files):
                message = f"is named in {place}, but is not in the repository"
                if resource == "gotk-components.yaml":
                    message += f"; commit it: flux install --export > {root}/{wanted}"
                yield Problem("", "no-file", message, file=f"{root}/{wanted}")
