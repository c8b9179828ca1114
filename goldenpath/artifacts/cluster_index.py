"""A cluster's index: what Flux on the cluster starts from, with a source for each artifact, pinned to its digest. Pure.

The index has the files of ``clusters/<cluster>/`` that are in no artifact: the roots, and a Kustomization for each
tenant and workload. In Git they read from Git; here they read from the artifacts. Digests are in the index alone, never
in Git.
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
"""The ConfigMap in ``flux-system`` by which a cluster says which index it has applied."""

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
"""A digest never changes: Flux looks again only for what it has lost."""


@dataclass(frozen=True, slots=True)
class IndexRef:
    """The owner of an index: a cluster."""

    name: str

    @property
    def subject(self) -> str:
        """What kind of owner it is."""
        return INDEX

    @property
    def path(self) -> str:
        """The cluster's name."""
        return self.name


@dataclass(frozen=True, slots=True)
class Pin:
    """An artifact as an index names it.

    Attributes:
        source: what the artifact is made from.
        repository: its repository, below the registry's path.
        digest: the artifact's.

    """

    source: ArtifactSource
    repository: str
    digest: str

    def as_dict(self) -> dict[str, str]:
        """Plain data."""
        return {
            "owner": owner_text(self.source.owner),
            "repository": self.repository,
            "digest": self.digest,
            "tree": self.source.tree,
            "commit": self.source.commit,
        }


@dataclass(frozen=True, slots=True)
class ListedArtifact:
    """An artifact as an index in a registry names it."""

    owner: str
    repository: str
    digest: str


def listed_in(data: bytes) -> tuple[ListedArtifact, ...]:
    """What the list of an index names.

    Raises:
        ArtifactRefusedError: it is no such list.

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
    """The owner that an index names: ``tenant:vision``.

    Raises:
        ArtifactRefusedError: it is not a platform, tenant or workload.

    """
    kind, _, path = text.partition(":")
    make = _OWNERS.get(kind)
    if make is None or not _OWNER_PATH.fullmatch(path) or (kind == "workload") != ("/" in path):
        message = f"the index names the owner {text!r}, and must name a platform, tenant or workload"
        raise ArtifactRefusedError("index", message)
    return make(path)


def is_in_index(path: str) -> bool:
    """Whether a file, by its path in the cluster's folder, is in the index."""
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
    """The files of an index.

    Args:
        files: the files of the cluster's folder for which :func:`is_in_index` holds, by their paths in it.
        pins: every artifact of the cluster.
        delivery: where the cluster reads them.
        cluster: its name.
        serial: the index's number.
        commit: the last commit that changed the cluster's folder.

    Raises:
        InputError: a Kustomization applies a folder that has no artifact, or what Flux starts from is not whole: with
            every problem.

    """
    builder = _Builder(pins, delivery, cluster)
    done = {path: builder.rewritten(path, data) for path, data in files.items()}
    problems = [*builder.problems, *_lacking(files, cluster)]
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


class _Builder:
    """Makes Kustomizations read from artifacts, and collects those that cannot."""

    def __init__(self, pins: Sequence[Pin], delivery: Delivery, cluster: str) -> None:
        self.problems: list[Problem] = []
        self._pins = {pin.source.folder: pin for pin in pins}
        self._delivery = delivery
        self._cluster = cluster
        self._root = f"{CLUSTERS}/{cluster}"

    def rewritten(self, path: str, data: bytes) -> bytes:
        """A file with sources of its own; as it is, if nothing in it reads from Git."""
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
            message = f"applies {reading.folder}, which no artifact holds; publish its owner anew, or remove the file"
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


def _lacking(files: Mapping[str, bytes], cluster: str) -> Iterator[Problem]:
    """What Flux would miss when it builds the index."""
    root = f"{CLUSTERS}/{cluster}"
    if _KUSTOMIZATION not in files:
        message = "is not there, so Flux has nothing to start from; add `flux` or `flux-operator` to the cluster's add-ons"
        yield Problem("", "no-flux", message, file=f"{root}/{_KUSTOMIZATION}")
        return
    instance = files.get("flux-instance.yaml", b"")
    if _OCI_SYNC not in files and b"kind: OCIRepository" not in instance:
        message = (
            "does not say that Flux reads a registry; publish goldenpath.yaml anew, with the newest version of the "
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
                message = f"is named in {place}, and is not in the repository"
                if resource == "gotk-components.yaml":
                    message += f"; commit it: flux install --export > {root}/{wanted}"
                yield Problem("", "no-file", message, file=f"{root}/{wanted}")
