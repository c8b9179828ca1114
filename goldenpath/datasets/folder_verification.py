"""Compares a folder with a manifest, or with a digest alone."""

from __future__ import annotations

import heapq
import tempfile
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from goldenpath.datasets.dataset_manifest import DatasetDigest, entries_in, open_manifest, read_manifest
from goldenpath.datasets.hashing import hash_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.datasets.dataset_manifest import ManifestEntry
    from goldenpath.datasets.hashing import HashProgress

__all__ = ["MAX_DIFFERENCES", "DatasetVerdict", "Difference", "verify_dataset"]

MAX_DIFFERENCES: Final = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """A file that is ``missing``, ``added`` or ``changed`` in a folder."""

    path: str
    what: str
    message: str


@dataclass(frozen=True, slots=True)
class DatasetVerdict:
    """The result of the comparison of a folder with a manifest or digest.

    Attributes:
        expected: the expected digest.
        found: the digest of the folder.
        differences: the first hundred differences, in the order of paths.
        count: the number of all differences; None if only a digest was given.

    """

    expected: str
    found: DatasetDigest
    differences: tuple[Difference, ...]
    count: int | None

    @property
    def is_same(self) -> bool:
        return self.expected == self.found.digest


def verify_dataset(
    folder: Path, expected: Path | str, *, progress: Callable[[HashProgress], None] | None = None
) -> DatasetVerdict:
    """Compare a folder with a manifest or a digest (``sha256:…``). Every file is read.

    Raises:
        InputError: the file is not a manifest, or the folder cannot be hashed.
    """
    if isinstance(expected, str):
        found = hash_dataset(folder, progress=progress).dataset
        return DatasetVerdict(expected, found, (), None)
    digest = read_manifest(expected).digest
    with tempfile.TemporaryDirectory(prefix="goldenpath-dataset-") as place:
        manifest = Path(place, "manifest")
        found = hash_dataset(folder, manifest=manifest, progress=progress).dataset
        if found.digest == digest:
            return DatasetVerdict(digest, found, (), 0)
        differences = _differences(expected, manifest)
        first = tuple(islice(differences, MAX_DIFFERENCES))
        return DatasetVerdict(digest, found, first, len(first) + sum(1 for _ in differences))


def _differences(expected: Path, found: Path) -> Iterator[Difference]:
    """The differences between two manifests, in the order of paths."""
    with open_manifest(expected) as first, open_manifest(found) as second:
        sides = (_keyed(entries_in(first, str(expected)), 0), _keyed(entries_in(second, str(found)), 1))
        for _, entries in groupby(heapq.merge(*sides, key=itemgetter(0, 1)), key=itemgetter(0)):
            by_side = {side: entry for _, side, entry in entries}
            if difference := _difference(by_side.get(0), by_side.get(1)):
                yield difference


def _keyed(
    entries: Iterator[tuple[bytes, ManifestEntry]], side: int
) -> Iterator[tuple[bytes, int, ManifestEntry]]:
    return ((entry.path.encode(), side, entry) for _, entry in entries)


def _difference(wanted: ManifestEntry | None, found: ManifestEntry | None) -> Difference | None:
    if wanted is None or found is None:
        path = wanted.path if wanted is not None else found.path if found is not None else ""
        noun = "folder" if path.endswith("/") else "file"
        if wanted is None:
            return Difference(path, "added", f"is a {noun} that the manifest does not list")
        return Difference(path, "missing", f"is a {noun} of the manifest that does not exist")
    if wanted.size != found.size:
        return Difference(found.path, "changed", f"has {found.size:,} bytes instead of {wanted.size:,}")
    if wanted.sha256 != found.sha256:
        return Difference(found.path, "changed", f"has the SHA-256 {found.sha256} instead of {wanted.sha256}")
    return None
