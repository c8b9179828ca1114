"""A small client of a Kubernetes API server, for one user at a time, without a dependency.

Standard library only. One connection is kept open; what is sent and what comes back is JSON.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from identity_provider import IdentityProvider

JSON = "application/json"
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"

_POLICY = re.compile(r"ValidatingAdmissionPolicy 'goldenpath-([a-z-]+)'")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the API server: an object, or a Status with the reason of a refusal."""

    status: int
    body: dict[str, Any]
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.status < 300

    @property
    def message(self) -> str:
        return "" if self.ok else str(self.body.get("message", self.body))

    @property
    def refused_by(self) -> str:
        """Which wall it was: ``roles``, ``quota``, ``pod-security``, the id of a policy, ``invalid``; empty if none."""
        if self.ok:
            return ""
        if found := _POLICY.search(self.message):
            return found[1]
        for wall, words in (
            ("quota", "exceeded quota"),
            ("pod-security", "violates PodSecurity"),
            ("roles", "cannot "),
        ):
            if self.status == 403 and words in self.message:
                return wall
        return "invalid" if self.status == 422 else f"{self.status}: {self.message}"


class Server:
    """One open connection to an API server.

    Of one of ours, ``authority`` is the file of the certificate that it shows, and ``people`` is where people log in.
    """

    def __init__(
        self,
        url: str,
        tls: ssl.SSLContext,
        authority: Path | None = None,
        people: IdentityProvider | None = None,
    ) -> None:
        parts = urlsplit(url)
        self.url = url
        self.authority = authority
        self.people = people
        self._connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=60, context=tls
        )
        self.resources: dict[str, list[dict[str, Any]]] = {}

    def send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        try:
            return self._send(method, path, body, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            # The server had closed the idle connection: once more, on a new one.
            return self._send(method, path, body, headers)

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        try:
            self._connection.request(method, path, body, dict(headers))
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self.close()  # what is left of the connection is of no use
            raise
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = {"message": text.decode(errors="replace")}
        return Answer(response.status, parsed, tuple(response.headers.get_all("Warning") or ()))

    def close(self) -> None:
        self._connection.close()


class Api:
    """Requests of one user to a server. ``headers`` identify the user."""

    def __init__(self, server: Server, headers: Mapping[str, str]) -> None:
        self.server = server
        self._headers = dict(headers)

    def separate(self) -> Api:
        """The same user on a connection of its own, for another thread."""
        tls = ssl.create_default_context(cafile=str(self.server.authority))
        return Api(Server(self.server.url, tls, self.server.authority, self.server.people), self._headers)

    def bearing(self, token: str) -> Api:
        """The client of the token's user, without other identities."""
        return Api(self.server, {"Authorization": f"Bearer {token}"})

    def person(self, name: str, group: str, prefix: str) -> Api:
        """Somebody of a group, as the API server knows it with the prefix: logged in where that can be done."""
        if self.server.people:
            return self.bearing(self.server.people.token(name, [group]))
        return self.acting_as(name, f"{prefix}{group}")

    def acting_as(self, user: str, group: str = "") -> Api:
        """A client that impersonates a user of a group; this user needs the right to impersonate."""
        headers = {**self._headers, "Impersonate-User": user}
        return Api(self.server, headers | ({"Impersonate-Group": group} if group else {}))

    def send(self, method: str, path: str, body: Any = None, content: str = JSON, **query: str) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        target = f"{path}?{urlencode(query)}" if query else path
        return self.server.send(method, target, data, {**self._headers, "Content-Type": content})

    def create(self, body: Mapping[str, Any], *, dry_run: bool = False) -> Answer:
        query = {"dryRun": "All"} if dry_run else {}
        return self.send("POST", self.path(body, named=False), body, fieldValidation="Strict", **query)

    def apply(
        self,
        body: Mapping[str, Any],
        manager: str = "kustomize-controller",
        *,
        force: bool = True,
        dry_run: bool = False,
    ) -> Answer:
        """Server-side apply as Flux does it: by force, since Git is the truth."""
        query = {"dryRun": "All"} if dry_run else {}
        return self.send(
            "PATCH",
            self.path(body),
            body,
            APPLY,
            fieldManager=manager,
            force="true" if force else "false",
            fieldValidation="Strict",
            **query,
        )

    def apply_all(self, bodies: Iterable[Mapping[str, Any]], manager: str = "tests") -> None:
        """Apply objects; fail with the server's message at the first one that it refuses."""
        for body in bodies:
            answer = self.apply(body, manager)
            assert answer.ok, answer.message

    def replace(self, body: Mapping[str, Any], subresource: str = "", *, dry_run: bool = False) -> Answer:
        query = {"dryRun": "All"} if dry_run else {}
        return self.send("PUT", self.path(body, subresource), body, fieldValidation="Strict", **query)

    def merge(self, body: Mapping[str, Any], change: Any, subresource: str = "") -> Answer:
        return self.send("PATCH", self.path(body, subresource), change, MERGE)

    def get(self, body: Mapping[str, Any]) -> Answer:
        return self.send("GET", self.path(body))

    def list(self, version: str, kind: str, namespace: str = "", **query: str) -> list[dict[str, Any]]:
        """All objects of a kind, or those of a namespace."""
        anyone = {"apiVersion": version, "kind": kind, "metadata": {"namespace": namespace}}
        path = self.path(anyone, named=False)
        answer = self.send("GET", path if namespace else path.replace("/namespaces//", "/"), **query)
        assert answer.ok, answer.message
        found: list[dict[str, Any]] = answer.body["items"]
        return found

    def delete(self, body: Mapping[str, Any]) -> Answer:
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}
        return self.send("DELETE", self.path(body), options)

    def account_token(self, namespace: str, account: str) -> str:
        """A token of a service account, as the kubelet would ask for it."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        answer = self.send("POST", path, body)
        assert answer.ok, answer.message
        token: str = answer.body["status"]["token"]
        return token

    def may(self, verb: str, group: str, resource: str, namespace: str = "", name: str = "") -> bool:
        """The verdict of the server's authoriser on this user; a slash separates the subresource."""
        plain, _, subresource = resource.partition("/")
        attributes = {
            "verb": verb,
            "group": group,
            "resource": plain,
            "subresource": subresource,
            "namespace": namespace,
            "name": name,
        }
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        answer = self.send("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
        assert answer.ok, answer.message
        return bool(answer.body["status"]["allowed"])

    def serves(self, body: Mapping[str, Any]) -> bool:
        """Whether the server knows the object's kind."""
        return self._resource(body) is not None

    def resources(self, version: str) -> list[dict[str, Any]]:
        """The API resources of a group and version; none where the server does not have it."""
        known = self.server.resources
        if not known.get(version):
            answer = self.send("GET", f"/apis/{version}" if "/" in version else f"/api/{version}")
            known[version] = answer.body.get("resources", [])
        return known[version]

    def versions(self) -> list[str]:
        """Every group and version that the server prefers."""
        groups = self.send("GET", "/apis").body["groups"]
        return ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]

    def path(self, body: Mapping[str, Any], subresource: str = "", *, named: bool = True) -> str:
        resource = self._resource(body)
        if resource is None:
            raise LookupError(f"the server has no {body['kind']} in {body['apiVersion']}")
        version, metadata = str(body["apiVersion"]), body["metadata"]
        parts = ["/apis" if "/" in version else "/api", version]
        if resource["namespaced"]:
            parts += ["namespaces", metadata["namespace"]]
        parts.append(resource["name"])
        if named:
            parts.append(metadata["name"])
        return "/".join([*parts, subresource] if subresource else parts)

    def _resource(self, body: Mapping[str, Any]) -> dict[str, Any] | None:
        version, kind = str(body["apiVersion"]), body["kind"]
        found = (r for r in self.resources(version) if r["kind"] == kind and "/" not in r["name"])
        return next(found, None)

    def forget_resources(self) -> None:
        """Drop the cached resources after custom resources were added or removed."""
        self.server.resources.clear()


def eventually(holds: Callable[[], Any], what: str | Callable[[], str], seconds: float = 30) -> Any:
    """The first true answer of ``holds``; controllers are not done when a request is.

    ``what`` is said where it never is; a function is asked at the end, for what there is instead.
    """
    end = time.monotonic() + seconds
    while not (answer := holds()):
        if time.monotonic() > end:
            raise AssertionError(
                f"after {seconds:g} s still not: {what if isinstance(what, str) else what()}"
            )
        time.sleep(0.05)
    return answer
