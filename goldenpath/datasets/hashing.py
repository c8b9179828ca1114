"""Hashing a folder: the walk here, the files in worker processes, the manifest written as results come in."""

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
"""A folder with less than this, and few files, is hashed in this process: a worker costs a tenth of a second."""
_LOOK_AGAIN_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class HashProgress:
    """How far a run has come.

    Attributes:
        read: bytes that were read so far.
        found: bytes to read that the walk has found so far.
        files: files that the walk has found so far.
        is_found: whether the walk is at its end.

    """

    read: int
    found: int
    files: int
    is_found: bool


@dataclass(frozen=True, slots=True)
class HashedDataset:
    """What a run found.

    Attributes:
        dataset: the digest, the number of files and their size.
        read: how many bytes were read.
        trusted: how many files were not read, since the index of an earlier run has them.
        has_index: whether that run had an index; None where no earlier run was named.

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
        manifest: where to write the manifest, and its index beside it; outside the folder.
        previous: the manifest of an earlier run, whose index is trusted: a file with the same size, times and inode is not
            read.
        skip: names at the top of the folder that are not part of the dataset.
        workers: how many processes; without it, one for each processor.
        progress: receives how far the run has come, now and then.

    Raises:
        InputError: the folder has symbolic links, special files, names that are not UTF-8 or files that cannot be read,
            or something changed during the run; with every path, and of very many the first hundred.
        GoldenpathError: a process ended before its time.
    """
    if not folder.is_dir():
        raise InputError.of("", "no-folder", "is not a folder", file=str(folder))
    if manifest is not None:
        _check_outside(folder, manifest)
    run = _Run(folder, previous, skip, progress)
    with ExitStack() as stack:
        written = stack.enter_context(_Written(manifest)) if manifest is not None else None
        result = run.hashed(workers or _processors(), written)
        if written is not None:
            written.keep(result.dataset.digest)
    return result


def _check_outside(folder: Path, manifest: Path) -> None:
    inside, place = manifest.resolve(), folder.resolve()
    if place in inside.parents:
        message = "would be a part of the dataset; name a file outside the folder"
        raise InputError.of("", "manifest-inside", message, file=str(manifest))


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Written:
    """A manifest and its index, which have their names when both are whole."""

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
            raise _unwritable(self._manifest, error) from None
        self.lines.write(HEADER)
        self._title_at = self.index.write(f"{INDEX_HEADER} sha256:{'0' * 64}\n".encode())
        return self

    def keep(self, digest: str) -> None:
        """Put both in place."""
        self.index.seek(0)
        self.index.write(f"{INDEX_HEADER} {digest}\n".encode())
        try:
            self.lines.close()
            self.index.close()
            Path(self._folder, "index").replace(index_of(self._manifest))
            Path(self._folder, "manifest").replace(self._manifest)
        except OSError as error:
            raise _unwritable(self._manifest, error) from None

    def __exit__(self, *error: object) -> None:
        self._stack.close()


def _unwritable(file: Path, error: OSError) -> InputError:
    return InputError.of("", "unwritable", f"the disk refuses: {error.strerror}", file=str(file))


class _Run:
    def __init__(
        self,
        folder: Path,
        previous: Path | None,
        skip: frozenset[str],
        progress: Callable[[HashProgress], None] | None,
    ) -> None:
        self._started_ns = time.time_ns()
        self._root = os.fsencode(folder)
        self._tree = FileTree(self._root, skip=frozenset(os.fsencode(name) for name in skip))
        self._known = KnownFiles(previous) if previous is not None else None
        self._progress = progress
        self._whole = hashlib.sha256(HEADER)
        self._files = self._size = self._trusted = 0
        self._found_bytes = self._found_files = 0
        self._is_found = False
        self._read = 0

    def hashed(self, workers: int, written: _Written | None) -> HashedDataset:
        batches = self._batches()
        first: list[FileBatch] = []
        while sum(batch.size for batch in first) < _SMALL and len(first) <= workers:
            batch = next(batches, None)
            if batch is None:
                break
            first.append(batch)
        else:
            self._by_processes(first, batches, workers, written)
            first = []
        for batch in first:
            self._take(batch, hash_batch(self._root, batch, self._here), written)
        self._tree.check()
        dataset = DatasetDigest(f"sha256:{self._whole.hexdigest()}", self._files, self._size)
        has_index = None if self._known is None else self._known.has_index
        return HashedDataset(dataset, self._read, self._trusted, has_index)

    def _batches(self) -> Iterator[FileBatch]:
        """The walk, in batches; after the first problem it only looks for others."""
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

    def _here(self, size: int) -> None:
        self._read += size
        self._report()

    def _report(self) -> None:
        if self._progress is not None:
            self._progress(HashProgress(self._read, self._found_bytes, self._found_files, self._is_found))

    def _take(self, batch: FileBatch, hashed: BatchResult, written: _Written | None) -> None:
        """Write the lines of a batch."""
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
            if written is not None:
                index += index_line((stamp[0], stamp[1], stamp[2], stamp[3]), self._started_ns)
        self._whole.update(lines)
        if written is not None:
            _write(written.lines, lines)
            _write(written.index, index)

    def _by_processes(
        self, first: list[FileBatch], batches: Iterator[FileBatch], workers: int, written: _Written | None
    ) -> None:
        """Hash batches in worker processes. The walk runs ahead, so that problems show before hours of hashing."""
        # A process that is started anew has no thread, lock or pipe of ours, as a copy of this one would.
        context = multiprocessing.get_context("spawn")
        counter = context.Value("Q", 0)
        pool = ProcessPoolExecutor(workers, context, initializer=start_worker, initargs=(counter,))
        under_way: deque[tuple[FileBatch, Future[BatchResult]]] = deque()
        try:
            for batch in first:
                under_way.append((batch, pool.submit(hash_in_worker, self._root, batch)))
            for batch in batches:
                under_way.append((batch, pool.submit(hash_in_worker, self._root, batch)))
                while under_way and under_way[0][1].done():
                    self._take(*self._result(under_way.popleft(), counter), written)
            while under_way:
                self._take(*self._result(under_way.popleft(), counter), written)
        except BrokenProcessPool as error:
            message = (
                "a hashing process ended early: for want of memory, or because the program that asks "
                "has no `if __name__ == '__main__':`"
            )
            raise GoldenpathError(message) from error
        finally:
            pool.shutdown(cancel_futures=True)

    def _result(
        self, task: tuple[FileBatch, Future[BatchResult]], counter: Any
    ) -> tuple[FileBatch, BatchResult]:
        batch, future = task
        while True:
            self._read = counter.value
            self._report()
            if wait((future,), timeout=_LOOK_AGAIN_SECONDS).done:
                result = future.result()
                self._read = counter.value
                return batch, result


def _write(file: BinaryIO, data: bytearray) -> None:
    try:
        file.write(data)
    except OSError as error:
        raise InputError.of("", "unwritable", f"the disk refuses: {error.strerror}", file=file.name) from None
