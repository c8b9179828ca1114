"""Uploading a blob in pieces: it is never whole in memory, and an upload that breaks goes on where it broke.

OCI distribution-spec 1.1, "Pushing a blob in chunks".
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

import httpx

from goldenpath.errors import ArtifactRefusedError, RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from goldenpath.oci.registry_client import RegistryClient, RegistryResponse

__all__ = ["CHUNK_BYTES", "push_stream"]

CHUNK_BYTES: Final = 32 << 20
_TRIES: Final = 3
_RANGE: Final = re.compile(r"(?:bytes=)?0-([0-9]{1,18})")
_NOT_FOUND, _UNSATISFIABLE = 404, 416


class _LostUploadError(Exception):
    """The registry does not know the upload any more."""


def push_stream(
    client: RegistryClient,
    repository: str,
    digest: str,
    size: int,
    stream: Callable[[], Iterator[bytes]],
    *,
    on_sent: Callable[[int], None] = lambda _: None,
) -> bool:
    """Store a blob that is read piece by piece, unless it is there; whether it was sent.

    A request that fails is sent again, and the registry says how much of it has arrived. An upload that the registry has
    forgotten starts anew.

    Args:
        client: the registry.
        repository: where to.
        digest: the blob's.
        size: its bytes.
        stream: gives its pieces, from the start each time.
        on_sent: receives numbers of bytes that have arrived.

    Raises:
        ArtifactRefusedError: the pieces have another digest or size: what they are read from has changed.
        RegistryError: the registry refuses, or cannot be reached.

    """
    if client.has_blob(repository, digest):
        return False
    for attempt in range(1, _TRIES + 1):
        try:
            _Upload(client, repository, on_sent).send(digest, size, stream())
        except _LostUploadError:
            if attempt == _TRIES:
                message = f"{client.address.host}/{repository}: forgot the upload of {digest} each time; run again later"
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
        started = client.send("POST", repository, "blobs/uploads/", content=b"")
        client.check(started, repository, "start an upload")
        self._place = _location(started)

    def send(self, digest: str, size: int, pieces: Iterator[bytes]) -> None:
        whole = hashlib.sha256()
        for chunk in _chunks(pieces):
            whole.update(chunk)
            self._send_chunk(chunk)
        if self._offset != size or f"sha256:{whole.hexdigest()}" != digest:
            message = f"the layer {digest} is not what was read before: a file of it has changed; run again"
            raise ArtifactRefusedError("changed-while-read", message)
        url = str(httpx.URL(self._place).copy_merge_params({"digest": digest}))
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
            sent = self._client.send("PATCH", self._repository, self._place, headers=headers, content=rest)
            self._client.sent_bytes += len(rest)
            if sent.status == _NOT_FOUND:
                raise _LostUploadError
            if sent.status == _UNSATISFIABLE:
                self._ask(start, end)
                continue
            self._client.check(sent, self._repository, f"take the bytes from {self._offset:,} of a blob")
            self._place = _location(sent)
            self._on_sent(end - self._offset)
            self._offset = end

    def _ask(self, start: int, end: int) -> None:
        """How much has arrived, of a chunk that was sent twice: the answer to the first time was lost."""
        found = self._client.send("GET", self._repository, self._place)
        if found.status == _NOT_FOUND:
            raise _LostUploadError
        self._client.check(found, self._repository, "say how much of an upload has arrived")
        arrived = _RANGE.fullmatch(found.headers.get("range", "").strip())
        offset = int(arrived[1]) + 1 if arrived else -1
        if not start < offset <= end or offset == self._offset:
            # It has another part than we know: begin again.
            raise _LostUploadError
        self._place = _location(found) if "location" in found.headers else self._place
        self._on_sent(offset - self._offset)
        self._offset = offset


def _location(response: RegistryResponse) -> str:
    return urljoin(response.url, response.headers.get("location", ""))


def _chunks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces of any size as chunks of one size, the last one shorter."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= CHUNK_BYTES:
            yield bytes(held[:CHUNK_BYTES])
            del held[:CHUNK_BYTES]
    if held:
        yield bytes(held)
