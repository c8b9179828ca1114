"""The client of an API server: kinds, objects, server-side apply, and several requests at a time."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from goldenpath.cluster import discovery
from goldenpath.cluster.api_errors import NOT_FOUND
from goldenpath.cluster.discovery import Resource, Resources
from goldenpath.cluster.transport import ApiResponse, Transport, TransportSettings
from goldenpath.errors import ClusterError, ClusterUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import TracebackType

    from kubernetes.client import ApiClient

__all__ = ["MANAGER", "ClusterClient"]

T = TypeVar("T")
R = TypeVar("R")

MANAGER: Final = "goldenpath"
"""The name of goldenpath as a field manager."""

_APPLY: Final = "application/apply-patch+yaml"
_PAGE: Final = 500
_DISCOVERY_SECONDS: Final = 10.0
"""How long a kind that discovery did not list counts as absent."""


class ClusterClient:
    """One API server with one user's credentials. Threads may share it, and then share its limits."""

    def __init__(self, api: ApiClient, context: str, settings: TransportSettings | None = None) -> None:
        self.context = context
        limits = settings or TransportSettings()
        self._wire = Transport(api, limits)
        self._workers = ThreadPoolExecutor(limits.in_flight, thread_name_prefix="goldenpath-cluster")
        self._lock = threading.Lock()
        self._resources: Resources | None = None
        self._discovered = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cancel requests that have not begun, wait for the others, and close the connections."""
        self._workers.shutdown(cancel_futures=True)
        self._wire.close()

    @property
    def server(self) -> str:
        """The address of the API server."""
        return self._wire.server

    # Discovery

    def resources(self, *, older_than: float | None = None) -> Resources:
        """Return all kinds of the server, from the cache unless it is older than so many seconds.

        Raises:
            ClusterError: the server is older than Kubernetes 1.30, or refuses the request.
            ClusterUnavailableError: the server cannot be reached.
        """
        with self._lock:
            age = time.monotonic() - self._discovered
            if self._resources is None or (older_than is not None and age > older_than):
                documents = [
                    self._wire.request("GET", place, about="API discovery", accept=discovery.ACCEPT).body
                    for place in discovery.PLACES
                ]
                if any(document.get("kind") != "APIGroupDiscoveryList" for document in documents):
                    raise ClusterError(
                        f"{self.server} has no aggregated discovery; use Kubernetes 1.30 or newer"
                    )
                self._resources, self._discovered = Resources(documents), time.monotonic()
            return self._resources

    def find(self, api_version: str, kind: str) -> Resource | None:
        """Return a kind; None if the server does not have it. An unknown kind is looked up again, as it may be new.

        Raises:
            ClusterUnavailableError: the aggregated API server for this version does not answer.
        """
        found = self.resources().get(api_version, kind)
        if found is None:
            found = self.resources(older_than=_DISCOVERY_SECONDS).get(api_version, kind)
        if found is None and self.resources().is_stale(api_version):
            raise ClusterUnavailableError(
                f"{kind}: the aggregated API server for {api_version} does not answer"
            )
        return found

    def version(self) -> str:
        """Return the version of the API server, such as ``v1.36.2``."""
        return str(self._wire.request("GET", "/version", about="the version").body.get("gitVersion", ""))

    # Reading

    def get(self, resource: Resource, name: str, namespace: str = "") -> dict[str, Any] | None:
        """Return an object; None if it does not exist."""
        try:
            return self._wire.request(
                "GET", resource.path(namespace, name), about=resource.describe(name, namespace)
            ).body
        except ClusterError as error:
            if error.code == NOT_FOUND:
                return None
            raise

    def all_of(
        self, resource: Resource, namespace: str = "", *, labels: str = ""
    ) -> Iterator[dict[str, Any]]:
        """Yield every object of a kind, optionally of one namespace or with labels; read in pages."""
        query = [("limit", str(_PAGE)), *([("labelSelector", labels)] if labels else [])]
        position: list[tuple[str, str]] = []
        while True:
            page = self._wire.request(
                "GET",
                resource.path(namespace),
                query=[*query, *position],
                about=f"the list of {resource.plural}",
            ).body
            for item in page.get("items") or ():
                # Items of a list have no apiVersion and kind.
                yield {"apiVersion": resource.api_version, "kind": resource.kind, **item}
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return
            position = [("continue", token)]

    # Changing

    def apply(
        self,
        resource: Resource,
        body: Mapping[str, Any],
        *,
        dry_run: bool = False,
        force: bool = False,
        manager: str = MANAGER,
    ) -> ApiResponse:
        """Apply an object server-side, with unknown fields refused, and return the resulting object.

        Args:
            resource: the object's kind.
            body: the object.
            dry_run: run admission and defaulting, and store nothing.
            force: take over fields from other managers.
            manager: the field manager.

        Raises:
            ClusterError: the server refused; :func:`~goldenpath.cluster.api_errors.field_conflicts` lists the fields of
                other managers.
        """
        metadata = body["metadata"]
        name, namespace = str(metadata.get("name", "")), str(metadata.get("namespace", ""))
        query = [("fieldManager", manager), ("fieldValidation", "Strict")]
        query += [("dryRun", "All")] if dry_run else []
        query += [("force", "true")] if force else []
        answer = self._wire.request(
            "PATCH",
            resource.path(namespace, name),
            query=query,
            body=body,
            content=_APPLY,
            about=resource.describe(name, namespace),
        )
        if resource.kind == "CustomResourceDefinition" and not dry_run:
            with self._lock:
                self._resources = None
        return answer

    def try_create(self, resource: Resource, body: Mapping[str, Any], *, namespace: str) -> ApiResponse:
        """Create an object in a namespace, as a dry run: nothing is stored."""
        moved = {**body, "metadata": {**body["metadata"], "namespace": namespace}}
        query = [("dryRun", "All"), ("fieldManager", MANAGER), ("fieldValidation", "Strict")]
        about = resource.describe(body["metadata"].get("name", ""))
        return self._wire.request("POST", resource.path(namespace), query=query, body=moved, about=about)

    def delete(self, resource: Resource, name: str, namespace: str = "") -> None:
        """Delete an object, and in the background the objects that it owns. A missing object is no error.

        Raises:
            ClusterError: the server refused.
        """
        try:
            query = [("propagationPolicy", "Background")]
            about = resource.describe(name, namespace)
            self._wire.request("DELETE", resource.path(namespace, name), query=query, about=about)
        except ClusterError as error:
            if error.code != NOT_FOUND:
                raise

    # Several at a time

    def each(self, work: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Call ``work`` for each item, a few at a time, and return the results in order. ``work`` must not call this.

        Raises:
            ClusterError: the error of the first item that failed; items that have not begun are cancelled.
        """
        futures = [self._workers.submit(work, item) for item in items]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()
