"""Where a model is: ``oci://host/repository[:tag][@sha256:…]``."""

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
        tag: empty where there is none.
        digest: ``sha256:…``, or empty.

    """

    address: RegistryAddress
    tag: str
    digest: str

    @classmethod
    def parse(cls, text: str, field: str, *, is_pinned: bool = False) -> Self:
        """A reference from a text.

        Args:
            text: the text.
            field: named in messages.
            is_pinned: whether it must have a digest: a tag may stand for another model a moment later.

        Raises:
            InputError: it has another form, or no digest where it must have one.
        """
        found = _REFERENCE.fullmatch(text)
        if found is None:
            shown = {} if "@" in text.partition("@sha256:")[0] else {"value": text}
            message = "must be oci://HOST[:PORT]/REPOSITORY[:TAG][@sha256:…]"
            raise InputError.of(field, "model-reference", message, **shown)
        place, tag, digest = found[1], found[2] or "", found[3] or ""
        if is_pinned and not digest:
            message = "must have a digest (@sha256:…): a tag may stand for another model later; `goldenpath model inspect` shows it"
            raise InputError.of(field, "model-reference", message, text)
        if tag:
            check_tag(tag, field)
        address = RegistryAddress.parse(place, field)
        return cls(address, tag, digest)

    @property
    def repository(self) -> str:
        """The repository's name in the registry."""
        return self.address.path

    def at(self, digest: str) -> str:
        """The reference by a digest, as a Pod names an image."""
        return f"{self.address.host}/{self.repository}@{digest}"
