"""Uploads a blob in chunks. The blob is never whole in memory, and a broken upload resumes.

OCI distribution-spec 1.1, "Pushing a blob in chunks".
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

import httpx

from goldenpath.errors import ArtifactRefusedError, RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.oci.registry_client import RegistryClient

__all__ = ["CHUNK_BYTES", "push_stream"]

CHUNK_BYTES: Final = 32 << 20
_TRIES: Final = 3
_RANGE: Final = re.compile(r"(?:bytes=)?0-([0-9]{1,18})")
_NOT_FOUND, _UNSATISFIABLE = 404, 416


class _LostUploadError(Exception):
    """The registry has forgotten the upload."""


def push_stream(
    client: RegistryClient,
    repository: str,
    digest: str,
    size: int,
    stream: Callable[[], Iterator[bytes]],
    *,
    on_sent: Callable[[int], None] = lambda _: None,
) -> bool:
    """Store a blob, unless the registry has it. Return whether the blob was sent.

    A request that fails is sent again, after the registry reports how many bytes have arrived. An upload that the registry
    has forgotten starts again.

    Args:
        client: the registry.
        repository: the repository of the blob.
        digest: the digest of the blob.
        size: the size of the blob in bytes.
        stream: returns the pieces of the blob, from the start at each call.
        on_sent: receives numbers of bytes that have arrived.

    Raises:
        ArtifactRefusedError: the pieces have another digest or size, because their source has changed.
        RegistryError: the registry refuses, or cannot be reached.
    """
    if client.has_blob(repository, digest):
        return False
    for attempt in range(1, _TRIES + 1):
        try:
            _Upload(client, repository, on_sent).send(digest, size, stream())
        except _LostUploadError:
            if attempt == _TRIES:
                message = f"{client.address.host}/{repository}: forgets the upload of {digest} each time; run the same command again later"
                raise RegistryError(message) from None
        else:
            break
    return True


class _Upload:
    def __init__(self, client: RegistryClient, repository: str, on_sent: Callable[[int], None]) -> None:
        self._client = client
        self._repository = repository
        self._on_sent = on_sent
        self._offset = 0
        self._url = client.start_upload(repository)

    def send(self, digest: str, size: int, pieces: Iterator[bytes]) -> None:
        whole = hashlib.sha256()
        for chunk in _chunks(pieces):
            whole.update(chunk)
            self._send_chunk(chunk)
        if self._offset != size or f"sha256:{whole.hexdigest()}" != digest:
            message = f"the layer {digest} has changed since it was read; run the same command again"
            raise ArtifactRefusedError("changed-while-read", message)
        url = str(httpx.URL(self._url).copy_merge_params({"digest": digest}))
        done = self._client.send("PUT", self._repository, url, content=b"")
        if done.status == _NOT_FOUND and not self._client.has_blob(self._repository, digest):
            raise _LostUploadError
        if done.status != _NOT_FOUND:
            self._client.check(done, self._repository, f"store the blob {digest}")

    def _send_chunk(self, chunk: bytes) -> None:
        start, end = self._offset, self._offset + len(chunk)
        while self._offset < end:
            rest = chunk[self._offset - start :]
            headers = {
                "content-type": "application/octet-stream",
                "content-range": f"{self._offset}-{end - 1}",
            }
            sent = self._client.send("PATCH", self._repository, self._url, headers=headers, content=rest)
            self._client.sent_bytes += len(rest)
            if sent.status == _NOT_FOUND:
                raise _LostUploadError
            if sent.status == _UNSATISFIABLE:
                self._resume(start, end)
                continue
            self._client.check(sent, self._repository, f"take the bytes from {self._offset:,} of a blob")
            self._url = sent.location
            self._on_sent(end - self._offset)
            self._offset = end

    def _resume(self, start: int, end: int) -> None:
        """Ask how much of a chunk has arrived. The chunk was sent twice, because the first answer was lost."""
        found = self._client.send("GET", self._repository, self._url)
        if found.status == _NOT_FOUND:
            raise _LostUploadError
        self._client.check(found, self._repository, "report how much of an upload has arrived")
        arrived = _RANGE.fullmatch(found.headers.get("range", "").strip())
        offset = int(arrived[1]) + 1 if arrived else -1
        if not start < offset <= end or offset == self._offset:
            # The registry has another part than this client sent.
            raise _LostUploadError
        self._url = found.location if "location" in found.headers else self._url
        self._on_sent(offset - self._offset)
        self._offset = offset


def _chunks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Join pieces of any size to chunks of one size; the last chunk may be shorter."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= CHUNK_BYTES:
            yield bytes(held[:CHUNK_BYTES])
            del held[:CHUNK_BYTES]
    if held:
        yield bytes(held)
