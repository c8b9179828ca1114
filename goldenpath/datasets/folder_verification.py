"""Holding a folder against a manifest, or against a digest alone."""

from __future__ import annotations

import heapq
import tempfile
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from goldenpath.datasets.dataset_manifest import DatasetDigest, entries_in, opened_manifest, read_manifest
from goldenpath.datasets.hashing import hash_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.datasets.dataset_manifest import ManifestEntry
    from goldenpath.datasets.hashing import HashProgress

__all__ = ["MAX_DIFFERENCES", "DatasetVerdict", "Difference", "differences_between", "verify_dataset"]

MAX_DIFFERENCES: Final = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """A file in which a folder is not what it should be. ``what`` is ``missing``, ``added`` or ``changed``."""

    path: str
    what: str
    message: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for programs."""
        return {"path": self.path, "what": self.what, "message": self.message}


@dataclass(frozen=True, slots=True)
class DatasetVerdict:
    """What a folder is, and in what it differs.

    Attributes:
        expected: the digest that it should have.
        found: what it has.
        differences: the first hundred, in the order of paths.
        count: how many there are; None where only a digest was given.

    """

    expected: str
    found: DatasetDigest
    differences: tuple[Difference, ...]
    count: int | None

    @property
    def is_same(self) -> bool:
        """Whether the folder is the dataset."""
        return self.expected == self.found.digest


def verify_dataset(
    folder: Path, expected: Path | str, *, progress: Callable[[HashProgress], None] | None = None
) -> DatasetVerdict:
    """Hold a folder against a manifest, or against a digest. Every file is read.

    Args:
        folder: the folder.
        expected: a manifest, or ``sha256:…``.
        progress: receives how far the run has come, now and then.

    Raises:
        InputError: the manifest cannot be read as one, or the folder cannot be hashed.
    """
    if isinstance(expected, str):
        found = hash_dataset(folder, progress=progress).dataset
        return DatasetVerdict(expected, found, (), None)
    digest = read_manifest(expected).digest
    with tempfile.TemporaryDirectory(prefix="goldenpath-dataset-") as place:
        manifest = Path(place, "manifest")
        found = hash_dataset(folder, manifest=manifest, progress=progress).dataset
        differences: list[Difference] = []
        count = 0
        if found.digest != digest:
            for difference in differences_between(expected, manifest):
                count += 1
                if count <= MAX_DIFFERENCES:
                    differences.append(difference)
    return DatasetVerdict(digest, found, tuple(differences), count)


def differences_between(expected: Path, found: Path) -> Iterator[Difference]:
    """In what the second manifest differs from the first, in the order of paths.

    Raises:
        InputError: a manifest cannot be used.
    """
    with opened_manifest(expected) as first, opened_manifest(found) as second:
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
            return Difference(path, "added", f"is a {noun} that the manifest does not have")
        return Difference(path, "missing", f"is a {noun} of the manifest that is not there")
    if wanted.size != found.size:
        return Difference(found.path, "changed", f"has {found.size:,} bytes, and not {wanted.size:,}")
    if wanted.sha256 != found.sha256:
        return Difference(found.path, "changed", f"has the SHA-256 {found.sha256}, and not {wanted.sha256}")
    return None
