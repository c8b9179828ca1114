"""The address of a fleet's artifacts: the host of a registry, and a path in the registry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Protocol, Self

from goldenpath.errors import InputError
from goldenpath.spec.loopback import is_loopback
from goldenpath.spec.ref import Subject

__all__ = ["Owner", "RegistryAddress", "check_tag"]

_SCHEME: Final = "oci://"
_HOST: Final = re.compile(r"(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)(?::[0-9]{1,5})?")
# OCI distribution-spec 1.1, "Pulling manifests".
_REPOSITORY: Final = re.compile(
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
)
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_RESERVED_TAG: Final = re.compile(r"[0-9a-f]{40}|(?:sha256|serial)-.*")
_TAG_CHARS: Final = 100
_FOLDERS: Final = {Subject.TENANT: "tenants", Subject.WORKLOAD: "workloads"}


class Owner(Protocol):
    """The owner of an artifact: a platform, tenant or workload; for an index, a cluster."""

    @property
    def subject(self) -> str:
        """The kind of the owner."""
        ...

    @property
    def path(self) -> str:
        """The name of the owner: ``eu-central``, ``vision`` or ``vision/chat``."""
        ...


@dataclass(frozen=True, slots=True)
class RegistryAddress:
    """A registry and the path above the fleet's repositories.

    Attributes:
        host: name or address, with an optional port.
        path: the path without a slash at its start and end; may be empty.

    """

    host: str
    path: str

    @classmethod
    def parse(cls, text: str, field: str = "--registry") -> Self:
        """Read an address such as ``oci://registry.example.org/fleet``.

        Raises:
            InputError: ``field`` has another form.
        """
        host, _, path = text.removeprefix(_SCHEME).partition("/")
        path = path.rstrip("/")
        if not text.startswith(_SCHEME) or not _HOST.fullmatch(host):
            message = "must be oci://HOST[:PORT]/PATH, without a user, a tag or a digest"
            # The text before "@" can hold a password, so the message does not repeat the text.
            if "@" in text:
                raise InputError.of(field, "registry", message)
            raise InputError.of(field, "registry", message, text)
        if path and not _REPOSITORY.fullmatch(path):
            message = "must have a path of lower-case letters and digits, with single . _ - between them"
            raise InputError.of(field, "registry", message, text)
        return cls(host.lower(), path)

    @property
    def url(self) -> str:
        """The base URL of the API. Only a registry on this machine is used without TLS."""
        return f"{'http' if is_loopback(self.host) else 'https'}://{self.host}"

    def repository(self, owner: Owner, cluster: str) -> str:
        """Return the repository of an owner on a cluster: ``fleet/berlin/tenants/vision``, ``fleet/berlin/index``."""
        folder = _FOLDERS.get(Subject(owner.subject)) if owner.subject in set(Subject) else None
        name = owner.subject if folder is None else f"{folder}/{owner.path}"
        return f"{self.path}/{cluster}/{name}".lstrip("/")

    def __str__(self) -> str:
        return f"{_SCHEME}{self.host}/{self.path}".rstrip("/")


def check_tag(tag: str, field: str = "--tag") -> None:
    """Check a tag that follows the fleet.

    Raises:
        InputError: a registry refuses the tag, or the tag has the form of a commit, a serial or a list of signatures.
    """
    if len(tag) > _TAG_CHARS or not _TAG.fullmatch(tag) or _RESERVED_TAG.fullmatch(tag):
        message = f"must have 1 to {_TAG_CHARS} letters, digits and . _ -, and must not be a commit id, serial-… or sha256-…"
        raise InputError.of(field, "tag", message, tag)
