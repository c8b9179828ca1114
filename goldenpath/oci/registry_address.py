"""Where a fleet's artifacts are: a registry's host, and a path in it."""

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
_OURS: Final = re.compile(r"[0-9a-f]{40}|(?:sha256|serial)-.*")
_TAG_CHARS: Final = 100
_FOLDERS: Final = {Subject.TENANT: "tenants", Subject.WORKLOAD: "workloads"}


class Owner(Protocol):
    """Whose an artifact is: a platform, tenant or workload, or a cluster for its index."""

    @property
    def subject(self) -> str:
        """What kind of owner it is."""
        ...

    @property
    def path(self) -> str:
        """Its name: ``eu-central``, ``vision`` or ``vision/chat``."""
        ...


@dataclass(frozen=True, slots=True)
class RegistryAddress:
    """A registry and the path below which the fleet's repositories are.

    Attributes:
        host: name or address, with a port where one was given.
        path: the path, without slashes around it; may be empty.

    """

    host: str
    path: str

    @classmethod
    def parse(cls, text: str, field: str = "--registry") -> Self:
        """An address such as ``oci://registry.example.org/fleet``.

        Raises:
            InputError: it is not of this form; ``field`` is named.

        """
        host, _, path = text.removeprefix(_SCHEME).partition("/")
        path = path.rstrip("/")
        if not text.startswith(_SCHEME) or not _HOST.fullmatch(host):
            message = "must be oci://HOST[:PORT]/PATH, without a user, a tag or a digest"
            # A password could stand before the host; such a text is not repeated.
            if "@" in text:
                raise InputError.of(field, "registry", message)
            raise InputError.of(field, "registry", message, text)
        if path and not _REPOSITORY.fullmatch(path):
            message = "must have a path of lower-case letters, digits, and single . _ - between them"
            raise InputError.of(field, "registry", message, text)
        return cls(host.lower(), path)

    @property
    def url(self) -> str:
        """Where its API is. Only a registry on this machine is spoken to without TLS."""
        return f"{'http' if is_loopback(self.host) else 'https'}://{self.host}"

    def repository(self, owner: Owner, cluster: str) -> str:
        """The repository of an owner on a cluster: ``fleet/berlin/tenants/vision``, ``fleet/berlin/index``."""
        folder = _FOLDERS.get(Subject(owner.subject)) if owner.subject in set(Subject) else None
        name = owner.subject if folder is None else f"{folder}/{owner.path}"
        return f"{self.path}/{cluster}/{name}".lstrip("/")

    def __str__(self) -> str:
        return f"{_SCHEME}{self.host}/{self.path}".rstrip("/")


def check_tag(tag: str, field: str = "--tag") -> None:
    """Hold a tag that is to follow the fleet against what a registry takes.

    Raises:
        InputError: it is not a tag, or one that stands for a commit, a serial or a list of signatures.

    """
    if len(tag) > _TAG_CHARS or not _TAG.fullmatch(tag) or _OURS.fullmatch(tag):
        message = (
            f"must be 1 to {_TAG_CHARS} letters, digits and . _ -, and no commit's id, serial-… or sha256-…"
        )
        raise InputError.of(field, "tag", message, tag)
