"""A client for one OCI registry: blobs, manifests and tags.

OCI distribution-spec 1.1. The client may send every request twice, because digests name all written content.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

import httpx

from goldenpath.errors import ArtifactRefusedError, RegistryError, RegistryUnavailableError
from goldenpath.forges.http_options import ClientOptions
from goldenpath.forges.retry_after import retry_after
from goldenpath.forges.trusted_certificates import trusted_certificates
from goldenpath.oci import media_types
from goldenpath.oci.blob import digest_of, is_digest
from goldenpath.oci.registry_login import RegistryLogin
from goldenpath.oci.strict_json import object_in
from goldenpath.spec.loopback import is_loopback

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from types import TracebackType
    from typing import Self

    from goldenpath.oci.blob import Blob
    from goldenpath.oci.registry_address import RegistryAddress
    from goldenpath.oci.registry_credentials import RegistryCredentials

__all__ = ["MAX_MANIFEST_BYTES", "Manifest", "RegistryClient", "RegistryResponse"]

MAX_MANIFEST_BYTES: Final = 4 << 20
"""The manifest size that every registry has to accept by the specification; also the limit of other short answers."""

_REDIRECTS: Final = 3
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_SERVER_ERROR, _TOO_MANY, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _NOT_ALLOWED = (500, 429, 401, 403, 404, 405)
_LONGEST_WAIT: Final = 30.0
_PAGE_TAGS: Final = 1000
_MAX_PAGES: Final = 100
_MANIFESTS: Final = f"{media_types.MANIFEST}, {media_types.INDEX}"


@dataclass(frozen=True, slots=True)
class RegistryResponse:
    """An answer of a registry: status, headers, body, and the URL of the request."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP's own

    @property
    def location(self) -> str:
        """The URL in the ``Location`` header."""
        return urljoin(self.url, self.headers.get("location", ""))


@dataclass(frozen=True, slots=True)
class Manifest:
    """The bytes of a manifest from a registry, and the digest of these bytes."""

    data: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    repository: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None
    limit: int

    @property
    def is_writing(self) -> bool:
        return self.method not in {"GET", "HEAD"}


class RegistryClient:
    """A connection to one registry for one command; not safe for several threads.

    Attributes:
        sent_bytes: the number of bytes of blobs and manifests that were sent so far.

    """

    def __init__(
        self,
        address: RegistryAddress,
        credentials: RegistryCredentials | None = None,
        options: ClientOptions | None = None,
    ) -> None:
        self.address = address
        self.sent_bytes = 0
        self._options = options or ClientOptions()
        self._waited = 0.0
        bundle = self._options.ca_bundle
        self._http = httpx.Client(
            headers={"user-agent": self._options.user_agent},
            timeout=httpx.Timeout(self._options.answer_timeout, connect=self._options.connect_timeout),
            verify=trusted_certificates(str(bundle) if bundle else None),
            trust_env=self._options.use_proxies and not is_loopback(address.host),
            follow_redirects=False,
        )
        self._login = RegistryLogin(self._http, address, credentials)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def tag_digest(self, repository: str, tag: str) -> str | None:
        """Return the digest that a tag points to, as the registry reports it; None for an unknown tag.

        Raises:
            RegistryError: the registry refuses, or cannot be reached.
        """
        response = self.send("HEAD", repository, f"manifests/{tag}", headers={"accept": _MANIFESTS})
        if response.status == _NOT_FOUND:
            return None
        self.check(response, repository, f"look up {tag}")
        digest = response.headers.get("docker-content-digest", "")
        if is_digest(digest):
            return digest
        # The header is optional.
        manifest = self.manifest(repository, tag)
        return manifest.digest if manifest is not None else None

    def manifest(self, repository: str, reference: str) -> Manifest | None:
        """Read a manifest by tag or digest; None if it does not exist.

        Raises:
            ArtifactRefusedError: the manifest has another digest than the reference.
            RegistryError: the registry refuses, or cannot be reached.
        """
        response = self.send("GET", repository, f"manifests/{reference}", headers={"accept": _MANIFESTS})
        if response.status == _NOT_FOUND:
            return None
        self.check(response, repository, f"read the manifest {reference}")
        return Manifest(response.body, _checked_digest(response.body, reference, repository))

    def put_manifest(self, repository: str, reference: str, manifest: Blob) -> RegistryResponse:
        """Store a manifest under a tag or its digest, after its blobs.

        Raises:
            RegistryError: the registry refuses, or cannot be reached.
        """
        headers = {"content-type": manifest.media_type}
        response = self.send(
            "PUT", repository, f"manifests/{reference}", headers=headers, content=manifest.data
        )
        self.sent_bytes += len(manifest.data)
        return self.check(response, repository, f"store the manifest {reference}")

    def tags(self, repository: str) -> Iterator[str]:
        """Yield the tags of a repository, in the order of the registry. An unknown repository has no tags.

        Raises:
            RegistryError: the registry refuses, or cannot be reached.
        """
        for page in self.pages(repository, f"tags/list?n={_PAGE_TAGS}", "list its tags", absent={_NOT_FOUND}):
            tags = object_in(page, "the list of tags").get("tags")
            yield from (tag for tag in tags or () if isinstance(tag, str))

    def pages(self, repository: str, place: str, doing: str, *, absent: Collection[int]) -> Iterator[bytes]:
        """Yield the body of each page of a list. A status of ``absent`` ends the list.

        Raises:
            RegistryError: the registry refuses, or cannot be reached.
        """
        for _ in range(_MAX_PAGES):
            response = self.send("GET", repository, place)
            if response.status in absent:
                return
            self.check(response, repository, doing)
            yield response.body
            target, _, parameters = response.headers.get("link", "").partition(";")
            if 'rel="next"' not in parameters:
                return
            place = urljoin(response.url, target.strip().strip("<>"))

    def delete_manifest(self, repository: str, reference: str) -> None:
        """Remove a manifest with its tags, or one tag. A missing manifest is not an error.

        Raises:
            RegistryError: the registry does not delete, refuses, or cannot be reached.
        """
        response = self.send("DELETE", repository, f"manifests/{reference}")
        if response.status == _NOT_ALLOWED:
            message = "does not delete: allow it in its configuration (REGISTRY_STORAGE_DELETE_ENABLED=true in distribution)"
            raise RegistryError(f"{self.address.host}/{repository}: {message}")
        if response.status != _NOT_FOUND:
            self.check(response, repository, f"remove {reference}")

    def has_blob(self, repository: str, digest: str) -> bool:
        """Whether a blob is in a repository.

        Raises:
            RegistryError: the registry refuses, or cannot be reached.
        """
        response = self.send("HEAD", repository, f"blobs/{digest}")
        if response.status == _NOT_FOUND:
            return False
        self.check(response, repository, f"look for the blob {digest}")
        return True

    def blob(self, repository: str, digest: str, *, limit: int) -> bytes:
        """Read a blob.

        Raises:
            ArtifactRefusedError: the blob has more bytes than ``limit``, or another digest.
            RegistryError: the registry refuses, has no such blob, or cannot be reached.
        """
        response = self.send("GET", repository, f"blobs/{digest}", limit=limit)
        self.check(response, repository, f"read the blob {digest}")
        _checked_digest(response.body, digest, repository)
        return response.body

    def push_blob(self, repository: str, blob: Blob) -> None:
        """Store a blob, unless the registry has it.

        Raises:
            RegistryError: the registry refuses, or cannot be reached.
        """
        if self.has_blob(repository, blob.digest):
            return
        url = str(httpx.URL(self.start_upload(repository)).copy_merge_params({"digest": blob.digest}))
        headers = {"content-type": "application/octet-stream"}
        done = self.send("PUT", repository, url, headers=headers, content=blob.data)
        self.sent_bytes += len(blob.data)
        self.check(done, repository, f"store the blob {blob.digest}")

    def start_upload(self, repository: str) -> str:
        """Start the upload of a blob, and return the URL for its bytes.

        Raises:
            RegistryError: the registry refuses, or cannot be reached.
        """
        started = self.send("POST", repository, "blobs/uploads/", content=b"")
        return self.check(started, repository, "start an upload").location

    def check(self, response: RegistryResponse, repository: str, doing: str) -> RegistryResponse:
        """Return a response with a good status.

        Raises:
            RegistryError: the status is an error. ``doing`` completes the sentence "the registry was asked to …".
        """
        if response.is_good:
            return response
        message = f"{self.address.host}/{repository}: was asked to {doing}, and answered {response.status}"
        if said := _reasons(response.body):
            message += f": {said}"
        if response.status in {_UNAUTHORIZED, _FORBIDDEN}:
            message += f"; {self._login.advice}"
        raise RegistryError(self._login.hidden(message))

    def send(
        self,
        method: str,
        repository: str,
        place: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        limit: int = MAX_MANIFEST_BYTES,
    ) -> RegistryResponse:
        """Send a request until the registry answers with another status than 429 or 5xx, and return that answer.

        ``place`` is a path below the repository, or the whole URL that the registry returned for an upload.

        Raises:
            ArtifactRefusedError: the answer is longer than ``limit``.
            RegistryUnavailableError: the registry cannot be reached, or failed each time.
        """
        url = place if "://" in place else f"{self.address.url}/v2/{repository}/{place}"
        request = _Request(method, repository, url, headers or {}, content, limit)
        attempt = 0
        while True:
            attempt += 1
            wait: float | None = None
            try:
                response = self._authorized(request)
            except httpx.TransportError as error:
                why = " ".join(str(error).split())[:120] or type(error).__name__
            else:
                if response.status < _SERVER_ERROR and response.status != _TOO_MANY:
                    return response
                why = f"it answered {response.status}"
                asked = retry_after(response.headers.get("retry-after", ""), self._options.clock())
                wait = None if asked is None else min(asked, _LONGEST_WAIT)
            self._pause(attempt, wait, f"{self.address.host}/{repository}: cannot be reached ({why})")

    def _authorized(self, request: _Request) -> RegistryResponse:
        """Send a request, and send it again if the registry asks for a login first."""
        response = self._followed(request)
        if response.status == _UNAUTHORIZED:
            challenge = response.headers.get("www-authenticate", "")
            if self._login.answer(challenge, request.repository, is_writing=request.is_writing):
                response = self._followed(request)
        return response

    def _followed(self, request: _Request) -> RegistryResponse:
        for _ in range(_REDIRECTS + 1):
            response = self._once(request)
            if (
                request.is_writing
                or response.status not in _MOVED
                or not (place := response.headers.get("location"))
            ):
                return response
            request = replace(request, url=urljoin(request.url, place))
        raise RegistryError(
            f"{self.address.host}/{request.repository}: redirects more than {_REDIRECTS} times"
        )

    def _once(self, request: _Request) -> RegistryResponse:
        parts = urlsplit(request.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.netloc)):
            raise RegistryError(
                f"{self.address.host}: leads to {parts.scheme}://{parts.hostname}, without TLS"
            )
        headers = {
            **request.headers,
            **self._login.headers(request.url, request.repository, is_writing=request.is_writing),
            # The limit would apply to the packed bytes of a compressed answer.
            "accept-encoding": "identity",
        }
        with self._http.stream(
            request.method, request.url, headers=headers, content=request.content
        ) as response:
            body = bytearray()
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > request.limit:
                    message = f"{self.address.host}: an answer is longer than {request.limit:,} bytes"
                    raise ArtifactRefusedError("size", message)
            return RegistryResponse(response.status_code, response.headers, bytes(body), request.url)

    def _pause(self, attempt: int, wait: float | None, why: str) -> None:
        patience = self._options.patience
        seconds = patience.backoff(attempt, self._options.chance()) if wait is None else wait
        if attempt >= patience.attempts or self._waited + seconds > patience.budget:
            raise RegistryUnavailableError(f"{why}; run the same command again later")
        self._waited += seconds
        self._options.sleep(seconds)


def _checked_digest(data: bytes, reference: str, repository: str) -> str:
    """The digest of bytes. It must be the reference, if the reference is a digest."""
    digest = digest_of(data)
    if ":" in reference and digest != reference:
        message = f"{repository}: the registry returned bytes with the digest {digest} for {reference}"
        raise ArtifactRefusedError("digest", message)
    return digest


def _reasons(body: bytes) -> str:
    """The reasons in the error format of OCI; empty for another format."""
    try:
        document: Any = json.loads(body)
        said = [f"{error['code']} {error.get('message', '')}".strip() for error in document["errors"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
    text = " ".join("; ".join(said).split())
    return "".join(filter(str.isprintable, text))[:300]
