"""Hashes a folder: walks it, hashes its files in worker processes, and writes the manifest as results arrive."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import tempfile
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self

from goldenpath.datasets.dataset_manifest import EMPTY_SHA256, HEADER, DatasetDigest, line_of
from goldenpath.datasets.file_hashing import (
    DIGEST_BYTES,
    UNKNOWN,
    BatchResult,
    FileBatch,
    hash_batch,
    hash_in_worker,
    start_worker,
)
from goldenpath.datasets.file_tree import FileTree
from goldenpath.datasets.hash_index import INDEX_HEADER, KnownFiles, index_line, index_of
from goldenpath.errors import GoldenpathError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

__all__ = ["HashProgress", "HashedDataset", "hash_dataset"]

_BATCH_FILES: Final = 512
_BATCH_BYTES: Final = 64 << 20
_SMALL: Final = 128 << 20
"""A smaller folder with few files is hashed in this process, because a worker costs a tenth of a second."""
_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class HashProgress:
    """The progress of a run.

    Attributes:
        read: bytes that were read so far.
        found: bytes to read that the walk has found so far.
        files: files that the walk has found so far.
        is_found: whether the walk has ended.

    """

    read: int
    found: int
    files: int
    is_found: bool


@dataclass(frozen=True, slots=True)
class HashedDataset:
    """The result of a run.

    Attributes:
        dataset: the digest, the number of files and their size.
        read: the number of bytes that were read.
        trusted: the number of files that were not read, because the index of an earlier run has them.
        has_index: whether the earlier run had an index; None without an earlier run.

    """

    dataset: DatasetDigest
    read: int
    trusted: int
    has_index: bool | None = None


def hash_dataset(
    folder: Path,
    *,
    manifest: Path | None = None,
    previous: Path | None = None,
    skip: frozenset[str] = frozenset(),
    workers: int | None = None,
    progress: Callable[[HashProgress], None] | None = None,
) -> HashedDataset:
    """Hash every file of a folder.

    Args:
        folder: the folder.
        manifest: the file for the manifest, outside the folder. The index is written next to it.
        previous: the manifest of an earlier run. Its index is trusted: a file with the same size, times and inode is not
            read.
        skip: names at the top of the folder that are not part of the dataset.
        workers: the number of processes; the default is one for each processor.
        progress: receives the progress during the run.

    Raises:
        InputError: the folder has symbolic links, special files, names that are not UTF-8 or files that cannot be read,
            or something changed during the run. The error names every path, or the first hundred of very many.
        GoldenpathError: a process ended early.
    """
    if not folder.is_dir():
        raise InputError.of("", "no-folder", "is not a folder", file=str(folder))
    if manifest is not None:
        _check_outside(folder, manifest)
    with ExitStack() as stack:
        output = stack.enter_context(_ManifestFiles(manifest)) if manifest is not None else None
        result = _HashRun(folder, previous, skip, progress, output).run(workers or _processors())
        if output is not None:
            output.commit(result.dataset.digest)
    return result


def _check_outside(folder: Path, manifest: Path) -> None:
    if folder.resolve() in manifest.resolve().parents:
        message = "would be a part of the dataset; name a file outside the folder"
        raise InputError.of("", "manifest-inside", message, file=str(manifest))


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _ManifestFiles:
    """A manifest and its index, written under temporary names until both are complete."""

    def __init__(self, manifest: Path) -> None:
        self._manifest = manifest
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._folder = self._stack.enter_context(
                tempfile.TemporaryDirectory(dir=self._manifest.parent, prefix=f".{self._manifest.name}.")
            )
            self.lines = self._stack.enter_context(Path(self._folder, "manifest").open("wb"))
            self.index = self._stack.enter_context(Path(self._folder, "index").open("wb"))
        except OSError as error:
            raise _unwritable(str(self._manifest), error) from None
        self.lines.write(HEADER)
        self.index.write(f"{INDEX_HEADER} sha256:{'0' * 64}\n".encode())
        return self

    def commit(self, digest: str) -> None:
        """Write the digest into the index, and move both files to their names."""
        self.index.seek(0)
        self.index.write(f"{INDEX_HEADER} {digest}\n".encode())
        try:
            self.lines.close()
            self.index.close()
            Path(self._folder, "index").replace(index_of(self._manifest))
            Path(self._folder, "manifest").replace(self._manifest)
        except OSError as error:
            raise _unwritable(str(self._manifest), error) from None

    def __exit__(self, *error: object) -> None:
        self._stack.close()


def _unwritable(file: str, error: OSError) -> InputError:
    return InputError.of("", "unwritable", f"cannot be written: {error.strerror}", file=file)


class _HashRun:
    def __init__(
        self,
        folder: Path,
        previous: Path | None,
        skip: frozenset[str],
        progress: Callable[[HashProgress], None] | None,
        output: _ManifestFiles | None,
    ) -> None:
        self._started_ns = time.time_ns()
        self._root = os.fsencode(folder)
        self._tree = FileTree(self._root, skip=frozenset(os.fsencode(name) for name in skip))
        self._known = KnownFiles(previous) if previous is not None else None
        self._progress = progress
        self._output = output
        self._whole = hashlib.sha256(HEADER)
        self._files = self._size = self._trusted = 0
        self._found_bytes = self._found_files = 0
        self._is_found = False
        self._read = 0

    def run(self, workers: int) -> HashedDataset:
        batches = self._batches()
        first: list[FileBatch] = []
        while sum(batch.size for batch in first) < _SMALL and len(first) <= workers:
            batch = next(batches, None)
            if batch is None:
                break
            first.append(batch)
        else:
            self._hash_in_processes(first, batches, workers)
            first = []
        for batch in first:
            self._record(batch, hash_batch(self._root, batch, self._add_read))
        self._tree.check()
        dataset = DatasetDigest(f"sha256:{self._whole.hexdigest()}", self._files, self._size)
        has_index = None if self._known is None else self._known.has_index
        return HashedDataset(dataset, self._read, self._trusted, has_index)

    def _batches(self) -> Iterator[FileBatch]:
        """The files of the walk in batches. After the first problem, the walk only looks for other problems."""
        batch = FileBatch()
        for file in self._tree:
            if self._tree.problems:
                continue
            if file.path.endswith(b"/"):
                known = EMPTY_SHA256
            else:
                self._found_files += 1
                known = self._known.digest_of(file) if self._known is not None else UNKNOWN
                if known == UNKNOWN:
                    self._found_bytes += file.size
                else:
                    self._trusted += 1
            batch.add(file.path, file[1:], known)
            if len(batch) == _BATCH_FILES or batch.size >= _BATCH_BYTES:
                yield batch
                batch = FileBatch()
        self._is_found = True
        self._tree.raise_problems()
        if len(batch):
            yield batch

    def _add_read(self, size: int) -> None:
        self._read += size
        self._report()

    def _report(self) -> None:
        if self._progress is not None:
            self._progress(HashProgress(self._read, self._found_bytes, self._found_files, self._is_found))

    def _record(self, batch: FileBatch, hashed: BatchResult) -> None:
        """Add a batch to the digest, and write its lines to the manifest and the index."""
        lines = bytearray()
        index = bytearray()
        refused = {refusal.number: refusal for refusal in hashed.refusals}
        for number, (path, stamp) in enumerate(batch):
            if number in refused:
                self._tree.refuse(path, refused[number].rule, refused[number].message)
            lines += line_of(
                path, stamp[0], hashed.digests[number * DIGEST_BYTES : (number + 1) * DIGEST_BYTES]
            )
            self._size += stamp[0]
            self._files += not path.endswith(b"/")
            if self._output is not None:
                index += index_line((stamp[0], stamp[1], stamp[2], stamp[3]), self._started_ns)
        self._whole.update(lines)
        if self._output is not None:
            _write(self._output.lines, lines)
            _write(self._output.index, index)

    def _hash_in_processes(self, first: list[FileBatch], batches: Iterator[FileBatch], workers: int) -> None:
        """Hash batches in worker processes. The walk runs ahead, so that problems show before hours of hashing."""
        # A spawned process inherits no thread, lock or pipe; a forked one would.
        context = multiprocessing.get_context("spawn")
        counter = context.Value("Q", 0)
        pool = ProcessPoolExecutor(workers, context, initializer=start_worker, initargs=(counter,))
        pending: deque[tuple[FileBatch, Future[BatchResult]]] = deque()
        try:
            for batch in chain(first, batches):
                pending.append((batch, pool.submit(hash_in_worker, self._root, batch)))
                while pending and pending[0][1].done():
                    self._record(*self._wait_for(pending.popleft(), counter))
            while pending:
                self._record(*self._wait_for(pending.popleft(), counter))
        except BrokenProcessPool as error:
            message = (
                "a hashing process ended early; the machine may be out of memory, or the calling program may lack "
                "`if __name__ == '__main__':`"
            )
            raise GoldenpathError(message) from error
        finally:
            pool.shutdown(cancel_futures=True)

    def _wait_for(
        self, task: tuple[FileBatch, Future[BatchResult]], counter: Any
    ) -> tuple[FileBatch, BatchResult]:
        batch, future = task
        while True:
            self._read = counter.value
            self._report()
            if wait((future,), timeout=_POLL_SECONDS).done:
                result = future.result()
                self._read = counter.value
                return batch, result


def _write(file: BinaryIO, data: bytearray) -> None:
    try:
        file.write(data)
    except OSError as error:
        raise _unwritable(file.name, error) from None
