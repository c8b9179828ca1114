"""An API server as the verbs know it: its kinds, its objects, server-side apply, and many of these at once."""

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
"""Our name as a field manager."""

_APPLY: Final = "application/apply-patch+yaml"
_PAGE: Final = 500
_TRUSTED_SECONDS: Final = 10.0
"""For so long what discovery did not tell is taken not to be there, unless we have brought it ourselves."""


class ClusterClient:
    """One API server, as one user. Safe to share among threads: its limits then hold for all of them together."""

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
        """Give up what has not begun, wait for what has, and close the connections."""
        self._workers.shutdown(cancel_futures=True)
        self._wire.close()

    @property
    def server(self) -> str:
        """The address of the API server."""
        return self._wire.server

    # What it has

    def resources(self, *, older_than: float | None = None) -> Resources:
        """Every kind that the server has; asked once, and again if that was longer ago than so many seconds.

        Raises:
            ClusterError: it is older than Kubernetes 1.30, or refused.
            ClusterUnavailableError: it cannot be reached.

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
                        f"{self.server} does not tell all of its kinds at once: Kubernetes 1.30 or newer is needed"
                    )
                self._resources, self._discovered = Resources(documents), time.monotonic()
            return self._resources

    def find(self, api_version: str, kind: str) -> Resource | None:
        """A kind, or None where the server does not have it; what is not known yet may just have been installed.

        Raises:
            ClusterUnavailableError: the server behind that version of the API does not answer.

        """
        found = self.resources().get(api_version, kind)
        if found is None:
            found = self.resources(older_than=_TRUSTED_SECONDS).get(api_version, kind)
        if found is None and self.resources().is_stale(api_version):
            raise ClusterUnavailableError(f"{kind}: the server behind {api_version} does not answer")
        return found

    def version(self) -> str:
        """The version of the API server, such as ``v1.36.2``."""
        return str(self._wire.request("GET", "/version", about="the version").body.get("gitVersion", ""))

    # Reading

    def get(self, resource: Resource, name: str, namespace: str = "") -> dict[str, Any] | None:
        """An object, or None where it is not there."""
        about = f"{resource.kind} {namespace}/{name}" if namespace else f"{resource.kind} {name}"
        try:
            return self._wire.request("GET", resource.path(namespace, name), about=about).body
        except ClusterError as error:
            if error.code == NOT_FOUND:
                return None
            raise

    def all_of(
        self, resource: Resource, namespace: str = "", *, labels: str = ""
    ) -> Iterator[dict[str, Any]]:
        """Every object of a kind, of one namespace where one is given, by label; read in pages."""
        query = [("limit", str(_PAGE)), *([("labelSelector", labels)] if labels else [])]
        step: list[tuple[str, str]] = []
        while True:
            page = self._wire.request(
                "GET", resource.path(namespace), query=[*query, *step], about=f"the list of {resource.plural}"
            ).body
            for item in page.get("items") or ():
                # Items of a list do not say what they are.
                yield {"apiVersion": resource.api_version, "kind": resource.kind, **item}
            rest = (page.get("metadata") or {}).get("continue")
            if not rest:
                return
            step = [("continue", rest)]

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
        """Server-side apply, with unknown fields refused; gives the object as it then is, or would be.

        Args:
            resource: the object's kind.
            body: the object.
            dry_run: change nothing: admission and defaulting happen, storing does not.
            force: take fields over from other managers.
            manager: in whose name.

        Raises:
            ClusterError: it was refused; :func:`~goldenpath.cluster.api_errors.field_conflicts` says where others
                manage what would change.

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
            about=f"{resource.kind} {namespace}/{name}" if namespace else f"{resource.kind} {name}",
        )
        if resource.kind == "CustomResourceDefinition" and not dry_run:
            with self._lock:
                self._resources = None
        return answer

    def try_create(self, resource: Resource, body: Mapping[str, Any], *, namespace: str) -> ApiResponse:
        """What the server would say to a new object in a namespace; nothing is stored."""
        moved = {**body, "metadata": {**body["metadata"], "namespace": namespace}}
        query = [("dryRun", "All"), ("fieldManager", MANAGER), ("fieldValidation", "Strict")]
        about = f"{resource.kind} {body['metadata'].get('name', '')}"
        return self._wire.request("POST", resource.path(namespace), query=query, body=moved, about=about)

    def delete(self, resource: Resource, name: str, namespace: str = "") -> None:
        """Remove an object, and what it owns after it; nothing where it is not there.

        Raises:
            ClusterError: it was refused.

        """
        about = f"{resource.kind} {namespace}/{name}" if namespace else f"{resource.kind} {name}"
        try:
            query = [("propagationPolicy", "Background")]
            self._wire.request("DELETE", resource.path(namespace, name), query=query, about=about)
        except ClusterError as error:
            if error.code != NOT_FOUND:
                raise

    # Many at once

    def each(self, work: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """``work`` done for each item, a few at a time; results in order. Not to be called by such work itself.

        Raises:
            ClusterError: of the first item that failed; what has not begun is then left.

        """
        futures = [self._workers.submit(work, item) for item in items]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()
