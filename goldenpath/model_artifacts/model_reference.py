"""The address of a model in a registry: ``oci://host/repository[:tag][@sha256:…]``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from goldenpath.errors import InputError
from goldenpath.oci.registry_address import RegistryAddress, check_tag

__all__ = ["ModelReference"]

_REFERENCE: Final = re.compile(r"(oci://[^/@]+/[^@:]+)(?::([^@:/]+))?(?:@(sha256:[0-9a-f]{64}))?")


@dataclass(frozen=True, slots=True)
class ModelReference:
    """A model in a registry.

    Attributes:
        address: the registry, and the repository as its path.
        tag: the tag, or empty.
        digest: ``sha256:…``, or empty.

    """

    address: RegistryAddress
    tag: str
    digest: str

    @classmethod
    def parse(cls, text: str, field: str, *, is_pinned: bool = False) -> Self:
        """Read a reference. A pinned reference must have a digest, because a tag may move to another model.

        Raises:
            InputError: ``field`` has another form, or lacks the digest.
        """
        found = _REFERENCE.fullmatch(text)
        if found is None:
            shown = {} if "@" in text.partition("@sha256:")[0] else {"value": text}
            message = "must be oci://HOST[:PORT]/REPOSITORY[:TAG][@sha256:…]"
            raise InputError.of(field, "model-reference", message, **shown)
        place, tag, digest = found[1], found[2] or "", found[3] or ""
        if is_pinned and not digest:
            message = "must have a digest (@sha256:…), because a tag may move to another model; `goldenpath model inspect` shows the digest"
            raise InputError.of(field, "model-reference", message, text)
        if tag:
            check_tag(tag, field)
        address = RegistryAddress.parse(place, field)
        return cls(address, tag, digest)

    @property
    def repository(self) -> str:
        return self.address.path

    def at(self, digest: str) -> str:
        """Return the reference with a digest, as a Pod names an image."""
        return f"{self.address.host}/{self.repository}@{digest}"
