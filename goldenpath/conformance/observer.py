"""Reads a cluster and records each command with its answer and time."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from goldenpath.conformance.verdicts import Look
from goldenpath.credential_patterns import without_credentials
from goldenpath.errors import ClusterError, InputError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from goldenpath.cluster import ClusterClient

__all__ = ["Observer", "is_of_goldenpath"]

_MOST_CHARS: Final = 60_000
_MOST_BYTES: Final = 8 * 1024 * 1024
_SECONDS: Final = 20
_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
_OURS: Final = "goldenpath"


def is_of_goldenpath(body: Mapping[str, Any]) -> bool:
    """Whether goldenpath rendered or applied an object; such an object is no evidence of the platform."""
    metadata = body.get("metadata") or {}
    if (metadata.get("labels") or {}).get(_MANAGED_BY) == _OURS:
        return True
    managers = [each.get("manager") for each in metadata.get("managedFields") or ()]
    return _OURS in managers


@dataclass
class Observer:
    """Reads a cluster for one requirement, and records each request in ``looks``."""

    cluster: ClusterClient
    now: Callable[[], dt.datetime]
    looks: list[Look] = field(default_factory=list)
    not_counted: int = 0

    def serves(self, api_version: str, kind: str) -> bool:
        """Whether the API server serves a kind."""
        found = self.cluster.find(api_version, kind) is not None
        self.note(
            f"kubectl api-resources --api-group={_group(api_version)}",
            f"{kind}: {'served' if found else 'not served'}",
        )
        return found

    def all_of(self, api_version: str, kind: str) -> list[dict[str, Any]]:
        """Every object of a kind that goldenpath did not create; empty where the kind is not served."""
        resource = self.cluster.find(api_version, kind)
        if resource is None:
            name = f"{kind.lower()}s.{_group(api_version)}"
            self.note(f"kubectl get {name} -A -o json", f"{kind} of {api_version} is not served")
            return []
        name = f"{resource.plural}.{_group(api_version)}".rstrip(".")
        items = list(self.cluster.all_of(resource))
        theirs = [each for each in items if not is_of_goldenpath(each)]
        self.not_counted += len(items) - len(theirs)
        shown = [_without_managers(each) for each in theirs]
        self.note(f"kubectl get {name} -A -o json", json.dumps(shown, indent=1, sort_keys=True))
        return theirs

    def read(self, url: str, *, option: str) -> str:
        """Read the body of an HTTP address.

        Raises:
            InputError: the address is not an HTTP URL.
            ClusterError: the address does not answer with 200.
        """
        if not url.startswith(("http://", "https://")):
            raise InputError.of(option, "url", "must be an http:// or https:// address", url)
        try:
            with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - the scheme was checked
                text: str = answer.read(_MOST_BYTES).decode("utf-8", "replace")
        except (OSError, urllib.error.URLError, ValueError) as error:
            self.note(f"curl {url}", str(error))
            raise ClusterError(f"{url} does not answer: {error}") from None
        self.note(f"curl {url}", text)
        return text

    def note(self, command: str, output: str) -> None:
        """Record a command with its output, without credentials."""
        if len(output) > _MOST_CHARS:
            output = f"{output[:_MOST_CHARS]}\n… {len(output) - _MOST_CHARS} characters more are left out"
        self.looks.append(Look(without_credentials(command), self.now(), without_credentials(output)))


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def _without_managers(body: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in (body.get("metadata") or {}).items() if key != "managedFields"}
    return {**body, "metadata": metadata}
